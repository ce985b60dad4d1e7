"""Code fences in a model's answer: those around the code, and those that belong to it."""

import re
from collections.abc import Sequence

from ds_lsp.chat.prompt import fence_for
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.comments import outside_blocks

MIN_EDIT_FENCE = 5
"""Minimum length of the fence around an edit, in back quotes. Examples in comments have fences of
three, and of four where they hold another one; the stream ends at ours and must not end at theirs.
"""

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`]*)$")
_NOT_ALONE = "The answer is not code alone, and nothing was changed."


def edit_fence(code: str) -> str:
    """Return a fence longer than any that *code*, or a comment added to it, is likely to hold."""
    return "`" * max(MIN_EDIT_FENCE, len(fence_for(code)) + 1)


def without_fences(
    lines: Sequence[str], own: Sequence[str], language_id: str, *, is_prose: bool
) -> list[str]:
    """Return the code of an answer, without the fences that a model put around it.

    *own* are the lines that the code replaces; *is_prose* says that a block of code may be part of
    the text. Raises `ChatRefused` if it cannot be told which fences belong to the code.

    There are three cases: 1. the model wrote our own closing fence; 2. it wrote a second, closed
    fence inside ours, with or without a remark below; 3. the text itself has fences, in comments,
    strings and prose.
    """
    lines = list(lines)
    fences = _fences(lines)
    own_fences = _fences(own)
    if fences and (len(fences) - len(own_fences)) % 2:
        if not _is_closing(lines, fences[-1]) or _has_text(lines[fences[-1] + 1 :]):
            raise ChatRefused(_NOT_ALONE)
        del lines[fences.pop() :]
    if fences and not _has_text(lines[: fences[0]]) and not _begins_with_fence(own):
        lines = _unwrap(lines, fences, language_id, is_prose=is_prose)
    if not is_prose and language_id != "python" and _has_unenclosed_fence(lines, language_id):
        raise ChatRefused(_NOT_ALONE)
    return lines


def _fences(lines: Sequence[str]) -> list[int]:
    return [index for index, line in enumerate(lines) if _FENCE.match(line)]


def _is_closing(lines: Sequence[str], at: int) -> bool:
    found = _FENCE.match(lines[at])
    return found is not None and not found[2].strip()


def _begins_with_fence(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return _FENCE.match(first) is not None


def _has_text(lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines)


def _unwrap(
    lines: list[str], fences: Sequence[int], language_id: str, *, is_prose: bool
) -> list[str]:
    """Return the lines inside the outer fences, the first of which begins the answer."""
    first, last = fences[0], fences[-1]
    if is_prose:
        named = _FENCE.match(lines[first])
        info = named[2].strip().lower() if named else ""
        if info not in (language_id, "markdown", "md") or _has_text(lines[last + 1 :]):
            return lines
    elif len(fences) > 2 and _has_text(lines[last + 1 :]):
        raise ChatRefused(_NOT_ALONE)
    return lines[first + 1 : last]


def _has_unenclosed_fence(lines: Sequence[str], language_id: str) -> bool:
    """Return whether a fence stands outside of all comments and strings of several lines."""
    return any(_FENCE.match(line) for line in outside_blocks(lines, language_id)[0])
