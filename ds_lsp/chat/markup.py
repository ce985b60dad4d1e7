"""What begins a line of Markdown: our own headings, and blocks of code.

The text of a model is written, and a conversation read back, by these rules alone, so that what
one takes for text is no heading to the other.
"""

import re
from dataclasses import dataclass

QUESTION = "# Question"
ANSWER = "# Answer"
"""Headings of this level are ours: those of a model are written one level deeper."""

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}(?=[^`]*$)|~{3,})")


@dataclass(frozen=True, slots=True)
class Fence:
    """The line that a block of code begins with."""

    marks: str

    def is_closed_by(self, line: str) -> bool:
        """Return whether *line* ends the block."""
        found = _FENCE.match(line)
        return bool(
            found and found["fence"].startswith(self.marks) and is_closing(line, self.marks)
        )


def fence_at(line: str) -> Fence | None:
    """Return the fence that *line* opens outside of a block of code."""
    found = _FENCE.match(line)
    return Fence(found["fence"]) if found else None


def is_closing(line: str, marks: str) -> bool:
    """Return whether *line* holds nothing but a fence as long as *marks*, or longer."""
    text = line.strip()
    return len(text) >= len(marks) and set(text) == {marks[0]}


def first_level(line: str) -> str:
    """Return the heading of the first level that *line* is to any reader, without blanks; or "".

    Blanks of every kind may stand before it, and editors take those behind it away.
    """
    text = line.strip()
    return text if re.match(r"#(?!#)(?:\s|$)", text) else ""
