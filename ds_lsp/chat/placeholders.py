"""Remarks in a model's answer that stand for code it has left out, such as ``// ... rest ...``.

An edit with such a remark would delete the code. A remark counts only in an answer that lacks code.
"""

import re
from collections.abc import Sequence

from ds_lsp.chat.subject import CodeSelection
from ds_lsp.languages.table import PROSE
from ds_lsp.text.quoted import without_strings

MAX_WORDS = 14
"""Maximum words of a remark that stands for code; a longer one explains something."""

MAX_LINE_CHARS = 400
"""Maximum characters of a line with such a remark; the patterns take longer on long lines."""

_DOTS = r"(?:\.{3,}+|(?:\. ){2,}\.|…|⋯|‥|⋮)"
_OPENING = r"(?://+|/\*+|#+|--+|;+|%+|<!--|\(\*|\{-|\{/\*|\"|'|REM\b)"
_CLOSING = r"(?:\*/\}?|-->|\*\)|-\})?[\s})\]]*"
_REMARK = re.compile(rf"\s*{_OPENING}\s*(?P<text>.*?)\s*{_CLOSING}$", re.IGNORECASE)
_TRAILING = re.compile(
    rf"(?<=[\s{{(\[;,:])(?://+|/\*+|#+|--+|<!--)\s+(?P<text>\S.*?)\s*{_CLOSING}$"
)
_BARE = re.compile(rf"\s*+[\[(<]?\s*+{_DOTS}\s*+[\])>]?[;,]?\s*+$")
_BRACED = re.compile(rf"\{{\s*+{_DOTS}\s*+;?\s*+\}}")
_BEGINS_WITH_DOTS = re.compile(rf"[\s\[(<{{*]*{_DOTS}")
_BRACKETED_DOTS = re.compile(rf"\s*+[\[(<{{*]*+\s*+{_DOTS}.*{_DOTS}\s*+[\])>}}*]*+\s*+$")
_STUB = re.compile(r"\b(?:Protocol|overload|abstract\w*|stubs?)\b|\.pyi\b", re.IGNORECASE)

_OLD = r"(?:existing|previous|original|remaining|remainder|unchanged|old|other|same|current|rest)"
_THING = (
    r"(?:code|functions?|methods?|class(?:es)?|implementations?|logic|body|file|components?"
    r"|modules?|imports|script|program|rules|declarations|definitions|styles|sections?|handlers?"
    r"|quer(?:y|ies)|block|content|contents|lines|statements)"
)
_SAME = r"(?:unchanged|unmodified|untouched|intact|the same|as[ -]is|as before|as it was)"
_PHRASES = re.compile(
    "|".join(
        (
            (
                rf"^(?:(?:the|your|keep|all|with|insert|include|todo|and)\W+)*{_OLD}(?: of)?"
                rf"(?: (?:the|your|this|my))?(?: \w+)?(?: {_THING})"
                rf"(?: (?:goes|comes|stays|remains|is|are|follows|continues|below|above"
                rf"|here|{_SAME}))*$"
            ),
            (
                rf"\b(?:rest|everything(?: else)?|others?|remaining|existing|{_THING})\b.*"
                rf"\b(?:remains?|stays?|kept|keeps?|is|are|left)? ?\b{_SAME}$"
            ),
            (
                r"^(?:unchanged|no changes?(?: \w+)?|(?:same )?as (?:before|above|it was)"
                r"|same as (?:the )?\w+|snip(?:ped)?|etc|and so on"
                r"|(?:\w+ )?(?:omitted|elided|truncated)|(?:loop|function|method|class) body)$"
            ),
            r"\bfor (?:brevity|clarity)$|\b(?:omitted|elided|truncated|abbreviated) for\b",
            (
                r"^(?:todo\W+)?(?:(?:your|add|insert|put|write|place|the|actual|main)\W+)*"
                r"(?:code|logic|implementation|body)(?: (?:goes|comes|stays|remains))? here$"
            ),
            (
                r"^todo\W+(?:keep|copy|restore|re-?add|paste|insert)\b.*\b(?:existing|original|previous"
                r"|rest|remaining)\b"
            ),
            # Chinese, Japanese, Korean.
            (
                r"(?:其余|其它|其他|剩余|余下|剩下|原有?|现有|已有|之前|原来|后面|前面)的?.{0,8}"
                r"(?:不变|省略|相同|一样|同上|代码|逻辑|实现|部分)$"
            ),
            r"^(?:此处|这里)?(?:代码)?(?:省略|略|同上|不变|保持不变|无变化|未改动|未修改)(?:代码)?$",
            r"(?:既存|残り|以降|以前)の?(?:コード|処理|実装|部分).{0,8}$|^(?:.{0,6}(?:省略|中略|以下略|変更なし))$",
            r"(?:기존|나머지)\s?(?:코드|로직|구현|부분).{0,8}$|^(?:생략|중략|이하 동일|동일)$",
            # German, French, Spanish, Portuguese, Italian, Russian.
            (
                r"^(?:der |die |das )?(?:rest(?:liche\w*)?|übrige\w*|bestehende\w*|vorhandene\w*"
                r"|bisherige\w*)(?: (?:der|des))? \w+(?: (?:bleibt|hier|unverändert|gleich))*$"
            ),
            r"^(?:bleibt )?unverändert$|^wie (?:zuvor|bisher|oben)$",
            r"^(?:le )?(?:reste du (?:code|fichier)|code (?:existant|inchangé))\b.{0,9}$",
            r"^(?:el )?(?:resto del (?:código|archivo)|código existente|sin cambios)\b.{0,20}$",
            r"^(?:o )?(?:resto do (?:código|arquivo)|sem (?:alterações|mudanças))\b.{0,20}$",
            r"^(?:il )?(?:resto del (?:codice|file)|codice esistente|invariato)\b.{0,20}$",
            (
                r"^(?:остальн\w+|существующ\w+|прежн\w+|исходн\w+) (?:код|часть|логика)\w*.{0,20}$"
                r"|^без изменений$"
            ),
        )
    ),
    re.IGNORECASE,
)
"""Remarks that say that code was there, without the dots and brackets around them."""
_AROUND = " \t.…⋯‥⋮-–—_=*~[](){}<>:;,!/#\"'`"


def find_placeholder(lines: Sequence[str], own: Sequence[str], selection: CodeSelection) -> str:
    """Return the line of an answer that stands for code it leaves out; empty if there is none.

    *own* are the lines that the answer replaces.
    """
    known = {line.strip() for line in own}
    answer = {line.strip() for line in lines}
    if all(line in answer for line in known if re.search(r"\w", line) and not _REMARK.match(line)):
        return ""
    for at, line in enumerate(lines):
        if line.strip() and line.strip() not in known and _stands_for_code(lines, at, selection):
            return line.strip()
    return ""


def _stands_for_code(lines: Sequence[str], at: int, selection: CodeSelection) -> bool:
    line = lines[at]
    if len(line) > MAX_LINE_CHARS:
        return False
    if _BARE.match(line):
        return not _can_be_code(lines, at, selection)
    if selection.language_id in PROSE:
        return bool(_BRACKETED_DOTS.match(line) and _is_placeholder(line))
    if _BRACKETED_DOTS.match(line):
        return True
    code = without_strings(line)
    if _BRACED.search(code):
        return True
    found = _REMARK.match(line) or _TRAILING.search(code)
    if not found:
        return False
    text = found["text"]
    return bool(_BEGINS_WITH_DOTS.match(text)) or _is_placeholder(text)


def _is_placeholder(text: str) -> bool:
    if re.search(r"8<|✂", text):
        return True
    bare = text.strip(_AROUND)
    return len(bare.split()) <= MAX_WORDS and _PHRASES.search(bare) is not None


def _can_be_code(lines: Sequence[str], at: int, selection: CodeSelection) -> bool:
    """Return whether dots on a line of their own can be code.

    There are three cases: 1. the end of a document in YAML, 2. the last of C's parameters, 3. the
    whole body of a stub in Python.
    """
    if selection.language_id in ("yaml", "latex"):
        return True
    above = next((line.strip() for line in reversed(lines[:at]) if line.strip()), "")
    if selection.language_id != "python":
        return above.endswith(",") and selection.language_id not in PROSE
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    is_body = above.endswith((":", '"""')) and _depth(below) < _depth(lines[at])
    return is_body and bool(_STUB.search("\n".join((*lines, selection.code, selection.file))))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
