"""What one keystroke costs in small and in large files, side by side.

    python -m tests.bench.keystroke [--keys N]

A keystroke is what the server does for it to a document: apply the change, take a snapshot, cut
prefix and suffix. Printed: the median of each in microseconds, and its ratio to the smallest file.
"""

import argparse
import statistics
import time
from collections.abc import Iterator

from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.document import Document

LINE = "    value = compute(value, other=[1, 2, 3])  # 计算\n"
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def keystrokes(document: Document, line: int, count: int) -> Iterator[float]:
    """Seconds for each of *count* characters typed at the start of a line."""
    settings, contexts = CompletionSettings(), PromptBuilder()
    for column in range(count):
        started = time.perf_counter()
        document.replace((line, column), (line, column), "x")
        contexts.build_request(document.snapshot(line, column + 1), settings)
        yield time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=300, help="keystrokes per file and round")
    keys: int = parser.parse_args().keys
    documents = {size: Document("u", "python", 1, LINE * size) for size in SIZES}
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for round_ in range(5):
        # In turn, so that a machine that slows down slows all of them.
        for size, document in documents.items():
            times[size] += keystrokes(document, size // 2 + round_, keys)
    base = statistics.median(times[SIZES[0]])
    print(f"{'lines':>9} {'us':>7} {'ratio':>6}")
    for size in SIZES:
        median = statistics.median(times[size])
        print(f"{size:>9} {median * 1e6:>7.1f} {median / base:>6.2f}")


if __name__ == "__main__":
    main()
