"""Lines in a model's answer that repeat the lines around the edited ones: trimmed, or refused."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ds_lsp.chat.subject import CodeSelection
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.blocks import BLOCK_CLOSERS, defined_name
from ds_lsp.languages.comments import text_of_comment
from ds_lsp.text.lines import indent_of

MAX_NEIGHBORS = 200
"""Maximum lines compared above and below the edited ones; a function is seldom longer."""
NEAR_LINES = 6
"""Maximum distance from the edited lines, in lines with text, of lines that an answer must not
repeat."""

_WEAK_WORDS = frozenset(
    {
        *("begin", "break", "continue", "do", "done", "else", "end", "endif", "esac", "fi"),
        *("finally", "loop", "otherwise", "pass", "repeat", "return", "then", "try"),
    }
)
_CLOSERS = (*BLOCK_CLOSERS, "</")
_REPEATS = "The answer repeats lines that stand around the code, and nothing was changed."


def without_neighbors(lines: Sequence[str], selection: CodeSelection) -> Iterator[list[str]]:
    """Yield *lines* without those that stand right above and below the selection; likeliest first.

    Lines of brackets and words such as ``end`` may belong to the answer all the same: such an
    answer is yielded with and without them. Raises `ChatRefused` if the repeated lines cannot be
    told from the answer's own.
    """
    own = _texts(selection.lines[selection.first : selection.last + 1])
    above = _texts(selection.lines[max(0, selection.first - MAX_NEIGHBORS) : selection.first])
    below = _texts(selection.lines[selection.last + 1 : selection.last + 1 + MAX_NEIGHBORS])
    answer = _texts(lines)
    head = max(
        _count_repeated_above(answer, each, own)
        for each in _variants_of_above(above, selection.language_id)
    )
    tail = _count_repeated_below(answer, below, own)
    if head + tail >= len(answer):
        raise ChatRefused(_REPEATS)
    kept = answer[head : len(answer) - tail]
    if _lacks_rest_of_block(answer[:head], tail, selection):
        raise ChatRefused(_REPEATS)
    if _repeats_surroundings(kept, own, selection):
        raise ChatRefused(_REPEATS)
    left_out = [*answer[:head], *answer[len(answer) - tail :]]
    if left_out and not any(map(_is_distinctive, left_out)):
        yield list(lines)
    yield _trim(lines, head, tail)


def _texts(lines: Sequence[str]) -> list[str]:
    """Return the lines that are not blank, without their indentation."""
    return [text for line in lines if (text := line.strip())]


def _variants_of_above(above: list[str], language_id: str) -> Iterator[list[str]]:
    """Yield the lines above, as they are, and without the comment that asked for the edit."""
    yield above
    if above and text_of_comment(above[-1], language_id):
        yield above[:-1]


def _count_repeated_above(answer: list[str], above: list[str], own: list[str]) -> int:
    """Return how many first lines of the answer repeat the last ones above, and are not *own*."""
    return next(
        (
            count
            for count in range(min(len(answer), len(above)), 0, -1)
            if answer[:count] == above[-count:] and answer[:count] != own[:count]
        ),
        0,
    )


def _count_repeated_below(answer: list[str], below: list[str], own: list[str]) -> int:
    """Return how many last lines of the answer repeat the first ones below, and are not *own*."""
    return next(
        (
            count
            for count in range(min(len(answer), len(below)), 0, -1)
            if answer[-count:] == below[:count] and answer[-count:] != own[-count:]
        ),
        0,
    )


def _lacks_rest_of_block(head: Sequence[str], tail: int, selection: CodeSelection) -> bool:
    """Return whether an answer has the header of a block around the selection, but not its rest.

    It cannot be told whether the model has deleted the rest or left it out.
    """
    levels = [indent_of(line) for line in _headers(selection) if line.strip() in head]
    if not levels:
        return False
    level = min(levels)
    needed = 0
    for line in selection.lines[selection.last + 1 :]:
        if line.strip() and indent_of(line) <= level:
            needed += line.strip().startswith(_CLOSERS)
            break
        needed += bool(line.strip())
    return tail < needed


def _repeats_surroundings(
    kept: Sequence[str], own: Sequence[str], selection: CodeSelection
) -> bool:
    """Return whether a trimmed answer repeats a header of a block around it, or two lines near."""
    for header in map(str.strip, _headers(selection)):
        name = defined_name(header)
        for line in kept:
            if line not in own and (
                (line == header and _is_distinctive(line)) or (name and defined_name(line) == name)
            ):
                return True
    first, below = selection.first, selection.last + 1
    near = (
        _texts(selection.lines[max(0, first - 2 * NEAR_LINES) : first])[-NEAR_LINES:],
        _texts(selection.lines[below : below + 2 * NEAR_LINES])[:NEAR_LINES],
    )
    runs = {run for lines in near for run in pairwise(lines) if all(map(_is_distinctive, run))}
    repeated = runs & set(pairwise(kept)) - set(pairwise(own))
    if not repeated:
        return False
    # A pair of lines that stands in the document several times is common, and may come once more.
    counts = Counter(pairwise(_texts(selection.lines)))
    return any(counts[run] == 1 for run in repeated)


def _headers(selection: CodeSelection) -> Iterator[str]:
    """Yield the lines that open the blocks around the selection, the innermost first."""
    depth = indent_of(
        next((line for line in selection.lines[selection.first :] if line.strip()), "")
    )
    for line in reversed(
        selection.lines[max(0, selection.first - MAX_NEIGHBORS) : selection.first]
    ):
        if line.strip() and indent_of(line) < depth:
            depth = indent_of(line)
            yield line


def _is_distinctive(line: str) -> bool:
    """Return whether a line is so specific that its repetition is no coincidence."""
    words = re.findall(r"[^\W_]+", line)
    return any(word not in _WEAK_WORDS for word in words)


def _trim(lines: Sequence[str], head: int, tail: int) -> list[str]:
    """Return *lines* without the first *head* and the last *tail* of those that are not blank."""
    with_text = [index for index, line in enumerate(lines) if line.strip()]
    return list(lines[with_text[head] : with_text[len(with_text) - tail - 1] + 1])
