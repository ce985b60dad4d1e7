"""Decodes server-sent events from bytes that may be split anywhere; no I/O."""

import re

MAX_EVENT_BYTES = 1024 * 1024
"""Maximum bytes of a line or event; a chunk of a completion has some hundred."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """A line or an event went over `MAX_EVENT_BYTES`."""


class SseDecoder:
    """Turns the bytes of one stream into the payloads of its events.

    Only the field ``data`` is read; comments, other fields and blank lines yield nothing
    (WHATWG HTML, "Server-sent events"). After an error, the decoder must not be used again.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        """The line whose end has not arrived yet."""
        self._data: list[bytes] = []
        """The data lines of the event whose blank line has not arrived yet."""
        self._data_bytes = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[str]:
        """Return the payloads of the events that *chunk* completes.

        Raises `EventTooLargeError`.
        """
        if not chunk:
            return []
        # The line has ended at its \r already: the \n of that line end must not end another.
        rest = chunk.removeprefix(b"\n") if self._after_cr else chunk
        self._after_cr = chunk.endswith(b"\r")
        # Only the new bytes are searched, so that a long line does not take quadratic time.
        head, *lines = _LINE_END.split(rest)
        self._line += head
        payloads = []
        for line in lines:
            payloads += self._end_line()
            self._line += line
        self._check_size()
        return payloads

    def end(self) -> list[str]:
        """Return the payload that was waiting for a line end when the stream ended.

        Raises `EventTooLargeError`.
        """
        payloads = self._end_line()
        return payloads + self._end_event()

    def _end_line(self) -> list[str]:
        self._check_size()
        line = bytes(self._line)
        self._line.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._end_event()
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value) + 1
        return []

    def _end_event(self) -> list[str]:
        if not self._data:
            return []
        payload = b"\n".join(self._data).decode("utf-8", "replace")
        self._data.clear()
        self._data_bytes = 0
        return [payload]

    def _check_size(self) -> None:
        if len(self._line) + self._data_bytes > MAX_EVENT_BYTES:
            raise EventTooLargeError(f"an event of more than {MAX_EVENT_BYTES} bytes")
