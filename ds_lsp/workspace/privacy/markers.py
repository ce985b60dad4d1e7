"""Judges a text by its content: too large, binary, generated, or marked ``ds-lsp: off``."""

import re
from functools import lru_cache

from ds_lsp.languages.comments import BLOCKS, COMMENT_START

MAX_CHARS = 50_000_000
"""Maximum characters of a text: more than any file a person writes has. A file of a million lines
is well below."""
OFF = "ds-lsp: off"
"""The mark with which a text excludes itself."""
_OFF_LINES = 5


def text_rule(head: str, size: int, near: str = "") -> str | None:
    """Return the rule that excludes a text, or None.

    *head* are its first lines, *size* is its length in characters, *near* the text around the
    cursor.
    """
    if size > MAX_CHARS:
        return f"built-in: more than {MAX_CHARS:,} characters"
    if "\0" in head or "\0" in near:
        return "built-in: binary, it holds a NUL"
    return _find_head_rule(head)


@lru_cache(64)
def _find_head_rule(head: str) -> str | None:
    """Return the rule in the first lines that excludes the text, or None.

    Cached, because it is called at every keystroke and the first lines hardly ever change.
    """
    lines = head.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines[:_OFF_LINES], 1):
        if _SWITCH.search(line):
            return f"{OFF}, in line {number}"
    generated = _find_generated_line(lines)
    return f"built-in: generated, says line {generated}" if generated else None


_SWITCH = re.compile(
    rf"""(?:^[^\w"']*|^\s*{COMMENT_START}\W*|\s(?:\#|//|/\*|--|;|%|<!--|\(\*)\W*)ds-lsp:\s*off(?![\w"'-])""",
    re.IGNORECASE,
)
_IS_COMMENT = re.compile(rf"\s*{COMMENT_START}", re.IGNORECASE)
# Code that may precede the comment that says where the file comes from.
_PREAMBLE = re.compile(r"""\s*(?:<[?!%]|package\b|["']use strict["']|@file:|$)""", re.IGNORECASE)
_BLOCKS = dict(BLOCKS) | {"(*": "*)", "{-": "-}"}
_MARKER = re.compile(
    r"""(?<![\w"'`])@generated(?![\w"'`-])"""
    r"|<auto-?generated\b"
    r"|\bcode generated\b.*\bdo not edit\b"
    r"|\b(?:file|code|script|header|parser|module) (?:is|was|has been)\b[\w ]{0,20}"
    r"\b(?:auto(?:matically)?[- ]?)?generated (?:by|from|with|using)\b"
    r"|\bthis is an? (?:auto(?:matically)?[- ]?)?generated (?:file|code)\b",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"\b(?:auto(?:matically)?[- ]?)?generated\b|\bmachine generated\b", re.IGNORECASE
)
_DO_NOT_EDIT = re.compile(r"\bdo(?: not|n[’']t) (?:edit|modify|change|touch)\b", re.IGNORECASE)
_MAX_LINES_APART = 3


def _find_generated_line(lines: list[str]) -> int | None:
    """Return the number, from 1, of the line that says that the text is generated; or None.

    Only comments above all code count.
    """
    generated = do_not_edit = -_MAX_LINES_APART
    closer = ""
    for number, line in enumerate(lines, 1):
        if not closer:
            if not _IS_COMMENT.match(line):
                if _PREAMBLE.match(line):
                    continue
                return None
            opener = next((each for each in _BLOCKS if line.lstrip().startswith(each)), "")
            inside = line.lstrip().removeprefix(opener)
            closer = _BLOCKS.get(opener, "")
        else:
            inside = line
        if _MARKER.search(line):
            return number
        if _GENERATED.search(line):
            generated = number
        if _DO_NOT_EDIT.search(line):
            do_not_edit = number
        # A banner may have two sentences, "generated" and "do not edit", on two lines.
        if min(generated, do_not_edit) > 0 and abs(generated - do_not_edit) < _MAX_LINES_APART:
            return number
        if closer and closer in inside:
            closer = ""
    return None
