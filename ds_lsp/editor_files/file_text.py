"""The text of a file, with the details needed to restore it byte for byte."""

from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"


class Unreadable(Exception):  # noqa: N818 - an answer in words
    """Nothing can be merged into the file; the message gives the line and the reason."""


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text, prepared for the insertion of lines anywhere."""

    text: str
    """Empty, or ends with a line end. Bytes that are not UTF-8 are kept as surrogates."""
    line_end: str
    has_bom: bool
    has_last_line_end: bool
    """True if the file ends with a line end, or does not exist.

    False for an existing empty file, so that it is not taken for a missing one.
    """


def decode(data: bytes | None) -> FileText:
    """Return the text of a file's bytes, which are None for a file that does not exist.

    Raises `Unreadable`.
    """
    if data is None:
        return FileText("", "\n", has_bom=False, has_last_line_end=True)
    if b"\0" in data:
        raise Unreadable("it is not a text file in UTF-8")
    has_bom = data.startswith(_BOM)
    text = data.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    first = text.find("\n")
    line_end = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
    has_last_line_end = text.endswith("\n")
    if text.endswith("\r"):
        raise Unreadable("its last line ends with a carriage return alone; add a line end")
    if text and not has_last_line_end:
        text += line_end
    return FileText(text, line_end, has_bom, has_last_line_end)


def encode(text: str, like: FileText) -> bytes | None:
    """Return the bytes of *text* in the form of *like*, or None if the file must not exist.

    The last line end is dropped if the file had none. So a block below the last line takes that
    line's place at the end, and the line has it again when the block is removed.
    """
    if not like.has_last_line_end:
        text = text.removesuffix("\n").removesuffix("\r" if like.line_end == "\r\n" else "")
    elif not text and not like.has_bom:
        return None
    return (_BOM if like.has_bom else b"") + text.encode("utf-8", "surrogateescape")


def line_of(text: str, offset: int) -> int:
    """Return the number of the line, from 1, at *offset*."""
    return text.count("\n", 0, offset) + 1


def replace_spans(text: str, edits: list[tuple[int, int, str]]) -> str:
    """Return *text* with each (start, end, replacement) applied; the spans do not overlap."""
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text
