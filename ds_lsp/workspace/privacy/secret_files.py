"""Judges a file by the built-in names of secrets: by its own name, and by its original's."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import cache, lru_cache

from ds_lsp.workspace.privacy.builtin import CODE, FILES, FOLDERS, LOOSE, PATTERNS
from ds_lsp.workspace.privacy.copies import (
    find_original_path,
    find_originals,
    find_temporary_originals,
    is_decrypted_by_rails,
    is_decrypted_by_sops,
    is_temporary,
)

_MAX_PARTS = 512
"""Maximum parts of a path that the name of a copy holds."""


def find_secret_rule(parts: Sequence[str], above: int, *, is_folder: bool) -> str | None:
    """Return the built-in rule that excludes the last of *parts*, or None.

    *parts* are those of an absolute path, and the first *above* lead to the workspace's folder:
    there, only names of folders with credentials count. The caller judges each folder on the way
    by a call of its own.
    """
    name, folders = parts[-1], parts[:-1]
    is_above = len(parts) <= above
    if is_folder and is_decrypted_by_sops(parts):
        return "built-in: a folder in which sops decrypts"
    spelled = to_canonical(name)
    if rule := _rule_of(spelled, folders, is_above=is_above, is_folder=is_folder):
        return rule
    # A copy lies in the folder of its original, except that Jupyter has a subfolder for copies.
    before = folders[:-1] if folders and folders[-1] == ".ipynb_checkpoints" else folders
    for original in find_originals(unicodedata.normalize("NFC", name)):
        if rule := _rule_of(to_canonical(original), before, is_above=is_above, is_folder=is_folder):
            return f"{rule} (by {original})"
    if is_folder:
        return None
    if held := find_original_path(name)[:_MAX_PARTS]:
        for depth in range(1, len(held) + 1):
            if rule := _rule_of(
                to_canonical(held[depth - 1]),
                held[: depth - 1],
                is_above=False,
                is_folder=depth < len(held),
            ):
                return f"{rule} (by {'/'.join(held)})"
    if is_temporary(folders):
        for original in find_temporary_originals(name):
            # Neither sudoedit nor Rails keeps the folder's name; their files come from these.
            credentials = [("config", "credentials")] if is_decrypted_by_rails(name) else []
            for where in (folders, ("etc",), *credentials):
                if rule := _rule_of(to_canonical(original), where, is_above=False, is_folder=False):
                    return f"{rule} (by {original})"
    return None


@lru_cache(4096)
def to_canonical(name: str) -> str:
    """Return *name* in the form in which names are compared: composed, in lower case."""
    return unicodedata.normalize("NFC", name).lower()


def _rule_of(name: str, folders: Sequence[str], *, is_above: bool, is_folder: bool) -> str | None:
    """Return the rule that excludes *name* in *folders*, by the tables that apply; or None."""
    tables = [_table(FOLDERS)]
    if not is_above:
        tables.append(_table(PATTERNS))
        if not is_folder:
            tables.append(_table(FILES))
            if "." not in name or name.rpartition(".")[2] not in CODE:
                tables.append(_table(LOOSE))
    for table in tables:
        if rule := table.rule(name, folders):
            return rule
    return None


class _Table:
    """A table of patterns by their last part, which compares a name with all of them at once."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._literal: dict[str, list[str]] = {}
        self._globs: list[tuple[str, str]] = []
        for pattern in patterns:
            last = pattern.rpartition("/")[2]
            if re.search(r"[*?\[]", last):
                self._globs.append((last, pattern))
            else:
                self._literal.setdefault(last, []).append(pattern)
        lasts = dict.fromkeys(translate(last) for last, _ in self._globs)
        self._any = re.compile("|".join(lasts) or r"(?!)")

    def rule(self, name: str, folders: Sequence[str]) -> str | None:
        for pattern in self._literal.get(name, ()):
            if _stands_in(folders, pattern):
                return f"built-in: {pattern}"
        if self._any.match(name):
            # The last pattern that matches decides, as in an ignore file.
            for last, pattern in reversed(self._globs):
                if _part_matches(last, name) and _stands_in(folders, pattern):
                    return f"built-in: {pattern}"
        return None


@cache
def _table(patterns: tuple[str, ...]) -> _Table:
    return _Table(patterns)


def _stands_in(folders: Sequence[str], pattern: str) -> bool:
    """Return whether the last of *folders* match the pattern without its last part."""
    wanted = pattern.split("/")[:-1]
    if not wanted:
        return True
    last = folders[-len(wanted) :]
    return len(last) == len(wanted) and all(map(_folder_matches, wanted, last))


def _folder_matches(glob: str, folder: str) -> bool:
    """Return whether a folder, or its original, matches: ``dot_config`` is chezmoi's ``.config``.

    *glob* is one part of a pattern.
    """
    if _part_matches(glob, to_canonical(folder)):
        return True
    return any(_part_matches(glob, to_canonical(each)) for each in find_originals(folder))


@lru_cache(1024)
def _compile(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))


def _part_matches(glob: str, part: str) -> bool:
    return _compile(glob).match(part) is not None
