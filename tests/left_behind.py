"""Processes that a test run has started and not ended."""

import ctypes
import sys
import time
from pathlib import Path

PATIENCE_S = 30.0
"""How long what was told to end may take for it, in seconds: an editor's server ends after it."""

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends; on Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def left_behind() -> list[str]:
    """Return the command lines of the processes below this one that do not end."""
    until = time.monotonic() + PATIENCE_S
    while (running := children()) and time.monotonic() < until:
        time.sleep(0.05)
    return running


def children() -> list[str]:
    """Return the command lines of the processes below this one that still run."""
    lists = [path.read_text("ascii") for path in Path("/proc/self/task").glob("*/children")]
    processes = [Path("/proc") / pid for pids in lists for pid in pids.split()]
    # One that has ended, and that its parent has not asked about yet, has no words.
    return [words for each in processes if (words := _command_line(each))]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
    except OSError:
        # It has ended.
        return ""
