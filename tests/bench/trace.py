"""A long recorded session as changes: does our copy of a document stay the editor's?

    python -m tests.bench.trace [--trace FILE]

Each transaction is one notification, with as many ranges as it has cursors, in each of LSP's three
encodings; once more with wide letters in the place of common ones, because the recording has none.
Exit status 1: a text was not the editor's in the end.
"""

import argparse
import asyncio
import gzip
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ds_lsp.text.columns import PositionEncoding, width
from tests.harness import InProcess, did_open
from tests.raw_client import frame

TRACE = Path("../shared/data/typing/josephg-sveltecomponent.json.gz")
URI = "file:///nowhere/App.svelte"
PARTS = 4
"""Stretches of the session that are timed one by one: the file grows meanwhile."""
WIDE = str.maketrans({"e": "中", "a": "😀"})

Patch = tuple[int, int, str]
"""Offset, characters deleted there, and what was inserted in their place."""


@dataclass(frozen=True)
class Trace:
    start: str
    end: str
    transactions: Sequence[Sequence[Patch]]

    def widened(self) -> "Trace":
        return Trace(
            self.start.translate(WIDE),
            self.end.translate(WIDE),
            [
                [(at, deleted, text.translate(WIDE)) for at, deleted, text in patches]
                for patches in self.transactions
            ],
        )


def load(path: Path) -> Trace:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = json.load(file)
    patches = [[tuple(patch) for patch in each["patches"]] for each in found["txns"]]
    return Trace(found["startContent"], found["endContent"], patches)


def changes(trace: Trace, encoding: PositionEncoding) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The size of the text before each transaction, and its content changes."""
    text = trace.start
    for patches in trace.transactions:
        size = len(text)
        found: list[dict[str, Any]] = []
        for at, deleted, inserted in patches:
            found.append(
                {
                    "range": {
                        "start": position(text, at, encoding),
                        "end": position(text, at + deleted, encoding),
                    },
                    "text": inserted,
                }
            )
            text = text[:at] + inserted + text[at + deleted :]
        yield size, found


def position(text: str, offset: int, encoding: PositionEncoding) -> dict[str, int]:
    start = text.rfind("\n", 0, offset) + 1
    character = width(text[start:offset], encoding)
    return {"line": text.count("\n", 0, offset), "character": character}


@dataclass
class Part:
    """One stretch of the session."""

    notifications: int = 0
    chars: int = 0
    seconds: float = 0.0
    kib: int = 0
    """Peak memory of the process at its end."""


async def play(trace: Trace, encoding: PositionEncoding) -> tuple[bool, list[Part]]:
    """Whether the text was the editor's in the end, and what each part took."""
    at = InProcess()
    await at.send(
        {
            "id": "first",
            "method": "initialize",
            "params": {
                "processId": None,
                "rootUri": None,
                "capabilities": {"general": {"positionEncodings": [encoding.value]}},
            },
        },
        {"method": "initialized", "params": {}},
        did_open(URI, trace.start, "svelte"),
    )
    every = list(changes(trace, encoding))
    parts = []
    for number in range(PARTS):
        chosen = every[number * len(every) // PARTS : (number + 1) * len(every) // PARTS]
        sent = [frame(did_change(index, content)) for index, (_, content) in enumerate(chosen)]
        started = time.process_time()
        await at.feed(*sent)
        seconds = time.process_time() - started
        chars = sum(size for size, _ in chosen)
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        parts.append(Part(len(sent), chars // len(sent), seconds, kib))
    document = at.server.documents.get(URI)
    is_same = document is not None and document.text == trace.end
    await at.aclose()
    return is_same, parts


def did_change(version: int, content: Sequence[Any]) -> dict[str, object]:
    identifier = {"uri": URI, "version": version + 2}
    params = {"textDocument": identifier, "contentChanges": content}
    return {"method": "textDocument/didChange", "params": params}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, default=TRACE)
    arguments = parser.parse_args()
    if not arguments.trace.exists():
        print(f"{arguments.trace} is missing: name a recorded session with --trace.")
        return 1
    trace = load(arguments.trace)
    several = sum(len(each) > 1 for each in trace.transactions)
    print(f"{len(trace.transactions)} notifications, {several} with several ranges")
    print("letters  encoding  same  " + "  ".join(f"{'chars':>7} {'us':>5}" for _ in range(PARTS)))
    is_right = True
    for letters, played in (("narrow", trace), ("wide", trace.widened())):
        for encoding in PositionEncoding:
            is_same, parts = asyncio.run(play(played, encoding))
            is_right &= is_same
            each = "  ".join(
                f"{part.chars:>7} {part.seconds / part.notifications * 1e6:>5.0f}" for part in parts
            )
            grown = (parts[-1].kib - parts[0].kib) / 1024
            word = "yes" if is_same else "NO"
            print(
                f"{letters:<8} {encoding.value:<9} {word:<5} {each}  +{grown:.1f} MiB", flush=True
            )
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
