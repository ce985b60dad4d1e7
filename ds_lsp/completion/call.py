"""Calls the service for a request, and remembers the answer even if the request has ended."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from ds_lsp.completion.cache import CompletionCache, cache_key
from ds_lsp.completion.debounce import TypingRhythm
from ds_lsp.completion.postprocess.extent import extent_for, max_tokens_for
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.completion.request import CompletionRequest
from ds_lsp.errors import RefusedTextError
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing
from ds_lsp.service.service import Service


@dataclass(frozen=True, slots=True)
class Memory:
    """The places where a call leaves what later requests need."""

    cache: CompletionCache
    prompts: PromptBuilder
    rhythm: TypingRhythm
    clock: Callable[[], float]
    is_in_use: Callable[[Service], bool]
    """Returns whether a service is still asked: another one must not inherit its answers."""


async def call_service(
    service: Service,
    asked: FimRequest,
    request: CompletionRequest,
    memory: Memory,
    keep_going: KeepGoing,
) -> FimResult:
    """Return the service's answer, and remember it; of a call that is cancelled, the part there is.

    Raises `ProviderError`.
    """
    multiline = request.settings.multiline
    extent = extent_for(request.snapshot, multiline)
    capped = replace(asked, max_tokens=max_tokens_for(extent, asked.max_tokens))
    received, started = "", memory.clock()

    def note(text: str) -> bool:
        nonlocal received
        received = text
        return keep_going(text)

    def remember(result: FimResult) -> None:
        # By another model, perhaps, where the one that was set is gone.
        model = service.models.current(asked.model)
        key = cache_key(replace(asked, model=model), service.name, multiline)
        memory.cache.store(key, result)

    try:
        result = await service.fill(capped, note)
    except asyncio.CancelledError:
        if received and memory.is_in_use(service):
            # Its last word may be half of one, as at the limit of tokens.
            remember(FimResult(received, Finish.LENGTH))
        raise
    except RefusedTextError:
        # No other document is refused for the sake of this one's text.
        if memory.is_in_use(service):
            memory.prompts.excerpts.clear()
        raise
    memory.rhythm.note_latency(memory.clock() - started)
    if memory.is_in_use(service):
        remember(result)
        memory.prompts.learn(asked, result)
    return result
