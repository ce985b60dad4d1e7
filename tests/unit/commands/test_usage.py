"""``ds-lsp usage``: the table, the JSON, the picture, and what there is without a file."""

import json
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ds_lsp.commands import plot, usage
from ds_lsp.completion.outcomes import Outcome
from ds_lsp.service.usage.counts import CallKey, Counts, OutcomeKey, Tally, Totals
from ds_lsp.service.usage.ledger import usage_file
from ds_lsp.service.usage.store import Store
from tests.unit.clean import clean

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
O = Outcome  # noqa: E741


def day(ago: int) -> str:
    return (TODAY - timedelta(days=ago)).isoformat()


def call(ago: int, model: str, language: str, totals: Totals) -> Counts:
    return Counts(calls={CallKey(day(ago), model, language): totals})


def outcome(ago: int, language: str, what: str, times: int, chars: int) -> Counts:
    return Counts(outcomes={OutcomeKey(day(ago), language, what): Tally(times, chars)})


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    clean(monkeypatch, tmp_path / "état 状态")
    monkeypatch.setattr(usage, "local_now", lambda: NOW)
    return usage_file()


def fill(path: Path, *counts: Counts) -> None:
    with closing(Store.open(path, TODAY)) as store:
        for each in counts:
            store.add(each)


BILL = (
    call(0, "deepseek-flash", "python", Totals(1000, 0, 30_000, 12_000, 2_000, 0.5)),
    call(0, "deepseek-flash", "go", Totals(1, 0, 0, 0, 0, 0.25)),
    call(3, "deepseek-v4-pro", "python", Totals(2, 1, 5, 6, 7, 1.0)),
    call(6, "deepseek-flash", "python", Totals(requests=10)),
    call(7, "deepseek-flash", "python", Totals(requests=100)),
    call(29, "unheard-of", "python", Totals(requests=3)),
    call(30, "deepseek-flash", "python", Totals(requests=10_000)),
)


def test_usage_is_printed_as_a_table(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, *BILL)
    assert usage.main([]) == 0
    output = capsys.readouterr()
    table, _, notes = output.out.partition("\n\n")
    assert [line.split() for line in table.splitlines()] == [
        ["requests", "cache", "hit", "cache", "miss", "output", "USD"],
        ["today", "1,001", "30,000", "12,000", "2,000", "0.7500"],
        ["deepseek-flash", "1,001", "30,000", "12,000", "2,000", "0.7500"],
        ["last", "7", "days", "1,013", "30,005", "12,006", "2,007", "1.7500"],
        ["deepseek-flash", "1,011", "30,000", "12,000", "2,000", "0.7500"],
        ["deepseek-v4-pro", "2", "5", "6", "7", "1.0000"],
        ["last", "30", "days", "1,116", "30,005", "12,006", "2,007", "1.7500"],
        ["deepseek-flash", "1,111", "30,000", "12,000", "2,000", "0.7500"],
        ["unheard-of", "3", "0", "0", "0", "0.0000"],
        ["deepseek-v4-pro", "2", "5", "6", "7", "1.0000"],
    ]
    assert len({len(line) for line in table.splitlines()}) == 1, "the columns are straight"
    assert "estimate, by the prices of 2026-10-03" in notes
    assert "1 of the 1,116 requests" in notes
    assert "No price is known of unheard-of" in notes
    assert str(path) in notes
    assert output.err == ""


def test_usage_is_printed_as_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, *BILL)
    assert usage.main(["--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["prices_as_of"] == "2026-10-03"
    assert shown["today"]["total"] == {
        "requests": 1001,
        "estimated": 0,
        "prompt_hit_tokens": 30_000,
        "prompt_miss_tokens": 12_000,
        "completion_tokens": 2_000,
        "cost_usd": 0.75,
    }
    assert shown["last_7_days"]["models"]["deepseek-v4-pro"]["estimated"] == 1
    assert shown["last_30_days"]["total"]["requests"] == 1116
    assert list(shown["days"]) == [day(ago) for ago in (29, 7, 6, 3, 0)]


QUALITY = (
    call(0, "deepseek-flash", "python", Totals(cost_usd=0.5)),
    call(0, "deepseek-flash", "", Totals(cost_usd=9.0)),
    call(2, "deepseek-flash", "中文", Totals(cost_usd=0.1)),
    outcome(0, "python", "offered", 20, 400),
    outcome(0, "python", "shown", 10, 200),
    outcome(0, "python", "accepted", 2, 1500),
    outcome(1, "python", "accepted", 1, 500),
    outcome(0, "python", "accepted_partly", 1, 100),
    outcome(0, "python", "typed_out", 1, 8),
    outcome(0, "python", "rejected", 4, 80),
    outcome(0, "python", "kept_30s", 3, 1250),
    outcome(0, "python", "kept_5min", 2, 1000),
    outcome(0, "go", "shown", 1, 5),
    outcome(0, "go", "what a later version counts", 1, 5),
)


def test_outcomes_are_printed_by_language(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, *QUALITY)
    assert usage.main(["--quality"]) == 0
    table, _, notes = capsys.readouterr().out.partition("\n\n")
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["python", "10", "3", "1", "1", "4", "50%", "2,100", "1,250", "1,000", "0.5000"],
        ["go", "1", "0", "0", "0", "0", "0%", "0", "0", "0", "-"],
        ["中文", "0", "0", "0", "0", "0", "-", "0", "0", "0", "-"],
        ["all", "11", "3", "1", "1", "4", "45%", "2,100", "1,250", "1,000", "0.6000"],
    ]
    assert "told to nobody" in notes
    assert usage.main(["--quality", "--json"]) == 0
    python = json.loads(capsys.readouterr().out)["python"]
    assert python["accepted"] == {"times": 3, "chars": 2000}
    assert (python["acceptance"], python["retained_chars"]) == (0.5, 1000)
    assert python["cost_per_retained_char_usd"] == pytest.approx(0.0005)


@pytest.mark.parametrize("argv", [[], ["--json"], ["--quality"], ["--quality", "--json"]])
def test_without_a_file_there_is_an_answer_and_still_no_file(
    argv: list[str], path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert usage.main(argv) == 0
    output = capsys.readouterr()
    assert not path.exists()
    assert output.err == ""
    if "--json" in argv:
        json.loads(output.out)
    else:
        assert len(output.out.splitlines()) == 1
        assert "30 days" in output.out


def test_a_file_that_cannot_be_read(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 100)
    assert usage.main([]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert str(path) in output.err
    assert "not a database" in output.err


@pytest.mark.parametrize("counts", [BILL, ()], ids=["some", "none"])
def test_usage_is_plotted_as_svg(
    path: Path, tmp_path: Path, counts: tuple[Counts, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    fill(path, *counts)
    picture = tmp_path / "图 u.SVG"
    assert usage.main(["--plot", str(picture)]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert str(picture) in output.err
    root = ElementTree.parse(picture).getroot()
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Nov 24" in texts
    assert any("2026-10-26 to 2026-11-24" in text for text in texts)
    assert ("deepseek-v4-pro" in texts) is bool(counts)


def test_usage_is_plotted_as_png(path: Path, tmp_path: Path) -> None:
    from PIL import Image

    fill(path, *BILL)
    picture = tmp_path / "u.png"
    assert usage.main(["--plot", str(picture)]) == 0
    with Image.open(picture) as image:
        assert image.size == (2 * plot.WIDTH, 2 * plot.HEIGHT)
        colors = image.convert("RGB").getcolors(1 << 20)
    assert colors
    assert len(colors) > 10


def test_without_pillow_a_png_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert usage.main(["--plot", str(tmp_path / "u.png")]) == 1
    assert "pillow" in capsys.readouterr().err
    assert not (tmp_path / "u.png").exists()


def test_a_picture_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert usage.main(["--plot", str(tmp_path / "missing" / "u.svg")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["u.gif", "u", "svg"])
def test_another_kind_of_picture_is_a_usage_error(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        usage.main(["--plot", name])
    assert raised.value.code == 2
    assert "neither in .svg nor in .png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("most", "step"),
    [(0, 1), (1, 0.2), (4.9, 1), (5, 1), (5.1, 2), (12, 2.5), (13, 5), (26, 10), (0.0007, 0.0002)],
)
def test_steps_are_round(most: float, step: float) -> None:
    assert plot.step_for(most) == pytest.approx(step)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.05, "0.05"), (2.5, "2.5"), (500e3, "500k"), (1.5e6, "1.5M"), (1e-6, "1e-06")],
)
def test_labels_are_short(value: float, shown: str) -> None:
    assert plot.to_label(value) == shown


def test_bars_stand_on_each_other() -> None:
    shapes = plot.to_shapes(Counts(calls=BILL[0].calls), [TODAY])
    bars = [shape for shape in shapes if isinstance(shape, plot.PlotBar) and shape.width > 100][1:]
    money, *tokens = bars
    assert [round(bar.height / sum(b.height for b in tokens), 3) for bar in tokens] == [
        *(round(30 / 44, 3), round(12 / 44, 3), round(2 / 44, 3))
    ]
    for lower, upper in pairwise(tokens):
        assert upper.y + upper.height == pytest.approx(lower.y)
    assert money.height > 0
