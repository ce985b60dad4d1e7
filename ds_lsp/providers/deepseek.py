"""Fill in the middle by DeepSeek: endpoint, payload, stream, status to error."""

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
from ds_lsp.document import show_carriage_returns
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
from ds_lsp.providers.connection import (
    PROXY_WANTS_PASSWORD,
    UNREACHABLE,
    Connection,
    why_unreachable,
)
from ds_lsp.providers.models import catalog
from ds_lsp.providers.refusals import error_message, is_about_text
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
MAX_FACTS_BYTES = 1024 * 1024
"""How much is read of what is not a completion: the models, the balance."""
FACTS_TIMEOUT_S = 5.0
"""Wall clock for asking for those, in seconds."""
_SLICE_BYTES = 4096
"""Bytes of an answer that are decoded before other tasks have their turn: ten ordinary events, or
a thousand empty ones."""
_EVENTS_AT_A_TIME = 8
"""Events that are heard before other tasks have their turn: each may have the text fitted."""
EMPTY_PROMPT = "\n"
"""Sent in place of an empty prefix: DeepSeek refuses an empty prompt, and an empty line says the
same to a model."""

_FAILED = frozenset({"content_filter", "insufficient_system_resource", "aborted"})
"""Finish reasons whose text is not to be shown (DeepSeek docs, Create FIM Completion)."""

_MAY_BE_THE_MODEL = (400, 404, 422)
"""How an unknown model is refused, here or by services that speak DeepSeek's language."""

_MAY_BE_THE_TEXT = (400, 422)
"""How a text is refused by services that give no reason."""

_SUPPORTED_MODELS = re.compile(r"supported API model names are (.{1,500}?)(?:,? but |\.?$)")
_MODEL_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_AMOUNT = re.compile(r"-?[0-9.]{1,20} [A-Z]{3}")

log = logging.getLogger(__name__)


class DeepSeek:
    """Fill in the middle by ``POST /beta/completions``, streamed.

    *base_url* has no trailing slash and no ``/v1`` or ``/beta``. *idle_timeout_s*: seconds of
    silence after the first text.
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
        """*connected* is called when a connection was opened ahead of need."""
        self._connected = connected
        self._api_key = api_key
        self._base_url = base_url
        self._idle_timeout_s = idle_timeout_s
        self._connection: Connection | None = None
        self._closed = False
        self._completed_by: set[str] = set()
        """Models that have completed with these settings."""

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        """What the model puts between prefix and suffix.

        Raises `ProviderError` and nothing else; cancelling hangs up.
        """
        call = _FimCall(request, keep_going, self.host, self._idle_timeout_s, sent)
        finish = await self.run(call)
        return FimResult(whole_characters(call.text), finish, call.usage)

    async def run(self, call: "Call") -> Finish:
        """Make *call*, which keeps what it is answered. Raises `ProviderError` and nothing else."""
        started = time.monotonic()
        error: ProviderError | None = None
        try:
            async with asyncio.timeout(call.timeout_s) as clock:
                await self._ask(call, clock)
        except BadRequestError as exc:
            error = exc
            if call.status in _MAY_BE_THE_MODEL:
                error = await self._unless_model_is_gone(exc, call)
            is_model = isinstance(error, UnknownModelError)
            has_worked = call.model in self._completed_by
            if not is_model and has_worked and call.status in _MAY_BE_THE_TEXT:
                # The same settings have worked.
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
        # Trouble after the last piece of text is no trouble.
        if call.finish is not None:
            self._note_completed(call)
            return call.finish
        # Raised out here, it drags no exception along that quotes what was sent or received.
        error = error or UnavailableError("The answer was cut off: try again.")
        error.has_begun = call.is_streaming
        error.tokens = astuple(call.usage) if call.usage else None
        raise error

    def _note_completed(self, call: "Call") -> None:
        if isinstance(call, _FimCall):
            self._completed_by.add(call.model)

    async def models(self) -> tuple[str, ...]:
        """The names of the models there are, in the service's order. Raises `ProviderError`."""
        match await self._get("/models"):
            case {"data": list() as rows}:
                names = [row.get("id") for row in rows if isinstance(row, dict)]
                return tuple(str(name) for name in names if _is_model_name(name))
        raise UnavailableError(f"{self.host} did not answer with its models: check `base_url`.")

    async def balance(self) -> Balance:
        """What is left on the account. Raises `ProviderError`."""
        match await self._get("/user/balance"):
            case {"is_available": bool() as is_available, **rest}:
                return Balance(is_available, _amounts(rest.get("balance_infos")))
        raise UnavailableError(f"{self.host} did not answer with a balance: check `base_url`.")

    def warm(self) -> None:
        """Open a connection for the next `fill`, unless there is one. Never raises."""
        with contextlib.suppress(Exception):  # the next fill meets the same and says so
            self._connect().warm()

    async def aclose(self) -> None:
        """Close the connections; `fill` raises `UnavailableError` from now on."""
        self._closed = True
        if self._connection is not None:
            await self._connection.aclose()

    @cached_property
    def host(self) -> str:
        """For messages: the whole address may hold a password."""
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
            # Hanging up cost the connection, and the next request may come at once.
            connection.warm()

    async def _get(self, path: str) -> object:
        """The JSON at *path*; None when it is none. Raises `ProviderError`."""
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
        # As in `run`: raised out here, it drags nothing along.
        raise error

    async def _unless_model_is_gone(self, refusal: BadRequestError, call: "Call") -> ProviderError:
        """*refusal*, or that there is no such model where the service does not list it."""
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
        """*exc*, which came from below, as ours."""
        if isinstance(exc, UNREACHABLE):
            proxy = self._connection.proxy if self._connection else None
            if proxy:
                return ConnectError(
                    why_unreachable(exc, f"the proxy {proxy.host}", f"`{proxy.variable}`")
                )
            return ConnectError(why_unreachable(exc, self.host))
        if not isinstance(exc, httpx.HTTPError | OSError | EventTooLargeError):
            # Its text may quote the document.
            log.warning("unexpected %s during a completion", type(exc).__name__)
        return UnavailableError(f"The answer of {self.host} could not be read: try again.")


class Call:
    """One streamed request, and what is known of its answer so far."""

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
        """*section*: where its settings are. *size*: how much it sends, for the log.

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
        """What the status line said, should the body never end."""
        self.is_streaming = False
        """Whether an answer has begun, though it may say nothing yet."""
        self._has_begun = False
        self.host = host
        self._idle_timeout_s = idle_timeout_s

    def parse(self, choice: "Choice") -> "Chunk | None":
        """What one element of ``choices`` says; None when it is not of this endpoint."""
        raise NotImplementedError

    def hear(self, chunk: "Chunk") -> bool:
        """Something was said; it is in the text already. False ends the stream."""
        raise NotImplementedError

    async def read(self, response: httpx.Response, clock: asyncio.Timeout) -> None:
        """Read the answer until it ends, or nobody wants more of it."""
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
            told = await self._take_part(part, decoder)
            if self.finish is Finish.CUT:
                return
            # Comments and blank lines tell nothing: they go on while nothing happens.
            if self.finish is None and self._has_begun and told:
                wait_at_most(self._idle_timeout_s)
            elif self.finish is not finished:
                wait_at_most(LINGER_S)
        self._take(decoder.end())

    async def _take_part(self, part: bytes, decoder: SseDecoder) -> bool:
        """Add a part of the stream to the answer, and return whether it told anything.

        Gives way to other tasks between its slices: it may hold ten thousand events.
        """
        told = False
        for start in range(0, len(part), _SLICE_BYTES):
            payloads = decoder.feed(part[start : start + _SLICE_BYTES])
            for first in range(0, max(len(payloads), 1), _EVENTS_AT_A_TIME):
                if start or first:
                    await asyncio.sleep(0)
                told = self._take(payloads[first : first + _EVENTS_AT_A_TIME]) or told
        return told

    def _take(self, payloads: list[str]) -> bool:
        """Add events to the answer. False: there were none that told anything."""
        told = False
        for payload in payloads:
            if payload and self.finish is not Finish.CUT:
                self._take_chunk(self._parse(payload))
                told = True
        return told

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
        wanted = self.hear(chunk) if chunk.text or chunk.reasoning else True
        if chunk.reason:
            self.finish = Finish.LENGTH if chunk.reason == "length" else Finish.STOP
        elif not wanted:
            self.finish = Finish.CUT

    def _parse(self, payload: str) -> "Chunk":
        """One event's payload. Raises `UnavailableError` when it is no chunk of an answer."""
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
                # The last one may say nothing but that it is the last.
                if chunk is None and isinstance(reason, str):
                    chunk = Chunk()
                if chunk is not None:
                    reason = reason if isinstance(reason, str) else ""
                    return replace(chunk, reason=reason, usage=usage)
        raise UnavailableError("The answer is not what was expected: check `base_url`.")


Choice = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of the stream. An empty *reason*: there is more to come."""

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
            size=f"{len(request.context) + len(request.prefix)} + {len(request.suffix)}",
            timeout_s=request.timeout_s,
            host=host,
            idle_timeout_s=idle_timeout_s,
            sent=sent,
        )
        self._keep_going = keep_going

    def parse(self, choice: Choice) -> Chunk | None:
        match choice:
            case {"text": str() | None as text}:
                return Chunk(text or "")
        return None

    def hear(self, chunk: Chunk) -> bool:
        return self._keep_going(self.text)


def _body(request: FimRequest) -> bytes:
    payload: dict[str, object] = {
        "model": request.model,
        # DeepSeek calls the prefix "prompt"; the name stops at this line.
        "prompt": request.context + show_carriage_returns(request.prefix) or EMPTY_PROMPT,
        "max_tokens": request.max_tokens,
        # DeepSeek's own default is 1: too imaginative for code.
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    # Absent, not empty: without a suffix the prompt alone is what the prefix cache stores.
    if request.suffix:
        payload["suffix"] = show_carriage_returns(request.suffix)
    return to_body(payload)


def to_body(payload: Mapping[str, object]) -> bytes:
    # UTF-8 instead of escapes: half the bytes for Chinese. An editor's half surrogate pair has
    # no UTF-8; a question mark stands in for it.
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _json(text: str | bytes) -> object:
    """*text* as JSON, None when it is none."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: a thousand brackets
        return None
    return value


MAX_TOKENS_BELIEVED = 10_000_000
"""Maximum tokens of one call that are believed: ten times the longest context there is."""


def _usage(data: object) -> TokenUsage | None:
    """Return the tokens of a call (DeepSeek docs, Create FIM Completion, "usage").

    None where a number that is needed is missing or none is to be believed: the call is estimated
    then, as one that says nothing.
    """
    if not isinstance(data, dict):
        return None
    names = ("prompt_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    prompt, hit, miss = (data.get(name) for name in names)
    completion = data.get("completion_tokens")
    if hit is None:
        hit = 0
    if miss is None and _is_count(prompt) and _is_count(hit):
        # A service that does not tell hits from misses bills them all as misses.
        miss = max(0, prompt - hit)
    if _is_count(hit) and _is_count(miss) and _is_count(completion):
        return TokenUsage(prompt_hit=hit, prompt_miss=miss, completion=completion)
    return None


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_TOKENS_BELIEVED


def whole_characters(text: str) -> str:
    """*text* without half surrogate pairs: JSON may spell them, and two chunks share one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_headers(response: httpx.Response, host: str) -> None:
    """Raise `UnavailableError` unless *response* is a plain stream of events."""
    kind = response.headers.get("content-type", "text/event-stream")
    if kind.partition(";")[0].strip().lower() != "text/event-stream":
        raise UnavailableError(f"{host} did not answer with a completion: check `base_url`.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnavailableError(f"{host} sent a compressed answer: check `base_url`.")


async def _read_start(response: httpx.Response, most: int) -> bytes:
    """The body, as much of it as matters and arrives: at most *most* bytes."""
    body = b""
    with contextlib.suppress(httpx.HTTPError):
        async for part in response.aiter_raw():
            body += part
            if len(body) >= most:
                break
    return body[:most]


def _supported_models(message: str) -> tuple[str, ...]:
    """The one thing taken from a server's message: the models there are."""
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
    """Never followed: the key and the code are meant for this address and no other."""
    try:
        url = httpx.URL(response.headers.get("location", ""))
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    except (httpx.InvalidURL, ValueError):
        origin = ""
    # Of where it leads, the origin alone: the rest may quote what was sent.
    to = f" to {origin}" if re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]{1,100}", origin) else ""
    return BadRequestError(
        f"{host} answered with a redirect{to} ({response.status_code}): check `base_url`."
    )


def _amounts(infos: object) -> tuple[str, ...]:
    """``balance_infos`` as amounts with their currencies, as far as they are such."""
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
    """The exception for a status that is not 200.

    *message*: what the server said of it. *section*: where the settings of the request are.
    """
    status = response.status_code
    wish = _retry_after_s(response.headers.get("retry-after", ""))
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
                retry_after_s=wish,
            )
        case 429:
            return RateLimitError(
                "DeepSeek limits the number of requests: the next ones wait a moment.",
                retry_after_s=wish,
            )
    # 408: whoever stands before the service was out of patience. It says nothing of the request.
    if 400 <= status < 500 and status != 408:
        return BadRequestError(
            f"{host} refused the request ({status}): check the `{section}` settings."
        )
    return UnavailableError(
        f"{host} is in trouble ({status}): try again later.", retry_after_s=wish
    )


_REFUSED_TEXT = (
    "{host} refused this text ({status}): it may be too long, or hold what a filter does not let "
    "through. Other files are still completed."
)


def _retry_after_s(value: str) -> float | None:
    """``Retry-After``: seconds, or a date (RFC 9110, 10.2.3); None when it is neither."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a time zone
        return None
