"""Renders Markdown for a terminal, line by line, as it arrives."""

import re
from html import unescape

from ds_lsp.text.visible import escape_control_characters

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"#{1,6} +(.*)")
_SIGN = r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<entity>&lt;|&#(?:33|60|91|93|96);)"
_ESCAPED = re.compile(_SIGN)
_INLINE = re.compile(rf"(?P<code>(`++)(?P<inner>.+?)\2)|\*\*(?P<strong>\S(?:.*?\S)?)\*\*|{_SIGN}")
"""Inline marks of a line. The entities are those that `ds_lsp.chat.sanitize` writes."""
MAX_LINE_CHARS = 1_000
"""Maximum characters of a line whose inline marks are rendered."""
_BOLD, _CODE, _DIM = "1", "36", "2"


class Rendered:
    """Markdown rendered for a terminal: headings and strong words bold, code in color."""

    def __init__(self) -> None:
        self._fence = ""

    def line(self, line: str) -> str:
        line = escape_control_characters(line, keep="\t")
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._fence):
                self._fence = ""
                return ""
            return _paint(_CODE, f"    {line}")
        if fence:
            self._fence = fence[1]
            return ""
        if len(line) > MAX_LINE_CHARS:
            return line
        heading = _HEADING.fullmatch(line)
        if heading:
            return _paint(_BOLD, _INLINE.sub(_strip_inline, heading[1]))
        quoted = line.lstrip().startswith(">")
        return _paint(_DIM, line) if quoted else _INLINE.sub(_render_inline, line)


def _render_inline(found: re.Match[str]) -> str:
    if found["code"]:
        return _paint(_CODE, found["inner"])
    return _paint(_BOLD, _unescape_all(found["strong"])) if found["strong"] else _unescape(found)


def _strip_inline(found: re.Match[str]) -> str:
    return found["inner"] or _unescape_all(found["strong"] or "") or _unescape(found)


def _unescape_all(text: str) -> str:
    return _ESCAPED.sub(_unescape, text)


def _unescape(found: re.Match[str]) -> str:
    return found["escaped"] or unescape(found["entity"])


def _paint(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""
