"""Selects the names of a crowded line that can have a secret, without judging every value."""

import re
from collections.abc import Iterator

from ds_lsp.workspace.privacy.secret_names import Rank, SecretName
from ds_lsp.workspace.privacy.secret_values import are_random_letters

_REACH = 800
"""Maximum characters from a name to its value's end: a type, an expression, the judged part."""
# A value that is judged random or mixed has a digit in such a run, or unreadable letters: see
# `secret_values`.
_RANDOM = re.compile(r"[^\s\"'`(){}\[\];,<>|\\]{16,}+")
_MIXED = re.compile(r"[^\s\"'`]{8,}+")
_DIGITS = re.compile("[0-9]+")
_RANDOM_LETTERS = re.compile("[A-Za-z]{16,}+")
_MIXED_LETTERS = re.compile("[A-Za-z]{8,}+")
_PHRASE = re.compile("phrase|mnemonic|seed|recovery|words|mot de passe|暗", re.IGNORECASE)
_NEVER = 1 << 60


def select_promising(line: str, names: list[SecretName], cursor: int) -> list[int]:
    """Return the indexes of the names that can be followed by a secret."""
    random = _LookAhead(line, _RANDOM, _RANDOM_LETTERS)
    mixed = _LookAhead(line, _MIXED, _MIXED_LETTERS)
    last = len(line) - _REACH
    kept = []
    for index, name in enumerate(names):
        at = name.end
        if (
            name.rank is Rank.PASSWORD
            or at >= last
            or 0 <= cursor - at <= _REACH
            or (random if name.rank is Rank.FAINT else mixed).has(at, at + _REACH)
            or _PHRASE.search(line, name.start, name.end)
        ):
            kept.append(index)
    return kept


class _LookAhead:
    """Looks ahead in a line for runs that have a digit or unreadable letters, left to right."""

    def __init__(self, line: str, runs: re.Pattern[str], letters: re.Pattern[str]) -> None:
        self._digits = _find_digit_ends(line, runs)
        self._letters = _find_letter_ends(line, letters)
        self._next_digit = self._next_letter = -1

    def has(self, start: int, end: int) -> bool:
        """Return whether such a run lies between two offsets; *start* never decreases."""
        while self._next_digit < start:
            self._next_digit = next(self._digits, _NEVER)
        if self._next_digit <= end:
            return True
        while self._next_letter < start:
            self._next_letter = next(self._letters, _NEVER)
        return self._next_letter <= end


def _find_digit_ends(line: str, runs: re.Pattern[str]) -> Iterator[int]:
    for run in runs.finditer(line):
        for digits in _DIGITS.finditer(line, *run.span()):
            yield digits.end()


def _find_letter_ends(line: str, runs: re.Pattern[str]) -> Iterator[int]:
    known: dict[str, bool] = {}
    for run in runs.finditer(line):
        letters = run.group()
        if letters not in known:
            known[letters] = are_random_letters(letters)
        if known[letters]:
            yield run.end()
