"""The privacy gate: may this file be read, indexed or sent, and which rule says no."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from cachetools import TTLCache

from ds_lsp.paths import absolute_name
from ds_lsp.privacy.copies import find_original_path
from ds_lsp.privacy.decrypted import Decrypted
from ds_lsp.privacy.ignored import IgnoreFiles, real_path
from ds_lsp.privacy.name_rules import NameRules, pick_anchored, spell_globs
from ds_lsp.privacy.rules import Rules
from ds_lsp.uris import document_name

_MAX_SHOWN, _MAX_SHOWN_CHARS = 5, 60
"""A project file's globs are among the user's."""
_MAX_RECENT, _RECENT_S = 64, 1.0
"""So many verdicts on open documents hold for so long, in seconds: each asks the disk, and typing
asks ten times a second."""
_MAX_DEPTH = 100
"""Every folder above is judged by every ignore file above; no real tree is this deep."""


class Gate:
    """Decides by name only, with the user's globs and the ignore files of the folders above.

    The built-in names and the user's globs hold for the whole path. Ignore files are read again
    when they have changed, a second or two later.
    """

    def __init__(
        self,
        folders: Iterable[Path] = (),
        ignore: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[], None] = lambda: None,
        platform: str = sys.platform,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """*report* is called when there is another `problem`, *changed* when an ignore file says
        something else than when it was read."""
        self._platform = platform
        opened = [self._named(folder) for folder in folders]
        # As an editor names them, and as links lead there: it may name a file in either way.
        self._folders = list(dict.fromkeys([*opened, *map(real_path, opened)]))
        globs = spell_globs(ignore, platform)
        self._own = Rules("privacy.ignore", globs)
        anchored = Rules("privacy.ignore", pick_anchored(globs))
        self._names = NameRules(self._own, anchored, platform)
        self._ignored = IgnoreFiles(self._folders, clock, report, changed)
        self._decrypted = Decrypted(Rules, clock)
        self._recent: TTLCache[str, str | None] = TTLCache(_MAX_RECENT, _RECENT_S, timer=clock)

    @property
    def problem(self) -> str | None:
        """What is wrong with the user's globs, the good ones of which hold all the same, and with
        ignore files."""
        bad = ", ".join(repr(line[:_MAX_SHOWN_CHARS]) for line in self._own.bad[:_MAX_SHOWN])
        wrong = f"privacy.ignore: {bad} cannot match as it is written." if bad else None
        problems = (wrong, self._own.problem, self._ignored.problem)
        return " ".join(filter(None, problems)) or None

    def excludes(self, uri: str) -> str | None:
        """The rule that excludes a document, or None."""
        try:
            return self._recent[uri]
        except KeyError:
            return self._recent.setdefault(uri, self._excludes_now(uri))

    def forget(self, uri: str) -> None:
        """Look at a document anew, as when it was opened: its file may be another one by now."""
        self._recent.pop(uri, None)

    def excludes_path(self, path: Path) -> str | None:
        """The rule that excludes a file or folder, or what it is a link to; or None."""
        named = self._named(path)
        if len(named.parts) > _MAX_DEPTH:
            return "built-in: a path this deep is not looked into"
        real = real_path(path.absolute())
        return self._excludes(named) or (self._excludes(real) if real != named else None)

    def allows(self, path: Path) -> bool:
        return self.excludes_path(path) is None

    def _named(self, path: Path) -> Path:
        return Path(absolute_name(str(path.absolute()), self._platform))

    def _excludes_now(self, uri: str) -> str | None:
        name = document_name(uri, self._platform)
        if name.unresolvable:
            return f"built-in: {name.unresolvable}"
        found = (self.excludes_path(Path(path)) for path in name.paths)
        # What has no name yet is still among all that a glob may mean.
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
        above, parts = len(self._root(path).parts) - 1, path.parts[1:]
        is_folder = partial(os.path.isdir, path)
        # Outside of a folder that is opened, globs may be meant from any folder.
        rule = self._names.excludes(parts, above, above or len(parts), is_folder)
        rule = rule or self._ignored.excludes(path)
        if rule or is_folder():
            return rule
        # A copy in the one folder where an editor keeps all of them.
        held = find_original_path(path.name)
        original = self.excludes_path(Path(path.anchor, *held)) if held else None
        return original or self._decrypted.excludes(path)

    def _root(self, path: Path) -> Path:
        """The workspace folder or repository the file is in, else the root of the disk.

        Of a file outside of both, every folder above counts: ``~/.ssh/config`` lies in ``.ssh``.
        """
        for folder in self._folders:
            if folder in path.parents:
                return folder
        for folder in path.parents:
            # os.path instead of Path: what cannot be looked at is not there.
            if os.path.exists(folder / ".git"):
                return folder
        return Path(path.anchor)
