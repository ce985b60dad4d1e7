"""The privacy gate: may this file be read, indexed or sent, and which rule says no."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from ds_lsp.privacy.builtin import PATTERNS
from ds_lsp.uris import to_path

IGNORE_FILES = (".gitignore", ".dslspignore")
_MAX_IGNORE_BYTES = 1 << 20


class Gate:
    """Decides by name only, with the user's globs and the ignore files of the folders above.

    Ignore files are read once; make a new gate when they have changed.
    """

    def __init__(self, folders: Iterable[Path] = (), ignore: Sequence[str] = ()) -> None:
        self._folders = [folder.absolute() for folder in folders]
        self._everywhere = (
            _Rules("built-in", PATTERNS),
            _Rules("privacy.ignore", ignore),
        )
        self._by_folder: dict[Path, tuple[_Rules, ...]] = {}

    def excludes(self, uri: str) -> str | None:
        """The rule that excludes a document, or None. One that is no file has no name to judge."""
        path = to_path(uri)
        return self.excludes_path(path) if path else None

    def excludes_path(self, path: Path) -> str | None:
        """The rule that excludes a file or folder, or None."""
        path = path.absolute()
        root = self._root(path)
        parts = path.relative_to(root).parts
        # As in git: what lies in an excluded folder cannot be let in again.
        for depth in range(1, len(parts) + 1):
            at = root.joinpath(*parts[:depth])
            is_folder = depth < len(parts) or at.is_dir()
            name = at.relative_to(root).as_posix()
            rule = self._everywhere_rule(name, is_folder) or self._local_rule(at, root, is_folder)
            if rule:
                return rule
        return None

    def allows(self, path: Path) -> bool:
        return self.excludes_path(path) is None

    def _root(self, path: Path) -> Path:
        """The workspace folder or repository the file is in, else the root of the disk.

        Of a file outside of both, every folder above counts: ``~/.ssh/config`` lies in ``.ssh``.
        """
        for folder in self._folders:
            if folder in path.parents:
                return folder
        for folder in path.parents:
            if (folder / ".git").exists():
                return folder
        return Path(path.anchor)

    def _everywhere_rule(self, name: str, is_folder: bool) -> str | None:
        for rules in self._everywhere:
            verdict = rules.verdict(name, is_folder)
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
        if folder not in self._by_folder:
            files = [folder / name for name in IGNORE_FILES]
            self._by_folder[folder] = tuple(
                _Rules(str(file), _read_lines(file)) for file in files if file.is_file()
            )
        return self._by_folder[folder]


class _Rules:
    """One list of gitignore patterns, and what it is called."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        self._name = name
        self._lines = list(lines)
        self._spec = GitIgnoreSpec.from_lines(self._lines)

    def verdict(self, name: str, is_folder: bool) -> tuple[bool, str] | None:
        """Whether *name* is excluded, and by which line; None: no pattern speaks of it."""
        found = self._spec.check_file(name + "/" if is_folder else name)
        if found.include is None or found.index is None:
            return None
        return found.include, f"{self._name}: {self._lines[found.index].strip()}"


def _read_lines(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_IGNORE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
