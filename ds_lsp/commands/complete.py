"""Prints one completion at a position in a file."""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.commands.run import (
    CommandRefused,
    collect_messages,
    folder_of,
    open_session,
    provider_name,
    provider_source,
    report_problems,
    resolve_for,
    run,
)
from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.languages.names import choose_language
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.lines import split_lines, strip_line_end
from ds_lsp.text.visible import escape_control_characters

_MAX_DIGITS = 9
"""Maximum digits of a line or column."""

_REASONS = {
    Reason.NOTHING_FOUND: "the {source} provider has nothing to offer here",
    Reason.NOTHING_LEFT: "what the {source} provider said is there already",
    Reason.EXCLUDED: "the file is neither read nor sent; the rule that says so is {detail}",
    Reason.DISABLED: "{detail}",
    Reason.LANGUAGE_DISABLED: "{detail}",
}


@dataclass(frozen=True, slots=True)
class FilePosition:
    """A file and a position in it, both counted from 1."""

    path: Path
    line: int
    column: int


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    return run(_complete(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp complete",
        description="Print the completion an editor would be offered when it asks explicitly.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "position",
        metavar="FILE:LINE:COL",
        type=parse_position,
        help="both counted from 1; column 1 is before the first character of the line",
    )
    parser.add_argument(
        "--provider", metavar="NAME", type=provider_name, help="auto, deepseek or local"
    )
    parser.add_argument("--language", metavar="ID", help="language id; default: by the file's name")
    parser.add_argument("--json", action="store_true", help="print the whole record as JSON")
    return parser


def parse_position(text: str) -> FilePosition:
    """Parse ``FILE:LINE:COL``; the file may hold colons of its own, as ``C:\\x.py:3:4`` does.

    Raises `argparse.ArgumentTypeError`.
    """
    name, line, column = ["", "", "", *text.rsplit(":", 2)][-3:]
    if not name or not (_is_number(line) and _is_number(column)):
        raise argparse.ArgumentTypeError(f"{text!r} is not FILE:LINE:COL, as in app.py:12:5")
    if int(line) == 0 or int(column) == 0:
        raise argparse.ArgumentTypeError("lines and columns are counted from 1")
    return FilePosition(Path(name), int(line), int(column))


def _is_number(text: str) -> bool:
    return re.fullmatch(rf"[0-9]{{1,{_MAX_DIGITS}}}", text) is not None


async def _complete(arguments: argparse.Namespace) -> int:
    position: FilePosition = arguments.position
    document = open_document(position, arguments.language)
    folder = folder_of(position.path.parent)
    resolved = resolve_for(folder, *provider_source(arguments.provider))
    report_problems(resolved)
    messages: dict[str, str] = {}
    async with open_session(resolved, folder, collect_messages(messages)) as session:
        session.background.index_document(document)
        await session.background.scan(document)
        snapshot = document.snapshot(position.line - 1, position.column - 1)
        await session.background.gather_now(snapshot, document)
        completion = await session.engine.complete(
            CompletionRequest(
                snapshot, Trigger.INVOKED, session.settings_for(snapshot.uri).completion
            )
        )
    for topic in ("key", "model"):
        if topic in messages:
            complain(messages[topic])
    message = message_on(completion)
    if message:
        complain(message)
    _print(completion, as_json=arguments.json)
    return status_of(completion)


def open_document(position: FilePosition, language: str | None) -> Document:
    """Return the file as an editor would open it.

    Raises `CommandRefused` if the file cannot be read as UTF-8 or has no such position.
    """
    text = _read(position.path)
    lines = split_lines(text)
    if position.line > len(lines):
        raise CommandRefused(
            f"{position.path} has no line {position.line}: its last one is {len(lines)}."
        )
    columns = len(strip_line_end(lines[position.line - 1])) + 1
    if position.column > columns:
        raise CommandRefused(
            f"{position.path} has no column {position.column} in line {position.line}: "
            f"the last one there is {columns}."
        )
    uri = position.path.absolute().as_uri()
    return Document(
        uri, choose_language(language or "", position.path), 0, text, PositionEncoding.UTF32
    )


def _read(path: Path) -> str:
    try:
        # A byte order mark is not text and takes no column: editors do not count it either.
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandRefused(f"{path} is not UTF-8 text: save it as UTF-8 first.") from None
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise CommandRefused(f"{path} cannot be read: {why}.") from None


def message_on(completion: Completion) -> str | None:
    """Return the message besides the text: the reason for no text, or for another provider's."""
    record = completion.record
    if record.reason is Reason.PROVIDER_FAILED:
        return record.detail
    if record.source != record.provider and record.detail:
        answer = "this is" if completion.text else "nothing was found by"
        return f"{record.detail} Instead, {answer} the {record.source} provider."
    if completion.text or record.reason is Reason.NO_PROVIDER:
        # Without a provider, the session has already given the reason.
        return None
    why = _REASONS.get(record.reason, record.reason.value)
    return f"No completion: {why.format(source=record.source, detail=record.detail)}."


def status_of(completion: Completion) -> int:
    """Return the exit status: 1 if the provider is missing or has failed.

    An empty completion is an answer, and so a success.
    """
    record = completion.record
    has_failed = record.reason in (Reason.PROVIDER_FAILED, Reason.NO_PROVIDER)
    return 1 if has_failed else 0


def _print(completion: Completion, *, as_json: bool) -> None:
    record = completion.record
    if as_json:
        value = {
            "text": completion.text,
            "replaces": completion.replaces,
            **record.report(),
            "usage": asdict(record.usage) if record.usage else None,
        }
        print_json(value)
    elif completion.text:
        is_shown = sys.stdout.isatty()
        print(
            escape_control_characters(completion.text, keep="\t\r\n")
            if is_shown
            else completion.text
        )
