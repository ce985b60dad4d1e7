"""A model's documentation of a function: read, checked, and placed as a comment or docstring."""

import ast
import io
import itertools
import json
import re
import tokenize
from collections.abc import Sequence

from ds_lsp.chat.edits import ChatEdit, apply, check_characters, dedent, plain_lines
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.blocks import (
    PythonDefinition,
    defined_name,
    definition_at,
    first_line,
    last_line,
    parse_python,
)
from ds_lsp.languages.comments import COMMENTS, is_directive
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import TAB_WIDTH, leading_blanks, strip_line_end, with_newlines

MAX_STARTS = 20
"""Maximum braces in an answer that are tried as the start of the JSON object; each try may read to
the end of the answer."""

_DECODER = json.JSONDecoder(strict=False)
"""Accepts line ends in a string, which JSON forbids and models write."""
_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_AROUND = (
    ("```", "```"),
    ("/**", "*/"),
    ("/*!", "*/"),
    ("/*", "*/"),
    ("<!--", "-->"),
    ("(**", "*)"),
    ("{-|", "-}"),
    ("{-", "-}"),
    ("--[[", "]]"),
    ('r"""', '"""'),
    ('"""', '"""'),
    ("'''", "'''"),
)
"""Begin and end of the marks around a whole comment, docstring or code block, the outer ones
first."""
_BEFORE_EACH = (
    *("///", "//!", "//", "---", "-- |", "--", "##", "#'", "#", ";;;", ";;", ";"),
    *("%%%", "%%", "%", "!>", "'''", "'"),
)
"""Marks before each line of a comment, longer ones first."""
_DOCUMENTS = ("/**", "///", "@doc ", "#[doc", "--- ", "-- |", "##", "#'")
"""Beginnings of a line of documentation, also below a decorator."""
_UNICODE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?=u)")
_READ_BEFORE_COMMENTS = frozenset({"java", "groovy", "scala"})
"""Languages that read ``\\u`` and four digits as a character before they look for comments."""


def to_edit(answer: str, finish: Finish, selection: CodeSelection) -> ChatEdit:
    """Return the edit that adds the documentation in *answer*, a JSON object, to the selection.

    The model writes only the text, in JSON, which leaves no place for remarks. The comment around
    the text is ours, so that the code itself is never touched. Raises `ChatRefused` when the answer
    is cut off, holds no documentation or holds the code, or when the comment would change the code.
    """
    if finish is not Finish.STOP:
        raise ChatRefused("The answer was cut off, and half of it was not applied.")
    text = documentation_in(answer)
    if text is None:
        raise ChatRefused("The answer holds no documentation, and nothing was changed.")
    lines = without_marks(
        [line.rstrip() for line in plain_lines(text.strip().expandtabs(TAB_WIDTH))]
    )
    if not any(lines):
        raise ChatRefused("The answer holds no documentation, and nothing was changed.")
    check_characters(lines, selection)
    if _holds_code(lines, selection):
        raise ChatRefused("The answer holds the code itself, and nothing was changed.")
    if selection.language_id == "python":
        return _to_docstring_edit(lines, selection)
    return _to_comment_edit(lines, selection)


def documentation_in(answer: str) -> str | None:
    """Return the documentation in the first JSON object of *answer* that has some, or None.

    Models put the object in a fence, write their thoughts before it, or add a remark.
    """
    answer = _THOUGHTS.sub("", answer)
    for start in itertools.islice(re.finditer(r"\{", answer), MAX_STARTS):
        try:
            value, _ = _DECODER.raw_decode(answer, start.start())
        except (ValueError, RecursionError):
            continue
        match value:
            case {"documentation": str() as text} if text.strip():
                return text
    return None


def without_marks(lines: Sequence[str]) -> list[str]:
    """Return the text of a comment or docstring without the marks a model wrote around it.

    There are four kinds of marks: 1. a fence, 2. a block such as ``/** */``, 3. quotation marks,
    4. a mark before each line. A mark is removed if the whole text has it, the outer ones first.
    """
    lines = list(lines)
    for begin, end in _AROUND:
        text = "\n".join(lines).strip()
        if len(text) > len(begin) + len(end) and text.startswith(begin) and text.endswith(end):
            lines = text[len(begin) : len(text) - len(end)].strip("\n").split("\n")
            if begin.startswith("`"):
                # The rest of the opening fence's line names the language.
                lines = lines if text[len(begin)] == "\n" else lines[1:]
            if begin.startswith("/*"):
                lines = [re.sub(r"^\s*\*(?: |$)", "", line) for line in lines]
    for mark in _BEFORE_EACH:
        with_text = [line.strip() for line in lines if line.strip()]
        is_marked = all(line == mark or line.startswith(f"{mark} ") for line in with_text)
        if is_marked and any(line != mark for line in with_text):
            lines = [line.strip().removeprefix(mark).removeprefix(" ") for line in lines]
            break
    lines = [line.rstrip() for line in dedent(lines)]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _holds_code(lines: Sequence[str], selection: CodeSelection) -> bool:
    """Return whether the text contains the line that defines the selected code."""
    stripped = {line.strip() for line in lines}
    own = (line.strip() for line in plain_lines(selection.code))
    return any(defined_name(line) and line in stripped for line in own)


def can_document(selection: CodeSelection) -> bool:
    """Return whether documentation can be added to the selection.

    In Python it can always be: it replaces a docstring. In other languages there must be none yet.
    """
    if selection.language_id == "python":
        return True
    comments = COMMENTS.get(selection.language_id)
    if comments is None or not comments.documentation:
        return False
    code = (line.strip() for line in plain_lines(selection.code))
    above = [
        line for line in itertools.takewhile(lambda line: not defined_name(line), code) if line
    ]
    first = next((line for line in [*above, ""] if not is_directive(line)), "")
    return not first.startswith((comments.line, comments.documentation, "/*")) and not any(
        line.startswith(_DOCUMENTS) for line in above
    )


def _to_docstring_edit(text: Sequence[str], selection: CodeSelection) -> ChatEdit:
    lines = list(selection.lines)
    tree = parse_python("".join(lines))
    node = definition_at(tree, selection.first) if tree else None
    if tree is None or node is None:
        raise ChatRefused("The file is not valid Python, and cannot be documented like this.")
    body = node.body[0]
    at = first_line(body)
    if at <= node.lineno - 1 or lines[at][: body.col_offset].strip():
        raise ChatRefused("Code on one line with its header cannot be documented.")
    indent = leading_blanks(lines[at])
    quoted = [indent + line if line else "" for line in _quote(text)]
    docstring = selection.eol.join(quoted)
    if ast.get_docstring(node, clean=False) is not None:
        edit = ChatEdit(at, last_line(body), docstring)
    else:
        # Comments between the header and the first statement end up below the docstring.
        at = _find_header_end(lines, node.lineno - 1) + 1
        edit = ChatEdit(at, at, docstring + selection.eol + strip_line_end(lines[at]))
    changed = parse_python(apply(edit, lines))
    if changed is None or _dump_code(changed) != _dump_code(tree):
        raise ChatRefused("The documentation would change the code, and was not applied.")
    return edit


def _find_header_end(lines: Sequence[str], first: int) -> int:
    """Return the last line, from 0, of the header that begins on line *first* of valid Python."""
    read = io.StringIO(with_newlines("".join(lines[first:]))).readline
    for token in tokenize.generate_tokens(read):
        if token.type == tokenize.NEWLINE:
            return first + token.start[0] - 1
    return first


def _quote(text: Sequence[str]) -> list[str]:
    lines = [line.replace('"""', "'''") for line in text]
    mark = 'r"""' if any("\\" in line for line in lines) else '"""'
    is_short = len(lines) == 1 and not lines[0].endswith(('"', "\\"))
    return [f'{mark}{lines[0]}"""'] if is_short else [mark + lines[0], *lines[1:], '"""']


def _dump_code(tree: ast.Module) -> str:
    """Return a dump of *tree* without its docstrings, for a comparison of what the code does."""
    copy = parse_python(ast.unparse(tree))
    assert copy is not None
    for node in ast.walk(copy):
        if isinstance(node, PythonDefinition) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(copy)


def _to_comment_edit(text: Sequence[str], selection: CodeSelection) -> ChatEdit:
    comments = COMMENTS.get(selection.language_id)
    if comments is None or not comments.documentation:
        raise ChatRefused("How this language is documented is not known.")
    mark = comments.documentation
    if mark == "/**":
        lines = [line.replace("*/", "* /").replace("</script", "<\\/script") for line in text]
        if selection.language_id in _READ_BEFORE_COMMENTS:
            lines = [_UNICODE_ESCAPE.sub(r"\1\\\\", line) for line in lines]
        lines = ["/**", *(f" * {line}".rstrip() for line in lines), " */"]
    else:
        lines = [f"{mark} {line}".rstrip() for line in text]
    own = strip_line_end(selection.lines[selection.first])
    indent = leading_blanks(own)
    text_above = selection.eol.join(indent + line for line in lines)
    return ChatEdit(selection.first, selection.first, text_above + selection.eol + own)
