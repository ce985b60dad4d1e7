"""The steps of opening one connection and the time each takes, for `doctor`."""

import asyncio
import socket
import time
from dataclasses import dataclass

import httpx

from ds_lsp.errors import ConnectError
from ds_lsp.providers.http.connections import OPEN_TIMEOUT_S, ssl_context, why_unreachable
from ds_lsp.providers.http.proxy import proxy_before


@dataclass(frozen=True, slots=True)
class ConnectionProbe:
    """The steps of opening one connection, in milliseconds; None for a step that did not occur."""

    proxy: str | None
    """The proxy's host. Behind a proxy, the steps are None: the proxy takes them."""
    name_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    tls: str | None = None
    """The version of TLS."""


async def probe(base_url: str) -> ConnectionProbe:
    """Open a connection, time its steps, and close it.

    Raises `ConnectError` with a message about the step that failed.
    """
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
            await writer.start_tls(ssl_context(), server_hostname=url.host)
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
