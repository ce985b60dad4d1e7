"""The merging of the sources of settings: who may set what, and what is said of a bad value."""

import dataclasses
import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

from ds_lsp.hosts import is_loopback
from ds_lsp.providers.registry import provider_named
from ds_lsp.settings.schema import SETTINGS, ProjectRight, Setting, Settings, to_snake
from ds_lsp.text.visible import escape_control_characters

T = TypeVar("T")

_MAX_NESTING = 5
"""Maximum depth of nested mappings that are read."""
_MAX_SHOWN_CHARS = 60
"""Maximum characters of an unknown setting's name that are shown."""
_MAX_NAME_CHARS = 100
"""Maximum characters of a name that are read."""
MAX_PROBLEMS = 20
"""Maximum problems of one source that are shown. To find the nearest name for each of thousands
would take minutes."""
_MAX_PROJECT_PROBLEMS = 10
"""Maximum problems of a project's source that are shown, as a stranger may have written it."""
_MAX_PROJECT_ITEMS = 1000
"""Maximum items that a project may add to a list."""


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """A source of settings as it was read: nested mappings with names in either spelling."""

    name: str
    values: Mapping[str, object] = field(repr=False)
    """The raw values, without a repr because the key may be among them."""
    is_project: bool = False
    """True for a project file."""
    is_initialize: bool = False
    """True for ``initializationOptions``."""
    lost: str = ""
    """The reason why the source cannot be read, so that it may set anything; empty if it can."""
    is_client: bool = False
    """True if the client may have read the values from the project's files: those it pushes, those
    in answers to ``workspace/configuration``, and in some editors ``initializationOptions``."""

    @property
    def is_untrusted(self) -> bool:
        """True if a project may have written the values."""
        return self.is_project or self.is_client


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force, and their origins and problems."""

    settings: Settings
    origins: Mapping[str, str]
    """The path of each setting to the name of the source that its value comes from."""
    problems: tuple[str, ...]
    """A sentence per problem, shown to the user."""
    knows_base_url: bool = True
    """False if the last source that sets `base_url` has no valid address, or cannot be read."""
    by_folder: Mapping[Path, Settings] = field(default_factory=dict)
    """Settings that hold for the documents in a folder; `settings` hold for all others."""

    @property
    def refusal(self) -> str | None:
        """The reason why neither key nor code is sent to `base_url`; None if they may be sent.

        A key is meant for one service: sent to the address of another, it would be disclosed.
        """
        if self.settings.provider == "local":
            return None
        if not self.knows_base_url:
            return "base_url is not known"
        parts = urlsplit(self.settings.base_url)
        if parts.scheme == "https" or is_loopback(parts.hostname or ""):
            return None
        return None if self.settings.allow_http else "base_url is http:// to another machine"

    def summary(self) -> str | None:
        """Return all problems in one line for the user; None if there are none."""
        return f"Settings: {'; '.join(self.problems)}." if self.problems else None


_USE_HTTPS = (
    "DeepSeek is not used, as key and code could be read on the way: use https://, or set "
    "allow_http to true"
)
_PLACES = "config.toml, the environment or initializationOptions"
"""The sources in which only the user sets anything."""
_UNTIL_READ = "DeepSeek is not used until then, as it may name another base_url"


def resolve(sources: Sequence[SettingsSource]) -> Resolved:
    """Merge *sources*; later ones win. A bad value is left out, and affects no other setting."""
    merge = _Merge()
    for source in sources:
        merge.take(source)
    return merge.finish()


class _Merge:
    """Merges sources one by one."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {path: each.default for path, each in SETTINGS.items()}
        self.origins = dict.fromkeys(SETTINGS, "default")
        self.added: dict[str, tuple[str, ...]] = {}
        self.adders: dict[str, list[str]] = {}
        self.problems: list[str] = []
        self._initial: Mapping[str, object] = {}
        """The raw values in ``initializationOptions`` by the path of their setting."""
        self._refused: list[str] = []
        """The paths of settings that a client's source has and only the user may set."""
        self.knows_base_url = True
        self._lost: SettingsSource | None = None
        self._counts: Counter[str] = Counter()

    def take(self, source: SettingsSource) -> None:
        if source.lost:
            self.knows_base_url, self._lost = False, source
        flat = list(_flatten(source.values))
        taken = {path for path, raw in flat if self._apply(source, path, raw)}
        if source.is_initialize:
            self._initial = dict(flat)
        if self._refused:
            self.problems.append(_explain_refused(source, tuple(dict.fromkeys(self._refused))))
            self._refused.clear()
        if "base_url" in taken:
            self.knows_base_url = True
        more = self._counts[source.name] - _max_problems(source)
        if more > 0:
            self.problems.append(f"{source.name}: {more} more like these")
        # In one source, the key precedes the command. A later source with either replaces both.
        if "api_key" in taken:
            self._unset("api_key_command")
        elif "api_key_command" in taken:
            self._unset("api_key")

    def _apply(self, source: SettingsSource, path: str, raw: object) -> bool:
        """Apply one value, and return whether it is used; report it if it is not valid."""
        setting = SETTINGS.get(path)
        if raw is None or raw == "":
            # Editors send an empty field of a form as empty text.
            return False
        if source.is_client and path in self._initial and self._initial[path] == raw:
            # Many clients repeat their initializationOptions, which were applied already.
            return False
        if setting is None:
            # To find the nearest names of thousands would take minutes.
            hint = "" if self._has_reported_enough(source) else _suggest_nearest(path)
            self._report(f"{_shorten(path)} is no setting{hint}", source)
            return False
        if source.is_project and setting.project is ProjectRight.FORBIDDEN:
            self._report(f"{path} cannot be set by a project file", source)
            return False
        try:
            value = setting.parse(raw)
        except ValueError as exc:
            if source.is_client and setting.project is ProjectRight.FORBIDDEN:
                self._refused.append(path)
            else:
                self._report(f"{path} {exc}; {self._consequence(path)}", source)
            return False
        if source.is_client and self._is_in_force(path, value):
            return False
        if source.is_client and self._is_reserved_for_user(setting, value):
            self._refused.append(path)
            return False
        refusal = self._refusal(setting, value, source)
        if refusal:
            self._report(f"{path} {refusal}", source)
            return False
        if source.is_untrusted and setting.project is ProjectRight.ADD:
            self._add(source, path, cast(tuple[str, ...], value))
        else:
            self.values[path] = value
            self.origins[path] = source.name
        return True

    def _is_in_force(self, path: str, value: object) -> bool:
        used = self.values[path]
        if path == "base_url":
            return self._to_base_url(value) == self._to_base_url(used)
        return value == used

    def _to_base_url(self, value: object) -> str:
        """Return the address that the provider in force uses for *value*."""
        return provider_named(cast(str, self.values["provider"])).to_base_url(cast(str, value))

    def _refusal(self, setting: Setting, value: object, source: SettingsSource) -> str | None:
        if setting.session_only and not source.is_initialize:
            return "can only be asked for in initializationOptions"
        if setting.session_only and source.is_client:
            return "cannot be asked for by an editor that is distrusted"
        if not source.is_project or not self._is_reserved_for_user(setting, value):
            return None
        if setting.project is ProjectRight.SWITCH_OFF:
            return "can be switched off by a project file, not on"
        return f"can only be lowered by a project file; {self.values[setting.path]} is used"

    def _is_reserved_for_user(self, setting: Setting, value: object) -> bool:
        """Return whether a project may not change *setting* from its value in force to *value*."""
        before = self.values[setting.path]
        match setting.project:
            case ProjectRight.FORBIDDEN:
                return True
            case ProjectRight.SWITCH_OFF:
                return bool(value) and not before
            case ProjectRight.LOWER:
                assert isinstance(value, int)
                return isinstance(before, int) and value > before
            case ProjectRight.SET | ProjectRight.ADD:
                return False

    def _unset(self, path: str) -> None:
        self.values[path] = SETTINGS[path].default
        self.origins[path] = "default"

    def _add(self, source: SettingsSource, path: str, items: tuple[str, ...]) -> None:
        # A pattern with "!" lets in files that another pattern excludes.
        good = [item for item in items if not item.lstrip().startswith("!")]
        if len(good) < len(items):
            adder = "a project file" if source.is_project else "a project"
            self._report(f"{path} can be added to by {adder}, not undone", source)
        if len(good) > _MAX_PROJECT_ITEMS:
            self._report(f"{path}: the first {_MAX_PROJECT_ITEMS} are used", source)
        self.added[path] = (*self.added.get(path, ()), *good[:_MAX_PROJECT_ITEMS])
        self.adders.setdefault(path, []).append(
            "project file" if source.is_project else source.name
        )

    def _consequence(self, path: str) -> str:
        """Return the consequence of a setting's bad value, as the end of a sentence."""
        if path == "base_url":
            self.knows_base_url = False
            return "DeepSeek is not used until it is"
        return (
            f"{'the default' if self.origins[path] == 'default' else 'its earlier value'} is used"
        )

    def _has_reported_enough(self, source: SettingsSource) -> bool:
        return self._counts[source.name] >= _max_problems(source)

    def _report(self, sentence: str, source: SettingsSource) -> None:
        line = f"{source.name}: {sentence}"
        if line in self.problems:
            # The source has the setting in both spellings.
            return
        if not self._has_reported_enough(source):
            self.problems.append(line)
        self._counts[source.name] += 1

    def finish(self) -> Resolved:
        """Return the settings in force, with the items that projects add and with all problems."""
        for path, extra in self.added.items():
            own = cast(tuple[str, ...], self.values[path])
            self.values[path] = tuple(dict.fromkeys((*own, *extra)))
            self.origins[path] = " + ".join(dict.fromkeys((self.origins[path], *self.adders[path])))
        self.values["base_url"] = self._to_base_url(self.values["base_url"])
        resolved = Resolved(
            _build(Settings(), self.values),
            self.origins,
            tuple(self.problems),
            self.knows_base_url,
        )
        problems = self.problems
        if self._lost:
            use = f"; {_UNTIL_READ}" if resolved.refusal else ""
            problems = [f"{self._lost.name}: {self._lost.lost}{use}", *problems]
        if resolved.refusal and self.knows_base_url:
            problems.append(f"{self.origins['base_url']}: {resolved.refusal}; {_USE_HTTPS}")
        return dataclasses.replace(resolved, problems=tuple(problems))


def _explain_refused(source: SettingsSource, paths: tuple[str, ...]) -> str:
    """Return one sentence on the settings that *source* has and only the user may set."""
    names = " and ".join(", ".join(paths).rsplit(", ", 1))
    are, it = ("is", "it") if len(paths) == 1 else ("are", "them")
    places = "config.toml or the environment" if source.is_initialize else _PLACES
    return f"{source.name}: {names} {are} not used, as a project may have set {it}; use {places}"


def _max_problems(source: SettingsSource) -> int:
    return _MAX_PROJECT_PROBLEMS if source.is_untrusted else MAX_PROBLEMS


def _build(tree: T, values: Mapping[str, object], prefix: str = "") -> T:
    assert dataclasses.is_dataclass(tree)
    assert not isinstance(tree, type)
    changes = {
        each.name: values[prefix + each.name]
        if each.metadata
        else _build(each.default, values, prefix + each.name + ".")
        for each in dataclasses.fields(tree)
    }
    return dataclasses.replace(tree, **changes)


def _flatten(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield path and raw value of each setting; names may be nested or dotted, in any spelling."""
    for name, raw in values.items():
        # No setting's name is as long: the rest of a name is cut off, so that a problem fits on
        # one line.
        path = prefix + to_snake(str(name)[:_MAX_NAME_CHARS])
        # Deeper mappings hold no setting, and may be nested without end.
        if isinstance(raw, Mapping) and path not in SETTINGS and path.count(".") < _MAX_NESTING:
            yield from _flatten(raw, path + ".")
        else:
            yield path, raw


def _shorten(path: str) -> str:
    """Return an unknown name on one line, cut to `_MAX_SHOWN_CHARS` characters."""
    shown = escape_control_characters(path)
    return shown if len(shown) <= _MAX_SHOWN_CHARS else shown[:_MAX_SHOWN_CHARS] + "…"


def _suggest_nearest(path: str) -> str:
    near = difflib.get_close_matches(path, SETTINGS, n=1)
    return f"; did you mean {near[0]}?" if near else ""
