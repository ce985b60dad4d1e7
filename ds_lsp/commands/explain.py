"""Explains code in a file: streams Markdown to the terminal."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ds_lsp.chat import explanation, prompt
from ds_lsp.chat.chat import answer_request, excluded, note_on
from ds_lsp.chat.explanation import Answer
from ds_lsp.chat.harmless import Harmless
from ds_lsp.chat.subject import Subject, around, selected
from ds_lsp.commands.complete import Place, open_document
from ds_lsp.commands.markdown import Rendered
from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.commands.workspace import (
    Refused,
    collect,
    folder_of,
    open_session,
    provider_source,
    report_problems,
    resolve_for,
    run,
)
from ds_lsp.document import Document
from ds_lsp.errors import ChatRefused, ProviderError
from ds_lsp.providers.base import ChatPiece, ChatResult, Finish
from ds_lsp.session import Session
from ds_lsp.visible import escape_control_characters


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be explained: a file, or lines of it, counted from 1."""

    path: Path
    first: int | None = None
    last: int | None = None


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    return run(_explain(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp explain",
        description="Explain a file, the function or block around a line, or some lines.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "target", metavar="FILE[:LINE[-LINE]]", type=parse_target, help="lines are counted from 1"
    )
    parser.add_argument("--language", metavar="ID", help="language id; default: by the file's name")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    return parser


def parse_target(text: str) -> Target:
    found = re.fullmatch(r"(.+?):([0-9]{1,9})(?:-([0-9]{1,9}))?", text, re.DOTALL)
    # A file may have such a name.
    if not text or found is None or Path(text).exists():
        if not text:
            raise argparse.ArgumentTypeError("no file is named")
        return Target(Path(text))
    first, last = int(found[2]), int(found[3]) if found[3] else None
    if first == 0 or (last is not None and last < first):
        raise argparse.ArgumentTypeError(f"{text!r}: lines are counted from 1, the first one first")
    return Target(Path(found[1]), first, last)


async def _explain(arguments: argparse.Namespace) -> int:
    target: Target = arguments.target
    folder = folder_of(target.path.parent)
    place = Place(target.path, target.last or target.first or 1, 1)
    document = open_document(place, arguments.language)
    subject = subject_of(document, target, folder)
    resolved = resolve_for(folder, *provider_source("deepseek"))
    report_problems(resolved)
    said: dict[str, str] = {}
    async with open_session(resolved, folder, collect(said)) as session:
        try:
            if rule := session.excludes(document, subject.code):
                raise Refused(str(excluded(rule)))
            session.chat.check(subject.uri)
            status = await _ask(session, subject, as_json=arguments.json)
        except ChatRefused as refusal:
            raise Refused(said.get("key") or str(refusal)) from None
        except ProviderError as error:
            raise Refused(str(error)) from None
    if "model" in said:
        complain(said["model"])
    return status


def subject_of(document: Document, target: Target, folder: Path) -> Subject:
    """The lines that are meant. Raises `Refused`."""
    path = target.path.absolute()
    name = path.relative_to(folder).as_posix() if folder in path.parents else path.name
    if target.first is not None and target.last is None:
        subject = around(document, name, target.first - 1)
    else:
        first = (target.first or 1) - 1
        last = target.last if target.last is not None else document.line_count
        subject = selected(document, name, (first, 0), (last, 0))
    if subject is None:
        raise Refused(f"There is no code in {target.path} there.")
    return subject


async def _ask(session: Session, subject: Subject, *, as_json: bool) -> int:
    settings = session.settings.chat
    language = prompt.answer_language(settings.language, locale_of(os.environ))
    request = answer_request(prompt.explain(subject, language), settings)
    screen = _Screen(as_json=as_json)
    try:
        result = await session.chat.ask(subject.uri, request, screen.hear, lambda waits: None)
    except ProviderError as error:
        if not screen.text:
            raise
        screen.end()
        if as_json:
            heard = _as_json(subject, session.settings.chat.model, screen.heard)
            print_json({**heard, "finish": None})
        complain(f"The answer was cut off. {error}")
        return 1
    screen.end()
    if as_json:
        print_json(_as_json(subject, session.settings.chat.model, result))
    if not result.text.strip():
        complain("The model said nothing.")
        return 1
    if not as_json and (note := note_on(result.finish)):
        complain(note)
    return 0


def _as_json(subject: Subject, model: str, result: ChatResult) -> Mapping[str, object]:
    return {
        "file": subject.file,
        "first_line": subject.first + 1,
        "last_line": subject.last + 1,
        "name": subject.name or None,
        "markdown": explanation.plain(Answer(result.text)),
        "reasoning": result.reasoning or None,
        "finish": result.finish.value,
        "model": model,
        "usage": asdict(result.usage) if result.usage else None,
    }


class _Screen:
    """Prints an answer line by line: rendered in a terminal, as it is where it is piped."""

    def __init__(self, *, as_json: bool) -> None:
        self.text = self.reasoning = ""
        self._rest = ""
        self._harmless = Harmless()
        self._render = _renderer()
        self._is_silent = as_json

    @property
    def heard(self) -> ChatResult:
        """What has arrived of an answer that was cut off."""
        return ChatResult(self.text, self.reasoning, Finish.CUT)

    def hear(self, piece: ChatPiece) -> None:
        self.text += piece.text
        self.reasoning += piece.reasoning
        *lines, self._rest = (self._rest + piece.text).split("\n")
        for line in lines:
            self._print(self._harmless.line(line))

    def end(self) -> None:
        last = self._harmless.line(self._rest) + self._harmless.end()
        if last:
            self._print(last)

    def _print(self, lines: str) -> None:
        if not self._is_silent:
            for line in lines.split("\n"):
                print(self._render(line), flush=True)


def _renderer() -> Callable[[str], str]:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return Rendered().line
    return lambda line: escape_control_characters(line, keep="\t")


def locale_of(environ: Mapping[str, str]) -> str | None:
    """The language of the user's messages, by POSIX's rules."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((environ[name] for name in names if environ.get(name)), None)
