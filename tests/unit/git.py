"""Ask the real git, which reads no configuration but the test's."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path


def git_environment(home: Path) -> dict[str, str]:
    """Return an environment in which git reads no configuration but that below *home*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def git(folder: Path, *words: str, home: Path, data: bytes = b"") -> bytes:
    """Return what a git command prints in *folder*."""
    name = ("-c", "user.email=a@b", "-c", "user.name=n")
    ran = subprocess.run(
        ["git", "-C", str(folder), *name, *words],
        input=data,
        capture_output=True,
        env=git_environment(home),
        check=False,
    )
    # 1: no file is ignored.
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def lines_that_match(
    folder: Path, names: Iterable[bytes], *words: str, home: Path
) -> dict[bytes, bytes]:
    """Return the line that decides about each name, also one that lets it in; empty: none does."""
    asked = list(names)
    out = git(
        folder,
        *words,
        *("check-ignore", "--no-index", "--stdin", "-z", "-v", "-n"),
        home=home,
        data=b"".join(name + b"\0" for name in asked),
    )
    # Of each name: the file, the line's number, the line and the name.
    fields = out.split(b"\0")
    found = dict(zip(fields[3::4], fields[2::4], strict=False))
    assert set(found) == set(asked)
    return found


def is_ignored(line: bytes) -> bool:
    """Say whether a line that decides excludes."""
    return bool(line) and not line.startswith(b"!")
