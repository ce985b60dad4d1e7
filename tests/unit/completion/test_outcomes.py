"""What becomes of completions: offers, edits, commands and time in, events out."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.completion.insertions import DocumentChange
from ds_lsp.completion.kept_text import share_left
from ds_lsp.completion.outcomes import Outcome, OutcomeEvent, Outcomes
from ds_lsp.text.columns import PositionEncoding, width
from ds_lsp.text.document import Document
from ds_lsp.text.lines import split_lines
from ds_lsp.text.snapshot import Snapshot
from tests.unit.texts import at

O = Outcome  # noqa: E741
UTF16 = PositionEncoding.UTF16


class Rig:
    """A document in an editor, and what is said about its completions."""

    def __init__(self, text: str, encoding: PositionEncoding = UTF16) -> None:
        before, _, after = text.partition("|")
        self.now = 1000.0
        self.encoding = encoding
        self.document = Document("file:///a.py", "python", 1, before + after, encoding)
        self.cursor = len(before)
        self.events: list[OutcomeEvent] = []
        self.outcomes = Outcomes(self._look)
        self._ids = 0

    def _look(self, uri: str, line: int, column: int) -> Snapshot | None:
        return self.document.snapshot(line, column) if uri == self.document.uri else None

    def place(self, offset: int) -> tuple[int, int]:
        lines = split_lines(self.document.text[:offset])
        return len(lines) - 1, width(lines[-1], self.encoding)

    def offer(self, text: str, *others: str) -> int:
        self._ids += 1
        snapshot = self.document.snapshot(*self.place(self.cursor))
        self.events += self.outcomes.note_offer(self._ids, snapshot, text, self.now, others)
        return self._ids

    def replace(self, start: int, end: int, text: str) -> None:
        edit = DocumentChange(self.place(start), self.place(end), text)
        self.document.replace(edit.start, edit.end, text)
        self.events += self.outcomes.note_changes(self.document.uri, [edit], self.now)

    def insert(self, text: str) -> None:
        self.replace(self.cursor, self.cursor, text)
        self.cursor += len(text)

    def type(self, text: str, seconds: float = 0.2) -> None:
        for character in text:
            self.insert(character)
            self.now += seconds

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.events += self.outcomes.advance(self.now)

    def accept(self, id: int) -> None:
        self.events += self.outcomes.note_acceptance(id, self.now)

    def finish(self) -> None:
        self.events += self.outcomes.finish(self.now)

    @property
    def told(self) -> list[tuple[Outcome, int]]:
        return [(event.outcome, event.chars) for event in self.events]


@pytest.mark.parametrize("encoding", PositionEncoding, ids=lambda each: each.value)
@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("x = |\n", "print(1)"),
        ("# 注释\r\n甲 = |\r\n", "加(乙, \U0001f600)\r\n\treturn 丙"),
        ("\tif '👩‍👩‍👧': |", "pass"),
    ],
)
def test_a_completion_accepted_by_one_edit_counts_once(
    text: str, offer: str, encoding: PositionEncoding
) -> None:
    rig = Rig(text, encoding)
    id = rig.offer(offer)
    rig.wait(2)
    rig.insert(offer)
    rig.accept(id)
    chars = len(offer.replace("\r\n", "\n"))
    assert rig.told == [(O.OFFERED, chars), (O.SHOWN, chars), (O.ACCEPTED, chars)]
    assert {(event.id, event.language) for event in rig.events} == {(1, "python")}
    rig.finish()
    assert len(rig.events) == 3


def test_accepted_by_the_command_before_the_edit_arrives() -> None:
    rig = Rig("x = |")
    id = rig.offer("print(1)")
    rig.accept(id)
    rig.insert("print(1)")
    rig.finish()
    assert rig.told == [(O.OFFERED, 8), (O.SHOWN, 8), (O.ACCEPTED, 8)]


def test_accepted_with_the_word_before_the_cursor_replaced_by_itself() -> None:
    rig = Rig("x = 加pri|")
    rig.offer("nt(1)")
    rig.wait(1)
    rig.replace(4, 8, "加print(1)")
    assert rig.told == [(O.OFFERED, 5), (O.SHOWN, 5), (O.ACCEPTED, 5)]


def test_another_one_that_was_offered_beside_it_may_be_accepted() -> None:
    rig = Rig("x = |")
    rig.offer("甲()", "乙(1)\r\n", "丙")
    rig.wait(1.0)
    rig.insert("乙(1)\n")
    assert rig.told == [(O.OFFERED, 3), (O.SHOWN, 3), (O.ACCEPTED, 5)]


def test_typing_along_another_one_is_typing_along() -> None:
    rig = Rig("x = |")
    rig.offer("one", "other")
    rig.type("o")
    rig.insert("ther")
    assert (O.ACCEPTED, 4) in rig.told


def test_typing_along_is_one_display_and_the_rest_may_be_accepted() -> None:
    rig = Rig("x = |")
    rig.offer("print(value)")
    rig.wait(0.2)
    for letter in "pri":
        rig.type(letter)
        id = rig.offer("print(value)"[rig.cursor - 4 :])
        rig.wait(0.3)
    rig.insert("nt(value)")
    rig.accept(id)
    assert rig.told == [(O.OFFERED, 12), (O.SHOWN, 12), (O.TYPED_THROUGH, 3), (O.ACCEPTED, 9)]
    assert {event.id for event in rig.events} == {1}


def test_a_completion_shown_only_once_typing_rests_is_shown_once() -> None:
    rig = Rig("x = |")
    rig.offer("print(value)")
    rig.type("pri", seconds=0.05)
    rig.offer("nt(value)")
    rig.wait(0.2)
    rig.type("q")
    assert rig.told == [(O.OFFERED, 12), (O.SHOWN, 9), (O.TYPED_THROUGH, 3), (O.SUPERSEDED, 9)]


def test_all_of_it_typed_by_hand() -> None:
    rig = Rig("x = |")
    rig.offer("f(1)")
    rig.type("f(1)")
    assert rig.told == [(O.OFFERED, 4), (O.SHOWN, 3), (O.TYPED_THROUGH, 4), (O.TYPED_OUT, 4)]


def test_an_editor_that_adds_the_closing_bracket() -> None:
    rig = Rig("print|")
    rig.offer("(value)")
    rig.wait(1)
    rig.replace(5, 5, "()")
    rig.cursor = 6
    rig.offer("value")
    rig.wait(1)
    rig.insert("value")
    assert Counter(event.outcome for event in rig.events)[O.REJECTED] == 0
    assert rig.told[-1] == (O.ACCEPTED, 5)


def test_words_add_up_and_are_one_acceptance() -> None:
    rig = Rig("x = |")
    rig.offer("first(second, third)")
    rig.wait(1)
    for word in ("first", "(second", ", third"):
        rig.insert(word)
        rig.wait(1)
        rig.offer("first(second, third)"[rig.cursor - 4 :])
    rig.type("?")
    assert rig.told == [(O.OFFERED, 20), (O.SHOWN, 20), (O.ACCEPTED_PARTLY, 19)]
    rig = Rig("x = |")
    rig.offer("first(second, third)")
    rig.wait(1)
    for word in ("first", "(second", ", third)"):
        rig.insert(word)
    assert rig.told == [(O.OFFERED, 20), (O.SHOWN, 20), (O.ACCEPTED, 20)]


@pytest.mark.parametrize("indentation", ["\n", "\n    ", "\n\t", "\n        ", "\n            "])
def test_lines_with_the_editors_own_indentation(indentation: str) -> None:
    rig = Rig("def f():|")
    rig.offer("\n        x = 1\n        return x")
    rig.wait(1)
    rig.insert(indentation)
    rig.insert("x = 1")
    rig.insert("\n        ")
    rig.insert("return x")
    assert rig.told[:2] == [(O.OFFERED, 31), (O.SHOWN, 31)]
    assert rig.told[3][0] is O.ACCEPTED


@pytest.mark.parametrize("typed", ["pri", "p", "prin"])
def test_letters_that_come_together_are_typing_and_no_acceptance(typed: str) -> None:
    rig = Rig("x = |")
    rig.offer("print(1)")
    rig.wait(1)
    rig.insert(typed)
    rig.finish()
    assert rig.told[-2:] == [(O.TYPED_THROUGH, len(typed)), (O.REJECTED, 8 - len(typed))]


@pytest.mark.parametrize(
    ("seconds", "outcomes"),
    [
        (0.05, [O.OFFERED, O.SUPERSEDED]),
        (0.2, [O.OFFERED, O.SHOWN, O.SUPERSEDED]),
        (0.6, [O.OFFERED, O.SHOWN, O.REJECTED]),
    ],
)
@pytest.mark.parametrize("how", ["typed", "deleted", "offered", "closed", "replaced", "finished"])
def test_an_unused_completion_is_dismissed_only_after_time_to_read_it(
    how: str, seconds: float, outcomes: list[Outcome]
) -> None:
    rig = Rig("x = |")
    rig.offer("print(1)")
    rig.wait(seconds)
    match how:
        case "typed":
            rig.type("q")
        case "deleted":
            rig.replace(3, 4, "")
        case "offered":
            rig.offer("quit()")
            rig.events.pop()
        case "closed":
            rig.events += rig.outcomes.note_close(rig.document.uri, rig.now)
        case "replaced":
            rig.events += rig.outcomes.note_changes(rig.document.uri, [None], rig.now)
        case "finished":
            rig.finish()
    assert [event.outcome for event in rig.events] == outcomes
    rig.events.clear()
    rig.accept(1)
    assert rig.events == []


def test_an_edit_elsewhere_moves_what_stands() -> None:
    rig = Rig("a\nx = |\nb\n")
    rig.offer("print(1)")
    rig.wait(1)
    rig.replace(0, 0, "import 甲\n\n")
    rig.cursor += 10
    rig.replace(rig.cursor + 2, rig.cursor + 2, "c")
    rig.insert("print(1)")
    assert rig.told[-1] == (O.ACCEPTED, 8)


def test_editing_another_document_changes_nothing() -> None:
    rig = Rig("x = |")
    rig.offer("print(1)")
    rig.wait(1)
    edit = DocumentChange((0, 4), (0, 4), "q")
    assert rig.outcomes.note_changes("file:///b.py", [edit], rig.now) == []
    rig.insert("print(1)")
    assert rig.told[-1] == (O.ACCEPTED, 8)


def accepted(text: str, offer: str) -> Rig:
    rig = Rig(text)
    rig.offer(offer)
    rig.wait(1)
    rig.insert(offer)
    rig.events.clear()
    return rig


def test_kept_after_half_a_minute_and_five() -> None:
    rig = accepted("# 注\r\nx = |\r\n", "print(甲, 乙)")
    assert rig.outcomes.next_check_at == rig.now + 30
    rig.wait(29)
    assert rig.told == []
    # Lines above it, and letters before it.
    rig.replace(0, 0, "import os\r\n" * 200)
    rig.wait(1)
    assert rig.told == [(O.KEPT_30S, 11)]
    assert rig.outcomes.next_check_at == rig.now + 270
    rig.wait(270)
    assert rig.told == [(O.KEPT_30S, 11), (O.KEPT_5MIN, 11)]
    assert rig.outcomes.next_check_at is None


def test_gone_when_it_was_deleted() -> None:
    rig = accepted("x = |\n", "print(value, other)")
    rig.replace(4, rig.cursor, "1")
    rig.wait(400)
    assert rig.told == [(O.GONE_30S, 0), (O.GONE_5MIN, 0)]


def test_kept_in_part_counts_what_is_left() -> None:
    rig = accepted("x = |\n", "first_name, last_name")
    rig.replace(rig.cursor - 9, rig.cursor, "")
    rig.wait(30)
    ((outcome, chars),) = rig.told
    assert outcome is O.KEPT_30S
    assert 10 <= chars <= 12


def test_nothing_can_be_said_of_a_document_that_was_closed() -> None:
    rig = accepted("x = |\n", "print(1)")
    rig.events += rig.outcomes.note_close(rig.document.uri, rig.now)
    rig.wait(400)
    assert rig.told == []


@pytest.mark.parametrize(
    ("text", "around", "low", "high"),
    [
        pytest.param("print(1)", "x = |print(1)", 1, 1, id="as it was"),
        pytest.param("甲 + 乙", "|甲  +\r\n\t乙", 1, 1, id="formatted"),
        pytest.param("a\nb\nc", "|a\r\nb\r\nc", 1, 1, id="other line ends"),
        pytest.param("return total", "|return sum", 0.5, 0.6, id="one of two words"),
        pytest.param("frobnicate()", "|()", 0, 0.2, id="only brackets are left"),
        pytest.param("print(1)", "|", 0, 0, id="nothing there"),
        pytest.param("print(1)", "|" + "x\n" * 300 + "print(1)", 1, 1, id="moved down"),
        pytest.param("print(1)", "|" + "x\n" * 900 + "print(1)", 0, 0, id="too far away"),
        pytest.param("print(1)", "print(1)" + "\n" * 300 + "|", 1, 1, id="moved up"),
        pytest.param("  \n", "|x", 0, 0, id="white space"),
        pytest.param("😀 = '👩‍👩‍👧'", "|😀 = '👩‍👩‍👧'", 1, 1, id="emoji"),
    ],
)
def test_the_share_left_of_an_accepted_text_is_measured(
    text: str, around: str, low: float, high: float
) -> None:
    assert low <= share_left(text, at(around)) <= high


FATES = {O.ACCEPTED, O.ACCEPTED_PARTLY, O.TYPED_OUT, O.REJECTED, O.SUPERSEDED}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "type", "insert", "replace", "accept", "wait", "whole"]),
        st.integers(0, 30),
        st.sampled_from(["x", "(", "()", "甲 = 1", "\r\n", "\n    ", "\t", "😀", "f(a, b)\n"]),
    ),
    max_size=30,
)


@given(STEPS, st.sampled_from(PositionEncoding))
def test_whatever_happens_each_completion_has_one_fate(
    steps: list[tuple[str, int, str]], encoding: PositionEncoding
) -> None:
    rig = Rig("a = 1\r\n甲 = |\n\tb😀\n", encoding)
    for what, number, text in steps:
        size = len(rig.document.text)
        rig.cursor = min(rig.cursor, size)
        match what:
            case "offer":
                rig.offer(text * (1 + number % 3))
            case "type":
                standing = rig.outcomes._open.get(rig.document.uri)
                rig.insert(standing.rest[: 1 + number % 5] if standing else text)
            case "insert":
                rig.insert(text)
            case "replace":
                rig.replace(min(number, size), min(number + len(text), size), text)
            case "accept":
                rig.accept(number % 5)
            case "wait":
                rig.wait(number / 10 * (1 if number % 2 else 30))
            case "whole":
                rig.events += rig.outcomes.note_changes(rig.document.uri, [None], rig.now)
    rig.finish()
    rig.wait(1000)
    by_id: dict[int, list[Outcome]] = {}
    for event in rig.events:
        by_id.setdefault(event.id, []).append(event.outcome)
        assert event.chars >= 0
    for outcomes in by_id.values():
        counted = Counter(outcomes)
        assert counted[O.OFFERED] == 1
        assert sum(counted[fate] for fate in FATES) == 1
        assert max(counted.values()) == 1
        if counted[O.SUPERSEDED] == 0:
            assert counted[O.SHOWN] == 1
        looks = sum(counted[each] for each in (O.KEPT_30S, O.GONE_30S))
        assert looks == counted[O.ACCEPTED] + counted[O.ACCEPTED_PARTLY]


def test_what_is_kept_in_memory_is_bounded() -> None:
    outcomes = Outcomes(lambda uri, line, column: None)
    for number in range(200):
        snapshot = at("x = |", uri=f"file:///{number}.py")
        outcomes.note_offer(number, snapshot, "print(1)", 0.0)
        outcomes.note_acceptance(number, 1.0)
        outcomes.note_offer(1000 + number, snapshot, "print(1)", 2.0)
    assert len(outcomes._open) == 32
    assert len(outcomes._accepted) == 64
