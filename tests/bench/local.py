"""How good the local provider is on real source files held out of its index, and how fast.

    python -m tests.bench.local DIRECTORY[:SUFFIX] ...

Every file in turn out of a seeded sample is taken out of the index and typed line by line; the
provider is asked once a line, after the indentation and four characters. Beside it, a predictor
of thirty lines answers the same questions. See README.md in this directory.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ds_lsp.local.index import Index, Limits
from ds_lsp.local.predict import Tuning
from ds_lsp.local.provider import Local
from ds_lsp.providers.base import FimRequest, PromptParts
from ds_lsp.text.lines import LINE_END, is_word_character
from ds_lsp.workspace.walk import read_source

PREFIX_CHARS = 8000


@dataclass(slots=True)
class Score:
    """What became of the questions."""

    asked: int = 0
    offered: int = 0
    right: int = 0
    saved_chars: int = 0
    offered_chars: int = 0
    line_chars: int = 0
    """Of all lines that are not blank, without indentation; those never asked about, too."""
    times_ms: list[float] = field(default_factory=list)

    def add(self, offer: str, goes_on: str) -> None:
        self.asked += 1
        if offer:
            self.offered += 1
            self.offered_chars += len(offer)
            if is_right(offer, goes_on):
                self.right += 1
                self.saved_chars += len(offer)

    @property
    def figures(self) -> tuple[float, float, float, float]:
        """Share offered, share right, share saved, mean characters."""
        return (
            self.offered / max(1, self.asked),
            self.right / max(1, self.offered),
            self.saved_chars / max(1, self.line_chars),
            self.offered_chars / max(1, self.offered),
        )


def is_right(offer: str, goes_on: str) -> bool:
    """Whether the line goes on like that, and the offer ends where a token ends."""
    if not goes_on.startswith(offer):
        return False
    left = goes_on[len(offer) :]
    return not (left and is_word_character(left[0]) and is_word_character(offer[-1]))


class MostFrequentLine:
    """The thirty-line predictor: the most frequent line that begins like this one.

    One that has been seen after an equal previous line comes first; without such a previous
    line, it takes three sightings.
    """

    def __init__(self) -> None:
        self._lines: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._after: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def learn(self, text: str, times: int = 1) -> None:
        previous = ""
        for line in filled_lines(text):
            self.learn_line(previous, line, times)
            previous = line

    def learn_line(self, previous: str, line: str, times: int = 1) -> None:
        self._lines[start_of(line)][line] += times
        self._after[previous, start_of(line)][line] += times

    def offer(self, previous: str, start: str) -> str:
        for seen, least in ((self._after[previous, start], 1), (self._lines[start], 3)):
            for line, count in seen.most_common(1):
                if count >= least:
                    return line[len(start) :]
        return ""


def start_of(line: str, typed: int = 4) -> str:
    """The indentation and the first *typed* characters."""
    return line[: len(line) - len(line.lstrip()) + typed]


def filled_lines(text: str) -> Iterator[str]:
    return (line.rstrip() for line in LINE_END.split(text) if line.strip())


@dataclass(frozen=True, slots=True)
class Tree:
    """One package's source files and the index over all of them."""

    name: str
    texts: dict[str, str]
    index: Index
    build_s: float
    longest_slice_ms: float


async def read_tree(directory: Path, suffix: str) -> Tree:
    index = Index(Limits())
    uri = (directory / f"asked{suffix}").as_uri()
    pauses: list[float] = []
    watch = asyncio.create_task(_note_pauses(pauses))
    begun = time.perf_counter()
    await index.scan(uri, "", [directory], lambda _: True)
    build_s = time.perf_counter() - begun
    watch.cancel()
    files = directory.rglob("*")  # noqa: ASYNC240 - nothing else is going on any more
    paths = {path.as_uri(): path for path in files if path.is_file()}
    texts = {
        uri: text
        for uri in sorted(index.family(uri, "").known)
        if (text := read_source(paths[uri], Limits().max_file_bytes)) is not None
    }
    name = f"{directory.name} {suffix}"
    return Tree(name, texts, index, build_s, max(pauses, default=0.0) * 1000)


async def _note_pauses(pauses: list[float]) -> None:
    """How long the event loop was kept from its other tasks."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0)
        pauses.append(time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class Options:
    files: int
    lines: int
    seed: int
    typed: int
    tuning: Tuning


def measure(tree: Tree, options: Options) -> tuple[Score, Score]:
    """The baseline's score and the local provider's on the same lines."""
    baseline = MostFrequentLine()
    for text in tree.texts.values():
        baseline.learn(text)
    theirs, ours = Score(), Score()
    uris = sorted(tree.texts)
    for uri in random.Random(options.seed).sample(uris, min(options.files, len(uris))):
        text = tree.texts[uri]
        family = tree.index.family(uri, "")
        baseline.learn(text, -1)
        family.show_file(uri, live=False)
        held_out = _first_lines(text, options.lines)
        _type_baseline(baseline, held_out, options.typed, theirs)
        _type_local(Local(tree.index, options.tuning), uri, held_out, options.typed, ours)
        baseline.learn(held_out, -1)
        baseline.learn(text)
        family.show_file(uri, live=True)
    return theirs, ours


def _first_lines(text: str, most: int) -> str:
    return "\n".join(LINE_END.split(text)[:most])


def _type_baseline(model: MostFrequentLine, text: str, typed: int, score: Score) -> None:
    previous = ""
    for line in filled_lines(text):
        start = start_of(line, typed)
        score.line_chars += len(line.lstrip())
        if len(line.lstrip()) > typed:
            # It knows lines by four characters and by nothing else.
            offer = model.offer(previous, start) if typed == 4 else ""
            score.add(offer, line[len(start) :])
        model.learn_line(previous, line)
        previous = line


def _type_local(provider: Local, uri: str, text: str, typed: int, score: Score) -> None:
    before = ""
    for line in LINE_END.split(text):
        start = start_of(line.rstrip(), typed)
        content = line.strip()
        score.line_chars += len(content)
        if len(content) > typed:
            prefix = (before + start)[-PREFIX_CHARS:]
            request = FimRequest(uri, "", PromptParts(prefix, ""), "", 128, 0.0)
            begun = time.perf_counter()
            offer = provider.offer(request)
            score.times_ms.append((time.perf_counter() - begun) * 1000)
            score.add(offer, line.rstrip()[len(start) :])
        before += line + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trees", nargs="+", metavar="DIRECTORY[:SUFFIX]", help="suffix: .py")
    parser.add_argument("--files", type=int, default=16, help="held out of each tree (16)")
    parser.add_argument("--lines", type=int, default=600, help="typed of each file (600)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--typed", type=int, default=4, help="characters typed of each line (4)")
    parser.add_argument("--floor", type=float, help="another floor than the provider's own")
    arguments = parser.parse_args()
    tuning = Tuning() if arguments.floor is None else Tuning(floor=arguments.floor)
    options = Options(arguments.files, arguments.lines, arguments.seed, arguments.typed, tuning)
    missing = 0
    print(
        f"{'tree':20} {'files':>5} {'lines':>6} {'predictor':9} {'offered':>7} {'right':>6}"
        f" {'saved':>6} {'length':>6} {'median':>7} {'95 %':>7}"
    )
    for name in arguments.trees:
        path, _, suffix = name.partition(":")
        directory = Path(path).resolve()
        if not directory.is_dir():
            print(f"{path}: no such directory; skipped")
            missing += 1
            continue
        report(asyncio.run(read_tree(directory, suffix or ".py")), options)
    return 1 if missing else 0


def report(tree: Tree, options: Options) -> None:
    if not tree.texts:
        print(f"{tree.name}: no source files there; skipped")
        return
    theirs, ours = measure(tree, options)
    files = min(options.files, len(tree.texts))
    for name, score in (("baseline", theirs), ("local", ours)):
        offered, right, saved, length = score.figures
        line = (
            f"{tree.name:20} {files:5} {score.asked:6} {name:9} {offered:7.1%} {right:6.1%}"
            f" {saved:6.1%} {length:6.1f}"
        )
        if score.times_ms:
            tail = statistics.quantiles(score.times_ms, n=20)[-1]
            line += f" {statistics.median(score.times_ms):4.1f} ms {tail:4.1f} ms"
        print(line)
    size = sum(len(text.encode()) for text in tree.texts.values())
    print(
        f"{'':20} index: {len(tree.texts)} files, {size / 1000:.0f} kB of text in"
        f" {tree.build_s:.2f} s, {tree.index.nbytes / 1000:.0f} kB of memory;"
        f" longest hold of the loop {tree.longest_slice_ms:.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
