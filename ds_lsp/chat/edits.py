"""A model's answer as an edit of a document: checked, indented, or refused.

An answer is never trusted to be code. The request begins the answer with a fence (see
`build_opening`), so that the model has no place for prose. An answer that holds prose all the same,
that is cut off or that does not fit is refused with a reason, and the document stays as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ds_lsp.chat.fences import edit_fence, without_fences
from ds_lsp.chat.neighbors import without_neighbors
from ds_lsp.chat.notation import find_foreign_notation, without_file_name
from ds_lsp.chat.placeholders import find_placeholder
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.chat.whole import find_part_or_double
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.blocks import compiles, parse_python
from ds_lsp.languages.comments import SURE_COMMENT_START, outside_blocks
from ds_lsp.languages.table import PROSE
from ds_lsp.providers.base import Finish
from ds_lsp.text.invisible import find_misplaced, names_of
from ds_lsp.text.lines import TAB_WIDTH, leading_blanks, split_lines, strip_line_end
from ds_lsp.text.pairs import bracket_balances
from ds_lsp.text.quoted import without_strings
from ds_lsp.text.visible import escape_control_characters

MAX_EDITED_CHARS = 16_000
"""Maximum characters of code that is rewritten. The answer to longer code would be cut off, and a
further try would cost as much again."""

_WORDY = frozenset(
    {
        *("bat", "dockerfile", "elixir", "erlang", "fsharp", "haskell", "ini", "julia", "lua"),
        *("makefile", "ocaml", "perl", "powershell", "properties", "r", "ruby", "shellscript"),
        *("sql", "swift", "toml", "vb", "yaml", "fish", "elm"),
    }
)
"""Languages in which a line of four words and no signs can be code."""

_CODE_NAMES = re.compile(r"`[^`]*+`|(?<![\w.])[\w.]++\(\)|[(（][^()（）]*+[)）]")
"""Code within a sentence: names in back quotes, calls, and asides in brackets."""
_CODE = re.compile(
    r"[={}\[\]<>|&+*/\\@#$%^~\"]|;$|\w\(|\b_|\w:\w|::"
    # A list of names that continues on the next line.
    r"|^[\w.$]+(?:, [\w.$]+)+,$"
)
_CONDITION = re.compile(
    r"(?:\} )?(?:else )?(?:if|for|while|switch|catch|elif|unless|until|match)\s*\("
)
_STRING = re.compile(r"\"[^\"]*+\"|(?<![^\W_])'[^']*+'(?=[,;:)\]}]|$)")
_WORD = re.compile(r"[^\W\d_]+(?:[._]\w+)*")
"""A word, or a name with dots in it."""
_CAPITAL = re.compile(r"[A-Z][^\W\d_]*\b|[\u3400-\u9fff]")
_END = re.compile(r"[.:!?。：！？]$")
_CHINESE = re.compile(r"[\u3400-\u9fff]{4,}")
_COMMENT = re.compile(SURE_COMMENT_START)
_AT_MARGIN = re.compile(
    r"#\s*(?:if|ifdef|ifndef|elif|else|endif|define|undef|include|pragma|region|endregion|error"
    r"|warning)\b(?!.*:$)|<%"
)
"""Lines that stand at the margin at any depth: those of the preprocessor and of templates."""
_LONG_STRING = re.compile(
    r"\"\"\"|\'\'\'|`|<<[-~]?\w|<<[-~]?['\"]|(?<![\w\])])\[=*\[(?![\w\s])|R\"\w*\(|\br#+\"|@\""
)


@dataclass(frozen=True, slots=True)
class ChatEdit:
    """Whole lines of a document, the last one without its end, and the text that replaces them.

    Lines are counted from 0; *last* is included.
    """

    first: int
    last: int
    text: str


def build_opening(selection: CodeSelection) -> tuple[str, str]:
    """Return the text that the model's answer must begin with, and the fence at which it ends.

    DeepSeek's prefix completion continues a given start of the answer: a fence and the first line's
    indentation, so that only code can follow. JSON would be as exact, but models write code worse
    when every quotation mark and line end in it must be escaped.
    """
    fence = edit_fence(selection.code)
    return f"{fence}{selection.language_id}\n{_first_indent(_code_lines(selection))}", fence


def replacement(answer: str, finish: Finish, selection: CodeSelection) -> ChatEdit:
    """Return the edit that replaces the selected lines.

    *answer* is the model's text after `build_opening`. Raises `ChatRefused` when the answer is not
    complete code that fits in the selection's place.
    """
    if finish is not Finish.STOP:
        raise ChatRefused("The answer was cut off, and half of it was not applied.")
    is_prose = selection.language_id in PROSE
    own = _code_lines(selection)
    lines = without_fences(
        plain_lines(_first_indent(own) + answer), own, selection.language_id, is_prose=is_prose
    )
    lines = without_file_name(lines, own, selection)
    if not any(line.strip() for line in lines):
        raise ChatRefused("The answer was empty, and nothing was changed.")
    _check_notation(lines, own, selection)
    refusal = "The brackets of the answer do not match"
    for trimmed in without_neighbors(lines, selection):
        check_characters(trimmed, selection)
        _check_prose(trimmed, selection)
        _check_relation(trimmed, selection)
        variants = list(_indent_variants(_strip_blank_ends(trimmed), selection))
        if fault := find_part_or_double(variants[0], own, selection):
            refusal = f"The answer {fault}"
            continue
        for variant in variants:
            edit = ChatEdit(selection.first, selection.last, selection.eol.join(variant))
            if variant == own:
                raise ChatRefused("The answer is the code as it was, and nothing was changed.")
            refusal = _find_fault(edit, selection)
            if not refusal:
                return edit
    raise ChatRefused(f"{refusal}, and nothing was changed.")


def apply(edit: ChatEdit, lines: Sequence[str]) -> str:
    """Return the whole text of a document after *edit*; *lines* are its lines with their ends."""
    end = lines[edit.last][len(strip_line_end(lines[edit.last])) :]
    return "".join([*lines[: edit.first], edit.text, end, *lines[edit.last + 1 :]])


# Checks and changes of an answer's form.


def _strip_blank_ends(lines: Sequence[str]) -> list[str]:
    with_text = [index for index, line in enumerate(lines) if line.strip()]
    return list(lines[with_text[0] : with_text[-1] + 1])


def check_characters(lines: Sequence[str], selection: CodeSelection) -> None:
    """Raise `ChatRefused` for invisible characters; an unchanged line may keep its own."""
    known = {line.strip(" \t") for line in _code_lines(selection)}
    new = "\n".join(line for line in lines if line.strip(" \t") not in known)
    if names := names_of(new, find_misplaced(new, own=tuple(selection.lines))):
        raise ChatRefused(
            f"The answer holds characters that cannot be seen ({names}), and nothing was changed."
        )


def _check_notation(lines: Sequence[str], own: Sequence[str], selection: CodeSelection) -> None:
    """Raise `ChatRefused` for placeholders, and for a notation that is not the document's."""
    if fault := find_foreign_notation(lines, own, selection):
        raise ChatRefused(f"The answer {fault}, and nothing was changed.")
    if placeholder := find_placeholder(lines, own, selection):
        raise ChatRefused(
            f"The answer leaves code out (“{escape_control_characters(placeholder[:40])}”), and "
            "nothing was changed."
        )


def _check_prose(lines: Sequence[str], selection: CodeSelection) -> None:
    # There are two exceptions: 1. Python is parsed, and its docstrings hold prose. 2. In a document
    # that is prose itself, prose of the model cannot be told from the text.
    if selection.language_id in PROSE | {"python"}:
        return
    known = {line.strip() for line in _code_lines(selection)}
    outside, _ = outside_blocks(lines, selection.language_id)
    for line in map(str.strip, outside):
        if line not in known and is_prose(line, is_wordy=selection.language_id in _WORDY):
            raise ChatRefused("The answer is not code alone, and nothing was changed.")


def _check_relation(lines: Sequence[str], selection: CodeSelection) -> None:
    """Raise `ChatRefused` for an answer that has no word in common with the old code.

    An answer in prose may have none. An answer of comments alone must hold more than half of
    the old words: code that was commented out does, documentation whose code is missing does not.
    """
    own = _words(_without_comments(_code_lines(selection), selection.language_id))
    if not own:
        return
    new = own & _words(lines)
    if not new:
        raise ChatRefused("The answer has nothing to do with the code, and nothing was changed.")
    code = _without_comments(lines, selection.language_id)
    if not any(map(str.strip, code)) and len(new) <= len(own) / 2:
        raise ChatRefused("The answer holds comments alone, and nothing was changed.")


def _without_comments(lines: Sequence[str], language_id: str) -> list[str]:
    outside, _ = outside_blocks(lines, language_id)
    return [line for line in outside if not _COMMENT.match(line.strip())]


def _words(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in re.findall(r"[^\W\d]\w*", line))


def is_prose(line: str, *, is_wordy: bool = True) -> bool:
    """Return whether a line reads like a sentence, apart from the names of code in it.

    A sentence begins with a capital or is Chinese, has no sign that only code has, and ends like a
    sentence or has at least five words. *is_wordy* says that a line of code can be words alone in
    this language; otherwise four words without a sign are a sentence, too.
    """
    if _COMMENT.match(line):
        return False
    if _CONDITION.match(line):
        return False
    plain = _CODE_NAMES.sub(" ", _STRING.sub(" ", line)).strip()
    if not is_wordy and len(_WORD.findall(plain)) >= 4 and not _CODE.search(plain):
        return True
    first = _CAPITAL.match(plain)
    if not first or (len(first[0]) > 1 and first[0].isupper()) or _CODE.search(plain):
        return False
    words = re.findall(r"[^\W\d_]+", plain)
    return bool(_CHINESE.search(plain) or _END.search(line)) or len(words) >= 5


# Indentation.


def _indent_variants(lines: list[str], selection: CodeSelection) -> Iterator[list[str]]:
    """Yield *lines* at the depth of the selected ones, in their tabs or spaces; likeliest first.

    Some models write the first line less deep than the file has it, or the others deeper.
    """
    own_lines = _code_lines(selection)
    base = _first_indent(own_lines)
    # Later lines may stand less deep than the first one: a selection can begin within a block.
    least = _common_indent([line for line in own_lines if line.strip()])
    if any(map(_LONG_STRING.search, lines)):
        # A string over several lines must not be indented, and so the lines around it keep their
        # indentation, too. Only the first line is adjusted: as the answer continues its given
        # indentation, the line may have it twice.
        own_leads = {leading_blanks(line) for line in own_lines}
        is_deeper = (
            leading_blanks(lines[0]) not in own_leads or leading_blanks(lines[0]) == base * 2
        )
        yield [base + lines[0].lstrip(" \t") if is_deeper else lines[0], *lines[1:]]
        return
    first, *rest = _unify_indent(lines, selection)
    firsts = [first]
    if base and any(line.strip() for line in rest):
        less, more = first.removeprefix(base), base + first
        own = _indent_step(own_lines)
        firsts = [first, less] if own is None else [first, less, more]
        firsts.sort(key=lambda each: abs((_indent_step([each, *rest]) or 0) - (own or 0)))
    for each in firsts:
        variant = [each, *rest]
        common = _common_indent(
            [line for line in variant if line.strip() and not _AT_MARGIN.match(line)]
        )
        to = least if len(common) < len(base) and leading_blanks(each) == base else base
        yield [
            line
            if _AT_MARGIN.match(line)
            else to + line.removeprefix(common)
            if line.strip()
            else ""
            for line in variant
        ]


def _indent_step(lines: Sequence[str]) -> int | None:
    """Return how many characters deeper the later lines are than the first; None without any."""
    rest = [line for line in lines[1:] if line.strip() and not _AT_MARGIN.match(line)]
    return len(_common_indent(rest)) - len(leading_blanks(lines[0])) if rest else None


def _unify_indent(lines: list[str], selection: CodeSelection) -> list[str]:
    """Return *lines* indented with tabs if the document is, or with its number of spaces."""
    own = [lead for line in _code_lines(selection) if (lead := leading_blanks(line))]
    document = own or [lead for line in selection.lines if (lead := leading_blanks(line))]
    tabs = sum(each.startswith("\t") for each in document)
    spaces = sum(each.startswith("  ") for each in document)
    if tabs == spaces:
        return lines
    width = min((len(each) for each in document if each.startswith("  ")), default=TAB_WIDTH)
    unit, other = ("\t", " " * TAB_WIDTH) if tabs > spaces else (" " * min(width, TAB_WIDTH), "\t")
    changed = []
    for line in lines:
        depth = 0
        while line.startswith((unit, other)):
            line = line.removeprefix(unit) if line.startswith(unit) else line.removeprefix(other)
            depth += 1
        changed.append(unit * depth + line)
    return changed


def _code_lines(selection: CodeSelection) -> list[str]:
    return plain_lines(selection.code)


def plain_lines(text: str) -> list[str]:
    return [strip_line_end(line) for line in split_lines(text)]


def _first_indent(lines: Sequence[str]) -> str:
    """Return the indentation of the first line that is not blank."""
    return next((leading_blanks(line) for line in lines if line.strip()), "")


def _common_indent(lines: Sequence[str]) -> str:
    """Return the longest indentation that all of *lines* begin with."""
    leads = [leading_blanks(line) for line in lines]
    shortest = min(leads, key=len, default="")
    while not all(lead.startswith(shortest) for lead in leads):
        shortest = shortest[:-1]
    return shortest


# Checks of the text after the edit.


def _find_fault(edit: ChatEdit, selection: CodeSelection) -> str:
    """Return the fault of the text after *edit*, for a message; empty if there is none."""
    if selection.language_id == "python":
        before = "".join(selection.lines)
        was_python = parse_python(before) is not None
        alone = "\n".join(dedent(plain_lines(edit.text)))
        # A document that was broken before may still be broken elsewhere: parse only the edit.
        if parse_python(apply(edit, selection.lines) if was_python else alone) is None:
            return "The answer is not valid Python"
        # A return outside of a function can be parsed and not compiled: the edit is a part of one.
        if compiles(before) and not compiles(apply(edit, selection.lines)):
            return "The answer is not valid Python"
    elif selection.language_id not in PROSE:
        if not _is_as_balanced(edit.text, selection):
            return "The brackets of the answer do not match"
        _, is_open = outside_blocks(plain_lines(edit.text), selection.language_id)
        if is_open and not outside_blocks(_code_lines(selection), selection.language_id)[1]:
            return "The answer ends within a comment or a string"
    return ""


def _is_as_balanced(text: str, selection: CodeSelection) -> bool:
    """Return whether *text* leaves as many brackets open as the code it replaces.

    A fix of a reported problem may also balance all of them.
    """
    plain, own = bracket_balances(text), bracket_balances(selection.code)
    code, own_code = (
        bracket_balances(without_strings(text)),
        bracket_balances(without_strings(selection.code)),
    )
    balanced = (0, 0, 0)
    is_fix = selection.problem is not None
    return plain == own or code == own_code or (is_fix and balanced in (plain, code))


def dedent(lines: Sequence[str]) -> list[str]:
    common = _common_indent([line for line in lines if line.strip()])
    return [line.removeprefix(common) for line in lines]
