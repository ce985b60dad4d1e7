"""The document that shows an explanation, and the conversation read back from it.

The user may edit the document: the next question is sent with the conversation as it stands there.
"""

from dataclasses import dataclass

from ds_lsp.chat.markup import ANSWER, QUESTION, Fence, fence_at, first_level
from ds_lsp.chat.sanitize import sanitize, sanitize_phrase
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.providers.base import ChatMessage
from ds_lsp.text.lines import split_lines, strip_line_end

INVITATION = "*Write a question here, then run the code action “Ask”.*"
THINKING = "*Thinking ...*"

# The only folding that a Markdown view does: VS Code's preview folds it; other views show the lines
# as they are, below the answer. It is the only HTML in the document: a model's is turned into text.
_FOLD = ("<details>", "<summary>Reasoning</summary>", "</details>")
MAX_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of a model's answer that has been received so far."""

    text: str = ""
    reasoning: str = ""
    note: str = ""
    """The reason why the answer ends here, for the user; mostly empty."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The text of an explanation's document, below the first question, which it does not show."""

    turns: tuple[ChatMessage, ...]
    """Answers and questions in turn, the explanation first."""
    question: str
    """The question that the user has written at the end; empty before that."""
    line: int
    """The line, from 0, at which the question begins: the one below the last heading."""


def title_of(selection: CodeSelection) -> str:
    """Return the title of an explanation as plain text: the name of the code, or the problem."""
    if selection.problem:
        what = " ".join(selection.problem.message.split())
    else:
        what = f"`{selection.name}`" if selection.name else "the code"
    if len(what) > MAX_TITLE_CHARS:
        what = what[: MAX_TITLE_CHARS - 3] + "..."
    return f"Explanation of {what}"


def page(selection: CodeSelection, answer: Answer, *, is_complete: bool) -> str:
    """Return the whole document; a complete answer is followed by a place for a question."""
    lines = "line" if selection.first == selection.last else "lines"
    # The message comes from a tool and the file's name from a project: both may hold anything.
    title = sanitize_phrase(title_of(selection))
    place = f"{sanitize_phrase(selection.file)}, {lines} {selection.place}"
    text = f"# {title}\n\n{place}\n\n{_render_body(answer, is_complete=is_complete)}\n"
    return f"{text}\n{_render_question()}" if is_complete else text


def render_answer(answer: Answer) -> str:
    """Return the answer alone, for a client that shows it in a window of its own."""
    return _render_body(answer, is_complete=True)


def build_reply(question: str, answer: Answer) -> str:
    """Return the text that replaces everything from `Conversation.line` on."""
    body = _render_body(answer, is_complete=True)
    return f"\n{question}\n\n{ANSWER}\n\n{body}\n\n{_render_question()}"


def conversation(text: str) -> Conversation:
    """Return the conversation in a document that `page` began."""
    sections: list[tuple[str, int, list[str]]] = [(ANSWER, 0, [])]
    fence: Fence | None = None
    folded = False
    for number, line in enumerate(map(strip_line_end, split_lines(text))):
        heading = first_level(line)
        if fence:
            fence = None if fence.is_closed_by(line) else fence
        elif line in (_FOLD[0], _FOLD[2]):
            folded = line == _FOLD[0]
            continue
        elif not folded and heading in (QUESTION, ANSWER):
            sections.append((heading, number + 1, []))
            continue
        else:
            fence = fence_at(line)
        if not folded:
            sections[-1][2].append(line)
    return _to_conversation(sections)


def _to_conversation(sections: list[tuple[str, int, list[str]]]) -> Conversation:
    heading, line, last = sections[-1]
    question = _section_text(last) if heading == QUESTION else ""
    turns = [
        ChatMessage("user" if heading == QUESTION else "assistant", text)
        for heading, _, lines in (sections[:-1] if heading == QUESTION else sections)
        if (text := _section_text(lines))
    ]
    return Conversation(tuple(turns), question, line)


def _section_text(lines: list[str]) -> str:
    return "\n".join(line for line in lines if line.strip() != INVITATION).strip()


def _render_body(answer: Answer, *, is_complete: bool) -> str:
    # A note may hold the text of the service's error.
    note = f"*{sanitize_phrase(answer.note)}*" if answer.note else ""
    parts = [sanitize(answer.text.strip()), note]
    if not answer.text and answer.reasoning and not is_complete:
        parts.append(THINKING)
    if answer.reasoning and is_complete:
        start, summary, end = _FOLD
        parts += [f"{start}\n{summary}\n\n{sanitize(answer.reasoning.strip())}\n\n{end}"]
    return "\n\n".join(filter(None, parts))


def _render_question() -> str:
    return f"{QUESTION}\n\n{INVITATION}\n"
