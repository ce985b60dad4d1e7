"""The privacy gate: may this file be read, indexed or sent, and which rule says no."""

import logging
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from cachetools import LRUCache
from pathspec import GitIgnoreSpec

from ds_lsp.privacy.builtin import PATTERNS
from ds_lsp.uris import to_path

log = logging.getLogger(__name__)

IGNORE_FILES = (".gitignore", ".dslspignore")
_MAX_IGNORE_BYTES = 1 << 20
_MAX_FOLDERS = 4096
"""So many folders are remembered; those asked about longest ago are looked at again."""
_MAX_DEPTH = 100
"""Every folder above is judged by every ignore file above; no real tree is this deep."""


class Gate:
    """Decides by name only, with the user's globs and the ignore files of the folders above.

    Ignore files are read once; make a new gate when they have changed.
    """

    def __init__(self, folders: Iterable[Path] = (), ignore: Sequence[str] = ()) -> None:
        self._folders = [folder.absolute() for folder in folders]
        self._builtin = _Rules("built-in", PATTERNS)
        self._own = _Rules("privacy.ignore", ignore)
        self._by_folder: LRUCache[Path, tuple[_Rules, ...]] = LRUCache(_MAX_FOLDERS)

    @property
    def problem(self) -> str | None:
        """What is wrong with the user's globs; the good ones hold all the same."""
        bad = ", ".join(repr(line) for line in self._own.bad)
        return f"privacy.ignore: {bad} is no pattern that git would understand." if bad else None

    def excludes(self, uri: str) -> str | None:
        """The rule that excludes a document, or None."""
        path = to_path(uri)
        if path:
            return self.excludes_path(path)
        # Not a file on this disk, as the old side of a comparison or a file on another machine:
        # only its name can be judged.
        name = PurePosixPath(unquote(re.sub(r"^[^:]*:|[?#].*$", "", uri)).lstrip("/"))
        return self._rule_for_parts(name.parts[-_MAX_DEPTH:])

    def excludes_path(self, path: Path) -> str | None:
        """The rule that excludes a file or folder, or what it is a link to; or None."""
        path = path.absolute()
        if len(path.parts) > _MAX_DEPTH:
            return "built-in: a path this deep is not looked into"
        real = _real(path)
        return self._excludes(path) or (self._excludes(real) if real != path else None)

    def allows(self, path: Path) -> bool:
        return self.excludes_path(path) is None

    def _excludes(self, path: Path) -> str | None:
        root = self._root(path)
        parts = path.relative_to(root).parts
        # As in git: what lies in an excluded folder cannot be let in again.
        for depth in range(1, len(parts) + 1):
            at = root.joinpath(*parts[:depth])
            is_folder = depth < len(parts) or os.path.isdir(at)
            name = "/".join(parts[:depth])
            rule = self._everywhere_rule(name, is_folder) or self._local_rule(at, root, is_folder)
            if rule:
                return rule
        return None

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

    def _rule_for_parts(self, parts: Sequence[str]) -> str | None:
        for depth in range(1, len(parts) + 1):
            rule = self._everywhere_rule("/".join(parts[:depth]), depth < len(parts))
            if rule:
                return rule
        return None

    def _everywhere_rule(self, name: str, is_folder: bool) -> str | None:
        # Secrets are secrets in capitals too; what the user wrote is taken as git takes it.
        for rules, spelling in ((self._builtin, name.lower()), (self._own, name)):
            verdict = rules.verdict(spelling, is_folder)
            if verdict is not None and verdict[0]:
                return verdict[1]
        return None

    def _local_rule(self, at: Path, root: Path, is_folder: bool) -> str | None:
        """By the nearest ignore file that has a word on it."""
        for folder in at.parents:
            name = at.relative_to(folder).as_posix()
            for rules in reversed(self._rules_of(folder)):
                verdict = rules.verdict(name, is_folder)
                if verdict is not None:
                    return verdict[1] if verdict[0] else None
            if folder == root:
                break
        return None

    def _rules_of(self, folder: Path) -> "tuple[_Rules, ...]":
        rules_of_folder = self._by_folder.get(folder)
        if rules_of_folder is None:
            files = [folder / name for name in IGNORE_FILES]
            rules = [_Rules(str(file), _read_lines(file)) for file in files if os.path.isfile(file)]
            for each in rules:
                if each.bad:
                    log.warning("%d lines of an ignore file are no patterns", len(each.bad))
            rules_of_folder = self._by_folder[folder] = tuple(rules)
        return rules_of_folder


class _Rules:
    """One list of gitignore patterns, and what it is called. Bad ones are set aside."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        self._name = name
        self.bad: list[str] = []
        self._lines = [line for line in lines if self._is_pattern(line)]
        self._spec = GitIgnoreSpec.from_lines(self._lines)

    def verdict(self, name: str, is_folder: bool) -> tuple[bool, str] | None:
        """Whether *name* is excluded, and by which line; None: no pattern speaks of it."""
        found = self._spec.check_file(name + "/" if is_folder else name)
        if found.include is None or found.index is None:
            return None
        return found.include, f"{self._name}: {self._lines[found.index].strip()}"

    def _is_pattern(self, line: str) -> bool:
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            self.bad.append(line)
            return False
        return True


def _real(path: Path) -> Path:
    """What *path* is a link to, in the end."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        # No file can have this name.
        return path


def _read_lines(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_IGNORE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
