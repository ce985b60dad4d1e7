"""Makes a model's Markdown harmless: shown in an editor, it can neither fetch nor run anything.

A picture is fetched when it is shown, raw HTML can hold anything, a link can name a command or a
file of this machine, and a diagram or a formula can do some of that as well. All of these are
turned into text, and plain links to the web stay.

Renderers differ, and each finds its own way to read a text. Three rules keep them together:

- What is active is written as an entity, and not with a backslash: an address takes a backslash
  that follows it.
- A renderer must not see code, and so text, where this module saw none, nor the other way round.
  So nothing that could take up a back quote stands before one: no address, no formula, no mark
  that strikes text out, no title of a link. A code span ends in its line.
- What could be read both ways all the same (a fence within a list, a code span with back quotes in
  it) is written so that it cannot.
"""

import re
from collections.abc import Iterator

from ds_lsp.chat.markup import first_level, is_closing
from ds_lsp.languages import BY_NAME, BY_SUFFIX
from ds_lsp.visible import escape_control_characters

_FENCE = re.compile(
    r"(?P<before>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$"
)
_HIGHLIGHTED = frozenset(
    {
        *BY_SUFFIX,
        *BY_SUFFIX.values(),
        *BY_NAME.values(),
        *("asm", "c#", "c++", "console", "cs", "csv", "f#", "golang", "graphql", "http", "hcl"),
        *("log", "nginx", "node", "objc", "patch", "pwsh", "py3", "python3", "regex", "shell"),
        *("solidity", "terraform", "text", "viml", "vim", "wasm", "wat"),
    }
)
"""Languages a renderer colors; it may draw others, a diagram that loads pictures among them."""

_TICKS = re.compile(r"`+")
_PAIR = re.compile(r"\\[!-/:-@\[-`{-~]")
"""An escaped character."""
_ADDRESS = re.compile(r"://|www\.", re.IGNORECASE)
"""What makes an address of the run of characters around it."""
_URL = r"https?://(?:[^\s<>()\[\]\\`\"'|$]|\([^\s<>()\[\]\\`\"'|$]*\))+"
_DEFINITION = re.compile(rf" {{0,3}}\[[\w][\w .+-]*\]: {_URL}$", re.IGNORECASE)
_SCHEMES = (
    *("about", "blob", "command", "cursor", "data", "file", "ftp", "intent", "javascript"),
    *("mailto", "ms-settings", "search-ms", "vbscript", "view-source", "vscode", "vscodium"),
    *("vscode-file", "vscode-insiders", "vscode-remote", "vscode-resource", "vscode-webview"),
)
"""Addresses that some editor acts on, though they need no slashes."""
_OPTIONS = r"(?:(?:vim?|ex)(?:[<=>]?\d+)?|kate)"
"""What stands before the options of Vim and Neovim, Kate."""
_ACTIVE = re.compile(
    r"(?P<pair>\\[!-/:-@\[-`{-~])"
    r"|(?P<picture>!(?=\[))"
    r"|(?P<tag><)(?=[A-Za-z/!?%])"
    rf"|\]\(\s*<?(?P<web>{_URL})>?(?:\s+(?:\"[^\"`]*\"|'[^'`]*'))?\s*\)"
    r"|(?P<link>\])(?=\(|:)"
    # Ours are written by those that call this; formulas and lines through text end within code.
    r"|(?P<mark>[$~])"
    # Editors find addresses in plain text as well: of the web, they may.
    r"|(?P<colon>(?<!http)(?<!https):(?=//)"
    rf"|(?:{'|'.join(f'(?<=(?<![a-z]){name})' for name in _SCHEMES)}):(?=\S))"
    r"|(?P<host>(?<![:/])/(?=/\w))"
    r"|(?P<mail>(?<=[\w.+-])@(?=[\w-]+\.\w))"
    # Editors take options from a file's first and last lines.
    rf"|(?P<option>(?:(?<!\S){_OPTIONS}:(?=\s*\S))|(?<=local variables):|(?<=-)\*(?=-))",
    re.IGNORECASE,
)
"""What a renderer may act on, in text."""
_MODELINE = re.compile(rf"(?<!\S){_OPTIONS}:\s*\S|local variables:", re.IGNORECASE)
_DANGER = re.compile(r"!\[|<[A-Za-z/!?%]|\]\(|\]:")


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
        line = escape_control_characters(line, keep="\t")
        if self._fence:
            return self._code(line)
        found = _FENCE.match(line)
        if found and not (found["fence"][0] == "`" and "`" in found["info"]):
            return self._open(found)
        return _text(line)

    def _open(self, found: re.Match[str]) -> str:
        # At the margin a fence is one for every renderer, whatever list or quotation it was in.
        self._fence = found["fence"]
        self._indent = len(found["before"])
        before = found["before"].strip(" \t>")
        info = re.match(r"\s*\{?\.?([\w+#.-]*)", found["info"])
        language = info[1] if info and info[1].lower() in _HIGHLIGHTED else ""
        return f"{before}\n{self._fence}{language}" if before else self._fence + language

    def _code(self, line: str) -> str:
        quoted = re.match(rf"[ \t>]{{0,{self._indent}}}", line)
        line = line[quoted.end() :] if quoted else line
        if is_closing(line, self._fence) and len(line) - len(line.lstrip()) <= 3:
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


def harmless_phrase(text: str) -> str:
    """Return a name or a message as a piece of one line: it begins no heading and no code."""
    return _text(escape_control_characters(" ".join(text.split())))


def _text(line: str) -> str:
    """Return a line outside of blocks of code as it may be shown."""
    if _DEFINITION.fullmatch(line):
        return line
    if first_level(line):
        line = line.replace("#", "##", 1)
    spans = list(_spans(line))
    # In a table, a bar ends the cell, and so the code before its end.
    is_torn = any("|" in line[start:end] for start, end in spans)
    shown: list[str] = []
    at, in_address = 0, False
    for start, end in [*spans, (len(line), len(line))]:
        text = _passive(line[at:start])
        in_address = _ends_in_address(text, in_address)
        code = line[start:end].strip("`")
        if "`" in code or (is_torn and _DANGER.search(code)) or _MODELINE.search(code):
            span = _passive(line[start:end].replace("\\", "\\\\"))
        else:
            gap = " " if in_address and code else ""
            span = f"{gap}`{code}`" if code else ""
        in_address = _ends_in_address(span, in_address)
        shown += [text, span]
        at = end
    return "".join(shown)


def _ends_in_address(text: str, begun: bool) -> bool:
    """Return whether the run of characters that *text* ends in, or goes on with, is an address."""
    blank = max(text.rfind(" "), text.rfind("\t"))
    return (begun and blank < 0) or bool(_ADDRESS.search(text, blank + 1))


def _spans(line: str) -> Iterator[tuple[int, int]]:
    """Where the code spans of a line begin and end; what is not closed in it is none."""
    at = 0
    while at < len(line):
        ticks = _TICKS.match(line, at)
        if _PAIR.match(line, at):
            at += 2
        elif ticks is None:
            at += 1
        else:
            end = _span_end(line, ticks)
            if end is None:
                at = ticks.end()
            else:
                yield at, end
                at = end


def _span_end(line: str, ticks: re.Match[str]) -> int | None:
    """Where the code span ends that begins with *ticks*."""
    for other in _TICKS.finditer(line, ticks.end()):
        if len(other[0]) == len(ticks[0]):
            return other.end()
    return None


def _passive(text: str) -> str:
    """Return text, with no code span in it, as text for every renderer."""
    return _ACTIVE.sub(_defused, text).replace("`", "&#96;")


def _defused(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "picture":
            return "&#33;"
        case "tag":
            return "&lt;"
        case "web":
            # Without a title: a renderer reads it first, and it may hold anything.
            return f"]({found['web']})"
        case "link":
            return "&#93;"
        case "pair" if found[0][1] in "!<[]`":
            return f"&#{ord(found[0][1])};"
        case "mark" | "colon" | "host" | "mail":
            return "\\" + found[0]
        case "option":
            return f"{found[0][:-1]}\\{found[0][-1]}"
        case _:
            return found[0]
