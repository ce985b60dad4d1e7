"""The privacy gate: decides whether a file may be read, indexed and sent, and names the rule."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from cachetools import TTLCache

from ds_lsp.paths import absolute_name
from ds_lsp.uris import document_name
from ds_lsp.workspace.privacy.copies import find_original_path
from ds_lsp.workspace.privacy.decrypted import DecryptedFiles
from ds_lsp.workspace.privacy.ignored import IgnoreFiles, real_path
from ds_lsp.workspace.privacy.name_rules import NameRules, pick_anchored, spell_globs
from ds_lsp.workspace.privacy.patterns import Rules

_MAX_SHOWN, _MAX_SHOWN_CHARS = 5, 60
"""Maximum globs shown in a problem, and characters of each: a project file may have written
them."""
_MAX_RECENT, _RECENT_S = 64, 1.0
"""Maximum verdicts on open documents that are cached, and for how many seconds: each verdict costs
disk access, and typing asks for one ten times a second."""
_MAX_DEPTH = 100
"""Maximum parts of a path. Every folder on the way is judged by every ignore file above it; no
real tree is this deep."""


class Gate:
    """Judges files by their names alone: by built-in names, the user's globs and ignore files.

    The built-in names and the user's globs are matched with the whole path, the ignore files with
    the part below their folder. Ignore files are read again a second or two after a change.
    """

    def __init__(
        self,
        folders: Iterable[Path] = (),
        ignore: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        *,
        of_folders: Mapping[Path, Sequence[str]] = MappingProxyType({}),
        report: Callable[[], None] = lambda: None,
        platform: str = sys.platform,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """*folders* are the workspace's folders, *ignore* the user's globs.

        *of_folders* are the globs that hold instead of *ignore* within a folder: the user's and
        those of its project file.

        *report* is called when there is a new `problem`, *changed* when the rules in an ignore
        file have changed since it was read.
        """
        self._platform = platform
        opened = [self._normalize(folder) for folder in folders]
        # Both as the editor names them and with links followed: it may name a file in either way.
        self._folders = list(dict.fromkeys([*opened, *map(real_path, opened)]))
        self._own: list[Rules] = []
        self._names = self._name_rules(ignore)
        self._names_of = {
            spelling: rules
            for folder, globs in of_folders.items()
            for rules in [self._name_rules(globs)]
            for spelling in (self._normalize(folder), real_path(self._normalize(folder)))
        }
        self._ignored = IgnoreFiles(self._folders, clock, report, changed)
        self._decrypted = DecryptedFiles(Rules, clock)
        self._recent: TTLCache[str, str | None] = TTLCache(_MAX_RECENT, _RECENT_S, timer=clock)

    @property
    def problem(self) -> str | None:
        """The faults of the user's globs and of ignore files, in sentences; None if there are none.

        Globs without a fault are used all the same.
        """
        lines = dict.fromkeys(line for rules in self._own for line in rules.bad)
        bad = ", ".join(repr(line[:_MAX_SHOWN_CHARS]) for line in [*lines][:_MAX_SHOWN])
        wrong = f"privacy.ignore: {bad} cannot match as it is written." if bad else None
        own = dict.fromkeys(rules.problem for rules in self._own)
        problems = (wrong, *own, self._ignored.problem)
        return " ".join(filter(None, problems)) or None

    def excludes(self, uri: str) -> str | None:
        """Return the rule that excludes a document, or None."""
        try:
            return self._recent[uri]
        except KeyError:
            return self._recent.setdefault(uri, self._excludes_now(uri))

    def forget(self, uri: str) -> None:
        """Drop the verdict on a document that is opened: its uri may name another file by now."""
        self._recent.pop(uri, None)

    def excludes_path(self, path: Path) -> str | None:
        """Return the rule that excludes a file or folder, or the target of a link; or None."""
        named = self._normalize(path)
        if len(named.parts) > _MAX_DEPTH:
            return "built-in: a path this deep is not looked into"
        real = real_path(path.absolute())
        return self._excludes(named) or (self._excludes(real) if real != named else None)

    def allows(self, path: Path) -> bool:
        """Return whether a file or folder may be read and sent."""
        return self.excludes_path(path) is None

    def _normalize(self, path: Path) -> Path:
        return Path(absolute_name(str(path.absolute()), self._platform))

    def _excludes_now(self, uri: str) -> str | None:
        name = document_name(uri, self._platform)
        if name.unresolvable:
            return f"built-in: {name.unresolvable}"
        found = (self.excludes_path(Path(path)) for path in name.paths)
        # A document without a name is matched as well: a glob such as `*` means every document.
        names = name.names or (() if name.paths else ("/untitled",))
        others = (self._excludes_elsewhere(other) for other in names)
        return next(filter(None, (*found, *others)), None)

    def _excludes_elsewhere(self, name: str) -> str | None:
        rule = self._names.excludes_elsewhere(name)
        if rule or name.startswith("/"):
            return rule
        below = (self.excludes_path(folder / name) for folder in self._folders)
        return next(filter(None, below), None)

    def _excludes(self, path: Path) -> str | None:
        above, parts = len(self._find_root(path).parts) - 1, path.parts[1:]
        is_folder = partial(os.path.isdir, path)
        # Outside the workspace's folders, a glob may begin at any folder of the path.
        names = self._names_at(path)
        rule = names.excludes(parts, above, above or len(parts), is_folder)
        rule = rule or self._ignored.excludes(path)
        if rule or is_folder():
            return rule
        # Editors keep copies in one folder, and the name of a copy holds its original's path.
        held = find_original_path(path.name)
        original = self.excludes_path(Path(path.anchor, *held)) if held else None
        return original or self._decrypted.excludes(path)

    def _name_rules(self, ignore: Sequence[str]) -> NameRules:
        globs = spell_globs(ignore, self._platform)
        own = Rules("privacy.ignore", globs)
        self._own.append(own)
        anchored = Rules("privacy.ignore", pick_anchored(globs))
        return NameRules(own, anchored, self._platform)

    def _names_at(self, path: Path) -> NameRules:
        """Return the rules of the innermost workspace folder that a path is in."""
        if not self._names_of:
            return self._names
        within = (folder for folder in (path, *path.parents) if folder in self._names_of)
        return next((self._names_of[folder] for folder in within), self._names)

    def _find_root(self, path: Path) -> Path:
        """Return the workspace folder or repository that a file is in, else the root of the disk.

        For a file outside of both, every folder above counts: ``~/.ssh/config`` lies in ``.ssh``.
        """
        for folder in self._folders:
            if folder in path.parents:
                return folder
        for folder in path.parents:
            # os.path.exists, unlike Path.exists, is False for a path that must not be read.
            if os.path.exists(folder / ".git"):
                return folder
        return Path(path.anchor)
