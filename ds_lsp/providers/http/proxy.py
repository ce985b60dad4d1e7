"""Finds the proxy that the environment sets for an address, and sends requests through it."""

import asyncio
import ipaddress
import re
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from ds_lsp.hosts import is_loopback

_T = TypeVar("_T")

_HTTP_SCHEMES = ("http", "https")
_SOCKS_SCHEMES = ("socks5", "socks5h")


class UnusableProxyError(ValueError):
    """The environment names a proxy that cannot be used; the message says why, without its
    address, which may hold a password."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, as the environment (on Windows and macOS: the system) names it."""

    url: str
    variable: str
    """The name of the setting it comes from, in lower case: ``https_proxy``, ``all_proxy``."""

    @property
    def host(self) -> str:
        """The name or address of the proxy; empty if it has none."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    def check(self) -> None:
        """Raise `UnusableProxyError` if no request can go through it."""
        if "://" not in self.url or any(sign.isspace() for sign in self.url):
            raise UnusableProxyError(f"`{self.variable}` is no address of a proxy: correct it.")
        try:
            parts = urlsplit(self.url)
            scheme, is_address = parts.scheme.lower(), bool(parts.hostname) and parts.port != 0
            httpx.URL(self.url)
        except (ValueError, httpx.InvalidURL):
            scheme, is_address = "", False
        if not is_address:
            raise UnusableProxyError(f"`{self.variable}` is no address of a proxy: correct it.")
        if scheme not in (*_HTTP_SCHEMES, *_SOCKS_SCHEMES):
            raise UnusableProxyError(
                f"`{self.variable}` names a proxy of a kind that ds-lsp cannot use ({scheme}): "
                "set it to one whose address begins with http:// or socks5://."
            )
        if scheme in _SOCKS_SCHEMES and find_spec("socksio") is None:
            raise UnusableProxyError(
                f"`{self.variable}` names a SOCKS proxy: run `pip install httpx[socks]`."
            )


def proxy_before(url: httpx.URL, environment: dict[str, str] | None = None) -> Proxy | None:
    """Return the proxy for requests to *url*, or None.

    The scheme's own variable comes first, as with curl and git: ``all_proxy`` is for schemes
    without one. *environment* maps a scheme, ``all`` or ``no`` to its value; None means the
    environment of the process.
    """
    if is_loopback(url.host):
        # A proxy cannot reach this machine, and must not see what is sent within it.
        return None
    known = urllib.request.getproxies() if environment is None else environment
    if _is_exempt(url, environment):
        return None
    for name in (url.scheme, "all"):
        address = known.get(name, "").strip()
        if address:
            has_scheme = "://" in address
            return Proxy(address if has_scheme else f"http://{address}", f"{name}_proxy")
    return None


def _is_exempt(url: httpx.URL, environment: dict[str, str] | None) -> bool:
    if environment is None:
        # Windows and macOS have lists of their own.
        if urllib.request.proxy_bypass(url.netloc.decode("ascii")):
            return True
        environment = urllib.request.getproxies_environment()
    return any(_is_named(url, each) for each in re.split(r"[,\s]+", environment.get("no", "")))


def _is_named(url: httpx.URL, entry: str) -> bool:
    """Return whether an entry of ``no_proxy`` is about *url*, in the forms of curl, Go and Python.

    The cases: ``*``; an address, or a network of addresses; a name, which stands for all names that
    end with it, also with a dot or ``*.`` before it; each of them perhaps with a port.
    """
    if entry == "*":
        return True
    found = _ENTRY.fullmatch(entry.lower())
    if not found:
        return False
    name, port = found["six"] or found["name"], found["port"]
    if port and int(port) != (url.port or (443 if url.scheme == "https" else 80)):
        return False
    host = url.raw_host.decode("ascii").strip("[]").lower().rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _is_under(host, name)
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


_ENTRY = re.compile(
    r"(?:https?://)?(?:\[(?P<six>[0-9a-f:.]++)\]|(?P<name>[^:/\[\]]++(?:/[0-9]+)?|[0-9a-f:.]*:"
    r"[0-9a-f:.]*:[0-9a-f:.]*(?:/[0-9]+)?))(?::(?P<port>[0-9]{1,5}))?/?"
)


def _is_under(host: str, name: str) -> bool:
    name = name.removeprefix("*").lstrip(".").rstrip(".")
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return bool(name) and f".{host}".endswith(f".{name}")


class ThroughProxy:
    """Sends requests through a proxy, all by httpx: opening a connection takes a request there."""

    def __init__(self, proxy: Proxy, verify: Any, limits: httpx.Limits) -> None:
        """Raises `UnusableProxyError`."""
        proxy.check()
        # Without the rest of the environment, which is not needed and may be unusable.
        self._client = httpx.AsyncClient(
            verify=verify, limits=limits, timeout=None, proxy=proxy.url, trust_env=False
        )

    async def send(self, request: httpx.Request, sent: Callable[[], None]) -> httpx.Response:
        """Return the answer to *request*, its body unread."""

        async def trace(event: str, info: dict[str, Any]) -> None:
            # Before it asks the service, httpx asks the proxy for a tunnel, which costs nothing.
            is_tunnel = getattr(info.get("request"), "method", b"") == b"CONNECT"
            if event == "http11.send_request_headers.started" and not is_tunnel:
                sent()

        request.extensions["trace"] = trace
        sending = asyncio.create_task(self._client.send(request, stream=True))
        try:
            response = await _cancel_once(sending)
        except asyncio.CancelledError:
            if not sending.cancelled() and not sending.exception():
                await _run_to_end(sending.result().aclose())
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _ProxiedBody(response.stream)
        return response

    def warm(self) -> None:
        """Do nothing: a connection is opened with its first request."""

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class _ProxiedBody(httpx.AsyncByteStream):
    """The body of an answer that comes through a proxy."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = aiter(self._stream)

        async def next_part() -> bytes:
            return await anext(parts, b"")

        while part := await _cancel_once(asyncio.create_task(next_part())):
            yield part

    async def aclose(self) -> None:
        await _run_to_end(self._stream.aclose())


async def _cancel_once(task: asyncio.Task[_T]) -> _T:
    """Return the result of *task*. However often the caller is cancelled, cancel *task* only once.

    Cancelled again while it hangs up, httpx would leave the connection open, and the server would
    go on with its answer.
    """
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await _run_to_end(asyncio.wait([task]))
        raise
    return task.result()


async def _run_to_end(work: Coroutine[Any, Any, object]) -> None:
    """Do *work* to its end, and only then raise a cancellation."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            cancelled = exc
    error = task.exception()
    if end := cancelled or error:
        raise end
