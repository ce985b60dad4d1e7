"""Finds the workspace's files of one language, nearest first, and reads their text."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.files import is_within, open_regular
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.snapshot import HEAD_LINE_CHARS, HEAD_LINES
from ds_lsp.workspace.privacy.markers import text_rule

# Folders that never hold the user's own source, whatever .gitignore says.
_SKIPPED_DIRECTORIES = frozenset(
    {
        ".git", ".hg", ".svn", ".idea", ".vscode", "node_modules", "bower_components",
        "__pycache__", ".venv", "venv", ".tox", ".nox", ".eggs", "site-packages",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".gradle", ".next", ".cache",
    }
)  # fmt: skip
# A file with longer lines was written by a program for a program.
_MAX_MEAN_LINE_CHARS = 200
_MAX_LINE_CHARS = 5000
_HEAD_CHARS = 4000

Allows = Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The state of a file; it differs after the file has changed."""

    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file in the workspace, and its state when it was found."""

    path: Path
    stamp: FileStamp


def find_nearest_files(
    roots: Sequence[Path], near: Path | None, suffixes: frozenset[str], allows: Allows
) -> Iterator[SourceFile | None]:
    """Yield the regular files with one of *suffixes*, the nearest to *near* first.

    Yields None before each entry of a folder, so that the caller can give way. Symbolic links are
    not followed: within a root they lead to files that are found anyway.
    """
    visited: set[Path] = set()
    for start, root in _find_starts(roots, near, allows):
        waiting = deque([start])
        while waiting:
            directory = waiting.popleft()
            if directory in visited:
                continue
            visited.add(directory)
            for entry in _list_entries(directory):
                yield None
                path = directory / entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED_DIRECTORIES and allows(path):
                        waiting.append(path)
                elif path.suffix.lower() in suffixes and allows(path):
                    yield _to_source_file(path, entry)
            if directory != root:
                waiting.append(directory.parent)


def _find_starts(
    roots: Sequence[Path], near: Path | None, allows: Allows
) -> Iterator[tuple[Path, Path]]:
    """Yield the folders to begin at, each with the root not to leave: *near*, then each root."""
    for root in roots:
        # A folder that a link out of the workspace leads to does not belong to the workspace.
        if near is not None and near.is_relative_to(root) and is_within(near, root):
            between = [near, *near.parents][: len(near.parts) - len(root.parts)]
            if all(each.name not in _SKIPPED_DIRECTORIES and allows(each) for each in between):
                yield near, root
    for root in roots:
        yield root, root


def _list_entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    # ValueError is raised for a NUL in the name of a folder, which a client can send.
    except (OSError, ValueError):
        return []


def _to_source_file(path: Path, entry: os.DirEntry[str]) -> SourceFile | None:
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return SourceFile(path, FileStamp(status.st_mtime_ns, status.st_size))


def read_source(path: Path, max_bytes: int) -> str | None:
    """Return the text of a source file; None if it is not to be read.

    That is a file that is gone, larger than *max_bytes*, binary, minified or generated, or marked
    ``ds-lsp: off``.
    """
    try:
        data = _read_regular(path, max_bytes)
    except OSError:
        return None
    if data is None or b"\0" in data:
        return None
    text = data.decode("utf-8-sig", errors="replace")
    lines = LINE_END.split(text[:_HEAD_CHARS])[:HEAD_LINES]
    head = "\n".join(line[:HEAD_LINE_CHARS] for line in lines)
    return None if text_rule(head, len(text)) or looks_minified(text) else text


def _read_regular(path: Path, max_bytes: int) -> bytes | None:
    """Read a regular file of at most *max_bytes*; None for any other.

    Never waits on a FIFO, and never follows a link, even one made since the file was found.
    """
    file = open_regular(path, follow_links=False)
    if file is None:
        return None
    with file:
        return None if os.fstat(file.fileno()).st_size > max_bytes else file.read(max_bytes)


def looks_minified(text: str) -> bool:
    lines = LINE_END.split(text)
    longest = max(map(len, lines))
    return longest > _MAX_LINE_CHARS or len(text) > _MAX_MEAN_LINE_CHARS * len(lines)
