"""The life of one chat request: the gate, the queue, the model's answer.

The user asks every question explicitly, so no pause of the service holds it back.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import ChatMessage, ChatRequest, ChatResult, Finish, Hear
from ds_lsp.service.service import Service
from ds_lsp.settings.schema import ChatSettings
from ds_lsp.text.lines import show_carriage_returns

MAX_STREAMS = 2
"""Maximum answers that are streamed at once; further requests wait. The other connections are left
to completion, and a user does not read more answers at a time."""
MAX_TOKENS = 4096
"""Maximum tokens of an answer: some screenfuls."""
MAX_TOKENS_THINKING = 32_768
"""Maximum tokens of reasoning and answer together, if the model reasons."""
THINKING_TIMEOUT_S = 900.0
"""Maximum seconds for reasoning and answer together."""

PrepareMessage = Callable[[str], str]
"""Prepares a text to be sent, as by masking its secrets. Every text that is sent is prepared."""
ExcludesDocument = Callable[[str], str | None]
"""Returns the rule by which a document must not be sent, or None."""

NO_PROVIDER = (
    "There is no DeepSeek to ask: this needs a key, and `provider` set to auto or deepseek."
)


class Chat:
    """Asks a chat model, at most `MAX_STREAMS` questions at once."""

    def __init__(
        self,
        excludes: ExcludesDocument = lambda uri: None,
        prepare: PrepareMessage = lambda text: text,
    ) -> None:
        self.prepare = prepare
        self._service: Service | None = None
        self._excludes = excludes
        self._slots = asyncio.Semaphore(MAX_STREAMS)

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
        self, uri: str, request: ChatRequest, on_piece: Hear, on_wait: Callable[[bool], None]
    ) -> ChatResult:
        """Return the model's answer to a question about the document *uri*.

        *on_wait* is called with True if other questions come first, and with False when the
        question is sent. Raises `ChatRefused` or `ProviderError`; cancelling hangs up.
        """
        self.check(uri)
        request = self._prepare_texts(request)
        on_wait(self._slots.locked())
        async with self._slots:
            on_wait(False)
            return await self.check(uri).chat(request, on_piece)

    def _prepare_texts(self, request: ChatRequest) -> ChatRequest:
        """Return *request* with every text as it is sent."""

        def prepare(text: str) -> str:
            return show_carriage_returns(self.prepare(text))

        messages = tuple(
            ChatMessage(message.role, prepare(message.content)) for message in request.messages
        )
        return replace(request, messages=messages, opening=prepare(request.opening))


def excluded(rule: str) -> ChatRefused:
    """Return the error for a document of which nothing is sent, because of *rule*."""
    return ChatRefused(f"This file is not sent anywhere; the rule that says so is {rule}.")


def answer_request(messages: tuple[ChatMessage, ...], settings: ChatSettings) -> ChatRequest:
    """Return the request for a question that is answered in Markdown."""
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
    """Return a sentence about the end of an answer that is cut off, else an empty string."""
    if finish is Finish.LENGTH:
        return "The answer has reached its longest length, and ends here."
    return ""
