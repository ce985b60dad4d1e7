import asyncio
import socket
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from ds_lsp.providers import connection
from ds_lsp.providers.connection import Connection
from tests.fake_deepseek import Close, FakeDeepSeek, Wait

BODY = {"model": "deepseek-flash", "prompt": "x", "max_tokens": 1, "stream": True}


@pytest.fixture
async def link(fake: FakeDeepSeek) -> AsyncIterator[Connection]:
    link = Connection(fake.url)
    yield link
    await link.aclose()


async def post(link: Connection, fake: FakeDeepSeek) -> str:
    headers = {"Authorization": f"Bearer {fake.key}"}
    response = await link.client.post(f"{fake.url}/beta/completions", json=BODY, headers=headers)
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
    link.warm()
    await opened(fake, 2)
    await post(link, fake)
    assert fake.requests[1].connection == 2
    assert fake.connections == 2


@pytest.mark.parametrize("used_before", [True, False], ids=["idle", "spare"])
async def test_a_closed_connection_is_no_error(
    fake: FakeDeepSeek, link: Connection, used_before: bool
) -> None:
    if used_before:
        await post(link, fake)
    else:
        link.warm()
        await opened(fake, 1)
    await asyncio.to_thread(fake.close_idle_connections)
    assert "[DONE]" in await post(link, fake)
    assert fake.connections == 2


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
            await asyncio.gather(*tasks)
    assert len(tasks) == 1
    with pytest.raises(httpx.ConnectError):
        await link.client.get(f"http://127.0.0.1:{free}/")
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


async def test_redirects_are_not_followed(fake: FakeDeepSeek, link: Connection) -> None:
    assert not link.client.follow_redirects


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
    assert link.proxied == proxied
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
    await link.client.get("http://api.test/models", headers={"Authorization": "Bearer sk-fake"})
    await link.aclose()
    assert fake.requests[0].path == "http://api.test/models"


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


@pytest.mark.parametrize(("pause_s", "connections"), [(60.0, 1), (290.0, 1), (310.0, 2)])
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
