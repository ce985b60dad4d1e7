"""A model's documentation of a function, as a comment of it: read, checked, placed."""

import ast
import json
from collections.abc import Sequence

from ds_lsp.chat.comments import COMMENTS
from ds_lsp.chat.edits import Edit, apply, leading, plain_lines
from ds_lsp.chat.scope import Definition, definition_at, first_line, last_line, parse_python
from ds_lsp.chat.subject import Subject
from ds_lsp.document import strip_line_end
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish


def to_edit(answer: str, finish: Finish, subject: Subject) -> Edit:
    """The documentation in *answer*, a JSON object, as a comment of the subject.

    Raises `ChatRefused`. The text alone is asked for, in JSON, which leaves no place for remarks;
    the comment around it is ours, so that the code itself is never touched.
    """
    if finish is not Finish.STOP:
        raise ChatRefused("The answer was cut off, and half of it was not applied.")
    try:
        value: object = json.loads(answer)
    except (ValueError, RecursionError):
        value = None
    match value:
        case {"documentation": str() as text} if text.strip():
            lines = [line.rstrip() for line in plain_lines(text.strip().expandtabs(4))]
        case _:
            raise ChatRefused("The answer holds no documentation, and nothing was changed.")
    if subject.language_id == "python":
        return _docstring(lines, subject)
    return _comment(lines, subject)


def can_document(subject: Subject) -> bool:
    """Whether there is a way to write documentation for the subject."""
    if subject.language_id == "python":
        return True
    comments = COMMENTS.get(subject.language_id)
    # With a comment above, it has been documented already.
    if comments is None or not comments.documentation:
        return False
    return not subject.code.lstrip().startswith((comments.line, comments.documentation, "/*"))


def _docstring(text: Sequence[str], subject: Subject) -> Edit:
    lines = list(subject.lines)
    tree = parse_python("".join(lines))
    node = definition_at(tree, subject.first) if tree else None
    if tree is None or node is None:
        raise ChatRefused("The file is not valid Python, and cannot be documented like this.")
    body = node.body[0]
    at = first_line(body)
    if at <= node.lineno - 1 or lines[at][: body.col_offset].strip():
        raise ChatRefused("What stands on one line cannot be documented.")
    indent = leading(lines[at])
    quoted = [indent + line if line else "" for line in _quoted(text)]
    docstring = subject.eol.join(quoted)
    if ast.get_docstring(node, clean=False) is not None:
        edit = Edit(at, last_line(body), docstring)
    else:
        edit = Edit(at, at, docstring + subject.eol + strip_line_end(lines[at]))
    changed = parse_python(apply(edit, lines))
    if changed is None or _code_of(changed) != _code_of(tree):
        raise ChatRefused("The documentation would change the code, and was not applied.")
    return edit


def _quoted(text: Sequence[str]) -> list[str]:
    lines = [line.replace('"""', "'''") for line in text]
    mark = 'r"""' if any("\\" in line for line in lines) else '"""'
    is_short = len(lines) == 1 and not lines[0].endswith(('"', "\\"))
    return [f'{mark}{lines[0]}"""'] if is_short else [mark + lines[0], *lines[1:], '"""']


def _code_of(tree: ast.Module) -> str:
    """What *tree* does, its docstrings left out."""
    copy = parse_python(ast.unparse(tree))
    assert copy is not None
    for node in ast.walk(copy):
        if isinstance(node, Definition) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(copy)


def _comment(text: Sequence[str], subject: Subject) -> Edit:
    comments = COMMENTS.get(subject.language_id)
    if comments is None or not comments.documentation:
        raise ChatRefused("How this language is documented is not known.")
    mark = comments.documentation
    if mark == "/**":
        lines = [line.replace("*/", "* /") for line in text]
        lines = ["/**", *(f" * {line}".rstrip() for line in lines), " */"]
    else:
        lines = [f"{mark} {line}".rstrip() for line in text]
    own = strip_line_end(subject.lines[subject.first])
    indent = leading(own)
    text_above = subject.eol.join(indent + line for line in lines)
    return Edit(subject.first, subject.first, text_above + subject.eol + own)
