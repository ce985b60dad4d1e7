"""Lists of gitignore patterns, and the chain of lists that apply in one folder."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import add, gt
from typing import NamedTuple

from cachetools import LRUCache

from ds_lsp.text.visible import escape_control_characters
from ds_lsp.workspace.privacy.wildmatch import NONE, Patterns

_MAX_FOLDERS = 1024
"""Maximum number of folders whose rules are remembered; others are judged again."""


class Cost(NamedTuple):
    """The cost of judging by ignore files."""

    read_bytes: int = 0
    read_lines: int = 0
    pattern_bytes: int = 0
    work: int = 0
    """Number of patterns, plus twice the number of special characters in them."""

    def plus(self, other: "Cost") -> "Cost":
        return Cost(*map(add, self, other))


MAX_COST = Cost(1 << 20, 1 << 17, 1 << 17, 12_000)
"""Maximum cost of all ignore files that apply to one file. Reading this much takes some 50 ms, and
a ``.gitignore`` of 1,000 lines costs a tenth of it."""
MAX_PATH_CHARS = 4096
"""Maximum length of a path in characters; Linux opens no longer one."""
TOO_LONG = "built-in: a path this long is not looked into"
TOO_MUCH = "has more patterns than ds-lsp can judge by"


def is_too_much(cost: Cost) -> bool:
    """Return whether judging at this cost would take too long."""
    return any(map(gt, cost, MAX_COST))


class RuleSource:
    """A list of patterns from one file or setting, compiled when it is first used."""

    def __init__(self, name: str, lines: list[bytes], read: Cost, *, folds_case: bool) -> None:
        """*read* is the cost of reading the lines."""
        self.name = name
        self._lines = lines
        self._folds_case = folds_case
        text = b"".join(lines)
        special = sum(map(text.count, (b"*", b"?", b"[", b"\\")))
        self.cost = read.plus(Cost(pattern_bytes=len(text), work=len(lines) + 2 * special))

    @cached_property
    def patterns(self) -> Patterns:
        return Patterns(self._lines, ignores_case=self._folds_case)

    def rule(self, number: int) -> str:
        """Return the rule of a line as it is shown to the user."""
        return show_rule(self.name, self._lines[number])


class PlacedSource(NamedTuple):
    """A list of patterns, and its state after reading the path from its folder on."""

    source: RuleSource
    state: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The lists that apply in a folder, in order of precedence: the list that decides first."""

    lists: tuple[PlacedSource, ...] = ()
    verdict: str | None = None
    """The rule that excludes the whole folder, or None."""

    def judge(self, name: bytes, is_folder: Callable[[], bool]) -> str | None:
        """Return the rule that excludes the file or folder of this name, or None."""
        if self.verdict:
            return self.verdict
        for source, state in self.lists:
            match = source.patterns.match(source.patterns.read(state, name), name)
            number = match.if_folder
            if number != match.if_file and not is_folder():
                number = match.if_file
            if number != NONE:
                return None if source.patterns.is_negated(number) else source.rule(number)
        return None

    def enter(self, name: bytes) -> "Chain":
        """Return the chain for the subfolder of this name."""
        if verdict := self.judge(name, lambda: True):
            return Chain((), verdict)
        return Chain(
            tuple(
                PlacedSource(source, source.patterns.enter(source.patterns.read(state, name)))
                for source, state in self.lists
            )
        )

    def with_list(self, source: RuleSource) -> "Chain":
        """Return a chain in which *source* precedes the lists of this one."""
        return replace(self, lists=(PlacedSource(source, source.patterns.start), *self.lists))


class Rules:
    """A list of patterns that does not come from an ignore file, such as the user's globs."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        source = RuleSource(name, [to_bytes(line) for line in lines], Cost(), folds_case=False)
        self.problem: str | None = None
        """A fault of the list as a whole, or None."""
        self.bad: list[str] = []
        """Lines that match nothing, or have a range that matches nothing."""
        self._start = Chain()
        if is_too_much(source.cost):
            self.problem = f"{name} {TOO_MUCH}: no file is read or sent."
            self._start = Chain((), f"{name}: it {TOO_MUCH}")
        elif source.cost.work:
            self.bad = [line.decode("utf-8", "replace") for line in source.patterns.bad]
            self._start = self._start.with_list(source)
        self._chains: LRUCache[tuple[str, ...], Chain] = LRUCache(_MAX_FOLDERS)

    def excludes(self, parts: Sequence[str], is_folder: Callable[[], bool]) -> str | None:
        """Return the rule that excludes a path, or a folder above it; or None.

        A pattern with a slash is anchored at the first of *parts*.
        """
        if not parts:
            return None
        if sum(map(len, parts)) > MAX_PATH_CHARS:
            return TOO_LONG
        return self._chain(tuple(parts[:-1])).judge(to_bytes(parts[-1]), is_folder)

    def _chain(self, parts: tuple[str, ...]) -> Chain:
        if not parts:
            return self._start
        known = self._chains.get(parts)
        if known is None:
            known = self._chain(parts[:-1]).enter(to_bytes(parts[-1]))
            self._chains[parts] = known
        return known


def to_bytes(text: str) -> bytes:
    """Return a name or pattern in the bytes that the disk has for it."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def show_rule(name: str, line: bytes) -> str:
    """Return a rule as it is shown to the user: the name of its list, and its line."""
    return f"{name}: {escape_control_characters(line.decode('utf-8', 'replace').strip())}"
