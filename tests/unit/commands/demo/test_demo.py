"""``ds-lsp demo``: the typist's decisions, the screens, the picture, and whole runs."""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ds_lsp.commands import demo
from ds_lsp.commands.demo import Run, load_program, summary
from ds_lsp.commands.demo.page import ASCII, UNICODE, Page, PageLine, Segment, to_duration, to_note
from ds_lsp.commands.demo.screen import (
    HOLD_S,
    AnimatedScreen,
    Ink,
    can_animate,
    clip,
    count_columns,
    to_plain_rows,
)
from ds_lsp.commands.demo.typist import (
    DemoEvent,
    Fate,
    Offer,
    Stop,
    Trouble,
    Typed,
    count_worth_taking,
    judge,
    parse_program,
)
from ds_lsp.completion.request import Completion, Record, Trigger
from tests import demo_picture
from tests.demo_picture import draw, find_closing_offer
from tests.fake_deepseek import FakeDeepSeek, Recorded, Reply, Send, sse
from tests.unit.clean import clean, environment

PROGRAM = load_program().text
SUMMARY = re.compile(r"\d+ characters typed, (\d+) accepted \(\d+ %\), from (\d+) of (\d+) comp")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path / "config")


# What the typist decides.


@pytest.mark.parametrize(
    ("offered", "wanted", "taken"),
    [
        pytest.param("rn x", "rn x\n", "rn x", id="all of it"),
        pytest.param("rn", "rn", "rn", id="all of a short one"),
        pytest.param("total += a", "total += b", "total +=", id="whole words"),
        pytest.param("item.count", "item.worth", "item.", id="up to a word"),
        pytest.param("counter", "counted", "", id="not half a word"),
        pytest.param("a = 1", "a = 2", "", id="too little of it"),
        pytest.param("x", "", "", id="nothing is wanted"),
        pytest.param("", "x", "", id="nothing is offered"),
        pytest.param("打印(甲, 乙)", "打印(甲, 丙)", "打印(甲,", id="chinese"),
        pytest.param("'😀😀😀', a", "'😀😀😀', b", "'😀😀😀',", id="emoji"),
        pytest.param("foo(x)\r\n\tg(y)", "foo(x)\r\n\th(y)", "foo(x)", id="crlf and tab"),
    ],
)
def test_the_typist_takes_the_part_that_is_right(offered: str, wanted: str, taken: str) -> None:
    assert offered[: count_worth_taking(offered, wanted)] == taken


@pytest.mark.parametrize(
    ("stop", "text", "fate", "accepted"),
    [
        (Stop.REST, "turn total", Fate.ACCEPTED, "turn total"),
        (Stop.REST, "turn total[0]", Fate.PARTLY, "turn total"),
        (Stop.REST, "place(total)", Fate.TYPED_OVER, ""),
        (Stop.LOOK, "turn total", Fate.TYPED_ALONG, ""),
        (Stop.LOOK, "place(total)", Fate.TYPED_OVER, ""),
        (Stop.ASK, "", Fate.NOTHING, ""),
    ],
)
def test_an_offer_is_judged_by_the_text_that_is_wanted(
    stop: Stop, text: str, fate: Fate, accepted: str
) -> None:
    completion = Completion(text, Record(source="local", stages_ms={"total": 1.0}))
    offer = judge(completion, stop, "turn total\n")
    assert (offer.fate, offer.accepted) == (fate, accepted)
    assert offer.accepted + offer.left == text


def test_the_program_is_python_and_says_where_to_stop() -> None:
    program = load_program()
    ast.parse(program.text)
    assert set(program.stops.values()) == set(Stop)
    assert all(mark.value not in program.text for mark in Stop)
    assert parse_program("a▮b▯◆c").stops == {1: Stop.REST, 2: Stop.ASK}


# What is shown.


def offer(text: str, taken: int = 0, fate: Fate = Fate.ACCEPTED, **changes: object) -> Offer:
    source = str(changes.get("source", "local"))
    trigger = Trigger.INVOKED if changes.get("asked") else Trigger.AUTOMATIC
    return Offer(text, taken, fate, trigger, source, 1.24, "nothing to go by")


RIGHT = offer("turn x", 6)
WRONG = offer("turn 甲\r\n\t乙😀", 0, Fate.TYPED_OVER)
BLOCK = offer(" x:\n    f(x)\n    g(x)", 21, source="deepseek")
EVENTS: tuple[DemoEvent, ...] = (
    *(Typed(key) for key in "re"),
    WRONG,
    offer("", 0, Fate.NOTHING, asked=True),
    RIGHT,
    *(Typed(key) for key in "\nif"),
    Trouble("The cable is out."),
    BLOCK,
    Typed("\n"),
)


def test_the_page_holds_typed_and_accepted_text() -> None:
    page = Page()
    for event in EVENTS:
        page.add(event)
    assert [line.text for line in page.lines] == [
        *("return x", "if x:", "    f(x)", "    g(x)", ""),
    ]
    assert page.lines[0].segments == [Segment("re", False), Segment("turn x", True)]
    assert page.lines[1].events == [Trouble("The cable is out."), BLOCK]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (RIGHT, "local, 1.2 ms"),
        (WRONG, "local, 1.2 ms, ⟪turn 甲↵\\t乙😀⟫ typed over"),
        (offer("ab cd", 2, Fate.PARTLY), "local, 1.2 ms, without ⟪ cd⟫"),
        (offer("", 0, Fate.NOTHING), "nothing offered, nothing to go by"),
        (offer("x", 1, asked=True), "asked explicitly: local, 1.2 ms"),
        (offer("\x1b[2J", 0, Fate.TYPED_OVER), "local, 1.2 ms, ⟪\\x1b[2J⟫ typed over"),
        (Trouble("No."), "No. From here on: the local provider."),
    ],
)
def test_each_offer_and_trouble_has_its_note(said: Offer | Trouble, words: str) -> None:
    assert to_note(said, UNICODE) == words


def test_a_long_completion_is_quoted_short() -> None:
    assert len(to_note(offer("x" * 500, 0, Fate.TYPED_OVER), ASCII)) < 100


@pytest.mark.parametrize(
    ("ms", "words"), [(0.04, "0.0 ms"), (9.94, "9.9 ms"), (154.4, "154 ms"), (1250.0, "1.2 s")]
)
def test_durations_are_short_and_have_a_unit(ms: float, words: str) -> None:
    assert to_duration(ms) == words


def test_plain_rows_mark_accepted_text_and_notes() -> None:
    line = PageLine([Segment("re", False), Segment("turn x", True)], [RIGHT])
    assert to_plain_rows(7, line, ASCII) == [f"{'  7 | re{+turn x+}':<46}  - local, 1.2 ms"]
    line = PageLine([Segment("甲\t", False), Segment("乙\x1b", True)], [WRONG, RIGHT])
    assert to_plain_rows(12, line, UNICODE)[0] == " 12 │ 甲\t⟨乙\\x1b⟩"
    assert len(to_plain_rows(12, line, UNICODE)) == 3
    assert to_plain_rows(1, PageLine(), ASCII) == ["  1 |"]


@pytest.mark.parametrize(
    ("is_terminal", "columns", "environ", "platform", "animates"),
    [
        (True, 80, {}, "posix", True),
        (True, 79, {}, "posix", False),
        (False, 80, {}, "posix", False),
        (True, 80, {"TERM": "dumb"}, "posix", False),
        (True, 80, {"NO_COLOR": "1"}, "posix", True),
        (True, 80, {}, "nt", False),
        (True, 80, {"WT_SESSION": "1"}, "nt", True),
    ],
)
def test_where_it_is_animated(
    is_terminal: bool, columns: int, environ: dict[str, str], platform: str, animates: bool
) -> None:
    assert can_animate(is_terminal, columns, environ, platform) is animates


@pytest.mark.parametrize(
    ("text", "room", "clipped"),
    [
        *(("abc", 3, "abc"), ("abc", 2, "ab"), ("甲乙", 3, "甲"), ("😀", 1, ""), ("abc", 0, "")),
        *(("e\u0301e\u0301", 1, "e\u0301"), ("a👩\u200d👩\u200d👧b", 3, "a👩\u200d👩\u200d👧")),
        ("a👩\u200d👩\u200d👧b", 2, "a"),
    ],
)
def test_clipped_text_fits_its_room(text: str, room: int, clipped: str) -> None:
    assert clip(text, room) == clipped
    assert count_columns(clip(text, room)) <= room


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("e\u0301", 1, id="combining accent"),
        pytest.param("👩\u200d👩\u200d👧", 2, id="family"),
        pytest.param("甲", 2, id="chinese"),
        pytest.param("甲 = f(乙)", 10, id="code"),
        pytest.param("a\x1bb\t", len("a\\x1bb\\t"), id="escaped"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_columns_are_those_of_a_terminal(text: str, columns: int) -> None:
    assert count_columns(text) == columns


class Terminal:
    """A clock that goes on when one sleeps, and what was written."""

    def __init__(self, *, colored: bool, columns: int = 80) -> None:
        self.now = 0.0
        self.written = ""
        ink = Ink(UNICODE, colored)
        self.screen = AnimatedScreen(self, ink, columns, lambda: self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None:
        pass

    async def play(self, events: Sequence[DemoEvent]) -> list[str]:
        """The lines of the program as they stand in the end."""
        for event in events:
            await self.screen.show(event)
        self.screen.close()
        plain = re.sub(r"\x1b\[\d*[mGC]", "", self.written)
        rows = [row.rpartition("\x1b[J")[2] for row in plain.split("\n")]
        return [row.partition(" │ ")[2] for row in rows if " │ " in row]


async def test_ghost_text_is_dim_and_then_accepted() -> None:
    terminal = Terminal(colored=True)
    lines = await terminal.play(EVENTS)
    ghost, accepted = "\x1b[2mturn x\x1b[0m", "\x1b[36mturn x\x1b[0m"
    assert terminal.written.index(ghost) < terminal.written.index(accepted)
    assert any(line.startswith("return x") for line in lines)
    assert lines[-1].startswith("    g(x)")
    # Its three lines were drawn below, and the cursor came back.
    assert "\x1b[2A\r" in terminal.written


async def test_without_colors_there_are_marks() -> None:
    terminal = Terminal(colored=False)
    await terminal.play(EVENTS)
    assert not re.search(r"\x1b\[\d*m", terminal.written)
    assert "re⟨turn x⟩" in terminal.written


async def test_completions_cannot_steer_the_terminal() -> None:
    terminal = Terminal(colored=True)
    await terminal.play([offer("a\x1b]0;b\x07\x9b2J", 11)])
    assert "\x1b]" not in terminal.written
    assert "\x9b" not in terminal.written


async def test_the_animation_is_over_in_ten_seconds() -> None:
    terminal = Terminal(colored=True)
    events: list[DemoEvent] = [Typed(key) for key in PROGRAM]
    events += [offer("x", 0, Fate.TYPED_OVER) for _ in load_program().stops]
    await terminal.play(events)
    assert HOLD_S < terminal.now < 9


# The picture.


def texts(svg: str) -> list[str]:
    """The lines of text in a picture, as they are in its last frame."""
    root = ElementTree.fromstring(svg)
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()) for text in found if text.get("class") != "f"]


def test_the_picture_ends_with_ghost_text() -> None:
    assert find_closing_offer(EVENTS) == EVENTS.index(BLOCK)
    shown = texts(draw(EVENTS, "a < b & c"))
    assert "return x" in shown
    assert "if▏ x:" in shown
    assert "    f(x)" in shown
    assert "deepseek 1.2 ms" in shown
    assert "a < b & c" in shown


def test_the_picture_is_self_contained_and_the_same_each_time() -> None:
    svg = draw(EVENTS, "caption")
    assert svg == draw(EVENTS, "caption")
    assert svg.count("http") == 1
    assert not re.search(r"<script|<image|url\(|@import|href", svg)
    assert "prefers-reduced-motion" in svg


@pytest.mark.parametrize("text", ["]]>&<a>", "甲\t'😀'", "\x00\x1b\x7f\ufffe", "\ud800", ""])
def test_any_text_can_be_drawn(text: str) -> None:
    events: list[DemoEvent] = [Typed(text), offer(text, len(text)), Typed("\n")]
    events.append(offer(text, 0, Fate.TYPED_OVER))
    ElementTree.fromstring(draw(events, text))
    ElementTree.fromstring(draw([*events, offer(text + " " * 20, 0)], text))


# Whole runs.


def program_of(output: str) -> str:
    """The program as it stands in the plain output, without marks."""
    rows = re.findall(r"^ *\d+ │ ?(.*)$", output, re.MULTILINE)
    code = (re.split(r"  +· ", row)[0] for row in rows)
    return "\n".join(re.sub("[⟨⟩]", "", each).rstrip() for each in code) + "\n"


def test_without_a_key_the_demo_completes_from_its_own_workspace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert demo.main([]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "No DeepSeek key was found" in output.out
    assert program_of(output.out) == PROGRAM
    counts = SUMMARY.search(output.out)
    assert counts
    assert int(counts[1]) > 50
    assert int(counts[2]) > 5
    assert "Provider: local, without network." in output.out
    assert "\x1b" not in output.out


def test_local_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-unused-key")
    monkeypatch.setenv("DS_LSP_COMPLETION_ENABLED", "false")
    assert demo.main(["--provider", "local"]) == 0
    output = capsys.readouterr().out
    assert "No DeepSeek key" not in output
    assert "Provider: local" in output


def test_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ds_lsp", "demo"],
        env=environment(tmp_path, PYTHONIOENCODING="ascii"),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert result.stdout.isascii()
    assert "{+" in result.stdout
    assert result.stderr == ""


def test_the_picture_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "图.svg"
    assert demo_picture.main([str(path)]) == 0
    assert any("return" in text for text in texts(path.read_text(encoding="utf-8")))
    assert demo_picture.main([str(tmp_path / "missing" / "a.svg")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


@dataclass(frozen=True, slots=True)
class Continues:
    """A model that knows the program, and says so many lines of it."""

    lines: int

    def __call__(self, request: Recorded) -> list[Send]:
        prompt = str(request.body["prompt"])
        rest = PROGRAM.removeprefix(prompt).split("\n")
        return sse("\n".join(rest[: self.lines]))


def use(fake: FakeDeepSeek, patch: pytest.MonkeyPatch, key: str = "sk-fake") -> None:
    patch.setenv("DS_LSP_BASE_URL", fake.url)
    patch.setenv("DS_LSP_COMPLETION_DEBOUNCE_MS", "0")
    patch.setenv("DEEPSEEK_API_KEY", key)


@pytest.mark.parametrize("lines", [1, 4])
def test_with_a_key_the_demo_asks_deepseek(
    lines: int,
    fake: FakeDeepSeek,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(fake, monkeypatch)
    for _ in load_program().stops:
        fake.script(Continues(lines))
    assert demo.main([]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert program_of(output.out) == PROGRAM
    assert "Completions come from DeepSeek (deepseek-flash)." in output.out
    assert "Provider: deepseek (deepseek-flash)." in output.out
    if lines == 1:
        assert "type-through" in output.out


@pytest.mark.parametrize("provider", ["auto", "deepseek"])
@pytest.mark.parametrize(
    ("key", "words"),
    [("sk-wrong-7c1f", "does not know the API key"), ("sk-fake", "is in trouble (503)")],
)
def test_deepseek_fails_and_local_goes_on(
    provider: str,
    key: str,
    words: str,
    fake: FakeDeepSeek,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(fake, monkeypatch, key)
    fake.script(Reply(503))
    assert demo.main(["--provider", provider]) == 0
    output = capsys.readouterr()
    assert words in output.out
    assert "From here on: the local provider." in output.out
    assert program_of(output.out) == PROGRAM
    assert "Provider: deepseek, then local." in output.out
    assert len(fake.requests) == 1
    assert "7c1f" not in output.out + output.err


def test_a_summary_of_nothing() -> None:
    lines = summary(Run("local", "m", ()))
    assert lines[0] == "0 characters typed, 0 accepted (0 %), from 0 of 0 completions."
    assert lines[-1].startswith("Next: set DEEPSEEK_API_KEY")
