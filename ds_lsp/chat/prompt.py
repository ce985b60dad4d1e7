"""Prompts: the templates in ``prompts/``, filled in within a budget."""

import functools
import re
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from ds_lsp.chat.subject import CodeSelection
from ds_lsp.providers.base import ChatMessage
from ds_lsp.text.lines import split_lines, strip_line_end

CODE_BUDGET = 24_000
"""Maximum characters of the code a question is about; of longer code, the middle is left out."""
BEFORE_BUDGET = 4_000
"""Maximum characters of the text before that code."""
AFTER_BUDGET = 2_000
"""Maximum characters of the text after that code."""

_LANGUAGES = {
    "en": "English",
    "zh": "Simplified Chinese",
    "zh-tw": "Traditional Chinese",
    "zh-hk": "Traditional Chinese",
    "zh-hant": "Traditional Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "it": "Italian",
    "ru": "Russian",
}


def explain(selection: CodeSelection, language: str) -> tuple[ChatMessage, ...]:
    """Return the messages that ask for an explanation in the language *language*."""
    kind = "diagnostic" if selection.problem else "explain"
    return _build_messages("explain-system", kind, selection, language=language)


def system(language: str) -> ChatMessage:
    """Return the system message for a conversation whose first messages are no longer known."""
    return ChatMessage("system", fill("explain-system", {"language": language}))


def fix(selection: CodeSelection) -> tuple[ChatMessage, ...]:
    return _build_messages("edit-system", "fix", selection)


def rewrite(selection: CodeSelection, request: str) -> tuple[ChatMessage, ...]:
    return _build_messages("edit-system", "rewrite", selection, request=request)


def document(selection: CodeSelection, language: str) -> tuple[ChatMessage, ...]:
    return _build_messages("document-system", "document", selection, language=language)


def answer_language(setting: str, locale: str | None) -> str:
    """Return the name of the language to answer in, in English, for the prompt."""
    tag = (locale or "en") if setting.lower() == "auto" else setting
    # Of a locale such as de_DE.UTF-8, only the part that is a language tag counts.
    tag = tag.partition(".")[0].replace("_", "-")
    if tag.lower() in ("c", "posix", ""):
        tag = "en"
    for known in (tag.lower(), tag.lower().partition("-")[0]):
        if known in _LANGUAGES:
            return _LANGUAGES[known]
    # Any other text that the user has set, such as "Esperanto, please": made one line.
    return " ".join(tag.split())[:60]


def fill(name: str, values: dict[str, str]) -> str:
    """Return the template *name* filled in.

    A paragraph whose values are all empty is left out, with its heading.
    """
    paragraphs = read_template(name).strip().split("\n\n")
    kept: list[str] = []
    for paragraph in paragraphs:
        names = re.findall(r"\$(\w+)", paragraph)
        if names and not any(values[each] for each in names):
            if kept and kept[-1].endswith(":"):
                kept.pop()
            continue
        kept.append(paragraph)
    return Template("\n\n".join(kept)).substitute(values)


@functools.cache
def read_template(name: str) -> str:
    return (files("ds_lsp.chat") / "prompts" / f"{name}.md").read_text("utf-8")


def fenced(text: str, language_id: str = "") -> str:
    """Return *text* as a block of code; empty if *text* is blank."""
    fence = fence_for(text)
    return f"{fence}{language_id}\n{text}\n{fence}" if text.strip() else ""


def fence_for(text: str) -> str:
    """Return a fence that does not occur in *text*."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    return "`" * (longest + 1)


def cut_middle(lines: Sequence[str], budget: int) -> str:
    """Return the text of *lines*, without its middle if it has more than *budget* characters."""
    text = "".join(lines)
    if len(text) <= budget:
        return strip_line_end(text)
    head, tail = text[: budget * 2 // 3], text[-(budget // 3) :]
    left_out = len(text) - len(head) - len(tail)
    return f"{head}\n(... {left_out} characters are left out here ...)\n{strip_line_end(tail)}"


def _build_messages(
    system: str, user: str, selection: CodeSelection, **more: str
) -> tuple[ChatMessage, ...]:
    # A single kind of line end: CRLF takes a model twice as many tokens and tells it nothing.
    lines = [strip_line_end(line) + "\n" for line in selection.lines]
    before = _last_lines(lines[: selection.first], BEFORE_BUDGET)
    after = _first_lines(lines[selection.last + 1 :], AFTER_BUDGET)
    values = {
        "language": "",
        "request": "",
        "file": selection.file,
        "language_id": selection.language_id,
        "place": selection.place,
        "code": fenced(cut_middle(lines[selection.first : selection.last + 1], CODE_BUDGET)),
        "focus": fenced(cut_middle(split_lines(selection.focus), CODE_BUDGET // 4)),
        "before": fenced(before),
        "after": fenced(after),
        "diagnostic": "",
        **more,
    }
    if selection.problem:
        problem = selection.problem
        values["diagnostic"] = fenced(problem.text)
        first, last = problem.first + 1, problem.last + 1
        values["place"] = f"{first} to {last}" if last > first else f"{first}"
        about = lines[problem.first : problem.last + 1]
        values["focus"] = fenced(cut_middle(about, CODE_BUDGET // 4))
    return (
        ChatMessage("system", fill(system, values)),
        ChatMessage("user", fill(user, values)),
    )


def _last_lines(lines: Sequence[str], budget: int) -> str:
    kept: list[str] = []
    for line in reversed(lines):
        budget -= len(line)
        if budget < 0:
            break
        kept.append(line)
    return strip_line_end("".join(reversed(kept)))


def _first_lines(lines: Sequence[str], budget: int) -> str:
    kept: list[str] = []
    for line in lines:
        budget -= len(line)
        if budget < 0:
            break
        kept.append(line)
    return strip_line_end("".join(kept))
