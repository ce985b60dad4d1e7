import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from ds_lsp.providers.http import connections as connection
from ds_lsp.providers.http.connections import (
    MAX_IDLE,
    MAX_IN_USE,
    STALE_WITHIN_S,
    UNREACHABLE,
    Connection,
    why_unreachable,
)
from ds_lsp.providers.http.http11 import MAX_HEAD_BYTES, MAX_WAITING_BYTES, Http11Connection
from tests.fake_deepseek import Close, FakeDeepSeek, Raw, Reply, Send, Wait, sse

BODY = {"model": "deepseek-flash", "prompt": "x", "max_tokens": 1, "stream": True}


@pytest.fixture
async def link(fake: FakeDeepSeek) -> AsyncIterator[Connection]:
    link = Connection(fake.url)
    yield link
    await link.aclose()


async def post(link: Connection, fake: FakeDeepSeek) -> str:
    return await send(link, "POST", f"{fake.url}/beta/completions", fake.key, json=BODY)


async def send(
    link: Connection, method: str, url: str, key: str = "sk-fake", json: object = None
) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    response = await link.send(httpx.Request(method, url, json=json, headers=headers))
    try:
        await response.aread()
    finally:
        await response.aclose()
    return response.text


async def opened(fake: FakeDeepSeek, count: int) -> None:
    await asyncio.to_thread(fake.wait_until, lambda: fake.connections >= count)


async def settle() -> None:
    """Let the loop notice what has happened to its sockets already."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_warming_opens_a_connection_and_the_request_uses_it(
    fake: FakeDeepSeek, link: Connection
) -> None:
    link.warm()
    await opened(fake, 1)
    assert fake.requests == []
    assert "[DONE]" in await post(link, fake)
    assert fake.requests[0].connection == 1
    assert fake.connections == 1


async def test_a_request_waits_for_the_connection_that_is_being_opened(
    fake: FakeDeepSeek, link: Connection
) -> None:
    link.warm()
    await post(link, fake)
    assert fake.connections == 1


async def test_warming_often_opens_one_connection(fake: FakeDeepSeek, link: Connection) -> None:
    for _ in range(100):
        link.warm()
        await asyncio.sleep(0)
    await opened(fake, 1)
    for _ in range(100):
        link.warm()
        await asyncio.sleep(0)
    await post(link, fake)
    for _ in range(100):
        link.warm()
        await asyncio.sleep(0)
    await post(link, fake)
    assert fake.connections == 1


async def test_a_spare_is_opened_while_the_only_connection_is_busy(
    fake: FakeDeepSeek, link: Connection
) -> None:
    wait = Wait()
    fake.script(wait)
    first = asyncio.create_task(post(link, fake))
    await asyncio.to_thread(fake.wait_for_requests, 1)
    link.warm()
    await opened(fake, 2)
    first.cancel()
    await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)
    await post(link, fake)
    assert fake.requests[1].connection == 2
    assert fake.connections == 2


async def test_two_requests_in_a_row_use_one_connection(
    fake: FakeDeepSeek, link: Connection
) -> None:
    await post(link, fake)
    await post(link, fake)
    assert [request.connection for request in fake.requests] == [1, 1]


async def test_a_spare_that_the_server_closed_is_replaced(
    fake: FakeDeepSeek, link: Connection
) -> None:
    link.warm()
    await opened(fake, 1)
    await asyncio.to_thread(fake.close_idle_connections)
    await settle()
    link.warm()
    await opened(fake, 2)
    await post(link, fake)
    assert fake.requests[0].connection == 2


async def test_an_idle_connection_that_the_server_closed_is_replaced(
    fake: FakeDeepSeek, link: Connection
) -> None:
    await post(link, fake)
    await asyncio.to_thread(fake.close_idle_connections)
    await settle()
    link.warm()
    await opened(fake, 2)
    await post(link, fake)
    assert fake.requests[1].connection == 2
    assert fake.connections == 2


@pytest.mark.parametrize("used_before", [True, False], ids=["idle", "spare"])
async def test_a_closed_connection_is_no_error(fake: FakeDeepSeek, used_before: bool) -> None:
    is_spare = asyncio.Event()
    link = Connection(fake.url, is_spare.set)
    if used_before:
        await post(link, fake)
    else:
        link.warm()
        # The server accepts a connection before its client has opened it. A connection that closes
        # while the client still opens it is an error: see below.
        await is_spare.wait()
        await opened(fake, 1)
    await asyncio.to_thread(fake.close_idle_connections)
    assert "[DONE]" in await post(link, fake)
    assert fake.connections == 2
    await link.aclose()


async def test_a_connection_found_dead_only_by_using_it_is_no_error(
    fake: FakeDeepSeek, link: Connection
) -> None:
    await post(link, fake)
    fake.script(Close())
    assert "[DONE]" in await post(link, fake)
    assert [request.connection for request in fake.requests] == [1, 1, 2]


async def test_a_fresh_connection_that_closes_is_an_error(
    fake: FakeDeepSeek, link: Connection
) -> None:
    fake.script(Close())
    with pytest.raises(httpx.RemoteProtocolError):
        await post(link, fake)
    assert len(fake.requests) == 1


async def test_a_spare_that_was_still_being_opened_and_closes_is_an_error(
    fake: FakeDeepSeek, link: Connection
) -> None:
    link.warm()
    fake.script(Close())
    with pytest.raises(httpx.RemoteProtocolError):
        await post(link, fake)
    assert len(fake.requests) == 1


async def test_a_failure_to_warm_is_silent_and_not_repeated_at_every_keystroke(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "RETRY_S", 3600.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    link = Connection(f"http://127.0.0.1:{free}")
    tasks = set()
    async with asyncio.timeout(10):
        for _ in range(50):
            link.warm()
            tasks |= asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait(tasks)
    assert len(tasks) == 1
    with pytest.raises(httpx.ConnectError):
        await send(link, "GET", f"http://127.0.0.1:{free}/")
    await link.aclose()
    assert caplog.records == []


@pytest.mark.parametrize("opened_yet", [True, False], ids=["open", "opening"])
async def test_closing_closes_the_spare(
    fake: FakeDeepSeek, link: Connection, opened_yet: bool
) -> None:
    link.warm()
    if opened_yet:
        await opened(fake, 1)
    await link.aclose()
    link.warm()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await asyncio.to_thread(fake.wait_until, lambda: fake.open_connections == 0)


async def test_a_request_that_is_cancelled_leaves_the_connection_being_opened(
    fake: FakeDeepSeek, link: Connection
) -> None:
    link.warm()
    request = asyncio.create_task(post(link, fake))
    await asyncio.sleep(0)
    request.cancel()
    await opened(fake, 1)
    await settle()
    await post(link, fake)
    assert fake.requests[0].connection == 1
    assert fake.connections == 1


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
async def test_a_request_that_is_cancelled_at_any_moment_leaves_its_place(
    fake: FakeDeepSeek, link: Connection, is_warm: bool
) -> None:
    fake.break_down(lambda _: [*sse("one", finish=None, done=False), Wait()])
    for turns in range(4 * MAX_IN_USE):
        if is_warm:
            link.warm()
            await asyncio.to_thread(fake.wait_until, lambda: fake.open_connections > 0)
        request = asyncio.create_task(post(link, fake))
        for _ in range(turns):
            await asyncio.sleep(0)
        # Once more while it is ending, as a deadline would.
        while not request.done():
            request.cancel()
            await asyncio.sleep(0)
    fake.mend()
    together = [asyncio.create_task(post(link, fake)) for _ in range(MAX_IN_USE)]
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*together)
    assert all("[DONE]" in answer for answer in answers)


async def test_a_call_through_a_proxy_that_is_cancelled_twice_is_hung_up(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", fake.url)
    fake.break_down(lambda _: [*sse("one", finish=None, done=False), Wait()])
    link = Connection("http://api.test")
    url = "http://api.test/beta/completions"
    for turns in range(40):
        request = asyncio.create_task(send(link, "POST", url, fake.key, json=BODY))
        for _ in range(turns):
            await asyncio.sleep(0)
        while not request.done():
            request.cancel()
            await asyncio.sleep(0)
        await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
    assert any(request.hung_up for request in fake.requests)
    await link.aclose()


class Dials:
    """Openings of connections, each held back until it is let go or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: list[asyncio.Future[None]] = []
        really_open = Http11Connection.open

        async def open_when_told(*args: Any) -> Http11Connection:
            self.held.append(asyncio.get_running_loop().create_future())
            await self.held[-1]
            return await really_open(*args)

        monkeypatch.setattr(Http11Connection, "open", open_when_told)


async def test_closing_waits_for_no_connection_that_does_not_come_about(
    fake: FakeDeepSeek, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT_S", 0)
    dials = Dials(monkeypatch)
    link.warm()
    await settle()
    await link.aclose()
    dials.held[0].set_result(None)
    await opened(fake, 1)
    await asyncio.to_thread(fake.wait_until, lambda: fake.open_connections == 0)


async def test_closing_ends_what_is_being_read_and_asks_nobody_again(
    fake: FakeDeepSeek, link: Connection
) -> None:
    await post(link, fake)
    fake.script(Wait())
    request = asyncio.create_task(post(link, fake))
    await asyncio.to_thread(fake.wait_for_requests, 2)
    await link.aclose()
    with pytest.raises(httpx.ConnectError):
        await request
    assert fake.connections == 1


async def test_requests_that_are_cancelled_one_by_one_wait_for_one_connection(
    fake: FakeDeepSeek, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    dials = Dials(monkeypatch)
    for _ in range(5):
        link.warm()
        request = asyncio.create_task(post(link, fake))
        await settle()
        request.cancel()
        await settle()
    (dial,) = dials.held
    dial.set_result(None)
    assert "[DONE]" in await post(link, fake)
    assert fake.connections == 1


async def test_a_connection_that_was_begun_too_early_is_begun_again(
    fake: FakeDeepSeek, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    dials = Dials(monkeypatch)
    link.warm()
    request = asyncio.create_task(post(link, fake))
    await settle()
    dials.held[0].set_exception(OSError("the network was down"))
    await settle()
    dials.held[1].set_result(None)
    assert "[DONE]" in await request


async def test_requests_at_once_open_no_more_connections_than_they_are(
    fake: FakeDeepSeek, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    dials = Dials(monkeypatch)
    requests = [asyncio.create_task(post(link, fake)) for _ in range(MAX_IN_USE)]
    await settle()
    for dial in dials.held:
        dial.set_result(None)
    await asyncio.gather(*requests)
    assert fake.connections == MAX_IN_USE
    await asyncio.to_thread(fake.wait_until, lambda: fake.open_connections == MAX_IDLE)


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_server_that_accepts_and_ends_is_asked_once(greeting: bytes) -> None:
    accepted = 0

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        link = Connection(url)
        with pytest.raises(httpx.HTTPError):
            await send(link, "GET", url)
        await link.aclose()
    assert accepted == 1


@pytest.mark.parametrize(
    ("worked", "said", "requests"),
    [
        pytest.param(False, b"", 3, id="dead before"),
        pytest.param(False, b"HTTP/1.1 408 Request Timeout\r\n\r\n", 3, id="goodbye"),
        pytest.param(True, b"", 2, id="lost after work"),
        pytest.param(True, b"HTTP/1.1 408 Request Timeout\r\n\r\n", 2, id="408 after work"),
        pytest.param(False, b"HTTP/1.1 2", 2, id="half a status line"),
        pytest.param(False, b"HTTP/1.1 200 OK\r\nX Y\r\n\r\n", 2, id="a bad header"),
        pytest.param(True, b"HTTP/1.1 101 Switching\r\n\r\n", 2, id="another protocol"),
        pytest.param(False, b"\x00\x01", 2, id="no HTTP"),
    ],
)
async def test_a_request_is_sent_again_only_where_none_was_worked_on(
    fake: FakeDeepSeek,
    link: Connection,
    monkeypatch: pytest.MonkeyPatch,
    worked: bool,
    said: bytes,
    requests: int,
) -> None:
    monkeypatch.setattr(connection, "_was_dead", lambda link, asked_at: not worked)
    await post(link, fake)
    fake.script(Raw(said), Close())
    with suppress(httpx.HTTPError):
        await post(link, fake)
    assert len(fake.requests) == requests


@pytest.mark.parametrize(
    ("opened_in_s", "took_s", "dead"),
    [
        (0.01, 0.0, True),
        (0.01, STALE_WITHIN_S - 0.1, True),
        (0.01, STALE_WITHIN_S + 0.1, False),
        (9.0, 8.0, True),
        (9.0, 10.0, False),
    ],
)
async def test_a_connection_that_ends_within_a_round_trip_was_dead(
    opened_in_s: float, took_s: float, dead: bool
) -> None:
    link = Http11Connection()
    link.opened_in_s = opened_in_s
    assert connection._was_dead(link, asyncio.get_running_loop().time() - took_s) == dead


async def test_a_farewell_to_an_idle_connection_is_no_answer(
    fake: FakeDeepSeek, link: Connection
) -> None:
    await post(link, fake)
    fake.script(Reply(408, "too late"))
    assert "[DONE]" in await post(link, fake)
    assert [request.connection for request in fake.requests] == [1, 1, 2]


async def test_each_of_several_addresses_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")

    async def two_addresses(*_: object, **__: object) -> list[object]:
        return [(*kind, (f"127.0.0.{host}", free)) for host in (1, 2)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two_addresses)
    link = Connection("http://api.test")
    with pytest.raises(httpx.ConnectError) as failure:
        await send(link, "GET", "http://api.test/")
    await link.aclose()
    assert why_unreachable(failure.value, "api.test").startswith("api.test refuses connections")


async def test_a_name_that_no_host_can_have_is_not_known() -> None:
    link = Connection("http://a..b")
    with pytest.raises(UNREACHABLE) as failure:
        await send(link, "GET", "http://a..b/")
    await link.aclose()
    assert why_unreachable(failure.value, "a..b").startswith("The name a..b is not known")


async def test_a_server_that_says_more_than_is_read_has_to_wait(
    fake: FakeDeepSeek, link: Connection
) -> None:
    piece = Send(b"x" * 100_000)
    fake.script(*[piece] * 100)
    headers = {"Authorization": f"Bearer {fake.key}"}
    request = httpx.Request("POST", f"{fake.url}/beta/completions", json=BODY, headers=headers)
    response = await link.send(request)
    await settle()
    parts = [part async for part in response.aiter_raw()]
    await response.aclose()
    assert b"".join(parts) == piece.data * 100
    assert max(map(len, parts)) < 2 * MAX_WAITING_BYTES


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2 * MAX_HEAD_BYTES, id="endless head"),
    ],
)
async def test_what_is_no_answer_is_an_error(
    fake: FakeDeepSeek, link: Connection, raw: bytes
) -> None:
    fake.script(Raw(raw), Close())
    with pytest.raises(httpx.RemoteProtocolError):
        await post(link, fake)


@pytest.mark.parametrize(
    ("raw", "text", "connections"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", 1, id="length"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            *("abc", 1),
            id="a hint first",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;note=1\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
            *("abc", 1),
            id="chunks, with a note and a trailer",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
            *("abc", 2),
            id="the last on its connection",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n",
            *("abc", 2),
            id="more than was asked for",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", "", 1, id="no body"),
    ],
)
async def test_what_http_allows_is_read(
    fake: FakeDeepSeek, link: Connection, raw: bytes, text: str, connections: int
) -> None:
    is_read = Wait()
    fake.script(Raw(raw), is_read)
    assert await post(link, fake) == text
    is_read.event.set()
    await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
    await post(link, fake)
    assert fake.connections == connections


@pytest.mark.parametrize(
    ("proxies", "url", "proxied"),
    [
        pytest.param({}, "http://api.test", False, id="none"),
        pytest.param({"http_proxy": "http://p:1"}, "http://api.test", True, id="http"),
        pytest.param({"https_proxy": "http://p:1"}, "http://api.test", False, id="https only"),
        pytest.param({"https_proxy": "http://p:1"}, "https://api.test", True, id="https"),
        pytest.param({"all_proxy": "http://p:1"}, "https://api.test", True, id="all"),
        pytest.param(
            {"all_proxy": "http://p:1", "no_proxy": "localhost,.test"},
            "https://api.test",
            False,
            id="exception",
        ),
        pytest.param(
            {"all_proxy": "http://p:1", "no_proxy": "api.test:8000"},
            "http://api.test:8000",
            False,
            id="exception with a port",
        ),
        pytest.param(
            {"all_proxy": "http://p:1", "no_proxy": "other.test"},
            "https://api.test",
            True,
            id="exception for somebody else",
        ),
        pytest.param({"all_proxy": "http://p:1"}, "http://localhost:1", False, id="localhost"),
        pytest.param({"http_proxy": "http://p:1"}, "http://127.0.0.2", False, id="loopback"),
        pytest.param({"https_proxy": "http://p:1"}, "https://[::1]:1", False, id="loopback v6"),
    ],
)
async def test_proxies_of_the_environment_are_honored(
    proxies: dict[str, str], url: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy")
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    link = Connection(url)
    assert (link.proxy is not None) == proxied
    if proxied:
        link.warm()
        assert asyncio.all_tasks() == {asyncio.current_task()}
    await link.aclose()


async def test_a_request_goes_through_the_proxy(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", fake.url)
    link = Connection("http://api.test")
    await send(link, "GET", "http://api.test/models")
    await link.aclose()
    assert fake.requests[0].path == "http://api.test/models"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Busy\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b""])
async def test_asking_a_proxy_for_a_tunnel_sends_no_request(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    asked: list[bytes] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(answer)
        writer.close()

    sent: list[str] = []
    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        monkeypatch.delenv("no_proxy")
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("https_proxy", address)
        link = Connection("https://api.test")
        request = httpx.Request("POST", "https://api.test/beta/completions", content=b"{}")
        with pytest.raises(httpx.HTTPError):
            await link.send(request, lambda: sent.append("sent"))
        await link.aclose()
    assert asked == [b"CONNECT api.test:443 HTTP/1.1\r\n"]
    assert not sent


async def test_what_is_for_this_machine_goes_through_no_proxy(
    fake: FakeDeepSeek, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy")
    with FakeDeepSeek() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        link.warm()
        assert "[DONE]" in await post(link, fake)
        assert proxy.connections == 0


@pytest.mark.parametrize("url", ["", "api.test", "ftp://api.test", "http://", "http://a:b:c"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises((httpx.UnsupportedProtocol, httpx.InvalidURL)):
        Connection(url)


@pytest.mark.parametrize(("pause_s", "connections"), [(60.0, 1), (310.0, 1), (340.0, 2)])
async def test_a_connection_outlives_a_pausing_human(
    fake: FakeDeepSeek,
    link: Connection,
    monkeypatch: pytest.MonkeyPatch,
    pause_s: float,
    connections: int,
) -> None:
    await post(link, fake)
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + pause_s)
    await post(link, fake)
    assert fake.connections == connections
