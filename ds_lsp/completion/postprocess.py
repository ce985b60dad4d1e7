"""What is shown of what the model said: it repeats nothing that stands around the cursor."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ds_lsp.document import Snapshot, is_word_character

Rule = Callable[[str, Snapshot], str]
"""A pure function of the text so far; line ends and white space aside, it only cuts."""

# C0 but for tab and line ends, DEL, C1, and what turns the direction of text around.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is left of a text, and the rules that changed it."""

    text: str
    rules: tuple[str, ...]


_OPENERS = "([{"
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def cut_control_characters(text: str, at: Snapshot) -> str:
    """A completion is plain text: it neither steers a terminal nor hides what it says."""
    found = _CONTROL.search(text)
    return text[: found.start()] if found else text


def normalize_line_ends(text: str, at: Snapshot) -> str:
    """The rules below know one line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cut_line_repeated_below(text: str, at: Snapshot) -> str:
    """The last lines do not repeat the lines below the cursor.

    Lines are compared with their indentation, blank ones are passed over; closing brackets that
    the text needs for its own opening ones stay.
    """
    lines = text.split("\n")
    below = [line.rstrip() for line in at.lines_below if line.strip()]
    # The first line continues the cursor's line, and is compared as it will stand there.
    whole = [(at.line_before + lines[0]).rstrip(), *(line.rstrip() for line in lines[1:])]
    filled = [index for index, line in enumerate(whole) if line]
    for count in range(min(len(filled), len(below)), 0, -1):
        start = filled[-count]
        if start == 0 and at.line_before.strip():
            continue
        repeated = [whole[index] for index in filled[-count:]]
        kept = "\n".join(lines[:start])
        if repeated == below[:count] and unclosed(kept) <= unclosed(text):
            return kept
    return text


def cut_overlap_with_line(text: str, at: Snapshot) -> str:
    """The end does not repeat the rest of the cursor's line, as in ``foo(|)`` and ``x)``."""
    rest = at.line_after.rstrip()
    for size in range(min(len(text), len(rest)), 0, -1):
        if not text.endswith(rest[:size]) or _splits_word(text, rest, size):
            continue
        kept = text[:-size]
        if unclosed(kept) <= unclosed(text):
            return kept
    return text


def trim_trailing_space(text: str, at: Snapshot) -> str:
    """Ghost text does not end in white space, unless it holds apart what follows on the line."""
    if not text.strip():
        return ""
    if at.line_after.strip() and not at.line_after[0].isspace():
        return text.rstrip("\n")
    return text.rstrip()


def use_document_line_ends(text: str, at: Snapshot) -> str:
    return text.replace("\n", at.eol)


# Order matters: a rule sees the text as the rules above it left it.
RULES: tuple[Rule, ...] = (
    # First: what follows such a character cannot be judged.
    cut_control_characters,
    normalize_line_ends,
    # Lines before characters: the repeated line may be what stands between the text and the
    # overlap with the cursor's line.
    cut_line_repeated_below,
    cut_overlap_with_line,
    # After the cuts, which leave the white space that stood before what they took.
    trim_trailing_space,
    use_document_line_ends,
)


def postprocess(text: str, at: Snapshot) -> Fitted:
    """What of the model's *text* fits at the cursor; empty when nothing does."""
    cut = []
    for rule in RULES:
        before, text = text, rule(text, at)
        if text != before:
            cut.append(rule.__name__)
    return Fitted(text, tuple(cut))


def unclosed(text: str) -> int:
    """How many brackets the text opens and does not close."""
    stack: list[str] = []
    for character in text:
        if character in _OPENERS:
            stack.append(character)
        elif stack and _CLOSERS.get(character) == stack[-1]:
            stack.pop()
    return len(stack)


def _splits_word(text: str, rest: str, size: int) -> bool:
    """Whether an overlap begins inside a word of the text or ends inside a word of the rest."""
    begins_inside = size < len(text) and _is_one_word(text[-size - 1] + rest[0])
    ends_inside = size < len(rest) and _is_one_word(rest[size - 1 : size + 1])
    return begins_inside or ends_inside


def _is_one_word(characters: str) -> bool:
    return all(map(is_word_character, characters))
