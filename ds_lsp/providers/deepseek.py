"""The provider DeepSeek: fill in the middle, the models and the balance."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable
from dataclasses import astuple
from functools import cached_property

import httpx

from ds_lsp import __version__
from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectError,
    NoAnswerError,
    ProviderError,
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
    unnoticed,
)
from ds_lsp.providers.deepseek_errors import (
    REFUSED_TEXT,
    find_supported_models,
    is_model_name,
    to_refusal,
    to_unknown_model,
)
from ds_lsp.providers.http.connections import (
    UNREACHABLE,
    Connection,
    why_unreachable,
)
from ds_lsp.providers.http.sse import EventTooLargeError
from ds_lsp.providers.refusals import error_message
from ds_lsp.providers.streamed_call import (
    Call,
    Chunk,
    StreamChoice,
    parse_json,
    read_start,
    to_body,
    whole_characters,
)
from ds_lsp.text.lines import show_carriage_returns

FIM_IDLE_TIMEOUT_S = 3.0
"""Silence, in seconds, after which a stream that has begun counts as dead.

DeepSeek's streams are known to stall in the middle with the connection open (GitHub,
deepseek-ai/DeepSeek-V3 issue 1608)."""
MAX_FACTS_BYTES = 1024 * 1024
"""Maximum bytes read of an answer that is no completion: the models or the balance."""
FACTS_TIMEOUT_S = 5.0
"""Wall clock for a request for the models or the balance, in seconds."""
EMPTY_PROMPT = "\n"
"""The prompt sent for an empty prefix: DeepSeek refuses an empty one, and to a model an empty line
means the same."""

_UNKNOWN_MODEL_STATUSES = (400, 404, 422)
"""Statuses with which DeepSeek, or a compatible service, may refuse an unknown model."""

_REFUSED_TEXT_STATUSES = (400, 422)
"""Statuses with which a service may refuse a text without a reason."""

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
        idle_timeout_s: float = FIM_IDLE_TIMEOUT_S,
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

    async def run(self, call: Call) -> Finish:
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
                error = RefusedTextError(REFUSED_TEXT.format(host=self.host, status=call.status))
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

    def _remember_model(self, call: Call) -> None:
        if isinstance(call, _FimCall):
            self._proven_models.add(call.model)

    async def models(self) -> tuple[str, ...]:
        """Return the names of the models, in the service's order. Raises `ProviderError`."""
        match await self._get("/models"):
            case {"data": list() as rows}:
                names = [row.get("id") for row in rows if isinstance(row, dict)]
                return tuple(str(name) for name in names if is_model_name(name))
        raise UnavailableError(f"{self.host} did not answer with its models: check `base_url`.")

    async def balance(self) -> Balance:
        """Return the account's balance. Raises `ProviderError`."""
        match await self._get("/user/balance"):
            case {"is_available": bool() as is_available, **rest}:
                return Balance(is_available, _parse_amounts(rest.get("balance_infos")))
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

    async def _ask(self, call: Call, clock: asyncio.Timeout) -> None:
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
                    body = await read_start(response, MAX_FACTS_BYTES)
                finally:
                    await response.aclose()
            if response.status_code == 200:
                return parse_json(body)
            error = to_refusal(response, error_message(body), self.host)
        except ProviderError as exc:
            error = exc
        except TimeoutError:
            error = UnavailableError(f"{self.host} did not answer in time.")
        except Exception as exc:
            error = self._error_from(exc)
        # Raised outside of the handlers, as in `run`: it has no context.
        raise error

    async def _explain_refusal(self, refusal: BadRequestError, call: Call) -> ProviderError:
        """Return `UnknownModelError` if the service does not list the model, else *refusal*."""
        if isinstance(refusal, UnknownModelError):
            return refusal
        try:
            supported = await self.models()
        except ProviderError:
            return refusal
        if not supported or call.model in supported:
            return refusal
        return to_unknown_model(call, supported)

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


class DeepSeekCall(Call):
    """A streamed request to DeepSeek, or to a compatible service."""

    def to_error(self, response: httpx.Response, message: str) -> ProviderError:
        words = message.partition("\n")[0] if response.status_code == 400 else ""
        if supported := find_supported_models(words):
            return to_unknown_model(self, supported)
        return to_refusal(response, message, self.host, self.section)


class _FimCall(DeepSeekCall):
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
            body=_to_body(request),
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


def _to_body(request: FimRequest) -> bytes:
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


def _parse_amounts(infos: object) -> tuple[str, ...]:
    """Return the valid amounts in ``balance_infos``, each with its currency."""
    amounts = []
    for info in infos if isinstance(infos, list) else ():
        match info:
            case {"currency": str() as currency, "total_balance": str() as amount}:
                if _AMOUNT.fullmatch(f"{amount} {currency}"):
                    amounts.append(f"{amount} {currency}")
    return tuple(amounts)
