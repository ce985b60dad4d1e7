"""What a source file defines: its text with all bodies folded, one line for each definition.

One set of rules for all languages, by indentation: what stands deeper than a line that is no
container is that line's body. Code that nobody has formatted is not understood.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ds_lsp.completion.excerpts.words import NAME, STOP_WORDS
from ds_lsp.document import LINE_END
from ds_lsp.quoted import without_strings

MAX_LINE_CHARS = 240
"""Longer signatures are cut."""
_MAX_JOINED_LINES = 40
_STEP_LINES = 50
"""Lines after which a reader is told that time has passed; a tenth of a millisecond for each."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One line of a folded file."""

    name: str
    container: str
    """The class or the like it is a member of; empty at the top."""
    line: int
    text: str
    """On one line, with its indentation and without its body."""


_CONTAINER = re.compile(
    r"(?:[\w@()]+\s+)*?(?:class|struct|interface|trait|enum|impl|namespace|mod|module|object"
    r"|protocol|extension|record|union|type)\b(?!\s*[=(:,.)])"
)
# What may stand around definitions without being one.
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
    r"\b(?:def|class|func|fn|function|struct|interface|trait|enum|type|impl|mod|module|namespace"
    r"|record|union|protocol|object|macro_rules!|define|const|let|var|val|fun|sub)\s+"
    r"(?:\((?=[^()]*+\))(?:[^()]*[^\w()])?(\w+)\)\s*)?(?:mut\s+)?([^\W\d]\w*)"
)
_TRIPLE = re.compile(r"[rRbBuUfF]{0,2}(\"\"\"|''')")


def definitions(text: str) -> Iterator[Definition | None]:
    """The definitions in *text*, in order; None where time has passed."""
    lines = LINE_END.split(text)
    parts = _Parts(lines)
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
        indent = _indent(line)
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
        if not NAME.search(content) or content[0] in ")]}":
            continue
        joined, taken = _joined(parts, at - 1)
        at += taken
        is_body_next = at < len(lines) and _next_indent(lines, at) > indent
        if _SKIPPED.match(joined):
            folded = indent if is_body_next else None
            continue
        if _TRANSPARENT.match(joined) and is_body_next:
            continue
        owner = containers[-1][1] if containers else ""
        receiver, name = _name(joined)
        yield Definition(name, receiver or owner, number, _cut(" " * indent + joined))
        if is_body_next:
            if _CONTAINER.match(joined):
                containers.append((indent, name))
            else:
                folded = indent


class _Parts:
    """Lines without their comments, and the brackets each opens; read once, when asked for."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._known: dict[int, tuple[str, int]] = {}

    def __getitem__(self, at: int) -> tuple[str, int]:
        if at not in self._known:
            part = _COMMENT.sub("", self._lines[at]).strip()
            code = without_strings(part)
            opened = sum(map(code.count, "([")) - sum(map(code.count, ")]"))
            self._known[at] = part, opened
        return self._known[at]

    def __len__(self) -> int:
        return len(self._lines)


def _joined(lines: _Parts, at: int) -> tuple[str, int]:
    """The line *at* with those its open brackets go on to, and how many these are."""
    parts: list[str] = []
    depth = 0
    for index in range(at, min(at + _MAX_JOINED_LINES, len(lines))):
        part, opened = lines[index]
        parts.append(part)
        depth += opened
        if depth <= 0:
            return _squeeze(parts), len(parts) - 1
    return parts[0], 0


def _squeeze(parts: list[str]) -> str:
    text = parts[0]
    for part in parts[1:]:
        glue = "" if text.endswith(("(", "[")) or part.startswith((")", "]")) else " "
        text += glue + part
    return text


def _name(content: str) -> tuple[str, str]:
    """The type a method is for, where the line says so, and the name it defines."""
    found = _NAMED.search(content)
    if found:
        return found[1] or "", found[2]
    head = re.split(r"[=(:;{]", content, maxsplit=1)[0]
    names = [name for name in NAME.findall(head) if name not in STOP_WORDS]
    return "", names[-1] if names else ""


def _cut(text: str) -> str:
    text = text.rstrip()
    if text.endswith("{"):
        text = text[:-1].rstrip()
    return text[:MAX_LINE_CHARS]


def _indent(line: str) -> int:
    return len(line[: len(line) - len(line.lstrip())].expandtabs(4))


def _next_indent(lines: list[str], at: int) -> int:
    for line in lines[at : at + 5]:
        if line.strip():
            return _indent(line)
    return -1
