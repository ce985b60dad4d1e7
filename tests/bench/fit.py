"""What is shown of stored raw model output, beside what cruder cuts would show.

    python -m tests.bench.fit [--data DIR] [--no-tests]

See README.md in this directory.
"""

import argparse
import gzip
import hashlib
import importlib
import importlib.util
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from ds_lsp.completion.postprocess.extent import extent_for
from ds_lsp.completion.postprocess.place import cursor_context
from ds_lsp.completion.postprocess.rules import Fitted, fit
from ds_lsp.providers.base import Finish
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.lines import split_lines

DATA = Path(__file__).parents[3] / "shared" / "data"
PROCESSES = 2
TIME_LIMIT_S = 10
MEMORY_LIMIT = 1 << 30
OVERRUN = 20
MOST_CUTS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One hole, what stood in it, and what a model said."""

    id: str
    group: str
    language_id: str
    prefix: str
    suffix: str
    truth: str
    raw: str
    finish: Finish
    test: str = ""

    def document(self, shown: Fitted) -> str:
        return self.prefix + shown.text + self.suffix[shown.replaces :]


Method = Callable[[Row], Fitted]


# Reading


def rows_of(data: Path) -> Iterator[Row]:
    yield from _human_eval(data)
    yield from _cross_code_eval(data)
    yield from _tabby(data)


def _human_eval(data: Path) -> Iterator[Row]:
    tasks = {task["id"]: task for task in _read(data, "fim-tasks/humaneval-infilling-single-line")}
    for each in _read(data, "fim-generations/small-models-2025-12"):
        task = tasks[each["id"]]
        # As an editor has it: the cursor's line has an end already.
        truth = task["truth"].removesuffix("\n")
        suffix = "\n" + task["suffix"] if truth != task["truth"] else task["suffix"]
        test = f"{task['test']}\ncheck({task['entry_point']})\n"
        yield Row(
            each["id"],
            each["model"],
            *("python", task["prefix"], suffix, truth, each["raw"], Finish.STOP, test),
        )


def _cross_code_eval(data: Path) -> Iterator[Row]:
    tasks = {task["id"]: task for task in _read(data, "fim-tasks/granite-cceval")}
    for each in _read(data, "fim-generations/granite-completebench-outputs"):
        task = tasks[each["id"]]
        finish = Finish.LENGTH if each["stop"] == "length" else Finish.STOP
        texts = (task["prefix"], task["suffix"], task["truth"], each["raw"])
        model = each["model"].rpartition("/")[2]
        yield Row(
            f"{each['id']} {each['variant']}", f"cceval {model}", task["lang"], *texts, finish
        )


def _tabby(data: Path) -> Iterator[Row]:
    for each in _read(data, "fim-generations/tabby-cceval-100-starcoder1b"):
        texts = (each["prefix"], each["suffix"], each["truth"], each["raw"])
        yield Row(each["id"], "tabby starcoder-1b", each["lang"], *texts, Finish.STOP)


def _read(data: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


# What is shown


def ours(row: Row, multiline: str = "auto") -> Fitted:
    lines = split_lines(row.prefix)
    document = Document("u", row.language_id, 1, row.prefix + row.suffix, PositionEncoding.UTF32)
    snapshot = document.snapshot(len(lines) - 1, len(lines[-1]))
    return fit(row.raw, cursor_context(snapshot, extent_for(snapshot, multiline), row.finish))


def raw(row: Row) -> Fitted:
    return Fitted(row.raw)


def first_line(row: Row) -> Fitted:
    """Up to the end of the first line that holds something."""
    body = row.raw.lstrip("\n")
    lead = row.raw[: len(row.raw) - len(body)]
    return Fitted(lead + body.partition("\n")[0])


def longest_overlap(row: Row) -> Fitted:
    """The raw text without the longest end that the suffix begins with."""
    for size in range(min(len(row.raw), len(row.suffix)), 0, -1):
        if row.raw.endswith(row.suffix[:size]):
            return Fitted(row.raw[:-size])
    return Fitted(row.raw)


def truncate_expression(row: Row) -> Fitted:
    """To the end of the first expression, by tree-sitter; what is published for CrossCodeEval."""
    text = row.raw
    if row.language_id != "python":
        ends = [index for index, sign in enumerate(text) if sign in ";{}"]
        return Fitted(text[: ends[0] + 1] if ends and ends[0] else text)
    parser = _python_parser()
    for end in (index for index, sign in enumerate(text) if sign == "\n" and index):
        if not _has_error(parser.parse((row.prefix + text[:end]).encode()).root_node):
            return Fitted(text[:end].rstrip())
    return Fitted(text)


@lru_cache(maxsize=1)
def _python_parser() -> Any:
    tree_sitter = importlib.import_module("tree_sitter")
    grammar = importlib.import_module("tree_sitter_python")
    return tree_sitter.Parser(tree_sitter.Language(grammar.language()))


def _has_error(node: Any) -> bool:
    if node.type == "ERROR":
        return True
    return node.has_error and any(map(_has_error, node.children))


METHODS: dict[str, Method] = {
    "raw": raw,
    "first line": first_line,
    "longest overlap": longest_overlap,
    "ds-lsp": ours,
    "ds-lsp never": lambda row: ours(row, "never"),
    "ds-lsp always": lambda row: ours(row, "always"),
}


def cuts_at_line_ends(row: Row) -> list[Fitted]:
    """What the oracle may choose from."""
    lines = row.raw.split("\n")
    return [Fitted("\n".join(lines[:count])) for count in range(1, min(len(lines), MOST_CUTS) + 1)]


# Judging


@dataclass(slots=True)
class Score:
    rows: int = 0
    exact: int = 0
    passed: int = 0
    overran: int = 0
    empty: int = 0
    repeats: int = 0
    correct: int = 0
    false_trims: int = 0
    similarity: list[float] = field(default_factory=list)

    def add(self, row: Row, shown: Fitted) -> None:
        self.rows += 1
        is_exact = is_right(row, shown)
        self.exact += is_exact
        self.similarity.append(similarity(shown.text.strip(), row.truth.strip()))
        self.overran += len(shown.text.strip()) > len(row.truth.strip()) + OVERRUN
        self.empty += not shown.text.strip()
        self.repeats += _repeats_suffix(row, shown)
        if is_right(row, Fitted(row.raw)):
            self.correct += 1
            self.false_trims += not is_exact


def is_right(row: Row, shown: Fitted) -> bool:
    if shown.text.strip() == row.truth.strip() and not shown.replaces:
        return True
    return _bare(row.document(shown)) == _bare(row.prefix + row.truth + row.suffix)


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _repeats_suffix(row: Row, shown: Fitted) -> bool:
    """Whether the last line shown is the next line of the suffix."""
    last = shown.text.rstrip().rpartition("\n")[2].strip()
    rest = row.suffix[shown.replaces :]
    following = next((line for line in rest.split("\n") if line.strip()), "").strip()
    return len(last) > 1 and last == following


def similarity(one: str, other: str) -> float:
    """Twice the longest common subsequence by the length of both: 1 for equal texts."""
    both = len(one) + len(other)
    return 2 * common(one, other) / both if both else 1.0


def common(one: str, other: str) -> int:
    """Length of the longest common subsequence; a row of the table is one integer (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for index, sign in enumerate(other):
        places[sign] = places.get(sign, 0) | 1 << index
    mask = (1 << len(other)) - 1
    row = mask
    for sign in one:
        equal = row & places.get(sign, 0)
        row = ((row + equal) | (row - equal)) & mask
    return len(other) - row.bit_count()


# Running


def passes(program: str) -> bool:
    """Whether a program ends well, in a process of its own that may use little."""
    child = os.fork()
    if child == 0:
        _run(program)
    _, status = os.waitpid(child, 0)
    return status == 0


def _run(program: str) -> None:
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT_S)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        os.chdir(tempfile.gettempdir())
        exec(compile(program, "program", "exec"), {"__name__": "program"})
        code = 0
    except BaseException:
        code = 1
    finally:
        os._exit(code)


class Verdicts:
    """Which programs pass; kept by content, so that a second run is quick."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, bool] = json.loads(path.read_text()) if path.exists() else {}

    def learn(self, programs: Iterable[str]) -> None:
        unknown = sorted({each for each in programs if _digest(each) not in self._known})
        with Pool(PROCESSES) as pool:
            for number, (program, verdict) in enumerate(
                zip(unknown, pool.imap(passes, unknown, chunksize=8), strict=True), 1
            ):
                self._known[_digest(program)] = verdict
                if number % 500 == 0 or number == len(unknown):
                    print(f"{number}/{len(unknown)} programs run", file=sys.stderr, flush=True)
                    self._path.write_text(json.dumps(self._known))

    def __getitem__(self, program: str) -> bool:
        return self._known[_digest(program)]


def _digest(program: str) -> str:
    return hashlib.blake2b(program.encode(), digest_size=12).hexdigest()


def program_of(row: Row, shown: Fitted) -> str:
    return f"{row.document(shown)}\n\n{row.test}"


# Reporting


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="where the stored output is")
    parser.add_argument("--no-tests", action="store_true", help="do not run HumanEval's tests")
    parser.add_argument("--only", default="", help="the sets and models whose name holds this")
    parser.add_argument("--oracle", action="store_true", help="find the best cut of each text, too")
    parser.add_argument(
        "--verdicts",
        type=Path,
        default=Path(tempfile.gettempdir()) / "ds-lsp-bench-verdicts.json",
        help="where it is kept which programs passed",
    )
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"{arguments.data}: no such directory; give the data's with --data")
        return 1
    groups: dict[str, list[Row]] = {}
    for row in rows_of(arguments.data):
        groups.setdefault(row.group, []).append(row)
    of_cceval = [rows for name, rows in groups.items() if name.startswith("cceval")]
    groups["cceval all"] = [row for rows in of_cceval for row in rows]
    verdicts = None if arguments.no_tests else Verdicts(arguments.verdicts)
    print(
        f"{'set and model':32} {'shown':16} {'rows':>5} {'EM':>6} {'ES':>6} {'pass@1':>7}"
        f" {'overrun':>8} {'nothing':>8} {'repeats':>8} {'false trims':>12}"
    )
    for name, rows in groups.items():
        if arguments.only not in name:
            continue
        report(name, rows, verdicts, oracle=arguments.oracle)
    return 0


def report(name: str, rows: list[Row], verdicts: Verdicts | None, *, oracle: bool) -> None:
    methods = dict(METHODS)
    if name.startswith("cceval") and importlib.util.find_spec("tree_sitter_python"):
        methods["truncate_expr."] = truncate_expression
    shown = {method: [show(row) for row in rows] for method, show in methods.items()}
    has_tests = bool(rows[0].test)
    if verdicts and has_tests:
        verdicts.learn(
            program_of(row, each)
            for texts in shown.values()
            for row, each in zip(rows, texts, strict=True)
        )
    for method, texts in shown.items():
        score = Score()
        for row, each in zip(rows, texts, strict=True):
            score.add(row, each)
            if verdicts and has_tests:
                score.passed += verdicts[program_of(row, each)]
        print(_line(name, method, score, has_tests=verdicts is not None and has_tests), flush=True)
    if oracle:
        _report_oracle(name, rows, verdicts if has_tests else None)


def _report_oracle(name: str, rows: list[Row], verdicts: Verdicts | None) -> None:
    cuts = [cuts_at_line_ends(row) for row in rows]
    exact = sum(
        any(is_right(row, cut) for cut in each) for row, each in zip(rows, cuts, strict=True)
    )
    text = f"{name:32} {'best line cut':16} {len(rows):5} {exact / len(rows):6.3f} {'':6}"
    if verdicts:
        verdicts.learn(
            program_of(row, cut) for row, each in zip(rows, cuts, strict=True) for cut in each
        )
        passed = sum(
            any(verdicts[program_of(row, cut)] for cut in each)
            for row, each in zip(rows, cuts, strict=True)
        )
        text += f" {passed / len(rows):7.3f}"
    print(text, flush=True)


def _line(name: str, method: str, score: Score, *, has_tests: bool) -> str:
    rows = score.rows
    passed = f"{score.passed / rows:7.3f}" if has_tests else f"{'':7}"
    trims = f"{score.false_trims}/{score.correct}"
    return (
        f"{name:32} {method:16} {rows:5} {score.exact / rows:6.3f}"
        f" {100 * statistics.mean(score.similarity):6.1f} {passed}"
        f" {score.overran / rows:8.1%} {score.empty / rows:8.1%} {score.repeats / rows:8.1%}"
        f" {trims:>12}"
    )


if __name__ == "__main__":
    sys.exit(main())
