"""Finds the DeepSeek key: the settings, the user's command, the keyring; in this order."""

import asyncio
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from ds_lsp.processes import end_group
from ds_lsp.settings.parsers import key as parse_key
from ds_lsp.settings.schema import Settings

KEY_VARIABLES = ("DEEPSEEK_API_KEY", "DS_LSP_API_KEY")
_TIMEOUT_S = 60.0
"""Maximum seconds for a command to print the key: a password manager may wait for its user."""
_STATUS_TIMEOUT_S = 1.0
"""Maximum seconds to wait for the end of a command: without a key it ends at once, or its status
does not matter."""
_MAX_LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """The result of the search for the key: the key and its source, or a problem."""

    key: str | None = field(repr=False)
    source: str
    problem: str | None = None


async def find_key(settings: Settings, origin: str, timeout_s: float = _TIMEOUT_S) -> KeyLookup:
    """Find the key in the settings, by the user's command, or in the keyring.

    *origin* is the source that set `api_key`. Never raises for a setting that a user can make.
    """
    if settings.api_key:
        return KeyLookup(settings.api_key, origin)
    if settings.api_key_command:
        return await _run_command("api_key_command", timeout_s, settings.api_key_command)
    if importlib.util.find_spec("keyring"):
        # It runs in a process of its own, because some keyrings block, and none must keep the
        # server from ending. With -P, `keyring` is not imported from the current folder.
        ask = (sys.executable, "-P", "-m", "keyring", "get", "ds-lsp", "deepseek")
        found = await _run_command("keyring", timeout_s, *ask)
        # Most keyrings have no key for ds-lsp, which is no problem.
        return KeyLookup(found.key, "keyring") if found.key else KeyLookup(None, "none")
    return KeyLookup(None, "none")


def needs_search(settings: Settings) -> bool:
    """Return whether `find_key` has to run a command or the keyring, and so may take long."""
    asks = settings.api_key_command or importlib.util.find_spec("keyring")
    return settings.uses_key and not settings.api_key and bool(asks)


async def _run_command(source: str, timeout_s: float, command: str, *arguments: str) -> KeyLookup:
    """Return the first line that *command* prints; without *arguments*, the shell runs it."""
    starting = asyncio.ensure_future(_start(command, *arguments))
    try:
        # Shielded, because a process that is still starting has no id by which it could be ended.
        transport, output = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        if not starting.exception():
            await _end(*starting.result())
        raise
    except (OSError, ValueError):
        return KeyLookup(None, "none", f"{source} cannot be run.")
    try:
        async with asyncio.timeout(timeout_s):
            # Wait for the first line, not for the end of the output: a key agent may go on running.
            line = await output.line
            return KeyLookup(parse_key(line.decode()), source)
    except TimeoutError:
        return KeyLookup(None, "none", f"{source} gave no key within {timeout_s:g} s.")
    except ValueError:
        await asyncio.wait([output.exited], timeout=_STATUS_TIMEOUT_S)
        if status := transport.get_returncode():
            return KeyLookup(None, "none", f"{source} failed with exit status {status}.")
        return KeyLookup(None, "none", f"The first line {source} printed is not a key.")
    finally:
        await _end(transport, output)


async def _start(command: str, *arguments: str) -> "tuple[asyncio.SubprocessTransport, _FirstLine]":
    loop = asyncio.get_running_loop()
    start = loop.subprocess_exec if arguments else loop.subprocess_shell
    return await start(
        _FirstLine,
        command,
        *arguments,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=_home_folder(),
        env=_remove_keys(os.environ),
        # Windows ignores this, and `end_group` needs no group there.
        start_new_session=True,
    )


async def _end(transport: asyncio.SubprocessTransport, output: "_FirstLine") -> None:
    """End the command and its descendants: it has printed the key, or the search is cancelled."""
    end_group(transport.get_pid())
    transport.close()
    await asyncio.wait([output.exited], timeout=_STATUS_TIMEOUT_S)


def _home_folder() -> str:
    """Return the user's home folder; the current folder may be a stranger's workspace."""
    home = os.path.expanduser("~")
    return home if os.path.isabs(home) and os.path.isdir(home) else os.path.abspath(os.sep)


def _remove_keys(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in KEY_VARIABLES}


class _FirstLine(asyncio.SubprocessProtocol):
    """Reads the output of a command up to the end of its first line, or of the output."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.line: asyncio.Future[bytes] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self._received = b""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if len(self._received) < _MAX_LINE_BYTES:
            self._received += data
        if b"\n" in self._received:
            self._end()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._end()

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def _end(self) -> None:
        if not self.line.done():
            self.line.set_result(self._received.partition(b"\n")[0][:_MAX_LINE_BYTES])
