"""One line or many: when a stream may be cut, and what of it is shown."""

from enum import Enum

from ds_lsp.document import LINE_END, Snapshot
from ds_lsp.providers.base import Finish

MAX_LINES = 20
"""More than a screen shows below the cursor; the rest would be paid for and not read."""


class Shape(Enum):
    LINE = "line"
    BLOCK = "block"


def shape_for(snapshot: Snapshot, multiline: str) -> Shape:
    """The shape to ask for; *multiline* is the setting."""
    if multiline == "auto":
        return Shape.LINE if snapshot.line_after.strip() else Shape.BLOCK
    return Shape.BLOCK if multiline == "always" else Shape.LINE


def wants_more(text: str, shape: Shape) -> bool:
    """Whether anything that can still come after *text* would be shown."""
    ended_lines = len(LINE_END.findall(text))
    if shape is Shape.BLOCK:
        return ended_lines < MAX_LINES
    return ended_lines == 0 or not text.strip()


def visible(text: str, finish: Finish, shape: Shape, snapshot: Snapshot) -> str:
    """The part of the model's *text* that has the shape asked for."""
    lines = LINE_END.sub("\n", text).split("\n")
    if shape is Shape.BLOCK:
        if finish is Finish.LENGTH and len(lines) > 1:
            # The limit cut the last line somewhere.
            lines.pop()
        return "\n".join(lines[:MAX_LINES])
    if lines[0].strip() or snapshot.line_after.strip():
        return lines[0]
    # The model began with a line end: its one line is the next.
    for index, line in enumerate(lines):
        if line.strip():
            return "\n".join(lines[: index + 1])
    return ""
