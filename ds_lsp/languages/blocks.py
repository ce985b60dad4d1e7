"""The lines that a cursor selects: those of the function or block around it.

Python is parsed. In other languages, and in Python that does not parse, the layout decides:
indentation first, and brackets in code without any.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ds_lsp.languages.comments import COMMENTS
from ds_lsp.languages.words import FUNCTION_WORDS, TYPE_WORDS
from ds_lsp.text.lines import indent_of, with_newlines
from ds_lsp.text.pairs import OPENER_OF, bracket_balances

LOOK_LINES = 400
"""Maximum lines of layout read in each direction: a list of code actions must be cheap."""
MAX_PARSED_CHARS = 300_000
"""Maximum characters that are parsed, as parsing blocks the server; a longer file is judged by its
layout."""

PythonDefinition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_KEYWORD = re.compile(
    rf"\b(?:{FUNCTION_WORDS}|proc|procedure|{TYPE_WORDS})\b"
    r"\s*+(?:\([^)]{0,200}+\)\s*+)?([\w$]*+)"
)
_ASSIGNED = re.compile(r"\b(?:const|let|var|local)\s++([\w$]++)\s*+=")
_FUNCTION = re.compile(r"\bfunction\b")
_ARROW_AT_END = re.compile(r"=>\s*[({]?\Z")
_MAX_ARROW_CHARS = 20
"""Maximum characters of an arrow and what may follow it at the end of a line, blanks included."""
_STATEMENT = re.compile(r"\s*(?:if|for|while|switch|return|else|catch|with|when|do|try|case)\b")
_BEFORE_CALLED = re.compile(r"[\w\s<>,*&:~\[\]@.]*+")
_NAME_AT_START = re.compile(r"[\w$~]++")
"""The name at the start of a line that is read backwards."""
BLOCK_CLOSERS = (*OPENER_OF, "end", "fi", "done", "esac")
"""Beginnings of a line that closes a block."""
_CONTINUATION = re.compile(
    r"(?:else|elif|elseif|except|finally|catch|rescue|ensure|when|then)\b|\{$"
)
_ATTACHED = re.compile(r"@|#|//|/\*|\*+(?:[\s/]|$)|--(?!\S*;$)|;;|%(?!\w+\s*=)")
"""The start of a line that belongs to the definition below it: a decorator or comment."""
_C_PLUS_PLUS = frozenset({"cpp", "objective-cpp", "cuda-cpp"})
_TYPE_ALONE = r"(?!(?:else|do|try|return|public|private|protected)\b)[A-Za-z_][\w<>,*& ]*$"
_ATTACHED_IN = {
    "c": re.compile(rf"\[\[|__attribute__|{_TYPE_ALONE}"),
    "objective-c": re.compile(rf"__attribute__|{_TYPE_ALONE}"),
    **dict.fromkeys(
        _C_PLUS_PLUS,
        re.compile(rf"\[\[|template\b|requires\b|extern \"|__attribute__|{_TYPE_ALONE}"),
    ),
    "csharp": re.compile(r"\["),
    "erlang": re.compile(r"-(?:spec|doc)\b"),
    "fsharp": re.compile(r"\[<"),
    "vb": re.compile(r"<"),
}
"""Further starts in single languages: attributes, template heads, a type alone above a function."""
MAX_ATTACHED_LINES = 40
"""Maximum lines of one attribute, decorator or template head."""
_PREPROCESSOR = re.compile(
    r"#\s*(?:if|ifdef|ifndef|elif|elifdef|elifndef|else|endif|define|undef|include|include_next"
    r"|import|pragma|error|warning|line|region|endregion)\b"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """A range of whole lines, counted from 0, the last one included."""

    first: int
    last: int
    name: str = ""
    """Name of the function or class, if the lines are one."""
    is_definition: bool = False


def scope_at(lines: Sequence[str], at: int, language_id: str) -> Scope | None:
    """Return the function or block around line *at*, or None."""
    if language_id == "python":
        tree = parse_python("".join(lines))
        if tree is not None:
            return _python_scope(tree, at)
    return layout_scope(lines, at, language_id)


def layout_scope(lines: Sequence[str], at: int, language_id: str) -> Scope | None:
    """Return the function or block around line *at* by layout alone, or None.

    *lines* may be a part of the document.
    """
    layout = _BlockLayout(lines, language_id)
    if not 0 <= at < len(lines):
        return None
    if layout.is_blank(at):
        below = layout.next_line(at)
        if below is None or layout.indent(below) == 0:
            return None
        at = below
    headers = list(layout.headers(at))
    if not headers:
        return layout.bracket_scope(at) or layout.paragraph_scope(at)
    named = [
        (header, name) for header in headers if (name := layout.definition_name(header)) is not None
    ]
    header, name = named[0] if named else (headers[0], "")
    first = layout.first_attached_line(header)
    return Scope(first, layout.block_end(header), name, is_definition=bool(named))


def parse_python(text: str) -> ast.Module | None:
    """Return the tree of *text*; None if it is not valid Python, or too long."""
    if len(text) > MAX_PARSED_CHARS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(with_newlines(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiles(text: str) -> bool:
    """Return whether Python compiles *text*, which demands more than that it can be parsed."""
    tree = parse_python(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tree is not None and bool(compile(tree, "<answer>", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False


def definition_at(tree: ast.Module, at: int) -> PythonDefinition | None:
    """Return the innermost function or class that contains line *at*, or None."""
    found: PythonDefinition | None = None
    for node in ast.walk(tree):
        # `ast.walk` goes breadth first: a later node that contains the line lies deeper.
        if isinstance(node, PythonDefinition) and first_line(node) <= at <= last_line(node):
            found = node
    return found


def first_line(node: ast.stmt) -> int:
    """Return the first line of a statement, decorators included, from 0."""
    decorators = node.decorator_list if isinstance(node, PythonDefinition) else []
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1


def last_line(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - 1


def _python_scope(tree: ast.Module, at: int) -> Scope | None:
    found = definition_at(tree, at)
    if found is not None:
        return Scope(first_line(found), last_line(found), found.name, is_definition=True)
    for node in tree.body:
        if first_line(node) <= at <= last_line(node):
            return Scope(first_line(node), last_line(node))
    return None


def defined_name(line: str) -> tuple[str, str] | None:
    """Return keyword and name of the function or type that a line defines, or None.

    The keyword of a function without one, as in C, is empty.
    """
    text = line.strip()
    if found := _KEYWORD.search(text):
        return (found[0].split()[0], found[1]) if found[1] else None
    name = _assigned_name(text) or _called_name(text)
    return ("", name) if name else None


class _BlockLayout:
    """The blocks of some lines, by indentation and brackets."""

    def __init__(self, lines: Sequence[str], language_id: str) -> None:
        self._language_id = language_id
        comments = COMMENTS.get(language_id)
        self._has_preprocessor = comments is None or comments.line != "#"
        self._texts = [line.strip() for line in lines]
        self._lines = lines

    def is_blank(self, at: int) -> bool:
        return not self._texts[at]

    def indent(self, at: int) -> int:
        return indent_of(self._lines[at])

    def next_line(self, at: int) -> int | None:
        """Return the next line that is not blank, or None."""
        for index in range(at + 1, min(len(self._lines), at + LOOK_LINES)):
            if self._texts[index]:
                return index
        return None

    def headers(self, at: int) -> Iterator[int]:
        """Yield the lines that open the blocks around *at*, the innermost first."""
        below = self.next_line(at)
        is_open = below is not None and self.indent(below) > self.indent(at)
        is_open = is_open or (below is not None and self._texts[below] == "{")
        header = at if is_open and not self._is_at_any_depth(at) else self._find_enclosing(at)
        while header is not None:
            yield header
            header = self._find_enclosing(header)

    def definition_name(self, header: int) -> str | None:
        """Return the name that *header* defines, possibly empty; None if it defines nothing."""
        text = self._texts[header]
        if found := _KEYWORD.search(text):
            return found[1]
        name = _assigned_name(text)
        return _called_name(text) if name is None else name

    def block_end(self, header: int) -> int:
        """Return the last line of the block that *header* opens."""
        level, last = self.indent(header), header
        for index in range(header + 1, min(len(self._lines), header + 10 * LOOK_LINES)):
            text = self._texts[index]
            if not text or self._is_preprocessor(text):
                continue
            if self.indent(index) > level:
                last = index
            elif self.indent(index) < level:
                break
            elif text.startswith(BLOCK_CLOSERS):
                last = index
                if not text.endswith(("{", "(", "[", ":")):
                    break
            elif _CONTINUATION.match(text):
                last = index
            else:
                break
        return last

    def first_attached_line(self, header: int) -> int:
        """Return the first of the lines right above *header* that belong to it, or *header*.

        There are four cases: 1. comments, 2. decorators and attributes, 3. template heads, 4. in C,
        a type alone.
        """
        level = self.indent(header)
        while header > 0:
            above = self._find_bracket_start(header - 1)
            if self.indent(above) not in (level, level + 1) or not self._is_attached(above, header):
                break
            header = above
        return header

    def _is_attached(self, at: int, header: int) -> bool:
        """Return whether the lines from *at* to *header* belong to the definition."""
        text = self._texts[at]
        if self._is_preprocessor(text):
            return False
        if _ATTACHED.match(text):
            return True
        pattern = _ATTACHED_IN.get(self._language_id)
        if pattern is None or pattern.match(text) is None:
            return False
        # The lines of an attribute hold nothing else.
        return not text.startswith(("[", "<")) or self._texts[header - 1].endswith(("]", ">"))

    def _find_bracket_start(self, at: int) -> int:
        """Return the line on which the brackets that close on line *at* were opened."""
        depth = 0
        is_template = self._language_id in _C_PLUS_PLUS and self._texts[at].endswith(">")
        for index in range(at, max(-1, at - MAX_ATTACHED_LINES), -1):
            depth += sum(bracket_balances(self._texts[index]))
            is_open = is_template and not self._texts[index].startswith("template")
            if depth >= 0 and not is_open:
                return index
        return at

    def bracket_scope(self, at: int) -> Scope | None:
        """Return the lines of the nearest brackets around *at*, for code without indentation."""
        depth = 0
        for first in range(at, max(-1, at - LOOK_LINES), -1):
            depth += sum(bracket_balances(self._texts[first]))
            if first < at and depth > 0:
                break
        else:
            return None
        depth = 0
        for last in range(first, min(len(self._lines), first + 2 * LOOK_LINES)):
            depth += sum(bracket_balances(self._texts[last]))
            if depth <= 0 and last >= at:
                return Scope(first, last)
        return None

    def paragraph_scope(self, at: int) -> Scope:
        first = last = at
        while first > 0 and self._texts[first - 1]:
            first -= 1
        while last + 1 < len(self._lines) and self._texts[last + 1]:
            last += 1
        return Scope(first, last)

    def _find_enclosing(self, at: int) -> int | None:
        level = self.indent(at)
        for index in range(at - 1, max(-1, at - 10 * LOOK_LINES), -1):
            text = self._texts[index]
            if not text or self.indent(index) >= level or self._is_at_any_depth(index):
                continue
            if text.startswith(BLOCK_CLOSERS):
                # The end of a header of several lines; the first of them stands no deeper.
                level = self.indent(index) + 1
                continue
            if text == "{" and index > 0 and self._texts[index - 1]:
                return index - 1
            return index
        return None

    def _is_at_any_depth(self, at: int) -> bool:
        """Return whether the line can stand at any depth: a comment or a preprocessor's line."""
        text = self._texts[at]
        return text.startswith("//") or (text.startswith("#") and not text.endswith("{"))

    def _is_preprocessor(self, text: str) -> bool:
        return self._has_preprocessor and _PREPROCESSOR.match(text) is not None


def _assigned_name(text: str) -> str | None:
    """Return the name to which a line such as ``const name = () => {`` assigns a function."""
    found = _ASSIGNED.search(text)
    if not found:
        return None
    is_function = _FUNCTION.search(text, found.end()) or _ARROW_AT_END.search(
        text, max(found.end(), len(text) - _MAX_ARROW_CHARS)
    )
    return found[1] if is_function else None


def _called_name(text: str) -> str | None:
    """Return the name before the first bracket of a possible signature, such as ``int main(``."""
    head, bracket, others = text.partition("(")
    if not bracket or _STATEMENT.match(text) or ";" in others or "=" in others:
        return None
    head = head.rstrip()
    name = _NAME_AT_START.match(head[::-1])
    if not name or not _BEFORE_CALLED.fullmatch(head[: -name.end()]):
        return None
    return head[-name.end() :]
