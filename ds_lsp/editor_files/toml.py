"""Finds the statements of a TOML text, so that it can be changed without being rewritten.

No library keeps such a text byte for byte: tomlkit 0.15 moves `[[language]]` tables together that
stand apart, as they do in many files of Helix. The text has been parsed by `tomllib` before, so
that only its valid form matters here.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}=,\n]"
    r"|[ \t\r]+"
    r"|[^\s\[\]{}=,\"'#]+",
    re.DOTALL,
)


class StatementKind(Enum):
    """The kind of a statement."""

    TABLE = "[a.b]"
    ARRAY_ENTRY = "[[a.b]]"
    KEY = "a.b = value"


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a key with its value."""

    kind: StatementKind
    path: tuple[str, ...]
    """The path as written; that of a key is relative to `table`."""
    table: tuple[str, ...]
    """Path of the header above; for a header, its own."""
    header: int
    """Index of that header's statement, or -1 above all headers."""
    start: int
    """Offset of the first line."""
    end: int
    """Offset behind the last line's end."""
    value_start: int
    value_end: int
    comment: str
    """Comment after the value or header, without the line end."""

    @property
    def full_path(self) -> tuple[str, ...]:
        return self.table + self.path if self.kind is StatementKind.KEY else self.path


def scan(text: str) -> Sequence[Statement]:
    """Return the statements of a valid TOML text, whose last line has an end."""
    found: list[Statement] = []
    table: tuple[str, ...] = ()
    header = -1
    for tokens in _logical_lines(text):
        start, end = tokens[0].start(), tokens[-1].end()
        content = [each for each in tokens if each.group().strip() and each.group()[0] != "#"]
        if not content:
            continue
        comments = [each.group().rstrip("\r") for each in tokens if each.group()[0] == "#"]
        is_last = tokens[-2].group()[0] == "#" if len(tokens) > 1 else False
        comment = comments[-1] if is_last else ""
        first, last = content[0], content[-1]
        if first.group() == "[":
            inside = text[first.end() : last.start()]
            is_entry = inside.startswith("[")
            table = _parse_path(inside[1:-1] if is_entry else inside)
            header = len(found)
            kind = StatementKind.ARRAY_ENTRY if is_entry else StatementKind.TABLE
            found.append(
                Statement(kind, table, table, header, start, end, last.end(), last.end(), comment)
            )
            continue
        equals = next(at for at, each in enumerate(content) if each.group() == "=")
        path = _parse_path(text[first.start() : content[equals].start()])
        value = content[equals + 1]
        found.append(
            Statement(
                StatementKind.KEY,
                path,
                table,
                header,
                start,
                end,
                value.start(),
                last.end(),
                comment,
            )
        )
    return found


def append_item(value: str, item: str) -> str:
    """Return the text of an array with *item* behind its last item."""
    last = None
    for token in _inner_tokens(value):
        if token.group() != ",":
            last = token.end()
    if last is None:
        return f"[{item}{value[1:]}"
    return f"{value[:last]}, {item}{value[last:]}"


def drop_item(value: str, item: str) -> str:
    """Return the text of an array without the first *item*."""
    before = 1
    tokens = list(_inner_tokens(value))
    for token in tokens:
        if token.group() == item:
            between = value[before : token.start()]
            if before == 1 or between.strip() != ",":
                # The list was reformatted since: only the item and its own comma are removed.
                rest = value[token.end() :]
                if before > 1:
                    rest = re.sub(r"\A[ \t]*,", "", rest)
                return value[: token.start()] + rest
            return value[:before] + value[token.end() :]
        if token.group() != ",":
            before = token.end()
    return value


def _inner_tokens(value: str) -> Iterator[re.Match[str]]:
    """Yield the tokens between an array's own brackets, without blanks and comments."""
    for token in _TOKEN.finditer(value, 1, len(value) - 1):
        if token.group().strip() and token.group()[0] != "#":
            yield token


def _logical_lines(text: str) -> Iterator[list[re.Match[str]]]:
    """Yield the tokens of each logical line; brackets and strings may span several lines."""
    tokens: list[re.Match[str]] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        tokens.append(token)
        word = token.group()
        depth += (word in ("[", "{")) - (word in ("]", "}"))
        if word == "\n" and depth == 0:
            yield tokens
            tokens = []


def _parse_path(key: str) -> tuple[str, ...]:
    """Return the parts of a key, such as `a."b c"`."""
    parts: list[str] = []
    value: object = tomllib.loads(f"{key.strip()} = 0")
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return tuple(parts)
