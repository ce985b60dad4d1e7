"""What of the names a completion needs is in the prompt, without a model.

    python -m tests.bench.context [PACKAGE ...]

Right-hand sides and arguments are taken out of the files of installed packages, one at a time. Of
the names in what was taken out that are nowhere in the rest of the file, which share is in the
prompt? See README.md in this directory.
"""

import argparse
import ast
import asyncio
import builtins
import json
import random
import statistics
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ds_lsp.completion.prompt.candidates import ReadableFiles
from ds_lsp.completion.prompt.gather import Excerpts
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.languages.words import NAME
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.lines import LINE_END
from ds_lsp.workspace.privacy.gate import Gate
from ds_lsp.workspace.walk import read_source

SITE = Path(sysconfig.get_path("purelib"))
PACKAGES = ("httpx", "pygls", "hypothesis", "_pytest", "anyio", "pip/_internal")
TOTALS = (1_000, 2_000, 4_000)
_MAX_HOLE_LINES = 3
_MAX_FILE_BYTES = 200_000
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Hole:
    path: Path
    start: int
    end: int
    needed: frozenset[str]


@dataclass(slots=True)
class Score:
    needed: int = 0
    found: int = 0
    request_ms: list[float] = field(default_factory=list)
    gather_ms: list[float] = field(default_factory=list)
    body_bytes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    folder: Path
    texts: dict[Path, str]
    holes: list[Hole]
    all_holes: int
    """With a name in them at all, whether or not it is known from the rest of the file."""

    @property
    def found_by_grep(self) -> int:
        names = {path: names_in(text) for path, text in self.texts.items()}
        return sum(
            len(hole.needed & set().union(*(names[p] for p in names if p != hole.path)))
            for hole in self.holes
        )


def names_in(text: str) -> frozenset[str]:
    return frozenset(NAME.findall(text))


def read_package(name: str, per_file: int, seed: int) -> Package:
    folder = SITE / name
    texts = {
        path: text
        for path in sorted(folder.rglob("*.py"))
        if (text := read_source(path, _MAX_FILE_BYTES)) is not None
    }
    rng = random.Random(seed)
    holes: list[Hole] = []
    count = 0
    for path, text in texts.items():
        found = list(holes_in(path, text))
        for hole in rng.sample(found, min(per_file, len(found))):
            count += 1
            if hole.needed:
                holes.append(hole)
    return Package(name, folder, texts, holes, count)


def holes_in(path: Path, text: str) -> Iterator[Hole]:
    """Right-hand sides and arguments of at most three lines that hold a name."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for node in ast.walk(ast.parse(text)):
        values: Sequence[ast.expr] = ()
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
            values = (node.value,)
        elif isinstance(node, ast.Call):
            values = (*node.args, *(keyword.value for keyword in node.keywords))
        for value in values:
            names = _names_of(value)
            last = value.end_lineno or value.lineno
            if names and last - value.lineno < _MAX_HOLE_LINES:
                start = offset(value.lineno, value.col_offset)
                end = offset(last, value.end_col_offset or 0)
                rest = names_in(text[:start]) | names_in(text[end:])
                yield Hole(path, start, end, frozenset(names - rest - _BUILTINS))


def _names_of(value: ast.expr) -> set[str]:
    names = set()
    for node in ast.walk(value):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                names.add(name)
    return names


async def measure(package: Package, total: int, *, are_open: bool, lines_late: int) -> Score:
    """The score of prompts of so many tokens, with all other files open or none.

    With *lines_late*, the excerpts were gathered with the cursor so many lines further up.
    """
    score = Score()
    gate = Gate([package.folder])
    excerpts = Excerpts()
    contexts = PromptBuilder(excerpts, total_tokens=total)
    others = [_document(path, text) for path, text in package.texts.items()] if are_open else []
    # The order in which they were opened says nothing.
    random.Random(1).shuffle(others)
    for hole in package.holes:
        text = package.texts[hole.path]
        document = _document(hole.path, text[: hole.start] + text[hole.end :])
        before = LINE_END.split(text[: hole.start])
        line = len(before) - 1
        snapshot = document.snapshot(line, len(before[-1]))
        moment = document.snapshot(line - lines_late, 0) if lines_late else snapshot
        open_documents = [document, *(other for other in others if other.uri != document.uri)]
        readable = ReadableFiles(
            open_documents, [package.folder], gate.allows, lambda each: gate.excludes(each.uri)
        )
        excerpts.drop(document.uri)
        begun = time.perf_counter()
        await excerpts.renew(moment, readable, contexts)
        gathered = time.perf_counter()
        request = contexts.build_request(snapshot, CompletionSettings())
        score.request_ms.append((time.perf_counter() - gathered) * 1000)
        score.gather_ms.append((gathered - begun) * 1000)
        score.needed += len(hole.needed)
        prompt = request.prompt.text
        score.found += len(hole.needed & names_in(prompt))
        score.body_bytes.append(len(json.dumps(prompt, ensure_ascii=False).encode()))
    return score


def _document(path: Path, text: str) -> Document:
    return Document(path.as_uri(), "python", 1, text, PositionEncoding.UTF32)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packages", nargs="*", default=PACKAGES, metavar="PACKAGE")
    parser.add_argument("--per-file", type=int, default=60, help="holes tried in a file (60)")
    parser.add_argument("--tokens", type=int, nargs="*", default=TOTALS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=int, default=0, help="gathered so many lines above (0)")
    arguments = parser.parse_args()
    missing = 0
    print(
        f"{'package':14} {'holes':>5} {'needy':>5} {'names':>5} {'grep':>6} {'tokens':>6}"
        f" {'open':>6} {'none':>6} {'request':>8} {'gather':>7} {'bytes':>6}"
    )
    for name in arguments.packages:
        package = read_package(name, arguments.per_file, arguments.seed)
        if not package.holes:
            print(f"{name}: no such package is installed, or nothing to ask about; skipped")
            missing += 1
            continue
        for total in arguments.tokens:
            report(package, total, arguments.late)
    return 1 if missing else 0


def report(package: Package, total: int, lines_late: int) -> None:
    opened = asyncio.run(measure(package, total, are_open=True, lines_late=lines_late))
    none = asyncio.run(measure(package, total, are_open=False, lines_late=lines_late))
    print(
        f"{package.name:14} {package.all_holes:5} {len(package.holes):5} {opened.needed:5}"
        f" {package.found_by_grep / opened.needed:6.1%} {total:6}"
        f" {opened.found / opened.needed:6.1%} {none.found / none.needed:6.1%}"
        f" {statistics.median(opened.request_ms):5.2f} ms"
        f" {statistics.median(opened.gather_ms):4.0f} ms"
        f" {statistics.mean(opened.body_bytes):6.0f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
