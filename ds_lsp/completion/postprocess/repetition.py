"""Rules against loops: cut text that the model repeats over and over."""

import re

from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.statements import distinctiveness

_LOOPS = (
    re.compile(r"(?P<again>.{3,80}?)(?P=again){5,}"),
    re.compile(r"(?P<again>.{10,80}?)(?P=again){3,}"),
)
_MAX_BLOCK_LINES = 8
"""Maximum lines of a block whose repetitions are searched for."""
_MAX_LINE_CHARS = 2_000
"""Maximum characters of a line that are searched for a loop."""


def cut_loop_in_line(text: str, at: CursorContext) -> str:
    """Cut the text before a line that repeats a few words many times; digits may repeat as data."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if len(line) >= 18 and _has_loop(line[:_MAX_LINE_CHARS]):
            return "\n".join(lines[:index])
    return text


def cut_repeated_lines(text: str, at: CursorContext) -> str:
    """Keep only the first of lines that are repeated three times in a row.

    Short lines must be repeated eight times. Lines are compared exactly, because similar lines are
    ordinary code.
    """
    lines = text.split("\n")
    trimmed = [line.strip() for line in lines]
    for start in range(len(lines)):
        for size in range(1, min(_MAX_BLOCK_LINES, (len(lines) - start) // 3) + 1):
            block = trimmed[start : start + size]
            if not any(block):
                continue
            # A short block may be repeated on purpose.
            least = 3 if distinctiveness("".join(block)) >= 3 else 8
            if _count_repeats(trimmed, start, size) >= least:
                return "\n".join(lines[: start + size])
    return text


def _has_loop(line: str) -> bool:
    """Return whether *line* repeats a text that consists of more than digits."""
    return any(
        distinctiveness(found["again"]) - sum(map(str.isdigit, found["again"])) > 0
        for loop in _LOOPS
        for found in loop.finditer(line)
    )


def _count_repeats(lines: list[str], start: int, size: int) -> int:
    """Return how many times in a row the *size* lines from *start* occur there, at least 1."""
    count = 1
    block = lines[start : start + size]
    while lines[start + count * size : start + (count + 1) * size] == block:
        count += 1
    return count
