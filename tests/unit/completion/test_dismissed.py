"""What was not wanted is not offered again at its place."""

from ds_lsp.completion.dismissed import FORGET_S, MAX_REMEMBERED, Dismissed
from tests.unit.fakes import FakeTime
from tests.unit.texts import at


def dismissed(text: str = "x = |") -> tuple[Dismissed, FakeTime]:
    time = FakeTime()
    memory = Dismissed(time.clock)
    memory.note_offer(1, at(text), "甲()")
    memory.dismiss(1)
    return memory, time


def test_a_dismissed_text_is_recognized_at_its_place_only() -> None:
    memory, _ = dismissed()
    assert memory.holds(at("x = |"), "甲()")
    assert memory.holds(at("# a line above\r\nx = |"), "甲()")
    for text, said in (("x = |", "乙()"), ("y = |", "甲()"), ("x = |)", "甲()"), ("x =|", "甲()")):
        assert not memory.holds(at(text), said)
    assert not memory.holds(at("x = |", uri="file:///b.py"), "甲()")


def test_what_was_only_offered_is_not_dismissed_and_unknown_ids_are_nothing() -> None:
    memory = Dismissed()
    memory.note_offer(1, at("x = |"), "甲()")
    memory.dismiss(2)
    assert not memory.holds(at("x = |"), "甲()")


def test_dismissals_are_forgotten_after_a_while_and_bounded() -> None:
    memory, time = dismissed()
    time.now += FORGET_S
    assert not memory.holds(at("x = |"), "甲()")
    for number in range(MAX_REMEMBERED + 1):
        memory.note_offer(number, at("x = |"), str(number))
        memory.dismiss(number)
    assert [memory.holds(at("x = |"), str(number)) for number in (0, 1, MAX_REMEMBERED)] == [
        False,
        True,
        True,
    ]
    memory.clear()
    assert not memory.holds(at("x = |"), str(MAX_REMEMBERED))
