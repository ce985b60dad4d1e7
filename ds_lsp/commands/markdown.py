"""Shows Markdown in a terminal, line by line, as it arrives."""

import re
from html import unescape

from ds_lsp.visible import escape_control_characters

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"#{1,6} +(.*)")
_SIGN = r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<entity>&lt;|&#(?:33|60|91|93|96);)"
_ESCAPED = re.compile(_SIGN)
_INLINE = re.compile(rf"(?P<code>(`++)(?P<inner>.+?)\2)|\*\*(?P<strong>\S(?:.*?\S)?)\*\*|{_SIGN}")
"""The entities are those that `harmless` writes."""
MAX_LINE_CHARS = 1_000
"""Maximum characters of a line in which code and strong words are looked for."""
_BOLD, _CODE, _DIM = "1", "36", "2"


class Rendered:
    """What a terminal is shown: headings and strong words bold, code in color."""

    def __init__(self) -> None:
        self._fence = ""

    def line(self, line: str) -> str:
        line = escape_control_characters(line, keep="\t")
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._fence):
                self._fence = ""
                return ""
            return _ink(_CODE, f"    {line}")
        if fence:
            self._fence = fence[1]
            return ""
        if len(line) > MAX_LINE_CHARS:
            return line
        heading = _HEADING.fullmatch(line)
        if heading:
            return _ink(_BOLD, _INLINE.sub(_bare, heading[1]))
        quoted = line.lstrip().startswith(">")
        return _ink(_DIM, line) if quoted else _INLINE.sub(_inked, line)


def _inked(found: re.Match[str]) -> str:
    if found["code"]:
        return _ink(_CODE, found["inner"])
    return _ink(_BOLD, _plain(found["strong"])) if found["strong"] else _sign(found)


def _bare(found: re.Match[str]) -> str:
    return found["inner"] or _plain(found["strong"] or "") or _sign(found)


def _plain(text: str) -> str:
    return _ESCAPED.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    return found["escaped"] or unescape(found["entity"])


def _ink(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""
