"""Connections to one host, opened before a request needs them.

Opening a connection takes two round trips, and three times as long as a whole request on an open
one. httpx cannot open a connection without sending a request, so `http1` replaces it here; behind a
proxy, all is left to httpx.
"""

import asyncio
import errno
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import truststore

from ds_lsp.providers.http.http11 import Headers, Http11Connection
from ds_lsp.providers.http.proxy import ThroughProxy, UnusableProxyError, proxy_before

KEEPALIVE_S = 330.0
"""Maximum seconds an idle connection is kept: a user pauses for five minutes, but httpx keeps one
for 5 s. Not longer: gateways drop it after 350 s (AWS), without a notice."""
OPEN_TIMEOUT_S = 5.0
"""Wall clock for opening a connection, in seconds."""
RETRY_S = 1.0
"""Seconds without another attempt after opening a connection ahead of need has failed."""
MAX_IDLE = 2
"""Maximum idle connections: one of the usual calls, and one of a call that ran beside them."""
MAX_IN_USE = 4
"""Maximum requests at once; further ones wait for their turn."""
CLOSE_TIMEOUT_S = 0.1
"""Maximum seconds that closing waits for a connection being opened."""

_STALE = (httpx.ReadError, httpx.RemoteProtocolError)
"""Errors of a request on a connection that the server or the network has dropped."""

PROXY_WANTS_PASSWORD = (
    "The proxy asks for a name and a password: put them into its address, as in "
    "https_proxy=http://name:password@host:port."
)

_STATUS = re.compile("[1-5][0-9]{2}")
"""The status of a proxy that refuses a tunnel; httpx's message begins with it."""

STALE_WITHIN_S = 0.2
"""Maximum seconds from sending a request on an idle connection to its loss, for the connection to
count as dead before: its end was on the way when the request was sent. If opening the connection
took longer, that time counts instead."""

_TIMED_OUT_WHILE_IDLE = 408
"""The status some servers send on an idle connection before they close it (RFC 9110, 15.5.9)."""

UNREACHABLE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnusableProxyError,
    UnicodeError,  # a host name that cannot be one
)
"""Errors of a request for which no connection could be opened."""


class Connection:
    """Connections to one origin, directly or through a proxy.

    Each object belongs to one event loop. Raises `httpx.InvalidURL` or `httpx.UnsupportedProtocol`
    when *base_url* is no http(s) address, and `UnusableProxyError` when the environment names a
    proxy that cannot be used.
    """

    def __init__(self, base_url: str, connected: Callable[[], None] = lambda: None) -> None:
        """*connected* is called when a connection has been opened ahead of need."""
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol("not an http(s) address")
        self.proxy = proxy_before(url)
        """The proxy that all requests go through, or None."""
        self._transport: _DirectPool | ThroughProxy
        if self.proxy:
            limits = httpx.Limits(max_keepalive_connections=MAX_IDLE, keepalive_expiry=KEEPALIVE_S)
            self._transport = ThroughProxy(self.proxy, ssl_context(), limits)
        else:
            self._transport = _DirectPool(url, connected)

    async def send(
        self, request: httpx.Request, sent: Callable[[], None] = lambda: None
    ) -> httpx.Response:
        """Return the answer to *request*, its body unread. The caller must close it.

        *sent* is called when the first byte is about to leave. Raises `httpx.HTTPError`, and the
        other errors in `UNREACHABLE`. Cancelling hangs up.
        """
        return await self._transport.send(request, sent)

    def warm(self) -> None:
        """Open a connection, unless one is idle or being opened. Never raises."""
        self._transport.warm()

    async def aclose(self) -> None:
        """Close every connection; from then on, `warm` does nothing."""
        await self._transport.aclose()


def why_unreachable(exc: BaseException, host: str, setting: str = "`base_url`") -> str:
    """Return a sentence about the most telling cause of *exc*.

    *host* is the host of the connection, and *setting* the name of the setting with its address.
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


def ssl_context() -> ssl.SSLContext:
    """Return a context with the operating system's certificates, where companies add theirs."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # httpx's HTTP/2 does not notify the server of a hang-up, so that an abandoned completion would
    # be paid for to its end.
    context.set_alpn_protocols(["http/1.1"])
    return context


class _DirectPool:
    """A pool of direct connections, one of them opened ahead of need.

    A connection being opened has at most one request that waits for it; without one, it becomes
    idle once it is open. A cancelled request leaves its opening to the next one.
    """

    def __init__(self, url: httpx.URL, connected: Callable[[], None]) -> None:
        self._context = ssl_context() if url.scheme == "https" else None
        self._host = url.raw_host.decode("ascii")
        self._port = url.port or (443 if self._context else 80)
        self._connected = connected
        self._idle: list[tuple[Http11Connection, float]] = []
        """Idle connections and when each was last used (`time.monotonic`), the latest last."""
        self._in_use: set[Http11Connection] = set()
        self._turns = asyncio.Semaphore(MAX_IN_USE)
        self._openings: set[asyncio.Task[Http11Connection]] = set()
        self._unclaimed: list[asyncio.Task[Http11Connection]] = []
        """Openings that no request waits for."""
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
        """Take back *connection* once its answer has been read, or is abandoned."""
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
            # Not cancelled: asyncio would leave a socket open. What opens later is hung up then.
            await asyncio.wait(self._openings, timeout=CLOSE_TIMEOUT_S)
        # asyncio closes a socket in the next turn of the event loop.
        await asyncio.sleep(0)

    async def _exchange(
        self, request: httpx.Request, sent: Callable[[], None]
    ) -> tuple[Http11Connection, int, Headers]:
        """Send *request*, and once more if the connection had died while it was idle.

        A dead connection cannot be told from a live one before it is used. A request is repeated
        only if the service cannot have worked on it, because it would be paid for twice:
        1. No byte of an answer has arrived, or only the status 408, with which servers close.
        2. The connection was lost as soon as one that was dead before.
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
            # The other connections have been idle for as long or longer, and are dead as well.
            self._drop_idle()

    def _drop(self, connection: Http11Connection) -> None:
        self._in_use.discard(connection)
        connection.hang_up()

    def _drop_idle(self) -> None:
        for connection, _ in self._idle:
            connection.hang_up()
        self._idle.clear()

    async def _acquire(self) -> tuple[Http11Connection, bool]:
        """Return a connection, and whether it is fresh, that is, has not been idle.

        There are three cases:
        1. A connection is idle: return it.
        2. A connection is being opened, and no request waits for it: wait for it. If it fails, try
           again, because the network may have recovered since it began.
        3. Otherwise open a connection. Raises the error of opening it.
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
        """Leave *opening*, which no request waits for any more, to the next request."""
        self._unclaimed.append(opening)
        if opening.done():
            self._finish_opening(opening)

    def _finish_opening(self, opening: asyncio.Task[Http11Connection]) -> None:
        self._openings.discard(opening)
        if opening not in self._unclaimed:
            return
        self._unclaimed.remove(opening)
        if opening.cancelled() or opening.exception():
            # The next request meets the same error, and reports it.
            self._not_before = asyncio.get_running_loop().time() + RETRY_S
        else:
            self._release(opening.result())
            self._connected()

    async def _dial(self) -> Http11Connection:
        # A timeout means that a name server or firewall drops packets: offline, not merely slow.
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                return await Http11Connection.open(self._host, self._port, self._context)
        except TimeoutError as exc:
            raise httpx.ConnectTimeout("") from exc
        except OSError as exc:
            raise httpx.ConnectError("") from _most_telling(exc)


def _was_dead(connection: Http11Connection, asked_at: float) -> bool:
    """Return whether the exchange begun at *asked_at* was lost so soon that it never took place."""
    took_s = asyncio.get_running_loop().time() - asked_at
    return took_s <= max(STALE_WITHIN_S, connection.opened_in_s)


def _most_telling(error: OSError) -> OSError:
    """Return a refusal for *error* if one is in its text, else *error*.

    When several addresses of a host fail, asyncio raises one error with the texts of all.
    """
    if f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return ConnectionRefusedError()
    return error


def _is_usable(connection: Http11Connection, since: float) -> bool:
    return connection.is_idle and time.monotonic() - since < KEEPALIVE_S


class _ResponseBody(httpx.AsyncByteStream):
    """The body of an answer; closing it releases its connection."""

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
