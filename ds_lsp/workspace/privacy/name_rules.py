"""Judges the whole path of a file, by built-in names of secrets and by the user's globs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from cachetools import LRUCache

from ds_lsp.paths import absolute_name, spelling
from ds_lsp.workspace.privacy.copies import find_originals
from ds_lsp.workspace.privacy.secret_files import find_secret_rule

_MAX_FOLDERS = 4096
"""Maximum number of folders whose verdict is remembered; others are judged again."""
_MAX_PARTS = 100
"""Maximum parts of a name that are judged, the last ones; no real path is this deep."""

IsFolder = Callable[[], bool]


class Globs(Protocol):
    """A list of gitignore patterns."""

    def excludes(self, parts: Sequence[str], is_folder: IsFolder) -> str | None:
        """Return the pattern that excludes a path or a folder on the way, or None."""


class NameRules:
    """The built-in names and the user's globs; unlike ignore files, they judge the whole path."""

    def __init__(self, own: Globs, anchored: Globs, platform: str) -> None:
        """*own* are the user's globs, *anchored* those of them that `pick_anchored` returns."""
        self._own = own
        self._anchored = anchored
        self._platform = platform
        self._folders: LRUCache[tuple[Sequence[str], int], str | None] = LRUCache(_MAX_FOLDERS)

    def excludes(
        self, parts: Sequence[str], above: int, starts: int, is_folder: IsFolder
    ) -> str | None:
        """Return the rule that excludes a path, or None.

        *parts* begin at the root of the disk, and the first *above* of them lead to the workspace
        folder. Globs may begin at each of the first *starts* parts.
        """
        if not parts:
            return None
        rule = self._find_secret_rule(parts, above, is_folder())
        return rule or self._find_own_rule(parts, above, starts, is_folder)

    def excludes_elsewhere(self, name: str) -> str | None:
        """Return the rule that excludes a text that is not on this disk, or None.

        Its workspace folder is unknown, so globs may begin at any folder.
        """
        parts = tuple(absolute_name(f"/{name}", "posix").split("/"))[1:][-_MAX_PARTS:]
        if not any(parts):
            return None
        rule = self._find_secret_rule(parts, 0, False)
        return rule or self._find_own_rule(parts, 0, len(parts), lambda: False)

    def _find_secret_rule(self, parts: Sequence[str], above: int, is_folder: bool) -> str | None:
        rule = self._find_secret_folder(parts[:-1], above)
        return rule or find_secret_rule(parts, above, is_folder=is_folder)

    def _find_secret_folder(self, parts: Sequence[str], above: int) -> str | None:
        if not parts:
            return None
        key = parts, above
        if key not in self._folders:
            self._folders[key] = self._find_secret_rule(parts, above, True)
        return self._folders[key]

    def _find_own_rule(
        self, parts: Sequence[str], above: int, starts: int, is_folder: IsFolder
    ) -> str | None:
        """Return the user's glob that excludes a path, or None.

        A glob with a slash begins at the workspace's folder, or at any of the first *starts*
        folders: the workspace may be only a part of the tree that the glob was written for.
        """
        folders = [spelling(part, self._platform) for part in parts[:-1]]
        for name in (parts[-1], *find_originals(parts[-1])):
            path = (*folders, spelling(name, self._platform))
            if rule := self._own.excludes(path[above:], is_folder):
                return rule
            if above and (rule := self._own.excludes(path[:above], lambda: True)):
                return rule
            for start in range(min(starts, len(path))):
                if rule := self._anchored.excludes(path[start:], is_folder):
                    return rule
        return None


def spell_globs(globs: Iterable[str], platform: str) -> list[str]:
    """Return the user's globs in the one spelling in which names are compared."""
    return [spelling(glob, platform) for glob in globs]


def pick_anchored(globs: Iterable[str]) -> list[str]:
    """Return the globs that git anchors to one folder, without those that let files in."""
    return [glob for glob in globs if "/" in glob.strip().rstrip("/") and glob[:1] not in "!#"]
