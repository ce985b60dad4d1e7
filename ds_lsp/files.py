"""Opens files that a stranger may have put there: waits for nothing, leaves no folder."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, *, follow_links: bool) -> BinaryIO | None:
    """The file, open for reading; None when it is no regular one. Never waits on a FIFO.

    Raises OSError when there is none, or a link that is not to be followed.
    """
    # A device may do something on being opened: looked at before as well as after.
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
    """Create *folder* and those above it, readable by this user alone; never the user's home.

    A home that is missing is not mounted yet, or belongs to an account without one. Raises OSError.
    """
    home = Path(os.path.expanduser("~"))
    if home in folder.parents and not home.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the home folder does not exist", str(home))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_own_folder(folder: Path, *, follow_links: bool = True) -> None:
    """Raise OSError if *folder* is another user's, or everybody can put files into it."""
    # Windows keeps a user's own folders to the user.
    if os.name != "posix":
        return
    status = os.stat(folder, follow_symlinks=follow_links)
    is_own = status.st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode)
    if not is_own or status.st_mode & stat.S_IWOTH:
        raise PermissionError(errno.EPERM, f"{folder} is not this user's alone")


def is_within(path: Path, folder: Path) -> bool:
    """Whether *path* is in *folder*, or is it, once every link has been followed."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):
        # No file can have this name, or a link on the way is not for this user to read.
        return False
