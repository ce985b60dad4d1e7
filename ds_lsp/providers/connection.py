"""An HTTP client whose connection is open before the first request needs it.

Opening a connection takes two round trips, three times what a request on a warm one takes in
all. httpx offers no way to open one without sending a request, so its place below httpx is taken
here: httpx.AsyncClient -> `_Transport` -> httpcore.AsyncConnectionPool -> `_Dialer`.
"""

import asyncio
import contextlib
import socket
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

import httpcore
import httpx
import truststore

from ds_lsp.errors import ConnectError
from ds_lsp.uris import is_loopback

KEEPALIVE_S = 300.0
"""How long an idle connection is kept, in seconds: a human pauses longer than httpx's 5 s."""
OPEN_TIMEOUT_S = 5.0
"""Wall clock for opening a connection, in seconds."""
RETRY_S = 1.0
"""After a connection could not be opened ahead of need, leave it for as many seconds."""
MAX_IDLE = 2
"""Idle connections kept: one in use, one from a call that ran beside it."""
MAX_CONNECTIONS = 4
"""Sockets in all, besides one that is opened ahead of need; what is asked beyond waits its turn."""

_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.TimeoutException, httpx.ReadTimeout),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.ProtocolError, httpx.ProtocolError),
)
"""httpcore's exceptions as httpx's, the most special first."""

_STALE = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)
"""How a request fails on a connection that the server, or the network, has given up."""

UNREACHABLE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    ImportError,  # a SOCKS proxy, and no package for it
    UnicodeError,  # a host name that cannot be one
)
"""What a request raises when no connection came about."""


class Connection:
    """One client to one origin.

    Lives in one event loop. Making one raises `httpx.InvalidURL` or `httpx.UnsupportedProtocol`
    when *base_url* is no http(s) address, and ImportError or ValueError when the environment
    names a proxy that httpx cannot use, as a SOCKS proxy without the package for it.
    """

    def __init__(self, base_url: str, reached: Callable[[], None] = lambda: None) -> None:
        """*reached* is called when a connection was opened ahead of need."""
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol("not an http(s) address")
        self.proxied = _has_proxy(url)
        self._transport: _Transport | None = None
        if self.proxied:
            # Through a proxy a connection is opened with a request of its own: left to httpx.
            limits = httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_IDLE,
                keepalive_expiry=KEEPALIVE_S,
            )
            self.client = httpx.AsyncClient(verify=_ssl_context(), limits=limits, timeout=None)
        else:
            self._transport = _Transport(url, reached)
            self.client = httpx.AsyncClient(
                transport=self._transport, trust_env=False, timeout=None
            )

    def warm(self) -> None:
        """Open a connection unless one is idle, open or being opened. Never raises."""
        if self._transport is not None:
            self._transport.warm()

    async def aclose(self) -> None:
        """Close every connection. `warm` does nothing any more."""
        await self.client.aclose()


@dataclass(frozen=True, slots=True)
class Reached:
    """How a connection came about, step by step, in milliseconds; None: there was no such step."""

    proxy: str | None
    """The proxy's host; behind one, the steps are its business."""
    name_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    tls: str | None = None
    """The version of TLS."""


async def reach(base_url: str) -> Reached:
    """Open a connection, and close it. Raises `ConnectError` with the step that failed."""
    host = "base_url"
    try:
        url = httpx.URL(base_url)
        host = url.host
        if _has_proxy(url):
            proxies = urllib.request.getproxies()
            proxy = proxies.get(url.scheme) or proxies.get("all") or ""
            return Reached(httpx.URL(proxy).host)
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            return await _reach(url)
    except (OSError, TimeoutError, httpx.InvalidURL, UnicodeError) as exc:
        failure = ConnectError(why_unreachable(exc, host))
    raise failure


async def _reach(url: httpx.URL) -> Reached:
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
    return Reached(
        None,
        (named - started) * 1000,
        (connected - named) * 1000,
        (secured - connected) * 1000 if tls else None,
        tls,
    )


def why_unreachable(exc: BaseException, host: str) -> str:
    """One sentence out of the chain of causes of *exc*."""
    for cause in _causes(exc):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"The certificate of {host} is not valid ({cause.verify_message})."
            case ssl.SSLError():
                return f"{host} does not speak TLS as it should: check `base_url` and any proxy."
            case socket.gaierror():
                return f"The name {host} is not known: check the network and `base_url`."
            case ConnectionRefusedError():
                return f"{host} refuses connections: check `base_url`."
            case ImportError():
                return "The environment names a SOCKS proxy: run `pip install httpx[socks]`."
            case httpx.InvalidURL() | httpx.UnsupportedProtocol() | UnicodeError():
                return "`base_url` is not an http or https address."
    return f"{host} cannot be reached: check the network."


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        if isinstance(exc, BaseExceptionGroup):
            exc = exc.exceptions[0]
        else:
            exc = exc.__cause__ or exc.__context__


def _has_proxy(url: httpx.URL) -> bool:
    """Whether the environment (on Windows and macOS: the system) puts a proxy before *url*."""
    if is_loopback(url.host):
        # No proxy has a way to this machine, nor any business with what is sent within it.
        return False
    proxies = urllib.request.getproxies()
    if not (proxies.get(url.scheme) or proxies.get("all")):
        return False
    return not urllib.request.proxy_bypass(url.netloc.decode("ascii"))


def _ssl_context() -> ssl.SSLContext:
    """The operating system's certificates: companies install their own there."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # HTTP/2 as httpcore speaks it does not tell the server of a hang-up, and a completion that
    # nobody waits for is paid to its end.
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Transport(httpx.AsyncBaseTransport):
    """httpcore's pool under httpx, its connections opened by a `_Dialer`."""

    def __init__(self, url: httpx.URL, reached: Callable[[], None]) -> None:
        context = _ssl_context() if url.scheme == "https" else None
        port = url.port or (443 if context else 80)
        self._dialer = _Dialer(url.raw_host.decode("ascii"), port, context, reached)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=self._dialer,
        )

    def warm(self) -> None:
        # A connection that is idle may have been closed by the server: has_expired() looks.
        if not any(c.is_idle() and not c.has_expired() for c in self._pool.connections):
            self._dialer.prepare()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        with _httpx_errors():
            response = await self._send(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def _send(self, request: httpcore.Request) -> httpcore.Response:
        """Send *request*, again if the connection turns out to have died while it was idle.

        After a night's sleep of the machine nothing tells a dead connection from a live one
        before it is used. On a fresh connection the same error is the server's: it is raised.
        """
        for _ in range(MAX_IDLE + 1):
            dialed = self._dialer.dialed
            try:
                return await self._pool.handle_async_request(request)
            except _STALE:
                if self._dialer.dialed != dialed:
                    raise
        return await self._pool.handle_async_request(request)

    async def aclose(self) -> None:
        await self._dialer.aclose()
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an httpcore response, with httpx's exceptions."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        # Cancelled in the middle of this, it would keep its place among the connections for ever.
        await asyncio.shield(self._response.aclose())


@contextlib.contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except Exception as exc:
        for theirs, ours in _ERRORS:
            if isinstance(exc, theirs):
                raise ours(str(exc)) from exc
        raise


@contextlib.asynccontextmanager
async def _opening_in_time() -> AsyncIterator[None]:
    # A name server or a firewall that drops packets: offline, and not merely slow.
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            yield
    except TimeoutError as exc:
        raise httpcore.ConnectTimeout from exc


class _Dialer(httpcore.AsyncNetworkBackend):
    """Opens connections to one address, one of them ahead of need: the spare."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, reached: Callable[[], None]
    ) -> None:
        self.dialed = 0
        """Connections opened because a request could not wait for one."""
        self._host, self._port, self._context = host, port, context
        self._reached = reached
        self._backend = httpcore.AnyIOBackend()
        self._spare: _Spare | None = None
        self._opening: asyncio.Task[None] | None = None
        self._awaited = False
        self._not_before = 0.0
        self._closed = False

    def prepare(self) -> None:
        """Have a spare, soon."""
        if self._closed or self._opening is not None or (self._spare and self._spare.alive):
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            self._opening = loop.create_task(self._open_spare())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if (host, port) != (self._host, self._port):
            raise httpcore.ConnectError("not the address this connection is for")
        async with _opening_in_time():
            if (spare := await self._take_spare()) is not None:
                return spare
            self.dialed += 1
            return await self._dial()

    async def aclose(self) -> None:
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        if self._spare is not None and (stream := await self._spare.release()) is not None:
            await stream.aclose()

    async def _take_spare(self) -> httpcore.AsyncNetworkStream | None:
        # One request waits for the connection that is being opened; others open their own.
        if self._opening is not None and not self._awaited:
            self._awaited = True
            try:
                await asyncio.wait([self._opening])
            finally:
                self._awaited = False
        spare, self._spare = self._spare, None
        return None if spare is None else await spare.release()

    async def _open_spare(self) -> None:
        try:
            async with _opening_in_time():
                self._spare = _Spare(await self._dial())
            self._reached()
        except Exception:  # whatever it is, the next request meets it and says so
            self._not_before = asyncio.get_running_loop().time() + RETRY_S
        finally:
            self._opening = None

    async def _dial(self) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(self._host, self._port)
        if self._context is None:
            return stream
        try:
            return _Secured(await stream.start_tls(self._context, self._host))
        except BaseException:
            # httpcore leaves the socket open when it is cancelled during a handshake.
            await stream.aclose()
            raise


class _Secured(httpcore.AsyncNetworkStream):
    """A stream that httpcore takes for plain TCP, with TLS done already."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        return self._stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Spare:
    """An open connection that has carried nothing yet, closed as soon as the server closes it.

    Whether its socket is readable tells nothing: over TLS 1.3 the server's session tickets lie
    there unread. So it is read from, until it is needed.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.alive = True
        self._watch = asyncio.create_task(self._watch_for_end())

    async def _watch_for_end(self) -> None:
        with contextlib.suppress(Exception):  # an unreadable connection is a dead one
            await self._stream.read(1)
        # A server that speaks first says goodbye, with or without a word (HTTP 408).
        self.alive = False
        await self._stream.aclose()

    async def release(self) -> httpcore.AsyncNetworkStream | None:
        """Hand over the stream; None when the server has closed it."""
        self._watch.cancel()
        try:
            await asyncio.wait([self._watch])
        except BaseException:
            await self._stream.aclose()
            raise
        if not self.alive:
            return None
        self.alive = False
        return self._stream
