"""The document of an explanation, and the conversation in it."""

from ds_lsp.chat.explanation import INVITATION, Answer, answered, conversation, page, title_of
from ds_lsp.chat.subject import Remark, Subject
from ds_lsp.providers.base import ChatMessage

LINES = ("def 加():\n", "    pass\n")
SUBJECT = Subject("file:///a.py", "src/a.py", "python", 1, LINES, 0, 1, name="加")


def test_a_page_names_what_it_explains_and_ends_with_a_place_for_a_question() -> None:
    text = page(SUBJECT, Answer("It adds.\n"), is_complete=True)
    assert text == (
        "# Explanation of `加`\n\nsrc/a.py, lines 1 to 2\n\nIt adds.\n\n"
        f"# Question\n\n{INVITATION}\n"
    )


def test_a_page_that_grows_has_no_place_for_a_question_yet() -> None:
    assert page(SUBJECT, Answer("It"), is_complete=False).endswith("\n\nIt\n")
    thinking = page(SUBJECT, Answer(reasoning="Hm"), is_complete=False)
    assert thinking.endswith("*Thinking ...*\n")
    assert "Hm" not in thinking


def test_a_tools_message_can_do_no_harm_in_the_title() -> None:
    remark = Remark("bad <img src=x>\n![a](http://e) " + "long " * 30, 0, 0)
    subject = Subject("", "a.py", "python", 1, LINES, 0, 1, remark=remark)
    title = title_of(subject)
    assert "\\<img" in title
    assert "\n" not in title
    assert len(title) < 90


def test_what_was_written_is_read_back() -> None:
    answer = Answer("# It *adds*.\n\n```\n# Question\n```", "Let me see.\n# Question", "Cut off.")
    text = page(SUBJECT, answer, is_complete=True)
    empty = conversation(text)
    assert empty.question == ""
    (explained,) = empty.turns
    assert explained.role == "assistant"
    assert explained.content.endswith("## It *adds*.\n\n```\n# Question\n```\n\n*Cut off.*")
    assert "Let me see" not in explained.content


def test_questions_and_answers_follow_each_other() -> None:
    text = page(SUBJECT, Answer("It adds."), is_complete=True) + "Why?\r\n为什么?\n"
    asked = conversation(text)
    assert asked.question == "Why?\n为什么?"
    lines = text.splitlines(keepends=True)
    text = "".join(lines[: asked.line]) + answered(asked.question, Answer("So.", "Hm."))
    again = conversation(text + "And?")
    assert again.question == "And?"
    assert again.turns[1:] == (
        ChatMessage("user", "Why?\n为什么?"),
        ChatMessage("assistant", "So."),
    )
    assert text.endswith(f"# Question\n\n{INVITATION}\n")


def test_a_document_without_our_headings_is_all_answer() -> None:
    found = conversation("nothing of ours")
    assert (found.question, len(found.turns)) == ("", 1)
    assert conversation("").turns == ()
