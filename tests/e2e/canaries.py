"""Words that must not show up where they do not belong, and where each of them does belong."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Where(Enum):
    """Where text of a session can end up."""

    LOG = "log"
    FILES = "files"
    """The user's directories: home, configuration, state, cache."""
    MESSAGES = "messages"
    """What the client is told that is not a completion."""
    COMPLETIONS = "completions"
    PROVIDER = "provider"
    """What is sent to DeepSeek."""
    AUTHORIZATION = "authorization"
    TERMINAL = "terminal"
    """What a subcommand prints."""


@dataclass(frozen=True)
class Canary:
    text: str
    may_be_in: frozenset[Where]


def canary(text: str, *where: Where) -> Canary:
    return Canary(text, frozenset(where))


KEY = canary("sk-canary", Where.AUTHORIZATION)
WRONG_KEY = canary("sk-wrong-canary", Where.AUTHORIZATION)
CODE = canary("canary_in_the_code", Where.PROVIDER, Where.COMPLETIONS, Where.TERMINAL)
NEIGHBOR = canary("canary_next_door", Where.COMPLETIONS, Where.TERMINAL)
COMPLETION = canary("canary_completed", Where.COMPLETIONS, Where.PROVIDER, Where.TERMINAL)
SECRET_FILE = canary("canary_in_dot_env")
IGNORED = canary("canary_in_the_ignored_file")

CANARIES = (KEY, WRONG_KEY, CODE, NEIGHBOR, COMPLETION, SECRET_FILE, IGNORED)


def stray(text: str, where: Where) -> list[str]:
    """The canaries in *text* that do not belong where it is from."""
    return [each.text for each in CANARIES if each.text in text and where not in each.may_be_in]


def text_under(folder: Path, *, but_not: Path) -> str:
    """Everything in all files of a folder, names included."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return "\n".join(
        f"{path} {path.read_text('utf-8', 'replace')}"
        for path in files
        if not path.is_relative_to(but_not)
    )
