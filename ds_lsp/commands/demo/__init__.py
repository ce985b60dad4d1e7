"""Types a small program in the terminal and shows the completions offered on the way.

Nothing is staged: the program is written into a document of a real session, and every completion is
requested as an editor requests it.
"""

import argparse
import asyncio
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ds_lsp.commands.demo.page import Marks, marks_for_output, to_duration
from ds_lsp.commands.demo.screen import Screen, screen_for
from ds_lsp.commands.demo.typist import (
    DemoEvent,
    Offer,
    Program,
    Trouble,
    Typed,
    parse_program,
    type_program,
)
from ds_lsp.commands.output import complain, prepare_output
from ds_lsp.commands.run import (
    open_session,
    provider_name,
    provider_source,
    report_problems,
)
from ds_lsp.settings.schema import PrivacySettings, Resolved, Settings
from ds_lsp.settings.sources import read_layers, resolve_with
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document

if TYPE_CHECKING:
    from ds_lsp.session import Session

_SIBLINGS = ("item.py", "stock.py")
_TYPED = "report.py"
_MAX_TIMEOUT_MS = 5000


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run of the demo."""

    provider: str
    model: str
    events: tuple[DemoEvent, ...]

    @property
    def offers(self) -> list[Offer]:
        return [event for event in self.events if isinstance(event, Offer) and event.text]

    @property
    def has_failed(self) -> bool:
        return any(isinstance(event, Trouble) for event in self.events)


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    run_demo(arguments.provider)
    return 0


def run_demo(provider: str | None) -> Run:
    """Show the demo on standard output, with the provider of this name, and return its run."""
    resolved = resolve_with(read_layers([]), *provider_source(provider))
    report_problems(resolved)
    run = asyncio.run(_run(adapt_for_demo(resolved), marks_for_output()))
    print("\n" + "\n".join(summary(run)))
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp demo",
        description="Type a small program in this terminal and show the completions offered on "
        "the way: from DeepSeek if there is a key, else from the workspace's own text.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--provider", metavar="NAME", type=provider_name, help="auto, deepseek or local"
    )
    return parser


def load_program() -> Program:
    """Return the program that the demo types."""
    return parse_program(_read("report.txt"))


def _read(name: str) -> str:
    data = files("ds_lsp.commands.demo").joinpath("program", name).read_text(encoding="utf-8")
    # A checkout on Windows may have CRLF line ends.
    return data.replace("\r\n", "\n")


def adapt_for_demo(resolved: Resolved) -> Resolved:
    """Return the user's settings without those that would leave the demo with nothing to show."""
    settings = resolved.settings
    completion = replace(
        settings.completion,
        enabled=True,
        disabled_languages=(),
        timeout_ms=min(settings.completion.timeout_ms, _MAX_TIMEOUT_MS),
    )
    return replace(
        resolved,
        settings=replace(
            settings,
            # With `auto`, the local provider answers if DeepSeek fails.
            provider="local" if settings.provider == "local" else "auto",
            completion=completion,
            privacy=PrivacySettings(),
        ),
    )


async def _run(resolved: Resolved, marks: Marks) -> Run:
    screen = screen_for(sys.stdout, os.environ, marks)
    problems: list[str] = []

    def say(topic: str, message: str | None, occasion: object = None) -> None:
        if topic == "key" and message:
            problems.append(message)

    with TemporaryDirectory(prefix="ds-lsp-demo-") as directory:
        folder = _write_workspace(directory)
        async with open_session(resolved, folder, say) as session:
            for problem in problems:
                complain(problem)
            document = await _open(session, folder)
            provider = _provider_name(session)
            print("\n".join(introduction(provider, session.settings, marks)) + "\n", flush=True)
            return await _type_program(session, document, screen, provider)


def _write_workspace(directory: str) -> Path:
    # Resolved, because the temporary directory of macOS is a symbolic link.
    folder = Path(directory).resolve()
    for name in _SIBLINGS:
        (folder / name).write_text(_read(name), encoding="utf-8")
    return folder


async def _open(session: "Session", folder: Path) -> Document:
    uri = (folder / _TYPED).as_uri()
    document = Document(uri, "python", 0, "", PositionEncoding.UTF32)
    if session.service:
        session.service.warm()
    session.background.index_document(document)
    await session.background.scan(document)
    return document


def _provider_name(session: "Session") -> str:
    first = session.engine.providers.first
    return first.name if first else "local"


async def _type_program(
    session: "Session", document: Document, screen: Screen, provider: str
) -> Run:
    events: list[DemoEvent] = []
    try:
        async for event in type_program(session, document, load_program()):
            events.append(event)
            await screen.show(event)
    finally:
        screen.close()
    return Run(provider, session.settings.completion.model, tuple(events))


def introduction(provider: str, settings: Settings, marks: Marks) -> list[str]:
    """Return the lines shown before the run."""
    if provider != "local":
        source = f"Completions come from DeepSeek ({settings.completion.model})."
    elif settings.provider == "local":
        source = (
            "Completions come from the local provider, which goes by the workspace's own\n"
            "text and needs no network."
        )
    else:
        source = (
            "No DeepSeek key was found: completions come from the local provider, which\n"
            "goes by the workspace's own text and needs no network."
        )
    return [
        f"Somebody types {_TYPED} in a workspace of two other files.",
        source,
        "{}so{} was offered and accepted; {}so{} was offered and not taken.".format(
            *(marks.opening, marks.closing, marks.left_opening, marks.left_closing)
        ),
    ]


def summary(run: Run) -> list[str]:
    """Return the lines shown after the run: its figures, and the next step."""
    typed = sum(len(event.text) for event in run.events if isinstance(event, Typed))
    accepted = sum(offer.taken for offer in run.offers)
    taken = [offer for offer in run.offers if offer.taken]
    share = 100 * accepted // max(1, typed + accepted)
    counts = f"from {len(taken)} of {len(run.offers)} completions."
    lines = [f"{typed} characters typed, {accepted} accepted ({share} %), {counts}"]
    if run.offers:
        median = statistics.median(offer.took_ms for offer in run.offers)
        # An automatic request to a model waits until typing pauses, and the user waits with it.
        waited = "" if run.provider == "local" else ", the wait for quiet included"
        lines.append(
            f"Provider: {_provider_text(run)}. Median time: {to_duration(median)}{waited}."
        )
    return [*lines, _next_step(run)]


def _provider_text(run: Run) -> str:
    if run.provider == "local":
        return "local, without network"
    return f"{run.provider}, then local" if run.has_failed else f"{run.provider} ({run.model})"


def _next_step(run: Run) -> str:
    if run.has_failed:
        return "Next: mend what is said above about DeepSeek, and run this again."
    if run.provider == "local":
        return (
            "Next: set DEEPSEEK_API_KEY and run this again; the README has the set-up of "
            "your editor."
        )
    return "Next: the README has the set-up of your editor."
