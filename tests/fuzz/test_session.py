"""A session that nobody would have: any order of everything an editor and a provider can do.

``DS_LSP_FUZZ_SECONDS`` says for how long it is tried; a failure prints the steps that lead to it.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RateLimitError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.lsp.notify import ASKED_EVERY_S
from ds_lsp.lsp.transport.command_names import OTHER_COMMANDS
from ds_lsp.providers.base import (
    Balance,
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    Sent,
    unnoticed,
)
from ds_lsp.text.columns import PositionEncoding, width
from ds_lsp.text.lines import split_lines, strip_line_end
from tests.harness import InProcess
from tests.unit.clean import clean
from tests.unit.fakes import FakeTime, turns

SECONDS = float(os.environ.get("DS_LSP_FUZZ_SECONDS", "4"))
URIS = (
    "file:///nowhere/a.py",
    "file:///nowhere/b.ts",
    "file:///nowhere/.env",
    "untitled:Untitled-1",
)
FAULTS: dict[str, Callable[[FimRequest], ProviderError]] = {
    "wrong key": lambda _: AuthenticationError("The key is wrong."),
    "no balance": lambda _: BalanceError("The account is empty."),
    "refused": lambda _: BadRequestError("The request was refused."),
    "offline": lambda _: ConnectError("There is no network."),
    "too many": lambda _: RateLimitError("Too many requests.", retry_after_s=90),
    "down": lambda _: UnavailableError("The service is down."),
    "another model": lambda request: UnknownModelError(
        "The model is gone.", asked=request.model, supported=("deepseek-v4-pro",)
    ),
}
SETTINGS: tuple[dict[str, Any], ...] = (
    {"provider": "auto", "apiKey": "sk-1"},
    {"provider": "deepseek", "apiKey": "sk-2"},
    {"provider": "local", "apiKey": "sk-2"},
    {"provider": "deepseek"},
    {"provider": "auto", "apiKey": "sk-1", "completion": {"model": "deepseek-v4-pro"}},
    {"provider": "auto", "apiKey": "sk-1", "completion": {"model": "deepseek-chat"}},
    {"apiKey": "sk-1", "completion": {"maxTokens": -1, "menu": "always", "multiline": "never"}},
    {"apiKey": "sk-1", "client": {"lateAnswers": True}, "completion": {"menu": "never"}},
)

T = TypeVar("T")
WORDS = (
    "x",
    "return ",
    "价格 = 计算(",
    "😀",
    "\t",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\x0c",
    "\u2028",
    ")",
)
texts = st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
# Most of it happens in one document.
uris = st.sampled_from((*[URIS[0]] * 6, *URIS))
places = st.integers(0, 1000)


class Fickle:
    """A provider that does what the fuzzer says; in the place of DeepSeek."""

    name = "deepseek"
    metered = True

    fault: str | None = None
    """One of `FAULTS`."""
    text = "1 + 1"
    is_rich = True
    holds: asyncio.Event
    """Calls wait for it."""

    def __init__(self, **_: object) -> None:
        pass

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        sent()
        await Fickle.holds.wait()
        if Fickle.fault:
            raise FAULTS[Fickle.fault](request)
        for end in range(1, len(Fickle.text) + 1):
            if not keep_going(Fickle.text[:end]):
                return FimResult(Fickle.text[:end], Finish.CUT)
        return FimResult(Fickle.text, Finish.STOP)

    async def balance(self) -> Balance:
        return Balance(Fickle.is_rich, ("0.00 CNY",))

    def warm(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


@dataclass(frozen=True)
class Spot:
    """A place between two characters that a position can name."""

    offset: int
    line: int
    column: int

    @property
    def position(self) -> dict[str, int]:
        return {"line": self.line, "character": self.column}


def spot_in(text: str, number: int) -> Spot:
    """One of the places there are in *text*."""
    spots, start = [], 0
    for number_of_line, line in enumerate(split_lines(text)):
        bare = strip_line_end(line)
        for index in range(len(bare) + 1):
            column = width(bare[:index], PositionEncoding.UTF16)
            spots.append(Spot(start + index, number_of_line, column))
        start += len(line)
    return spots[number % len(spots)]


class EditorSession(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.time = FakeTime(now=1e9)
        self.texts: dict[str, str] = {}
        self.version = 0
        self.asked: list[int] = []
        self.configured = 0
        self.run(self.begin())
        self.open(URIS[0], "def area(width, height):\n    return width * height\n" * 3)

    def run(self, work: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(work)

    async def begin(self) -> None:
        Fickle.fault, Fickle.is_rich, Fickle.text = None, True, "1 + 1"
        Fickle.holds = asyncio.Event()
        Fickle.holds.set()
        self.host = InProcess(self.time)
        await self.host.initialize({**SETTINGS[0], "client": {"status": True}})

    def notify(self, method: str, **params: object) -> None:
        async def send() -> None:
            self.host.notify(method, params)

        self.run(send())

    def change(self, uri: str, *changes: object) -> None:
        self.version += 1
        document = {"uri": uri, "version": self.version}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=changes)

    @rule(uri=uris, text=texts)
    def open(self, uri: str, text: str) -> None:
        self.texts[uri] = text
        item = {"uri": uri, "languageId": "python", "version": 0, "text": text}
        self.notify("textDocument/didOpen", textDocument=item)

    @rule(uri=uris)
    def close(self, uri: str) -> None:
        self.texts.pop(uri, None)
        self.notify("textDocument/didClose", textDocument={"uri": uri})

    @rule(uri=uris, edits=st.lists(st.tuples(places, places, texts), min_size=1, max_size=3))
    def edit(self, uri: str, edits: list[tuple[int, int, str]]) -> None:
        changes = []
        text = self.texts.get(uri, "")
        for one, other, inserted in edits:
            ends = sorted((spot_in(text, one), spot_in(text, other)), key=lambda spot: spot.offset)
            span = dict(zip(("start", "end"), (spot.position for spot in ends), strict=True))
            changes.append({"range": span, "text": inserted})
            text = text[: ends[0].offset] + inserted + text[ends[1].offset :]
        if uri in self.texts:
            self.texts[uri] = text
        self.change(uri, *changes)

    @rule(uri=uris, text=texts)
    def replace(self, uri: str, text: str) -> None:
        if uri in self.texts:
            self.texts[uri] = text
        self.change(uri, {"text": text})

    @rule(uri=uris, place=places, kind=st.sampled_from(["invoked", "automatic", "menu"]))
    def ask(self, uri: str, place: int, kind: str) -> None:
        if uri not in self.texts and place % 4:
            # There is little to see in what is closed.
            uri = next(iter(self.texts), uri)
        position = spot_in(self.texts.get(uri, ""), place).position
        params: dict[str, Any] = {"textDocument": {"uri": uri}, "position": position}
        method = "textDocument/completion"
        if kind != "menu":
            method = "textDocument/inlineCompletion"
            params["context"] = {"triggerKind": 1 if kind == "invoked" else 2}

        async def send() -> None:
            self.asked.append(self.host.request(method, params))

        self.run(send())

    @precondition(lambda self: self.asked)
    @rule(which=places)
    def cancel(self, which: int) -> None:
        self.notify("$/cancelRequest", id=self.asked[which % len(self.asked)])

    @rule(fault=st.sampled_from([None, None, *FAULTS]), is_rich=st.booleans(), text=texts)
    def provider_changes(self, fault: str | None, is_rich: bool, text: str) -> None:
        Fickle.fault, Fickle.is_rich, Fickle.text = fault, is_rich, text

    @rule(holds=st.booleans())
    def provider_holds(self, holds: bool) -> None:
        if holds:
            Fickle.holds.clear()
        else:
            Fickle.holds.set()

    @rule(options=st.sampled_from(SETTINGS))
    def configure(self, options: dict[str, Any]) -> None:
        self.configured += 1
        self.notify("workspace/didChangeConfiguration", settings=options)

    @rule(name=st.sampled_from([name.removeprefix("ds-lsp.") for name in OTHER_COMMANDS]))
    def command(self, name: str) -> None:
        self.configured += name == "toggle"
        self.run(self.host.command(name))

    @rule(seconds=st.sampled_from([0.1, 1.0, 70.0, 400.0, 4000.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.run(self.time.advance(seconds))

    @rule(count=st.integers(1, 20))
    def turn(self, count: int) -> None:
        self.run(turns(count))

    @rule(place=places)
    def compare(self, place: int = 0) -> None:
        self.run(self.host.settle())
        held = {document.uri: document for document in self.host.server.documents}
        assert {uri: document.text for uri, document in held.items()} == self.texts
        for uri, text in self.texts.items():
            for number in (place, -1):
                spot = spot_in(text, number)
                snapshot = held[uri].snapshot(spot.line, spot.column)
                assert (snapshot.before, snapshot.after) == (
                    text[: spot.offset],
                    text[spot.offset :],
                )
        self.count_messages()

    def count_messages(self) -> None:
        """One for each change of state; what is asked again later is answered again."""
        again = (self.time.now - 1e9) // ASKED_EVERY_S
        allowed = len(self.host.states) + self.configured + again
        assert len(self.host.messages) <= allowed, self.host.messages

    def teardown(self) -> None:
        try:
            self.compare()
            Fickle.holds.set()
            self.run(self.end())
        finally:
            self.run(self.host.abandon())
            self.loop.close()

    async def end(self) -> None:
        for identifier in self.asked:
            # A debounce still waits on the clock that stands still.
            await self.time.advance(1.0)
            await self.host.answer(identifier)
        await self.host.quit()
        assert len(self.host.server.session.engine.in_flight) == 0


@pytest.mark.timeout(SECONDS + 300)
def test_any_sequence_of_messages_leaves_the_server_healthy(tmp_path: Path) -> None:
    # The first examples after a start are the slow ones.
    until = time.monotonic() + SECONDS
    examples = settings(
        max_examples=25,
        stateful_step_count=40,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    with pytest.MonkeyPatch.context() as patch:
        clean(patch, tmp_path)
        patch.setattr("ds_lsp.providers.deepseek.DeepSeek", Fickle)
        patch.setattr("importlib.util.find_spec", lambda name: None)
        while time.monotonic() < until:
            run_state_machine_as_test(EditorSession, settings=examples)
