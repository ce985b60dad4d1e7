"""Every fault, met by every kind of request: 292 cells.

A row is a fault, a column one of explicit and automatic request by provider ``auto`` and
``deepseek``. In each cell an editor's session, with the server in this process and its clocks
standing still, goes through the same: the fault is met, the gate closes, the fault goes; the next
explicit request works; the fault is met again and goes again; the gate reopens in its own way, and
the first automatic request works. Every request is answered exactly once.

In the fault's way things are named: by the state's word and one message for each change of it,
and nowhere is there a word of the key, the prompt or the completion.
"""

import asyncio
import contextlib
import gzip
import io
import itertools
import logging
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from ds_lsp.logs import PrivateFormatter
from ds_lsp.providers.http import connections as connection
from ds_lsp.service.health import PROBE_S
from ds_lsp.service.refused import FIRST_REFUSAL_PAUSE_S
from tests.e2e.editor import AUTOMATIC, INVOKED, editor, to_toml
from tests.fake_deepseek import (
    Close,
    FakeDeepSeek,
    Head,
    Pause,
    Raw,
    Recorded,
    Reply,
    Reset,
    Send,
    Step,
    Wait,
    chunk,
    envelope,
    sse,
)
from tests.harness import InProcess, until
from tests.raw_client import PATIENCE_S
from tests.unit.clean import clean
from tests.unit.fakes import FakeTime, turns

TLS = Path(__file__).parents[1] / "golden" / "tls"
KEY = "sk-canary"
COMPLETION = "urn canary_completion(width)"
# The local provider has something to say here.
DOCUMENT = "def area(width, height):\n    return width * height\n\n\n" * 3
DOCUMENT += "# canary_prompt \ndef area(width, height):\n    ret\n"
COMMENT, CURSOR = {"line": 12, "character": 15}, {"line": 14, "character": 7}
URI = "file:///nowhere/a.py"
LONGEST_PAUSE_S = 61.0
IN_TIME_MS, AT_ONCE_MS = 30_000, 120


class Gate(Enum):
    """How automatic requests come back after a fault that is over."""

    NEVER_CLOSED = "never closed"
    TIME = "time"
    SETTINGS = "settings"
    KEY = "key"
    BALANCE = "balance"


class Place(Enum):
    """Where a fault sits that is not the answer's."""

    ANSWER = "answer"
    REFUSED = "refused"
    NAME = "name"
    NAME_SERVER = "name server"
    NO_TLS = "no tls"
    CERTIFICATE = "certificate"


@dataclass(frozen=True)
class Fault:
    steps: tuple[Step | Callable[[Recorded], Iterator[Step]], ...] = ()
    state: str = "paused"
    says: str = ""
    """A word of the message the user gets; empty: of no matter."""
    gate: Gate = Gate.TIME
    place: Place = Place.ANSWER
    is_slow: bool = False
    """Whether it ends with the deadline only."""
    pause_s: float = LONGEST_PAUSE_S
    is_of_text: bool = False
    """It is about one document's text: how things stand with the provider does not change."""
    later: str = ""
    """The state where the settings have worked before, if it is another one."""


def endlessly(*steps: Step) -> Callable[[Recorded], Iterator[Step]]:
    return lambda _: itertools.cycle([*steps, Pause(0.005)])


def drip(_: Recorded) -> Iterator[Step]:
    yield Head()
    for byte in itertools.cycle(STREAM):
        yield from (Send(bytes([byte])), Pause(0.02))


def canaries(first: int, count: int) -> str:
    return " ".join(f"canary{number**2}" for number in range(first, first + count))


def redirect(status: int) -> Fault:
    def steps(request: Recorded) -> Iterator[Step]:
        port = request.headers["host"].rpartition(":")[2]
        location = ("Location", f"http://localhost:{port}/stolen")
        yield Reply(status, envelope("there"), headers=(location,))

    return Fault((steps,), "stopped", f"({status})", Gate.SETTINGS)


def event(data: str) -> Send:
    return Send(f"data: {data}\n\n".encode())


def bad_request(status: int) -> Fault:
    body = envelope(f"canary_prompt was no good with {KEY}")
    return Fault((Reply(status, body),), "stopped", f"{status}", Gate.SETTINGS)


def refused_text(status: int) -> Fault:
    """A refusal that is about this text, and stops nothing else."""
    steps = (Reply(status, envelope(f"canary_prompt was no good with {KEY}")),)
    return Fault(steps, "ready", f"{status}", pause_s=4 * FIRST_REFUSAL_PAUSE_S, is_of_text=True)


def refused_for_no_reason(status: int) -> Fault:
    """A refusal that may be about the settings, until these have worked."""
    steps = (Reply(status, envelope(f"canary_prompt was no good with {KEY}")),)
    return Fault(steps, "stopped", f"{status}", pause_s=4 * FIRST_REFUSAL_PAUSE_S, later="ready")


def in_trouble(status: int, *headers: tuple[str, str], pause_s: float = LONGEST_PAUSE_S) -> Fault:
    steps = (Reply(status, "<html>canary_prompt</html>", "text/html", headers),)
    return Fault(steps, says=f"({status})", pause_s=pause_s)


EVENTS = sse(COMPLETION)
STREAM = b"".join(send.data for send in EVENTS)
FIRST = event(chunk("urn canary_"))
LOW_BALANCE = (
    "Your current concurrency is 40, which exceeds your concurrency limit of 39 based on your "
    "remaining balance. Please top up."
)

STATUSES = {
    "400": refused_for_no_reason(400),
    "400 that names other models": Fault(state="ready", says="deepseek-v4-pro is used"),
    "401": Fault(
        (Reply(401, envelope(f"Your api key: {KEY} is invalid")),), "stopped", "key", Gate.KEY
    ),
    "401 in plain text": Fault(
        (Reply(401, "Authentication Fails (governor)", "text/plain"),), "stopped", "key", Gate.KEY
    ),
    "402": Fault(
        (Reply(402, envelope("Insufficient Balance")),), "stopped", "0.00 USD", Gate.BALANCE
    ),
    **{str(status): refused_text(status) for status in (403, 413)},
    "422": refused_for_no_reason(422),
    **{str(status): bad_request(status) for status in (404, 405)},
    "408": in_trouble(408),
    "429": Fault((Reply(429, envelope("slow down")),), says="limits the number"),
    "429 with Retry-After": Fault(
        (Reply(429, envelope("slow down"), headers=(("Retry-After", "300"),)),),
        says="limits the number",
        pause_s=301,
    ),
    "429 with a Retry-After that is none": Fault(
        (Reply(429, envelope("slow down"), headers=(("Retry-After", "soon"),)),),
        says="limits the number",
    ),
    "429 for a low balance": Fault((Reply(429, envelope(LOW_BALANCE)),), says="low DeepSeek bal"),
    **{str(status): in_trouble(status) for status in (500, 502, 503, 504, 529)},
    "503 with Retry-After": in_trouble(503, ("Retry-After", "120"), pause_s=121),
    "204": Fault((Reply(204),), says="(204)"),
    "redirect to another host": redirect(302),
    "redirect that keeps the method": redirect(307),
}
NETWORK = {
    "no such host": Fault(state="offline", says="name", place=Place.NAME),
    "a name server that is silent": Fault(says="in time", place=Place.NAME_SERVER, is_slow=True),
    "refused": Fault(state="offline", says="refuses", place=Place.REFUSED),
    "no TLS there": Fault(state="offline", says="TLS", place=Place.NO_TLS),
    "a certificate of a stranger": Fault(
        state="offline", says="certificate", place=Place.CERTIFICATE
    ),
    "reset before the answer": Fault((Reset(),)),
    "reset in the answer": Fault((FIRST, Reset())),
    "closed before the answer": Fault((Close(),)),
    "cut in the middle of an event": Fault((Send(b'data: {"choi'), Close())),
    "never answered": Fault((Wait(),), says="in time", is_slow=True),
    "a head, and then nothing": Fault((Head(), Wait()), says="in time", is_slow=True),
    "an error without end": Fault((Head(500), Wait()), says="(500)", is_slow=True),
    "one byte at a time": Fault((drip,), says="in time", is_slow=True),
    "stalled": Fault((FIRST, Wait()), says="in time", is_slow=True),
    "keep-alive without end": Fault(
        (endlessly(Send(b": keep-alive\n\n")),), says="in time", is_slow=True
    ),
    "keep-alive without end after the first text": Fault(
        (lambda _: itertools.chain([FIRST], itertools.cycle([Send(b": \n\n"), Pause(0.005)])),),
        says="in time",
        is_slow=True,
    ),
    "blank lines without end": Fault((endlessly(Send(b"\n")),), says="in time", is_slow=True),
    **{
        f"cut after {count} of {len(EVENTS)} events": Fault((Head(), *EVENTS[:count], Close()))
        for count in range(len(EVENTS) - 2)
    },
}
ANSWERS = {
    "not HTTP": Fault((Raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Close())),
    "a head without end": Fault((Raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), Close())),
    "a chunk without a size": Fault(
        (Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx"), Close())
    ),
    "less than its length": Fault(
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\ndata: "), Close())
    ),
    "no body": Fault((Reply(200, "", "text/event-stream"),)),
    "HTML": Fault((Reply(200, "<html>canary_prompt</html>", "text/html"),), says="base_url"),
    "HTML said to be a stream": Fault((Reply(200, "<html>\n" * 999, "text/event-stream"),)),
    "the wrong content type": Fault(
        (Reply(200, STREAM.decode(), "application/octet-stream"),), says="base_url"
    ),
    "an answer that is not streamed": Fault((Reply(200, chunk(COMPLETION, "stop")),)),
    "JSON that is none": Fault((event("{canary"),)),
    "JSON of the wrong shape": Fault((event('{"choices": "canary"}'),)),
    "JSON that is a list": Fault((event("[1]"),)),
    "JSON with a number for text": Fault((event('{"choices": [{"text": 1}]}'),)),
    "JSON nested too deep": Fault((event("[" * 100_000),)),
    "no UTF-8": Fault((Send(b'data: {"\xff\n\n'),)),
    "an error object": Fault((event('{"error": {"message": "canary_prompt"}}'),)),
    "an error object after the first text": Fault((FIRST, event('{"error": {"message": "no"}}'))),
    **{
        f"given up: {reason}": Fault((FIRST, event(chunk("", reason))), says=reason)
        for reason in ("content_filter", "insufficient_system_resource", "aborted")
    },
    "a gzip bomb": Fault(
        (
            Head(headers=(("Content-Encoding", "gzip"),)),
            Send(gzip.compress(b"data: canary\n" * 1_000_000)),
        ),
        says="compressed",
    ),
    "a gzip bomb that does not say so": Fault((Send(gzip.compress(bytes(10_000_000))),)),
    "10 MB of text in one line": Fault(
        # Without a pattern, for what repeats itself is cut long before.
        (lambda _: (event(chunk(canaries(700 * n, 700))) for n in range(1700)),),
        says="more text",
    ),
    "10 MB of text in one event": Fault((event(chunk("canary" * 1_700_000)),)),
    "10 MB of HTML": Fault((Reply(200, "<canary>" * 1_300_000, "text/html"),), says="base_url"),
    "10 MB of an error": Fault((Reply(500, "<canary>" * 1_300_000),), says="(500)"),
}
FAULTS = STATUSES | NETWORK | ANSWERS
COLUMNS = list(itertools.product(("explicit", "automatic"), ("auto", "deepseek")))


def test_the_number_of_cells_is_the_one_stated() -> None:
    stated = re.search(r"(\d+) cells", __doc__ or "")
    assert stated
    assert int(stated[1]) == len(FAULTS) * len(COLUMNS)


class Service:
    """DeepSeek's stand-in, and the way to it: whatever a fault needs to sit in."""

    def __init__(self, fault: Fault, patch: pytest.MonkeyPatch) -> None:
        self._fault = fault
        self.patch = patch
        self._name_server = threading.Event()
        self._asks_names = fault.place in (Place.NAME, Place.NAME_SERVER)
        self._is_secure = fault.place in (Place.NO_TLS, Place.CERTIFICATE)
        self._is_secure |= self._asks_names
        self._past: list[Recorded] = []
        self._name_server.set()
        self._known = True
        if self._asks_names:
            patch.setattr(socket, "getaddrinfo", self._look_up)
        patch.setenv("SSL_CERT_FILE", str(TLS / "trusted.pem"))
        self.fake = self._start("trusted.pem")
        host = "nowhere.invalid" if self._asks_names else "127.0.0.1"
        scheme = "https" if self._is_secure else "http"
        self._port = int(self.fake.url.rpartition(":")[2])
        self.url = f"{scheme}://{host}:{self._port}"

    @property
    def calls(self) -> int:
        """Completions asked for so far."""
        every = self._past + self.fake.requests
        assert not [each for each in every if each.path == "/stolen"]
        return len([each for each in every if each.path == "/beta/completions"])

    @property
    def balances(self) -> int:
        """Looks at the account so far."""
        return len([each for each in self.fake.requests if each.path == "/user/balance"])

    def break_down(self) -> None:
        match self._fault.place:
            case Place.ANSWER if self._fault.steps:
                self.fake.balance = "0.00"
                self.fake.break_down(*self._fault.steps)
            case Place.ANSWER:
                self.fake.models = ("deepseek-v4-pro",)
            case Place.REFUSED:
                self.stop()
            case Place.NAME:
                self._known = False
                self.stop()
            case Place.NAME_SERVER:
                self._name_server.clear()
                self.stop()
            case Place.NO_TLS:
                self._restart(None)
            case Place.CERTIFICATE:
                self._restart("stranger.pem")

    def mend(self) -> None:
        self._known = True
        self._name_server.set()
        if self._fault.place is Place.ANSWER:
            self.fake.balance = "10.00"
            self.fake.mend()
        else:
            self._restart("trusted.pem")

    def stop(self) -> None:
        self.fake.__exit__()
        assert self.fake.violations == []

    def _restart(self, certificate: str | None) -> None:
        if self.fake.is_running:
            self.stop()
        self._past += self.fake.requests
        self.fake = self._start(certificate, self._port)

    def _start(self, certificate: str | None, port: int = 0) -> FakeDeepSeek:
        context = None
        if self._is_secure and certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / certificate)
        return FakeDeepSeek(text=COMPLETION, key=KEY, port=port, tls=context).__enter__()

    def _look_up(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        self._name_server.wait(30)
        if not self._known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@dataclass
class Cell:
    """An editor that types, asks and looks at what it gets."""

    fault: Fault
    provider: str
    service: Service
    home: Path
    time: FakeTime = field(default_factory=lambda: FakeTime(now=1e9))
    host: InProcess = field(init=False)

    def __post_init__(self) -> None:
        self.host = InProcess(self.time)
        self.settings: dict[str, Any] = {
            "provider": self.provider,
            "baseUrl": self.service.url,
            "completion": {"debounceMs": 0, "timeoutMs": IN_TIME_MS},
        }
        self._file = self.home / "ds-lsp" / "config.toml"
        self._file.parent.mkdir()
        self._write_key(KEY)
        self._typed = 0

    def _write_key(self, key: str) -> None:
        self._file.write_text(to_toml({"api_key": key}))
        self._file.chmod(0o600)

    async def begin(self) -> None:
        await self.host.initialize({**self.settings, "client": {"status": True}})
        document = {"uri": URI, "languageId": "python", "version": 0, "text": DOCUMENT}
        self.host.notify("textDocument/didOpen", {"textDocument": document})

    def type(self) -> None:
        """Press a key, in a place where no earlier answer fits any more."""
        self._typed += 1
        change = {"range": {"start": COMMENT, "end": COMMENT}, "text": "x"}
        document = {"uri": URI, "version": self._typed}
        params = {"textDocument": document, "contentChanges": [change]}
        self.host.notify("textDocument/didChange", params)

    async def ask(self, trigger: str) -> str:
        """Press a key, and ask for inline completion; what is offered."""
        self.type()
        context = {"triggerKind": 1 if trigger == "explicit" else 2}
        where = {"textDocument": {"uri": URI}, "position": CURSOR}
        params = {**where, "context": context}
        result = await self.host.ask("textDocument/inlineCompletion", params)
        texts = [item["insertText"] for item in result["items"]]
        assert len(texts) <= 1
        return texts[0] if texts else ""

    async def has_a_deadline_of(self, timeout_ms: int) -> None:
        if self.fault.is_slow:
            self.settings["completion"]["timeoutMs"] = timeout_ms
            await self.host.configure(self.settings)

    async def meets(self, trigger: str, state: str = "") -> None:
        """Ask with the fault in place: the local provider fills in, or nothing does."""
        calls = self.service.calls
        await self.gets_what_the_fallback_has(trigger, "provider_failed")
        # A deadline may pass before a call has come that far.
        may_not_arrive = self.fault.is_slow or self.fault.place is not Place.ANSWER
        assert self.service.calls > calls or may_not_arrive
        await self.is_in(state or self.fault.state)

    async def is_held_back(self) -> None:
        """Ask automatically with the gate closed: nothing is sent."""
        calls = self.service.calls
        await self.gets_what_the_fallback_has("automatic", "held_back")
        assert self.service.calls == calls

    async def gets_what_the_fallback_has(self, trigger: str, reason: str) -> None:
        text = await self.ask(trigger)
        why = await self.host.command("why")
        assert why["detail"]
        if self.provider == "auto":
            assert text == "urn width * height"
            assert (why["reason"], why["source"]) == ("offered", "local")
        else:
            assert text == ""
            assert (why["reason"], why["source"]) == (reason, "")

    async def works(self, trigger: str) -> None:
        assert await self.ask(trigger) == COMPLETION
        await self.is_in("ready")

    async def is_in(self, state: str) -> None:
        # The balance is asked for beside the request.
        service = self.host.server.session.service
        assert service
        await until(lambda: not service.health._is_asking_balance)
        await until(lambda: state != "stopped" or bool(self.host.messages))
        status = await self.host.command("status")
        assert status["state"] == state
        assert status["calls_in_flight"] == 0
        assert not status["busy"]

    async def gate_reopens(self) -> None:
        await turns()
        match self.fault.gate:
            case Gate.TIME:
                await self.time.advance(self.fault.pause_s)
            case Gate.SETTINGS:
                await self.is_held_back()
                self.settings["completion"]["maxTokens"] = 100
                await self.host.configure(self.settings)
            case Gate.KEY:
                await self.is_held_back()
                self.service.fake.key = f"{KEY}-2"
                self._write_key(f"{KEY}-2")
                self.host.notify(
                    "textDocument/didSave", {"textDocument": {"uri": self._file.as_uri()}}
                )
                await self.host.settle()
            case Gate.BALANCE:
                await self.is_held_back()
                await self.time.advance(PROBE_S)
                await until(lambda: self.host.states[-1][0] == "ready")

    def messages_are(self, count: int) -> None:
        messages = self.host.messages
        assert len(messages) == count, messages
        assert all(self.fault.says in message for message in messages)
        assert all("\n" not in message for message in messages)
        # A model in the place of another one is no change of state.
        assert len(messages) <= len(self.host.states[1:]) or self.fault.state == "ready"

    async def end(self) -> None:
        await self.host.quit()
        answers = [each for each in self.host.said if "method" not in each]
        results = [answer.get("result") or {} for answer in answers]
        told = [each for each in results if "items" not in each]
        assert "canary" not in repr([self.host.notifications, told])


@pytest.fixture
def logged() -> Iterator[None]:
    """Reads, at the end, all that the most talkative log holds."""
    root, ours = logging.getLogger(), logging.getLogger("ds_lsp")
    level = ours.level
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(PrivateFormatter())
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    ours.setLevel(level)
    text = handler.stream.getvalue()
    assert "completion 1: " in text
    assert "canary" not in text
    assert " ERROR " not in text


@contextlib.asynccontextmanager
async def cell_for(fault: Fault, provider: str, home: Path) -> AsyncIterator[Cell]:
    with pytest.MonkeyPatch.context() as patch:
        clean(patch, home)
        service = Service(fault, patch)
        cell = Cell(fault, provider, service, home)
        try:
            await cell.begin()
            yield cell
            await cell.end()
        finally:
            await cell.host.abandon()
            service.mend()
            service.stop()


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize(("trigger", "provider"), COLUMNS)
@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_reported_and_recovered_from(
    name: str, trigger: str, provider: str, tmp_path: Path
) -> None:
    fault = FAULTS[name]
    async with cell_for(fault, provider, tmp_path) as cell:
        cell.service.break_down()
        if fault.state == "ready" and not fault.is_of_text:
            for each in (trigger, "explicit", "automatic"):
                await cell.works(each)
            cell.messages_are(1)
            return
        await cell.has_a_deadline_of(AT_ONCE_MS)
        await cell.meets(trigger)
        await cell.is_held_back()
        await cell.meets("explicit")
        cell.messages_are(1)

        cell.service.mend()
        await cell.has_a_deadline_of(IN_TIME_MS)
        await cell.works("explicit")
        cell.messages_are(1)

        await cell.time.advance(1)
        cell.service.break_down()
        await cell.has_a_deadline_of(AT_ONCE_MS)
        await cell.meets(trigger, fault.later)
        await cell.is_held_back()
        cell.service.mend()
        await cell.has_a_deadline_of(IN_TIME_MS)
        await cell.gate_reopens()
        await cell.works("automatic")
        is_told_again = fault.gate in (Gate.KEY, Gate.SETTINGS, Gate.BALANCE) or fault.later
        cell.messages_are(2 if is_told_again else 1)


@pytest.mark.usefixtures("logged")
async def test_cut_at_every_byte(tmp_path: Path) -> None:
    # Of what comes later, each event is like the first ones.
    sizes = range(len(EVENTS[0].data + EVENTS[1].data) + 1)
    async with cell_for(FAULTS["cut in the middle of an event"], "deepseek", tmp_path) as cell:
        for size in sizes:
            cell.service.fake.break_down(Head(), Send(STREAM[:size]), Close())
            await cell.meets("explicit")
            cell.service.mend()
            await cell.works("explicit")
        # That it was cut off, or could not be read.
        cell.messages_are(2)


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("provider", ["auto", "deepseek"])
async def test_typing_on_after_a_wrong_key(provider: str, tmp_path: Path) -> None:
    async with cell_for(FAULTS["401"], provider, tmp_path) as cell:
        cell.service.break_down()
        await cell.meets("automatic")
        calls = cell.service.calls
        for _ in range(20):
            await cell.time.advance(3600)
            await cell.is_held_back()
        assert cell.service.calls == calls == 1
        cell.messages_are(1)
        cell.service.mend()
        await cell.gate_reopens()
        await cell.works("automatic")
        cell.messages_are(1)


@pytest.mark.usefixtures("logged")
async def test_another_model_is_asked_anew(tmp_path: Path) -> None:
    async with cell_for(FAULTS["405"], "deepseek", tmp_path) as cell:
        await cell.works("explicit")
        cell.service.break_down()
        await cell.meets("explicit")
        cell.service.mend()
        await cell.is_held_back()
        cell.settings["completion"]["model"] = "deepseek-v4-pro"
        await cell.host.configure(cell.settings)
        status = await cell.host.command("status")
        assert (status["state"], status["cached_completions"]) == ("ready", 0)
        await cell.works("automatic")
        assert cell.service.fake.requests[-1].body["model"] == "deepseek-v4-pro"


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("name", ["no such host", "refused", "no TLS there"])
async def test_back_online_is_noticed_while_typing(name: str, tmp_path: Path) -> None:
    async with cell_for(FAULTS[name], "auto", tmp_path) as cell:
        # Each keystroke is a second, and a second is nothing.
        cell.service.patch.setattr(connection, "RETRY_S", 0.0)
        cell.service.break_down()
        await cell.meets("automatic")
        await cell.is_held_back()
        cell.service.mend()
        async with asyncio.timeout(30):
            while (await cell.host.command("status"))["state"] != "ready":
                cell.type()
        await cell.works("automatic")
        cell.messages_are(1)


@pytest.mark.usefixtures("logged")
async def test_an_account_that_is_filled_up_is_noticed(tmp_path: Path) -> None:
    async with cell_for(FAULTS["402"], "auto", tmp_path) as cell:
        cell.service.break_down()
        await cell.meets("automatic")
        asked = cell.service.balances
        await cell.time.advance(PROBE_S - 1)
        assert cell.service.balances == asked == 1
        await cell.time.advance(1)
        await until(lambda: cell.service.balances > asked)
        await cell.is_held_back()
        cell.service.mend()
        await cell.gate_reopens()
        await cell.works("automatic")
        cell.messages_are(1)


REPRESENTATIVES = ("401", "402", "422", "429", "503", "stalled", "refused", "HTML", "10 MB of HTML")


@pytest.mark.parametrize("name", REPRESENTATIVES)
async def test_the_same_over_stdio(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with pytest.MonkeyPatch.context() as patch:
        service = Service(fault, patch)
        timeout_ms = 500 if fault.is_slow else IN_TIME_MS
        completion = {"debounceMs": 0, "timeoutMs": IN_TIME_MS}
        options = {"completion": completion, "baseUrl": service.url}
        async with editor(tmp_path, service.fake, options=options) as at:
            # The client may lower what it has set, and go back to it.
            await at.configure({"completion": {"timeoutMs": timeout_ms}})
            service.break_down()
            position = at.open("canary_prompt = |\n")
            assert await at.complete(position) is None
            status = await at.command("status")
            assert status["state"] == fault.state
            for _ in range(20):
                position = at.insert(position, "x")
                assert await at.complete(position, AUTOMATIC) is None
            service.mend()
            await at.configure({"completion": {"debounceMs": 0, "timeoutMs": IN_TIME_MS}})
            position = at.insert(position, "y")
            assert await at.complete(position) == COMPLETION
            position = at.insert(position, "z")
            assert await at.complete(position, AUTOMATIC) == COMPLETION
            assert (await at.command("status"))["state"] == "ready"
            (message,) = at.messages
            assert fault.says in message
            assert "canary" not in message
        service.stop()


async def test_faults_while_typing_leave_nothing_running(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    options = {"provider": "deepseek", "completion": {"debounceMs": 0, "timeoutMs": 1000}}
    faults = [fault.steps for fault in FAULTS.values() if fault.steps]
    async with editor(tmp_path, fake, options=options) as at:
        position = at.open("x = |\n")
        answers = []
        for number in range(2 * len(faults)):
            fake.script(*faults[number // 2])
            position = at.insert(position, "a")
            # Explicit ones meet the faults; automatic ones overtake them.
            answers.append(at.request(position, (INVOKED, AUTOMATIC)[number % 2])[1])
            await asyncio.sleep(0)
        results = await asyncio.gather(*answers)
        assert len(results) == len(answers)
        await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
        async with asyncio.timeout(PATIENCE_S):
            # What nobody waits for any more has its grace yet.
            while (await at.command("status"))["calls_in_flight"]:
                pass
