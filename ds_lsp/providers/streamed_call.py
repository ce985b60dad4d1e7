"""A streamed request to a model API over HTTP, and the reading of its answer."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeGuard

import httpx

from ds_lsp.errors import BadRequestError, ProviderError, UnavailableError
from ds_lsp.providers.base import Finish, Sent, TokenUsage
from ds_lsp.providers.http.sse import SseDecoder
from ds_lsp.providers.refusals import error_message

LINGER_S = 0.25
"""Maximum seconds of reading on after the end of the text: for the usage, and for the end of the
body, without which the connection could not be reused."""
MAX_TEXT_CHARS = 64 * 1024
"""Maximum characters of a completion; a longer one is refused. 4096 tokens, the most that FIM
returns, are a quarter of it."""
MAX_ERROR_BYTES = 16 * 1024
"""Maximum bytes read of the body of an error."""
_SLICE_BYTES = 4096
"""Bytes of an answer decoded before other tasks have their turn: ten ordinary events, or a thousand
empty ones."""
_EVENTS_AT_A_TIME = 8
"""Events handled before other tasks have their turn: for each, the text may be post-processed."""
MAX_TOKENS_BELIEVED = 10_000_000
"""Maximum tokens of one call that are believed: ten times the longest context of any model."""

_FAILED = frozenset({"content_filter", "insufficient_system_resource", "aborted"})
"""Finish reasons whose text must not be shown (DeepSeek docs, Create FIM Completion)."""


StreamChoice = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chunk:
    """An event of the stream. An empty *reason* means that more chunks follow."""

    text: str = ""
    reasoning: str = ""
    reason: str = ""
    usage: TokenUsage | None = None


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

    def to_error(self, response: httpx.Response, message: str) -> ProviderError:
        """Return the error for a status that is neither 200 nor a redirect.

        *message* is the server's; empty if its body has not been read.
        """
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
            raise _to_redirect_error(response, self.host)
        if response.status_code != 200:
            self.refusal = self.to_error(response, "")
            wait_at_most(LINGER_S)
            message = error_message(await read_start(response, MAX_ERROR_BYTES))
            raise self.to_error(response, message)
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
        data = parse_json(payload)
        if not isinstance(data, dict):
            raise UnavailableError("The answer is not what was expected: check `base_url`.")
        if data.get("error"):
            raise UnavailableError("The provider reported an error in the middle of its answer.")
        usage = _parse_usage(data.get("usage"))
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


def _to_redirect_error(response: httpx.Response, host: str) -> BadRequestError:
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


async def read_start(response: httpx.Response, most: int) -> bytes:
    """Return the first *most* bytes of the body, or as many as arrive."""
    body = b""
    with contextlib.suppress(httpx.HTTPError):
        async for part in response.aiter_raw():
            body += part
            if len(body) >= most:
                break
    return body[:most]


def _parse_usage(data: object) -> TokenUsage | None:
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


def to_body(payload: Mapping[str, object]) -> bytes:
    # UTF-8 instead of escapes halves the bytes of Chinese. A half surrogate pair from an editor has
    # no UTF-8, and becomes a question mark.
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def parse_json(text: str | bytes) -> object:
    """Return *text* parsed as JSON, or None if it is not JSON."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: a thousand brackets
        return None
    return value


def parse_retry_after(value: str) -> float | None:
    """Return the seconds of ``Retry-After``, also of a date (RFC 9110, 10.2.3); None if invalid."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a time zone
        return None
