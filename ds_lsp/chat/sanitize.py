"""Sanitizes a model's Markdown: shown in an editor, it can neither fetch nor run anything.

A picture is fetched when it is shown, raw HTML can hold anything, a link can name a command or a
file of this machine, and a diagram or a formula can do some of that as well. All of these are
turned into text, and plain links to the web stay.

Renderers differ in how they read a text. Three rules make them agree:

- An active character is written as an entity, and not with a backslash: an address would include
  a backslash that follows it.
- A renderer must find code exactly where this module found code, because the text in it is not
  sanitized. So nothing that could include a back quote stands before one: no address, no formula,
  no mark that strikes text out, no title of a link. A code span ends in its line.
- Text that is ambiguous all the same (a fence within a list, a code span with back quotes in it) is
  rewritten until it is not.
"""

import re
from collections.abc import Iterator

from ds_lsp.chat.markup import first_level, is_closing
from ds_lsp.languages.names import BY_NAME, BY_SUFFIX
from ds_lsp.text.visible import escape_control_characters

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
"""Languages that a renderer colors. Others it may draw, such as a diagram that loads pictures."""

_TICKS = re.compile(r"`+")
_PAIR = re.compile(r"\\[!-/:-@\[-`{-~]")
"""An escaped character."""
_ADDRESS = re.compile(r"://|www\.", re.IGNORECASE)
"""A part of an address: the run of characters around it is an address."""
_URL = r"https?://(?:[^\s<>()\[\]\\`\"'|$]|\([^\s<>()\[\]\\`\"'|$]*\))+"
_DEFINITION = re.compile(rf" {{0,3}}\[[\w][\w .+-]*\]: {_URL}$", re.IGNORECASE)
_SCHEMES = (
    *("about", "blob", "command", "cursor", "data", "file", "ftp", "intent", "javascript"),
    *("mailto", "ms-settings", "search-ms", "vbscript", "view-source", "vscode", "vscodium"),
    *("vscode-file", "vscode-insiders", "vscode-remote", "vscode-resource", "vscode-webview"),
)
"""Schemes of addresses without slashes on which some editor acts."""
_OPTIONS = r"(?:(?:vim?|ex)(?:[<=>]?\d+)?|kate)"
"""The words before the options of Vim, Neovim and Kate in a file."""
_ACTIVE = re.compile(
    r"(?P<pair>\\[!-/:-@\[-`{-~])"
    r"|(?P<picture>!(?=\[))"
    r"|(?P<tag><)(?=[A-Za-z/!?%])"
    rf"|\]\(\s*<?(?P<web>{_URL})>?(?:\s+(?:\"[^\"`]*\"|'[^'`]*'))?\s*\)"
    r"|(?P<link>\])(?=\(|:)"
    # Formulas and struck out text, which could end within code. Our own marks are added later.
    r"|(?P<mark>[$~])"
    # Addresses, which editors find in plain text as well. Those of the web stay.
    r"|(?P<colon>(?<!http)(?<!https):(?=//)"
    rf"|(?:{'|'.join(f'(?<=(?<![a-z]){name})' for name in _SCHEMES)}):(?=\S))"
    r"|(?P<host>(?<![:/])/(?=/\w))"
    r"|(?P<mail>(?<=[\w.+-])@(?=[\w-]+\.\w))"
    # Options, which editors read from a file's first and last lines.
    rf"|(?P<option>(?:(?<!\S){_OPTIONS}:(?=\s*\S))|(?<=local variables):|(?<=-)\*(?=-))",
    re.IGNORECASE,
)
"""Text on which a renderer or an editor may act."""
_MODELINE = re.compile(rf"(?<!\S){_OPTIONS}:\s*\S|local variables:", re.IGNORECASE)
_DANGER = re.compile(r"!\[|<[A-Za-z/!?%]|\]\(|\]:")


class MarkdownSanitizer:
    """Sanitizes one text line by line, as it arrives."""

    def __init__(self) -> None:
        self._fence = ""
        """The fence that ends the current block of code; empty outside of one."""
        self._indent = 0

    def sanitize_line(self, line: str) -> str:
        """Return *line*, which has no line end, as it may be shown: one line or more."""
        # Markdown knows three line ends, and the caller splits the stream at only one of them.
        return "\n".join(map(self._sanitize_part, line.removesuffix("\r").split("\r")))

    def finish(self) -> str:
        """Return the text that must follow the last line: the fence of an open block."""
        fence, self._fence = self._fence, ""
        return f"\n{fence}" if fence else ""

    def _sanitize_part(self, line: str) -> str:
        line = escape_control_characters(line, keep="\t")
        if self._fence:
            return self._sanitize_code(line)
        found = _FENCE.match(line)
        if found and not (found["fence"][0] == "`" and "`" in found["info"]):
            return self._open_fence(found)
        return _sanitize_text(line)

    def _open_fence(self, found: re.Match[str]) -> str:
        # Every renderer takes a fence at the margin for one, whatever list or quotation it was in.
        self._fence = found["fence"]
        self._indent = len(found["before"])
        before = found["before"].strip(" \t>")
        info = re.match(r"\s*\{?\.?([\w+#.-]*)", found["info"])
        language = info[1] if info and info[1].lower() in _HIGHLIGHTED else ""
        return f"{before}\n{self._fence}{language}" if before else self._fence + language

    def _sanitize_code(self, line: str) -> str:
        quoted = re.match(rf"[ \t>]{{0,{self._indent}}}", line)
        line = line[quoted.end() :] if quoted else line
        if is_closing(line, self._fence) and len(line) - len(line.lstrip()) <= 3:
            return self._close_fence()
        return line

    def _close_fence(self) -> str:
        fence, self._fence = self._fence, ""
        return fence


def sanitize(text: str) -> str:
    """Return a whole text as it may be shown."""
    sanitizer = MarkdownSanitizer()
    lines = [sanitizer.sanitize_line(line) for line in text.split("\n")]
    return "\n".join(lines) + sanitizer.finish()


def sanitize_phrase(text: str) -> str:
    """Return a name or a message as part of a line: it can begin no heading and no code."""
    return _sanitize_text(escape_control_characters(" ".join(text.split())))


def _sanitize_text(line: str) -> str:
    """Return a line outside of blocks of code as it may be shown."""
    if _DEFINITION.fullmatch(line):
        return line
    if first_level(line):
        line = line.replace("#", "##", 1)
    spans = list(_find_spans(line))
    # In a table, a bar ends the cell and with it the code span.
    is_torn = any("|" in line[start:end] for start, end in spans)
    shown: list[str] = []
    at, in_address = 0, False
    for start, end in [*spans, (len(line), len(line))]:
        text = _defuse(line[at:start])
        in_address = _ends_in_address(text, in_address)
        code = line[start:end].strip("`")
        if "`" in code or (is_torn and _DANGER.search(code)) or _MODELINE.search(code):
            span = _defuse(line[start:end].replace("\\", "\\\\"))
        else:
            gap = " " if in_address and code else ""
            span = f"{gap}`{code}`" if code else ""
        in_address = _ends_in_address(span, in_address)
        shown += [text, span]
        at = end
    return "".join(shown)


def _ends_in_address(text: str, begun: bool) -> bool:
    """Return whether *text* ends in an address; *begun*: it begins in one."""
    blank = max(text.rfind(" "), text.rfind("\t"))
    return (begun and blank < 0) or bool(_ADDRESS.search(text, blank + 1))


def _find_spans(line: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each code span that is closed within the line."""
    at = 0
    while at < len(line):
        ticks = _TICKS.match(line, at)
        if _PAIR.match(line, at):
            at += 2
        elif ticks is None:
            at += 1
        else:
            end = _find_span_end(line, ticks)
            if end is None:
                at = ticks.end()
            else:
                yield at, end
                at = end


def _find_span_end(line: str, ticks: re.Match[str]) -> int | None:
    """Return the end of the code span that begins with *ticks*; None if it is not closed."""
    for other in _TICKS.finditer(line, ticks.end()):
        if len(other[0]) == len(ticks[0]):
            return other.end()
    return None


def _defuse(text: str) -> str:
    """Return *text*, which holds no code span, so that it is plain text to every renderer."""
    return _ACTIVE.sub(_replace_active, text).replace("`", "&#96;")


def _replace_active(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "picture":
            return "&#33;"
        case "tag":
            return "&lt;"
        case "web":
            # The title is dropped: a renderer reads it first, and it may hold anything.
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
