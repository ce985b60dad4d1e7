"""Whether a process has ended, and ending one with what it has started."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from ds_lsp.processes import MAX_PID, end_group, find_process, is_watchable

WAITS = "input()"


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its stdin does."""
    with subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def without_descriptors(pid: int) -> int:
    raise OSError("an old kernel")


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    pass


def as_elsewhere(patch: pytest.MonkeyPatch) -> None:
    """As on a system that only says whether an id is in use."""
    if hasattr(os, "pidfd_open"):
        patch.setattr(os, "pidfd_open", without_descriptors)


WAYS = [as_it_is, as_elsewhere]
Way = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("pid", "is_one"),
    [
        (1, True),
        (4711, True),
        (MAX_PID, True),
        (MAX_PID + 1, False),
        (10**30, False),
        (0, False),
        (-1, False),
        (-4711, False),
        (None, False),
        (True, False),
        (False, False),
        ("4711", False),
        ("", False),
        (4711.0, False),
        ([4711], False),
        ({}, False),
    ],
)
def test_only_a_positive_integer_is_a_pid_to_watch(pid: object, is_one: bool) -> None:
    assert is_watchable(pid) is is_one
    if not is_one:
        assert find_process(pid) is None


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_runs_and_ends(
    way: Way, monkeypatch: pytest.MonkeyPatch, waiting: subprocess.Popen[bytes]
) -> None:
    way(monkeypatch)
    process = find_process(waiting.pid)
    assert process
    assert not process.has_ended()
    waiting.kill()
    waiting.wait()
    assert process.has_ended()
    assert find_process(waiting.pid) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pid", [os.getpid(), os.getppid()])
def test_what_runs_all_along_has_not_ended(
    pid: int, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    process = find_process(pid)
    assert process
    assert not process.has_ended()


@pytest.mark.parametrize(
    ("raised", "exists"), [(None, True), (PermissionError, True), (ProcessLookupError, False)]
)
def test_another_users_process_exists(
    raised: type[OSError] | None, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_elsewhere(monkeypatch)

    def kill(pid: int, number: int) -> None:
        assert number == 0
        if raised:
            raise raised

    monkeypatch.setattr(os, "kill", kill)
    assert (find_process(4711) is not None) is exists


def test_a_group_that_has_ended_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
        end_group(process.pid)
