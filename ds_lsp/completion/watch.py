"""When a stream may be cut: as soon as nothing that can still come would be shown."""

from ds_lsp.completion.postprocess.below import cut_at_same_key, cut_where_lines_below_begin
from ds_lsp.completion.postprocess.brackets import cut_overlap
from ds_lsp.completion.postprocess.leaks import (
    cut_at_invisible,
    cut_at_marker,
    cut_at_model_token,
    is_in_words,
    normalize_line_ends,
    skip_invisible_start,
)
from ds_lsp.completion.postprocess.lines import indent_of, squeezed
from ds_lsp.completion.postprocess.place import Place
from ds_lsp.completion.postprocess.repetition import cut_loop_in_line, cut_repeated_lines
from ds_lsp.completion.postprocess.scope import (
    MAX_LINES,
    cut_at_string_end,
    keep_in_comment,
    keep_scope,
    keep_shape,
    refuse_line_break,
)
from ds_lsp.completion.postprocess.start import skip_blank_start, skip_echo
from ds_lsp.completion.shape import Shape
from ds_lsp.invisible import cut_unfinished
from ds_lsp.providers.base import KeepGoing

# Those of the rules that go by what has been said, and by nothing that may still follow. A line
# they have cut stays cut.
_RULES = (
    cut_at_marker,
    keep_in_comment,
    cut_at_string_end,
    cut_loop_in_line,
    cut_repeated_lines,
    keep_scope,
    cut_where_lines_below_begin,
    cut_at_same_key,
)


def watch(at: Place) -> KeepGoing:
    """`wants_more` for a stream at one place.

    It is asked after every piece, and looks when a line has ended or the text has doubled, so
    that a long answer costs by its length.
    """
    looked = 0

    def keep_going(text: str) -> bool:
        nonlocal looked
        piece = text[looked:]
        if "\n" not in piece and "\r" not in piece and len(piece) < looked + 200:
            return True
        looked = len(text)
        return wants_more(text, at)

    return keep_going


def wants_more(text: str, at: Place) -> bool:
    """Whether anything that can still come after *text* would be shown."""
    text = normalize_line_ends(text, at)
    # The first half of an emoji or a word may end in what nobody sees.
    known = cut_unfinished(skip_invisible_start(text, at))
    if cut_at_invisible(known, at) != known or cut_at_model_token(text, at) != text:
        return False
    if is_in_words(text, at):
        return _may_bring_code(text)
    text = skip_blank_start(skip_echo(text, at), at)
    if refuse_line_break(text, at) != text:
        return False
    # The last line may go on.
    whole, newline, started = text.rpartition("\n")
    if not newline:
        return cut_loop_in_line(text, at) == text
    lines = whole.split("\n")
    if len(lines) >= MAX_LINES:
        return False
    if at.shape is Shape.LINE and whole.strip():
        return False
    if started.strip() and whole.strip() and keep_shape(text, at) != text:
        return False
    if whole.strip() and any(rule(whole, at) != whole for rule in _RULES):
        return False
    return not (_has_met_rest(lines[0], at) or _has_met_below(lines, at))


def _may_bring_code(text: str) -> bool:
    """Whether an answer in words has not come to its code, or to the end of it."""
    fences = sum(line.lstrip().startswith(("```", "~~~")) for line in text.split("\n"))
    return fences < 2 and text.count("\n") < MAX_LINES


def _has_met_rest(line: str, at: Place) -> bool:
    """Whether the first line said what follows on its line, whose block stands below already."""
    if not at.below or indent_of(at.below[0]) <= indent_of(at.line_before):
        return False
    return cut_overlap(line, at) != line


def _has_met_below(lines: list[str], at: Place) -> bool:
    """Whether the last two lines are the next two below, brackets and all."""
    said = [line for line in lines if line.strip()][-2:]
    below = at.below[:2]
    return len(below) == 2 and [_as_compared(line) for line in said] == [
        _as_compared(line) for line in below
    ]


def _as_compared(line: str) -> tuple[int, str]:
    return indent_of(line), squeezed(line)
