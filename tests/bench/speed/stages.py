"""The engine's own stages, in microseconds, for each kind of request: from the log record.

    python -m tests.bench.speed.stages [--count N]

The record is asked for with ``ds-lsp.why``. What is not in a stage is in *total*; what is not in
*total* is outside of the engine: the message, the snapshot, the answer. The API answers at once.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.bench.speed.requests import SHOWN, Asked, uncached
from tests.bench.speed.servers import Session, ds_lsp, upstream

ORDER = ("context", "cache", "debounce", "provider", "postprocess", "total", "answer")
Times = dict[str, list[float]]


def note(session: Session, asked: Asked, source: str, times: Times) -> None:
    """Keep the stages of the last request, if it was answered from *source*."""
    command = {"command": "ds-lsp.why"}
    _, _, message = session.process.ask("workspace/executeCommand", command)
    record = message["result"]
    if record["source"] != source:
        return
    for stage, ms in record["stages_ms"].items():
        times[stage].append(ms * 1000)
    times["answer"].append(asked.ms * 1000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300)
    count: int = parser.parse_args().count
    kinds: dict[str, Times] = {
        kind: defaultdict(list) for kind in ("uncached", "cached", "typed through")
    }
    with tempfile.TemporaryDirectory() as name, upstream() as api:
        home = Path(name)
        with Session(ds_lsp(api.url, home, {"debounceMs": 0}), home) as session:
            uncached(session, 50)
            for _ in range(count):
                asked = Asked(*session.ask(session.key()))
                note(session, asked, "deepseek", kinds["uncached"])
                note(session, Asked(*session.ask()), "cache", kinds["cached"])
            while len(kinds["typed through"]["total"]) < count:
                session.ask(session.key())
                for letter in SHOWN[:-1]:
                    asked = Asked(*session.ask(session.key(letter)))
                    note(session, asked, "type-through", kinds["typed through"])
    print("| µs | " + " | ".join(ORDER) + " |")
    print("| --- |" + " --- |" * len(ORDER))
    for kind, times_of in kinds.items():
        medians = [f"{statistics.median(times_of[each] or [0.0]):.0f}" for each in ORDER]
        print(f"| {kind} | " + " | ".join(medians) + " |")


if __name__ == "__main__":
    main()
