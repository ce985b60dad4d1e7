"""Makes a model's Markdown harmless: shown in an editor, it can neither fetch nor run anything.

A picture is fetched when it is shown, raw HTML can hold anything, and a link can name a command or
a file of this machine. All three are turned into text, and web links stay. A renderer must not
see code, and so text, where this module saw none, nor the other way round: what could be read both
ways (a code span over several lines, a fence within a list) is written so that it cannot.
"""

import re
from collections.abc import Iterator

_FENCE = re.compile(
    r"(?P<before>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$"
)
_PAIR = r"\\[!-/:-@\[-`{-~]"
"""An escaped character."""
_ESCAPE = re.compile(_PAIR)
_TICKS = re.compile(r"`+")
_WEB = r"\s*<?(?:https?:|mailto:|#)"
_ACTIVE = re.compile(
    rf"(?P<pair>{_PAIR})|(?P<picture>!\[)|(?P<tag><)(?=[A-Za-z/!?])"
    rf"|(?P<link>\])(?=\((?!{_WEB})|:(?!{_WEB}))"
    r"|(?P<name>\b(?:file|command|vscode[\w-]*|javascript|data))(?=:\S)",
    re.IGNORECASE,
)
"""What a renderer may act on, in text."""
_DANGER = re.compile(r"!\[|<[A-Za-z/!?]|\]\(|\]:")


class Harmless:
    """One text, line by line, as it arrives."""

    def __init__(self) -> None:
        self._fence = ""
        """What ends the block of code we are in; empty outside of one."""
        self._indent = 0

    def line(self, line: str) -> str:
        """*line*, without its end, as it may be shown: one line or more."""
        # Markdown knows three line ends, and a stream is cut at one of them.
        return "\n".join(map(self._line, line.removesuffix("\r").split("\r")))

    def end(self) -> str:
        """What is still missing at the end of the text."""
        fence, self._fence = self._fence, ""
        return f"\n{fence}" if fence else ""

    def _line(self, line: str) -> str:
        if self._fence:
            return self._code(line)
        found = _FENCE.match(line)
        if found and not (found["fence"][0] == "`" and "`" in found["info"]):
            return self._open(found)
        if line.startswith("# "):
            # Of that level there are only ours.
            line = "#" + line
        return "".join(_inline(line))

    def _open(self, found: re.Match[str]) -> str:
        # At the margin a fence is one for every renderer, whatever list or quotation it was in.
        self._fence = found["fence"]
        self._indent = len(found["before"])
        before = found["before"].strip(" \t>")
        info = re.sub(r"[^\w+#.-]", "", found["info"])
        return f"{before}\n{self._fence}{info}" if before else self._fence + info

    def _code(self, line: str) -> str:
        quoted = re.match(rf"[ \t>]{{0,{self._indent}}}", line)
        line = line[quoted.end() :] if quoted else line
        closing = line.strip()
        is_closed = set(closing) == {self._fence[0]} and len(closing) >= len(self._fence)
        if is_closed and len(line) - len(line.lstrip()) <= 3:
            return self._close()
        return line

    def _close(self) -> str:
        fence, self._fence = self._fence, ""
        return fence


def harmless(text: str) -> str:
    """The whole of a text at once."""
    state = Harmless()
    lines = [state.line(line) for line in text.split("\n")]
    return "\n".join(lines) + state.end()


def _inline(line: str) -> Iterator[str]:
    """A line outside of blocks of code, in pieces."""
    start = at = 0
    while at < len(line):
        if _ESCAPE.match(line, at):
            at += 2
            continue
        ticks = _TICKS.match(line, at)
        if ticks is None:
            at += 1
            continue
        yield _plain(line[start:at])
        end = _span_end(line, ticks)
        code = line[at : end or ticks.end()]
        if end is None:
            # Unclosed here, it could be closed by another line.
            yield "\\`" * len(code)
            at = ticks.end()
        elif "|" in code and _DANGER.search(code):
            # In a table, the bar ends the cell before the code ends.
            yield _plain(code.replace("\\", "\\\\").replace("`", "\\`"))
            at = end
        else:
            yield code
            at = end
        start = at
    yield _plain(line[start:])


def _span_end(line: str, ticks: re.Match[str]) -> int | None:
    """Where the code span ends that begins with *ticks*."""
    for other in _TICKS.finditer(line, ticks.end()):
        if len(other[0]) == len(ticks[0]):
            return other.end()
    return None


def _plain(text: str) -> str:
    return _ACTIVE.sub(_passive, text)


def _passive(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "picture":
            return "!\\["
        case "tag" | "link":
            return "\\" + found[0]
        case "name":
            # The colon that follows is escaped: editors find addresses in plain text as well.
            return found[0] + "\\"
        case _:
            return found[0]
