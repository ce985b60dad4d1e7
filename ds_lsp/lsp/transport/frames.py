"""Cuts messages out of bytes that may be split anywhere, or be no messages at all; no I/O."""

import json
import re
from dataclasses import dataclass
from typing import TypeGuard

MAX_BODY_BYTES = 64 << 20
"""Maximum bytes of a message; larger ones are skipped. A document of a million lines makes a
message of 47 MB."""
MAX_HEADER_BYTES = 8 << 10
"""Maximum bytes of a header, which usually has some fifty; a longer one is given up."""
EDGE_BYTES = 4096
"""Bytes kept of each end of a message that is skipped, to find its method, id and document."""

# Ten digits: a client that announces more than gigabytes would make us wait forever.
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*([0-9]{1,10})[ \t]*\r?\n\Z", re.IGNORECASE)
_OVERLAP = 64
"""Maximum bytes of a line with the length, with room for blanks."""
_OTHER_HEADER = re.compile(rb"(?!content-length)[A-Za-z0-9-]+[ \t]*:", re.IGNORECASE)


_STRICT_HEADER = re.compile(
    rb"content-(length[ \t]*:[ \t]*[0-9]{1,10}[ \t]*|type[ \t]*:[^\r\n]*)\r?\n", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message, without its header."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A message that was skipped: its size in bytes, and both ends."""

    size: int
    head: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no message; *what* describes them. Reading continues at the next header."""

    what: str


Frame = Message | TooLarge | Garbage


class Framer:
    """Cuts a stream into messages, and finds the next header after bytes that are none.

    A string of JSON cannot contain a line break, so a line that ends in a length is a header,
    whatever text is in front of it. At most `max_body_bytes` and one chunk are held in memory.

    A strict framer accepts only the two headers of LSP, and returns `Garbage` at the first byte of
    anything else: the caller must not read on.
    """

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES, *, is_strict: bool = False) -> None:
        self._max_body_bytes = max_body_bytes
        self.is_strict = is_strict
        self._headers_seen: set[bytes] = set()
        self._buffer = bytearray()
        self._length: int | None = None
        """Bytes of the body, as announced by the header being read."""
        self._header_bytes = 0
        self._missing: int | None = None
        """Bytes of the body still to be returned or skipped; None while in a header."""
        self._head = self._tail = b""
        self._size = 0
        self._is_lost = False

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk

    def take(self) -> Frame | None:
        """Return the next frame; None if it has not arrived completely."""
        while self._missing is None:
            if self.is_strict and (garbage := self._find_foreign()):
                return garbage
            line = self._take_line()
            if line is None:
                if len(self._buffer) <= MAX_HEADER_BYTES:
                    return None
                # Keep its end, which may be the start of a header.
                del self._buffer[:-_OVERLAP]
                self._length = None
                line = b"no end"
            garbage = self._read_line(line)
            if garbage:
                return garbage
        return self._take_body(self._missing)

    @property
    def rest(self) -> bytes:
        """Bytes received after the last frame that was taken."""
        return bytes(self._buffer)

    @property
    def is_oversized(self) -> bool:
        """Return whether the message being read is longer than `max_body_bytes`."""
        return (self._missing or 0) > self._max_body_bytes

    def end(self) -> Garbage | None:
        """End the stream. Return `Garbage` if it ends within a message."""
        is_between = self._missing is None and self._length is None and not self._buffer.strip()
        return None if is_between else Garbage("the input ends within a message")

    def _find_foreign(self) -> Garbage | None:
        """Return `Garbage` if the next line, complete or not, cannot be part of an LSP header.

        A header has Content-Length and Content-Type, at most once each, in any order.
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
        return (
            None
            if is_good
            else self._report_garbage("what is no header of LSP ends the connection")
        )

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
            return None if is_header else self._report_garbage("what is no header is read past")
        self._header_bytes += len(line)
        if not line.strip():
            self._missing, self._length = self._length, None
            self._headers_seen.clear()
            self._head = self._tail = b""
        elif self._header_bytes > MAX_HEADER_BYTES:
            self._length = None
            return self._report_garbage("a header has no end")
        return None

    def _begin_header(self, length: int, *, is_whole_line: bool) -> Garbage | None:
        garbage = None
        if not is_whole_line:
            garbage = self._report_garbage("what is no header is read past")
        elif self._length not in (None, length):
            garbage = self._report_garbage("a header has two lengths")
        self._length, self._header_bytes, self._is_lost = length, 0, False
        return garbage

    def _report_garbage(self, what: str) -> Garbage | None:
        """Return `Garbage` once; then None until a header is found again."""
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
        return self._skip(missing)

    def _skip(self, missing: int) -> TooLarge | None:
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
    """Return whether *line* can become a header that a strict framer accepts."""
    small = line.lower()
    if any(name.startswith(small) for name in (b"content-length", b"content-type")):
        return True
    # It can if one of the shortest completions makes a header of it.
    return any(_STRICT_HEADER.fullmatch(small + end) for end in (b"\n", b"0\n", b":0\n"))


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """The method, id and document of a message that was not parsed."""

    method: str | None = None
    id: int | str | None = None
    uri: str = ""
    """The uri of the document that the message is about; empty if it was not found."""


# In a string of JSON, a quotation mark is preceded by a backslash: these never match within text.
_STRING = r'"(?:[^"\\\x00-\x1f]|\\.)*"'
_URI = re.compile(rf'(?<!\\)"uri"\s*:\s*({_STRING})')
_FIRST_MEMBER = re.compile(rf"\s*{{\s*({_STRING})\s*:\s*")
_NEXT_MEMBER = re.compile(rf"\s*,\s*({_STRING})\s*:\s*")
_LAST_MEMBER = re.compile(rf',\s*"(id|method|jsonrpc)"\s*:\s*({_STRING}|-?[0-9]{{1,20}})\s*\Z')
_decode = json.JSONDecoder().raw_decode


def summarize(head: bytes, tail: bytes) -> MessageSummary:
    """Return method, id and document of a message, read from its two ends."""
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
    """Return whether *value* can be the id of a message: LSP allows integers and strings."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def _first_members(text: str) -> dict[str, object]:
    """Return the members of the object that *text* begins with, up to the first incomplete one."""
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
    """Return the last short members of the object that *text* ends with."""
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
