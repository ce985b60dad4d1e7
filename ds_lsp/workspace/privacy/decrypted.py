"""Finds files that are encrypted in the repository and lie decrypted in the working tree."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cachetools import TTLCache

from ds_lsp.files import open_regular
from ds_lsp.workspace.privacy.name_rules import Globs

_MAX_BYTES = 1 << 16
"""Maximum bytes read of a ``.gitattributes``: about a thousand lines."""
_MAX_FILTERS = 200
"""Maximum patterns of one ``.gitattributes`` that are used: the last ones."""
_MAX_FOLDERS, _FRESH_S = 4096, 5.0
"""Maximum folders that are remembered, and seconds for which each is: the file may change."""
_ENCRYPTED = (".gpg", ".pgp", ".age", ".enc")
"""Suffixes that blackbox, git-secret, age and openssl give to encrypted files."""

_LINE = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S+))\s+(?P<attributes>.*)')
_FILTER = re.compile(r"(?<!\S)(?P<off>[-!]?)filter(?:=(?P<name>\S+))?(?!\S)")
_ENCRYPTS = re.compile(r"crypt|sops|secret|\bage\b|gpg|vault", re.IGNORECASE)
"""Words in the names of filters that encrypt: git-crypt, git-agecrypt, transcrypt's `crypt`, sops
and others."""


class DecryptedFiles:
    """Judges a file by an encrypted one beside it, and by the filters of ``.gitattributes``."""

    def __init__(
        self, make_globs: Callable[[str, Iterable[str]], Globs], clock: Callable[[], float]
    ) -> None:
        """*make_globs* makes rules of the name of a file and the gitignore patterns in it."""
        self._make_globs = make_globs
        self._by_folder: TTLCache[Path, _FolderFilters] = TTLCache(
            _MAX_FOLDERS, _FRESH_S, timer=clock
        )

    def excludes(self, path: Path) -> str | None:
        """Return the rule that excludes a file, or None."""
        for suffix in _ENCRYPTED:
            if os.path.lexists(f"{path}{suffix}"):
                return f"built-in: decrypted, as {suffix} of its name lies beside it"
        for folder in path.parents:
            found = self._read_folder(folder)
            parts = path.relative_to(folder).parts
            for globs, is_encrypted in found.filters:
                if rule := globs.excludes(parts, lambda: False):
                    return rule if is_encrypted else None
            if found.is_repository:
                break
        return None

    def _read_folder(self, folder: Path) -> "_FolderFilters":
        known = self._by_folder.get(folder)
        if known is None:
            file = folder / ".gitattributes"
            # A list for each pattern: within one list, a later pattern could not let in a file
            # whose folder an earlier one excludes, as it can in a .gitattributes.
            filters = [
                (self._make_globs(str(file), [pattern]), is_encrypted)
                for pattern, is_encrypted in [*read_filters(_read_lines(file))][-_MAX_FILTERS:]
            ]
            known = _FolderFilters(filters[::-1], os.path.exists(folder / ".git"))
            self._by_folder[folder] = known
        return known


class _FolderFilters(NamedTuple):
    """The filters that the ``.gitattributes`` of one folder sets."""

    filters: list[tuple[Globs, bool]]
    """Pairs of a pattern and True if git encrypts the files that match; the last line first,
    because it decides."""
    is_repository: bool


def read_filters(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield each pattern of a ``.gitattributes`` that sets a filter, and whether it encrypts."""
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if not found or line.lstrip().startswith(("#", "[")):
            continue
        pattern = found["plain"] or found["quoted"]
        for each in _FILTER.finditer(found["attributes"]):
            yield pattern, not each["off"] and bool(_ENCRYPTS.search(each["name"] or ""))


def _read_lines(path: Path) -> list[str]:
    try:
        file = open_regular(path, follow_links=False)
        if file is None:
            return []
        with file:
            return file.read(_MAX_BYTES).decode("utf-8-sig", "replace").split("\n")
    except (OSError, ValueError):
        return []
