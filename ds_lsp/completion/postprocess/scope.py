"""Rules for the extent of the text: one statement or block, as much as is read at a glance."""

from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.statements import continues, first_word, opens_block, starts_closing
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import indent_of

MAX_LINES = 20
"""Maximum lines of a text: more than a screen shows below the cursor. Further lines would be paid
for and not read."""


def drop_half_line(text: str, at: CursorContext) -> str:
    """Drop the last line, which is incomplete, if the token limit or ds-lsp cut the stream."""
    if at.finish is Finish.STOP or "\n" not in text:
        return text
    return text[: text.rfind("\n") + at.pushes_rest_down]


def keep_in_comment(text: str, at: CursorContext) -> str:
    """Keep only the first line in a line comment, which ends with its line."""
    first, _, _ = text.partition("\n")
    return first if at.is_in_line_comment and first.strip() else text


def refuse_line_break(text: str, at: CursorContext) -> str:
    """Refuse a text that pushes the rest of the cursor's line down, unless the rest only closes."""
    rest = at.rest.strip()
    if rest and text.lstrip(" \t").startswith("\n") and not _is_closing(rest, at):
        return ""
    return text


def cut_at_string_end(text: str, at: CursorContext) -> str:
    """Cut the text at the end of the string or comment that the cursor is in.

    This applies to one that spans lines and whose end is the next text after the cursor.
    """
    inside = at.state.inside
    if inside is None or not inside.spans_lines:
        return text
    follows = at.rest.strip() or (at.below[0].lstrip() if at.below else "")
    if not follows.startswith(inside.closing):
        return text
    end = at.scan(text).string_end
    return text if end is None or "\n" not in text[:end] else text[:end]


def keep_scope(text: str, at: CursorContext) -> str:
    """Cut the text at the end of the block or statement that the cursor is in."""
    if "\n" not in text or at.is_in_text or at.lexicon.is_prose:
        return text
    lines = text.split("\n")
    end = _find_scope_end(lines, at)
    return "\n".join(lines[:end])


def keep_shape(text: str, at: CursorContext) -> str:
    """Keep one line, or one statement with more lines if its first is open, as the extent says."""
    if at.extent is Extent.BLOCK or "\n" not in text:
        return text
    lines = text.split("\n")
    # If the text begins with a line end, its one line is the next one.
    first = next(index for index, line in enumerate(lines) if line.strip())
    if at.extent is Extent.LINE:
        is_ended = at.pushes_rest_down and len(lines) > first + 1
        return "\n".join([*lines[: first + 1], *[""] * is_ended])
    return "\n".join(lines[: _find_statement_end(lines, first, at)])


def drop_body_that_follows(text: str, at: CursorContext) -> str:
    """Drop all lines but a first line that opens a block whose body follows the cursor already."""
    if "\n" not in text or not at.below or at.is_in_text or at.lexicon.is_prose:
        return text
    first, head = _find_first_line(text, at)
    deep = indent_of(at.below[0])
    if indent_of(first) >= deep or not opens_block(first, at.lexicon):
        return text
    is_body = at.lexicon.is_indented or at.imbalance(head) <= at.imbalance(text)
    return head if is_body else text


def keep_block_below(text: str, at: CursorContext) -> str:
    """Keep the block of the lines below, in languages whose blocks end by indentation alone.

    The text is cut after the last line that is indented at least like the line below, or opens a
    block for it. Any later line would take the lines below out of their block.
    """
    if "\n" not in text or not at.below or not at.lexicon.is_indented or at.is_in_text:
        return text
    first, head = _find_first_line(text, at)
    deep = indent_of(at.below[0])
    if indent_of(first) < deep <= indent_of(at.above) and not opens_block(first, at.lexicon):
        # The first line is already outside the block.
        return head
    lines = text.split("\n")
    for count in range(len(lines), head.count("\n") + 1, -1):
        line = lines[count - 1]
        if line.strip() and (indent_of(line) >= deep or opens_block(line, at.lexicon)):
            return "\n".join(lines[:count])
    return head


def drop_empty_block(text: str, at: CursorContext) -> str:
    """Drop last lines that open a block with nothing in it."""
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
    """Keep at most `MAX_LINES` lines, and preferably end at the end of a block."""
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


def _find_statement_end(lines: list[str], first: int, at: CursorContext) -> int:
    """Return the number of lines up to the end of the statement in the line with index *first*."""
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
    """Return whether the text ends inside ``(`` or ``[`` and nothing below closes it."""
    end = at.scan(text).end
    if not end.stack or end.stack[-1].bracket not in "([" or end.inside:
        return False
    return at.imbalance_from(end) > 0


def _find_first_line(text: str, at: CursorContext) -> tuple[str, str]:
    """Return the first line that is not blank, completed, and the text up to its end."""
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    whole = lines[first] if first else at.line_before + lines[first]
    return whole, "\n".join(lines[: first + 1])


def _is_closing(rest: str, at: CursorContext) -> bool:
    """Return whether *rest* consists of closers, or begins with a closing tag."""
    return all(sign in ")]}>;,'\"`" for sign in rest) or rest.startswith("</")


def _find_scope_end(lines: list[str], at: CursorContext) -> int:
    """Return the index of the first line that does not belong to the cursor's block or statement.

    A line that closes a block, or continues a statement as ``else`` does, always belongs. For the
    other lines there are four cases:

    1. A statement such as ``return`` ended the block at this indentation: only a label belongs.
    2. The lines of a block are kept: it belongs if it is indented at least like the block.
    3. One statement is kept, and the line is indented deeper: it belongs until the statement is
       closed.
    4. One statement is kept, and the line is not deeper: it belongs if a bracket is still open.
    """
    base, is_block = _find_base_indent(lines, at)
    was_closing = False
    # The indentation at which a statement such as ``return`` ended the block, in columns.
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
            return _skip_blank_lines(lines, index)
        if is_block and indent < base and opens_block(line, at.lexicon):
            # A line such as ``else`` has a body of its own.
            base = indent + 1
        if indent <= base:
            was_closing = closes and not opens_block(line, at.lexicon)
        ended = indent if _ends_block("\n".join(lines[: index + 1]), line, at) else None
    return len(lines)


def _ends_block(text: str, line: str, at: CursorContext) -> bool:
    """Return whether the text ends with a whole statement that ends its block, as ``return`` does.

    *line* is the last line of *text*.
    """
    if first_word(line).rstrip(";") not in at.lexicon.ending_words:
        return False
    return len(at.scan(text).end.stack) <= len(at.state.stack)


def _is_label(line: str) -> bool:
    """Return whether *line* can follow a ``return``: a label, a comment or a decorator."""
    stripped = line.strip()
    return stripped.endswith(":") or stripped.startswith(("case ", "default", "#", "//", "/*", "@"))


def _find_base_indent(lines: list[str], at: CursorContext) -> tuple[int, bool]:
    """Return the indentation of the kept block or statement in columns, and whether it is a block.

    Lines with exactly this indentation belong to a block, but not to a statement.
    """
    first = next((line for line in lines if line.strip()), "")
    if not at.line_before:
        return indent_of(first), True
    here = indent_of(at.line_before + (lines[0] if at.is_blank_before else ""))
    if at.is_blank_before:
        return here, True
    if not lines[0].strip() and not opens_block(at.line_before, at.lexicon):
        # The cursor's line was complete, so the text adds lines beside it.
        return max(indent_of(first), here), True
    return here, False


def _skip_blank_lines(lines: list[str], end: int) -> int:
    """Return *end* without the blank lines before it, at least 1."""
    while end > 1 and not lines[end - 1].strip():
        end -= 1
    return end
