"""A model's answer as an edit of a document: checked, indented, or refused.

An answer is never trusted to be code. What is asked for begins within a fence (see `opening`), so
that a model has no place for prose; what comes back all the same, or is cut off, or does not fit,
is refused with a reason, and the document stays as it is.
"""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ds_lsp.chat.comments import COMMENTS
from ds_lsp.chat.prompt import fence_for
from ds_lsp.chat.scope import Definition, definition_at, first_line, last_line, parse_python
from ds_lsp.chat.subject import Subject
from ds_lsp.document import split_lines, strip_line_end
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish
from ds_lsp.quoted import without_strings

MAX_EDITED_CHARS = 16_000
"""Longer code is not rewritten: the answer would be cut off, and cost as much again."""

PROSE_LANGUAGES = frozenset(
    {
        *("asciidoc", "bibtex", "git-commit", "gitcommit", "latex", "markdown", "plaintext"),
        *("restructuredtext", "tex", "text"),
    }
)
"""Languages whose text is prose: there is no telling it from an answer's own."""

_WORDY = frozenset(
    {
        *("bat", "dockerfile", "elixir", "erlang", "fsharp", "haskell", "ini", "julia", "lua"),
        *("make", "makefile", "ocaml", "perl", "powershell", "properties", "r", "ruby", "sh"),
        *("shellscript", "bash", "sql", "swift", "toml", "vb", "yaml", "zsh", "fish", "elm"),
    }
)
"""Languages in which a line of four words and no signs can be code."""

_FENCE_LINE = re.compile(r"\s*(`{3,}+|~{3,}+)[^`]*+$")
_NAMES = re.compile(r"`[^`]*+`|(?<![\w.])[\w.]++\(\)|[(（][^()（）]*+[)）]")
"""What a remark says of code: names in back quotes, calls, asides."""
_CODE = re.compile(r"[={}\[\]<>|&+*/\\@#$%^~\"]|;$|\w\(|\b_")
_CAPITAL = re.compile(r"[A-Z][^\W\d_]*\b|[\u3400-\u9fff]")
_END = re.compile(r"[.:!?。：！？]$")
_CHINESE = re.compile(r"[\u3400-\u9fff]{4,}")
_COMMENT = re.compile(r"//|/\*|\*|#|--|;|%|<!--|\"|'")
_LONG_STRING = re.compile(r"\"\"\"|\'\'\'|`|<<[-~]?\w|<<[-~]?['\"]")


@dataclass(frozen=True, slots=True)
class Edit:
    """Whole lines of a document, the last one without its end, and what takes their place."""

    first: int
    last: int
    text: str


def opening(subject: Subject) -> tuple[str, str]:
    """What a model's answer is made to begin with, and the fence at which it ends.

    DeepSeek's prefix completion goes on from a given start of the answer: a fence and the first
    line's indentation, so that the next thing said can only be code. JSON would be as exact, but
    models write code worse when every quotation mark and line end in it must be escaped.
    """
    fence = fence_for(subject.code)
    return f"{fence}{subject.language_id}\n{_indent(_code_lines(subject))}", fence


def replacement(answer: str, finish: Finish, subject: Subject) -> Edit:
    """What takes the place of the subject's lines. Raises `ChatRefused`.

    *answer* is what came after `opening`.
    """
    if finish is not Finish.STOP:
        raise ChatRefused("The answer was cut off, and half of it was not applied.")
    base = _indent(_code_lines(subject))
    lines = _without_fences(_lines(base + answer), subject)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ChatRefused("The answer was empty, and nothing was changed.")
    _check_prose(lines, subject)
    _check_kinship(lines, subject)
    complaint = ""
    for variant in _indented(lines, subject):
        edit = Edit(subject.first, subject.last, subject.eol.join(variant))
        if edit.text == subject.code:
            raise ChatRefused("The answer is the code as it was, and nothing was changed.")
        complaint = _complaint(edit, subject)
        if not complaint:
            return edit
    raise ChatRefused(f"{complaint}, and nothing was changed.")


def documentation(answer: str, finish: Finish, subject: Subject) -> Edit:
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
            lines = [line.rstrip() for line in _lines(text.strip().expandtabs(4))]
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


def apply(edit: Edit, lines: Sequence[str]) -> str:
    """The whole text of a document after *edit*."""
    end = lines[edit.last][len(strip_line_end(lines[edit.last])) :]
    return "".join([*lines[: edit.first], edit.text, end, *lines[edit.last + 1 :]])


# What is taken out of an answer.


def _without_fences(lines: list[str], subject: Subject) -> list[str]:
    """The code of *lines* where they hold a block of it; prose around it is left out."""
    if "```" in subject.code or "~~~" in subject.code:
        return lines
    fences = [index for index, line in enumerate(lines) if _FENCE_LINE.match(line)]
    match fences:
        case []:
            return lines
        case [only] if not "".join(lines[only + 1 :]).strip():
            return lines[:only]
        case [first, last] if not "".join(lines[:first]).strip():
            # A second fence within ours; what follows it is a remark.
            return lines[first + 1 : last]
    raise ChatRefused("The answer is not code alone, and nothing was changed.")


def _check_prose(lines: Sequence[str], subject: Subject) -> None:
    # Python is parsed, and in a docstring prose is what belongs there.
    if subject.language_id in PROSE_LANGUAGES | {"python"}:
        return
    known = {line.strip() for line in _code_lines(subject)}
    for line in map(str.strip, lines):
        if line not in known and is_prose(line, is_wordy=subject.language_id in _WORDY):
            raise ChatRefused("The answer is not code alone, and nothing was changed.")


def _check_kinship(lines: Sequence[str], subject: Subject) -> None:
    """New code for old has some word in common with it; an answer in words may have none."""
    own, new = _words(_lines(_uncommented(subject))), _words(lines)
    if own and not own & new:
        raise ChatRefused("The answer has nothing to do with the code, and nothing was changed.")


def _uncommented(subject: Subject) -> str:
    return "\n".join(line for line in _code_lines(subject) if not _COMMENT.match(line.strip()))


def _words(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in re.findall(r"[^\W\d]\w*", line))


def is_prose(line: str, *, is_wordy: bool = True) -> bool:
    """Whether a line reads like a sentence, the names of code in it aside.

    It begins with a capital or is Chinese, has no sign that code has, and ends like a sentence or
    has as many words as one. *is_wordy*: code of this language can be words alone.
    """
    if _COMMENT.match(line):
        return False
    plain = _NAMES.sub(" ", line).strip()
    if not is_wordy and len(re.findall(r"[^\W\d_]+", plain)) >= 4 and not _CODE.search(plain):
        return True
    first = _CAPITAL.match(plain)
    if not first or (len(first[0]) > 1 and first[0].isupper()) or _CODE.search(plain):
        return False
    words = re.findall(r"[^\W\d_]+", plain)
    return bool(_CHINESE.search(plain) or _END.search(line)) or len(words) >= 5


# How it is indented.


def _indented(lines: list[str], subject: Subject) -> Iterator[list[str]]:
    """*lines* at the depth of the subject's own, in its tabs or spaces; the likeliest first.

    Some models write the first line less deep than the file has it, or the others deeper.
    """
    base = _indent(_code_lines(subject))
    if any(map(_LONG_STRING.search, lines)):
        # A string over several lines is not ours to indent, nor are the lines around it then.
        yield lines
        return
    first, *rest = _with_one_kind_of_indent(lines, subject)
    firsts = [first]
    if base and any(line.strip() for line in rest):
        less, more = first.removeprefix(base), base + first
        own = _step(_code_lines(subject))
        firsts = [first, less]
        if own is not None:
            firsts = sorted(
                [first, less, more], key=lambda each: abs((_step([each, *rest]) or 0) - own)
            )
    for each in firsts:
        variant = [each, *rest]
        common = _common([line for line in variant if line.strip()])
        yield [base + line.removeprefix(common) if line.strip() else "" for line in variant]


def _step(lines: Sequence[str]) -> int | None:
    """By how much the lines below the first one are deeper than it; None: there are none."""
    rest = [line for line in lines[1:] if line.strip()]
    return len(_common(rest)) - len(_leading(lines[0])) if rest else None


def _with_one_kind_of_indent(lines: list[str], subject: Subject) -> list[str]:
    """*lines* with tabs where the document has tabs, spaces where it has spaces."""
    own = [lead for line in _code_lines(subject) if (lead := _leading(line))]
    document = own or [lead for line in subject.lines if (lead := _leading(line))]
    tabs = sum(each.startswith("\t") for each in document)
    spaces = sum(each.startswith("  ") for each in document)
    if tabs == spaces:
        return lines
    width = min((len(each) for each in document if each.startswith("  ")), default=4)
    unit, other = ("\t", " " * 4) if tabs > spaces else (" " * min(width, 4), "\t")
    changed = []
    for line in lines:
        depth = 0
        while line.startswith((unit, other)):
            line = line.removeprefix(unit) if line.startswith(unit) else line.removeprefix(other)
            depth += 1
        changed.append(unit * depth + line)
    return changed


def _code_lines(subject: Subject) -> list[str]:
    return _lines(subject.code)


def _lines(text: str) -> list[str]:
    return [strip_line_end(line) for line in split_lines(text)]


def _indent(lines: Sequence[str]) -> str:
    """The indentation of the first line that is not blank."""
    return next((_leading(line) for line in lines if line.strip()), "")


def _leading(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _common(lines: Sequence[str]) -> str:
    """The indentation that all of *lines* have."""
    leads = [_leading(line) for line in lines]
    shortest = min(leads, key=len, default="")
    while not all(lead.startswith(shortest) for lead in leads):
        shortest = shortest[:-1]
    return shortest


# Whether it can stand where it is to stand.


def _complaint(edit: Edit, subject: Subject) -> str:
    """What is wrong with the text after *edit*; empty: it can stand."""
    if subject.language_id == "python":
        was_python = parse_python("".join(subject.lines)) is not None
        alone = "\n".join(_dedented(_lines(edit.text)))
        # Where the document was broken before, it may still be, elsewhere.
        if parse_python(apply(edit, subject.lines) if was_python else alone) is None:
            return "The answer is not valid Python"
    elif subject.language_id not in PROSE_LANGUAGES and not _is_as_balanced(edit.text, subject):
        return "The brackets of the answer do not match"
    return ""


def _is_as_balanced(text: str, subject: Subject) -> bool:
    """Whether brackets match in *text* as they do in what it replaces, or all of them."""
    plain, own = _balances(text), _balances(subject.code)
    code, own_code = _balances(without_strings(text)), _balances(without_strings(subject.code))
    balanced = (0, 0, 0)
    is_fix = subject.remark is not None
    return plain == own or code == own_code or (is_fix and balanced in (plain, code))


def _balances(text: str) -> tuple[int, int, int]:
    round_, square, curly = (text.count(a) - text.count(b) for a, b in ("()", "[]", "{}"))
    return round_, square, curly


def _dedented(lines: Sequence[str]) -> list[str]:
    common = _common([line for line in lines if line.strip()])
    return [line.removeprefix(common) for line in lines]


# Documentation.


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
    indent = _leading(lines[at])
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
    indent = _leading(own)
    text_above = subject.eol.join(indent + line for line in lines)
    return Edit(subject.first, subject.first, text_above + subject.eol + own)
