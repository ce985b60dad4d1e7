"""A model's answer as an edit of a document: checked, indented, or refused.

An answer is never trusted to be code. What is asked for begins within a fence (see `opening`), so
that a model has no place for prose; what comes back all the same, or is cut off, or does not fit,
is refused with a reason, and the document stays as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ds_lsp.chat.comments import outside_blocks
from ds_lsp.chat.fences import edit_fence, without_fences
from ds_lsp.chat.neighbors import without_neighbors
from ds_lsp.chat.notation import foreign_notation, without_file_name
from ds_lsp.chat.placeholders import placeholder_in
from ds_lsp.chat.scope import compiles, parse_python
from ds_lsp.chat.subject import Subject
from ds_lsp.chat.whole import part_or_double
from ds_lsp.document import split_lines, strip_line_end
from ds_lsp.errors import ChatRefused
from ds_lsp.invisible import find_misplaced, names_of
from ds_lsp.languages import PROSE
from ds_lsp.providers.base import Finish
from ds_lsp.quoted import without_strings
from ds_lsp.visible import escape_control_characters

MAX_EDITED_CHARS = 16_000
"""Longer code is not rewritten: the answer would be cut off, and cost as much again."""

_WORDY = frozenset(
    {
        *("bat", "dockerfile", "elixir", "erlang", "fsharp", "haskell", "ini", "julia", "lua"),
        *("makefile", "ocaml", "perl", "powershell", "properties", "r", "ruby", "shellscript"),
        *("sql", "swift", "toml", "vb", "yaml", "fish", "elm"),
    }
)
"""Languages in which a line of four words and no signs can be code."""

_NAMES = re.compile(r"`[^`]*+`|(?<![\w.])[\w.]++\(\)|[(（][^()（）]*+[)）]")
"""What a remark says of code: names in back quotes, calls, asides."""
_CODE = re.compile(
    r"[={}\[\]<>|&+*/\\@#$%^~\"]|;$|\w\(|\b_|\w:\w|::"
    # Names in a list that goes on.
    r"|^[\w.$]+(?:, [\w.$]+)+,$"
)
_CONDITION = re.compile(
    r"(?:\} )?(?:else )?(?:if|for|while|switch|catch|elif|unless|until|match)\s*\("
)
_STRING = re.compile(r"\"[^\"]*+\"|(?<![^\W_])'[^']*+'(?=[,;:)\]}]|$)")
_WORD = re.compile(r"[^\W\d_]+(?:[._]\w+)*")
"""A name with its dots is one."""
_CAPITAL = re.compile(r"[A-Z][^\W\d_]*\b|[\u3400-\u9fff]")
_END = re.compile(r"[.:!?。：！？]$")
_CHINESE = re.compile(r"[\u3400-\u9fff]{4,}")
_COMMENT = re.compile(r"//|/\*|\*|#|--|;|%|<!--|\"|'")
_AT_MARGIN = re.compile(
    r"#\s*(?:if|ifdef|ifndef|elif|else|endif|define|undef|include|pragma|region|endregion|error"
    r"|warning)\b(?!.*:$)|<%"
)
"""Lines at the margin at any depth: the preprocessor's, a template's."""
_LONG_STRING = re.compile(
    r"\"\"\"|\'\'\'|`|<<[-~]?\w|<<[-~]?['\"]|(?<![\w\])])\[=*\[(?![\w\s])|R\"\w*\(|\br#+\"|@\""
)


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
    fence = edit_fence(subject.code)
    return f"{fence}{subject.language_id}\n{_indent(_code_lines(subject))}", fence


def replacement(answer: str, finish: Finish, subject: Subject) -> Edit:
    """What takes the place of the subject's lines. Raises `ChatRefused`.

    *answer* is what came after `opening`.
    """
    if finish is not Finish.STOP:
        raise ChatRefused("The answer was cut off, and half of it was not applied.")
    is_prose = subject.language_id in PROSE
    own = _code_lines(subject)
    lines = without_fences(
        plain_lines(_indent(own) + answer), own, subject.language_id, is_prose=is_prose
    )
    lines = without_file_name(lines, own, subject)
    if not any(line.strip() for line in lines):
        raise ChatRefused("The answer was empty, and nothing was changed.")
    _check_form(lines, own, subject)
    refusal = "The brackets of the answer do not match"
    for trimmed in without_neighbors(lines, subject):
        check_characters(trimmed, subject)
        _check_prose(trimmed, subject)
        _check_kinship(trimmed, subject)
        variants = list(_indented(_without_blank_ends(trimmed), subject))
        if fault := part_or_double(variants[0], own, subject):
            refusal = f"The answer {fault}"
            continue
        for variant in variants:
            edit = Edit(subject.first, subject.last, subject.eol.join(variant))
            if variant == own:
                raise ChatRefused("The answer is the code as it was, and nothing was changed.")
            refusal = _complaint(edit, subject)
            if not refusal:
                return edit
    raise ChatRefused(f"{refusal}, and nothing was changed.")


def apply(edit: Edit, lines: Sequence[str]) -> str:
    """The whole text of a document after *edit*."""
    end = lines[edit.last][len(strip_line_end(lines[edit.last])) :]
    return "".join([*lines[: edit.first], edit.text, end, *lines[edit.last + 1 :]])


# What is taken out of an answer.


def _without_blank_ends(lines: Sequence[str]) -> list[str]:
    with_text = [index for index, line in enumerate(lines) if line.strip()]
    return list(lines[with_text[0] : with_text[-1] + 1])


def check_characters(lines: Sequence[str], subject: Subject) -> None:
    """Refuse characters nobody sees; a line that is taken over as it was may keep its own."""
    known = {line.strip(" \t") for line in _code_lines(subject)}
    new = "\n".join(line for line in lines if line.strip(" \t") not in known)
    if names := names_of(new, find_misplaced(new, own=tuple(subject.lines))):
        raise ChatRefused(
            f"The answer holds characters that cannot be seen ({names}), and nothing was changed."
        )


def _check_form(lines: Sequence[str], own: Sequence[str], subject: Subject) -> None:
    """Refuse what stands for code, and code in another notation than the document's."""
    if fault := foreign_notation(lines, own, subject):
        raise ChatRefused(f"The answer {fault}, and nothing was changed.")
    if placeholder := placeholder_in(lines, own, subject):
        raise ChatRefused(
            f"The answer leaves code out (“{escape_control_characters(placeholder[:40])}”), and "
            "nothing was changed."
        )


def _check_prose(lines: Sequence[str], subject: Subject) -> None:
    # Python is parsed, and in a docstring prose is what belongs there.
    # There is no telling prose from an answer's own.
    if subject.language_id in PROSE | {"python"}:
        return
    known = {line.strip() for line in _code_lines(subject)}
    outside, _ = outside_blocks(lines, subject.language_id)
    for line in map(str.strip, outside):
        if line not in known and is_prose(line, is_wordy=subject.language_id in _WORDY):
            raise ChatRefused("The answer is not code alone, and nothing was changed.")


def _check_kinship(lines: Sequence[str], subject: Subject) -> None:
    """Refuse code that has no word in common with the old; an answer in words may have none.

    An answer of comments alone must hold half of the old words, as code that was commented out
    does: documentation whose code is missing does not.
    """
    own = _words(_uncommented(_code_lines(subject), subject.language_id))
    if not own:
        return
    new = own & _words(lines)
    if not new:
        raise ChatRefused("The answer has nothing to do with the code, and nothing was changed.")
    code = _uncommented(lines, subject.language_id)
    if not any(map(str.strip, code)) and len(new) <= len(own) / 2:
        raise ChatRefused("The answer holds comments alone, and nothing was changed.")


def _uncommented(lines: Sequence[str], language_id: str) -> list[str]:
    outside, _ = outside_blocks(lines, language_id)
    return [line for line in outside if not _COMMENT.match(line.strip())]


def _words(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in re.findall(r"[^\W\d]\w*", line))


def is_prose(line: str, *, is_wordy: bool = True) -> bool:
    """Whether a line reads like a sentence, the names of code in it aside.

    It begins with a capital or is Chinese, has no sign that code has, and ends like a sentence or
    has as many words as one. *is_wordy*: code of this language can be words alone.
    """
    if _COMMENT.match(line):
        return False
    if _CONDITION.match(line):
        return False
    plain = _NAMES.sub(" ", _STRING.sub(" ", line)).strip()
    if not is_wordy and len(_WORD.findall(plain)) >= 4 and not _CODE.search(plain):
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
    own_lines = _code_lines(subject)
    base = _indent(own_lines)
    # Lines below the first one may stand less deep than it: a selection can begin within a block.
    least = _common([line for line in own_lines if line.strip()])
    if any(map(_LONG_STRING.search, lines)):
        # A string over several lines is not ours to indent, nor are the lines around it then; the
        # first one may have its indentation twice, as the answer goes on from it.
        own_leads = {leading(line) for line in own_lines}
        is_deeper = leading(lines[0]) not in own_leads or leading(lines[0]) == base * 2
        yield [base + lines[0].lstrip(" \t") if is_deeper else lines[0], *lines[1:]]
        return
    first, *rest = _with_one_kind_of_indent(lines, subject)
    firsts = [first]
    if base and any(line.strip() for line in rest):
        less, more = first.removeprefix(base), base + first
        own = _step(own_lines)
        firsts = [first, less] if own is None else [first, less, more]
        firsts.sort(key=lambda each: abs((_step([each, *rest]) or 0) - (own or 0)))
    for each in firsts:
        variant = [each, *rest]
        common = _common([line for line in variant if line.strip() and not _AT_MARGIN.match(line)])
        to = least if len(common) < len(base) and leading(each) == base else base
        yield [
            line
            if _AT_MARGIN.match(line)
            else to + line.removeprefix(common)
            if line.strip()
            else ""
            for line in variant
        ]


def _step(lines: Sequence[str]) -> int | None:
    """By how much the lines below the first one are deeper than it; None: there are none."""
    rest = [line for line in lines[1:] if line.strip() and not _AT_MARGIN.match(line)]
    return len(_common(rest)) - len(leading(lines[0])) if rest else None


def _with_one_kind_of_indent(lines: list[str], subject: Subject) -> list[str]:
    """*lines* with tabs where the document has tabs, spaces where it has spaces."""
    own = [lead for line in _code_lines(subject) if (lead := leading(line))]
    document = own or [lead for line in subject.lines if (lead := leading(line))]
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
    return plain_lines(subject.code)


def plain_lines(text: str) -> list[str]:
    return [strip_line_end(line) for line in split_lines(text)]


def _indent(lines: Sequence[str]) -> str:
    """The indentation of the first line that is not blank."""
    return next((leading(line) for line in lines if line.strip()), "")


def leading(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _common(lines: Sequence[str]) -> str:
    """The indentation that all of *lines* have."""
    leads = [leading(line) for line in lines]
    shortest = min(leads, key=len, default="")
    while not all(lead.startswith(shortest) for lead in leads):
        shortest = shortest[:-1]
    return shortest


# Whether it can stand where it is to stand.


def _complaint(edit: Edit, subject: Subject) -> str:
    """What is wrong with the text after *edit*; empty: it can stand."""
    if subject.language_id == "python":
        before = "".join(subject.lines)
        was_python = parse_python(before) is not None
        alone = "\n".join(dedented(plain_lines(edit.text)))
        # Where the document was broken before, it may still be, elsewhere.
        if parse_python(apply(edit, subject.lines) if was_python else alone) is None:
            return "The answer is not valid Python"
        # As of a return outside of a function: a part of one can be parsed.
        if compiles(before) and not compiles(apply(edit, subject.lines)):
            return "The answer is not valid Python"
    elif subject.language_id not in PROSE:
        if not _is_as_balanced(edit.text, subject):
            return "The brackets of the answer do not match"
        _, is_open = outside_blocks(plain_lines(edit.text), subject.language_id)
        if is_open and not outside_blocks(_code_lines(subject), subject.language_id)[1]:
            return "The answer ends within a comment or a string"
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


def dedented(lines: Sequence[str]) -> list[str]:
    common = _common([line for line in lines if line.strip()])
    return [line.removeprefix(common) for line in lines]
