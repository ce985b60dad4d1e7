"""Connections to one host that are open before a request needs them.

Opening one takes two round trips, three times what a request on a warm one takes in all. httpx
offers no way to open one without sending a request, so its place is taken here by `http1`; behind
a proxy, all is left to httpx.
"""

import asyncio
import errno
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import httpx
import truststore

from ds_lsp.errors import ConnectError
from ds_lsp.providers.http1 import Headers, Http11Connection
from ds_lsp.providers.proxy import ThroughProxy, UnusableProxyError, proxy_before

KEEPALIVE_S = 330.0
"""How long an idle connection is kept, in seconds: a human pauses for five minutes, where httpx
keeps one for 5 s. Not for longer: gateways forget it after 350 s (AWS), and do not say so."""
OPEN_TIMEOUT_S = 5.0
"""Wall clock for opening a connection, in seconds."""
RETRY_S = 1.0
"""After a connection could not be opened ahead of need, leave it for as many seconds."""
MAX_IDLE = 2
"""Idle connections kept: one in use, one from a call that ran beside it."""
MAX_IN_USE = 4
"""Requests at once; what is asked beyond waits its turn."""
CLOSE_TIMEOUT_S = 0.1
"""How long closing waits for a connection that is being opened, in seconds."""

_STALE = (httpx.ReadError, httpx.RemoteProtocolError)
"""How a request fails on a connection that the server, or the network, has given up."""

PROXY_WANTS_PASSWORD = (
    "The proxy asks for a name and a password: put them into its address, as in "
    "https_proxy=http://name:password@host:port."
)

_STATUS = re.compile("[1-5][0-9]{2}")
"""The status by which a proxy refuses to open a way, at the start of httpx's words for it."""

STALE_WITHIN_S = 0.2
"""Maximum seconds after which a lost connection, of those that were idle, counts as one that was
dead before: its end is on the way when the request is sent. Longer where opening it took longer."""

_TIMED_OUT_WHILE_IDLE = 408
"""What some servers say on an idle connection before they close it (RFC 9110, 15.5.9)."""

UNREACHABLE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnusableProxyError,
    UnicodeError,  # a host name that cannot be one
)
"""What a request raises when no connection came about."""


class Connection:
    """The way to one origin.

    Lives in one event loop. Making one raises `httpx.InvalidURL` or `httpx.UnsupportedProtocol`
    when *base_url* is no http(s) address, and `UnusableProxyError` when the environment names a
    proxy that cannot be used.
    """

    def __init__(self, base_url: str, connected: Callable[[], None] = lambda: None) -> None:
        """*connected* is called when a connection was opened ahead of need."""
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol("not an http(s) address")
        self.proxy = proxy_before(url)
        """The proxy all requests go through; None where there is none."""
        self._transport: _DirectPool | ThroughProxy
        if self.proxy:
            limits = httpx.Limits(max_keepalive_connections=MAX_IDLE, keepalive_expiry=KEEPALIVE_S)
            self._transport = ThroughProxy(self.proxy, _ssl_context(), limits)
        else:
            self._transport = _DirectPool(url, connected)

    async def send(
        self, request: httpx.Request, sent: Callable[[], None] = lambda: None
    ) -> httpx.Response:
        """The answer to *request*, its body yet to be read; closing it is a must.

        *sent* is called when the first byte is about to leave. Raises `httpx.HTTPError`, and what
        else is in `UNREACHABLE`. Cancelling hangs up.
        """
        return await self._transport.send(request, sent)

    def warm(self) -> None:
        """Open a connection unless one is idle, open or being opened. Never raises."""
        self._transport.warm()

    async def aclose(self) -> None:
        """Close every connection. `warm` does nothing any more."""
        await self._transport.aclose()


@dataclass(frozen=True, slots=True)
class ConnectionProbe:
    """How a connection came about, step by step, in milliseconds; None: there was no such step."""

    proxy: str | None
    """The proxy's host; behind one, the steps are its business."""
    name_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    tls: str | None = None
    """The version of TLS."""


async def probe(base_url: str) -> ConnectionProbe:
    """Open a connection, and close it. Raises `ConnectError` with the step that failed."""
    host = "base_url"
    try:
        url = httpx.URL(base_url)
        host = url.host
        if proxy := proxy_before(url):
            proxy.check()
            return ConnectionProbe(proxy.host)
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            return await _probe(url)
    except (OSError, TimeoutError, httpx.InvalidURL, ValueError) as exc:
        failure = ConnectError(why_unreachable(exc, host))
    raise failure


async def _probe(url: httpx.URL) -> ConnectionProbe:
    loop, started = asyncio.get_running_loop(), time.perf_counter()
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    named = time.perf_counter()
    _, writer = await asyncio.open_connection(str(found[0][4][0]), port)
    connected = time.perf_counter()
    tls = None
    try:
        if url.scheme == "https":
            await writer.start_tls(_ssl_context(), server_hostname=url.host)
            tls = writer.get_extra_info("ssl_object").version()
    finally:
        writer.close()
    secured = time.perf_counter()
    return ConnectionProbe(
        None,
        (named - started) * 1000,
        (connected - named) * 1000,
        (secured - connected) * 1000 if tls else None,
        tls,
    )


def why_unreachable(exc: BaseException, host: str, setting: str = "`base_url`") -> str:
    """Return one sentence out of the chain of causes of *exc*.

    *host* is where the connection was to go, and *setting* names what says so.
    """
    sentence = _why(exc, host, setting)
    return sentence[0].upper() + sentence[1:] if host.startswith("the ") else sentence


def _why(exc: BaseException, host: str, setting: str) -> str:
    for cause in _causes(exc):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"The certificate of {host} is not valid ({cause.verify_message})."
            case ssl.SSLError():
                return f"{host} does not speak TLS as it should: check {setting} and any proxy."
            case socket.gaierror() | UnicodeError():
                name = host.replace("the proxy", "of the proxy")
                return f"The name {name} is not known: check the network and {setting}."
            case ConnectionRefusedError():
                return f"{host} refuses connections: check {setting}."
            case UnusableProxyError():
                return str(cause)
            case httpx.ProxyError() if "407" in str(cause):
                return PROXY_WANTS_PASSWORD
            case httpx.ProxyError() if status := _STATUS.match(str(cause)):
                return f"{host} does not let the request through ({status[0]}): check {setting}."
            case httpx.InvalidURL() | httpx.UnsupportedProtocol():
                return "`base_url` is not an http or https address."
    return f"{host} cannot be reached: check the network."


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        if isinstance(exc, BaseExceptionGroup):
            exc = exc.exceptions[0]
        else:
            exc = exc.__cause__ or exc.__context__


def _ssl_context() -> ssl.SSLContext:
    """The operating system's certificates: companies install their own there."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # HTTP/2 as httpx speaks it does not tell the server of a hang-up, and a completion that
    # nobody waits for is paid to its end.
    context.set_alpn_protocols(["http/1.1"])
    return context


class _DirectPool:
    """Connections of our own, one of them opened ahead of need.

    One request waits for what is being opened, or none: then it is idle once it is there. A
    request that is cancelled leaves its opening to the next.
    """

    def __init__(self, url: httpx.URL, connected: Callable[[], None]) -> None:
        self._context = _ssl_context() if url.scheme == "https" else None
        self._host = url.raw_host.decode("ascii")
        self._port = url.port or (443 if self._context else 80)
        self._connected = connected
        self._idle: list[tuple[Http11Connection, float]] = []
        """The one used last is the last; with when that was."""
        self._in_use: set[Http11Connection] = set()
        self._turns = asyncio.Semaphore(MAX_IN_USE)
        self._openings: set[asyncio.Task[Http11Connection]] = set()
        self._unclaimed: list[asyncio.Task[Http11Connection]] = []
        """Those that no request waits for."""
        self._not_before = 0.0
        self._closed = False

    def warm(self) -> None:
        if self._closed or self._openings or any(_is_usable(*idle) for idle in self._idle):
            return
        if asyncio.get_running_loop().time() >= self._not_before:
            self._abandon(self._open())

    async def send(self, request: httpx.Request, sent: Callable[[], None]) -> httpx.Response:
        await self._turns.acquire()
        try:
            connection, status, headers = await self._exchange(request, sent)
        except BaseException:
            self._turns.release()
            raise
        return httpx.Response(
            status, headers=headers, stream=_ResponseBody(self, connection), request=request
        )

    def release(self, connection: Http11Connection) -> None:
        """The answer on *connection* has been read, or nobody wants more of it."""
        self._in_use.discard(connection)
        self._turns.release()
        if connection.finish():
            self._release(connection)

    async def aclose(self) -> None:
        self._closed = True
        for connection in self._in_use:
            connection.hang_up()
        self._drop_idle()
        if self._openings:
            # Cancelled, asyncio would leave a socket open. One that comes later is hung up then.
            await asyncio.wait(self._openings, timeout=CLOSE_TIMEOUT_S)
        # asyncio closes a socket the next time around.
        await asyncio.sleep(0)

    async def _exchange(
        self, request: httpx.Request, sent: Callable[[], None]
    ) -> tuple[Http11Connection, int, Headers]:
        """Send *request*, once more where the connection had died while it was idle.

        Nothing tells a dead connection from a live one before it is used. Sent again is only what
        no service can have worked on: no byte of an answer has come, or a goodbye (408) alone, and
        the end came as soon as it does from a connection that is gone. Else it would be paid twice.
        """
        head = request.method.encode(), request.url.raw_path, request.headers.raw
        may_repeat = True
        while True:
            connection, is_fresh = await self._acquire()
            may_repeat = may_repeat and not is_fresh
            self._in_use.add(connection)
            asked_at = asyncio.get_running_loop().time()
            try:
                sent()
                status, headers = await connection.ask(*head, request.content)
                is_goodbye = status == _TIMED_OUT_WHILE_IDLE
                if not (is_goodbye and may_repeat and _was_dead(connection, asked_at)):
                    return connection, status, headers
            except BaseException as exc:
                self._drop(connection)
                is_lost = isinstance(exc, _STALE) and not connection.has_answered
                if not (is_lost and may_repeat and _was_dead(connection, asked_at)):
                    raise
            else:
                self._drop(connection)
            may_repeat = False
            # The others have been idle as long, or longer.
            self._drop_idle()

    def _drop(self, connection: Http11Connection) -> None:
        self._in_use.discard(connection)
        connection.hang_up()

    def _drop_idle(self) -> None:
        for connection, _ in self._idle:
            connection.hang_up()
        self._idle.clear()

    async def _acquire(self) -> tuple[Http11Connection, bool]:
        """A connection, and whether it is too new to be a dead one. Raises what opening one raises.

        One that was being opened when this was asked has not been idle, whoever it was opened for.
        """
        while not self._closed:
            if connection := self._take_idle():
                return connection, False
            is_own = not self._unclaimed
            opening = self._open() if is_own else self._unclaimed.pop()
            try:
                await asyncio.wait([opening])
            except asyncio.CancelledError:
                self._abandon(opening)
                raise
            error = opening.exception()
            if not error:
                return opening.result(), True
            # What was begun earlier may have failed by a network that has come back since.
            if is_own:
                raise error
        raise httpx.ConnectError("closed")

    def _take_idle(self) -> Http11Connection | None:
        while self._idle:
            connection, since = self._idle.pop()
            if _is_usable(connection, since):
                return connection
            connection.hang_up()
        return None

    def _release(self, connection: Http11Connection) -> None:
        if self._closed:
            connection.hang_up()
            return
        self._idle.append((connection, time.monotonic()))
        if len(self._idle) > MAX_IDLE:
            self._idle.pop(0)[0].hang_up()

    def _open(self) -> asyncio.Task[Http11Connection]:
        opening = asyncio.create_task(self._dial())
        self._openings.add(opening)
        opening.add_done_callback(self._finish_opening)
        return opening

    def _abandon(self, opening: asyncio.Task[Http11Connection]) -> None:
        """No request waits for *opening*."""
        self._unclaimed.append(opening)
        if opening.done():
            self._finish_opening(opening)

    def _finish_opening(self, opening: asyncio.Task[Http11Connection]) -> None:
        self._openings.discard(opening)
        if opening not in self._unclaimed:
            return
        self._unclaimed.remove(opening)
        if opening.cancelled() or opening.exception():
            # Whatever it is, the next request meets it and says so.
            self._not_before = asyncio.get_running_loop().time() + RETRY_S
        else:
            self._release(opening.result())
            self._connected()

    async def _dial(self) -> Http11Connection:
        # A name server or a firewall that drops packets: offline, and not merely slow.
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                return await Http11Connection.open(self._host, self._port, self._context)
        except TimeoutError as exc:
            raise httpx.ConnectTimeout("") from exc
        except OSError as exc:
            raise httpx.ConnectError("") from _most_telling(exc)


def _was_dead(connection: Http11Connection, asked_at: float) -> bool:
    """Return whether an exchange that began at *asked_at* ended too soon to have been one."""
    took_s = asyncio.get_running_loop().time() - asked_at
    return took_s <= max(STALE_WITHIN_S, connection.opened_in_s)


def _most_telling(error: OSError) -> OSError:
    """Of several addresses that failed, asyncio gives no more than the texts."""
    if f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return ConnectionRefusedError()
    return error


def _is_usable(connection: Http11Connection, since: float) -> bool:
    return connection.is_idle and time.monotonic() - since < KEEPALIVE_S


class _ResponseBody(httpx.AsyncByteStream):
    """The body of an answer; closing it gives its connection back."""

    def __init__(self, pool: _DirectPool, connection: Http11Connection) -> None:
        self._pool = pool
        self._connection: Http11Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection and (part := await self._connection.read()):
            yield part

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            self._pool.release(connection)
