"""Matches names against gitignore patterns as git does, all patterns of a list at once.

The rules are those of git's ``wildmatch.c`` and ``dir.c``, quirks included, on bytes. A list
becomes one automaton whose states are the bits of an integer. Reading a byte of a name costs a few
operations on that integer, however the patterns are written: no pattern can make it slow.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_SPECIAL = re.compile(rb"[*?\[\\]")
_SLASH, _STAR, _ANY, _BRACKET, _BACKSLASH, _MINUS = b"/*?[\\-"
_HASH, _ONE = b"#1"
_CLASSES = {
    "alnum": r"[a-zA-Z0-9]",
    "alpha": r"[a-zA-Z]",
    "blank": r"[ \t]",
    "cntrl": r"[\x00-\x1f\x7f]",
    "digit": r"[0-9]",
    "graph": r"[!-~]",
    "lower": r"[a-z]",
    "print": r"[ -~]",
    "punct": r"[!-/:-@\[-`{-~]",
    "space": r"[ \t\n\r]",
    "upper": r"[A-Z]",
    "xdigit": r"[0-9a-fA-F]",
}
"""Characters of each class that git knows; to git, a vertical tab is no space."""


class Match(NamedTuple):
    """The number of the last line that matches a name, or `NONE`."""

    if_folder: int
    """The last of all lines."""
    if_file: int
    """The last of the lines that are not for folders only."""


NONE = -1
"""Stands for a line's number when no line matches."""
_NO_MATCH = Match(NONE, NONE)


class Patterns:
    """A list of patterns, one per line.

    A pattern without a slash is matched with a name alone. The others are matched with the path
    from the list's folder on, part by part: begin with `start`, then call `read` for each name and
    `enter` for each slash.
    """

    def __init__(self, lines: Sequence[bytes], *, ignores_case: bool = False) -> None:
        self.lines = lines
        self.bad: list[bytes] = []
        """Lines that match nothing, or have a range that matches nothing."""
        self._ignores_case = ignores_case
        self._names = _Automaton(ignores_case)
        self._paths = _Automaton(ignores_case)
        for number, line in enumerate(lines):
            if line[:1] != b"#" and not self._add(number, line):
                self.bad.append(line)
        self._names.seal()
        self._paths.seal()
        self.start = self._paths.start

    def read(self, state: int, name: bytes) -> int:
        """Return the state after one name of a path."""
        return self._paths.run(state, self._fold(name)) if state else 0

    def enter(self, state: int) -> int:
        """Return the state after a slash."""
        return self._paths.run(state, b"/") if state else 0

    def match(self, state: int, name: bytes) -> Match:
        """Return the last lines that match a name, given the state after it."""
        by_name = self._names.match(self._names.run(self._names.start, self._fold(name)))
        by_path = self._paths.match(state)
        if by_path is _NO_MATCH:
            return by_name
        return Match(*map(max, by_name, by_path))

    def is_negated(self, number: int) -> bool:
        """Return whether a matching line lets in a file that other lines exclude."""
        return self.lines[number].startswith(b"!")

    def _add(self, number: int, line: bytes) -> bool:
        """Add a pattern. Return False if it, or a range in it, can match nothing."""
        text = _strip_trailing_blanks(line) if line.endswith(b" ") else line
        if not text:
            return True
        begin = text.startswith(b"!")
        only_folders = text.endswith(b"/")
        text = text[begin : len(text) - only_folders]
        kind = self._names
        if b"/" in text:
            # git removes one slash at the beginning, and no more.
            kind, text = self._paths, text.removeprefix(b"/")
        return kind.add(text, number, only_folders) and not kind.has_empty_range

    def _fold(self, name: bytes) -> bytes:
        return name.lower() if self._ignores_case else name


class _Automaton:
    """An automaton of all patterns of one kind. A state is a set of places in them, each a bit.

    At each place stands the byte or class to be read next; at the end of a pattern stands nothing.
    A star is a place that the state may keep while reading. `seal` ends the building.
    """

    def __init__(self, ignores_case: bool) -> None:
        self.start = 0
        self._ignores_case = ignores_case
        self._numbers: list[int] = []
        """The line number of each pattern; the place after the pattern is in `_ends`."""
        self._ends: list[int] = []
        self._file_ends: list[int] = []
        # For each place, the byte to be read there. It is 0, which no name holds, where something
        # other than one byte is read.
        self._bytes = bytearray()
        self._first: list[int] = []
        self._brackets: list[tuple[int, int]] = []
        self._any: list[int] = []
        self._keep: list[int] = []
        self._keep_over_slash: list[int] = []
        self._skip: list[int] = []
        """Places from which the state may go to the place behind their slash without reading."""
        self._reads: dict[int, int] = {}
        self.has_empty_range = False
        """True if the pattern that was added last has a range such as ``z-a``."""

    def add(self, text: bytes, number: int, only_folders: bool) -> bool:
        """Add a pattern. Return False if it can match nothing."""
        places = self._bytes
        begin = len(places)
        self.has_empty_range = False
        special = _SPECIAL.search(text)
        if special is None:
            places += text.lower() if self._ignores_case else text
        if not text or (special and not self._lay_out(text, special.start())):
            # The places that were already appended belong to no first place, so no state
            # reaches them.
            places.append(0)
            return False
        end = len(places)
        self._first.append(begin)
        self._numbers.append(number)
        self._ends.append(end)
        if not only_folders:
            self._file_ends.append(end)
        places.append(0)
        return True

    def seal(self) -> None:
        """Compute the masks of all places; no pattern can be added afterwards."""
        size = len(self._bytes)
        self._size = size
        self._reversed = bytes(reversed(self._bytes))
        self._any_mask = _to_mask(self._any, size)
        self._over_slash_mask = _to_mask(self._keep_over_slash, size)
        self._keep_mask = _to_mask(self._keep, size) | self._over_slash_mask
        self._skip_mask = _to_mask(self._skip, size)
        self._ends_mask = _to_mask(self._ends, size)
        self._file_ends_mask = _to_mask(self._file_ends, size)
        first = _to_mask(self._first, size)
        self.start = first | (first & self._skip_mask) << 1

    def run(self, state: int, text: bytes) -> int:
        """Return the state after reading *text*."""
        reads, skip = self._reads, self._skip_mask
        for byte in text:
            if not state:
                break
            mask = reads.get(byte)
            if mask is None:
                mask = reads[byte] = self._find_places_reading(byte)
            kept = state & (self._over_slash_mask if byte == _SLASH else self._keep_mask)
            state = (state & mask) << 1
            if skip:
                state |= (state & skip) << 1
            state |= kept
        return state

    def match(self, state: int) -> Match:
        """Return the lines whose ends are in *state*."""
        ended = state & self._ends_mask
        if not ended:
            return _NO_MATCH
        return Match(self._last_line(ended), self._last_line(ended & self._file_ends_mask))

    def _last_line(self, ended: int) -> int:
        return self._numbers[bisect_left(self._ends, ended.bit_length() - 1)] if ended else NONE

    def _find_places_reading(self, byte: int) -> int:
        if byte == 0:
            return self._any_mask
        digits = bytearray(self._reversed.translate(_digit_table(byte)))
        for place, members in self._brackets:
            if members >> byte & 1:
                digits[self._size - 1 - place] = _ONE
        return int(digits or b"0", 2) | (0 if byte == _SLASH else self._any_mask)

    def _lay_out(self, text: bytes, begin: int) -> bool:
        """Append the places of a pattern. Return False if it can match nothing.

        *begin* is the offset of its first special character. git compares the text before it, and
        matches the rest as a pattern of its own: `**` there counts as at the beginning, too.
        """
        places = self._bytes
        places += text[:begin].lower() if self._ignores_case else text[:begin]
        at = begin
        while at < len(text):
            sign = text[at]
            if sign == _STAR:
                is_aligned = at == begin or text[at - 1] == _SLASH
                at = self._lay_out_star(text, at, is_aligned=is_aligned)
            elif sign == _ANY:
                self._any.append(len(places))
                places.append(0)
                at += 1
            elif sign == _BRACKET:
                found = read_bracket(text, at, ignores_case=self._ignores_case)
                if not found:
                    return False
                at, members, has_empty_range = found
                self._brackets.append((len(places), members))
                places.append(0)
                self.has_empty_range |= has_empty_range
            elif sign == _BACKSLASH:
                if at + 1 == len(text):
                    return False
                # git does not fold the case of an escaped letter; it folds that of names.
                places.append(text[at + 1])
                at += 2
            else:
                special = _SPECIAL.search(text, at)
                end = special.start() if special else len(text)
                places += text[at:end].lower() if self._ignores_case else text[at:end]
                at = end
        return True

    def _lay_out_star(self, text: bytes, at: int, *, is_aligned: bool) -> int:
        """Append the place of the star or stars at *at*, and return the offset behind them."""
        place = len(self._bytes)
        end = at + 1
        while text[end : end + 1] == b"*":
            end += 1
        following = text[end : end + 2]
        is_whole_part = is_aligned and (following[:1] in (b"", b"/") or following == b"\\/")
        if end - at < 2 or not is_whole_part:
            self._keep.append(place)
            return end
        if following[:1] != b"/":
            self._keep_over_slash.append(place)
            return end
        if self._skip and self._skip[-1] == place - 1:
            # `**/**/` means the same as `**/`.
            return end + 1
        self._keep_over_slash.append(place)
        self._skip.append(place)
        self._bytes.append(_SLASH)
        return end + 1


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of an ignore file that may hold patterns, as git reads them.

    Of equal lines only the last one is kept, as it decides.
    """
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    kept = [line for line in lines if line and line[0] != _HASH and line != b"\r"]
    if b"\r" in data:
        kept = [line.removesuffix(b"\r") for line in kept]
    if b"\0" in data:
        # A NUL ends a line for git.
        kept = [line.partition(b"\0")[0] for line in kept]
    return list(dict.fromkeys(reversed(kept)))[::-1]


def _strip_trailing_blanks(line: bytes) -> bytes:
    text = line.rstrip(b" ")
    if len(text) == len(line):
        return line
    backslashes = len(text) - len(text.rstrip(b"\\"))
    return text + b" " if backslashes % 2 else text


def _to_mask(places: Sequence[int], size: int) -> int:
    """Return an integer with a bit for each of *places*."""
    digits = bytearray(b"0") * size
    for place in places:
        digits[size - 1 - place] = _ONE
    return int(digits or b"0", 2)


@lru_cache(256)
def _digit_table(byte: int) -> bytes:
    table = bytearray(b"0" * 256)
    table[byte] = _ONE
    return bytes(table)


class Bracket(NamedTuple):
    """A bracket expression."""

    end: int
    """Offset behind its closing bracket."""
    members: int
    """The bytes that it matches, a bit for each."""
    has_empty_range: bool


def read_bracket(text: bytes, at: int, *, ignores_case: bool) -> Bracket | None:
    """Read the bracket expression at *at*.

    Returns None if it is not closed, names an unknown class, or has no members.
    """
    at += 1
    is_negated = text[at : at + 1] in (b"!", b"^")
    at += is_negated
    members = previous = 0
    closing = -1
    has_empty_range = False
    # A `]` at the beginning is a member, so the end is looked for after each member only.
    while True:
        if at >= len(text):
            return None
        byte = text[at]
        if byte == _BACKSLASH:
            at += 1
            if at >= len(text):
                return None
            byte = text[at]
            members |= 1 << byte
        elif byte == _MINUS and previous and text[at + 1 : at + 2] not in (b"", b"]"):
            at += 1 + (text[at + 1] == _BACKSLASH)
            if at >= len(text):
                return None
            members |= _range_members(previous, text[at], ignores_case)
            has_empty_range |= text[at] < previous
            byte = 0
        elif byte == _BRACKET and text[at + 1 : at + 2] == b":":
            # The search is not repeated for each `[:`, as a line may hold thousands of them.
            closing = closing if closing >= at + 2 else text.find(b"]", at + 2)
            if closing < 0:
                return None
            if closing == at + 2 or text[closing - 1] != ord(":"):
                members |= 1 << byte
            else:
                named = _class_members(text[at + 2 : closing - 1], ignores_case)
                if named is None:
                    return None
                members |= named
                at, byte = closing, 0
        else:
            members |= 1 << byte
        previous = byte
        at += 1
        if text[at : at + 1] == b"]":
            break
    if is_negated:
        members = ~members
    members &= _NAME_BYTES
    return Bracket(at + 1, members, has_empty_range) if members else None


_NAME_BYTES = (1 << 256) - 1 & ~(1 << 0 | 1 << _SLASH)
"""The bytes that the name of a file can hold, a bit for each."""


def _range_members(first: int, last: int, ignores_case: bool) -> int:
    members = (1 << last + 1) - (1 << first) if last >= first else 0
    # Names are in lower case if case is ignored.
    return members | members >> ord("A") << ord("a") & _LOWER if ignores_case else members


_LOWER = sum(1 << byte for byte in range(ord("a"), ord("z") + 1))


@lru_cache(64)
def _class_members(name: bytes, ignores_case: bool) -> int | None:
    regex = _CLASSES.get(name.decode("latin-1"))
    if regex is None:
        return None
    members = sum(1 << byte for byte in range(128) if re.match(regex, chr(byte)))
    return members | _LOWER if ignores_case and name == b"upper" else members
