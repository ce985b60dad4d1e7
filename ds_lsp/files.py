"""Opens files that a stranger may have written, without waiting and within a folder."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, *, follow_links: bool) -> BinaryIO | None:
    """Open a file for reading; None if it is no regular file. Never waits on a FIFO.

    Raises `OSError` if there is no file, or if it is a link and *follow_links* is False.
    """
    # The type is checked before as well as after opening, as opening a device may have effects.
    if not stat.S_ISREG(os.stat(path, follow_symlinks=follow_links).st_mode):
        return None
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_BINARY", *(() if follow_links else ("O_NOFOLLOW",))):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return open(descriptor, "rb")


def make_private_folder(folder: Path) -> None:
    """Create *folder* and its parents, readable by this user alone, but never the user's home.

    A missing home is not mounted yet, or belongs to an account without one. Raises `OSError`.
    """
    home = Path(os.path.expanduser("~"))
    if home in folder.parents and not home.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the home folder does not exist", str(home))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_own_folder(folder: Path, *, follow_links: bool = True) -> None:
    """Raise `OSError` if *folder* belongs to another user, or if all users can write to it."""
    # On Windows, other users have no access to a user's folders.
    if os.name != "posix":
        return
    status = os.stat(folder, follow_symlinks=follow_links)
    is_own = status.st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode)
    if not is_own or status.st_mode & stat.S_IWOTH:
        raise PermissionError(errno.EPERM, f"{folder} is not this user's alone")


def is_within(path: Path, folder: Path) -> bool:
    """Return whether *path* is *folder* or lies in it, after following every link."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):
        # No file can have this name, or the user must not read a link on the way.
        return False
