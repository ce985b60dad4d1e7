"""Finds the DeepSeek key: the settings, the user's command, the keyring; in this order."""

import asyncio
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from ds_lsp.processes import end_group
from ds_lsp.settings import Settings
from ds_lsp.settings import key as parse_key

KEY_VARIABLES = ("DEEPSEEK_API_KEY", "DS_LSP_API_KEY")
_TIMEOUT_S = 60.0
"""A password manager may be waiting for its user to type."""
_STATUS_TIMEOUT_S = 1.0
"""What has closed its output without a key ends at once, or has no status worth waiting for."""
_MAX_LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """The key, and where it is from; or what went wrong in looking for it."""

    key: str | None = field(repr=False)
    source: str
    problem: str | None = None


async def find_key(settings: Settings, origin: str, timeout_s: float = _TIMEOUT_S) -> KeyLookup:
    """Never raises for what a user can have set. *origin*: the source that set `api_key`."""
    if settings.api_key:
        return KeyLookup(settings.api_key, origin)
    if settings.api_key_command:
        return await _run_command("api_key_command", timeout_s, settings.api_key_command)
    if importlib.util.find_spec("keyring"):
        # A process of its own: some keyrings block, and none may keep the server from ending.
        # -P: no folder it may be started in has a say in what `keyring` is.
        ask = (sys.executable, "-P", "-m", "keyring", "get", "ds-lsp", "deepseek")
        found = await _run_command("keyring", timeout_s, *ask)
        # Having no key there is the usual case, and no problem.
        return KeyLookup(found.key, "keyring") if found.key else KeyLookup(None, "none")
    return KeyLookup(None, "none")


def needs_search(settings: Settings) -> bool:
    """Whether `find_key` has to ask somebody, and so may take its time."""
    asks = settings.api_key_command or importlib.util.find_spec("keyring")
    return settings.provider != "local" and not settings.api_key and bool(asks)


async def _run_command(source: str, timeout_s: float, command: str, *arguments: str) -> KeyLookup:
    """The first line that *command* prints; without *arguments* it is one for the shell."""
    starting = asyncio.ensure_future(_start(command, *arguments))
    try:
        # Shielded: until it has started, there is no id to end it by.
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
            # The line, not the end of the output: a key agent may stay in the background.
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
        cwd=_own_folder(),
        env=_remove_keys(os.environ),
        # Windows ignores this, and `end_group` needs no group there.
        start_new_session=True,
    )


async def _end(transport: asyncio.SubprocessTransport, output: "_FirstLine") -> None:
    """End the command and what it has started: it has answered, or its answer is not wanted."""
    end_group(transport.get_pid())
    transport.close()
    await asyncio.wait([output.exited], timeout=_STATUS_TIMEOUT_S)


def _own_folder() -> str:
    """The user's: the one we were started in is the workspace, and may be a stranger's."""
    home = os.path.expanduser("~")
    return home if os.path.isabs(home) and os.path.isdir(home) else os.path.abspath(os.sep)


def _remove_keys(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in KEY_VARIABLES}


class _FirstLine(asyncio.SubprocessProtocol):
    """Listens to a command until its first line has ended, or its output has."""

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
