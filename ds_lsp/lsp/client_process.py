"""Notices that the client's process has ended, though something else may still hold its pipes."""

import asyncio
import logging
from collections.abc import Callable

from ds_lsp.processes import Process, find_process

log = logging.getLogger(__name__)

POLL_S = 2.0
"""Seconds between two looks where the system tells nothing by itself: in all but Linux."""


def watch(pid: object, ended: Callable[[], None], seen: frozenset[int] = frozenset()) -> None:
    """Call *ended* once the process *pid* has ended; never, if it cannot be seen from here.

    One of the processes in *seen* was here before: if it is not any more, it has ended.
    """
    process = find_process(pid)
    if process is None and pid in seen:
        log.info("the client's process has ended already")
        ended()
    elif process is None:
        log.debug("the client's process is not watched")
    elif process.descriptor is None:
        _look(process, ended)
    else:
        loop = asyncio.get_running_loop()
        loop.add_reader(process.descriptor, _end, process.descriptor, ended)


def _end(descriptor: int, ended: Callable[[], None]) -> None:
    asyncio.get_running_loop().remove_reader(descriptor)
    log.info("the client's process has ended")
    ended()


def _look(process: Process, ended: Callable[[], None]) -> None:
    if process.has_ended():
        log.info("the client's process has ended")
        ended()
    else:
        asyncio.get_running_loop().call_later(POLL_S, _look, process, ended)
