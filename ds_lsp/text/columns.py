"""Columns in a client's units, and their conversion to and from character indexes."""

from enum import Enum


class PositionEncoding(Enum):
    """The unit in which a client counts columns; the values are LSP's names."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def column_to_index(line: str, column: int, encoding: PositionEncoding) -> int:
    """Return the character index of a column; within a character, the character's start."""
    column = max(column, 0)
    if encoding is PositionEncoding.UTF32 or line.isascii():
        return min(column, len(line))
    # A character takes at least one column.
    line = line[:column]
    data = line.encode(_CODEC[encoding], "surrogatepass")
    if len(data) == len(line) * _UNIT_BYTES[encoding]:
        return len(line)
    end = min(column * _UNIT_BYTES[encoding], len(data))
    while end < len(data) and _is_inside(data, end, encoding):
        end -= _UNIT_BYTES[encoding]
    return len(data[:end].decode(_CODEC[encoding], "surrogatepass"))


def width(text: str, encoding: PositionEncoding) -> int:
    """Return the number of columns that a part of a line takes."""
    if encoding is PositionEncoding.UTF32 or text.isascii():
        return len(text)
    return len(text.encode(_CODEC[encoding], "surrogatepass")) // _UNIT_BYTES[encoding]


# Encoding and decoding run at C's speed: a line may be a megabyte of Chinese.
_CODEC = {PositionEncoding.UTF8: "utf-8", PositionEncoding.UTF16: "utf-16-le"}
_UNIT_BYTES = {PositionEncoding.UTF8: 1, PositionEncoding.UTF16: 2}


def _is_inside(data: bytes, at: int, encoding: PositionEncoding) -> bool:
    """Return whether the code unit at *at* continues a character that began before it."""
    if encoding is PositionEncoding.UTF8:
        return data[at] & 0xC0 == 0x80
    is_low = data[at + 1] & 0xFC == 0xDC
    return is_low and at > 0 and data[at - 1] & 0xFC == 0xD8
