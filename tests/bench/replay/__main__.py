"""Replays a recorded editing session to our engine and to what peers do, side by side.

    python -m tests.bench.replay [--session FILE] [--variant NAME] [--gaps FACTOR]

All get the same model, the same latencies and the same rules of the provider's prefix cache.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ds_lsp.providers.base import FimProvider
from tests.bench.replay.ledger import Figures, Ledger, figures
from tests.bench.replay.oracle import VARIANTS, Oracle, Variant
from tests.bench.replay.player import Player
from tests.bench.replay.policies import Ours, OursSliding, Policy, peers
from tests.bench.replay.trace import Step, load, stretched
from tests.bench.replay.virtual import run

SESSION = Path("../shared/data/typing/vscode-session-92min.jsonl.gz")

Make = Callable[[FimProvider], Policy]


def makers() -> list[Make]:
    made: list[Make] = [Ours, OursSliding]
    for number in range(4):
        made.append(lambda provider, number=number: peers(provider)[number])  # type: ignore[misc]
    return made


def replay(
    steps: Sequence[Step], variant: Variant, make: Make, *, accepts: bool
) -> tuple[str, Ledger, Figures]:
    async def play() -> tuple[str, Ledger, Oracle]:
        oracle = Oracle(steps, variant)
        policy = make(oracle)
        return policy.name, await Player(steps, oracle, policy, accepts=accepts).play(), oracle

    name, ledger, oracle = run(play())
    return name, ledger, figures(ledger, oracle.calls)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--session", type=Path, default=SESSION)
    parser.add_argument("--variant", choices=[each.name for each in VARIANTS], action="append")
    parser.add_argument(
        "--gaps", type=float, action="append", help="stretch every gap, as 2 or 0.5"
    )
    parser.add_argument("--ours", action="store_true", help="our engine alone")
    parser.add_argument("--types", action="store_true", help="a user who never accepts")
    arguments = parser.parse_args()
    if not arguments.session.exists():
        print(f"{arguments.session} is missing: name a recorded session with --session.")
        return 1
    steps = load(arguments.session)
    for gaps in arguments.gaps or [1.0]:
        for variant in VARIANTS:
            if arguments.variant and variant.name not in arguments.variant:
                continue
            print(f"\nanswers: {variant.name}; gaps x {gaps:g}")
            print(HEAD)
            for make in makers()[: 1 if arguments.ours else None]:
                played = stretched(steps, gaps)
                print(line(*replay(played, variant, make, accepts=not arguments.types)), flush=True)
    return 0


HEAD = (
    f"{'policy':<24} {'calls':>5} {'cut':>5} {'/100':>5} {'hit k':>6} {'miss k':>6} {'out k':>5} "
    f"{'shown':>5} {'free':>5} {'late':>4} {'seen':>5} {'acc':>4} {'chars':>6} {'saved':>6} "
    f"{'p50':>5} {'p95':>5} {'$/M char':>8}"
)


def line(name: str, ledger: Ledger, f: Figures) -> str:
    free = ledger.remembered / max(1, ledger.answered)
    assert ledger.out_of_step == 0
    return (
        f"{name:<24} {f.requests:>5} {f.cancelled:>5} {f.per_100_keys:>5.1f} {f.hit / 1000:>6.0f} "
        f"{f.miss / 1000:>6.0f} {f.completion / 1000:>5.1f} {ledger.answered:>5} {free:>5.0%} "
        f"{ledger.late:>4} {f.seen:>5} {ledger.accepted:>4} {ledger.accepted_chars:>6} "
        f"{f.saved:>6.1%} {f.wait_median_ms:>5.0f} {f.wait_p95_ms:>5.0f} "
        f"{f.cost_per_accepted_char:>8.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
