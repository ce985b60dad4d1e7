"""Chat by DeepSeek: the parts that differ from its other calls."""

from ds_lsp.errors import UnavailableError
from ds_lsp.providers.base import ChatPiece, ChatRequest, ChatResult, OnPiece, Sent, unnoticed
from ds_lsp.providers.deepseek import DeepSeek, DeepSeekCall
from ds_lsp.providers.streamed_call import Chunk, StreamChoice, to_body, whole_characters

CHAT_IDLE_TIMEOUT_S = 30.0
"""Silence, in seconds, after which an answer that has begun counts as dead. Longer than for a
completion: the user has asked a question, and reads the answer."""
MAX_REASONING_CHARS = 512 * 1024
"""Maximum characters of reasoning; more is refused, as none of our `max_tokens` allows it."""


class DeepSeekChat:
    """Chat by ``POST /chat/completions``, streamed on the connections of *deepseek*.

    They are shared because key, proxy and errors are; a pool of its own would only open further
    connections. The caller limits the number of streams at once.
    """

    def __init__(self, deepseek: DeepSeek, idle_timeout_s: float = CHAT_IDLE_TIMEOUT_S) -> None:
        self._deepseek = deepseek
        self._idle_timeout_s = idle_timeout_s

    async def chat(
        self, request: ChatRequest, on_piece: OnPiece, sent: Sent = unnoticed
    ) -> ChatResult:
        """Return the model's answer, and call *on_piece* with each piece of it.

        Raises `ProviderError` and nothing else. Cancelling hangs up.
        """
        call = _ChatCall(request, on_piece, self._deepseek.host, self._idle_timeout_s, sent)
        finish = await self._deepseek.run(call)
        text, reasoning = whole_characters(call.text), whole_characters(call.reasoning)
        return ChatResult(text, reasoning, finish, call.usage)


class _ChatCall(DeepSeekCall):
    def __init__(
        self, request: ChatRequest, on_piece: OnPiece, host: str, idle_timeout_s: float, sent: Sent
    ) -> None:
        super().__init__(
            section="chat",
            # An opening makes it a "chat prefix completion", which is beta (DeepSeek docs).
            path="/beta/chat/completions" if request.opening else "/chat/completions",
            model=request.model,
            body=_to_body(request),
            size=str(sum(len(message.content) for message in request.messages)),
            timeout_s=request.timeout_s,
            host=host,
            idle_timeout_s=idle_timeout_s,
            sent=sent,
        )
        self.reasoning = ""
        self._on_piece = on_piece

    def parse(self, choice: StreamChoice) -> Chunk | None:
        match choice:
            case {"delta": dict() as delta}:
                text, reasoning = delta.get("content"), delta.get("reasoning_content")
                if isinstance(text, str | None) and isinstance(reasoning, str | None):
                    return Chunk(text or "", reasoning or "")
        return None

    def on_chunk(self, chunk: Chunk) -> bool:
        self.reasoning += chunk.reasoning
        if len(self.reasoning) > MAX_REASONING_CHARS:
            raise UnavailableError(f"{self.host} sent more text than was asked for.")
        self._on_piece(ChatPiece(whole_characters(chunk.text), whole_characters(chunk.reasoning)))
        return True


def _to_body(request: ChatRequest) -> bytes:
    messages: list[dict[str, object]] = [
        {"role": message.role, "content": message.content} for message in request.messages
    ]
    if request.opening:
        messages.append({"role": "assistant", "content": request.opening, "prefix": True})
    payload: dict[str, object] = {
        "model": request.model,
        "messages": messages,
        "max_tokens": request.max_tokens,
        # Always sent: DeepSeek reasons unless this disables it.
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
