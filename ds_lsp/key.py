"""Finds the DeepSeek key: the settings, the user's command, the keyring; in this order."""

import asyncio
import importlib.util
import subprocess
import sys
from dataclasses import dataclass, field

from ds_lsp.settings import Settings
from ds_lsp.settings import key as parse_key

_COMMAND_TIMEOUT_S = 60.0
"""A password manager may be waiting for its user to type."""
_STATUS_TIMEOUT_S = 1.0
"""What has closed its output without a key ends at once, or has no status worth waiting for."""
_MAX_LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """The key, and where it is from; or what went wrong in looking for it."""

    key: str | None = field(repr=False)
    source: str
    problem: str | None = None


async def find_key(settings: Settings, origin: str) -> Found:
    """Never raises for what a user can have set. *origin*: the source that set `api_key`."""
    if settings.api_key:
        return Found(settings.api_key, origin)
    if settings.api_key_command:
        return await _ask("api_key_command", settings.api_key_command)
    if importlib.util.find_spec("keyring"):
        # A process of its own: some keyrings block, and none may keep the server from ending.
        found = await _ask("keyring", f'"{sys.executable}" -m keyring get ds-lsp deepseek')
        # Having no key there is the usual case, and no problem.
        return Found(found.key, "keyring") if found.key else Found(None, "none")
    return Found(None, "none")


def needs_search(settings: Settings) -> bool:
    """Whether `find_key` has to ask somebody, and so may take its time."""
    asks = settings.api_key_command or importlib.util.find_spec("keyring")
    return settings.provider != "local" and not settings.api_key and bool(asks)


async def _ask(source: str, command: str) -> Found:
    """The first line that *command*, for the shell, prints."""
    loop = asyncio.get_running_loop()
    try:
        transport, listener = await loop.subprocess_shell(
            _FirstLine, command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError):
        return Found(None, "none", f"{source} cannot be run.")
    try:
        async with asyncio.timeout(_COMMAND_TIMEOUT_S):
            # The line, not the end of the output: a key agent may stay in the background.
            line = await listener.line
            return Found(parse_key(line.decode()), source)
    except TimeoutError:
        return Found(None, "none", f"{source} gave no key within {_COMMAND_TIMEOUT_S:g} s.")
    except ValueError:
        await asyncio.wait([listener.exited], timeout=_STATUS_TIMEOUT_S)
        if status := transport.get_returncode():
            return Found(None, "none", f"{source} failed with exit status {status}.")
        return Found(None, "none", f"The first line {source} printed is not a key.")
    finally:
        # It has said what it was asked for, or nobody waits for it any more: this ends it.
        transport.close()
        await asyncio.wait([listener.exited], timeout=_STATUS_TIMEOUT_S)


class _FirstLine(asyncio.SubprocessProtocol):
    """Listens to a command until its first line has ended, or its output has."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.line: asyncio.Future[bytes] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self._heard = b""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if len(self._heard) < _MAX_LINE_BYTES:
            self._heard += data
        if b"\n" in self._heard:
            self._end()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._end()

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def _end(self) -> None:
        if not self.line.done():
            self.line.set_result(self._heard.partition(b"\n")[0][:_MAX_LINE_BYTES])
