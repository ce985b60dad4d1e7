"""Explains code in a file: streams Markdown to the terminal."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ds_lsp.chat import explanation, prompt
from ds_lsp.chat.asker import answer_request, excluded, note_on
from ds_lsp.chat.explanation import Answer
from ds_lsp.chat.sanitize import MarkdownSanitizer
from ds_lsp.chat.subject import CodeSelection, select_around, select_range
from ds_lsp.commands.complete import FilePosition, open_document
from ds_lsp.commands.markdown import Rendered
from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.commands.run import (
    CommandRefused,
    collect_messages,
    folder_of,
    open_session,
    provider_source,
    report_problems,
    resolve_for,
    run,
)
from ds_lsp.errors import ChatRefused, ProviderError
from ds_lsp.providers.base import ChatPiece, ChatResult, Finish
from ds_lsp.session import Session
from ds_lsp.text.document import Document
from ds_lsp.text.visible import escape_control_characters


@dataclass(frozen=True, slots=True)
class Target:
    """The code to explain: a file, or lines of it, counted from 1."""

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
    # A file may have a name that looks like FILE:LINE.
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
    position = FilePosition(target.path, target.last or target.first or 1, 1)
    document = open_document(position, arguments.language)
    selection = select_target(document, target, folder)
    resolved = resolve_for(folder, *provider_source("deepseek"))
    report_problems(resolved)
    messages: dict[str, str] = {}
    async with open_session(resolved, folder, collect_messages(messages)) as session:
        try:
            if rule := session.workspace.excludes(document, selection.code):
                raise CommandRefused(str(excluded(rule)))
            session.chat.check(selection.uri)
            status = await _ask(session, selection, as_json=arguments.json)
        except ChatRefused as refusal:
            raise CommandRefused(messages.get("key") or str(refusal)) from None
        except ProviderError as error:
            raise CommandRefused(str(error)) from None
    if "model" in messages:
        complain(messages["model"])
    return status


def select_target(document: Document, target: Target, folder: Path) -> CodeSelection:
    """Return the lines that *target* names. Raises `CommandRefused` if they hold no code."""
    path = target.path.absolute()
    name = path.relative_to(folder).as_posix() if folder in path.parents else path.name
    if target.first is not None and target.last is None:
        selection = select_around(document, name, target.first - 1)
    else:
        first = (target.first or 1) - 1
        last = target.last if target.last is not None else document.line_count
        selection = select_range(document, name, (first, 0), (last, 0))
    if selection is None:
        raise CommandRefused(f"There is no code in {target.path} there.")
    return selection


async def _ask(session: Session, selection: CodeSelection, *, as_json: bool) -> int:
    settings = session.settings.chat
    language = prompt.answer_language(settings.language, locale_of(os.environ))
    request = answer_request(prompt.explain(selection, language), settings)
    printer = _AnswerPrinter(as_json=as_json)
    try:
        result = await session.chat.ask(
            selection.uri, request, printer.on_piece, lambda waits: None
        )
    except ProviderError as error:
        if not printer.text:
            raise
        printer.finish()
        if as_json:
            received = _as_json(selection, session.settings.chat.model, printer.received)
            print_json({**received, "finish": None})
        complain(f"The answer was cut off. {error}")
        return 1
    printer.finish()
    if as_json:
        print_json(_as_json(selection, session.settings.chat.model, result))
    if not result.text.strip():
        complain("The model said nothing.")
        return 1
    if not as_json and (note := note_on(result.finish)):
        complain(note)
    return 0


def _as_json(selection: CodeSelection, model: str, result: ChatResult) -> Mapping[str, object]:
    return {
        "file": selection.file,
        "first_line": selection.first + 1,
        "last_line": selection.last + 1,
        "name": selection.name or None,
        "markdown": explanation.render_answer(Answer(result.text)),
        "reasoning": result.reasoning or None,
        "finish": result.finish.value,
        "model": model,
        "usage": asdict(result.usage) if result.usage else None,
    }


class _AnswerPrinter:
    """Prints an answer line by line: rendered in a terminal, as Markdown into a pipe."""

    def __init__(self, *, as_json: bool) -> None:
        self.text = self.reasoning = ""
        self._rest = ""
        self._sanitizer = MarkdownSanitizer()
        self._render = _choose_renderer()
        self._is_silent = as_json

    @property
    def received(self) -> ChatResult:
        """The received part of an answer that was cut off."""
        return ChatResult(self.text, self.reasoning, Finish.CUT)

    def on_piece(self, piece: ChatPiece) -> None:
        self.text += piece.text
        self.reasoning += piece.reasoning
        *lines, self._rest = (self._rest + piece.text).split("\n")
        for line in lines:
            self._print(self._sanitizer.sanitize_line(line))

    def finish(self) -> None:
        last = self._sanitizer.sanitize_line(self._rest) + self._sanitizer.finish()
        if last:
            self._print(last)

    def _print(self, lines: str) -> None:
        if not self._is_silent:
            for line in lines.split("\n"):
                print(self._render(line), flush=True)


def _choose_renderer() -> Callable[[str], str]:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return Rendered().line
    return lambda line: escape_control_characters(line, keep="\t")


def locale_of(environ: Mapping[str, str]) -> str | None:
    """Return the locale of the user's messages by POSIX's rules, or None."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((environ[name] for name in names if environ.get(name)), None)
