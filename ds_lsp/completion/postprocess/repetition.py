"""A model that has begun to say the same thing over and over."""

import re

from ds_lsp.completion.postprocess.lines import strength
from ds_lsp.completion.postprocess.place import CursorContext

_LOOPS = (
    re.compile(r"(?P<again>.{3,80}?)(?P=again){5,}"),
    re.compile(r"(?P<again>.{10,80}?)(?P=again){3,}"),
)
_MOST_LINES = 8
_LONGEST_LINE = 2_000
"""Characters of a line that are looked through."""


def cut_loop_in_line(text: str, at: CursorContext) -> str:
    """A line that repeats a few words many times. Figures may: they are data."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if len(line) >= 18 and _has_loop(line[:_LONGEST_LINE]):
            return "\n".join(lines[:index])
    return text


def cut_repeated_lines(text: str, at: CursorContext) -> str:
    """Of lines said three times in a row, the first time. Compared exactly: likeness is code."""
    lines = text.split("\n")
    trimmed = [line.strip() for line in lines]
    for start in range(len(lines)):
        for size in range(1, min(_MOST_LINES, (len(lines) - start) // 3) + 1):
            block = trimmed[start : start + size]
            if not any(block):
                continue
            least = 3 if strength("".join(block)) >= 3 else 8
            if _times(trimmed, start, size) >= least:
                return "\n".join(lines[: start + size])
    return text


def _has_loop(line: str) -> bool:
    return any(
        strength(found["again"]) - sum(map(str.isdigit, found["again"])) > 0
        for loop in _LOOPS
        for found in loop.finditer(line)
    )


def _times(lines: list[str], start: int, size: int) -> int:
    times = 1
    block = lines[start : start + size]
    while lines[start + times * size : start + (times + 1) * size] == block:
        times += 1
    return times
