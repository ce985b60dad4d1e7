"""A change of one of the user's files: shown as a diff, then made, with a backup."""

import contextlib
import difflib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.editor_files.file_text import Unreadable

_MAX_BYTES = 10_000_000
"""Maximum size of a file that is changed; configurations have some kilobytes."""
_BACKUP = ".ds-lsp-backup"


class CannotChange(Exception):  # noqa: N818 - an answer in words
    """A file cannot be read or written; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file's bytes before and after; None for a file that does not exist."""

    path: Path
    before: bytes | None
    after: bytes | None
    notes: tuple[str, ...] = ()
    is_lossless: bool = False
    """True if the old bytes can be restored from the new ones, so that they need no backup."""

    @property
    def is_needed(self) -> bool:
        return self.before != self.after


def read(path: Path) -> bytes | None:
    """Return the bytes of a file that may be changed, or None if there is none.

    Raises `CannotChange`.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError) as exc:
        raise CannotChange(_reason(path, exc)) from None
    if stat.S_ISDIR(status.st_mode):
        raise CannotChange(f"{path} is a directory; rename it, then run this again.")
    if not stat.S_ISREG(status.st_mode):
        raise CannotChange(f"{path} is not a regular file, and was left alone.")
    if status.st_size > _MAX_BYTES:
        raise CannotChange(f"{path} has more than {_MAX_BYTES:,} bytes, and was left alone.")
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CannotChange(_reason(path, exc)) from None


def edit(path: Path, plan: Callable[[bytes | None], Change]) -> Change:
    """Return the change that *plan* makes of the file.

    Raises `CannotChange`, also for an `Unreadable` of *plan*, with the file's name.
    """
    try:
        return plan(read(path))
    except Unreadable as exc:
        raise CannotChange(f"{path}, {exc}. Nothing was changed; correct it first.") from None


def diff(change: Change) -> str:
    """Return the change as a unified diff; empty if nothing changes."""
    before, after = (_lines(data) for data in (change.before, change.after))
    old = "/dev/null" if change.before is None else str(change.path)
    new = "/dev/null" if change.after is None else str(change.path)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(before, after, old, new)
    )


def apply_all(changes: Sequence[Change]) -> Iterator[tuple[Change, Path | None]]:
    """Make the changes, after a check of all of them; yield each with its backup, if any.

    Raises `CannotChange`.
    """
    for change in changes:
        _check(change)
    for change in changes:
        try:
            yield change, _apply(change)
        except OSError as exc:
            raise CannotChange(_reason(change.path, exc)) from None


def backups_of(path: Path) -> Sequence[Path]:
    """Return the file's backups, the latest first."""
    if not path.parent.is_dir():
        return []
    pattern = re.compile(rf"{re.escape(path.name)}{re.escape(_BACKUP)}(?:-(\d+))?")
    found = [(each, pattern.fullmatch(each.name)) for each in path.parent.iterdir()]
    numbered = [(int(match.group(1) or 1), each) for each, match in found if match]
    return [each for _, each in sorted(numbered, reverse=True)]


def _check(change: Change) -> None:
    """Raise `CannotChange` if the file or its folder cannot be written, or the file has changed."""
    if read(change.path) != change.before:
        raise CannotChange(f"{change.path} has changed meanwhile; run this again.")
    real = _resolve(change.path)
    if real.exists() and not (real.stat().st_mode & 0o222 and os.access(real, os.W_OK)):
        raise CannotChange(
            f"{change.path} is read-only; make it writable (`chmod u+w`), then run this again."
        )
    folder = real.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise CannotChange(f"{folder} is not a folder, so that {change.path} cannot be made.")
    if not (folder.stat().st_mode & 0o222 and os.access(folder, os.W_OK | os.X_OK)):
        raise CannotChange(
            f"{folder} is read-only; make it writable (`chmod u+w`), then run this again."
        )


def _apply(change: Change) -> Path | None:
    path, before, after = change.path, change.before, change.after
    same = [each for each in backups_of(path) if _read_bytes(each) == after]
    backup = None
    if before is not None and not change.is_lossless:
        backup = _back_up(path, before)
    real = _resolve(path)
    if after is None:
        real.unlink()
        _remove_empty_folders(path.parent)
    else:
        real.parent.mkdir(parents=True, exist_ok=True)
        _write(real, after)
    if change.is_lossless:
        # The file holds the bytes of these backups again.
        for each in same:
            each.unlink()
    return backup


def _resolve(path: Path) -> Path:
    """Return the file behind links, which may not exist. Raises `CannotChange`."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as exc:
        raise CannotChange(_reason(path, exc)) from None


def _read_bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _back_up(path: Path, data: bytes) -> Path:
    """Return a file beside *path* that holds *data*: an older backup, or a new one."""
    for each in backups_of(path):
        if _read_bytes(each) == data:
            return each
    number = 1
    while True:
        suffix = _BACKUP if number == 1 else f"{_BACKUP}-{number}"
        backup = path.with_name(path.name + suffix)
        mode = stat.S_IMODE(path.stat().st_mode)
        try:
            handle = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(backup, mode)
        return backup


def _write(path: Path, data: bytes) -> None:
    """Replace the file's bytes atomically, with its permissions and, if possible, its owner.

    A new file, and one with further hard links, is written in place.
    """
    if not path.exists():
        path.write_bytes(data)
        return
    status = path.stat()
    if status.st_nlink > 1:
        # Its other names must stay names of the same file.
        path.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if hasattr(os, "chown"):
            # If the system refuses this, the file belongs to the user.
            with contextlib.suppress(OSError):
                os.chown(name, status.st_uid, status.st_gid)
        os.chmod(name, stat.S_IMODE(status.st_mode))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remove_empty_folders(folder: Path) -> None:
    """Remove the editor's folder, and the one above it, if they are empty.

    An empty ~/.emacs.d would hide a ~/.config/emacs from Emacs.
    """
    for each in (folder, folder.parent):
        if each in (Path.home(), *Path.home().parents) or each.name in _SHARED or each.is_symlink():
            return
        try:
            each.rmdir()
        except OSError:
            # The folder is not empty.
            return


_SHARED = frozenset({".config", "share", "Roaming", "Local", "Application Support"})
"""Folders that all programs share: these stay."""


def _lines(data: bytes | None) -> list[str]:
    text = (data or b"").decode("utf-8", "replace")
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [
        line for line in text.split("\n")[-1:] if line
    ]


def _reason(path: Path, exc: Exception) -> str:
    what = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return f"{path} cannot be changed: {what}."
