"""The real server with documents that are made to be slow: other messages do not wait for them.

No time is asserted: what a hostile document costs is held against what words of the same length
cost. In milliseconds, `tests/bench/hostile.py` has it.
"""

import os
from pathlib import Path

import pytest

from tests.bench.hostile import Watched, session
from tests.fake_deepseek import FakeDeepSeek

CHARS = 120_000
MAX_RATIO = 12.0
"""Times the cost of words; what was quadratic took 60 times as much and more."""

UNITS = [
    ('{"id": 17, "name": "abc", "tags": [1, 2]}, ', "json"),
    ("这是一个很长的段落，它描述了系统的行为。", "markdown"),
    ("let a=1;", "javascript"),
    ("export * from ", "javascript"),
    ("){", "c"),
    ("]:", "shellscript"),
    ("a|", "shellscript"),
    ('secret\\"', "go"),
    ("func (", "go"),
    ("a", "javascript"),
    ("<script ", "html"),
    ("\U0001f600", "swift"),
]
WORDS = "some words of a text\n"


@pytest.mark.skipif(not Path("/proc").exists(), reason="the processor's time is read from /proc")
@pytest.mark.parametrize(("unit", "language_id"), UNITS)
def test_a_hostile_document_costs_about_what_words_cost(
    tmp_path: Path, unit: str, language_id: str
) -> None:
    with FakeDeepSeek() as fake, session(tmp_path, fake) as client:
        fake.answer("a(b, [c]) {\n  x = 1;\n}\n")
        at = Watched(client)
        use(at, "file:///nowhere/first", WORDS * 10, "plaintext")
        costs = []
        for number, text in enumerate((WORDS * (CHARS // len(WORDS)), unit * (CHARS // len(unit)))):
            began = processor_s(client.pid)
            use(at, f"file:///nowhere/{number}", text, language_id)
            costs.append(processor_s(client.pid) - began)
    words, hostile = costs
    assert hostile < MAX_RATIO * words, f"{unit!r} repeated"


def use(at: Watched, uri: str, text: str, language_id: str) -> None:
    """Open a document, list code actions, type, and ask for completions."""
    at.open(uri, text, language_id)
    requests = [at.actions(uri, 0, 0)]
    for column in (0, 1):
        at.type(uri, 0, column, "a")
        requests.append(at.complete(uri, 0, column + 1, 1))
        at.wait(requests[-1])
    for request in requests:
        at.wait(request)


def processor_s(pid: int) -> float:
    """The processor time that a process has taken, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
