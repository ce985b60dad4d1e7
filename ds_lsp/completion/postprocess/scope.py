"""How far the text goes: one statement or block, and no more than is read at a glance."""

from ds_lsp.completion.postprocess.lines import (
    continues,
    first_word,
    indent_of,
    opens_block,
    starts_closing,
)
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.shape import Extent
from ds_lsp.providers.base import Finish

MAX_LINES = 20
"""More than a screen shows below the cursor; the rest would be paid for and not read."""


def drop_half_line(text: str, at: CursorContext) -> str:
    """The limit, or we, cut the last line somewhere."""
    if at.finish is Finish.STOP or "\n" not in text:
        return text
    return text[: text.rfind("\n") + at.pushes_rest_down]


def keep_in_comment(text: str, at: CursorContext) -> str:
    """A line comment ends with its line."""
    first, _, _ = text.partition("\n")
    return first if at.is_in_line_comment and first.strip() else text


def refuse_line_break(text: str, at: CursorContext) -> str:
    """What follows on the cursor's line is not pushed down, unless it only closes."""
    rest = at.rest.strip()
    if rest and text.lstrip(" \t").startswith("\n") and not _only_closes(rest, at):
        return ""
    return text


def cut_at_string_end(text: str, at: CursorContext) -> str:
    """A string or comment over lines, whose end stands next, goes on to that end."""
    inside = at.state.inside
    if inside is None or not inside.spans_lines:
        return text
    follows = at.rest.strip() or (at.below[0].lstrip() if at.below else "")
    if not follows.startswith(inside.closing):
        return text
    end = at.scan(text).string_end
    return text if end is None or "\n" not in text[:end] else text[:end]


def keep_scope(text: str, at: CursorContext) -> str:
    """The text ends where the block or statement does that the cursor stands in."""
    if "\n" not in text or at.is_in_text or at.lexicon.is_prose:
        return text
    lines = text.split("\n")
    end = _scope_end(lines, at)
    return "\n".join(lines[:end])


def keep_shape(text: str, at: CursorContext) -> str:
    """One line where one is wanted; more of a statement if its first line leaves it open."""
    if at.extent is Extent.BLOCK or "\n" not in text:
        return text
    lines = text.split("\n")
    # A text that begins with a line end has its one line below.
    first = next(index for index, line in enumerate(lines) if line.strip())
    if at.extent is Extent.LINE:
        is_ended = at.pushes_rest_down and len(lines) > first + 1
        return "\n".join([*lines[: first + 1], *[""] * is_ended])
    return "\n".join(lines[: _statement_end(lines, first, at)])


def drop_body_that_follows(text: str, at: CursorContext) -> str:
    """A block that the first line opens, and whose lines stand below already, is only opened."""
    if "\n" not in text or not at.below or at.is_in_text or at.lexicon.is_prose:
        return text
    first, head = _first_line(text, at)
    deep = indent_of(at.below[0])
    if indent_of(first) >= deep or not opens_block(first, at.lexicon):
        return text
    is_body = at.lexicon.is_indented or at.imbalance(head) <= at.imbalance(text)
    return head if is_body else text


def keep_block_below(text: str, at: CursorContext) -> str:
    """Where indentation makes the blocks, the lines below do not lose the one they stand in.

    Past a line that leaves it only one that opens a block for them belongs.
    """
    if "\n" not in text or not at.below or not at.lexicon.is_indented or at.is_in_text:
        return text
    first, head = _first_line(text, at)
    deep = indent_of(at.below[0])
    if indent_of(first) < deep <= indent_of(at.above) and not opens_block(first, at.lexicon):
        # It has left the block at once.
        return head
    lines = text.split("\n")
    for count in range(len(lines), head.count("\n") + 1, -1):
        line = lines[count - 1]
        if line.strip() and (indent_of(line) >= deep or opens_block(line, at.lexicon)):
            return "\n".join(lines[:count])
    return head


def drop_empty_block(text: str, at: CursorContext) -> str:
    """The last line does not open a block that nothing stands in."""
    lines = text.rstrip().split("\n")
    below = indent_of(at.below[0]) if at.below else 0
    count = len(lines)
    while count > 1:
        line = lines[count - 1]
        is_blank = not line.strip()
        if not is_blank and not (indent_of(line) >= below and opens_block(line, at.lexicon)):
            break
        head = "\n".join(lines[: count - 1])
        if not is_blank and at.imbalance(head) > at.imbalance("\n".join(lines[:count])):
            break
        count -= 1
    return text if count == len(lines) else "\n".join(lines[:count])


def keep_screenful(text: str, at: CursorContext) -> str:
    """No more lines than are read; rather up to the end of a block than into the next."""
    lines = text.split("\n")
    if len(lines) <= MAX_LINES:
        return text
    base = indent_of(at.line_before) if at.line_before else indent_of(lines[0])
    for count in range(MAX_LINES, MAX_LINES // 2, -1):
        following = lines[count]
        is_end = not following.strip() or indent_of(following) <= base
        if is_end and not starts_closing(following, at.lexicon):
            return "\n".join(lines[:count])
    return "\n".join(lines[:MAX_LINES])


def _statement_end(lines: list[str], first: int, at: CursorContext) -> int:
    """How many lines the statement takes that goes on or begins in the line *first*."""
    head = "\n".join(lines[: first + 1])
    whole = at.line_before + lines[first] if first == 0 else lines[first]
    if opens_block(whole, at.lexicon):
        return len(lines)
    for count in range(first + 1, len(lines)):
        following = lines[count]
        if not (_leaves_open(head, at) or following.lstrip().startswith((".", "?.", "|>", "&&"))):
            return count
        head += "\n" + following
    return len(lines)


def _leaves_open(text: str, at: CursorContext) -> bool:
    """Whether the text ends between brackets that nothing below closes."""
    end = at.scan(text).end
    if not end.stack or end.stack[-1].bracket not in "([" or end.inside:
        return False
    return at.imbalance_from(end) > 0


def _first_line(text: str, at: CursorContext) -> tuple[str, str]:
    """The first line that holds something, as it will stand, and the text up to its end."""
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    whole = lines[first] if first else at.line_before + lines[first]
    return whole, "\n".join(lines[: first + 1])


def _only_closes(rest: str, at: CursorContext) -> bool:
    return all(sign in ")]}>;,'\"`" for sign in rest) or rest.startswith("</")


def _scope_end(lines: list[str], at: CursorContext) -> int:
    """The index of the first line that does not belong."""
    base, is_block = _base(lines, at)
    was_closing = False
    # The indentation at which nothing more is reached.
    ended = None
    if at.is_blank_before and _ends_block(lines[0], lines[0], at):
        ended = indent_of(at.line_before + lines[0])
    for index, line in enumerate(lines[1:], 1):
        if not line.strip():
            continue
        closes = starts_closing(line, at.lexicon)
        goes_on = continues(line, at.lexicon)
        indent = indent_of(line)
        is_over = indent == ended and not _is_label(line)
        if is_block:
            belongs = indent >= base or closes or goes_on
        elif indent > base:
            belongs = not was_closing or closes
        else:
            belongs = closes or goes_on or _leaves_open("\n".join(lines[:index]), at)
        if is_over and not (closes or goes_on):
            belongs = False
        if not belongs:
            return _without_blanks(lines, index)
        if is_block and indent < base and opens_block(line, at.lexicon):
            # An ``else`` has a body of its own.
            base = indent + 1
        if indent <= base:
            was_closing = closes and not opens_block(line, at.lexicon)
        ended = indent if _ends_block("\n".join(lines[: index + 1]), line, at) else None
    return len(lines)


def _ends_block(text: str, line: str, at: CursorContext) -> bool:
    """Whether the text ends with a whole statement that never comes back, as ``return`` does."""
    if first_word(line).rstrip(";") not in at.lexicon.ending_words:
        return False
    return len(at.scan(text).end.stack) <= len(at.state.stack)


def _is_label(line: str) -> bool:
    """Whether another way leads to a line, or none has to."""
    stripped = line.strip()
    return stripped.endswith(":") or stripped.startswith(("case ", "default", "#", "//", "/*", "@"))


def _base(lines: list[str], at: CursorContext) -> tuple[int, bool]:
    """The indentation lines are measured by, and whether lines at it belong."""
    first = next((line for line in lines if line.strip()), "")
    if not at.line_before:
        return indent_of(first), True
    here = indent_of(at.line_before + (lines[0] if at.is_blank_before else ""))
    if at.is_blank_before:
        return here, True
    if not lines[0].strip() and not opens_block(at.line_before, at.lexicon):
        # The cursor's line was complete: what follows is a line like it.
        return max(indent_of(first), here), True
    return here, False


def _without_blanks(lines: list[str], end: int) -> int:
    while end > 1 and not lines[end - 1].strip():
        end -= 1
    return end
