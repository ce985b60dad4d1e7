"""A long run by hand: every target by turns, each time with examples it has not seen yet.

python -m tests.fuzz [--seconds 3600] [--first-round 100000]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
TARGETS = sum(path.read_text("utf-8").count("\n@fuzz(") for path in FOLDER.glob("test_*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=3600, help="in all (default: 3600)")
    parser.add_argument(
        "--first-round",
        type=int,
        default=100_000,
        help="the seed of the first round; the ordinary test run begins with 0",
    )
    arguments = parser.parse_args()
    share = arguments.seconds / TARGETS
    print(f"{TARGETS} targets, {share:.0f} s each, from round {arguments.first_round}", flush=True)
    environ = {
        **os.environ,
        "DS_LSP_FUZZ_SECONDS": str(share),
        "DS_LSP_FUZZ_ROUND": str(arguments.first_round),
    }
    pytest = [sys.executable, "-m", "pytest", "--tb=short", "--show-capture=no", "-v"]
    return subprocess.run([*pytest, str(FOLDER)], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
