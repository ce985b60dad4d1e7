"""The demo's user: types a program, looks at the completions, accepts those that are right."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.text.document import Document
from ds_lsp.text.lines import LINE_END, is_word_character

if TYPE_CHECKING:
    from ds_lsp.session import Session

_MIN_PART_CHARS = 5
"""Minimum characters of a completion for the typist to accept a part: for fewer of a longer text,
a user does not press the key for that."""


class Stop(Enum):
    """The reason for the typist to stop typing; the values mark the place in the program."""

    REST = "▮"
    """To pause, as an automatic request needs, and accept a right completion."""
    LOOK = "▯"
    """To pause, look at the completion and type on, along it if it is right."""
    ASK = "◆"
    """To request a completion explicitly."""


@dataclass(frozen=True, slots=True)
class Program:
    """The text to type, and the places at which the typist stops."""

    text: str
    stops: Mapping[int, Stop]
    """Stops by offset into the text."""


class Fate(Enum):
    """The outcome of a completion."""

    ACCEPTED = "accepted"
    PARTLY = "partly accepted"
    TYPED_ALONG = "typed along"
    TYPED_OVER = "typed over"
    NOTHING = "nothing offered"


@dataclass(frozen=True, slots=True)
class Typed:
    """A key press."""

    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer to a request; the first *taken* characters of its text were accepted."""

    text: str
    taken: int
    fate: Fate
    trigger: Trigger
    source: str
    took_ms: float
    why_nothing: str

    @property
    def accepted(self) -> str:
        return self.text[: self.taken]

    @property
    def left(self) -> str:
        return self.text[self.taken :]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure of the provider; from here on, the local provider answers."""

    sentence: str


DemoEvent = Typed | Offer | Trouble


def parse_program(marked: str) -> Program:
    """Return the program in a text with the marks of `Stop`."""
    marks = {stop.value: stop for stop in Stop}
    text: list[str] = []
    stops: dict[int, Stop] = {}
    for character in marked:
        if character in marks:
            stops[len(text)] = marks[character]
        else:
            text.append(character)
    return Program("".join(text), stops)


def count_worth_taking(offered: str, wanted: str) -> int:
    """Return how many characters of *offered* to accept if the typist means to write *wanted*.

    The number is that of all of *offered*, of a part that ends with a whole word and saves at least
    `_MIN_PART_CHARS` keys, or 0.
    """
    agreed = _common_length(offered, wanted)
    if agreed == len(offered):
        return agreed
    while agreed and is_word_character(offered[agreed]) and is_word_character(offered[agreed - 1]):
        agreed -= 1
    # White space at the end is not a word.
    kept = offered[:agreed].rstrip()
    return len(kept) if len(kept.strip()) >= _MIN_PART_CHARS else 0


def _common_length(one: str, other: str) -> int:
    """Return the length of the common start of two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


async def type_program(
    session: "Session", document: Document, program: Program
) -> AsyncIterator[DemoEvent]:
    """Type *program* into the document, and yield what happens."""
    writer = _DocumentWriter(document)
    offset = 0
    while offset < len(program.text):
        stop = program.stops.get(offset)
        if stop:
            completion = await _complete(session, writer, stop)
            sentence = _failure_message(completion)
            if sentence:
                yield Trouble(sentence)
                await _use_local_provider(session)
            offer = judge(completion, stop, program.text[offset:])
            yield offer
            writer.write(offer.accepted)
            offset += offer.taken
            if offer.taken:
                continue
        writer.write(program.text[offset])
        yield Typed(program.text[offset])
        offset += 1


class _DocumentWriter:
    """Writes at the end of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.line = self.column = 0

    def write(self, text: str) -> None:
        at = (self.line, self.column)
        self.document.replace(at, at, text)
        *whole, last = LINE_END.split(text)
        self.line += len(whole)
        self.column = len(last) if whole else self.column + len(last)


async def _complete(session: "Session", writer: _DocumentWriter, stop: Stop) -> Completion:
    trigger = Trigger.INVOKED if stop is Stop.ASK else Trigger.AUTOMATIC
    snapshot = writer.document.snapshot(writer.line, writer.column)
    # Work in the background gets its turn, as between the keys of a real user.
    await asyncio.sleep(0)
    return await session.engine.complete(
        CompletionRequest(snapshot, trigger, session.settings.completion)
    )


def _failure_message(completion: Completion) -> str | None:
    record = completion.record
    fell_back = record.source == "local" != record.provider
    return record.detail if fell_back or record.reason is Reason.PROVIDER_FAILED else None


async def _use_local_provider(session: "Session") -> None:
    """Switch to the local provider: each further failure could take its whole time-out."""
    local = replace(session.settings, provider="local")
    await session.configure(replace(session.workspace.resolved, settings=local), [])


def judge(completion: Completion, stop: Stop, wanted: str) -> Offer:
    """Return what the typist does with a completion, if *wanted* is the text to write."""
    record, text = completion.record, completion.text
    agreed = count_worth_taking(text, wanted)
    taken = 0 if stop is Stop.LOOK else agreed
    return Offer(
        text=text,
        taken=taken,
        fate=_to_fate(text, agreed, taken),
        trigger=Trigger.INVOKED if stop is Stop.ASK else Trigger.AUTOMATIC,
        source=record.source,
        took_ms=record.stages_ms["total"],
        why_nothing=record.detail or "nothing to go by",
    )


def _to_fate(text: str, agreed: int, taken: int) -> Fate:
    if not text:
        return Fate.NOTHING
    if taken:
        return Fate.ACCEPTED if taken == len(text) else Fate.PARTLY
    return Fate.TYPED_ALONG if agreed else Fate.TYPED_OVER
