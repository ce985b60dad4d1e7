"""Finds private keys in a text: PEM of every kind, OpenPGP, PuTTY, SSH2, OpenVPN."""

import re
from collections.abc import Iterator

from ds_lsp.workspace.privacy.masking import Secret

_MARKS = ("PRIVATE KEY", "OpenVPN Static key", "Private-Lines: ")
_NAME = r"(?:[ A-Z0-9_-]{0,60}?PRIVATE KEY(?: BLOCK)?| OpenVPN Static key V1) ?-----?"
_KEY_BEGIN = re.compile(rf"----[-]? ?BEGIN{_NAME}|Private-Lines: [0-9]{{1,4}}(?=[\r\n\\])")
_KEY_END = re.compile(rf"----[-]? ?END{_NAME}")
# A header's name is not part of the key.
_KEY_RUN = re.compile(
    r"\\[nrt]|^[ \t]{0,40}+[A-Z][A-Za-z-]{2,30}: |(?P<run>[A-Za-z0-9+/=]{4,})", re.MULTILINE
)
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=]{16}")
# A line of base64, perhaps in a string, with the signs that a language puts around it.
_KEY_LINE = re.compile(
    r"""[\s"'`#*>|+,;.()\\&/-]{0,40}+(?:[A-Za-z0-9+/=]++)(?:\\[nr])*+[\s"'`+,;.()\\&]*"""
)
_KEY_HEADER = re.compile(
    r"""[\s"'`#*>|+,;.()\\&/-]{0,40}+(?:(?!Private-Lines)[A-Z][A-Za-z-]{2,30}: .*)?"""
)


def find_private_keys(text: str) -> Iterator[Secret]:
    """Find the base64 of private keys, also of a key that begins or ends outside the text."""
    if not any(mark in text for mark in _MARKS):
        return
    plain = text.replace("\r", "\n")
    for begin in _KEY_BEGIN.finditer(plain):
        yield from _find_runs(plain, begin.end(), _find_key_end(plain, begin.end()))
    for end in _KEY_END.finditer(plain):
        yield from _find_runs(plain, _find_key_start(plain, end.start()), end.start())


def _find_key_end(text: str, start: int) -> int:
    """Return the end of a key that begins at *start*, found by the look of its lines."""
    line_end = _find_line_end(text, start)
    marker = text.find("-----", start, line_end)
    if marker >= 0:
        return marker
    at, is_short = line_end, False
    while at < len(text):
        end = _find_line_end(text, at + 1)
        line = text[at + 1 : end]
        if _KEY_LINE.fullmatch(line):
            if is_short:
                break
            is_short = _LONG_RUN.search(line) is None
        elif not _KEY_HEADER.fullmatch(line):
            break
        at = end
    return at


def _find_key_start(text: str, end: int) -> int:
    """Return the start of a key that ends at *end*, found by the look of its lines."""
    at = text.rfind("\n", 0, end) + 1
    marker = text.rfind("-----", at, end)
    if marker >= 0:
        return marker
    is_last = True
    while at > 0:
        start = text.rfind("\n", 0, at - 1) + 1
        line = text[start : at - 1]
        is_line = _KEY_LINE.fullmatch(line) is not None
        if not (is_line and (is_last or _LONG_RUN.search(line))) and line.strip():
            break
        is_last = is_last and not line.strip()
        at = start
    return at


def _find_runs(text: str, start: int, end: int) -> Iterator[Secret]:
    if _LONG_RUN.search(text, start, end):
        for found in _KEY_RUN.finditer(text, start, end):
            if found["run"]:
                yield Secret("private-key", *found.span("run"))


def _find_line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
