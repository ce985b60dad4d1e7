"""The demo's user: types a program, looks at what is offered, takes what is right."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.document import LINE_END, Document, is_word_character

if TYPE_CHECKING:
    from ds_lsp.session import Session

_MIN_PART_CHARS = 5
"""Characters: for fewer of a longer text nobody reaches for the key that takes a part."""


class Stop(Enum):
    """Why the typist stops at a place; the values mark it in the program."""

    REST = "▮"
    """To rest, as an automatic request needs it."""
    LOOK = "▯"
    """The same; but types on, along what is offered if it is right."""
    ASK = "◆"
    """To ask explicitly."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is typed, and where the typist stops."""

    text: str
    stops: Mapping[int, Stop]
    """By offset."""


class Fate(Enum):
    """What becomes of a completion."""

    ACCEPTED = "accepted"
    PARTLY = "partly accepted"
    TYPED_ALONG = "typed along"
    TYPED_OVER = "typed over"
    NOTHING = "nothing offered"


@dataclass(frozen=True, slots=True)
class Typed:
    """A key was pressed."""

    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion was asked for; the first *taken* characters of its text were accepted."""

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
    """The provider failed; from here on it is the local one that answers."""

    sentence: str


DemoEvent = Typed | Offer | Trouble


def parse_program(marked: str) -> Program:
    """A program from its text with marks."""
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
    """How many characters of *offered* to accept when *wanted* is what one means to write.

    All of it, or as much as ends with a whole word and saves some typing.
    """
    agreed = _common_length(offered, wanted)
    if agreed == len(offered):
        return agreed
    while agreed and is_word_character(offered[agreed]) and is_word_character(offered[agreed - 1]):
        agreed -= 1
    # White space that one types next is no word.
    kept = offered[:agreed].rstrip()
    return len(kept) if len(kept.strip()) >= _MIN_PART_CHARS else 0


def _common_length(one: str, other: str) -> int:
    """How many characters two texts begin with together."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


async def type_program(
    session: "Session", document: Document, program: Program
) -> AsyncIterator[DemoEvent]:
    """Type *program* into the document, and tell what happens."""
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
    # As when a real user types: what runs in the background gets its turn.
    await asyncio.sleep(0)
    return await session.engine.complete(
        CompletionRequest(snapshot, trigger, session.settings.completion)
    )


def _failure_message(completion: Completion) -> str | None:
    record = completion.record
    fell_back = record.source == "local" != record.provider
    return record.detail if fell_back or record.reason is Reason.PROVIDER_FAILED else None


async def _use_local_provider(session: "Session") -> None:
    """Ask nobody else from here on: each further failure could cost its whole time-out."""
    local = replace(session.settings, provider="local")
    await session.configure(replace(session.resolved, settings=local), [])


def judge(completion: Completion, stop: Stop, wanted: str) -> Offer:
    """What the typist, who means to write *wanted*, does with what is offered."""
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
