"""The table of what is to be reached: ds-lsp, the floor and a peer, in turn, on one machine.

    python -m tests.bench.speed [--rounds N] [--count N] [--only GROUP ...] [--peers DIRECTORY]

The folder of the peers is made where it is missing, with a Python for the floor (pip);
`npm install --prefix DIRECTORY tabby-agent@1.5.0` adds the peer. Figures are medians.
"""

import argparse
import compileall
import os
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.bench.speed import measures, table
from tests.bench.speed.measures import Place, Samples, run
from tests.bench.speed.servers import (
    ROOT,
    Server,
    ds_lsp,
    floor,
    floor_python,
    link,
    tabby,
    upstream,
)

ROUND_TRIP_MS = 80.0
GROUPS = ("start", "keystrokes", "memory", "waits", "burst", "large", "resident", "link")


Into = dict[str, Samples]


def on_loopback(arguments: argparse.Namespace, home: Path, into: Into) -> None:
    python = floor_python(arguments.peers)
    with upstream() as api:
        at = Place(api, home / "workspace", arguments.count)
        fast = [ds_lsp(api.url, home, {"debounceMs": 0}), floor(api.url, python)]
        shipped = [ds_lsp(api.url, home, {}), floor(api.url, python)]
        keeping = [fast[0], floor(api.url, python, cache=True)]
        for servers, wait in ((fast, 0), (shipped, None), (keeping, 0)):
            peer = tabby(api.url, home, arguments.peers, wait)
            servers += [peer] if peer else []
        groups: dict[str, tuple[measures.Measure, list[Server], int]] = {
            "start": (measures.start, fast, 3 * arguments.rounds),
            "keystrokes": (measures.keystrokes, fast, arguments.rounds),
            "memory": (measures.memory_of_answers, keeping, arguments.rounds),
            "waits": (measures.waits, shipped, 1),
            "burst": (measures.burst, shipped, 1),
            "large": (measures.large_files, fast, max(arguments.rounds // 2, 1)),
            "resident": (measures.resident_memory, fast, 1),
        }
        for name, (measure, servers, rounds) in groups.items():
            if name in arguments.only:
                run(measure, servers, at, rounds, into)


def on_a_link(arguments: argparse.Namespace, home: Path, into: Into) -> None:
    python = floor_python(arguments.peers)
    pauses = tuple(arguments.pauses)
    with link(ROUND_TRIP_MS) as api:
        at = Place(api, home / "workspace", arguments.count, pauses)
        servers = [ds_lsp(api.url, home, {"debounceMs": 0}), floor(api.url, python)]
        run(measures.over_a_link, servers, at, 1, into)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=300, help="requests in a round")
    parser.add_argument(
        "--pauses", type=float, nargs="+", default=(6.0, 6.0, 6.0), help="seconds, up to 300"
    )
    arguments = parser.parse_args()
    os.environ["no_proxy"] = "*"
    # As an installation does.
    compileall.compile_dir(ROOT / "ds_lsp", quiet=1)
    into: Into = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "workspace").mkdir()
        on_loopback(arguments, home, into)
        if "link" in arguments.only:
            on_a_link(arguments, home, into)
    medians = {name: measures.medians(samples) for name, samples in into.items()}
    if "tabby, no wait" in medians:
        # What its wait has no part in is measured without.
        medians["tabby"] = {**medians["tabby, no wait"], **medians.get("tabby", {})}
    print("\n".join(table.lines(medians)))
    print()
    for name, values in medians.items():
        print(f"{name}: " + ", ".join(f"{what} {value:.4g}" for what, value in values.items()))


if __name__ == "__main__":
    main()
