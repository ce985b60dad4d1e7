"""Judges files by ignore files: git's, and ds-lsp's own.

git's files mean what they mean to git. In a repository these are the ``.gitignore`` files from the
top folder of the nearest repository down, its ``info/exclude`` and the user's own ignore file;
elsewhere they are the ``.gitignore`` files from the workspace folder down. ``.dslspignore`` files
exclude more, from the outermost repository or workspace folder down, and git's files cannot let in
what they exclude.
"""

import logging
import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache, TTLCache

from ds_lsp.files import is_within, open_regular
from ds_lsp.text.visible import escape_control_characters
from ds_lsp.workspace.privacy.gitconfig import UserConfig, ignores_case, read_user_config
from ds_lsp.workspace.privacy.patterns import (
    MAX_COST,
    MAX_PATH_CHARS,
    TOO_LONG,
    TOO_MUCH,
    Chain,
    Cost,
    RuleSource,
    is_too_much,
    to_bytes,
)
from ds_lsp.workspace.privacy.repository import find_repository
from ds_lsp.workspace.privacy.wildmatch import split_lines

log = logging.getLogger(__name__)

GIT_FILE, OWN_FILE = ".gitignore", ".dslspignore"
IGNORE_FILES = (GIT_FILE, OWN_FILE)
_MAX_BYTES = 1 << 24
"""Maximum memory, in bytes, for the folders that are remembered."""
_MAX_SOURCE_BYTES = 1 << 22
"""Maximum size, in bytes, of the ignore files that are remembered."""
_MAX_REPOSITORIES = 64
"""Maximum number of repositories for which the user's configuration is remembered."""
_FRESH_S = 1.0
"""Seconds for which the rules of a folder are used without looking for changes on the disk."""
_MAX_FRESH = 1024
"""Maximum number of folders for which that is done."""


@dataclass(frozen=True, slots=True, eq=False)
class _FolderRules:
    """The rules for the names in a folder."""

    above: "_FolderRules | None"
    git: Chain
    own: Chain
    top: Path | None
    """The outermost repository or workspace folder that the folder is in."""
    is_in_repository: bool
    folds_case: bool
    spent: Cost
    states: "tuple[_FileState, ...]"

    @property
    def size(self) -> int:
        """Approximate size in memory, in bytes."""
        lists = (*self.git.lists, *self.own.lists)
        return 1000 + sum(each.state.bit_length() // 8 for each in lists) + self.spent.pattern_bytes


class _FileState(NamedTuple):
    """The state of a file at one time; it differs after the file has changed."""

    path: Path
    status: tuple[int, ...]
    """Numbers of its `os.stat` that change with it; empty if there is no file."""

    @classmethod
    def of(cls, path: Path) -> "_FileState":
        """Return the present state of the file at *path*."""
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return cls(path, ())
        if stat.S_ISDIR(found.st_mode):
            return cls(path, (found.st_ino,))
        return cls(path, (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


class _RulesReading:
    """The rules for a folder, while they are being read."""

    def __init__(self, folder: Path, above: _FolderRules | None) -> None:
        name = to_bytes(folder.name)
        self.folder = folder
        self.above = above
        self.git = above.git.enter(name) if above else Chain()
        self.own = above.own.enter(name) if above else Chain()
        self.top = above.top if above else None
        self.is_in_repository = above is not None and above.is_in_repository
        self.folds_case = above is not None and above.folds_case
        self.spent = above.spent if above else Cost()
        self.states: list[_FileState] = []

    def note_state(self, path: Path) -> _FileState:
        """Return the present state of a file; the rules are read again when it changes."""
        self.states.append(_FileState.of(path))
        return self.states[-1]

    def finish(self) -> _FolderRules:
        return _FolderRules(
            self.above, self.git, self.own, self.top, self.is_in_repository, self.folds_case,
            self.spent, tuple(self.states),
        )  # fmt: skip


class IgnoreFiles:
    """Judges by ignore files, and reads them again a second or two after a change."""

    def __init__(
        self,
        folders: Iterable[Path] = (),
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[], None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """*folders* are the workspace's folders. *report* is called when there is a `problem`,
        *changed* when the rules of a folder have changed."""
        self.problem: str | None = None
        """A sentence on the first ignore file that could not be used, and its consequence."""
        self._opened = {each for folder in folders for each in (folder, real_path(folder))}
        self._report = report
        self._changed = changed
        self._folders: LRUCache[Path, _FolderRules] = LRUCache(_MAX_BYTES, lambda each: each.size)
        self._users: LRUCache[Path, UserConfig] = LRUCache(_MAX_REPOSITORIES)
        self._fresh: TTLCache[Path, _FolderRules] = TTLCache(_MAX_FRESH, _FRESH_S, timer=clock)
        self._sources: LRUCache[object, RuleSource] = LRUCache(
            _MAX_SOURCE_BYTES, lambda each: 4000 + each.cost.read_bytes
        )

    def excludes(self, path: Path) -> str | None:
        """Return the rule that excludes a file or folder, or None. *path* is absolute."""
        folder = path.parent
        if folder == path:
            return None
        if len(str(path)) > MAX_PATH_CHARS:
            return TOO_LONG
        known = self._fresh.get(folder) or self._find_rules(folder)
        name, is_folder = to_bytes(path.name), partial(_is_folder, path)
        return known.git.judge(name, is_folder) or known.own.judge(name, is_folder)

    def _find_user_config(self, git_folder: Path) -> UserConfig:
        known = self._users.get(git_folder)
        if known is None:
            known = self._users[git_folder] = read_user_config(git_folder)
        return known

    def _find_rules(self, folder: Path) -> _FolderRules:
        known = None
        for each in (*reversed(folder.parents), folder):
            known = self._renew(each, known)
        assert known is not None
        return known

    def _renew(self, folder: Path, above: _FolderRules | None) -> _FolderRules:
        """Return the rules of *folder*, read again if a file they depend on has changed."""
        known = self._fresh.get(folder)
        if known is not None and known.above is above:
            return known
        known = self._folders.get(folder)
        if (
            known is None
            or known.above is not above
            or any(_FileState.of(state.path) != state for state in known.states)
        ):
            before = known
            known = self._folders[folder] = self._read(_RulesReading(folder, above))
            if before is not None and (before.git, before.own) != (known.git, known.own):
                self._changed()
        self._fresh[folder] = known
        return known

    def _read(self, reading: _RulesReading) -> _FolderRules:
        folder = reading.folder
        has_git = reading.note_state(folder / ".git").status
        repository = find_repository(folder) if has_git else None
        if reading.top is None and (repository or has_git or folder in self._opened):
            # Ignore files above the outermost repository or workspace folder do not apply.
            reading.git = reading.own = Chain()
            if repository or folder in self._opened:
                reading.top = folder
        if repository:
            reading.git = Chain()
            reading.is_in_repository = True
            config = repository.folder / "config"
            reading.note_state(config)
            user = self._find_user_config(repository.folder)
            reading.folds_case = ignores_case(config, user.ignores_case)
            for path in (folder / user.excludes_file, repository.folder / "info/exclude"):
                reading.git = self._add_file(reading.git, path, reading)
        elif has_git:
            # The repository may be incomplete as yet: `git init` makes this folder last.
            reading.note_state(folder / ".git/objects")
        # git does not follow a link in the place of its own file.
        if not reading.is_in_repository or not os.path.islink(folder / GIT_FILE):
            reading.git = self._add_file_in_tree(reading.git, folder / GIT_FILE, reading)
        reading.own = self._add_file_in_tree(reading.own, folder / OWN_FILE, reading)
        return reading.finish()

    def _add_file_in_tree(self, chain: Chain, path: Path, reading: _RulesReading) -> Chain:
        """Return *chain* with the patterns of an ignore file, unless it is a link out of the
        workspace: a stranger may have put that there."""
        if os.path.islink(path) and not is_within(path, reading.top or Path(path.anchor)):
            return chain
        return self._add_file(chain, path, reading)

    def _add_file(self, chain: Chain, path: Path, reading: _RulesReading) -> Chain:
        """Return *chain* with the patterns of an ignore file, if that exists."""
        state = reading.note_state(path)
        if chain.verdict or not state.status:
            return chain
        try:
            source = self._read_source(state, reading.folds_case)
        except FileNotFoundError:
            return chain
        except OSError:
            return self._fail(path, "cannot be read")
        if source is None:
            return chain
        spent = reading.spent.plus(source.cost)
        if is_too_much(spent):
            return self._fail(path, TOO_MUCH)
        reading.spent = spent
        return chain.with_list(source)

    def _read_source(self, state: _FileState, folds_case: bool) -> RuleSource | None:
        key = (state, folds_case)
        source = self._sources.get(key)
        if source is None:
            data = _read_file(state.path)
            if data is None:
                return None
            read = Cost(len(data), data.count(b"\n"))
            lines = [] if is_too_much(read) else split_lines(data)
            source = RuleSource(str(state.path), lines, read, folds_case=folds_case)
            self._sources[key] = source
        return source

    def _fail(self, path: Path, reason: str) -> Chain:
        """Report an ignore file that cannot be used, and return a chain that excludes all files."""
        name = escape_control_characters(str(path))
        if self.problem is None:
            log.warning("an ignore file %s", reason)
            self.problem = f"{name} {reason}: the files it is for are neither read nor sent."
            self._report()
        return Chain((), f"{name}: it {reason}")


def _read_file(path: Path) -> bytes | None:
    """Return the content of an ignore file; None if it is no regular file."""
    file = open_regular(path, follow_links=True)
    if file is None:
        return None
    with file:
        # One byte above the maximum is enough to see that the file is too large.
        data = file.read(MAX_COST.read_bytes + 1)
    if path.name == OWN_FILE and data.startswith((b"\xff\xfe", b"\xfe\xff")):
        # PowerShell writes UTF-16. git would read such a file as bytes, so only ours is decoded.
        return data.decode("utf-16", "replace").encode()
    return data


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def real_path(path: Path) -> Path:
    """Return *path* with all links followed, or *path* itself if that fails."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        # No file can have this name, or the user must not read a link on the way.
        return path
