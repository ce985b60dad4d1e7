"""Plays a session to a policy as an editor would, with a user who reads and accepts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from tests.bench.replay.ledger import READ_S, Ledger
from tests.bench.replay.oracle import Oracle, truth
from tests.bench.replay.policies import Policy
from tests.bench.replay.trace import Step

_SEARCHED = 400
"""Steps within which the recording must come to the text that accepting would make."""


@dataclass(slots=True)
class Shown:
    """Ghost text that stands on the screen."""

    index: int
    """The step it was offered at."""
    text: str
    number: int
    since: float
    wait: float
    is_counted: bool = False


class Player:
    """One run through a session. The user accepts what has stood long enough and is right."""

    def __init__(
        self, steps: Sequence[Step], oracle: Oracle, policy: Policy, *, accepts: bool
    ) -> None:
        self.ledger = Ledger()
        self._steps, self._oracle, self._policy = steps, oracle, policy
        self._accepts = accepts
        self._documents: dict[str, Document] = {}
        self._shown: Shown | None = None
        self._at: dict[str, int] = {}
        """The step each document is at."""
        self._acted_at = 0.0
        self._skip: dict[str, int] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def play(self) -> Ledger:
        loop = asyncio.get_running_loop()
        for index, step in enumerate(self._steps):
            await self._until(step.at - loop.time())
            if index < self._skip.get(step.uri, 0):
                # Accepting has spared the user this one.
                continue
            self._at[step.uri] = index
            if step.asks:
                self._ask(index)
            elif step.changes:
                self._change(step)
            else:
                self._document(step)
                self._acted_at = loop.time()
                self._shown = None
        await self._until(10.0)
        await self._policy.aclose()
        await asyncio.gather(*self._asking)
        return self.ledger

    async def _until(self, seconds: float) -> None:
        """Let time pass; what has been readable for long enough is read."""
        loop = asyncio.get_running_loop()
        end = loop.time() + max(0.0, seconds)
        while loop.time() < end:
            shown = self._shown
            due = shown.since + READ_S if shown and not shown.is_counted else end
            if due > end or loop.time() < due:
                # In small steps: an answer may come meanwhile.
                await asyncio.sleep(min(max(due - loop.time(), 0.001), end - loop.time(), 0.05))
                continue
            assert shown is not None
            shown.is_counted = True
            self.ledger.seen += 1
            self.ledger.waits_s.append(shown.wait)
            if self._accepts:
                self._accept(shown)

    def _change(self, step: Step) -> None:
        document = self._document(step)
        shown = self._shown
        typed = step.changes[0][2] if len(step.changes) == 1 else ""
        for start, end, new in step.changes:
            document.replace(self._position(document, start), self._position(document, end), new)
        if document.text != step.text:
            self.ledger.out_of_step += 1
            document.replace_all(step.text)
        self._acted_at = asyncio.get_running_loop().time()
        self.ledger.keys += 1
        self.ledger.typed_chars += len(typed)
        is_along = (
            shown is not None
            and self._steps[shown.index].uri == step.uri
            and typed
            and shown.text.startswith(typed)
            and step.changes[0][0] == step.changes[0][1] == step.cursor - len(typed)
        )
        if shown and is_along:
            shown.text = shown.text[len(typed) :]
            if shown.text:
                return
        elif shown and shown.is_counted:
            self._policy.rejected(shown.number)
        self._shown = None

    def _ask(self, index: int) -> None:
        step = self._steps[index]
        self._oracle.expect(index)
        document = self._document(step)
        snapshot = document.snapshot(*self._position(document, step.cursor))
        self.ledger.asked += 1
        asked = asyncio.get_running_loop().create_task(self._wait(index, document, snapshot))
        self._asking.add(asked)
        asked.add_done_callback(self._asking.discard)

    async def _wait(self, index: int, document: Document, snapshot: object) -> None:
        step = self._steps[index]
        offer = await self._policy.ask(snapshot)  # type: ignore[arg-type]  # a Snapshot
        if offer is None or not offer.text:
            return
        here = self._steps[self._at[step.uri]]
        if here.text != step.text or here.cursor != step.cursor:
            self.ledger.late += 1
            return
        self.ledger.answered += 1
        self.ledger.remembered += not offer.is_fresh
        if self._shown and self._shown.text == offer.text:
            return
        now = asyncio.get_running_loop().time()
        self._shown = Shown(index, offer.text, offer.number, now, now - self._acted_at)

    def _accept(self, shown: Shown) -> None:
        """If the user was going to write this: take it, and skip what need not be typed."""
        uri = self._steps[shown.index].uri
        index = self._at[uri]
        here = self._steps[index]
        text = _agreed(shown.text, truth(self._steps, index))
        if not text:
            return
        wanted = here.text[: here.cursor] + text + here.text[here.cursor :]
        later = next(
            (
                number
                for number in range(index + 1, min(index + _SEARCHED, len(self._steps)))
                if self._steps[number].uri == uri
                and self._steps[number].changes
                and self._steps[number].text == wanted
            ),
            None,
        )
        if later is None:
            return
        document = self._documents[uri]
        position = self._position(document, here.cursor)
        document.replace(position, position, text)
        self._skip[uri] = later + 1
        self._at[uri] = later
        self.ledger.accepted += 1
        self.ledger.accepted_chars += len(text)
        self._shown = None
        self._acted_at = asyncio.get_running_loop().time()
        self._policy.accepted()
        self._ask(later)

    def _document(self, step: Step) -> Document:
        document = self._documents.get(step.uri)
        if document is None:
            loop = asyncio.get_running_loop()
            # The first step of each document opens it.
            assert not step.changes
            document = Document(
                step.uri, "typescript", 1, step.text, PositionEncoding.UTF32, clock=loop.time
            )
            self._documents[step.uri] = document
        return document

    @staticmethod
    def _position(document: Document, offset: int) -> tuple[int, int]:
        before = document.text[:offset].replace("\r\n", "\n")
        return before.count("\n"), len(before) - before.rfind("\n") - 1


def _agreed(text: str, wanted: str) -> str:
    """What a user would take of *text*: whole lines that are right, or five characters and more."""
    size = 0
    while size < min(len(text), len(wanted)) and text[size] == wanted[size]:
        size += 1
    if size == len(text):
        return text
    line = text.rfind("\n", 0, size + 1)
    if line > 0 and text[:line].strip():
        return text[:line]
    while size and (text[size - 1].isalnum() and size < len(text) and text[size].isalnum()):
        size -= 1
    return text[:size] if len(text[:size].strip()) >= 5 else ""
