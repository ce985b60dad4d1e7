"""Where the time of a keystroke goes, as a flame graph.

    python -m tests.bench.speed.flame OUT.svg [--keys N] [--what uncached|cached|typed-through]

The server runs with `sampled`; width is processor time, and what stands on a bar was called by it.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from tests.bench.speed.requests import KINDS, Kind
from tests.bench.speed.servers import Session, ds_lsp, upstream

WIDTH, ROW, FONT = 1400, 17, 11
THINNEST = 0.001
"""What takes a smaller share is left out."""


@dataclass
class Bar:
    """A function as called from where it stands, and how many samples it was seen in."""

    name: str
    count: int = 0
    above: dict[str, "Bar"] = field(default_factory=dict)

    def add(self, stack: Iterable[str], count: int) -> None:
        self.count += count
        bar = self
        for name in stack:
            bar = bar.above.setdefault(name, Bar(name))
            bar.count += count


def read(lines: Iterable[str]) -> Bar:
    """The bars of what `sampled` wrote."""
    root = Bar("all")
    for line in lines:
        stack, _, count = line.rpartition(" ")
        root.add(stack.split(";"), int(count))
    return root


def drawn(root: Bar) -> str:
    """The picture: the outermost function at the bottom."""
    height = (_depth(root, root.count) + 1) * ROW
    bars = "".join(_bars(root, root.count, 0.0, height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'font-family="monospace" font-size="{FONT}">\n{bars}</svg>\n'
    )


def _depth(bar: Bar, total: int) -> int:
    wide = [each for each in bar.above.values() if each.count / total >= THINNEST]
    return 1 + max((_depth(each, total) for each in wide), default=0)


def _bars(bar: Bar, total: int, left: float, bottom: float) -> Iterator[str]:
    share = bar.count / total
    width = share * WIDTH
    letters = int(width / (FONT * 0.62))
    short = bar.name.rpartition(".")[2] if len(bar.name) > letters else bar.name
    color = f"hsl({20 + sum(bar.name.encode()) % 35} 85% 68%)"
    yield (
        f'<g><title>{escape(bar.name)}: {share:.1%}</title><rect x="{left:.1f}" '
        f'y="{bottom - ROW:.0f}" width="{max(width - 0.5, 0.2):.1f}" height="{ROW - 1}" '
        f'fill="{color}"/><text x="{left + 2:.1f}" y="{bottom - 5:.0f}">'
        f"{escape(short[:letters])}</text></g>\n"
    )
    for above in sorted(bar.above.values(), key=lambda each: each.name):
        if above.count / total >= THINNEST:
            yield from _bars(above, total, left, bottom - ROW)
        left += above.count / total * WIDTH


def sample(kind: Kind, keys: int) -> Bar:
    with tempfile.TemporaryDirectory() as name, upstream() as api:
        home, seen = Path(name), Path(name) / "stacks"
        server = ds_lsp(api.url, home, kind.settings)
        command = (sys.executable, "-m", "tests.bench.speed.sampled", str(seen))
        with Session(replace(server, command=command), home) as session:
            kind.ask(session, 100)
            os.kill(session.process.pid, signal.SIGUSR1)
            kind.ask(session, keys)
        return read(seen.read_text(encoding="utf-8").splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--what", choices=KINDS, default="uncached")
    arguments = parser.parse_args()
    root = sample(KINDS[arguments.what], arguments.keys)
    arguments.out.write_text(drawn(root), encoding="utf-8")
    print(f"{root.count} samples")


if __name__ == "__main__":
    main()
