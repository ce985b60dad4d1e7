"""Finds answers in a notation other than code: a diff, line numbers, escapes, a wrapping."""

import re
from collections.abc import Sequence
from html import unescape
from itertools import pairwise

from ds_lsp.chat.subject import CodeSelection
from ds_lsp.languages.comments import COMMENTS, Comments, outside_blocks, text_of_comment
from ds_lsp.languages.table import PROSE
from ds_lsp.text.quoted import without_strings

MARKUP = frozenset(
    {
        *("html", "xml", "xsl", "svg", "vue", "vue-html", "svelte", "astro", "handlebars", "razor"),
        *("blade", "jinja", "django-html", "twig", "eruby", "erb", "heex", "php"),
        *("javascriptreact", "typescriptreact", "cshtml", "aspnetcorerazor"),
    }
)
"""Languages in which tags and entities are code."""

_HUNK = re.compile(
    r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|(?:---|\+\+\+) (?:[ab]/|/dev/null)|\*{3} \w+ File:"
)
_CONFLICT_BEGIN = re.compile(r"<{5,9}(?: |$)")
_CONFLICT_END = re.compile(r">{5,9}(?: |$)|\+{5,9} REPLACE")
_NUMBER = re.compile(r"\s*[L#]?(\d{1,6})\s*(?:[:|│.)\]\t→]|\s{2})")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,5}|#x[0-9a-fA-F]{1,5});")
_WRAPPER = re.compile(
    r"</?(?:think(?:ing)?|thought|reasoning|analysis|answer|output|result|response|final\w*|edit"
    r"|replace(?:ment)?|updated?[\w-]*|new_code|code|solution|patch|artifact\w*|diff|lines?)"
    r"(?: [^<>]*)?>$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"<[|\uff5c][\w▁ -]{1,40}[|\uff5c]>|\[/?INST\]")
_OBJECT = re.compile(
    r"\{\s*\"(?:code|new_?code|answer|content|replacement|edit|result|output|text|lines)\"\s*:"
)
_TABLE_RULE = re.compile(r"\|(?:\s*:?-{2,}:?\s*\|)+")
_WITH_ITEMS = frozenset({"yaml", "dockercompose", "ansible", "haml", "slim", "pug"})
"""Languages with lines that begin with a dash."""
_STRONG = re.compile(r"\*\*\w[^*=;]*\*\*(?:[:\s]|$)")
_HEADING = re.compile(r"#{2,6} \w")
_BULLET = re.compile(r"(?:[-*•]|\d+[.)]) +[^\W\d_]\S* .*\w")
_UNKNOWN = Comments("//")
_SIGNS = re.compile(r"[={}\[\]<>|;&]|->")


def find_foreign_notation(
    lines: Sequence[str], own: Sequence[str], selection: CodeSelection
) -> str:
    """Return the fault of an answer that is not code alone, for a message; empty if it is code."""
    known = {line.strip() for line in own}
    new = [line for line in lines if line.strip() and line.strip() not in known]
    if any(_WRAPPER.match(line.strip()) for line in new) and (
        selection.language_id not in MARKUP | PROSE
        or any(re.match(r"<(?:think|reasoning|answer)", line.strip()) for line in new)
    ):
        return "is wrapped in tags"
    if selection.language_id in PROSE | {"diff"}:
        return ""
    if any(map(_TOKEN.search, new)) and not _TOKEN.search("".join(selection.lines)):
        return "holds signs of the model's own"
    if _is_diff(new, known, has_items=selection.language_id in _WITH_ITEMS):
        return "is a list of changes"
    if _is_packed(lines, own):
        return "is packed in a string, a quotation or a table"
    if _is_numbered(lines, own):
        return "has line numbers"
    if _is_escaped(new, known, selection.language_id):
        return "is escaped as for HTML"
    return "holds remarks" if _has_markdown(lines, known, selection.language_id) else ""


def without_file_name(
    lines: Sequence[str], own: Sequence[str], selection: CodeSelection
) -> list[str]:
    """Return *lines* without a first line that only names the file, in a comment or bare."""
    at = next((at for at, line in enumerate(lines) if line.strip()), None)
    if at is None or lines[at].strip() in {line.strip() for line in own}:
        return list(lines)
    text = text_of_comment(lines[at], selection.language_id) or lines[at].strip()
    name = re.sub(r"^(?:file(?: ?(?:name|path))?|path)\s*:\s*", "", text, flags=re.IGNORECASE)
    name = name.strip("`*: ").removeprefix("./")
    is_name = name in (selection.file, selection.file.rpartition("/")[2]) and "." in name
    return list(lines[at + 1 :] if is_name else lines)


def _is_diff(new: Sequence[str], known: set[str], *, has_items: bool) -> bool:
    texts = [line.strip() for line in new]
    if any(map(_HUNK.match, texts)):
        return True
    if any(map(_CONFLICT_BEGIN.match, texts)) and any(map(_CONFLICT_END.match, texts)):
        return True
    # A removed line stands in the old code; an item of a list or a negative number does not.
    taken = [text for text in texts if text.startswith("-") and text[1:].strip() in known - {""}]
    put = [text for text in texts if text.startswith("+")]
    return bool(taken and (put or not has_items))


def _is_packed(lines: Sequence[str], own: Sequence[str]) -> bool:
    """Return whether code comes in JSON, with escaped line ends, quoted, or beside other code."""
    texts, was = ([text for line in each if (text := line.strip())] for each in (lines, own))
    if _OBJECT.match("".join(texts)) and not was[0].startswith("{"):
        return True
    if any(map(_TABLE_RULE.fullmatch, texts)) and not any(map(_TABLE_RULE.fullmatch, was)):
        return True
    if all(text.startswith(">") for text in texts) and not all(text[0] == ">" for text in was):
        return True
    unpacked = {text.strip() for text in texts[0].split("\\n")} if len(texts) == 1 else set()
    return len(unpacked & set(was)) >= 2


def _is_numbered(lines: Sequence[str], own: Sequence[str]) -> bool:
    """Return whether all lines of an answer begin with numbers that count up."""
    numbers = _numbers(lines)
    return len(numbers) >= 2 and _counts_up(numbers) and not _counts_up(_numbers(own))


def _numbers(lines: Sequence[str]) -> list[int]:
    found = [_NUMBER.match(line) for line in lines if line.strip()]
    return [int(each[1]) for each in found if each] if all(found) else []


def _counts_up(numbers: Sequence[int]) -> bool:
    # Steps of up to three: blank lines may be numbered, too, and were left out with their numbers.
    return len(numbers) >= 2 and all(0 < b - a <= 3 for a, b in pairwise(numbers))


def _is_escaped(new: Sequence[str], known: set[str], language_id: str) -> bool:
    escaped = [line for line in new if _ENTITY.search(line)]
    if any(unescape(line).strip() in known for line in escaped):
        return True
    if language_id in MARKUP or any(map(_ENTITY.search, known)):
        return False
    return any(_ENTITY.search(_code_of(line, language_id)) for line in escaped)


def _code_of(line: str, language_id: str) -> str:
    """Return a line without its strings and without the comment at its end."""
    code = without_strings(line)
    mark = COMMENTS.get(language_id, _UNKNOWN).line.rstrip()
    comment = re.search(rf"(?:^|(?<=\s)){re.escape(mark)}|/\*|(?:^|(?<=\s))\*\s", code)
    return code[: comment.start()] if comment else code


def _has_markdown(lines: Sequence[str], known: set[str], language_id: str) -> bool:
    """Return whether an answer holds Markdown: headings, strong words, a list below the code."""
    outside, _ = outside_blocks(lines, language_id)
    has_sharp_comments = COMMENTS.get(language_id, _UNKNOWN).line.startswith("#")
    for line in outside:
        text = line.strip()
        if text in known:
            continue
        if _STRONG.match(text) or (_HEADING.match(text) and not has_sharp_comments):
            return True
    if language_id in _WITH_ITEMS:
        return False
    below = _last_paragraph(outside)
    return (
        len(below) < len(outside)
        and all(text not in known and _BULLET.match(text) for text in below)
        and any(len(text.split()) >= 4 and not _SIGNS.search(text) for text in below)
    )


def _last_paragraph(lines: Sequence[str]) -> list[str]:
    texts = [line.strip() for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    blank = max((at for at, text in enumerate(texts) if not text), default=-1)
    return texts[blank + 1 :]
