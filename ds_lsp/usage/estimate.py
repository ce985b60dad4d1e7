"""How many tokens a call took whose provider does not say, as when its stream was cut."""

import math
from collections.abc import Callable

from ds_lsp.providers.base import ChatRequest, ChatResult, FimRequest, TokenUsage

_TOKENS_PER_CHAR_OR_BYTE = 0.15


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is.

    DeepSeek's documentation says 0.3 tokens for an English character and 0.6 for a Chinese one.
    Of UTF-8 the one takes one byte and the other three: 0.15 for each character and each byte is
    both, and something in between for the scripts in between.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    return math.ceil((len(text) + size) * _TOKENS_PER_CHAR_OR_BYTE)


def estimate_usage(
    request: FimRequest, received: str, tokens: Callable[[str], float] = estimate_tokens
) -> TokenUsage:
    """Return the tokens of a call that ended when it had *received* so much.

    *tokens* counts those of a prompt, as far as is known. All of the prompt counts as missed by
    the provider's cache: rather too much than too little.
    """
    prompt = tokens(request.context + request.prefix) + tokens(request.suffix)
    return TokenUsage(
        prompt_hit=0, prompt_miss=math.ceil(prompt), completion=estimate_tokens(received)
    )


def estimate_chat_usage(request: ChatRequest, result: ChatResult) -> TokenUsage:
    """The same of a chat: what the model received to itself is billed as well."""
    prompt = sum(estimate_tokens(message.content) for message in request.messages)
    received = estimate_tokens(result.text) + estimate_tokens(result.reasoning)
    return TokenUsage(
        prompt_hit=0, prompt_miss=prompt + estimate_tokens(request.opening), completion=received
    )
