"""Two servers count into one file at once, and one is killed halfway: what is lost?"""

import argparse
import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ds_lsp.providers.base import TokenUsage
from ds_lsp.service.usage.ledger import WRITE_AFTER_S, Ledger
from ds_lsp.service.usage.store import Store

PAUSE_S = 0.005
USAGE = TokenUsage(prompt_hit=100, prompt_miss=20, completion=3)


@dataclass
class Server:
    """A process that counts; *counted* has when it said so, and how many there were by then."""

    name: str
    process: "subprocess.Popen[str]"
    counted: list[tuple[float, int]] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.counted.append((time.monotonic(), int(line)))


def start(path: Path, name: str, seconds: float) -> tuple[Server, threading.Thread]:
    command = [sys.executable, "-m", "tests.bench.usage", "--serve", name, "--file", str(path)]
    process = subprocess.Popen(
        [*command, "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True
    )
    server = Server(name, process)
    thread = threading.Thread(target=server.listen)
    thread.start()
    return server, thread


async def serve(path: Path, name: str, seconds: float) -> None:
    """Count one call and one outcome every few milliseconds, as a server does."""
    complaints: list[str] = []
    ledger = Ledger(lambda message: complaints.append(message or ""), path=lambda: path)
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        ledger.add_call("deepseek-flash", USAGE, name)
        ledger.add_outcome(name, "shown", 10)
        print(number, flush=True)
        await asyncio.sleep(PAUSE_S)
    await ledger.aclose()
    if any(complaints):
        raise SystemExit(f"{name}: {max(complaints)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.file, arguments.serve, arguments.seconds))
        return 0
    with tempfile.TemporaryDirectory() as directory:
        return measure(Path(directory) / "usage.sqlite3", arguments.seconds)


def measure(path: Path, seconds: float) -> int:
    lives, lives_thread = start(path, "lives", seconds)
    killed, killed_thread = start(path, "killed", seconds)
    time.sleep(seconds / 2)
    killed.process.kill()
    killed_at = time.monotonic()
    killed_thread.join()
    lives_thread.join()
    status = lives.process.wait()
    killed.process.wait()

    with closing(Store.open(path, date.today())) as store:
        stored = {
            key.language: each.requests for key, each in store.read_since("2000").calls.items()
        }
    with closing(sqlite3.connect(path)) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchall()
    asked = lives.counted[-1][1]
    print(f"the one that lived: counted {asked}, in the file {stored['lives']}, status {status}")
    said = killed.counted[-1][1]
    lost = said - stored["killed"]
    first_lost = next((at for at, number in killed.counted if number > stored["killed"]), killed_at)
    lost_s = killed_at - first_lost
    print(
        f"the one that was killed: counted {said}, in the file {stored['killed']}, "
        f"lost {lost}: those of the last {lost_s:.2f} s"
    )
    print(f"integrity: {integrity[0][0]}")
    # A write that was under way takes its time, too.
    is_right = stored["lives"] == asked and status == 0 and lost_s <= WRITE_AFTER_S + 0.5
    return 0 if is_right and integrity == [("ok",)] else 1


if __name__ == "__main__":
    sys.exit(main())
