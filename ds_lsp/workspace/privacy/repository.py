"""Finds git's repositories and their files, without running git."""

import os
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.files import open_regular

_MAX_POINTER_BYTES = 1 << 14
"""Maximum bytes read of a file that names a folder; a path has at most 4 kB."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository."""

    folder: Path
    """The folder with ``config`` and ``info/exclude``, which its worktrees share."""


def find_repository(folder: Path) -> Repository | None:
    """Return the repository whose working tree begins at *folder*; None if git sees none."""
    own = folder / ".git"
    if not os.path.lexists(own):
        return None
    if not os.path.isdir(own):
        # A worktree or submodule has a file here, which names its folder.
        target = _read_line(own)
        if target is None or not target.startswith("gitdir: "):
            return None
        own = _resolve(folder, target.removeprefix("gitdir: "))
    named = _read_line(own / "commondir")
    common = own if named is None else _resolve(own, named)
    is_one = (
        os.path.lexists(own / "HEAD")
        and os.path.isdir(common / "objects")
        and os.path.isdir(common / "refs")
    )
    return Repository(common) if is_one else None


def _resolve(folder: Path, target: str) -> Path:
    # Two slashes may name another machine, and a look there would send it the user's name.
    return folder / (target if target[:2].strip("/\\") else "nowhere")


def _read_line(path: Path) -> str | None:
    try:
        file = open_regular(path, follow_links=True)
        if file is None:
            return None
        with file:
            return os.fsdecode(file.read(_MAX_POINTER_BYTES)).rstrip("\r\n")
    except (OSError, ValueError):
        return None
