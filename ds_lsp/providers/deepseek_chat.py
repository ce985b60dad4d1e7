"""Chat by DeepSeek: what it takes besides what all calls have in common."""

from ds_lsp.errors import UnavailableError
from ds_lsp.providers.base import ChatPiece, ChatRequest, ChatResult, Hear, Sent, unnoticed
from ds_lsp.providers.deepseek import Call, Choice, Chunk, DeepSeek, to_body, whole_characters

IDLE_TIMEOUT_S = 30.0
"""Silence, in seconds, after which an answer that has begun counts as dead. Longer than for a
completion: here somebody has asked, and reads."""
MAX_REASONING_CHARS = 512 * 1024
"""More of it is refused, as no `max_tokens` of ours allows for it."""


class DeepSeekChat:
    """Chat by ``POST /chat/completions``, streamed on the connections of *deepseek*.

    They are shared because key, proxy and errors are; a pool of its own would only open what is
    open already. How many streams there are at once is for the caller to say.
    """

    def __init__(self, deepseek: DeepSeek, idle_timeout_s: float = IDLE_TIMEOUT_S) -> None:
        self._deepseek = deepseek
        self._idle_timeout_s = idle_timeout_s

    async def chat(self, request: ChatRequest, hear: Hear, sent: Sent = unnoticed) -> ChatResult:
        """What the model answers. Raises `ProviderError` and nothing else; cancelling hangs up."""
        call = _ChatCall(request, hear, self._deepseek.host, self._idle_timeout_s, sent)
        finish = await self._deepseek.run(call)
        text, reasoning = whole_characters(call.text), whole_characters(call.reasoning)
        return ChatResult(text, reasoning, finish, call.usage)


class _ChatCall(Call):
    def __init__(
        self, request: ChatRequest, hear: Hear, host: str, idle_timeout_s: float, sent: Sent
    ) -> None:
        super().__init__(
            section="chat",
            # An opening is "chat prefix completion", which is beta (DeepSeek docs).
            path="/beta/chat/completions" if request.opening else "/chat/completions",
            model=request.model,
            body=_body(request),
            size=str(sum(len(message.content) for message in request.messages)),
            timeout_s=request.timeout_s,
            host=host,
            idle_timeout_s=idle_timeout_s,
            sent=sent,
        )
        self.reasoning = ""
        self._hear = hear

    def parse(self, choice: Choice) -> Chunk | None:
        match choice:
            case {"delta": dict() as delta}:
                text, reasoning = delta.get("content"), delta.get("reasoning_content")
                if isinstance(text, str | None) and isinstance(reasoning, str | None):
                    return Chunk(text or "", reasoning or "")
        return None

    def hear(self, chunk: Chunk) -> bool:
        self.reasoning += chunk.reasoning
        if len(self.reasoning) > MAX_REASONING_CHARS:
            raise UnavailableError(f"{self.host} sent more text than was asked for.")
        self._hear(ChatPiece(whole_characters(chunk.text), whole_characters(chunk.reasoning)))
        return True


def _body(request: ChatRequest) -> bytes:
    messages: list[dict[str, object]] = [
        {"role": message.role, "content": message.content} for message in request.messages
    ]
    if request.opening:
        messages.append({"role": "assistant", "content": request.opening, "prefix": True})
    payload: dict[str, object] = {
        "model": request.model,
        "messages": messages,
        "max_tokens": request.max_tokens,
        # Said in any case: DeepSeek reasons unless it is told not to.
        "thinking": {"type": "enabled" if request.thinking else "disabled"},
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if not request.thinking:
        # DeepSeek's own default is 1; while it reasons, the temperature has no effect.
        payload["temperature"] = 0
    if request.stop:
        payload["stop"] = list(request.stop)
    if request.as_json:
        payload["response_format"] = {"type": "json_object"}
    return to_body(payload)
