"""The life of one chat request: the gate, the queue, the model's answer, what it means for others.

Chat is always asked for, so no breaker holds it back. What it meets concerns completion as well
where it is about the account or the network: a wrong key, an empty balance, no connection, and the
end of each. What else goes wrong (a model that is gone, a refused request, a service that is busy
with long answers) is chat's own, and stops no completion.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ds_lsp.document import show_carriage_returns
from ds_lsp.errors import (
    AuthenticationError,
    BalanceError,
    ChatRefused,
    ConnectError,
    ProviderError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    ChatMessage,
    ChatPiece,
    ChatProvider,
    ChatRequest,
    ChatResult,
    Finish,
    Hear,
    usage_of,
)
from ds_lsp.settings import ChatSettings

MAX_STREAMS = 2
"""Answers that are streamed at once; others wait. The connections that are left are for completion,
and nobody reads more at a time."""
MAX_TOKENS = 4096
"""The longest answer, in tokens: some screenfuls."""
MAX_TOKENS_THINKING = 32_768
"""The same when the model reasons before it: both count."""
THINKING_TIMEOUT_S = 900.0

SHARED = (AuthenticationError, BalanceError, ConnectError)
"""What concerns completion as well."""

Prepare = Callable[[str], str]
"""Makes a text fit to be sent, as by masking secrets in it. Every text that is sent passes here."""
Excludes = Callable[[str], str | None]
"""The rule by which a document must not be sent, if there is one."""

NO_PROVIDER = (
    "There is no DeepSeek to ask: this needs a key, and `provider` set to auto or deepseek."
)


@dataclass(frozen=True, slots=True)
class Events:
    """What chat tells the session; called on the event loop, must not raise."""

    asking: Callable[[], None] = lambda: None
    ended: Callable[[], None] = lambda: None
    """A call of a model has ended, however it did."""
    asked: Callable[[ChatRequest, ChatResult | None], None] = lambda request, result: None
    """It was sent, and has ended; None: the provider refused, which costs nothing."""
    worked: Callable[[float], None] = lambda started: None
    """A call that began then has been answered."""
    failed: Callable[[ProviderError, float], None] = lambda error, started: None
    another_model: Callable[[UnknownModelError], str | None] = lambda error: None
    """The model to ask instead; None: there is none to try."""


class Chat:
    """Asks a chat model, for as many at once as is good for completion."""

    def __init__(
        self,
        excludes: Excludes = lambda uri: None,
        events: Events = Events(),
        *,
        prepare: Prepare = lambda text: text,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.prepare = prepare
        self._provider: ChatProvider | None = None
        self._excludes = excludes
        self._events = events
        self._clock = clock
        self._streams = asyncio.Semaphore(MAX_STREAMS)

    def use(self, provider: ChatProvider | None) -> None:
        """Ask another provider from now on; None: there is none."""
        self._provider = provider

    @property
    def has_provider(self) -> bool:
        """Whether there is anybody to ask."""
        return self._provider is not None

    def check(self, uri: str) -> None:
        """Raises `ChatRefused` where nothing may be sent of a document, or nobody can be asked."""
        if rule := self._excludes(uri):
            raise excluded(rule)
        if self._provider is None:
            raise ChatRefused(NO_PROVIDER)

    async def ask(
        self, uri: str, request: ChatRequest, hear: Hear, waiting: Callable[[bool], None]
    ) -> ChatResult:
        """What the model answers; *uri* is of the document it is told about.

        *waiting* hears that others come first, and that it is our turn. Raises `ChatRefused` or
        `ProviderError`; cancelling hangs up.
        """
        self.check(uri)
        request = self._prepared(request)
        waiting(self._streams.locked())
        async with self._streams:
            waiting(False)
            self.check(uri)
            return await self._ask(request, hear)

    async def _ask(self, request: ChatRequest, hear: Hear) -> ChatResult:
        while True:
            started = self._clock()
            try:
                result = await self._call(request, hear)
            except UnknownModelError as error:
                model = self._events.another_model(error)
                if model is None:
                    raise
                request = replace(request, model=model)
            except ProviderError as error:
                self._events.failed(error, started)
                raise
            else:
                self._events.worked(started)
                return result

    async def _call(self, request: ChatRequest, hear: Hear) -> ChatResult:
        provider = self._provider
        if provider is None:
            raise ChatRefused(NO_PROVIDER)
        heard: list[ChatPiece] = []
        result: ChatResult | None = None

        def hear_and_keep(piece: ChatPiece) -> None:
            heard.append(piece)
            hear(piece)

        is_sent = False

        def mark_sent() -> None:
            nonlocal is_sent
            is_sent = True

        self._events.asking()
        try:
            result = await provider.chat(request, hear_and_keep, mark_sent)
            return result
        except asyncio.CancelledError:
            # What was sent is billed, though no answer had begun.
            result = _cut(heard)
            raise
        except ProviderError as error:
            may_be_billed, usage = usage_of(error)
            result = replace(_cut(heard), usage=usage) if heard or may_be_billed else None
            raise
        finally:
            if is_sent:
                self._events.asked(request, result)
            self._events.ended()

    def _prepared(self, request: ChatRequest) -> ChatRequest:
        def sent(text: str) -> str:
            return show_carriage_returns(self.prepare(text))

        messages = tuple(
            ChatMessage(message.role, sent(message.content)) for message in request.messages
        )
        return replace(request, messages=messages, opening=sent(request.opening))


def _cut(heard: Sequence[ChatPiece]) -> ChatResult:
    """What there is of an answer that did not come to its end."""
    text = "".join(piece.text for piece in heard)
    return ChatResult(text, "".join(piece.reasoning for piece in heard), Finish.CUT)


def excluded(rule: str) -> ChatRefused:
    """Nothing is sent of a document, because of *rule*."""
    return ChatRefused(f"This file is not sent anywhere; the rule that says so is {rule}.")


def answer_request(messages: tuple[ChatMessage, ...], settings: ChatSettings) -> ChatRequest:
    """A question that is answered in Markdown."""
    if settings.thinking:
        return ChatRequest(
            messages,
            settings.model,
            MAX_TOKENS_THINKING,
            thinking=True,
            timeout_s=THINKING_TIMEOUT_S,
        )
    return ChatRequest(messages, settings.model, MAX_TOKENS)


def note_on(finish: Finish) -> str:
    """What there is to say about the end of an answer; mostly nothing."""
    if finish is Finish.LENGTH:
        return "The answer has reached its longest length, and ends here."
    return ""
