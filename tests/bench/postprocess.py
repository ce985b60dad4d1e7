"""What fitting a completion costs, with 12 KB of text around the cursor.

    python -m tests.bench.postprocess

See README.md in this directory.
"""

import statistics
import time

from ds_lsp.completion.postprocess.early_stop import stop_condition
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.rules import fit
from ds_lsp.languages.statements import code_at
from tests.unit.holes import SOURCES, Hole, holes

BEFORE, AFTER = 8_000, 4_000
HOLES = 20
LONG_STREAM = 64_000


def surrounded(hole: Hole, text: str) -> CursorContext:
    """The hole in a file that is long enough, made of the one it is in."""
    before = (text * (BEFORE // len(text) + 1) + hole.before)[-BEFORE:]
    after = (hole.after + text * (AFTER // len(text) + 1))[:AFTER]
    # Cut at a line end, as a window is.
    before = before[before.find("\n") + 1 :]
    return CursorContext(before, after, hole.place().language_id)


def times_ms(said: str, at: CursorContext, *, is_new: bool) -> float:
    if is_new:
        code_at.cache_clear()
    # What a place has found out about its text is kept with it.
    at = CursorContext(at.before, at.after, at.language_id)
    begun = time.perf_counter()
    fit(said, at)
    return (time.perf_counter() - begun) * 1000


def stream_ms(size: int) -> float:
    """All looks at a stream of one line without end, in pieces of four characters."""
    keep_going = stop_condition(CursorContext("x = ", "\n", "python"))
    text = "".join(f"name{number} + " for number in range(size // 8))[:size]
    begun = time.perf_counter()
    for end in range(4, size, 4):
        keep_going(text[:end])
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    texts = {path.name: path.read_text("utf-8") for path in SOURCES}
    times: dict[str, dict[bool, list[float]]] = {}
    for hole in holes(HOLES):
        at = surrounded(hole, texts[hole.file])
        over = "\n".join(hole.after.split("\n")[:4])
        for said in (hole.middle, hole.middle + over, hole.middle + over + "\nfoo(bar))\n}"):
            for is_new in (True, False):
                kept = times.setdefault(hole.file, {True: [], False: []})
                # The best of three: the machine has other work.
                kept[is_new].append(min(times_ms(said, at, is_new=is_new) for _ in range(3)))
    head = f"{'new text: median':>17} {'99 %':>6} {'worst':>6} {'same text':>10}"
    print(f"{'file':14} {'fits':>5} {head}")
    everything: list[float] = []
    for name, each in times.items():
        everything += each[True]
        tail = statistics.quantiles(each[True], n=100)[-1]
        print(
            f"{name:14} {len(each[True]):5} {statistics.median(each[True]):14.2f} ms"
            f" {tail:6.1f} {max(each[True]):6.1f} {statistics.median(each[False]):7.2f} ms"
        )
    print(f"{'all':14} {len(everything):5} {statistics.median(everything):14.2f} ms")
    for size in (LONG_STREAM // 4, LONG_STREAM):
        print(f"watching a stream of {size} characters: {stream_ms(size):.0f} ms in all")


if __name__ == "__main__":
    main()
