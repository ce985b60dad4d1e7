"""Finds the DeepSeek key: the settings, the user's command, the keyring; in this order."""

import asyncio
import importlib.util
import sys
from dataclasses import dataclass, field

from ds_lsp.settings import Settings
from ds_lsp.settings import key as parse_key

_COMMAND_TIMEOUT_S = 60.0
"""A password manager may be waiting for its user to type."""


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
        shell = await asyncio.create_subprocess_shell(
            settings.api_key_command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await _first_line(shell, "api_key_command")
    if importlib.util.find_spec("keyring"):
        # A process of its own: some keyrings block, and none may keep the server from ending.
        keyring = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "keyring", "get", "ds-lsp", "deepseek"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        found = await _first_line(keyring, "keyring")
        # Having no key there is the usual case, and no problem.
        return found if found.key else Found(None, "none")
    return Found(None, "none")


async def _first_line(process: asyncio.subprocess.Process, source: str) -> Found:
    try:
        async with asyncio.timeout(_COMMAND_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return Found(None, source, f"{source} gave no key within {_COMMAND_TIMEOUT_S:g} s.")
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        return Found(None, source, f"{source} failed with exit status {process.returncode}.")
    try:
        return Found(parse_key(output.decode().partition("\n")[0]), source)
    except ValueError:
        return Found(None, source, f"the first line {source} printed is not a key.")
