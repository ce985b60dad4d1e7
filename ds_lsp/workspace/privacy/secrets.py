"""Masks the secrets of a text without moving a character.

No package does this at a keystroke's price. In November 2026, on the machine of the benchmarks:
detect-secrets 1.5.0 (its last release is of May 2024) takes 100 ms and 11 MB to import, brings
requests with it, and knows none of Anthropic's, Google's or GitHub's newer keys; secretscreen 0.6.0
takes 80 ms and 5 MB and judges pairs of a name and a value, not text; redact-secret 0.1.0b15 loads
in 3 ms, and is a beta in machine code that finds 45 of the 103 secrets in our tests. So the formats
are a table of ours, `formats`; `assignments` finds the values of names like password and token, and
`command_lines` those without a name; `secret_values` judges a value.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ds_lsp.text.lines import show_carriage_returns
from ds_lsp.workspace.privacy import command_lines
from ds_lsp.workspace.privacy.assignments import find_assignments
from ds_lsp.workspace.privacy.continuations import NOTHING, Carry, LineSecrets
from ds_lsp.workspace.privacy.formats import HAS_DIGIT, find_in_known_formats
from ds_lsp.workspace.privacy.masking import FILLER, Secret, merge_overlaps, shift
from ds_lsp.workspace.privacy.private_keys import find_private_keys
from ds_lsp.workspace.privacy.secret_names import WORDS, WordPattern, lower

__all__ = [
    "MaskedText",
    "Secret",
    "compile_patterns",
    "cut_secret",
    "find_secrets",
    "mask",
    "masked_lines",
]

_NO_CURSOR = -1
_MAX_SHORT_LINE = 1_000
_MIN_LINE = 8
"""Minimum characters of a line that can hold a secret."""
_MAX_JUDGED_BEFORE = 4_000
"""Maximum characters before a completion that are judged together with it."""


@dataclass(frozen=True, slots=True)
class MaskedText:
    """A masked text, as long as the original line for line, and the rules that found secrets."""

    text: str
    rules: tuple[str, ...] = ()


def mask(text: str, cursor: int = _NO_CURSOR) -> MaskedText:
    """Replace every secret in *text* by filler of the same length.

    A string that the user is typing at *cursor*, beside a name like password, is taken for a
    secret before it looks like one.
    """
    secrets = find_secrets(text, cursor)
    if not secrets:
        return MaskedText(text)
    pieces, at = [], 0
    for secret in secrets:
        pieces += [text[at : secret.start], FILLER * (secret.end - secret.start)]
        at = secret.end
    rules = dict.fromkeys(secret.rule for secret in secrets)
    return MaskedText("".join([*pieces, text[at:]]), tuple(rules))


def compile_patterns() -> None:
    """Compile the patterns for the first lines of a session."""
    mask("password = 1\n")


def find_secrets(text: str, cursor: int = _NO_CURSOR) -> list[Secret]:
    """Return the secrets of a text, in order, without overlaps."""
    # A carriage return ends a line here even if the client counts it as a character.
    text = show_carriage_returns(text)
    found = list(find_private_keys(text))
    if cursor == _NO_CURSOR:
        return merge_overlaps([*found, *_find_in_lines(text, None).secrets])
    # The lines above and below the cursor's were judged a keystroke ago, and are cached.
    start = _line_start(text, cursor)
    ends = (text.find("\n", cursor), text.find("\r", cursor))
    end = min((each for each in ends if each >= 0), default=len(text))
    above = _find_in_same_lines(text[: start - 1], None) if start else NOTHING
    line = _find_in_line(text[start:end], above.carry, cursor - start)
    below = _find_in_same_lines(text[end + 1 :], line.carry) if end < len(text) else NOTHING
    found += above.secrets
    found += shift(line.secrets, start)
    found += shift(below.secrets, end + 1)
    return merge_overlaps(found)


def _find_in_lines(text: str, carry: Carry | None) -> LineSecrets:
    # A CRLF becomes two line ends, and no offset moves.
    text = text.replace("\r", "\n")
    lowered = lower(text)
    search = (_ASCII_HINT if text.isascii() else _HINT).search
    found: list[Secret] = []
    start = 0
    while start <= len(text):
        # One search skips all lines without a hint, which are most.
        if carry is None:
            hint = search(lowered, start)
            if hint is None:
                break
            start = max(text.rfind("\n", start, hint.start()) + 1, start)
        end = text.find("\n", start)
        line = text[start : end if end >= 0 else len(text)]
        if carry is not None or len(line) >= _MIN_LINE:
            known = (_find_in_short_line if len(line) <= _MAX_SHORT_LINE else _find_in_long_line)(
                line, carry
            )
            if known is not NOTHING:
                found += shift(known.secrets, start)
            carry = known.carry
        start += len(line) + 1
    return LineSecrets(tuple(found), carry)


# Cached for the text above and below the cursor, and before a completion: three texts for each of
# two documents, this and the last one.
_find_in_same_lines = lru_cache(6)(_find_in_lines)


def masked_lines(text: str) -> Iterator[str]:
    """Yield a masked text in pieces, so that the caller can give way between them.

    A piece is at most a line; it is empty while a long line is still being judged.
    """
    text = show_carriage_returns(text)
    keys = merge_overlaps(find_private_keys(text))
    carry: Carry | None = None
    start = first = 0
    for line in _split_lines(text):
        end = start + len(line)
        known = NOTHING
        if carry is not None or len(line) >= _MIN_LINE:
            slices = _find_in_slices(line, carry)
            while True:
                try:
                    next(slices)
                except StopIteration as done:
                    known = done.value
                    break
                yield ""
        carry = known.carry
        past = first
        while past < len(keys) and keys[past].start < end:
            past += 1
        at = start
        if past > first or known is not NOTHING:
            for each in merge_overlaps([*shift(known.secrets, start), *keys[first:past]]):
                yield text[at : each.start]
                yield FILLER * (each.end - each.start)
                at = each.end
        first = past
        yield text[at : end + 1]
        start = end + 1


def cut_secret(completion: str, before: str, after: str) -> str:
    """Return *completion* up to its first secret or filler, without blanks at the cut."""
    end = len(completion)
    filler = _FILLER.search(completion)
    # A document that has such a run of its own may be offered another.
    if filler and not _FILLER.search(before) and not _FILLER.search(after):
        end = filler.start()
    head = _last_lines(before)
    for secret in _find_in_end(head + completion[:end], len(head)):
        if secret.end > len(head):
            end = max(secret.start - len(head), 0)
            break
    return completion if end == len(completion) else completion[:end].rstrip()


def _find_in_end(text: str, at: int) -> list[Secret]:
    """Find secrets as `find_secrets` does, with the cached judgment of the lines above *at*."""
    text = show_carriage_returns(text)
    start = _line_start(text, at)
    above = _find_in_same_lines(text[: start - 1], None) if start else NOTHING
    below = shift(_find_in_lines(text[start:], above.carry).secrets, start)
    return merge_overlaps([*find_private_keys(text), *above.secrets, *below])


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _last_lines(before: str) -> str:
    """Return the lines before a completion that are judged together with it."""
    before = show_carriage_returns(before)
    if len(before) <= _MAX_JUDGED_BEFORE:
        return before
    line = _line_start(before, len(before))
    first = before.find("\n", len(before) - _MAX_JUDGED_BEFORE, line) + 1
    return before[first or line :]


_FILLER = re.compile(FILLER + "{4,}")


def _split_lines(text: str) -> list[str]:
    # A CRLF becomes two line ends, and no offset moves.
    return text.replace("\r", "\n").split("\n")


def _find_in_line(line: str, carry: Carry | None, cursor: int = _NO_CURSOR) -> LineSecrets:
    slices = _find_in_slices(line, carry, cursor)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: LineSecrets = end.value
            return found


def _find_in_slices(
    line: str, carry: Carry | None, cursor: int = _NO_CURSOR
) -> Generator[None, None, LineSecrets]:
    """Judge a line, and yield now and then, so that the caller can give way."""
    others = list(find_in_known_formats(line)) if HAS_DIGIT.search(line) else []
    lowered = lower(line)
    has_name = (_ASCII_CLUE if line.isascii() else _CLUE).search(lowered) is not None
    found = NOTHING
    if has_name or carry:
        found = yield from find_assignments(line, lowered, carry, cursor)
    if has_name or _SIGN.search(line):
        others += command_lines.find_in_commands(line)
    if not others:
        return found
    return LineSecrets(tuple(merge_overlaps([*found.secrets, *others])), found.carry)


# Most lines hold none of these, and one search for all is cheaper than one for each kind.
_CLUES = (*WORDS, *command_lines.WORDS)
_CLUE = WordPattern(_CLUES)
_ASCII_CLUE = WordPattern(each for each in _CLUES if each.isascii())
_SIGN = WordPattern((), command_lines.SIGNS)
_HINTS = (*(each.lower() for each in command_lines.SIGNS), *"0123456789", "akia", "asia")
_HINT = WordPattern(_CLUES, _HINTS)
_ASCII_HINT = WordPattern((each for each in _CLUES if each.isascii()), _HINTS)
"""A name, a digit or a sign of a command: a line without any of them can hold no secret."""
# Typing changes one line; the others were judged a keystroke ago, and are cached. Long lines have
# a smaller cache, so that a minified file cannot fill it with megabytes.
_find_in_short_line = lru_cache(4096)(_find_in_line)
_find_in_long_line = lru_cache(64)(_find_in_line)
