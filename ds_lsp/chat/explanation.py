"""The document an explanation is shown in, and the conversation read back from it.

It is the user's to edit: what is sent with the next question is what stands there then.
"""

from dataclasses import dataclass

from ds_lsp.chat.harmless import sanitize, sanitize_phrase
from ds_lsp.chat.markup import ANSWER, QUESTION, Fence, fence_at, first_level
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.document import split_lines, strip_line_end
from ds_lsp.providers.base import ChatMessage

INVITATION = "*Write a question here, then run the code action “Ask”.*"
THINKING = "*Thinking ...*"

# The one folding that a Markdown view does (VS Code's preview; others show the lines as they are,
# below the answer). It is the only HTML in the document, as a model's own is made text.
_FOLD = ("<details>", "<summary>Reasoning</summary>", "</details>")
MAX_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model has said so far."""

    text: str = ""
    reasoning: str = ""
    note: str = ""
    """Why there is no more of it, if that needs saying."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What stands in an explanation's document, below what the first question was."""

    turns: tuple[ChatMessage, ...]
    """Answers and questions in turn, the explanation first."""
    question: str
    """What was written at the end; empty: nothing yet."""
    line: int
    """Where that begins, from 0: the line below the last heading."""


def title_of(selection: CodeSelection) -> str:
    """Return what is explained, in a few words, as plain text."""
    if selection.problem:
        what = " ".join(selection.problem.message.split())
    else:
        what = f"`{selection.name}`" if selection.name else "the code"
    if len(what) > MAX_TITLE_CHARS:
        what = what[: MAX_TITLE_CHARS - 3] + "..."
    return f"Explanation of {what}"


def page(selection: CodeSelection, answer: Answer, *, is_complete: bool) -> str:
    """The whole document; with a place for a question once the answer is complete."""
    lines = "line" if selection.first == selection.last else "lines"
    # The message is a tool's and the file's name a stranger's, and may hold anything.
    title = sanitize_phrase(title_of(selection))
    place = f"{sanitize_phrase(selection.file)}, {lines} {selection.place}"
    text = f"# {title}\n\n{place}\n\n{_render_body(answer, is_complete=is_complete)}\n"
    return f"{text}\n{_render_question()}" if is_complete else text


def render_answer(answer: Answer) -> str:
    """The answer alone, for whoever shows it in a place of their own."""
    return _render_body(answer, is_complete=True)


def build_reply(question: str, answer: Answer) -> str:
    """What takes the place of everything from `Conversation.line` on."""
    body = _render_body(answer, is_complete=True)
    return f"\n{question}\n\n{ANSWER}\n\n{body}\n\n{_render_question()}"


def conversation(text: str) -> Conversation:
    """What stands in a document that `page` began."""
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
    # A note may hold what the service said of its error.
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
