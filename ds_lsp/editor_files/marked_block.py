"""A marked block of lines in a file: inserted, replaced and removed as a unit."""

import re

from ds_lsp.editor_files.file_text import Unreadable, line_of

_NOTE = "Written by `ds-lsp editor NAME --install`; --remove takes it out. Changes in it are lost."


def put_block(
    text: str, line_end: str, comment: str, name: str, body: str, at: int | None = None
) -> str:
    """Return *text* with the block, in its old place or else at the offset *at* or the end.

    *comment* is the mark that begins a comment in the file; *name* is the editor's. Raises
    `Unreadable` if the file holds only half a block.
    """
    note = _NOTE.replace("NAME", name)
    lines = [_begin(comment), f"{comment} {note}", *body.rstrip("\n").split("\n"), _end(comment)]
    block = "".join(line + line_end for line in lines)
    old = _pattern(comment).search(text)
    if old is None:
        _refuse_halves(text, comment)
        at = len(text) if at is None else at
        return text[:at] + block + text[at:]
    return text[: old.start()] + block + take_block(text[old.end() :], comment)


def take_block(text: str, comment: str) -> str:
    """Return *text* without the block. Raises `Unreadable` if it holds only half of one."""
    text = _pattern(comment).sub("", text)
    _refuse_halves(text, comment)
    return text


def find_block(text: str, comment: str) -> str:
    """Return the block with its marks; empty if there is none."""
    found = _pattern(comment).search(text)
    return found.group() if found else ""


def _begin(comment: str) -> str:
    return f"{comment} >>> ds-lsp >>>"


def _end(comment: str) -> str:
    return f"{comment} <<< ds-lsp <<<"


def _pattern(comment: str) -> re.Pattern[str]:
    begin, end = re.escape(_begin(comment)), re.escape(_end(comment))
    inside = rf"(?:(?!{begin}).*\n)*?"
    return re.compile(rf"^{begin}[ \t]*\r?\n{inside}{end}[ \t]*\r?\n", re.MULTILINE)


def _refuse_halves(text: str, comment: str) -> None:
    for mark in (_begin(comment), _end(comment)):
        found = re.search(rf"^{re.escape(mark)}[ \t]*\r?$", text, re.MULTILINE)
        if found:
            line = line_of(text, found.start())
            other = _end(comment) if mark == _begin(comment) else _begin(comment)
            raise Unreadable(
                f"line {line}: the block of ds-lsp has no line `{other}`; "
                "delete what is left of the block, then run this again"
            )
