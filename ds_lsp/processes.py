"""Other processes: watches one for its end, and ends one together with its descendants.

Imports little, because the early answer to `initialize` uses it.
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MAX_PID: Final = 2**31 - 1
"""Maximum id in a C `pid_t`. Linux stops at 2**22, and Windows' ids are smaller still."""
_SYNCHRONIZE: Final = 0x00100000
_WAIT_OBJECT_0: Final = 0


def is_watchable(pid: object) -> bool:
    """Return whether *pid* can be the id of an editor; null, text, 0 and negative numbers cannot.

    To the system, 0 or a negative number would mean a whole group of processes.
    """
    return isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= MAX_PID


def end_group(pid: int) -> None:
    """End the process *pid*, started with ``start_new_session``, and its descendants.

    A descendant with a session of its own, as a key agent has, goes on running.
    """
    if sys.platform == "win32":
        # Imported here, because it imports many other modules.
        import subprocess

        # Windows has no groups to signal; taskkill follows the tree of processes.
        command = ("taskkill", "/T", "/F", "/PID", str(pid))
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=5)
        return
    # macOS raises PermissionError for a group in which no process runs any more.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class Process:
    """A process that was running when this object was made; any program may have started it."""

    def __init__(
        self, pid: int, has_ended: Callable[[], bool], descriptor: int | None = None
    ) -> None:
        self.pid = pid
        self.has_ended = has_ended
        self.descriptor = descriptor
        """File descriptor that becomes readable when the process ends; None if there is none."""


def find_process(pid: object) -> Process | None:
    """Return the process *pid*; None if there is none here, as if it runs in another container.

    On Linux and Windows the result stands for the process itself, even if another process gets
    its id later. Elsewhere a new process with this id is taken for the old one.
    """
    if not isinstance(pid, int) or not is_watchable(pid):
        return None
    if sys.platform == "win32":
        return _find_by_handle(pid)
    if sys.platform == "linux":
        # OSError is raised by an old kernel, or in a sandbox without this call.
        with suppress(OSError):
            return _find_by_descriptor(pid, os.pidfd_open(pid))
    return Process(pid, lambda: not _exists(pid)) if _exists(pid) else None


def _find_by_descriptor(pid: int, descriptor: int) -> Process | None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    process = Process(pid, lambda: bool(poll.poll(0)), descriptor)
    if not process.has_ended():
        return process
    # The process has ended, and its parent has not yet waited for it.
    os.close(descriptor)
    return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # The process belongs to another user.
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
