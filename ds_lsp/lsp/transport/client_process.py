"""Notices the end of the client's process, even if other processes still hold its pipes."""

import asyncio
import logging
from collections.abc import Callable

from ds_lsp.processes import Process

log = logging.getLogger(__name__)

POLL_S = 2.0
"""Seconds between two checks on systems that do not notify of the end: all but Linux."""


def watch(process: Process | None, on_end: Callable[[], None]) -> None:
    """Call *on_end* once *process* has ended. Do nothing if it is None: it cannot be watched."""
    if process is None:
        log.debug("the client's process is not watched")
    elif process.descriptor is None:
        _poll(process, on_end)
    else:
        loop = asyncio.get_running_loop()
        loop.add_reader(process.descriptor, _report_end, process.descriptor, on_end)


def _report_end(descriptor: int, on_end: Callable[[], None]) -> None:
    asyncio.get_running_loop().remove_reader(descriptor)
    log.info("the client's process has ended")
    on_end()


def _poll(process: Process, on_end: Callable[[], None]) -> None:
    if process.has_ended():
        log.info("the client's process has ended")
        on_end()
    else:
        asyncio.get_running_loop().call_later(POLL_S, _poll, process, on_end)
