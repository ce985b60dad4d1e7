"""Lines of a model's answer that stand around the edited lines already: trimmed, or refused."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ds_lsp.chat.comments import text_of_comment
from ds_lsp.chat.scope import defined_name
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.errors import ChatRefused

MAX_NEIGHBORS = 200
"""Maximum lines compared above and below the edited ones; a function is seldom longer."""
NEAR = 6
"""Maximum distance, in lines with text, of those that must not come back within an answer."""

_WEAK_WORDS = frozenset(
    {
        *("begin", "break", "continue", "do", "done", "else", "end", "endif", "esac", "fi"),
        *("finally", "loop", "otherwise", "pass", "repeat", "return", "then", "try"),
    }
)
_CLOSERS = (")", "]", "}", "</", "end", "fi", "done", "esac")
_REPEATS = "The answer repeats lines that stand around the code, and nothing was changed."


def without_neighbors(lines: Sequence[str], selection: CodeSelection) -> Iterator[list[str]]:
    """Yield *lines* without what stands right above and below the subject; the likeliest first.

    Lines of brackets and words such as ``end`` may belong to the answer all the same, so these
    come with them and without. Raises `ChatRefused` where it cannot be told what is repeated.
    """
    own = _said(selection.lines[selection.first : selection.last + 1])
    above = _said(selection.lines[max(0, selection.first - MAX_NEIGHBORS) : selection.first])
    below = _said(selection.lines[selection.last + 1 : selection.last + 1 + MAX_NEIGHBORS])
    said = _said(lines)
    head = max(_head(said, each, own) for each in _aboves(above, selection.language_id))
    tail = _tail(said, below, own)
    if head + tail >= len(said):
        raise ChatRefused(_REPEATS)
    kept = said[head : len(said) - tail]
    if _is_part_of_a_block(said[:head], tail, selection) or _comes_back(kept, own, selection):
        raise ChatRefused(_REPEATS)
    left_out = [*said[:head], *said[len(said) - tail :]]
    if left_out and not any(map(_is_telling, left_out)):
        yield list(lines)
    yield _trimmed(lines, head, tail)


def _said(lines: Sequence[str]) -> list[str]:
    """Return the lines that are not blank, without their indentation."""
    return [text for line in lines if (text := line.strip())]


def _aboves(above: list[str], language_id: str) -> Iterator[list[str]]:
    """Yield the lines above, as they are and without the comment that asked for the edit."""
    yield above
    if above and text_of_comment(above[-1], language_id):
        yield above[:-1]


def _head(said: list[str], above: list[str], own: list[str]) -> int:
    """Return how many lines at the start of the answer end the text above, and are not its own."""
    return next(
        (
            count
            for count in range(min(len(said), len(above)), 0, -1)
            if said[:count] == above[-count:] and said[:count] != own[:count]
        ),
        0,
    )


def _tail(said: list[str], below: list[str], own: list[str]) -> int:
    """Return how many lines at the end of the answer begin the text below, and are not its own."""
    return next(
        (
            count
            for count in range(min(len(said), len(below)), 0, -1)
            if said[-count:] == below[:count] and said[-count:] != own[-count:]
        ),
        0,
    )


def _is_part_of_a_block(head: Sequence[str], tail: int, selection: CodeSelection) -> bool:
    """Return whether an answer brought the header of a block around the subject, but not its rest.

    The rest may then have been deleted, or left out: this cannot be told.
    """
    levels = [_depth(line) for line in _headers(selection) if line.strip() in head]
    if not levels:
        return False
    level = min(levels)
    needed = 0
    for line in selection.lines[selection.last + 1 :]:
        if line.strip() and _depth(line) <= level:
            needed += line.strip().startswith(_CLOSERS)
            break
        needed += bool(line.strip())
    return tail < needed


def _comes_back(kept: Sequence[str], own: Sequence[str], selection: CodeSelection) -> bool:
    """Return whether what is kept of an answer says the header of a block around it, or a run of
    lines near it."""
    for header in map(str.strip, _headers(selection)):
        name = defined_name(header)
        for line in kept:
            if line not in own and (
                (line == header and _is_telling(line)) or (name and defined_name(line) == name)
            ):
                return True
    near = (
        _said(selection.lines[max(0, selection.first - 2 * NEAR) : selection.first])[-NEAR:],
        _said(selection.lines[selection.last + 1 : selection.last + 1 + 2 * NEAR])[:NEAR],
    )
    runs = {run for lines in near for run in pairwise(lines) if all(map(_is_telling, run))}
    repeated = runs & set(pairwise(kept)) - set(pairwise(own))
    if not repeated:
        return False
    # What stands in the document several times is a turn of phrase, and may come once more.
    counts = Counter(pairwise(_said(selection.lines)))
    return any(counts[run] == 1 for run in repeated)


def _headers(selection: CodeSelection) -> Iterator[str]:
    """Yield the lines above that open the blocks around the subject, the innermost first."""
    depth = _depth(next((line for line in selection.lines[selection.first :] if line.strip()), ""))
    for line in reversed(
        selection.lines[max(0, selection.first - MAX_NEIGHBORS) : selection.first]
    ):
        if line.strip() and _depth(line) < depth:
            depth = _depth(line)
            yield line


def _depth(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def _is_telling(line: str) -> bool:
    """Return whether a line says enough for its repetition to be no accident."""
    words = re.findall(r"[^\W_]+", line)
    return any(word not in _WEAK_WORDS for word in words)


def _trimmed(lines: Sequence[str], head: int, tail: int) -> list[str]:
    """Return *lines* without the first *head* and the last *tail* of those that are not blank."""
    with_text = [index for index, line in enumerate(lines) if line.strip()]
    return list(lines[with_text[head] : with_text[len(with_text) - tail - 1] + 1])
