"""A short version of ``tests/bench/soak.py``: nothing stays unanswered, nothing stays open."""

from pathlib import Path

from tests.bench.soak import soak


def test_nothing_is_left_over(tmp_path: Path) -> None:
    figures = soak(tmp_path, keystrokes=2_000, faults=0.05, seed=2)
    assert figures.unanswered == 0
    assert figures.is_clean, figures
    assert figures.upstream > 100
    assert figures.shown > 100
