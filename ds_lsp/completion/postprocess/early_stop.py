"""Stop a stream early: as soon as no text that may still arrive would be shown."""

from ds_lsp.completion.postprocess.artifacts import (
    cut_at_invisible,
    cut_at_model_token,
    is_chat_reply,
    normalize_line_ends,
    skip_invisible_start,
)
from ds_lsp.completion.postprocess.brackets import cut_overlap
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.leading import skip_blank_start, skip_echo
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.repetition import cut_loop_in_line
from ds_lsp.completion.postprocess.rules import RULES
from ds_lsp.completion.postprocess.scope import (
    MAX_LINES,
    keep_shape,
    refuse_line_break,
)
from ds_lsp.languages.statements import squeeze
from ds_lsp.providers.base import KeepGoing
from ds_lsp.text.invisible import cut_unfinished
from ds_lsp.text.lines import indent_of

_STABLE = tuple(rule.function for rule in RULES if rule.is_stable)


def stop_condition(at: CursorContext) -> KeepGoing:
    """Return the callback that keeps a stream at one cursor going while `would_show_more` holds.

    The provider calls it after every chunk. It examines the text when a line has ended or the text
    has doubled, so that the total time grows with the length of the text.
    """
    examined = 0

    def keep_going(text: str) -> bool:
        nonlocal examined
        piece = text[examined:]
        if "\n" not in piece and "\r" not in piece and len(piece) < examined + 200:
            return True
        examined = len(text)
        return would_show_more(text, at)

    return keep_going


def would_show_more(text: str, at: CursorContext) -> bool:
    """Return whether any text that may still arrive after *text* would be shown."""
    text = normalize_line_ends(text, at)
    # The first half of an emoji or a word may end in an invisible character.
    known = cut_unfinished(skip_invisible_start(text, at))
    if cut_at_invisible(known, at) != known or cut_at_model_token(text, at) != text:
        return False
    if is_chat_reply(text, at):
        return _may_bring_code(text)
    text = skip_blank_start(skip_echo(text, at), at)
    if refuse_line_break(text, at) != text:
        return False
    # The last line may continue.
    whole, newline, started = text.rpartition("\n")
    if not newline:
        return cut_loop_in_line(text, at) == text
    lines = whole.split("\n")
    if len(lines) >= MAX_LINES:
        return False
    if at.extent is Extent.LINE and whole.strip():
        return False
    if started.strip() and whole.strip() and keep_shape(text, at) != text:
        return False
    if whole.strip() and any(rule(whole, at) != whole for rule in _STABLE):
        return False
    return not (_has_met_rest(lines[0], at) or _has_met_below(lines, at))


def _may_bring_code(text: str) -> bool:
    """Return whether a chat reply may still contain code: fewer than two fences so far."""
    fences = sum(line.lstrip().startswith(("```", "~~~")) for line in text.split("\n"))
    return fences < 2 and text.count("\n") < MAX_LINES


def _has_met_rest(line: str, at: CursorContext) -> bool:
    """Return whether the first line repeats the line's rest, and its block is below already."""
    if not at.below or indent_of(at.below[0]) <= indent_of(at.line_before):
        return False
    return cut_overlap(line, at) != line


def _has_met_below(lines: list[str], at: CursorContext) -> bool:
    """Return whether the last two lines are the next two below, brackets included."""
    last = [line for line in lines if line.strip()][-2:]
    below = at.below[:2]
    return len(below) == 2 and [_comparable(line) for line in last] == [
        _comparable(line) for line in below
    ]


def _comparable(line: str) -> tuple[int, str]:
    """Return *line* for comparison: its indentation in columns and its words."""
    return indent_of(line), squeeze(line)
