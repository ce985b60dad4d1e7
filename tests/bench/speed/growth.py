"""How cost grows: a keystroke with the size of its file, the local provider's index with the files.

    python -m tests.bench.speed.growth [--lines N ...] [--files N ...]

A keystroke is a change and a request with its answer by the API, which takes no time, through the
whole server. The index is built of made-up modules of 4 kB, with the limits that are shipped and
without any; *look-up* is one answer of the local provider.
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ds_lsp.local.index import Index, Limits
from ds_lsp.local.provider import Local
from ds_lsp.providers.base import FimRequest, PromptParts
from tests.bench.speed.driver import text_of
from tests.bench.speed.requests import uncached
from tests.bench.speed.servers import Session, ds_lsp, upstream

LINES = (100, 1_000, 10_000, 100_000, 1_000_000)
FILES = (10, 100, 1_000, 10_000, 50_000)
WITHOUT_LIMITS = Limits(max_files=10**9, max_total_bytes=10**9, max_scan_s=10**9)
FILES_IN_FOLDER = 100
LOOK_UPS = 200


def keystrokes(lines: tuple[int, ...]) -> None:
    print("| lines | answer, ms | processor time, ms | memory, MB |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name, upstream() as api:
        home = Path(name)
        for size in lines:
            with Session(ds_lsp(api.url, home, {"debounceMs": 0}), home, size) as session:
                uncached(session, 50)
                before = session.process.cpu_ms()
                asked = uncached(session, 200)
                cpu_ms = (session.process.cpu_ms() - before) / len(asked)
                assert all(each.has_items for each in asked)
                median = statistics.median(each.ms for each in asked)
                memory = session.process.memory_mb()
                print(f"| {size:,} | {median:.2f} | {cpu_ms:.2f} | {memory:.0f} |", flush=True)


def write_modules(folder: Path, count: int) -> None:
    """So many files; names differ, as those of a real tree do."""
    dice = random.Random(1)
    for number in range(count):
        at = folder / f"package{number // FILES_IN_FOLDER}"
        at.mkdir(exist_ok=True)
        text = text_of(120).replace("compute_", f"compute_{dice.randrange(10_000)}_")
        (at / f"module{number}.py").write_text(text, encoding="utf-8")


async def build(folder: Path, limits: Limits) -> None:
    """Index a folder, and print what that takes; in a process of its own, for its memory."""
    before = _resident_mb()
    index = Index(limits)
    uri = (folder / "package0" / "new.py").as_uri()
    started = time.perf_counter()
    await index.scan(uri, "python", [folder], lambda path: True)
    build_s = time.perf_counter() - started
    grown_mb = _resident_mb() - before
    local, times = Local(index), []
    for number in range(LOOK_UPS):
        prefix = f"def compute_{number}(alpha, beta, index={number}):\n    gamma = [alpha, be"
        request = FimRequest(uri, "python", PromptParts(prefix, "\n"), "", 64, 0.0)
        begun = time.perf_counter()
        await local.fill(request, lambda text: True)
        times.append((time.perf_counter() - begun) * 1000)
    known = len(index.family(uri, "python").known)
    median, worst = statistics.median(times), max(times)
    print(f"{known:,} | {build_s:.1f} | {grown_mb:.0f} | {median:.2f} | {worst:.1f} |")


def _resident_mb() -> float:
    (line,) = (
        each for each in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in each
    )
    return int(line.split()[1]) / 1024


def indexes(files: tuple[int, ...]) -> None:
    print("| files | limits | read | build, s | memory, MB | look-up, ms | worst, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for count in files:
        with tempfile.TemporaryDirectory() as name:
            write_modules(Path(name), count)
            for limits in ("shipped", "none"):
                command = [sys.executable, "-m", "tests.bench.speed.growth", "--build", name]
                run = subprocess.run(
                    [*command, "--limits", limits], capture_output=True, text=True, check=True
                )
                print(f"| {count:,} | {limits} | {run.stdout.strip()}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, nargs="*", default=LINES)
    parser.add_argument("--files", type=int, nargs="*", default=FILES)
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--limits", choices=("shipped", "none"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        limits = Limits() if arguments.limits == "shipped" else WITHOUT_LIMITS
        asyncio.run(build(arguments.build, limits))
        return
    if arguments.lines:
        keystrokes(tuple(arguments.lines))
    if arguments.files:
        indexes(tuple(arguments.files))


if __name__ == "__main__":
    main()
