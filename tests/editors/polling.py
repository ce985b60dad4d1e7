"""Waiting for another process, which can only be looked at again and again."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 45.0
"""Far beyond what anything takes here on a busy machine: reaching it is a failure."""

_INTERVAL_S = 0.03


def wait_for(
    what: str, look: Callable[[], T | None], explain: Callable[[], object] = lambda: ""
) -> T:
    """What *look* finds once it finds something; *explain* is asked when it never does."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for the {what}\n{explain()}"
        time.sleep(_INTERVAL_S)
    return found
