"""A recorded editing session as steps: what changed when, and when the editor asked."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Change = tuple[int, int, str]
"""Start, end and new text; code points of the text as the changes before it have left it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of one document. Times are in seconds."""

    at: float
    uri: str
    changes: tuple[Change, ...]
    """Empty: the cursor has moved."""
    text: str = field(repr=False)
    """The document after it."""
    cursor: int
    asks: bool
    """Whether the editor asks for a completion now, instead of a change."""
    recorded: str | None = field(repr=False, default=None)
    """What the assistant of the recording offered at the cursor, if it did."""


def load(path: Path) -> list[Step]:
    """The steps of a session in the form of ``vscode-session-92min.jsonl.gz``."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file if line.strip()]
    answers = {record["r"]: record for record in records if record["k"] == "res"}
    return list(_steps(records, answers))


def stretched(steps: list[Step], factor: float) -> list[Step]:
    """The same session with every gap *factor* times as long."""
    return [replace(step, at=step.at * factor) for step in steps]


def _steps(records: list[dict[str, Any]], answers: dict[int, dict[str, Any]]) -> Iterator[Step]:
    texts: dict[int, str] = {}
    cursors: dict[int, int] = {}
    stored: dict[tuple[int, str], str] = {}
    at = 0.0
    for record in records:
        at, number = max(at, record.get("t", 0) / 1000), record.get("d", -1)
        uri = f"file:///session/{number}"
        match record["k"]:
            case "set":
                old, texts[number] = texts.get(number), record["text"]
                cursors[number] = 0
                opened = ((0, len(old), record["text"]),) if old is not None else ()
                yield Step(at, uri, opened, texts[number], 0, asks=False)
            case "store":
                stored[number, record["c"]] = texts[number]
            case "restore":
                before, texts[number] = texts[number], stored[number, record["c"]]
                yield Step(
                    at, uri, ((0, len(before), texts[number]),), texts[number], 0, asks=False
                )
            case "edit":
                changes = _sequential(record["e"], texts[number])
                for start, end, new in changes:
                    texts[number] = texts[number][:start] + new + texts[number][end:]
                if changes:
                    cursors[number] = changes[-1][0] + len(changes[-1][2])
                yield Step(at, uri, changes, texts[number], cursors[number], asks=False)
            case "sel" if record["s"]:
                cursor = _code_points(texts[number], record["s"][0][1])
                if cursor != cursors[number]:
                    cursors[number] = cursor
                    yield Step(at, uri, (), texts[number], cursor, asks=False)
            case "req":
                offered = _offered(answers.get(record["r"]), texts[number], cursors[number])
                yield Step(at, uri, (), texts[number], cursors[number], True, offered)


def _sequential(edits: list[list[Any]], text: str) -> tuple[Change, ...]:
    """Edits that are all against one text, in UTF-16, as changes one after the other."""
    changes = [
        (_code_points(text, start), _code_points(text, end), new) for start, end, new in edits
    ]
    # From the last one backwards, none moves the others.
    return tuple(sorted(changes, key=lambda change: change[0], reverse=True))


def _code_points(text: str, units: int) -> int:
    if text.isascii():
        return min(units, len(text))
    return len(text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore"))


def _offered(answer: dict[str, Any] | None, text: str, cursor: int) -> str | None:
    """The first ordinary item of an answer, as text at the cursor."""
    for item in answer["items"] if answer else ():
        line_start = text.rfind("\n", 0, cursor) + 1
        typed = text[line_start:cursor]
        column = int(item["range"].split("->")[0].strip(" [").split(",")[1]) - 1
        typed = typed[column:] if 0 <= column <= len(typed) else ""
        offered: str = item["text"] or ""
        if not item["nes"] and offered.startswith(typed) and len(offered) > len(typed):
            return offered[len(typed) :].replace("\r\n", "\n")
    return None
