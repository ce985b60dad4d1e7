"""Messages out of bytes that may be cut anywhere and may be no messages at all; no I/O."""

import json
import re
from dataclasses import dataclass
from typing import TypeGuard

MAX_BODY_BYTES = 64 << 20
"""Larger messages are read past. A document of a million lines makes a message of 47 MB."""
MAX_HEADER_BYTES = 8 << 10
"""A header has some fifty; in a longer one the end is not waited for."""
EDGE_BYTES = 4096
"""What is kept of either end of a message that is read past: its method, id and document."""

# Ten digits: nobody sends more than gigabytes, and waiting for the end of that would be forever.
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*([0-9]{1,10})[ \t]*\r?\n\Z", re.IGNORECASE)
_OVERLAP = 64
"""Bytes that a line with the length takes, with room for blanks."""
_OTHER_HEADER = re.compile(rb"(?!content-length)[A-Za-z0-9-]+[ \t]*:", re.IGNORECASE)


_STRICT_HEADER = re.compile(
    rb"content-(length[ \t]*:[ \t]*[0-9]{1,10}[ \t]*|type[ \t]*:[^\r\n]*)\r?\n", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A message that was read past."""

    size: int
    head: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    """Something that is no message: what, in words. Reading goes on at the next header."""

    what: str


Frame = Message | TooLarge | Garbage


class Framer:
    """Cuts a stream into messages, and finds the next header after whatever is none.

    A line break cannot stand within a string of JSON, so a line that ends in a length is a header,
    whatever stands before it. No more is held than `max_body_bytes` and a piece of the stream.

    A strict one takes nothing but the protocol's two headers, and says so at the first byte of
    anything else: what comes behind is not to be read.
    """

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES, *, is_strict: bool = False) -> None:
        self._max_body_bytes = max_body_bytes
        self.is_strict = is_strict
        self._headers_seen: set[bytes] = set()
        self._buffer = bytearray()
        self._length: int | None = None
        """What the header being read has announced."""
        self._header_bytes = 0
        self._missing: int | None = None
        """Bytes of the body still to be cut out or read past; None: in a header."""
        self._head = self._tail = b""
        self._size = 0
        self._is_lost = False

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk

    def take(self) -> Frame | None:
        """The next frame; None when the rest of it has not arrived."""
        while self._missing is None:
            if self.is_strict and (garbage := self._find_foreign()):
                return garbage
            line = self._take_line()
            if line is None:
                if len(self._buffer) <= MAX_HEADER_BYTES:
                    return None
                # Its end may be the start of a header.
                del self._buffer[:-_OVERLAP]
                self._length = None
                line = b"no end"
            garbage = self._read_line(line)
            if garbage:
                return garbage
        return self._take_body(self._missing)

    @property
    def rest(self) -> bytes:
        """Bytes behind the last frame that was taken."""
        return bytes(self._buffer)

    @property
    def is_oversized(self) -> bool:
        """Whether the message being read is longer than `max_body_bytes`."""
        return (self._missing or 0) > self._max_body_bytes

    def end(self) -> Garbage | None:
        """What there is to say of a stream that ends here."""
        is_between = self._missing is None and self._length is None and not self._buffer.strip()
        return None if is_between else Garbage("the input ends within a message")

    def _find_foreign(self) -> Garbage | None:
        """Return garbage if the next line, whole or not, cannot stand in a header of the protocol.

        A header is Content-Length and Content-Type, each once and in either order.
        """
        end = self._buffer.find(b"\n") + 1
        line = bytes(self._buffer[: end or len(self._buffer)])
        name = line.lower().partition(b":")[0].rstrip()
        if self._length is not None and line in (b"", b"\r", b"\r\n", b"\n"):
            is_good = True
        elif end:
            is_good = bool(_STRICT_HEADER.fullmatch(line)) and name not in self._headers_seen
            self._headers_seen.add(name)
        else:
            is_good = _can_begin_header(line) and name not in self._headers_seen
        return None if is_good else self._lose("what is no header of LSP ends the connection")

    def _take_line(self) -> bytes | None:
        if self._length is None and self._buffer.startswith((b"\r", b"\n")):
            self._buffer = self._buffer.lstrip(b"\r\n")
        end = self._buffer.find(b"\n") + 1
        if not end:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line

    def _read_line(self, line: bytes) -> Garbage | None:
        found = _LENGTH.search(line[-_OVERLAP:])
        if found:
            return self._begin_header(int(found[1]), is_whole_line=len(found[0]) == len(line))
        if self._length is None:
            is_header = not line.strip() or _OTHER_HEADER.match(line)
            return None if is_header else self._lose("what is no header is read past")
        self._header_bytes += len(line)
        if not line.strip():
            self._missing, self._length = self._length, None
            self._headers_seen.clear()
            self._head = self._tail = b""
        elif self._header_bytes > MAX_HEADER_BYTES:
            self._length = None
            return self._lose("a header has no end")
        return None

    def _begin_header(self, length: int, *, is_whole_line: bool) -> Garbage | None:
        garbage = None
        if not is_whole_line:
            garbage = self._lose("what is no header is read past")
        elif self._length not in (None, length):
            garbage = self._lose("a header has two lengths")
        self._length, self._header_bytes, self._is_lost = length, 0, False
        return garbage

    def _lose(self, what: str) -> Garbage | None:
        """Said once, until a header is found again."""
        is_known, self._is_lost = self._is_lost, True
        return None if is_known else Garbage(what)

    def _take_body(self, missing: int) -> Frame | None:
        if not self._head and missing <= self._max_body_bytes:
            if len(self._buffer) < missing:
                return None
            with memoryview(self._buffer) as view:
                data = bytes(view[:missing])
            del self._buffer[:missing]
            self._missing = None
            return Message(data)
        return self._read_past(missing)

    def _read_past(self, missing: int) -> TooLarge | None:
        piece = bytes(self._buffer[:missing])
        del self._buffer[:missing]
        if not self._head:
            self._size = missing
        self._head += piece[: EDGE_BYTES - len(self._head)]
        self._tail = (self._tail + piece[-EDGE_BYTES:])[-EDGE_BYTES:]
        self._missing = missing - len(piece) or None
        if self._missing:
            return None
        frame = TooLarge(self._size, self._head, self._tail)
        self._head = self._tail = b""
        return frame


def _can_begin_header(line: bytes) -> bool:
    """Return whether a strict framer may take *line*, once it has its end."""
    small = line.lower()
    if any(name.startswith(small) for name in (b"content-length", b"content-type")):
        return True
    # Completed as shortly as can be, it is one.
    return any(_STRICT_HEADER.fullmatch(small + end) for end in (b"\n", b"0\n", b":0\n"))


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """What is known of a message that was not parsed."""

    method: str | None = None
    id: int | str | None = None
    uri: str = ""
    """The document it is about; empty when it was not seen."""


# Within a string of JSON a quotation mark has a backslash before it, so these are never text.
_STRING = r'"(?:[^"\\\x00-\x1f]|\\.)*"'
_URI = re.compile(rf'(?<!\\)"uri"\s*:\s*({_STRING})')
_FIRST_MEMBER = re.compile(rf"\s*{{\s*({_STRING})\s*:\s*")
_NEXT_MEMBER = re.compile(rf"\s*,\s*({_STRING})\s*:\s*")
_LAST_MEMBER = re.compile(rf',\s*"(id|method|jsonrpc)"\s*:\s*({_STRING}|-?[0-9]{{1,20}})\s*\Z')
_decode = json.JSONDecoder().raw_decode


def glimpse(head: bytes, tail: bytes) -> MessageSummary:
    """Method, id and document of a message, from its two ends."""
    first, last = head.decode("utf-8", "replace"), tail.decode("utf-8", "replace")
    members = _first_members(first) | _last_members(last)
    method, identifier = members.get("method"), members.get("id")
    found = _URI.search(first) or _URI.search(last)
    uri = _value(found[1]) if found else None
    return MessageSummary(
        method if isinstance(method, str) else None,
        identifier if is_usable_id(identifier) else None,
        uri if isinstance(uri, str) else "",
    )


def is_usable_id(value: object) -> TypeGuard[int | str]:
    """Whether an answer can carry *value* as its id. The protocol has whole numbers and texts."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def _first_members(text: str) -> dict[str, object]:
    """The members of the object that *text* begins with, up to the first one that is cut off."""
    members: dict[str, object] = {}
    found = _FIRST_MEMBER.match(text)
    while found:
        try:
            value, end = _decode(text, found.end())
        except (ValueError, RecursionError):
            break
        members[str(_value(found[1]))] = value
        found = _NEXT_MEMBER.match(text, end)
    return members


def _last_members(text: str) -> dict[str, object]:
    """The short members that the object which *text* ends with has at its end."""
    members: dict[str, object] = {}
    text = text.rstrip().removesuffix("}")
    while found := _LAST_MEMBER.search(text):
        members[found[1]] = _value(found[2])
        text = text[: found.start()]
    return members


def _value(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value
