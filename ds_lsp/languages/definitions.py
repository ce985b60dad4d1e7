"""Finds the definitions of a source file: its text with all bodies folded, one line for each.

There is one set of rules for all languages, based on indentation: lines that are indented deeper
than a definition are its body, unless the definition is a container. Code without consistent
indentation is not understood.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ds_lsp.languages.words import CONTAINER_WORDS, FUNCTION_WORDS, NAME, STOP_WORDS
from ds_lsp.text.lines import LINE_END, indent_of
from ds_lsp.text.pairs import OPENER_OF, bracket_balances
from ds_lsp.text.quoted import without_strings

MAX_LINE_CHARS = 240
"""Maximum characters of a definition's line; longer signatures are cut."""
_MAX_JOINED_LINES = 40
"""Maximum lines of a signature that are joined into one."""
_STEP_LINES = 50
"""Lines between two points at which the caller may do something else; together they take a tenth of
a millisecond."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: one line of a folded file."""

    name: str
    container: str
    """The class or other container it is a member of; empty at the top level."""
    line: int
    """The index of its first line in the file, from 0."""
    text: str
    """The definition on one line, with its indentation and without its body."""


_CONTAINER = re.compile(rf"(?:[\w@()]+\s+)*?(?:{CONTAINER_WORDS}|extension)\b(?!\s*[=(:,.)])")
# Lines that may enclose definitions and are none themselves.
_TRANSPARENT = re.compile(
    r"(?:try|else|finally|export|declare|public|private|protected|static|extern|unsafe|var|const)"
    r"\b[^\w]*$|(?:if|elif|except|with)\b(?!.*__main__)|#\s*if|extern\s+\"C\""
)
_SKIPPED = re.compile(
    r"(?:import|from|use|using|package|include|require|pub\s+use|export\s+(?:\*|\{.*\})\s+from)\b"
    r"|#\s*(?:include|pragma|undef|endif|else|import)\b|@|#\[|#!|//|--|;|\*|#(?!\s*define)"
    r"|return\b|pass\b|\.\.\.$|break\b|raise\b|throw\b|assert\b|for\b|while\b|print"
    r"|if\s+__name__"
)
_ATTRIBUTE = re.compile(r"(?:self|this|cls)\.([^\W\d]\w*)\s*(?::[^=]+)?=(?!=)")
_COMMENT = re.compile(r"(?<!\s)\s++(?://|#\s).*$")
_NAMED = re.compile(
    rf"\b(?:{FUNCTION_WORDS}|{CONTAINER_WORDS}|macro_rules!|define|const|let|var|val)\s+"
    r"(?:\((?=[^()]*+\))(?:[^()]*[^\w()])?(\w+)\)\s*)?(?:mut\s+)?([^\W\d]\w*)"
)
_TRIPLE = re.compile(r"[rRbBuUfF]{0,2}(\"\"\"|''')")


def find_definitions(text: str) -> Iterator[Definition | None]:
    """Yield the definitions in *text*, in order, and None after each `_STEP_LINES` lines.

    Each line that is not blank is one of these, tried in this order:

    1. The start of a comment or string of several lines, which is skipped up to its end.
    2. A line of a folded body. Only an attribute that is set on ``self`` or the like is a
       definition there.
    3. A line without a name, an import or a statement, which is skipped with its body.
    4. A line like ``try:`` or ``export``, whose block may hold definitions.
    5. A definition. The body of a container is read, any other body is folded.
    """
    lines = LINE_END.split(text)
    code = _CodeLines(lines)
    containers: list[tuple[int, str]] = []
    folded: int | None = None
    at = 0
    while at < len(lines):
        number, line = at, lines[at]
        at += 1
        if at % _STEP_LINES == 0:
            yield None
        content = line.strip()
        if not content:
            continue
        indent = indent_of(line)
        triple = _TRIPLE.match(content)
        if triple or content.startswith("/*"):
            end = triple[1] if triple else "*/"
            if end not in content[3 if not triple else triple.end() :]:
                while at < len(lines) and end not in lines[at]:
                    at += 1
                at += 1
            continue
        if folded is not None and indent > folded:
            attribute = _ATTRIBUTE.match(content)
            if attribute and containers:
                owner = containers[-1][1]
                yield Definition(attribute[1], owner, number, _cut(" " * indent + content))
            continue
        folded = None
        while containers and indent <= containers[-1][0]:
            containers.pop()
        if not NAME.search(content) or content[0] in OPENER_OF:
            continue
        joined, taken = _join_signature(code, at - 1)
        at += taken
        is_body_next = at < len(lines) and _next_indent(lines, at) > indent
        if _SKIPPED.match(joined):
            folded = indent if is_body_next else None
            continue
        if _TRANSPARENT.match(joined) and is_body_next:
            continue
        owner = containers[-1][1] if containers else ""
        receiver, name = _find_name(joined)
        yield Definition(name, receiver or owner, number, _cut(" " * indent + joined))
        if is_body_next:
            if _CONTAINER.match(joined):
                containers.append((indent, name))
            else:
                folded = indent


class _CodeLines:
    """The lines without their comments, each with the number of brackets it leaves open.

    A line is read when it is first needed, and once only.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._known: dict[int, tuple[str, int]] = {}

    def __getitem__(self, at: int) -> tuple[str, int]:
        if at not in self._known:
            part = _COMMENT.sub("", self._lines[at]).strip()
            code = without_strings(part)
            opened, squares, _ = bracket_balances(code)
            self._known[at] = part, opened + squares
        return self._known[at]

    def __len__(self) -> int:
        return len(self._lines)


def _join_signature(lines: _CodeLines, at: int) -> tuple[str, int]:
    """Return the line *at* joined with the lines that close its brackets, and their number."""
    parts: list[str] = []
    depth = 0
    for index in range(at, min(at + _MAX_JOINED_LINES, len(lines))):
        part, opened = lines[index]
        parts.append(part)
        depth += opened
        if depth <= 0:
            return _join_parts(parts), len(parts) - 1
    return parts[0], 0


def _join_parts(parts: list[str]) -> str:
    """Return *parts* as one line, with a space between two of them except inside a bracket."""
    text = parts[0]
    for part in parts[1:]:
        glue = "" if text.endswith(("(", "[")) or part.startswith((")", "]")) else " "
        text += glue + part
    return text


def _find_name(content: str) -> tuple[str, str]:
    """Return the type a method belongs to, if the line names it, and the name it defines."""
    found = _NAMED.search(content)
    if found:
        return found[1] or "", found[2]
    before_value = re.split(r"[=(:;{]", content, maxsplit=1)[0]
    names = [name for name in NAME.findall(before_value) if name not in STOP_WORDS]
    return "", names[-1] if names else ""


def _cut(text: str) -> str:
    """Return *text* without an opening brace at its end, and at most `MAX_LINE_CHARS` of it."""
    text = text.rstrip()
    if text.endswith("{"):
        text = text[:-1].rstrip()
    return text[:MAX_LINE_CHARS]


def _next_indent(lines: list[str], at: int) -> int:
    """Return the indentation of the next line that is not blank, or -1 if all of five are."""
    for line in lines[at : at + 5]:
        if line.strip():
            return indent_of(line)
    return -1
