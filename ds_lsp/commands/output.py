"""Standard output and error, as subcommands use them."""

import io
import json
import re
import sys

from ds_lsp.text.visible import escape_control_characters

_SECRET = re.compile(r"\bsk-[\w-]{4,}")


def prepare_output() -> None:
    """Make stdout and stderr print any text, in any encoding, with its line ends unchanged.

    A character that the encoding lacks is written as an escape: better than a traceback or a lost
    character.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", newline="\n")


def complain(sentence: str) -> None:
    """Print a sentence on stderr that says what is wrong and what to do."""
    print(f"ds-lsp: {escape_control_characters(sentence)}", file=sys.stderr)


def print_json(value: object) -> None:
    # ASCII, so that every encoding can carry it.
    print(json.dumps(value, indent=2))


def without_keys(text: str) -> str:
    """Return *text* with anything that looks like a DeepSeek key hidden."""
    return _SECRET.sub("sk-(hidden)", text)


def can_encode(text: str) -> bool:
    """Return whether the encoding of stdout can show *text*."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
