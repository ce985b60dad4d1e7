"""Lines that structure our Markdown: our own headings, and fences of blocks of code.

Writing a model's text and reading a conversation back use the same rules, so that a line that was
written as text is never read as a heading.
"""

import re
from dataclasses import dataclass

QUESTION = "# Question"
ANSWER = "# Answer"
"""Our headings. This level is ours alone: a model's headings are written one level deeper."""

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}(?=[^`]*$)|~{3,})")


@dataclass(frozen=True, slots=True)
class Fence:
    """The opening line of a block of code."""

    marks: str

    def is_closed_by(self, line: str) -> bool:
        """Return whether *line* ends the block."""
        found = _FENCE.match(line)
        return bool(
            found and found["fence"].startswith(self.marks) and is_closing(line, self.marks)
        )


def fence_at(line: str) -> Fence | None:
    """Return the fence that *line*, outside of a block of code, opens; None if it opens none."""
    found = _FENCE.match(line)
    return Fence(found["fence"]) if found else None


def is_closing(line: str, marks: str) -> bool:
    """Return whether *line* holds nothing but a fence as long as *marks*, or longer."""
    text = line.strip()
    return len(text) >= len(marks) and set(text) == {marks[0]}


def first_level(line: str) -> str:
    """Return a heading of the first level without the blanks around it; empty for any other line.

    Any renderer may take the line for one: blanks of every kind may stand before it. Editors remove
    those behind it.
    """
    text = line.strip()
    return text if re.match(r"#(?!#)(?:\s|$)", text) else ""
