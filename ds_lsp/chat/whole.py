"""Finds answers that are a part of the code or hold it twice: they would delete or double lines."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from ds_lsp.chat.notation import MARKUP
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.languages.blocks import defined_name
from ds_lsp.languages.comments import COMMENTS, outside_blocks
from ds_lsp.text.lines import indent_of
from ds_lsp.text.quoted import without_strings

MAX_NEIGHBORS = 400
"""Maximum lines above and below in which definitions beside the edited code are looked for."""
MAX_COMPARED = 60
"""Maximum lines of an answer that are compared by likeness; a longer one is no fragment."""
MAX_LINE_CHARS = 400
"""Maximum characters of a line that is compared by likeness, or looked through for words."""
_MIN_LIKENESS = 0.75
"""Minimum share of characters that a changed line has in common with the old one, from 0 to 1."""
_MIN_LINES = 4
"""Minimum lines of the old code for a much shorter answer to be taken for a fragment of it."""

_STATEMENT = re.compile(r"\s*(?:match|loop|unless|until|let|const|var|await|assert|expect)\b")
_FIRST_WORD = re.compile(r"[\w$@-]+")

_ONE_OF_A_NAME = frozenset(
    {
        *("python", "go", "rust", "javascript", "javascriptreact", "php", "ruby", "lua", "vue"),
        *("shellscript", "perl", "c", "r", "zig", "powershell", "fish", "vim"),
    }
)
"""Languages in which a second function of the same name replaces the first, or is an error."""
_BESIDE = re.compile(r"@|#\[|#\s*(?:if|else|elif)|\[")
"""The start of a line that allows the definition below it several times: a decorator, an attribute
or a condition."""


def find_part_or_double(lines: Sequence[str], own: Sequence[str], selection: CodeSelection) -> str:
    """Return the fault of an answer, for a message; empty if it holds the whole code, and once."""
    if _is_twice(lines, own, selection) or _doubles_a_neighbor(lines, own, selection):
        return "holds code twice"
    if _lacks_definition(lines, own) or _is_fragment(lines, own):
        return "is only a part of the code"
    if not _has_its_block_ends(lines, own, selection.language_id):
        return "has blocks without an end"
    return ""


# Code that stands twice.


def _is_twice(lines: Sequence[str], own: Sequence[str], selection: CodeSelection) -> bool:
    counts, was = (Counter(_find_definitions(each, selection.language_id)) for each in (lines, own))
    if any(count > max(1, was[each]) for each, count in counts.items()):
        return True
    texts, own_texts = _texts(lines), _texts(own)
    half, odd = divmod(len(texts), 2)
    is_distinctive = sum(bool(re.search(r"\w", text)) for text in texts) >= 4
    return (
        is_distinctive
        and not odd
        and texts[:half] == texts[half:]
        and own_texts.count(texts[0]) < texts.count(texts[0])
    )


def _doubles_a_neighbor(lines: Sequence[str], own: Sequence[str], selection: CodeSelection) -> bool:
    """Return whether an answer adds a definition that already stands beside the selection."""
    language_id = selection.language_id
    new = set(_find_definitions(lines, language_id)) - set(_find_definitions(own, language_id))
    return bool(new) and bool(
        new & set(_find_definitions(list(_lines_beside(selection)), language_id))
    )


def _lines_beside(selection: CodeSelection) -> Iterator[str]:
    """Yield the lines around the selection at its depth, within the block that contains it."""
    lines = selection.lines
    depth = _least_depth(lines[selection.first : selection.last + 1])
    above = range(selection.first - 1, max(-1, selection.first - MAX_NEIGHBORS), -1)
    below = range(selection.last + 1, min(len(lines), selection.last + MAX_NEIGHBORS))
    for places in (above, below):
        for at in places:
            if lines[at].strip() and indent_of(lines[at]) < depth:
                break
            if (
                lines[at].strip()
                and indent_of(lines[at]) == depth
                and not _is_one_of_several(lines, at)
            ):
                yield lines[at]


def _find_definitions(lines: Sequence[str], language_id: str) -> Iterator[tuple[str, str]]:
    """Yield keyword and name of each definition at the least depth that may stand there only once.

    In languages that tell functions apart by their parameters, the line stands for the name.
    """
    depth = _least_depth(lines)
    for at, line in enumerate(lines):
        if not line.strip() or indent_of(line) != depth or _is_one_of_several(lines, at):
            continue
        found, text = defined_name(line), line.strip()
        if not found or text.endswith(";") or re.match(r"#|//|--|\*|export \{", text):
            continue
        # There are three cases of equal names: methods of two types in Go, two implementations in
        # Rust, and calls with a block in languages like C.
        is_method = found[0] == "impl" or text.startswith("func (")
        by_name = language_id in _ONE_OF_A_NAME and found[0] and not is_method
        if by_name or _is_header(line):
            yield found if by_name else ("", text)


def _is_one_of_several(lines: Sequence[str], at: int) -> bool:
    above = lines[at - 1].strip() if at else ""
    return _BESIDE.match(above) is not None


# A part of the code.


def _lacks_definition(lines: Sequence[str], own: Sequence[str]) -> bool:
    """Return whether the code begins with a definition, and the answer has none."""
    depth = _least_depth(own)
    first = next(
        (line for line in own if indent_of(line) == depth and line.strip() and _is_header(line)),
        None,
    )
    if first is None:
        return False
    found = defined_name(first)
    assert found
    text = "\n".join(lines)
    return not re.search(rf"(?<![\w$]){re.escape(found[1])}(?![\w$])", text) and not any(
        map(_is_header, lines)
    )


def _is_header(line: str) -> bool:
    """Return whether a line is a definition, and not only a call."""
    found = defined_name(line)
    if not found or found[0]:
        return bool(found)
    is_call = "." in line.partition("(")[0] or _STATEMENT.match(line)
    return line.rstrip().endswith("{") and not is_call


def _is_fragment(lines: Sequence[str], own: Sequence[str]) -> bool:
    """Return whether a short answer is some lines of the code, at least one of them changed.

    An answer of unchanged lines, or one that has the code's first and last line, is none: these may
    be all that the request wanted to keep.
    """
    texts, was = _texts(lines), _texts(own)
    if not texts or len(was) < _MIN_LINES or len(texts) * 2 > len(was):
        return False
    if len(was) > MAX_COMPARED * 4 or set(texts) <= set(was):
        return False
    if len(texts) > 1 and _is_like(texts[0], was[0]) and _is_like(texts[-1], was[-1]):
        return False
    at = 0
    for text in texts:
        places = (place for place in range(at, len(was)) if _is_like(text, was[place]))
        found = next(places, None)
        if found is None:
            return False
        at = found + 1
    return True


def _is_like(text: str, was: str) -> bool:
    if text == was or max(len(text), len(was)) > MAX_LINE_CHARS:
        return text == was
    if _FIRST_WORD.findall(text)[:1] != _FIRST_WORD.findall(was)[:1]:
        return False
    matcher = SequenceMatcher(None, was, text, autojunk=False)
    return matcher.quick_ratio() >= _MIN_LIKENESS and matcher.ratio() >= _MIN_LIKENESS


# The ends of blocks, in languages whose blocks end with words or tags.


def _has_its_block_ends(lines: Sequence[str], own: Sequence[str], language_id: str) -> bool:
    if language_id in MARKUP and language_id != "php":
        tags, was = _count_open_tags(lines), _count_open_tags(own)
        return tags in (was, {})
    count = _BALANCES.get(language_id)
    if count is None:
        return True
    return count(_code_lines(lines, language_id)) in (0, count(_code_lines(own, language_id)))


_TAG = re.compile(
    r"<(/?)([A-Za-z][\w:.-]*)((?:[^<>\"']|\"[^\"]{0,400}\"|'[^']{0,400}'){0,400}?)(/?)>"
)
_VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr", "p", "li", "td", "th", "tr", "option", "dt", "dd", "tbody"),
        *("thead", "tfoot", "colgroup", "body", "html", "head"),
    }
)
"""Tags that need no end, in lower case, in which names are compared."""


def _count_open_tags(lines: Sequence[str]) -> dict[str, int]:
    """Return how many more elements of each name are opened than closed, without balanced names."""
    balance: Counter[str] = Counter()
    text = _without_comments("\n".join(lines)).replace("=>", "")
    for found in _TAG.finditer(text):
        name = found[2].lower()
        if name not in _VOID and not found[4]:
            balance[name] += -1 if found[1] else 1
    return {name: count for name, count in balance.items() if count}


def _without_comments(text: str) -> str:
    first, *commented = text.split("<!--")
    return first + "".join(each.partition("-->")[2] for each in commented)


def _code_lines(lines: Sequence[str], language_id: str) -> list[str]:
    mark = re.escape(COMMENTS[language_id].line)
    outside, _ = outside_blocks(lines, language_id)
    # The code that fills in a template has blocks of its own.
    bare = (
        without_strings(re.sub(r"<%.*?%>", "", line))
        for line in outside
        if len(line) <= MAX_LINE_CHARS
    )
    return [re.sub(rf"(?:^|(?<=\s)){mark}.*", "", line).strip() for line in bare]


_RUBY_OPENER = re.compile(
    r"(?:^|=\s*|;\s*|\breturn\s+|\|\|\s*|<<\s*)(?:class|module|if|unless|case|begin)\b"
    r"|^(?:private\s+|public\s+|protected\s+)?def\s+(?![^=]*\)?\s=\s)|^(?:while|until|for)\b"
)
_RUBY_DO = re.compile(r"\bdo\b(?:\s*\|[^|]*\|)?(?=\s*(?:$|;|\S+.*\bend\b))")


def _count_ruby_blocks(lines: Sequence[str]) -> int:
    balance = 0
    for line in lines:
        balance += len(_RUBY_OPENER.findall(line)) - len(re.findall(r"(?<![\w.:])end\b(?!:)", line))
        balance += not re.match(r"while|until|for\b", line) and bool(_RUBY_DO.search(line))
    return balance


def _make_word_count(opening: str, closing: str) -> Callable[[Sequence[str]], int]:
    """Return a function that counts how many more words open a block than close one."""
    opens, closes = (
        re.compile(rf"(?<![\w.:$-])(?:{each})(?![\w:=-])") for each in (opening, closing)
    )

    def balance(lines: Sequence[str]) -> int:
        return sum(len(opens.findall(line)) - len(closes.findall(line)) for line in lines)

    return balance


_BALANCES: dict[str, Callable[[Sequence[str]], int]] = {
    "ruby": _count_ruby_blocks,
    "elixir": _make_word_count("do|fn", "end"),
    "lua": _make_word_count("function|if|do|repeat", "end|until"),
    "shellscript": _make_word_count("if|do|case", "fi|done|esac"),
    "fish": _make_word_count("function|if|for|while|switch|begin", "end"),
}


# Functions for all of these.


def _texts(lines: Sequence[str]) -> list[str]:
    return [text for line in lines if (text := line.strip())]


def _least_depth(lines: Sequence[str]) -> int:
    return min((indent_of(line) for line in lines if line.strip()), default=0)
