"""The workspace of a subcommand: its folder, its settings, and a session with them."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ds_lsp.commands.output import complain, without_keys
from ds_lsp.settings.schema import SETTINGS, Resolved, SettingsSource
from ds_lsp.settings.sources import read_layers, resolve_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from ds_lsp.providers.base import ModelDirectory
    from ds_lsp.service.health import Say
    from ds_lsp.session import Session

T = TypeVar("T")


def folder_of(directory: Path) -> Path:
    """Return the folder an editor would open: the nearest one with ``.git``, else *directory*."""
    directory = directory.absolute()
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder
    return directory


def workspace_of(path: Path) -> Path:
    """Return the workspace folder in which an editor, started here, would open a file.

    There are three cases: 1. the current folder's workspace, if the command runs in a repository
    around the file; 2. the same folder for a file below it that is in no repository; 3. otherwise
    the file's repository, or the folder of a file in none.
    """
    folder, here = folder_of(path.parent), folder_of(Path.cwd())
    is_repository = (folder / ".git").exists()
    if folder.is_relative_to(here) and ((here / ".git").exists() or not is_repository):
        return here
    return folder


def resolve_for(folder: Path, *more: SettingsSource) -> Resolved:
    """Return the settings that the server has in this folder, overridden by *more*."""
    return resolve_with(read_layers([folder]), *more)


def report_problems(resolved: Resolved) -> None:
    for problem in resolved.problems:
        complain(without_keys(f"Settings: {problem}."))


@asynccontextmanager
async def open_session(resolved: Resolved, folder: Path, say: "Say") -> "AsyncIterator[Session]":
    """Open a session with its provider chosen, and close it in the end. *say*: see `Session`."""
    # Imported where it is used: --help and a wrong argument need none of it.
    from ds_lsp.session import Session

    session = Session(say)
    try:
        await session.configure(resolved, [folder])
        yield session
    finally:
        await session.aclose()


class CommandRefused(Exception):  # noqa: N818 - an answer in words
    """The command cannot do its work; the message gives the reason."""


def run(work: "Coroutine[object, object, int]") -> int:
    """Run *work* and return its exit status: 1 if it raises `CommandRefused`, which is printed."""
    try:
        return asyncio.run(work)
    except CommandRefused as refused:
        complain(str(refused))
        return 1


async def ask_service(ask: "Callable[[ModelDirectory, Session], Awaitable[T]]") -> T:
    """Return the answer of *ask* to DeepSeek with this directory's settings.

    Raises `CommandRefused` if there is no key or the request fails.
    """
    from ds_lsp.errors import ProviderError
    from ds_lsp.providers.base import ModelDirectory

    folder = folder_of(Path.cwd())
    resolved = resolve_for(folder, *provider_source("deepseek"))
    report_problems(resolved)
    messages: dict[str, str] = {}
    async with open_session(resolved, folder, collect_messages(messages)) as session:
        service: object = session.service.fim if session.service else None
        if not isinstance(service, ModelDirectory):
            raise CommandRefused(
                resolved.refusal or messages.get("key", "No DeepSeek key was found.")
            )
        try:
            return await ask(service, session)
        except ProviderError as error:
            raise CommandRefused(str(error)) from None


def collect_messages(messages: dict[str, str]) -> "Say":
    """Return a callback that stores the session's messages for the user in *messages*, by topic."""

    def say(topic: str, message: str | None, occasion: object = None) -> None:
        if message:
            messages[topic] = message

    return say


def provider_name(text: str) -> str:
    """Parse the value of ``--provider``. Raises `argparse.ArgumentTypeError`."""
    try:
        return str(SETTINGS["provider"].parse(text))
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} {exc}") from None


def provider_source(name: str | None) -> Sequence[SettingsSource]:
    """Return the value of ``--provider`` as a source of settings; empty without a value."""
    return [SettingsSource("--provider", {"provider": name})] if name else []
