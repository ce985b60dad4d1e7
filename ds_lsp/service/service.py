"""Asks the paid provider in use, and draws the consequences for later requests.

Every metered call passes here, for completion and for chat. A failure that time can mend pauses
automatic requests, one that it cannot mend stops them; a model that is gone is replaced; what was
sent is counted. Another address or key is another service, with which all of that begins anew.

Explicit requests are never held back: their user waits for an answer, and gets one in words.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ds_lsp.errors import (
    AuthenticationError,
    BalanceError,
    Blocked,
    ConnectError,
    ProviderError,
    RefusedTextError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    Account,
    Adapters,
    ChatPiece,
    ChatRequest,
    ChatResult,
    Connected,
    FimProvider,
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    OnPiece,
    Sent,
    unnoticed,
    usage_of,
)
from ds_lsp.service.breaker import Breaker
from ds_lsp.service.health import Health, Say, no_news
from ds_lsp.service.refused import RefusedTexts
from ds_lsp.service.spending import SpendingLimit
from ds_lsp.service.substitutes import ModelsInUse
from ds_lsp.service.usage import estimate
from ds_lsp.service.usage.ledger import Ledger

SPARE_AFTER_S = 0.02
"""Seconds after a call begins until a connection is opened for the next one. A call that its user
takes back costs its connection."""
SHARED = (AuthenticationError, BalanceError, ConnectError)
"""Failures of chat that concern completion as well: the account and the network. What else goes
wrong (a model that is gone, a refused request, a service that is busy with long answers) is chat's
own, and stops no completion."""

TokensIn = Callable[[str], Callable[[str], float]]
"""Returns, for a language, what estimates the tokens of a text."""
_Request = TypeVar("_Request", FimRequest, ChatRequest)
_Result = TypeVar("_Result", FimResult, ChatResult)


class Service:
    """The paid provider in use, as a provider of its own."""

    metered = True

    def __init__(
        self,
        make: Callable[[Connected], Adapters],
        ledger: Ledger,
        limit: SpendingLimit,
        *,
        models: ModelsInUse | None = None,
        say: Say = no_news,
        changed: Callable[[], None] = lambda: None,
        tokens_in: TokensIn = lambda language_id: estimate.estimate_tokens,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """*make* is called with a callback for each connection that is opened ahead of need.

        *changed* is called whenever the state may be another one.
        """
        self.breaker = Breaker(clock)
        self.refused = RefusedTexts(clock)
        self.models = models or ModelsInUse()
        self.health = Health(self.breaker, say, changed, sleep)
        adapters = make(self.health.connected)
        self.fim: FimProvider = adapters.fim
        self.name = self.fim.name
        self._chat = adapters.chat
        self._ledger = ledger
        self._limit = limit
        self._tokens_in = tokens_in
        self._changed = changed
        self._clock = clock
        self._calls = 0
        self._is_retired = False
        self.health.begin(self.fim if isinstance(self.fim, Account) else None)

    @property
    def has_chat(self) -> bool:
        """True if the provider has a chat API."""
        return self._chat is not None

    @property
    def is_busy(self) -> bool:
        """True while a call is running."""
        return self._calls > 0

    def blocked(self, request: FimRequest) -> Blocked | None:
        """Return why an automatic request must not be sent now, or None.

        There are three cases: the spending limit of the day is used up; the service refused the
        text of this document; the service failed, and its pause is not over.
        """
        if over_limit := self._limit.reached(request.uri):
            return Blocked(over_limit, is_over_limit=True)
        prompt = request.prompt
        refused = self.refused.refuses(request.uri, prompt.prefix + prompt.suffix)
        trouble = refused or self.breaker.refuses()
        return Blocked(str(trouble)) if trouble else None

    def admit(self, request: FimRequest) -> None:
        """Raise `Blocked` unless an automatic request may be sent; after a pause, one at a time."""
        if blocked := self.blocked(request):
            raise blocked
        self.breaker.admit()

    def refresh(self, request: FimRequest) -> None:
        """Read soon what other servers have spent, where the spending limit goes by it."""
        self._limit.refresh(request.uri)

    def explicit_request_failed(self, error: Exception) -> None:
        """Tell the user, who waits for a completion, why there is none."""
        self.health.explicit_request_failed(error)

    def warm(self) -> None:
        """Open the connection of the next call. Called at every keystroke."""
        if not self._is_retired:
            self.fim.warm()

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        """Complete, by another model where the one of *request* is gone; cancelling hangs up.

        Raises `ProviderError`.
        """
        received = ""

        def note(text: str) -> bool:
            nonlocal received
            received = text
            return keep_going(text)

        async def call(asked: FimRequest, mark_sent: Sent) -> FimResult:
            nonlocal received
            received = ""

            def tell_sent() -> None:
                mark_sent()
                sent()

            return await self.fim.fill(asked, note, tell_sent)

        def cut() -> FimResult:
            return FimResult(received, Finish.CUT)

        started = self._clock()
        try:
            result = await self._ask(
                request, lambda asked: self._counted(asked, call, cut, self._count_completion)
            )
        except ProviderError as error:
            self._note_failure(error, request, started)
            raise
        if not self._is_retired:
            self.breaker.call_succeeded(started)
            self.refused.note_answer(request.uri)
            self.health.call_succeeded()
        return result

    async def chat(self, request: ChatRequest, on_piece: OnPiece) -> ChatResult:
        """Answer a question, by another model where the one of *request* is gone.

        Cancelling hangs up. Raises `ProviderError`.
        """
        assert self._chat, "the service has no chat"
        chat, received = self._chat, list[ChatPiece]()

        def note(piece: ChatPiece) -> None:
            received.append(piece)
            on_piece(piece)

        async def call(asked: ChatRequest, mark_sent: Sent) -> ChatResult:
            received.clear()
            return await chat.chat(asked, note, mark_sent)

        def cut() -> ChatResult:
            return _cut(received)

        started = self._clock()
        try:
            result = await self._ask(
                request, lambda asked: self._counted(asked, call, cut, self._ledger.add_chat)
            )
        except ProviderError as error:
            self._note_chat_failure(error, started)
            raise
        # An answer proves the key, the balance and the network, and nothing about completion.
        if isinstance(self.breaker.trouble, SHARED) and not self._is_retired:
            self.breaker.call_succeeded(started)
            self.health.call_succeeded()
        return result

    def retire(self) -> None:
        """Tell the user nothing any more: another service is in use. Running calls go on."""
        self._is_retired = True
        self.health.aclose()

    async def aclose(self) -> None:
        """Close the connections, and with them the calls that still run."""
        self.health.aclose()
        await self.fim.aclose()

    async def _ask(
        self, request: _Request, once: Callable[[_Request], Awaitable[_Result]]
    ) -> _Result:
        """Return the answer of the first model that is not gone."""
        while True:
            try:
                return await once(request)
            except UnknownModelError as error:
                model = None if self._is_retired else self.models.replace(error)
                if model is None:
                    raise
                request = replace(request, model=model)

    async def _counted(
        self,
        request: _Request,
        call: Callable[[_Request, Sent], Awaitable[_Result]],
        cut: Callable[[], _Result],
        count: "Callable[[_Request, _Result | None], None]",
    ) -> _Result:
        """Make one call, and count it once its first byte has left, however it ends.

        There are three ends: the answer, with its usage; a cancellation or a failure after a part
        of the answer, which is billed as far as it came; a refusal, which costs nothing.
        """
        is_sent = False

        def mark_sent() -> None:
            nonlocal is_sent
            is_sent = True

        result: _Result | None = None
        self._begin_call()
        try:
            result = await call(request, mark_sent)
            return result
        except asyncio.CancelledError:
            result = cut()
            raise
        except ProviderError as error:
            may_be_billed, usage = usage_of(error)
            part = cut()
            if may_be_billed or not _is_empty(part):
                result = replace(part, usage=usage)
            raise
        finally:
            if is_sent:
                count(request, result)
            self._calls -= 1
            self._changed()

    def _count_completion(self, request: FimRequest, result: FimResult | None) -> None:
        self._ledger.add_completion(request, result, self._tokens_in(request.language_id))

    def _begin_call(self) -> None:
        self._calls += 1
        self._changed()
        asyncio.get_running_loop().call_later(SPARE_AFTER_S, self.warm)

    def _note_failure(self, error: ProviderError, request: FimRequest, started: float) -> None:
        """Draw the consequences for later requests: of all documents, or of this one."""
        if self._is_retired:
            return
        prompt = request.prompt
        concerns_all = not isinstance(error, RefusedTextError) or self.refused.note_refusal(
            request.uri,
            error,
            text=prompt.prefix + prompt.suffix,
            had_context=bool(prompt.excerpts),
        )
        if concerns_all:
            self.breaker.call_failed(error, started)
        self.health.call_failed(error)

    def _note_chat_failure(self, error: ProviderError, started: float) -> None:
        if self._is_retired or not isinstance(error, SHARED):
            return
        is_known = self.breaker.trouble is not None
        self.breaker.call_failed(error, started)
        self.health.call_failed(error)
        if is_known:
            # The user was told, maybe long ago, and waits for an answer now.
            self.health.explicit_request_failed(error)


def _is_empty(result: FimResult | ChatResult) -> bool:
    return not (result.text or getattr(result, "reasoning", ""))


def _cut(received: Sequence[ChatPiece]) -> ChatResult:
    """Return what there is of an answer that did not come to its end."""
    text = "".join(piece.text for piece in received)
    return ChatResult(text, "".join(piece.reasoning for piece in received), Finish.CUT)
