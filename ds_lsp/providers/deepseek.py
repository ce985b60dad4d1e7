"""The provider DeepSeek: endpoint, payload, stream and errors of fill in the middle."""

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TypeGuard

import httpx

from ds_lsp import __version__
from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    NoAnswerError,
    ProviderError,
    RateLimitError,
    RefusedTextError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    Balance,
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    Sent,
    TokenUsage,
    unnoticed,
)
from ds_lsp.providers.catalog import catalog
from ds_lsp.providers.http.connections import (
    PROXY_WANTS_PASSWORD,
    UNREACHABLE,
    Connection,
    why_unreachable,
)
from ds_lsp.providers.http.sse import EventTooLargeError, SseDecoder
from ds_lsp.providers.refusals import error_message, is_about_text
from ds_lsp.text.lines import show_carriage_returns

IDLE_TIMEOUT_S = 3.0
"""Silence, in seconds, after which a stream that has begun counts as dead.

DeepSeek's streams are known to stall in the middle with the connection open (GitHub,
deepseek-ai/DeepSeek-V3 issue 1608)."""
LINGER_S = 0.25
"""Maximum seconds of reading on after the end of the text: for the usage, and for the end of the
body, without which the connection could not be reused."""
MAX_TEXT_CHARS = 64 * 1024
"""Maximum characters of a completion; a longer one is refused. 4096 tokens, the most that FIM
returns, are a quarter of it."""
MAX_ERROR_BYTES = 16 * 1024
"""Maximum bytes read of the body of an error."""
MAX_FACTS_BYTES = 1024 * 1024
"""Maximum bytes read of an answer that is no completion: the models or the balance."""
FACTS_TIMEOUT_S = 5.0
"""Wall clock for a request for the models or the balance, in seconds."""
_SLICE_BYTES = 4096
"""Bytes of an answer decoded before other tasks have their turn: ten ordinary events, or a thousand
empty ones."""
_EVENTS_AT_A_TIME = 8
"""Events handled before other tasks have their turn: for each, the text may be post-processed."""
EMPTY_PROMPT = "\n"
"""The prompt sent for an empty prefix: DeepSeek refuses an empty one, and to a model an empty line
means the same."""

_FAILED = frozenset({"content_filter", "insufficient_system_resource", "aborted"})
"""Finish reasons whose text must not be shown (DeepSeek docs, Create FIM Completion)."""

_UNKNOWN_MODEL_STATUSES = (400, 404, 422)
"""Statuses with which DeepSeek, or a compatible service, may refuse an unknown model."""

_REFUSED_TEXT_STATUSES = (400, 422)
"""Statuses with which a service may refuse a text without a reason."""

_SUPPORTED_MODELS = re.compile(r"supported API model names are (.{1,500}?)(?:,? but |\.?$)")
_MODEL_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_AMOUNT = re.compile(r"-?[0-9.]{1,20} [A-Z]{3}")

log = logging.getLogger(__name__)


class DeepSeek:
    """Fill in the middle by ``POST /beta/completions``, streamed.

    *base_url* has no trailing slash and no ``/v1`` or ``/beta``. *idle_timeout_s* is the maximum
    silence after the first text, in seconds.
    """

    name = "deepseek"
    metered = True

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
        connected: Callable[[], None] = lambda: None,
    ) -> None:
        """*connected* is called when a connection has been opened ahead of need."""
        self._connected = connected
        self._api_key = api_key
        self._base_url = base_url
        self._idle_timeout_s = idle_timeout_s
        self._connection: Connection | None = None
        self._closed = False
        self._proven_models: set[str] = set()
        """Models that have completed a text with these settings."""

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        """Return the model's text between prefix and suffix.

        Raises `ProviderError` and nothing else. Cancelling hangs up.
        """
        call = _FimCall(request, keep_going, self.host, self._idle_timeout_s, sent)
        finish = await self.run(call)
        return FimResult(whole_characters(call.text), finish, call.usage)

    async def run(self, call: "Call") -> Finish:
        """Make *call*, which stores its answer. Raises `ProviderError` and nothing else."""
        started = time.monotonic()
        error: ProviderError | None = None
        try:
            async with asyncio.timeout(call.timeout_s) as clock:
                await self._ask(call, clock)
        except BadRequestError as exc:
            error = exc
            if call.status in _UNKNOWN_MODEL_STATUSES:
                error = await self._explain_refusal(exc, call)
            is_model = isinstance(error, UnknownModelError)
            has_worked = call.model in self._proven_models
            if not is_model and has_worked and call.status in _REFUSED_TEXT_STATUSES:
                # The same settings have worked before, so the text must be the reason.
                error = RefusedTextError(_REFUSED_TEXT.format(host=self.host, status=call.status))
        except ProviderError as exc:
            error = exc
        except TimeoutError:
            error = call.refusal or NoAnswerError(f"{self.host} did not answer in time.")
        except Exception as exc:
            error = self._error_from(exc)
        log.debug(
            "%s: %s characters sent, %d received, %.0f ms, %s",
            call.section,
            call.size,
            len(call.text),
            (time.monotonic() - started) * 1000,
            type(error).__name__ if error else call.finish,
        )
        # An error after the end of the text does not matter.
        if call.finish is not None:
            self._remember_model(call)
            return call.finish
        # Raised outside of the handlers, it has no context, which may quote what was exchanged.
        error = error or UnavailableError("The answer was cut off: try again.")
        error.has_begun = call.is_streaming
        error.tokens = astuple(call.usage) if call.usage else None
        raise error

    def _remember_model(self, call: "Call") -> None:
        if isinstance(call, _FimCall):
            self._proven_models.add(call.model)

    async def models(self) -> tuple[str, ...]:
        """Return the names of the models, in the service's order. Raises `ProviderError`."""
        match await self._get("/models"):
            case {"data": list() as rows}:
                names = [row.get("id") for row in rows if isinstance(row, dict)]
                return tuple(str(name) for name in names if _is_model_name(name))
        raise UnavailableError(f"{self.host} did not answer with its models: check `base_url`.")

    async def balance(self) -> Balance:
        """Return the account's balance. Raises `ProviderError`."""
        match await self._get("/user/balance"):
            case {"is_available": bool() as is_available, **rest}:
                return Balance(is_available, _amounts(rest.get("balance_infos")))
        raise UnavailableError(f"{self.host} did not answer with a balance: check `base_url`.")

    def warm(self) -> None:
        """Open a connection for the next `fill`, unless there is one. Never raises."""
        with contextlib.suppress(Exception):  # the next fill meets the same error, and raises it
            self._connect().warm()

    async def aclose(self) -> None:
        """Close the connections; from then on, `fill` raises `UnavailableError`."""
        self._closed = True
        if self._connection is not None:
            await self._connection.aclose()

    @cached_property
    def host(self) -> str:
        """The host for messages: the whole address may contain a password."""
        try:
            return httpx.URL(self._base_url).host or "base_url"
        except (httpx.InvalidURL, UnicodeError):
            return "base_url"

    def _connect(self) -> Connection:
        if self._closed:
            raise UnavailableError("The connection has been closed.")
        if self._connection is None:
            self._connection = Connection(self._base_url, self._connected)
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

    async def _ask(self, call: "Call", clock: asyncio.Timeout) -> None:
        headers = self._headers()
        connection = self._connect()
        url = self._base_url + call.path
        post = httpx.Request("POST", url, content=call.body, headers=headers)
        response = await connection.send(post, call.sent)
        try:
            await call.read(response, clock)
        finally:
            await response.aclose()
        if call.finish is Finish.CUT:
            # Hanging up closed the connection, and the next request may come at once.
            connection.warm()

    async def _get(self, path: str) -> object:
        """Return the JSON at *path*, or None if it is not JSON. Raises `ProviderError`."""
        error: ProviderError
        try:
            async with asyncio.timeout(FACTS_TIMEOUT_S):
                get = httpx.Request("GET", self._base_url + path, headers=self._headers())
                response = await self._connect().send(get)
                try:
                    body = await _read_start(response, MAX_FACTS_BYTES)
                finally:
                    await response.aclose()
            if response.status_code == 200:
                return _json(body)
            error = _refusal(response, error_message(body), self.host)
        except ProviderError as exc:
            error = exc
        except TimeoutError:
            error = UnavailableError(f"{self.host} did not answer in time.")
        except Exception as exc:
            error = self._error_from(exc)
        # Raised outside of the handlers, as in `run`: it has no context.
        raise error

    async def _explain_refusal(self, refusal: BadRequestError, call: "Call") -> ProviderError:
        """Return `UnknownModelError` if the service does not list the model, else *refusal*."""
        if isinstance(refusal, UnknownModelError):
            return refusal
        try:
            supported = await self.models()
        except ProviderError:
            return refusal
        if not supported or call.model in supported:
            return refusal
        return _unknown_model(call, supported)

    def _error_from(self, exc: Exception) -> ProviderError:
        """Convert an exception of the layers below."""
        if isinstance(exc, UNREACHABLE):
            proxy = self._connection.proxy if self._connection else None
            if proxy:
                return ConnectError(
                    why_unreachable(exc, f"the proxy {proxy.host}", f"`{proxy.variable}`")
                )
            return ConnectError(why_unreachable(exc, self.host))
        if not isinstance(exc, httpx.HTTPError | OSError | EventTooLargeError):
            # Only the type: the text of the exception may quote the document.
            log.warning("unexpected %s during a completion", type(exc).__name__)
        return UnavailableError(f"The answer of {self.host} could not be read: try again.")


class Call:
    """A streamed request, and the part of its answer that has arrived."""

    def __init__(
        self,
        *,
        section: str,
        path: str,
        model: str,
        body: bytes,
        size: str,
        timeout_s: float,
        host: str,
        idle_timeout_s: float,
        sent: Sent,
    ) -> None:
        """*section* is the section of its settings, *size* its characters, for the log.

        *idle_timeout_s*: see `DeepSeek`.
        """
        self.section = section
        self.path = path
        self.model = model
        self.body = body
        self.size = size
        self.sent = sent
        self.timeout_s = timeout_s
        self.text = ""
        self.finish: Finish | None = None
        self.usage: TokenUsage | None = None
        self.status = 0
        self.refusal: ProviderError | None = None
        """The error by the status line alone, raised if the body does not arrive in time."""
        self.is_streaming = False
        """True once an answer has begun, even without text."""
        self._has_begun = False
        self.host = host
        self._idle_timeout_s = idle_timeout_s

    def parse(self, choice: "StreamChoice") -> "Chunk | None":
        """Convert an element of ``choices``; None if it does not have this endpoint's form."""
        raise NotImplementedError

    def on_chunk(self, chunk: "Chunk") -> bool:
        """Handle *chunk*, which is already part of the text. False ends the stream."""
        raise NotImplementedError

    async def read(self, response: httpx.Response, clock: asyncio.Timeout) -> None:
        """Read the answer until it ends, or until `on_chunk` returns False.

        Raises `ProviderError` and `TimeoutError`.
        """
        deadline = clock.when()
        assert deadline is not None

        def wait_at_most(seconds: float) -> None:
            clock.reschedule(min(deadline, asyncio.get_running_loop().time() + seconds))

        self.status = response.status_code
        if 300 <= response.status_code < 400:
            raise _redirect(response, self.host)
        if response.status_code != 200:
            self.refusal = _refusal(response, "", self.host, self.section)
            wait_at_most(LINGER_S)
            message = error_message(await _read_start(response, MAX_ERROR_BYTES))
            words = message.partition("\n")[0] if response.status_code == 400 else ""
            supported = _supported_models(words)
            if supported:
                raise _unknown_model(self, supported)
            raise _refusal(response, message, self.host, self.section)
        _check_headers(response, self.host)
        self.is_streaming = True
        await self._read_stream(response, wait_at_most)

    async def _read_stream(
        self, response: httpx.Response, wait_at_most: Callable[[float], None]
    ) -> None:
        decoder = SseDecoder()
        async for part in response.aiter_raw():
            finished = self.finish
            has_payload = await self._take_part(part, decoder)
            if self.finish is Finish.CUT:
                return
            # Comments and blank lines do not count: they arrive even while the model stalls.
            if self.finish is None and self._has_begun and has_payload:
                wait_at_most(self._idle_timeout_s)
            elif self.finish is not finished:
                wait_at_most(LINGER_S)
        self._take(decoder.end())

    async def _take_part(self, part: bytes, decoder: SseDecoder) -> bool:
        """Add a part of the stream to the answer; return whether it had an event with a payload.

        Lets other tasks run between its slices: it may contain ten thousand events.
        """
        has_payload = False
        for start in range(0, len(part), _SLICE_BYTES):
            payloads = decoder.feed(part[start : start + _SLICE_BYTES])
            for first in range(0, max(len(payloads), 1), _EVENTS_AT_A_TIME):
                if start or first:
                    await asyncio.sleep(0)
                has_payload = self._take(payloads[first : first + _EVENTS_AT_A_TIME]) or has_payload
        return has_payload

    def _take(self, payloads: list[str]) -> bool:
        """Add events to the answer; return whether any had a payload."""
        has_payload = False
        for payload in payloads:
            if payload and self.finish is not Finish.CUT:
                self._take_chunk(self._parse(payload))
                has_payload = True
        return has_payload

    def _take_chunk(self, chunk: "Chunk") -> None:
        self.usage = chunk.usage or self.usage
        if self.finish is not None:
            return
        self._has_begun = self._has_begun or bool(chunk.text or chunk.reasoning)
        self.text += chunk.text
        if len(self.text) > MAX_TEXT_CHARS:
            raise UnavailableError(f"{self.host} sent more text than was asked for.")
        if chunk.reason in _FAILED:
            raise UnavailableError(f"The model gave up ({chunk.reason}): try again.")
        wanted = self.on_chunk(chunk) if chunk.text or chunk.reasoning else True
        if chunk.reason:
            self.finish = Finish.LENGTH if chunk.reason == "length" else Finish.STOP
        elif not wanted:
            self.finish = Finish.CUT

    def _parse(self, payload: str) -> "Chunk":
        """Convert the payload of an event. Raises `UnavailableError` if it is no chunk."""
        if payload == "[DONE]":
            return Chunk(reason="stop")
        data = _json(payload)
        if not isinstance(data, dict):
            raise UnavailableError("The answer is not what was expected: check `base_url`.")
        if data.get("error"):
            raise UnavailableError("The provider reported an error in the middle of its answer.")
        usage = _usage(data.get("usage"))
        match data.get("choices"):
            case None | []:
                return Chunk(usage=usage)
            case [dict() as choice, *_]:
                reason = choice.get("finish_reason")
                chunk = self.parse(choice)
                # The last chunk may have nothing but a finish reason.
                if chunk is None and isinstance(reason, str):
                    chunk = Chunk()
                if chunk is not None:
                    reason = reason if isinstance(reason, str) else ""
                    return replace(chunk, reason=reason, usage=usage)
        raise UnavailableError("The answer is not what was expected: check `base_url`.")


StreamChoice = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chunk:
    """An event of the stream. An empty *reason* means that more chunks follow."""

    text: str = ""
    reasoning: str = ""
    reason: str = ""
    usage: TokenUsage | None = None


class _FimCall(Call):
    """Fill in the middle by ``POST /beta/completions``."""

    def __init__(
        self,
        request: FimRequest,
        keep_going: KeepGoing,
        host: str,
        idle_timeout_s: float,
        sent: Sent,
    ) -> None:
        super().__init__(
            section="completion",
            path="/beta/completions",
            model=request.model,
            body=_body(request),
            size=f"{len(request.prompt.before)} + {len(request.prompt.suffix)}",
            timeout_s=request.timeout_s,
            host=host,
            idle_timeout_s=idle_timeout_s,
            sent=sent,
        )
        self._keep_going = keep_going

    def parse(self, choice: StreamChoice) -> Chunk | None:
        match choice:
            case {"text": str() | None as text}:
                return Chunk(text or "")
        return None

    def on_chunk(self, chunk: Chunk) -> bool:
        return self._keep_going(self.text)


def _body(request: FimRequest) -> bytes:
    prompt = request.prompt
    payload: dict[str, object] = {
        "model": request.model,
        # DeepSeek calls the prefix "prompt"; the name stops at this line.
        "prompt": prompt.context + show_carriage_returns(prompt.prefix) or EMPTY_PROMPT,
        "max_tokens": request.max_tokens,
        # DeepSeek's own default is 1: too imaginative for code.
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    # An empty suffix is left out: then the prefix cache stores the prompt alone.
    if prompt.suffix:
        payload["suffix"] = show_carriage_returns(prompt.suffix)
    return to_body(payload)


def to_body(payload: Mapping[str, object]) -> bytes:
    # UTF-8 instead of escapes halves the bytes of Chinese. A half surrogate pair from an editor has
    # no UTF-8, and becomes a question mark.
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _json(text: str | bytes) -> object:
    """Return *text* parsed as JSON, or None if it is not JSON."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: a thousand brackets
        return None
    return value


MAX_TOKENS_BELIEVED = 10_000_000
"""Maximum tokens of one call that are believed: ten times the longest context of any model."""


def _usage(data: object) -> TokenUsage | None:
    """Return the tokens of a call (DeepSeek docs, Create FIM Completion, "usage").

    None if a number is missing or not credible: the tokens of the call are then estimated.
    """
    if not isinstance(data, dict):
        return None
    names = ("prompt_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    prompt, hit, miss = (data.get(name) for name in names)
    completion = data.get("completion_tokens")
    if hit is None:
        hit = 0
    if miss is None and _is_count(prompt) and _is_count(hit):
        # A service that does not report hits and misses bills all tokens as misses.
        miss = max(0, prompt - hit)
    if _is_count(hit) and _is_count(miss) and _is_count(completion):
        return TokenUsage(prompt_hit=hit, prompt_miss=miss, completion=completion)
    return None


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_TOKENS_BELIEVED


def whole_characters(text: str) -> str:
    """Return *text* with surrogate pairs joined, and half ones replaced.

    JSON may spell half a pair, and a pair may be split between two chunks.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_headers(response: httpx.Response, host: str) -> None:
    """Raise `UnavailableError` unless *response* is a plain stream of events."""
    kind = response.headers.get("content-type", "text/event-stream")
    if kind.partition(";")[0].strip().lower() != "text/event-stream":
        raise UnavailableError(f"{host} did not answer with a completion: check `base_url`.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnavailableError(f"{host} sent a compressed answer: check `base_url`.")


async def _read_start(response: httpx.Response, most: int) -> bytes:
    """Return the first *most* bytes of the body, or as many as arrive."""
    body = b""
    with contextlib.suppress(httpx.HTTPError):
        async for part in response.aiter_raw():
            body += part
            if len(body) >= most:
                break
    return body[:most]


def _supported_models(message: str) -> tuple[str, ...]:
    """Return the models named in a server's message; nothing else is taken from it."""
    found = _SUPPORTED_MODELS.search(message)
    names = re.split(r", | or | and ", found[1]) if found else []
    return tuple(names) if all(map(_is_model_name, names)) else ()


def _is_model_name(name: object) -> bool:
    return isinstance(name, str) and _MODEL_NAME.fullmatch(name) is not None


def _unknown_model(call: Call, supported: tuple[str, ...]) -> UnknownModelError:
    return UnknownModelError(
        f"There is no model {call.model}: set `{call.section}.model` to {' or '.join(supported)}.",
        asked=call.model,
        supported=supported,
    )


def _redirect(response: httpx.Response, host: str) -> BadRequestError:
    """Return the error for a redirect.

    Redirects are never followed: key and code are meant for this address and no other.
    """
    try:
        url = httpx.URL(response.headers.get("location", ""))
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    except (httpx.InvalidURL, ValueError):
        origin = ""
    # Name only the origin of its target: the rest may quote what was sent.
    to = f" to {origin}" if re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]{1,100}", origin) else ""
    return BadRequestError(
        f"{host} answered with a redirect{to} ({response.status_code}): check `base_url`."
    )


def _amounts(infos: object) -> tuple[str, ...]:
    """Return the valid amounts in ``balance_infos``, each with its currency."""
    amounts = []
    for info in infos if isinstance(infos, list) else ():
        match info:
            case {"currency": str() as currency, "total_balance": str() as amount}:
                if _AMOUNT.fullmatch(f"{amount} {currency}"):
                    amounts.append(f"{amount} {currency}")
    return tuple(amounts)


def _refusal(
    response: httpx.Response, message: str, host: str, section: str = "completion"
) -> ProviderError:
    """Return the exception for a status other than 200.

    *message* is the server's, and *section* the section of the request's settings.
    """
    status = response.status_code
    retry_after_s = _retry_after_s(response.headers.get("retry-after", ""))
    match status:
        case 401:
            return AuthenticationError(f"{host} does not know the API key: check `api_key`.")
        case 402:
            return BalanceError(
                f"The DeepSeek account has too little balance: top up at {catalog().top_up}."
            )
        case _ if is_about_text(status, message):
            return RefusedTextError(_REFUSED_TEXT.format(host=host, status=status))
        case 407:
            return ConnectError(PROXY_WANTS_PASSWORD)
        case 404:
            return BadRequestError(f"{host} has no completions (404): check `base_url`.")
        case 429 if "balance" in message.lower():
            return RateLimitError(
                f"A low DeepSeek balance limits the requests: top up at {catalog().top_up}.",
                retry_after_s=retry_after_s,
            )
        case 429:
            return RateLimitError(
                "DeepSeek limits the number of requests: the next ones wait a moment.",
                retry_after_s=retry_after_s,
            )
    # 408 comes from a gateway before the service, and says nothing about the request.
    if 400 <= status < 500 and status != 408:
        return BadRequestError(
            f"{host} refused the request ({status}): check the `{section}` settings."
        )
    return UnavailableError(
        f"{host} is in trouble ({status}): try again later.", retry_after_s=retry_after_s
    )


_REFUSED_TEXT = (
    "{host} refused this text ({status}): it may be too long, or hold what a filter does not let "
    "through. Other files are still completed."
)


def _retry_after_s(value: str) -> float | None:
    """Return the seconds of ``Retry-After``, also of a date (RFC 9110, 10.2.3); None if invalid."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a time zone
        return None
