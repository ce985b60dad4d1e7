"""Fill in the middle by DeepSeek: endpoint, payload, stream, status to error."""

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from ds_lsp import __version__
from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RateLimitError,
    UnavailableError,
)
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing, TokenUsage
from ds_lsp.providers.connection import UNREACHABLE, Connection, why_unreachable
from ds_lsp.providers.sse import EventTooLargeError, SseDecoder

IDLE_TIMEOUT_S = 3.0
"""Silence, in seconds, after which a stream that has begun counts as dead.

DeepSeek's streams are known to stall in the middle with the connection open (GitHub,
deepseek-ai/DeepSeek-V3 issue 1608)."""
LINGER_S = 0.25
"""How long to read on, in seconds, once all is said: for the usage, and for the end of the body,
without which the connection could not be used again."""
MAX_TEXT_CHARS = 64 * 1024
"""A longer completion is refused: 4096 tokens, the most FIM gives, are a quarter of that."""
MAX_ERROR_BYTES = 16 * 1024
"""How much of the body of an error is read."""
EMPTY_PROMPT = "\n"
"""Sent in place of an empty prefix: DeepSeek refuses an empty prompt, and an empty line says the
same to a model."""

_FAILED = frozenset({"content_filter", "insufficient_system_resource", "aborted"})
"""Finish reasons whose text is not to be shown (DeepSeek docs, Create FIM Completion)."""

_SUPPORTED_MODELS = re.compile(r"supported API model names are (.{1,500}?)(?:,? but |\.?$)")
_MODEL_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger(__name__)


class DeepSeek:
    """Fill in the middle by ``POST /beta/completions``, streamed.

    *base_url* has no trailing slash and no ``/v1`` or ``/beta``. *idle_timeout_s*: seconds of
    silence after the first text.
    """

    name = "deepseek"
    metered = True

    def __init__(
        self, *, api_key: str, base_url: str, idle_timeout_s: float = IDLE_TIMEOUT_S
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._idle_timeout_s = idle_timeout_s
        self._connection: Connection | None = None
        self._closed = False

    async def fill(self, request: FimRequest, keep_going: KeepGoing) -> FimResult:
        """What the model puts between prefix and suffix.

        Raises `ProviderError` and nothing else; cancelling hangs up.
        """
        started = time.monotonic()
        call = _Call(request, keep_going, self._host, self._idle_timeout_s)
        error: ProviderError | None = None
        try:
            async with asyncio.timeout(request.timeout_s) as clock:
                await self._ask(call, clock)
        except ProviderError as exc:
            error = exc
        except TimeoutError:
            error = call.refusal or UnavailableError(f"{self._host} did not answer in time.")
        except Exception as exc:
            error = self._error_from(exc)
        log.debug(
            "fim: %d + %d characters sent, %d received, %.0f ms, %s",
            len(request.context) + len(request.prefix),
            len(request.suffix),
            len(call.text),
            (time.monotonic() - started) * 1000,
            type(error).__name__ if error else call.finish,
        )
        # Trouble after the last piece of text is no trouble.
        if call.finish is not None:
            return FimResult(_whole_characters(call.text), call.finish, call.usage)
        # Raised out here, it drags no exception along that quotes what was sent or received.
        raise error or UnavailableError("The answer was cut off: try again.")

    def warm(self) -> None:
        """Open a connection for the next `fill`, unless there is one. Never raises."""
        with contextlib.suppress(Exception):  # the next fill meets the same and says so
            self._connect().warm()

    async def aclose(self) -> None:
        """Close the connections; `fill` raises `UnavailableError` from now on."""
        self._closed = True
        if self._connection is not None:
            await self._connection.aclose()

    @property
    def _host(self) -> str:
        """For messages: the whole address may hold a password."""
        try:
            return httpx.URL(self._base_url).host or "base_url"
        except httpx.InvalidURL:
            return "base_url"

    def _connect(self) -> Connection:
        if self._closed:
            raise UnavailableError("The connection has been closed.")
        if self._connection is None:
            self._connection = Connection(self._base_url)
        return self._connection

    def _headers(self) -> dict[str, str]:
        # Checked here: the HTTP library's own complaint would quote the key.
        if not re.fullmatch(r"[!-~]+", self._api_key):
            raise AuthenticationError(
                "The API key is empty or holds characters that no key has: check `api_key`."
            )
        return {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            # Compression would hold back single tokens, and may unpack to gigabytes.
            "Accept-Encoding": "identity",
            "User-Agent": f"ds-lsp/{__version__}",
        }

    async def _ask(self, call: "_Call", clock: asyncio.Timeout) -> None:
        headers = self._headers()
        connection = self._connect()
        url = f"{self._base_url}/beta/completions"
        post = connection.client.build_request(
            "POST", url, content=_body(call.request), headers=headers
        )
        response = await connection.client.send(post, stream=True)
        try:
            await call.read(response, clock)
        finally:
            await response.aclose()
        if call.finish is Finish.CUT:
            # Hanging up cost the connection, and the next request may come at once.
            connection.warm()

    def _error_from(self, exc: Exception) -> ProviderError:
        """*exc*, which came from below, as ours."""
        if isinstance(exc, UNREACHABLE):
            proxied = self._connection is not None and self._connection.proxied
            return ConnectError(why_unreachable(exc, "The proxy" if proxied else self._host))
        if not isinstance(exc, httpx.HTTPError | OSError | EventTooLargeError):
            # Its text may quote the document.
            log.warning("unexpected %s during a completion", type(exc).__name__)
        return UnavailableError(f"The answer of {self._host} could not be read: try again.")


class _Call:
    """One request, and what is known of its answer so far."""

    def __init__(
        self, request: FimRequest, keep_going: KeepGoing, host: str, idle_timeout_s: float
    ) -> None:
        self.request = request
        self.text = ""
        self.finish: Finish | None = None
        self.usage: TokenUsage | None = None
        self.refusal: ProviderError | None = None
        """What the status line said, should the body never end."""
        self._keep_going = keep_going
        self._host = host
        self._idle_timeout_s = idle_timeout_s

    async def read(self, response: httpx.Response, clock: asyncio.Timeout) -> None:
        """Read the answer until it ends, or nobody wants more of it."""
        deadline = clock.when()
        assert deadline is not None

        def wait_at_most(seconds: float) -> None:
            clock.reschedule(min(deadline, asyncio.get_running_loop().time() + seconds))

        if response.status_code != 200:
            self.refusal = _refusal(response.status_code, self._host)
            wait_at_most(LINGER_S)
            message = _error_message(await _read_start(response))
            if response.status_code == 400:
                raise _model_error(message, self.request.model) or self.refusal
            raise self.refusal
        _check_headers(response, self._host)
        await self._read_stream(response, wait_at_most)

    async def _read_stream(
        self, response: httpx.Response, wait_at_most: Callable[[float], None]
    ) -> None:
        decoder = SseDecoder()
        async for part in response.aiter_raw():
            finished = self.finish
            told = self._take(decoder.feed(part))
            if self.finish is Finish.CUT:
                return
            # Comments and blank lines tell nothing: they go on while nothing happens.
            if self.finish is None and self.text and told:
                wait_at_most(self._idle_timeout_s)
            elif self.finish is not finished:
                wait_at_most(LINGER_S)
        self._take(decoder.end())

    def _take(self, payloads: list[str]) -> bool:
        """Add events to the answer. False: there were none that told anything."""
        told = False
        for payload in payloads:
            if payload and self.finish is not Finish.CUT:
                self._take_chunk(_parse(payload))
                told = True
        return told

    def _take_chunk(self, chunk: "_Chunk") -> None:
        self.usage = chunk.usage or self.usage
        if self.finish is not None:
            return
        self.text += chunk.text
        if len(self.text) > MAX_TEXT_CHARS:
            raise UnavailableError(f"{self._host} sent more text than was asked for.")
        if chunk.reason in _FAILED:
            raise UnavailableError(f"The model gave up ({chunk.reason}): try again.")
        wanted = self._keep_going(self.text) if chunk.text else True
        if chunk.reason:
            self.finish = Finish.LENGTH if chunk.reason == "length" else Finish.STOP
        elif not wanted:
            self.finish = Finish.CUT


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One event of the stream. An empty *reason*: there is more to come."""

    text: str = ""
    reason: str = ""
    usage: TokenUsage | None = None


def _body(request: FimRequest) -> bytes:
    payload: dict[str, object] = {
        "model": request.model,
        # DeepSeek calls the prefix "prompt"; the name stops at this line.
        "prompt": request.context + request.prefix or EMPTY_PROMPT,
        "max_tokens": request.max_tokens,
        # DeepSeek's own default is 1: too imaginative for code.
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    # Absent, not empty: without a suffix the prompt alone is what the prefix cache stores.
    if request.suffix:
        payload["suffix"] = request.suffix
    # UTF-8 instead of escapes: half the bytes for Chinese. An editor's half surrogate pair has
    # no UTF-8; a question mark stands in for it.
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _parse(payload: str) -> _Chunk:
    """One event's payload. Raises `UnavailableError` when it is no chunk of a completion."""
    if payload == "[DONE]":
        return _Chunk(reason="stop")
    data = _json(payload)
    if not isinstance(data, dict):
        raise UnavailableError("The answer is not what was expected: check `base_url`.")
    if data.get("error"):
        raise UnavailableError("The provider reported an error in the middle of its answer.")
    usage = _usage(data.get("usage"))
    match data.get("choices"):
        case None | []:
            return _Chunk(usage=usage)
        case [{"text": str() | None as text, **choice}, *_]:
            reason = choice.get("finish_reason")
        case [{"finish_reason": str() as reason}, *_]:
            text = None
        case _:
            raise UnavailableError("The answer is not what was expected: check `base_url`.")
    return _Chunk(text or "", reason if isinstance(reason, str) else "", usage)


def _json(text: str | bytes) -> object:
    """*text* as JSON, None when it is none."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: a thousand brackets
        return None
    return value


def _usage(data: object) -> TokenUsage | None:
    """DeepSeek docs, Create FIM Completion, "usage"; every number of it may be missing."""
    if not isinstance(data, dict):
        return None

    def tokens(name: str) -> int | None:
        value = data.get(name)
        return value if type(value) is int and value >= 0 else None

    miss = tokens("prompt_cache_miss_tokens")
    if miss is None:
        # Whoever does not tell hits from misses bills them all as misses.
        miss = (tokens("prompt_tokens") or 0) - (tokens("prompt_cache_hit_tokens") or 0)
    return TokenUsage(
        prompt_hit=tokens("prompt_cache_hit_tokens") or 0,
        prompt_miss=max(0, miss),
        completion=tokens("completion_tokens") or 0,
    )


def _whole_characters(text: str) -> str:
    """*text* without half surrogate pairs: JSON may spell them, and two chunks share one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_headers(response: httpx.Response, host: str) -> None:
    """Raise `UnavailableError` unless *response* is a plain stream of events."""
    kind = response.headers.get("content-type", "text/event-stream")
    if kind.partition(";")[0].strip().lower() != "text/event-stream":
        raise UnavailableError(f"{host} did not answer with a completion: check `base_url`.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnavailableError(f"{host} sent a compressed answer: check `base_url`.")


async def _read_start(response: httpx.Response) -> bytes:
    """The body of an error, as much of it as matters and arrives."""
    body = b""
    with contextlib.suppress(httpx.HTTPError):
        async for part in response.aiter_raw():
            body += part
            if len(body) >= MAX_ERROR_BYTES:
                break
    return body[:MAX_ERROR_BYTES]


def _error_message(body: bytes) -> str:
    """The message in DeepSeek's error envelope; empty if *body* is something else."""
    match _json(body):
        case {"error": {"message": str() as message}}:
            return message
    return ""


def _model_error(message: str, asked: str) -> BadRequestError | None:
    """The one thing repeated from a server's message: the models there are."""
    found = _SUPPORTED_MODELS.search(message)
    names = re.split(r", | or | and ", found[1]) if found else []
    if not names or not all(_MODEL_NAME.fullmatch(name) for name in names):
        return None
    return BadRequestError(
        f"There is no model {asked}: set `completion.model` to {' or '.join(names)}."
    )


def _refusal(status: int, host: str) -> ProviderError:
    """The exception for a status that is not 200."""
    match status:
        case 401:
            return AuthenticationError(f"{host} does not know the API key: check `api_key`.")
        case 402:
            return BalanceError("The DeepSeek account is empty: top it up.")
        case 404:
            return BadRequestError(f"{host} has no completions (404): check `base_url`.")
        case 429:
            return RateLimitError(
                "DeepSeek limits the requests: wait a moment, or top up a low balance."
            )
    if 400 <= status < 500:
        return BadRequestError(
            f"{host} refused the request ({status}): check the `completion` settings."
        )
    if 300 <= status < 400:
        return UnavailableError(
            f"{host} points elsewhere ({status}), where the key is not sent: check `base_url`."
        )
    return UnavailableError(f"{host} is in trouble ({status}): try again later.")
