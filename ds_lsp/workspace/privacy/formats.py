"""Finds secrets by their own format, whatever stands around them; from `formats.toml`."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ds_lsp.workspace.privacy.masking import Secret


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    rest: re.Pattern[str]
    lead: re.Pattern[str] | None


@cache
def _load_table() -> tuple[re.Pattern[str], dict[str, _Format]]:
    """Read `formats.toml`: one pattern for all beginnings, and the formats by beginning."""
    table = tomllib.loads(files(__package__).joinpath("formats.toml").read_text("utf-8"))
    by_start = {}
    for entry in table["format"]:
        lead = entry.get("lead")
        each = _Format(
            entry["name"],
            re.compile(entry["rest"], re.ASCII),
            re.compile(rf"{lead}\Z", re.ASCII) if lead else None,
        )
        by_start.update(dict.fromkeys(entry["starts"], each))
    return re.compile(any_of(by_start)), by_start


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for the longest fitting word; matching looks at each letter once."""
    tails: dict[str, list[str]] = {}
    for word in words:
        tails.setdefault(word[:1], []).append(word[1:])
    may_end = tails.pop("", None) is not None
    branches = [re.escape(first) + any_of(rest) for first, rest in tails.items()]
    return f"(?:{'|'.join(branches)}){'?' if may_end else ''}" if branches else ""


def find_in_known_formats(line: str) -> Iterator[Secret]:
    """Find the secrets of a line whose format is in the table."""
    starts, by_start = _load_table()
    done = 0
    for begin in starts.finditer(line):
        form = by_start[begin.group()]
        start = begin.start()
        if start < done:
            continue
        if form.lead:
            lead = form.lead.search(line, max(start - _MAX_LEAD, 0), start)
            if not lead:
                continue
            start = lead.start()
        elif _is_inside_word(line, start):
            continue
        limit = begin.end() + _MAX_TRIED
        rest = form.rest.match(line, begin.end(), limit)
        if rest and rest.end() == limit:
            rest = form.rest.match(line, begin.end())
        if rest and HAS_DIGIT.search(line, start, rest.end()):
            end = _WORD_REST.match(line, rest.end()) if line[rest.end() - 1].isalnum() else None
            done = end.end() if end else rest.end()
            yield Secret(form.name, start, done)


def _is_inside_word(line: str, start: int) -> bool:
    before = line[start - 1 : start]
    if not before.isascii() or not (before.isalnum() or before == "_"):
        # Chinese is written without blanks, so a key may follow any of its characters.
        return False
    # An escape sequence, as in "\nghp_…", or an encoded character, as in %20ghp_….
    return not _ESCAPE.fullmatch(line, max(start - 2, 0), start) and not _PERCENT.fullmatch(
        line, max(start - 3, 0), start
    )


_ESCAPE = re.compile(r"\\[nrt]")
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_MAX_LEAD = 80
"""Maximum characters of a secret before the mark it is known by; Azure's longest has 76."""
_MAX_TRIED = 1_500
"""Maximum characters that are matched at first; the few longer secrets are matched again."""
_WORD_REST = re.compile(r"[A-Za-z0-9_]*")
# A run without a digit is a name, except that one of 30 AWS keys has no digit.
HAS_DIGIT = re.compile("[0-9]|A[KS]IA")
"""A pattern that every secret of a known format contains."""
