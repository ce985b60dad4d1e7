"""Estimates the tokens of a call for which the provider reports none, as of a cut stream."""

import math
from collections.abc import Callable

from ds_lsp.providers.base import ChatRequest, ChatResult, FimRequest, TokenUsage

_TOKENS_PER_CHAR_OR_BYTE = 0.15


def estimate_tokens(text: str) -> int:
    """Return the approximate number of tokens in a text.

    DeepSeek's documentation says 0.3 tokens for an English character and 0.6 for a Chinese one. In
    UTF-8 the former takes one byte and the latter three, so that 0.15 for each character and each
    byte yields both figures, and something in between for scripts that take two bytes.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    return math.ceil((len(text) + size) * _TOKENS_PER_CHAR_OR_BYTE)


def estimate_usage(
    request: FimRequest, received: str, tokens: Callable[[str], float] = estimate_tokens
) -> TokenUsage:
    """Estimate the tokens of a call that ended after the text *received*.

    *tokens* estimates those of the prompt. All of the prompt counts as missed by the provider's
    cache, because an estimate should rather be too high than too low.
    """
    prompt = tokens(request.prompt.before) + tokens(request.prompt.suffix)
    return TokenUsage(
        prompt_hit=0, prompt_miss=math.ceil(prompt), completion=estimate_tokens(received)
    )


def estimate_chat_usage(request: ChatRequest, result: ChatResult) -> TokenUsage:
    """Estimate the tokens of a chat call that ended with *result*; reasoning is billed as well."""
    prompt = sum(estimate_tokens(message.content) for message in request.messages)
    completion = estimate_tokens(result.text) + estimate_tokens(result.reasoning)
    return TokenUsage(
        prompt_hit=0, prompt_miss=prompt + estimate_tokens(request.opening), completion=completion
    )
