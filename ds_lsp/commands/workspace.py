"""The workspace of a subcommand: its folder, its settings, a session on them."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ds_lsp.commands.output import complain, without_keys
from ds_lsp.settings import SETTINGS, Resolved, SettingsSource
from ds_lsp.sources import read_layers, resolve_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from ds_lsp.health import Say
    from ds_lsp.providers.base import Service
    from ds_lsp.session import Session

T = TypeVar("T")


def folder_of(directory: Path) -> Path:
    """The workspace folder an editor would open: the nearest with ``.git``, else *directory*."""
    directory = directory.absolute()
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder
    return directory


def workspace_of(path: Path) -> Path:
    """Return the workspace folder in which an editor, started here, would open a file.

    It is the file's repository, or the one around that where this is run in the outer one. Of a
    file in no repository it is the current folder, where that contains the file.
    """
    folder, here = folder_of(path.parent), folder_of(Path.cwd())
    is_repository = (folder / ".git").exists()
    if folder.is_relative_to(here) and ((here / ".git").exists() or not is_repository):
        return here
    return folder


def resolve_for(folder: Path, *more: SettingsSource) -> Resolved:
    """The settings as the server has them in this folder, then *more*."""
    return resolve_with(read_layers([folder]), *more)


def report_problems(resolved: Resolved) -> None:
    for problem in resolved.problems:
        complain(without_keys(f"Settings: {problem}."))


@asynccontextmanager
async def open_session(resolved: Resolved, folder: Path, say: "Say") -> "AsyncIterator[Session]":
    """A session with its provider chosen, closed in the end. *say*: see `Session`."""
    # Imported where it is used: --help and a mistyped place need none of it.
    from ds_lsp.session import Session

    session = Session(say)
    try:
        await session.configure(resolved, [folder])
        yield session
    finally:
        await session.aclose()


class Refused(Exception):  # noqa: N818 - an answer in words
    """The thing asked cannot be done; the message says why."""


def run(work: "Coroutine[object, object, int]") -> int:
    """The exit status of *work*; what it refuses is said, and is status 1."""
    try:
        return asyncio.run(work)
    except Refused as refused:
        complain(str(refused))
        return 1


async def ask_service(ask: "Callable[[Service, Session], Awaitable[T]]") -> T:
    """What DeepSeek, with this directory's settings, says. Raises `Refused`."""
    from ds_lsp.errors import ProviderError
    from ds_lsp.providers.base import Service

    folder = folder_of(Path.cwd())
    resolved = resolve_for(folder, *provider_source("deepseek"))
    report_problems(resolved)
    said: dict[str, str] = {}
    async with open_session(resolved, folder, collect(said)) as session:
        service: object = session.engine.providers.first
        if not isinstance(service, Service):
            raise Refused(resolved.refusal or said.get("key", "No DeepSeek key was found."))
        try:
            return await ask(service, session)
        except ProviderError as error:
            raise Refused(str(error)) from None


def collect(said: dict[str, str]) -> "Say":
    """Keeps what there is to say to the user, by topic."""

    def say(topic: str, message: str | None, occasion: object = None) -> None:
        if message:
            said[topic] = message

    return say


def provider_name(text: str) -> str:
    """What ``--provider`` takes; argparse makes a usage error of the exception."""
    try:
        return str(SETTINGS["provider"].parse(text))
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} {exc}") from None


def provider_source(name: str | None) -> Sequence[SettingsSource]:
    """What ``--provider`` says, as a source of settings."""
    return [SettingsSource("--provider", {"provider": name})] if name else []
