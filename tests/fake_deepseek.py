"""A stand-in for DeepSeek on loopback: as strict as the reference, answers on command.

In tests, use the fixture ``fake``::

    fake.answer("return 1")                              # the next completion
    fake.script(Send(b"data: ..."), Wait(event), Close())  # or step by step
    fake.script(lambda request: [Reply(503)])
    fake.wait_for_requests(1)                            # instead of sleeping
    fake.chat_answer("It adds.")                         # the next chat; chat_script as above

By hand: ``python -m tests.fake_deepseek --port 8000 --text 'return 1'``.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, Self
from urllib.parse import urlsplit

MODELS = ("deepseek-flash", "deepseek-v4-pro")
MAX_TOKENS = 4096
REQUIRED = frozenset({"model", "prompt"})
OPTIONAL = frozenset(
    {"suffix", "max_tokens", "temperature", "top_p", "stop", "stream", "stream_options"}
    | {"logprobs", "echo", "frequency_penalty", "presence_penalty"}
)
CHAT_MAX_TOKENS = 393_216
CHAT_REQUIRED = frozenset({"model", "messages"})
CHAT_OPTIONAL = frozenset(
    {"thinking", "reasoning_effort", "max_tokens", "response_format", "stop", "stream"}
    | {"stream_options", "temperature", "top_p", "tools", "tool_choice", "logprobs"}
    | {"top_logprobs", "user_id", "frequency_penalty", "presence_penalty"}
)
PATIENCE_S = 10.0
"""How long the waiting helpers wait, in seconds, before the test has failed."""


@dataclass(frozen=True, slots=True)
class Head:
    """Start a body of unknown length. Implied by a `Send` that comes first."""

    status: int = 200
    content_type: str = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """A piece of the body, in a write of its own."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on when the test sets *event*, or the client hangs up."""

    event: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Close:
    """Drop the connection as it is, in the middle of whatever was being sent."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let *seconds* go by, or until the client hangs up."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are no part of any body, as they are; not to be mixed with `Send`."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Reset:
    """Drop the connection the hard way: by TCP's RST, with what was sent perhaps lost."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response; text as *body* is sent as UTF-8, anything but text as JSON."""

    status: int = 200
    body: object = ""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


Step = Head | Send | Wait | Pause | Raw | Reset | Close | Reply
Script = Callable[["Recorded"], Iterable[Step]]


@dataclass(slots=True)
class Recorded:
    """One request as it arrived, and what became of it."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    connection: int
    """Which connection it came on, counted from 1."""
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    finished: bool = False
    """Everything was sent."""
    hung_up: bool = False
    """The client went away before that."""

    @property
    def body(self) -> dict[str, object]:
        """The JSON object sent; empty when it was none."""
        with contextlib.suppress(ValueError):
            value = json.loads(self.raw)
            if isinstance(value, dict):
                return value
        return {}


def envelope(message: str, kind: str = "invalid_request_error") -> dict[str, object]:
    """An error as DeepSeek words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def pieces_of(text: str) -> list[str]:
    """*text* in pieces the size of tokens."""
    return re.findall(r"\s*\S{1,6}|\s+", text)


def chunk(text: str | None = "", finish: str | None = None, **extra: object) -> str:
    """The JSON of one event."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return json.dumps(
        {
            "id": "fake",
            "object": "text_completion",
            "created": 1,
            "model": MODELS[0],
            "choices": [choice],
        }
        | extra,
        ensure_ascii=False,
    )


def chat_chunk(
    text: str | None = None,
    finish: str | None = None,
    *,
    reasoning: str | None = None,
    has_delta: bool = True,
    **extra: object,
) -> str:
    """The JSON of one event of a chat."""
    delta: dict[str, object] = {"content": text}
    if reasoning is not None:
        delta["reasoning_content"] = reasoning
    choice: dict[str, object] = {"index": 0, "finish_reason": finish, "logprobs": None}
    if has_delta:
        choice["delta"] = delta
    head = {"id": "fake", "object": "chat.completion.chunk", "created": 1, "model": MODELS[0]}
    return json.dumps(head | {"choices": [choice]} | extra, ensure_ascii=False)


def chat_sse(
    text: str,
    *,
    reasoning: str = "",
    usage: Mapping[str, object] | None = None,
    finish: str | None = "stop",
    last_has_delta: bool = True,
    done: bool = True,
) -> list[Send]:
    """A documented chat stream: keep-alive comments, the reasoning, the text, the usage."""
    count = usage or usage_of("", reasoning + text)
    role = json.loads(chat_chunk(""))
    role["choices"][0]["delta"]["role"] = "assistant"
    events = [": keep-alive", ": keep-alive", f"data: {json.dumps(role)}"]
    events += [f"data: {chat_chunk(reasoning=piece)}" for piece in pieces_of(reasoning)]
    events += [f"data: {chat_chunk(piece)}" for piece in pieces_of(text)]
    if finish is not None:
        last = chat_chunk("", finish, has_delta=last_has_delta, usage=count)
        events.append(f"data: {last}")
    if done:
        events.append("data: [DONE]")
    return [Send(f"{event}\n\n".encode()) for event in events]


def sse(
    text: str,
    *,
    usage: Mapping[str, object] | None = None,
    usage_on: Literal["last", "own", "none"] = "last",
    finish: str | None = "stop",
    done: bool = True,
    newline: str = "\n",
    comments: bool = True,
) -> list[Send]:
    """A documented stream that says *text*, one event to a write."""
    count = {"usage": usage or usage_of("", text)}
    last = count if usage_on == "last" else {}
    events = [": keep-alive"] if comments else []
    events += [f"data: {chunk(piece, usage=None)}" for piece in pieces_of(text)]
    if finish is not None:
        events.append(f"data: {chunk('', finish, **last)}")
    if usage_on == "own":
        events.append(f"data: {json.dumps({'choices': [], **count})}")
    if done:
        events.append("data: [DONE]")
    return [Send(f"{event}{newline}{newline}".encode()) for event in events]


def usage_of(prompt: str, text: str) -> dict[str, object]:
    sent, said = len(prompt) // 3 + 1, len(pieces_of(text))
    return {
        "prompt_tokens": sent,
        "completion_tokens": said,
        "total_tokens": sent + said,
        "prompt_cache_hit_tokens": 0,
        "prompt_cache_miss_tokens": sent,
    }


def split(sends: Iterable[Send], *, size: int = 1, seed: int | None = None) -> list[Send]:
    """The same bytes in writes of *size*, or of random sizes that depend on *seed*."""
    data = b"".join(send.data for send in sends)
    dice = random.Random(seed)
    pieces, start = [], 0
    while start < len(data):
        end = start + (size if seed is None else dice.randint(1, 24))
        pieces.append(Send(data[start:end]))
        start = end
    return pieces


def _listen(port: int) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off: 40 ms per answer otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(100)
    listener.setblocking(False)
    return listener


class FakeDeepSeek:
    """The server, in a thread of its own. A context manager."""

    def __init__(
        self,
        *,
        text: str = "pass",
        key: str = "sk-fake",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.text, self.key = text, key
        self.chat_text = "It is what it is."
        self.requests: list[Recorded] = []
        self.violations: list[str] = []
        """What the API forgives and ds-lsp does not. The fixture wants none left at the end."""
        self.models: tuple[str, ...] = MODELS
        self.balance = "10.00"
        self.connections = 0
        """Connections opened so far, also those without a request."""
        self.open_connections = 0
        self.running = 0
        """Requests being answered now."""
        self._listener = _listen(port)
        self._port: int = self._listener.getsockname()[1]
        self._tls = tls
        self._scripts: deque[Script] = deque()
        self._chat_scripts: deque[Script] = deque()
        self._fault: Script | None = None
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._idle: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._port}"

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    # What a test says.

    def answer(self, text: str) -> None:
        """Say *text* to the next completion, in the documented way."""
        self.script(*sse(text))

    def script(self, *steps: Step | Script) -> None:
        """What to do with the next completion: steps, or one callable that makes them."""
        self._scripts.append(_as_script(steps))

    def break_down(self, *steps: Step | Script) -> None:
        """The same for every completion, until `mend`."""
        self._fault = _as_script(steps)

    def mend(self) -> None:
        self._fault = None

    def chat_answer(self, text: str, *, reasoning: str = "") -> None:
        """Say *text* to the next chat, in the documented way."""
        self.chat_script(*chat_sse(text, reasoning=reasoning))

    def chat_script(self, *steps: Step | Script) -> None:
        """What to do with the next chat, as in `script`."""
        self._chat_scripts.append(_as_script(steps))

    @property
    def chats(self) -> list["Recorded"]:
        """The chat requests so far."""
        return [each for each in self.requests if each.path.endswith("/chat/completions")]

    def close_idle_connections(self, *, running: int = 0) -> None:
        """Close, from this side, every connection but those of *running* requests."""
        assert self._loop is not None
        self.wait_until(lambda: self.running == running)
        self._loop.call_soon_threadsafe(self._close_idle)
        self.wait_until(lambda: self.open_connections == running)

    def _close_idle(self) -> None:
        for writer in self._idle:
            writer.close()

    def wait_until(self, condition: Callable[[], bool], timeout: float = PATIENCE_S) -> None:
        """Block until *condition*, looked at whenever something happens here."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise AssertionError(f"nothing came of waiting: {self}")

    def wait_for_requests(self, count: int, timeout: float = PATIENCE_S) -> None:
        self.wait_until(lambda: len(self.requests) >= count, timeout)

    def __repr__(self) -> str:
        paths = [(request.path, request.status) for request in self.requests]
        return f"<fake: {paths}, {self.open_connections} open, {self.running} running>"

    # Its life.

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_until(lambda: self._stop is not None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        # Not asyncio's own server: one that closes while it accepts leaves the connection open,
        # which is then found in somebody else's test.
        loop.add_reader(self._listener, self._accept)
        with self._change():
            self._stop = asyncio.Event()
        await self._stop.wait()
        loop.remove_reader(self._listener)
        self._listener.close()
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._changed.notify_all()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        task = asyncio.create_task(self._converse(connection))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)
        task.add_done_callback(lambda _: connection.close())

    async def _converse(self, connection: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        accepting = asyncio.ensure_future(
            loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
        )
        try:
            transport, _ = await asyncio.shield(accepting)
        except OSError:  # no TLS was spoken, or not with this certificate
            return
        except asyncio.CancelledError:
            # Cancelled before it has begun, asyncio would leave the transport open.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                (await accepting)[0].abort()
            raise
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        with self._change():
            self.connections += 1
            self.open_connections += 1
        number = self.connections
        try:
            while await self._serve_one(reader, writer, number):
                pass
        except (ConnectionError, EOFError, ssl.SSLError, asyncio.LimitOverrunError):
            pass
        finally:
            self._idle.discard(writer)
            writer.transport.abort()
            with self._change():
                self.open_connections -= 1

    async def _serve_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        """One request and its answer. False: the connection is over."""
        self._idle.add(writer)
        first = await reader.readexactly(1)
        self._idle.discard(writer)
        if not first.isalpha():  # TLS spoken to a server that has none
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return False
        request = await _read_request(reader, first, number)
        with self._change():
            self.requests.append(request)
            self.running += 1
        out = _Out(reader, writer, request)
        try:
            return await out.play(self._steps(request))
        except ConnectionError:
            request.hung_up = True
            return False
        finally:
            with self._change():
                self.running -= 1

    # What it answers.

    def _steps(self, request: Recorded) -> Iterable[Step]:
        if (refusal := self._refuse_key(request)) is not None:
            return [refusal]
        # A proxy is asked for a whole address.
        match request.method, urlsplit(request.path).path:
            case "POST", "/beta/completions":
                refusal = self._refuse_body(request)
                return [refusal] if refusal is not None else self._complete(request)
            case "POST", "/chat/completions" | "/beta/chat/completions":
                refusal = self._refuse_chat(request)
                return [refusal] if refusal is not None else self._chat(request)
            case "GET", "/models":
                models = [
                    {"id": name, "object": "model", "owned_by": "deepseek"} for name in self.models
                ]
                return [Reply(200, {"object": "list", "data": models})]
            case "GET", "/user/balance":
                return [Reply(200, self._balance())]
        return [Reply(404, "Not Found", "text/plain")]

    def _complete(self, request: Recorded) -> Iterable[Step]:
        if self._fault:
            return self._fault(request)
        if self._scripts:
            return self._scripts.popleft()(request)
        sent = str(request.body["prompt"]) + str(request.body.get("suffix") or "")
        if request.body.get("stream"):
            return sse(self.text, usage=usage_of(sent, self.text))
        whole = json.loads(chunk(self.text, "stop", usage=usage_of(sent, self.text)))
        return [Reply(200, whole)]

    def _chat(self, request: Recorded) -> Iterable[Step]:
        if self._chat_scripts:
            return self._chat_scripts.popleft()(request)
        sent = json.dumps(request.body["messages"])
        return chat_sse(self.chat_text, usage=usage_of(sent, self.chat_text))

    def _balance(self) -> dict[str, object]:
        info = {"currency": "USD", "total_balance": self.balance}
        info |= {"granted_balance": "0.00", "topped_up_balance": self.balance}
        return {"is_available": float(self.balance) > 0, "balance_infos": [info]}

    def _refuse_key(self, request: Recorded) -> Reply | None:
        given = request.headers.get("authorization", "")
        if given == f"Bearer {self.key}":
            return None
        if not given.startswith("Bearer "):
            return Reply(401, "Authentication Fails (governor)", "text/plain")
        message = f"Authentication Fails, Your api key: ****{given[-4:]} is invalid"
        return Reply(401, envelope(message, "authentication_error"))

    def _refuse_body(self, request: Recorded) -> Reply | None:
        body = request.body
        if "suffix" in body and not body["suffix"]:
            self.violations.append("an empty suffix: leave it out")
        if not request.headers.get("content-type", "").startswith("application/json"):
            self.violations.append("the content type is not JSON")
        for message in _complaints(body, self.models):
            return Reply(400, envelope(message))
        return None

    def _refuse_chat(self, request: Recorded) -> Reply | None:
        if "thinking" not in request.body:
            self.violations.append("thinking is on unless it is switched off: say which")
        if not request.body.get("stream"):
            self.violations.append("a chat that is not streamed is silent for minutes")
        is_beta = request.path.startswith("/beta")
        for message in _chat_complaints(request.body, self.models, is_beta=is_beta):
            return Reply(400, envelope(message))
        return None


def _chat_complaints(
    body: dict[str, object], models: tuple[str, ...], *, is_beta: bool
) -> Iterator[str]:
    """What the reference refuses with 400 (DeepSeek docs, Create Chat Completion)."""
    for name in sorted(body.keys() - CHAT_REQUIRED - CHAT_OPTIONAL):
        yield f"unknown field `{name}`"
    if body.get("model") not in models:
        names = ", ".join(models)
        yield f"The supported API model names are {names}, but you passed {body.get('model')}."
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "messages must not be empty"
        return
    for message in messages:
        if message.get("role") not in ("system", "user", "assistant"):
            yield "unknown role"
        if not isinstance(message.get("content"), str):
            yield "content must be a string"
        if "reasoning_content" in message:
            yield "reasoning_content must not be sent back"
        if message.keys() - {"role", "content", "prefix"}:
            yield "unknown field in a message"
    last = messages[-1]
    if any("prefix" in message for message in messages[:-1]):
        yield "prefix is for the last message"
    if last.get("prefix") and not is_beta:
        yield "prefix is a beta feature: use the beta base URL"
    if (last.get("role") == "assistant") != bool(last.get("prefix")):
        yield "The last message must be the user's, or an assistant's with prefix"
    if not _within(body.get("max_tokens", 1), 1, CHAT_MAX_TOKENS):
        yield f"Invalid max_tokens value, the valid range of max_tokens is [1, {CHAT_MAX_TOKENS}]"
    if not _within(body.get("temperature", 1), 0, 2):
        yield "Invalid temperature value, the valid range of temperature is [0, 2]"
    thinking = body.get("thinking", {"type": "enabled"})
    if thinking not in ({"type": "enabled"}, {"type": "disabled"}):
        yield "thinking.type must be enabled or disabled"
    format_ = body.get("response_format", {"type": "text"})
    if format_ not in ({"type": "text"}, {"type": "json_object"}):
        yield "response_format.type must be text or json_object"
    if format_ == {"type": "json_object"} and "json" not in json.dumps(messages).lower():
        yield "Prompt must contain the word 'json' to use 'response_format' of type 'json_object'"
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > 16:
        yield "Invalid stop: at most 16 stop sequences"
    if "stream_options" in body and body.get("stream") is not True:
        yield "stream_options can only be set along with stream = true"


def _as_script(steps: tuple[Step | Script, ...]) -> Script:
    if len(steps) == 1 and callable(steps[0]):
        return steps[0]
    return lambda _: [step for step in steps if not callable(step)]


def _complaints(body: dict[str, object], models: tuple[str, ...]) -> Iterator[str]:
    """What the reference refuses with 400 (DeepSeek docs, Create FIM Completion)."""
    for name in sorted(body.keys() - REQUIRED - OPTIONAL):
        yield f"unknown field `{name}`"
    for name, ok, what in _TYPES:
        if name in body and not ok(body[name]):
            yield f"invalid type: `{name}` must be {what}"
    if body.get("model") not in models:
        names = ", ".join(models)
        yield f"The supported API model names are {names}, but you passed {body.get('model')}."
    if not body.get("prompt"):
        yield "prompt must not be empty"
    if not _within(body.get("max_tokens", 1), 1, MAX_TOKENS):
        yield f"Invalid max_tokens value, the valid range of max_tokens is [1, {MAX_TOKENS}]"
    if not _within(body.get("temperature", 1), 0, 2):
        yield "Invalid temperature value, the valid range of temperature is [0, 2]"
    if not _within(body.get("top_p", 1), 1e-9, 1):
        yield "Invalid top_p value, the valid range of top_p is (0, 1]"
    if not _within(body.get("logprobs", 0), 0, 20):
        yield "Invalid logprobs value, the valid range of logprobs is [0, 20]"
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > 16:
        yield "Invalid stop: at most 16 stop sequences"
    if body.get("echo") and ("suffix" in body or "logprobs" in body):
        yield "echo cannot be used with suffix or logprobs"
    if "stream_options" in body and body.get("stream") is not True:
        yield "stream_options can only be set along with stream = true"


def _number(value: object) -> bool:
    return type(value) in (int, float)


def _within(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and low <= value <= high


_TYPES: tuple[tuple[str, Callable[[object], bool], str], ...] = (
    ("model", lambda value: isinstance(value, str), "a string"),
    ("prompt", lambda value: isinstance(value, str), "a string"),
    ("suffix", lambda value: value is None or isinstance(value, str), "a string"),
    ("max_tokens", lambda value: type(value) is int, "an integer"),
    ("logprobs", lambda value: type(value) is int, "an integer"),
    ("temperature", _number, "a number"),
    ("top_p", _number, "a number"),
    ("stop", lambda value: isinstance(value, str | list), "a string or a list"),
    ("stream", lambda value: isinstance(value, bool), "a boolean"),
    ("stream_options", lambda value: isinstance(value, dict), "an object"),
)


async def _read_request(reader: asyncio.StreamReader, first: bytes, number: int) -> Recorded:
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.rstrip().split("\r\n")
    method, path, _ = line.split(" ")
    pairs = (header.partition(":") for header in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(method, path, headers, raw, number)


class _Out:
    """Plays the steps of one answer."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Recorded
    ) -> None:
        self._reader, self._writer, self._request = reader, writer, request

    async def play(self, steps: Iterable[Step]) -> bool:
        """False: the connection is over. Raises ConnectionError when the client hangs up."""
        chunked = False
        for step in chain(steps, [None]):
            match step:
                case Send(data) if not chunked:
                    await self._head(Head())
                    chunked = True
                    await self._chunk(data)
                case Send(data):
                    await self._chunk(data)
                case Head():
                    await self._head(step)
                    chunked = True
                case Wait(event):
                    # Polled, in the fake and not in the test, because a hang-up ends it as well.
                    while not event.is_set():
                        self._check()
                        await asyncio.sleep(0.002)
                case Pause(seconds):
                    self._check()
                    await asyncio.sleep(seconds)
                case Raw(data):
                    await self._write(data)
                case Reset():
                    # Not lingering over what was sent makes of the closing that follows a RST.
                    linger = struct.pack("ii", 1, 0)
                    raw = self._writer.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return False
                case Close():
                    return False
                case Reply():
                    await self._reply(step)
                case None if chunked:
                    await self._write(b"0\r\n\r\n")
        self._request.finished = True
        return True

    async def _head(self, head: Head, *more: tuple[str, str]) -> None:
        self._request.status = head.status
        framing = more or (("Transfer-Encoding", "chunked"),)
        lines = [f"HTTP/1.1 {head.status} Status", f"Content-Type: {head.content_type}"]
        lines += [f"{name}: {value}" for name, value in (*framing, *head.headers)]
        await self._write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _reply(self, reply: Reply) -> None:
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        body = text.encode()
        head = Head(reply.status, reply.content_type, reply.headers)
        await self._head(head, ("Content-Length", str(len(body))))
        await self._write(body)

    async def _chunk(self, data: bytes) -> None:
        await self._write(b"%x\r\n%b\r\n" % (len(data), data))

    async def _write(self, data: bytes) -> None:
        self._check()
        self._writer.write(data)
        await self._writer.drain()
        await asyncio.sleep(0)  # lets the end of the connection be noticed

    def _check(self) -> None:
        if self._reader.at_eof() or self._reader.exception() or self._writer.is_closing():
            raise ConnectionResetError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.fake_deepseek")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--text", default="pass", help="what it completes with")
    parser.add_argument("--key", default="sk-fake", help="the only API key it accepts")
    args = parser.parse_args()
    with FakeDeepSeek(text=args.text, key=args.key, port=args.port) as fake:
        sys.stdout.write(f"DS_LSP_BASE_URL={fake.url} DEEPSEEK_API_KEY={fake.key}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
