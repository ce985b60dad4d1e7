import asyncio
import contextlib
import gzip
import http.server
import itertools
import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ds_lsp import __version__
from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RateLimitError,
    RefusedTextError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    Account,
    Balance,
    FimProvider,
    FimRequest,
    FimResult,
    Finish,
    PromptParts,
    TokenUsage,
    usage_of,
)
from ds_lsp.providers.deepseek import DeepSeek
from ds_lsp.providers.http.connections import MAX_IN_USE
from tests.fake_deepseek import (
    MODELS,
    Close,
    FakeDeepSeek,
    Head,
    Reply,
    Send,
    Step,
    Wait,
    chunk,
    envelope,
    split,
    sse,
)

KEY = "sk-canary-0123456789"
PREFIX = "canary_before = "
SUFFIX = "\ncanary_after()\n"
TEXT = "canary_said"
HOUR = 3600.0
"""In seconds: a timeout that a test would not survive."""


@pytest.fixture
def fake(fake: FakeDeepSeek) -> FakeDeepSeek:
    fake.key = KEY
    fake.text = TEXT
    return fake


@pytest.fixture
async def provider(fake: FakeDeepSeek) -> AsyncIterator[DeepSeek]:
    provider = DeepSeek(api_key=KEY, base_url=fake.url)
    yield provider
    await provider.aclose()


def request(prefix: str = PREFIX, suffix: str = SUFFIX, **more: object) -> FimRequest:
    values: dict[str, object] = {
        "uri": "file:///a.py",
        "language_id": "python",
        "prompt": PromptParts(prefix, suffix),
        "model": "deepseek-flash",
        "max_tokens": 128,
        "temperature": 0.0,
        "timeout_s": 20.0,
    }
    return FimRequest(**values | more)  # type: ignore[arg-type] # the tests' own values


def keep(_: str) -> bool:
    return True


def data(payload: str) -> Send:
    return Send(f"data: {payload}\n\n".encode())


def test_it_is_a_provider() -> None:
    provider: FimProvider = DeepSeek(api_key=KEY, base_url="http://api.test")
    assert (provider.name, provider.metered) == ("deepseek", True)
    assert KEY not in repr(provider)


# What is sent.


async def test_the_request_is_what_the_reference_asks_for(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    await provider.fill(request(max_tokens=77, temperature=0.5), keep)
    (sent,) = fake.requests
    assert (sent.method, sent.path) == ("POST", "/beta/completions")
    assert sent.body == {
        "model": "deepseek-flash",
        "prompt": PREFIX,
        "suffix": SUFFIX,
        "max_tokens": 77,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["accept"] == "text/event-stream"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["user-agent"] == f"ds-lsp/{__version__}"


async def test_an_empty_suffix_is_left_out(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    await provider.fill(request(suffix=""), keep)
    assert "suffix" not in fake.requests[0].body


async def test_an_empty_prefix_is_sent_as_an_empty_line(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    await provider.fill(request(prefix=""), keep)
    assert fake.requests[0].body["prompt"] == "\n"


@pytest.mark.parametrize(
    "text",
    [
        "# 注释:返回\n",
        "🙂👩\u200d👩\u200d👧 \U0001d4b3",
        "a\r\nb\rc\n",
        "\tif x:\t\n",
        "a\x0cb\x00c\x1b",
        "e\u0301 n\u0303",
        "\u2028\u2029\x85\ufeff",
        '"\\u0041" \\',
    ],
    ids=["chinese", "emoji", "line ends", "tabs", "controls", "combining", "odd", "escapes"],
)
async def test_text_arrives_as_it_is(fake: FakeDeepSeek, provider: DeepSeek, text: str) -> None:
    fake.answer(text)
    result = await provider.fill(request(prefix=text, suffix=text), keep)
    assert fake.requests[0].body["prompt"] == text
    assert fake.requests[0].body["suffix"] == text
    assert result.text == text


async def test_the_body_is_compact(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    await provider.fill(request(prefix="# 注释"), keep)
    raw = fake.requests[0].raw
    assert "注释".encode() in raw
    assert b'": ' not in raw


async def test_half_a_surrogate_pair_is_replaced(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    await provider.fill(request(prefix="a\ud83db", suffix="\udc00"), keep)
    assert fake.requests[0].body["prompt"] == "a?b"
    assert fake.requests[0].body["suffix"] == "?"


# What is read.


async def test_the_answer_is_read(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    said: list[str] = []

    def listen(text: str) -> bool:
        said.append(text)
        return True

    fake.answer("return fibonacci(n)")
    result = await provider.fill(request(), listen)
    assert result == FimResult("return fibonacci(n)", Finish.STOP, TokenUsage(0, 1, 3))
    assert said == ["return", "return fibona", "return fibonacci(n)"]


DOCUMENTED = "if n < 2:\n        return n  # 雪🙂\r\n"
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 7,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 36,
}


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(sse(DOCUMENTED, usage=USAGE), id="as documented"),
        pytest.param(sse(DOCUMENTED, usage=USAGE, usage_on="own"), id="usage on its own"),
        pytest.param(sse(DOCUMENTED, usage=USAGE, done=False), id="no [DONE]"),
        pytest.param(sse(DOCUMENTED, usage=USAGE, newline="\r\n"), id="crlf"),
        pytest.param(sse(DOCUMENTED, usage=USAGE, newline="\r"), id="cr"),
        pytest.param(sse(DOCUMENTED, usage=USAGE, comments=False), id="no comments"),
        pytest.param(split(sse(DOCUMENTED, usage=USAGE)), id="byte by byte"),
        pytest.param(split(sse(DOCUMENTED, usage=USAGE, newline="\r\n")), id="crlf, byte by byte"),
        pytest.param(split(sse(DOCUMENTED, usage=USAGE), size=10**6), id="all at once"),
        *(
            pytest.param(split(sse(DOCUMENTED, usage=USAGE), seed=seed), id=f"split {seed}")
            for seed in range(5)
        ),
        pytest.param(
            [data(chunk(None)), *sse(DOCUMENTED, usage=USAGE), Send(b"data:")], id="null text"
        ),
        pytest.param(
            [data('{"choices": []}'), data(""), *sse(DOCUMENTED, usage=USAGE)], id="no choices"
        ),
        pytest.param(
            [data('{"choices": null, "error": null}'), *sse(DOCUMENTED, usage=USAGE)],
            id="nulls",
        ),
        pytest.param(
            [data(chunk(DOCUMENTED, "stop", usage=USAGE))], id="text and finish in one chunk"
        ),
        pytest.param(
            [data(chunk(DOCUMENTED)), data(json.dumps({"usage": USAGE})), data("[DONE]")],
            id="[DONE] without a finish reason",
        ),
        pytest.param([*sse(DOCUMENTED, usage=USAGE), data(chunk("more"))], id="text after the end"),
        pytest.param([*sse(DOCUMENTED, usage=USAGE), Close()], id="cut after the end"),
        pytest.param([*sse(DOCUMENTED, usage=USAGE), data("{")], id="garbage after the end"),
    ],
)
async def test_streams_that_say_the_same(
    fake: FakeDeepSeek, provider: DeepSeek, steps: list[Step]
) -> None:
    fake.script(*steps)
    result = await provider.fill(request(), keep)
    assert result == FimResult(DOCUMENTED, Finish.STOP, TokenUsage(64, 36, 7))


async def test_a_pair_of_surrogates_in_two_chunks_is_one_character(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    halves = [data(rf'{{"choices": [{{"text": "{half}"}}]}}') for half in (r"\ud83d", r"\ude42")]
    fake.script(*halves, *halves[:1], *sse("x"))
    assert (await provider.fill(request(), keep)).text == "🙂\ufffdx"


async def test_the_limit_of_tokens_is_reported(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    fake.script(*sse("a b", finish="length"))
    assert (await provider.fill(request(), keep)).finish is Finish.LENGTH


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        pytest.param({}, None, id="empty"),
        pytest.param({"prompt_tokens": 9, "completion_tokens": 2}, TokenUsage(0, 9, 2), id="plain"),
        pytest.param(
            {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "completion_tokens": 0},
            TokenUsage(4, 5, 0),
            id="hits",
        ),
        pytest.param(
            {
                "prompt_cache_hit_tokens": 4,
                "prompt_cache_miss_tokens": 1,
                "completion_tokens": 10_000_000,
            },
            TokenUsage(4, 1, 10_000_000),
            id="hits and misses",
        ),
        # What is not to be believed is estimated.
        pytest.param({"prompt_tokens": 9}, None, id="no completion"),
        pytest.param({"completion_tokens": 9}, None, id="no prompt"),
        pytest.param({"prompt_cache_hit_tokens": 4, "completion_tokens": 1}, None, id="only hits"),
        pytest.param({"prompt_cache_miss_tokens": "9", "completion_tokens": 2.5}, None, id="types"),
        pytest.param(
            {"prompt_cache_miss_tokens": True, "completion_tokens": -1}, None, id="nonsense"
        ),
        pytest.param({"prompt_tokens": -9, "completion_tokens": 1}, None, id="negative"),
        pytest.param({"prompt_tokens": 2**63 - 1, "completion_tokens": 1}, None, id="huge"),
        pytest.param({"prompt_tokens": 1, "completion_tokens": 10**400}, None, id="400 digits"),
        pytest.param({"prompt_tokens": 1, "completion_tokens": None}, None, id="a null"),
        pytest.param({"prompt_tokens": [1], "completion_tokens": {}}, None, id="nested"),
        pytest.param([1, 2], None, id="a list"),
        pytest.param(None, None, id="null"),
    ],
)
async def test_the_usage_of_an_answer_is_read(
    fake: FakeDeepSeek, provider: DeepSeek, usage: object, read: TokenUsage | None
) -> None:
    fake.script(data(chunk("x", "stop", usage=usage)))
    assert (await provider.fill(request(), keep)).usage == read


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refusal_by_settings_that_have_worked_is_about_the_text(
    fake: FakeDeepSeek, provider: DeepSeek, status: int
) -> None:
    fake.script(Reply(status, "no"))
    with pytest.raises(BadRequestError):
        await provider.fill(request(), keep)
    fake.script(*sse("x"))
    await provider.fill(request(), keep)
    fake.script(Reply(status, "no"))
    with pytest.raises(RefusedTextError):
        await provider.fill(request(), keep)


async def test_a_request_is_sent_once_it_leaves(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    sent: list[int] = []
    await provider.fill(request(), keep, lambda: sent.append(len(fake.requests)))
    assert sent == [0]
    await provider.aclose()
    with pytest.raises(UnavailableError):
        await provider.fill(request(), keep, lambda: sent.append(1))
    assert sent == [0]


# When to stop.


async def test_a_stream_is_cut_when_no_more_is_wanted(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.script(*sse("one two three", finish=None, done=False), Wait())
    result = await provider.fill(request(), lambda text: "two" not in text)
    assert result == FimResult("one two", Finish.CUT, None)
    await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)


async def test_after_a_cut_the_next_connection_is_opened(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.script(data(chunk("one")), Wait())
    await provider.fill(request(), lambda _: False)
    await asyncio.to_thread(fake.wait_until, lambda: fake.connections == 2)
    await provider.fill(request(), keep)
    assert fake.requests[1].connection == 2


async def test_nobody_is_asked_about_pieces_without_text(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.script(data(chunk("")), data(chunk(None)), data(chunk("", "stop")))
    result = await provider.fill(request(), lambda _: False)
    assert result == FimResult("", Finish.STOP)


async def test_cancelling_hangs_up(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    arrived = asyncio.Event()

    def listen(_: str) -> bool:
        arrived.set()
        return True

    fake.script(data(chunk("one")), Wait())
    task = asyncio.create_task(provider.fill(request(), listen))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)


@pytest.mark.parametrize("turns", range(12))
async def test_cancelling_at_any_moment_cancels(
    fake: FakeDeepSeek, provider: DeepSeek, turns: int
) -> None:
    fake.script(Wait())
    task = asyncio.create_task(provider.fill(request(), keep))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)


async def test_cancelling_while_it_hangs_up_keeps_no_place_among_the_connections(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    def enough(_: str) -> bool:
        # Delivered where it waits next: at the end of the response.
        task.cancel()
        return False

    for _ in range(2 * MAX_IN_USE):
        fake.script(data(chunk("one")), Wait())
        task = asyncio.create_task(provider.fill(request(), enough))
        await asyncio.wait([task])
    fake.answer("two")
    assert (await provider.fill(request(), keep)).text == "two"


async def test_requests_in_a_row_use_one_connection(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    provider.warm()
    await asyncio.to_thread(fake.wait_until, lambda: fake.connections == 1)
    for _ in range(3):
        await provider.fill(request(), keep)
        provider.warm()
    assert {sent.connection for sent in fake.requests} == {1}
    assert fake.connections == 1


async def test_refused_requests_leave_the_connection_usable(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.script(Reply(503, "x" * 1000))
    with pytest.raises(UnavailableError):
        await provider.fill(request(), keep)
    await provider.fill(request(), keep)
    assert fake.connections == 1


async def test_requests_run_side_by_side(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    waits = [Wait(), Wait()]
    fake.script(*sse("first", done=False)[:1], waits[0], *sse("first"))
    fake.script(*sse("second", done=False)[:1], waits[1], *sse("second"))
    tasks = [asyncio.create_task(provider.fill(request(), keep)) for _ in waits]
    await asyncio.to_thread(fake.wait_until, lambda: fake.running == 2)
    for wait in waits:
        wait.event.set()
    assert {result.text for result in await asyncio.gather(*tasks)} == {"first", "second"}


async def test_after_closing_nothing_is_asked(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    await provider.fill(request(), keep)
    await provider.aclose()
    provider.warm()
    with pytest.raises(UnavailableError):
        await provider.fill(request(), keep)
    await asyncio.to_thread(fake.wait_until, lambda: fake.open_connections == 0)
    assert len(fake.requests) == 1


# What goes wrong.


def forever(step: Step) -> Iterator[Step]:
    return itertools.repeat(step)


DEEP = "[" * 100_000
ZIPPED = (("Content-Encoding", "gzip"),)
ECHO = f"bad: {PREFIX}{SUFFIX}{KEY}"
"""What a server may say that repeats everything it was sent."""

FAULTS: list[tuple[str, Iterable[Step], type[ProviderError], str]] = [
    ("400", [Reply(400, envelope(ECHO))], BadRequestError, "400"),
    ("400, not JSON", [Reply(400, f"<html>{ECHO}", "text/html")], BadRequestError, "400"),
    ("401", [Reply(401, "Authentication Fails (governor)")], AuthenticationError, "`api_key`"),
    ("401, JSON", [Reply(401, envelope(ECHO))], AuthenticationError, "`api_key`"),
    ("402", [Reply(402, envelope("Insufficient Balance"))], BalanceError, "top up"),
    ("403", [Reply(403, ECHO)], RefusedTextError, "403"),
    ("413", [Reply(413, ECHO)], RefusedTextError, "413"),
    ("451", [Reply(451, ECHO)], RefusedTextError, "451"),
    ("risk", [Reply(400, envelope("Content Exists Risk"))], RefusedTextError, "400"),
    ("407", [Reply(407, ECHO)], ConnectError, "name and a password"),
    ("404", [Reply(404, "Not Found")], BadRequestError, "`base_url`"),
    ("408", [Reply(408, "")], UnavailableError, "408"),
    ("422", [Reply(422, envelope(ECHO))], BadRequestError, "422"),
    ("429", [Reply(429, envelope("Your current concurrency is 40"))], RateLimitError, "wait"),
    ("500", [Reply(500, "")], UnavailableError, "500"),
    ("502", [Reply(502, f"<html>{ECHO}", "text/html")], UnavailableError, "502"),
    ("503", [Reply(503, envelope("overloaded"))], UnavailableError, "503"),
    ("504", [Reply(504, "")], UnavailableError, "504"),
    ("204", [Reply(204, "")], UnavailableError, "204"),
    ("101", [Reply(101, "")], UnavailableError, ""),
    ("huge error", [Head(400), *[Send(b"x" * 65536)] * 160], BadRequestError, "400"),
    ("cut error", [Head(402), Send(b"{"), Close()], BalanceError, "top up"),
    ("html", [Reply(200, f"<html>{ECHO}", "text/html")], UnavailableError, "`base_url`"),
    ("json", [Reply(200, {"choices": []})], UnavailableError, "`base_url`"),
    (
        "gzip",
        [Head(headers=ZIPPED), Send(gzip.compress(b"data: [DONE]\n\n"))],
        UnavailableError,
        "compressed",
    ),
    ("a number", [data("1")], UnavailableError, "`base_url`"),
    ("a list", [data("[]")], UnavailableError, "`base_url`"),
    ("choices are text", [data('{"choices": "x"}')], UnavailableError, "`base_url`"),
    ("choice is text", [data('{"choices": ["x"]}')], UnavailableError, "`base_url`"),
    ("text is a number", [data('{"choices": [{"text": 1}]}')], UnavailableError, "`base_url`"),
    ("other shape", [data('{"object": "x"}')], UnavailableError, "cut off"),
    ("garbage", [data(ECHO)], UnavailableError, "`base_url`"),
    ("half a chunk", [data(chunk(ECHO)[:-9])], UnavailableError, "`base_url`"),
    ("deep", [data(DEEP)], UnavailableError, "`base_url`"),
    ("long number", [data("1" * 5000)], UnavailableError, "`base_url`"),
    ("error object", [data(chunk("a")), data(json.dumps(envelope(ECHO)))], UnavailableError, ""),
    ("filtered", [data(chunk(ECHO, "content_filter"))], UnavailableError, "content_filter"),
    ("no power", sse("a", finish="insufficient_system_resource"), UnavailableError, "resource"),
    ("aborted", sse("a", finish="aborted"), UnavailableError, "aborted"),
    ("cut mid-chunk", [data(chunk("a")), Send(b'data: {"cho'), Close()], UnavailableError, "read"),
    ("cut before all", [Close()], UnavailableError, ""),
    ("no finish", sse("a b", finish=None, done=False), UnavailableError, "cut off"),
    ("nothing", [Head()], UnavailableError, "cut off"),
    ("long line", [Send(b"data: "), *[Send(b"x" * 65536)] * 160], UnavailableError, "read"),
    ("10 MB in chunks", [data(chunk("x" * 10_000))] * 1000, UnavailableError, "more text"),
    ("text without end", forever(data(chunk("x" * 1000))), UnavailableError, "more text"),
]


@pytest.mark.parametrize(
    ("steps", "error", "words"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
async def test_trouble_becomes_a_provider_error_that_tells_nothing(
    fake: FakeDeepSeek,
    provider: DeepSeek,
    caplog: pytest.LogCaptureFixture,
    steps: Iterable[Step],
    error: type[ProviderError],
    words: str,
) -> None:
    caplog.set_level(logging.DEBUG, "ds_lsp")
    fake.script(lambda _: steps)
    with pytest.raises(ProviderError) as caught:
        await provider.fill(request(), keep)
    assert type(caught.value) is error
    assert words in str(caught.value)
    tells_nothing(caught.value, caplog)
    # And the next one works.
    assert (await provider.fill(request(), keep)).text == TEXT


FILTERED = data(chunk("", "content_filter", usage=USAGE))
BILLED = {
    "given up, with its tokens": ([FILTERED], True, (64, 36, 7)),
    "tokens, then cut": ([data(chunk("a", usage=USAGE)), Close()], True, (64, 36, 7)),
    "cut before the first word": ([Send(b": keep-alive\n\n"), Close()], True, None),
    "ended before the first word": ([Send(b": keep-alive\n\n")], True, None),
    "an error before the first word": ([data('{"error": {}}')], True, None),
    "no completion": ([Reply(200, "<html>", "text/html")], False, None),
    "no power": ([Reply(503)], False, None),
}


@pytest.mark.parametrize(("steps", "has_begun", "tokens"), BILLED.values(), ids=BILLED.keys())
async def test_an_answer_that_began_is_billed(
    fake: FakeDeepSeek,
    provider: DeepSeek,
    steps: list[Step],
    has_begun: bool,
    tokens: tuple[int, int, int] | None,
) -> None:
    fake.script(*steps)
    with pytest.raises(UnavailableError) as caught:
        await provider.fill(request(), keep)
    assert (caught.value.has_begun, caught.value.tokens) == (has_begun, tokens)
    assert usage_of(caught.value) == (has_begun, TokenUsage(*tokens) if tokens else None)


async def test_a_model_that_is_gone_after_it_worked_is_replaced(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    await provider.fill(request(), keep)
    fake.models = ("deepseek-next",)
    with pytest.raises(UnknownModelError):
        await provider.fill(request(), keep)


def tells_nothing(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    message = str(error)
    assert message.endswith(".")
    assert "\n" not in message
    assert error.__cause__ is None
    assert error.__context__ is None
    for text in (message, repr(error), caplog.text):
        for secret in ("canary", "Insufficient Balance", "governor", "concurrency is"):
            assert secret not in text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("place", "to"),
    [
        pytest.param("{elsewhere}/beta/completions", " to {elsewhere}", id="port"),
        pytest.param(
            "http://localhost:{port}/x?q=canary_before#canary",
            " to http://localhost:{port}",
            id="host",
        ),
        pytest.param("https://127.0.0.1:{port}/", " to https://127.0.0.1:{port}", id="scheme"),
        pytest.param(
            "http://canary:canary@127.0.0.1:{port}", " to http://127.0.0.1:{port}", id="user"
        ),
        pytest.param("//127.0.0.1:{port}/beta/completions", "", id="no scheme"),
        pytest.param("{here}/beta/completions/", " to {here}", id="same origin"),
        pytest.param("/beta/completions?canary", "", id="relative"),
        pytest.param("http://[canary", "", id="no address"),
        pytest.param("http://中文.test/", " to http://xn--fiq228c.test", id="not ascii"),
        pytest.param("", "", id="nowhere"),
    ],
)
async def test_a_redirect_does_not_carry_the_key_away(
    fake: FakeDeepSeek,
    provider: DeepSeek,
    caplog: pytest.LogCaptureFixture,
    status: int,
    place: str,
    to: str,
) -> None:
    with FakeDeepSeek(key=KEY) as elsewhere:
        port = elsewhere.url.rpartition(":")[2]
        names = {"here": fake.url, "elsewhere": elsewhere.url, "port": port}
        location = place.format(**names).encode().decode("latin-1")
        fake.script(Reply(status, "", headers=(("Location", location),)))
        with pytest.raises(BadRequestError) as caught:
            await provider.fill(request(), keep)
        tells_nothing(caught.value, caplog)
        assert str(caught.value) == (
            f"127.0.0.1 answered with a redirect{to.format(**names)} ({status}): check `base_url`."
        )
        assert elsewhere.connections == 0
    assert len(fake.requests) == 1


def test_the_key_is_not_in_repr() -> None:
    assert "canary" not in repr(DeepSeek(api_key=KEY, base_url="http://api.test"))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        pytest.param(
            "The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed x.",
            "There is no model deepseek-flash: set `completion.model` to deepseek-flash or "
            "deepseek-v4-pro.",
            id="documented",
        ),
        pytest.param(
            "The supported API model names are a or b, but you passed x",
            "There is no model deepseek-flash: set `completion.model` to a or b.",
            id="or",
        ),
        pytest.param(
            "supported API model names are a.1, b_2",
            "There is no model deepseek-flash: set `completion.model` to a.1 or b_2.",
            id="short",
        ),
        pytest.param("The supported API model names are <b>, but", None, id="no names"),
        pytest.param(f"supported API model names are {'x' * 9000}", None, id="no end"),
        pytest.param("supported API model names are ", None, id="none"),
    ],
)
async def test_a_retired_model_is_named_and_so_are_its_heirs(
    fake: FakeDeepSeek, provider: DeepSeek, message: str, said: str | None
) -> None:
    fake.script(Reply(400, envelope(message)))
    with pytest.raises(BadRequestError) as caught:
        await provider.fill(request(), keep)
    if said is None:
        said = "127.0.0.1 refused the request (400): check the `completion` settings."
    assert str(caught.value) == said


async def test_the_reference_refuses_a_retired_model(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    with pytest.raises(BadRequestError, match=r"deepseek-chat: .* deepseek-flash or deepseek-v4"):
        await provider.fill(request(model="deepseek-chat"), keep)


async def test_a_model_that_is_not_listed_is_gone_whatever_the_refusal_says(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.models = ("deepseek-v5-flash", "模型", "b")
    fake.script(Reply(400, envelope("something else")))
    with pytest.raises(UnknownModelError) as caught:
        await provider.fill(request(), keep)
    assert caught.value.asked == "deepseek-flash"
    assert caught.value.supported == ("deepseek-v5-flash", "b")
    assert [sent.path for sent in fake.requests] == ["/beta/completions", "/models"]


async def test_a_model_that_is_listed_is_not_what_was_refused(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.script(Reply(400, envelope("something else")))
    with pytest.raises(BadRequestError) as caught:
        await provider.fill(request(), keep)
    assert type(caught.value) is BadRequestError


@pytest.mark.parametrize(
    ("value", "wish"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", None),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1e99", None),
        ("9" * 400, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_passed_on(
    fake: FakeDeepSeek, provider: DeepSeek, status: int, value: str, wish: float | None
) -> None:
    fake.script(Reply(status, "", headers=(("Retry-After", value),)))
    with pytest.raises(ProviderError) as caught:
        await provider.fill(request(), keep)
    assert caught.value.retry_after_s == wish


async def test_a_date_to_come_is_so_many_seconds(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    fake.script(Reply(429, "", headers=(("Retry-After", format_datetime(until, usegmt=True)),)))
    with pytest.raises(RateLimitError) as caught:
        await provider.fill(request(), keep)
    assert caught.value.retry_after_s == pytest.approx(3600, abs=60)


async def test_too_many_requests_and_a_low_balance_are_told_apart(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    low = "Your current concurrency is 40, which exceeds the limit based on your remaining balance"
    for message, word in ((low, "top up"), ("slow down", "number of requests")):
        fake.script(Reply(429, envelope(message)))
        with pytest.raises(RateLimitError, match=word):
            await provider.fill(request(), keep)


async def test_balance_and_models_are_read(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    assert isinstance(provider, Account)
    assert await provider.balance() == Balance(True, ("10.00 USD",))
    fake.balance = "0.00"
    assert await provider.balance() == Balance(False, ("0.00 USD",))
    assert await provider.models() == MODELS


@pytest.mark.parametrize(
    ("answer", "amounts"),
    [
        pytest.param({"is_available": True}, (), id="no infos"),
        pytest.param({"is_available": True, "balance_infos": None}, (), id="null"),
        pytest.param({"is_available": True, "balance_infos": [1, {"currency": 3}]}, (), id="odd"),
        pytest.param(
            {
                "is_available": True,
                "balance_infos": [
                    {"currency": "CNY", "total_balance": "1.50"},
                    {"currency": "<b>", "total_balance": "sk-key"},
                ],
            },
            ("1.50 CNY",),
            id="only what is an amount is repeated",
        ),
    ],
)
async def test_balance_of_odd_shape(answer: object, amounts: tuple[str, ...]) -> None:
    async with answering(answer) as provider:
        assert (await provider.balance()).amounts == amounts


@pytest.mark.parametrize("answer", [[], {}, {"data": 1}, {"is_available": "yes"}, "text", None])
async def test_facts_of_the_wrong_shape_are_provider_errors(answer: object) -> None:
    async with answering(answer) as provider:
        with pytest.raises(UnavailableError, match="`base_url`"):
            await provider.balance()
        with pytest.raises(UnavailableError, match="`base_url`"):
            await provider.models()


async def test_facts_that_cannot_be_had_are_provider_errors(fake: FakeDeepSeek) -> None:
    for provider, error in (
        (DeepSeek(api_key="sk-wrong", base_url=fake.url), AuthenticationError),
        (DeepSeek(api_key="no\nkey", base_url=fake.url), AuthenticationError),
        (DeepSeek(api_key=KEY, base_url=fake.url + "/elsewhere"), BadRequestError),
        (DeepSeek(api_key=KEY, base_url="http://127.0.0.1:9"), ConnectError),
    ):
        with pytest.raises(error):
            await provider.balance()
        await provider.aclose()


@contextlib.asynccontextmanager
async def answering(value: object) -> AsyncIterator[DeepSeek]:
    """A provider whose service answers everything with *value*."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        provider = DeepSeek(api_key=KEY, base_url=f"http://127.0.0.1:{server.server_port}")
        try:
            yield provider
        finally:
            await provider.aclose()
            server.shutdown()
            thread.join()


async def test_being_reached_is_told(fake: FakeDeepSeek) -> None:
    reached = asyncio.Event()
    provider = DeepSeek(api_key=KEY, base_url=fake.url, connected=reached.set)
    provider.warm()
    await reached.wait()
    await provider.aclose()
    await asyncio.to_thread(
        fake.wait_until, lambda: fake.connections == 1 and fake.open_connections == 0
    )


async def test_the_wrong_key_is_an_authentication_error(
    fake: FakeDeepSeek, provider: DeepSeek, caplog: pytest.LogCaptureFixture
) -> None:
    fake.key = "sk-other"
    with pytest.raises(AuthenticationError) as caught:
        await provider.fill(request(), keep)
    tells_nothing(caught.value, caplog)


@pytest.mark.parametrize("key", ["", " ", f"{KEY}\n", f"{KEY} ", f"{KEY}é", f"“{KEY}”", "a\0b"])
async def test_what_cannot_be_a_key_is_not_sent(
    fake: FakeDeepSeek, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = DeepSeek(api_key=key, base_url=fake.url)
    with pytest.raises(AuthenticationError) as caught:
        await provider.fill(request(), keep)
    await provider.aclose()
    tells_nothing(caught.value, caplog)
    assert fake.connections == 0


# What takes too long.


async def test_a_stream_that_falls_silent_is_given_up(fake: FakeDeepSeek) -> None:
    provider = DeepSeek(api_key=KEY, base_url=fake.url, idle_timeout_s=0.05)
    fake.script(data(chunk("a")), Wait())
    with pytest.raises(UnavailableError, match="in time"):
        await provider.fill(request(), keep)
    await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)
    await provider.aclose()


@pytest.mark.parametrize("filler", [b": keep-alive\n\n", b"\n\n", b"data:\n\n"])
async def test_keeping_alive_is_not_answering(fake: FakeDeepSeek, filler: bytes) -> None:
    provider = DeepSeek(api_key=KEY, base_url=fake.url, idle_timeout_s=0.05)
    fake.script(lambda _: itertools.chain([data(chunk("a"))], forever(Send(filler))))
    with pytest.raises(UnavailableError, match="in time"):
        await provider.fill(request(), keep)
    fake.script(lambda _: forever(Send(filler)))
    with pytest.raises(UnavailableError, match="in time"):
        await provider.fill(request(timeout_s=0.1), keep)
    await provider.aclose()


async def test_silence_before_the_first_text_only_ends_with_the_whole_call(
    fake: FakeDeepSeek,
) -> None:
    provider = DeepSeek(api_key=KEY, base_url=fake.url, idle_timeout_s=0.0)
    wait = Wait()
    fake.script(Send(b": keep-alive\n\n"), data(chunk("")), wait, data(chunk("a", "stop")))
    task = asyncio.create_task(provider.fill(request(), keep))
    await asyncio.to_thread(fake.wait_for_requests, 1)
    wait.event.set()
    assert (await task).text == "a"
    await provider.aclose()


@pytest.mark.parametrize(
    "steps",
    [[Wait()], [Head(), Wait()], [data(chunk("a")), Wait()]],
    ids=["no headers", "no body", "no end"],
)
async def test_the_wall_clock_ends_everything(fake: FakeDeepSeek, steps: list[Step]) -> None:
    provider = DeepSeek(api_key=KEY, base_url=fake.url, idle_timeout_s=HOUR)
    fake.script(*steps)
    with pytest.raises(UnavailableError, match="in time"):
        await provider.fill(request(timeout_s=0.1), keep)
    await provider.aclose()


async def test_what_is_complete_does_not_wait_for_the_end(fake: FakeDeepSeek) -> None:
    provider = DeepSeek(api_key=KEY, base_url=fake.url, idle_timeout_s=HOUR)
    fake.script(*sse("a", usage=USAGE), Wait())
    result = await provider.fill(request(timeout_s=HOUR), keep)
    assert result == FimResult("a", Finish.STOP, TokenUsage(64, 36, 7))
    await provider.aclose()


async def test_what_is_refused_does_not_wait_for_the_end(
    fake: FakeDeepSeek, provider: DeepSeek
) -> None:
    fake.script(Head(401), Send(b"{"), Wait())
    with pytest.raises(AuthenticationError):
        await provider.fill(request(timeout_s=HOUR), keep)


async def test_no_time_is_too_little(fake: FakeDeepSeek, provider: DeepSeek) -> None:
    with pytest.raises(UnavailableError, match="in time"):
        await provider.fill(request(timeout_s=0.0), keep)


# Nobody there.


async def connecting_fails(base_url: str, caplog: pytest.LogCaptureFixture) -> str:
    provider = DeepSeek(api_key=KEY, base_url=base_url)
    provider.warm()
    with pytest.raises(ConnectError) as caught:
        await provider.fill(request(), keep)
    await provider.aclose()
    tells_nothing(caught.value, caplog)
    return str(caught.value)


@pytest.mark.parametrize("host", ["xn--", "\ud800", "a b", "a" * 5000, "a\0b"])
async def test_a_name_no_host_can_have(host: str, caplog: pytest.LogCaptureFixture) -> None:
    provider = DeepSeek(api_key=KEY, base_url=f"http://{host}")
    provider.warm()
    with pytest.raises(ProviderError):
        await provider.fill(request(), keep)
    await provider.aclose()


async def test_a_refused_connection_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refuses" in await connecting_fails(f"http://127.0.0.1:{port}", caplog)
    assert "refuses" in await connecting_fails(f"http://localhost:{port}", caplog)


async def test_an_unknown_host_is_named(caplog: pytest.LogCaptureFixture) -> None:
    said = await connecting_fails("http://nonexistent.invalid", caplog)
    assert said == ("The name nonexistent.invalid is not known: check the network and `base_url`.")


async def test_a_service_without_tls_is_named(
    fake: FakeDeepSeek, caplog: pytest.LogCaptureFixture
) -> None:
    said = await connecting_fails(fake.url.replace("http", "https"), caplog)
    assert said == "127.0.0.1 does not speak TLS as it should: check `base_url` and any proxy."


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://api.test", "http://a:b:c", "http://a..b"])
async def test_a_bad_address_names_the_setting(url: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "`base_url`" in await connecting_fails(url, caplog)


async def test_a_proxy_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("no_proxy")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    assert (await connecting_fails("https://api.test", caplog)).startswith(
        "The proxy 127.0.0.1 refuses"
    )


async def test_a_proxy_we_cannot_use(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    assert "httpx[socks]" in await connecting_fails("https://api.test", caplog)


async def test_an_error_of_the_caller_is_contained_too(
    fake: FakeDeepSeek, provider: DeepSeek, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(text: str) -> bool:
        raise KeyError(text)

    with pytest.raises(UnavailableError) as caught:
        await provider.fill(request(), fail)
    assert "KeyError" in caplog.text
    tells_nothing(caught.value, caplog)


async def test_the_log_tells_sizes_only(
    fake: FakeDeepSeek, provider: DeepSeek, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await provider.fill(request(), keep)
    assert f"{len(PREFIX)} + {len(SUFFIX)} characters sent, {len(TEXT)} received" in caplog.text
    assert "canary" not in caplog.text
    assert "sk-" not in caplog.text
