"""Other processes: whether one has ended, and how to end one with all that it has started.

Imports little: an editor is greeted with it.
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MAX_PID: Final = 2**31 - 1
"""The largest id that a C `pid_t` holds. Linux stops at 2**22, Windows ids are shorter still."""
_SYNCHRONIZE: Final = 0x00100000
_WAIT_OBJECT_0: Final = 0


def is_watchable(pid: object) -> bool:
    """Return whether *pid* can name an editor; null, texts, 0 and negative numbers cannot.

    A negative number or 0 would mean a whole group of processes to the system.
    """
    return isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= MAX_PID


def end_group(pid: int) -> None:
    """End the process *pid*, started with ``start_new_session``, and all that it has started.

    A descendant that has made itself a session, as a key agent does, goes on.
    """
    if sys.platform == "win32":
        # Imported where it is used, as it brings much along.
        import subprocess

        # Windows has no groups to signal: this follows the tree of processes.
        command = ("taskkill", "/T", "/F", "/PID", str(pid))
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=5)
        return
    # PermissionError: macOS says so of a group in which nothing runs any more.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class Process:
    """A process that was running when this was made, whoever started it."""

    def __init__(
        self, pid: int, has_ended: Callable[[], bool], descriptor: int | None = None
    ) -> None:
        self.pid = pid
        self.has_ended = has_ended
        self.descriptor = descriptor
        """Becomes readable when the process ends; None where only `has_ended` tells."""


def find_process(pid: object) -> Process | None:
    """Return the process *pid*; None if there is none here, as when it runs in another container.

    Linux and Windows name the process itself, so that its id may be given to another one later.
    Elsewhere a new process with this id is taken for the old one.
    """
    if not isinstance(pid, int) or not is_watchable(pid):
        return None
    if sys.platform == "win32":
        return _find_by_handle(pid)
    if sys.platform == "linux":
        # OSError: an old kernel, or a sandbox that knows no such call.
        with suppress(OSError):
            return _find_by_descriptor(pid, os.pidfd_open(pid))
    return Process(pid, lambda: not _exists(pid)) if _exists(pid) else None


def _find_by_descriptor(pid: int, descriptor: int) -> Process | None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    process = Process(pid, lambda: bool(poll.poll(0)), descriptor)
    if not process.has_ended():
        return process
    # Ended, and not yet waited for by its parent.
    os.close(descriptor)
    return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It is another user's.
        return True
    return True


if sys.platform == "win32":
    import ctypes

    def _find_by_handle(pid: int) -> Process | None:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            return None
        process = Process(pid, lambda: kernel.WaitForSingleObject(handle, 0) == _WAIT_OBJECT_0)
        return None if process.has_ended() else process
