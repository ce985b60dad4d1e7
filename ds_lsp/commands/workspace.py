"""The workspace of a subcommand: its folder, its settings, a session on them."""

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ds_lsp.commands.output import complain, without_keys
from ds_lsp.settings import SETTINGS, Resolved, Source
from ds_lsp.sources import read_layers, resolve_with

if TYPE_CHECKING:
    from ds_lsp.health import Say
    from ds_lsp.session import Session


def folder_of(directory: Path) -> Path:
    """The workspace folder an editor would open: the nearest with ``.git``, else *directory*."""
    directory = directory.absolute()
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder
    return directory


def resolve_for(folder: Path, *more: Source) -> Resolved:
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


def provider_name(text: str) -> str:
    """What ``--provider`` takes; argparse makes a usage error of the exception."""
    try:
        return str(SETTINGS["provider"].parse(text))
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} {exc}") from None


def provider_source(name: str | None) -> Sequence[Source]:
    """What ``--provider`` says, as a source of settings."""
    return [Source("--provider", {"provider": name})] if name else []
