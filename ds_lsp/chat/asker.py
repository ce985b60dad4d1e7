"""The life of one chat request: the gate, the queue, the model's answer.

Every question is asked for by the user, so no pause of the service holds it back.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import ChatMessage, ChatRequest, ChatResult, Finish, OnPiece
from ds_lsp.service.service import Service
from ds_lsp.settings.schema import ChatSettings
from ds_lsp.text.document import show_carriage_returns

MAX_STREAMS = 2
"""Answers that are streamed at once; others wait. The connections that are left are for completion,
and nobody reads more at a time."""
MAX_TOKENS = 4096
"""The longest answer, in tokens: some screenfuls."""
MAX_TOKENS_THINKING = 32_768
"""The same when the model reasons before it: both count."""
THINKING_TIMEOUT_S = 900.0

Prepare = Callable[[str], str]
"""Makes a text fit to be sent, as by masking secrets in it. Every text that is sent passes here."""
Excludes = Callable[[str], str | None]
"""The rule by which a document must not be sent, if there is one."""

NO_PROVIDER = (
    "There is no DeepSeek to ask: this needs a key, and `provider` set to auto or deepseek."
)


class Chat:
    """Asks a chat model, for as many at once as is good for completion."""

    def __init__(
        self, excludes: Excludes = lambda uri: None, prepare: Prepare = lambda text: text
    ) -> None:
        self.prepare = prepare
        self._service: Service | None = None
        self._excludes = excludes
        self._streams = asyncio.Semaphore(MAX_STREAMS)

    def use(self, service: Service | None) -> None:
        """Ask another service from now on, or none."""
        self._service = service if service and service.has_chat else None

    @property
    def has_provider(self) -> bool:
        """True if there is a chat model to ask."""
        return self._service is not None

    def check(self, uri: str) -> Service:
        """Return the service to ask about a document.

        Raises `ChatRefused` where nothing may be sent of the document, or there is no service.
        """
        if rule := self._excludes(uri):
            raise excluded(rule)
        if self._service is None:
            raise ChatRefused(NO_PROVIDER)
        return self._service

    async def ask(
        self, uri: str, request: ChatRequest, hear: OnPiece, waiting: Callable[[bool], None]
    ) -> ChatResult:
        """Return the model's answer to a question about the document *uri*.

        *waiting* is called with True while other questions come first, and with False when it is
        this one's turn. Raises `ChatRefused` or `ProviderError`; cancelling hangs up.
        """
        self.check(uri)
        request = self._prepared(request)
        waiting(self._streams.locked())
        async with self._streams:
            waiting(False)
            return await self.check(uri).chat(request, hear)

    def _prepared(self, request: ChatRequest) -> ChatRequest:
        def sent(text: str) -> str:
            return show_carriage_returns(self.prepare(text))

        messages = tuple(
            ChatMessage(message.role, sent(message.content)) for message in request.messages
        )
        return replace(request, messages=messages, opening=sent(request.opening))


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
