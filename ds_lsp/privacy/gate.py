"""The privacy gate: may this file be read, indexed or sent, and which rule says no."""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cachetools import LRUCache, TTLCache
from pathspec import GitIgnoreSpec, RegexPattern

from ds_lsp.files import is_within, open_regular
from ds_lsp.paths import absolute_name
from ds_lsp.privacy.copies import original_path
from ds_lsp.privacy.decrypted import Decrypted
from ds_lsp.privacy.name_rules import NameRules, anchored_globs, spelled
from ds_lsp.uris import document_name
from ds_lsp.visible import visible_only

log = logging.getLogger(__name__)

IGNORE_FILES = (".gitignore", ".dslspignore")
_MAX_IGNORE_BYTES = 1 << 20
_MAX_PATTERNS = 4000
"""So many hold for one file, those of the folders above among them: each is asked each time."""
_MAX_ANY_DEPTH = 3
"""So many ``**`` in one pattern: with each, matching takes as many times longer as a path is deep.
"""
_MAX_SHOWN, _MAX_SHOWN_CHARS = 5, 60
"""A project file's globs are among the user's."""
_STAR = r"\[\^/\]\*"
_CHUNK = r"(?:\\.|\[(?:\\.|[^\]\\])*\](?!\*)|[^/\\\[()*+])*"
_MAX_FOLDERS = 4096
"""So many folders are remembered; those asked about longest ago are looked at again."""
_MAX_RECENT, _RECENT_S = 64, 1.0
"""So many verdicts on open documents hold for so long, in seconds: each asks the disk, and typing
asks ten times a second."""
_MAX_DEPTH = 100
"""Every folder above is judged by every ignore file above; no real tree is this deep."""


class Gate:
    """Decides by name only, with the user's globs and the ignore files of the folders above.

    The built-in names and the user's globs hold for the whole path, and the ignore files from the
    workspace's folder on.

    Ignore files are read once; make a new gate when they have changed.
    """

    def __init__(
        self,
        folders: Iterable[Path] = (),
        ignore: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        platform: str = sys.platform,
    ) -> None:
        self._platform = platform
        opened = [self._named(folder) for folder in folders]
        # As an editor names them, and as links lead there: it may name a file in either way.
        self._folders = list(dict.fromkeys([*opened, *map(_real, opened)]))
        globs = spelled(ignore, platform)
        self._own = _Rules("privacy.ignore", globs)
        anchored = _Rules("privacy.ignore", anchored_globs(globs))
        self._names = NameRules(self._own, anchored, platform)
        self._decrypted = Decrypted(_Rules, clock)
        self._by_folder: LRUCache[Path, tuple[tuple[_Rules, ...], int]] = LRUCache(_MAX_FOLDERS)
        self._above: LRUCache[tuple[Path, Path], str | None] = LRUCache(_MAX_FOLDERS)
        self._recent: TTLCache[str, str | None] = TTLCache(_MAX_RECENT, _RECENT_S, timer=clock)

    @property
    def problem(self) -> str | None:
        """What is wrong with the user's globs; the good ones hold all the same."""
        bad = ", ".join(repr(line[:_MAX_SHOWN_CHARS]) for line in self._own.bad[:_MAX_SHOWN])
        return f"privacy.ignore: {bad} is no pattern that git would understand." if bad else None

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
        real = _real(path.absolute())
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
        root = self._root(path)
        is_folder = os.path.isdir(path)
        above, parts = len(root.parts) - 1, path.parts[1:]
        # Outside of a folder that is opened, globs may be meant from any folder.
        starts = above or len(parts)
        rule = self._names.excludes(parts, above, starts, lambda: is_folder)
        rule = rule or self._ignored(path, root, is_folder)
        if rule or is_folder:
            return rule
        # A copy in the one folder where an editor keeps all of them.
        held = original_path(path.name)
        original = self.excludes_path(Path(path.anchor, *held)) if held else None
        return original or self._decrypted.excludes(path)

    def _ignored(self, path: Path, root: Path, is_folder: bool) -> str | None:
        parts = path.relative_to(root).parts
        # As in git: what lies in an excluded folder cannot be let in again.
        for depth in range(1, len(parts)):
            at = root.joinpath(*parts[:depth])
            # Judged once for all the files in it: a stranger can make that dear.
            if (root, at) not in self._above:
                self._above[root, at] = self._local_rule(at, root, is_folder=True)
            if rule := self._above[root, at]:
                return rule
        return self._local_rule(path, root, is_folder) if parts else None

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

    def _local_rule(self, at: Path, root: Path, is_folder: bool) -> str | None:
        """By the nearest ignore file that has a word on it."""
        for folder in at.parents:
            name = at.relative_to(folder).as_posix()
            for rules in reversed(self._rules_of(folder, root)[0]):
                verdict = rules.verdict(name, is_folder)
                if verdict is not None:
                    return verdict[1] if verdict[0] else None
            if folder == root:
                break
        return None

    def _rules_of(self, folder: Path, root: Path) -> "tuple[tuple[_Rules, ...], int]":
        """The ignore files of a folder, and room for how many patterns they leave below it."""
        known = self._by_folder.get(folder)
        if known is not None:
            return known
        room = _MAX_PATTERNS if folder == root else self._rules_of(folder.parent, root)[1]
        found = []
        for name in IGNORE_FILES:
            lines = _read_lines(folder / name, root)
            if lines is not None:
                found.append(_Rules(str(folder / name), lines, room))
                room -= len(found[-1])
        for each in found:
            if each.bad or each.left_out:
                log.warning(
                    "of an ignore file, %d lines are no patterns and %d are too many",
                    *(len(each.bad), each.left_out),
                )
        self._by_folder[folder] = tuple(found), room
        return self._by_folder[folder]


class _Rules:
    """One list of gitignore patterns, and what it is called. Bad ones are set aside."""

    def __init__(self, name: str, lines: Iterable[str], room: int = _MAX_PATTERNS) -> None:
        self._name = name
        self.bad: list[str] = []
        self.left_out = 0
        """How many there was no room for."""
        self._lines: list[str] = []
        patterns: list[RegexPattern] = []
        for line in lines:
            if len(patterns) >= room:
                self.left_out += bool(line.strip())
            elif pattern := self._parse(line):
                patterns.append(pattern)
                self._lines.append(line)
        self._spec = GitIgnoreSpec(patterns)  # type: ignore[arg-type] # of its own making

    def __len__(self) -> int:
        return len(self._lines)

    def excludes(self, parts: Sequence[str], is_folder: Callable[[], bool]) -> str | None:
        """The line that excludes a path or a folder on the way; None: it is let in."""
        for depth in range(1, len(parts) + 1 if self._lines else 0):
            is_on_the_way = depth < len(parts)
            verdict = self.verdict("/".join(parts[:depth]), is_on_the_way or is_folder())
            if verdict is not None and verdict[0]:
                return verdict[1]
        return None

    def verdict(self, name: str, is_folder: bool) -> tuple[bool, str] | None:
        """Whether *name* is excluded, and by which line; None: no pattern speaks of it."""
        found = self._spec.check_file(name + "/" if is_folder else name)
        if found.include is None or found.index is None:
            return None
        return found.include, f"{self._name}: {visible_only(self._lines[found.index].strip())}"

    def _parse(self, line: str) -> RegexPattern | None:
        """The pattern; None for a comment, and for what is none."""
        try:
            patterns = list(GitIgnoreSpec.from_lines([line]).patterns)
        except (ValueError, re.error):
            self.bad.append(line)
            return None
        pattern = patterns[0] if patterns else None
        if not isinstance(pattern, RegexPattern) or pattern.include is None or not pattern.regex:
            return None
        regex = pattern.regex.pattern
        if regex.count(".+") > _MAX_ANY_DEPTH:
            self.bad.append(line)
            return None
        return type(pattern)(re.compile(in_one_pass(regex)), pattern.include)


def in_one_pass(regex: str) -> str:
    """*regex*, of a gitignore pattern, without the stars that would try every division of a name.

    The text between two stars is best found as early as it can be: what comes after has the more
    room. ``*a*a*a*a*b`` would otherwise take hours over a name of many a's.
    """
    return re.sub(rf"{_STAR}({_CHUNK})(?={_STAR})", r"(?>[^/]*?\1)", regex)


def _real(path: Path) -> Path:
    """What *path* is a link to, in the end."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        # No file can have this name.
        return path


def _read_lines(path: Path, root: Path) -> list[str] | None:
    try:
        if not is_within(path, root):
            return None
        file = open_regular(path, follow_links=True)
        if file is None:
            return None
        with file:
            return file.read(_MAX_IGNORE_BYTES).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return None
