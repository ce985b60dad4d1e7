"""Chat by DeepSeek: what is sent, what is heard, and every way it can go wrong."""

from collections.abc import AsyncIterator

import pytest

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ProviderError,
    RateLimitError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    ChatMessage,
    ChatPiece,
    ChatProvider,
    ChatRequest,
    ChatResult,
    Finish,
    TokenUsage,
)
from ds_lsp.providers.deepseek import DeepSeek
from ds_lsp.providers.deepseek_chat import DeepSeekChat
from tests.fake_deepseek import (
    Close,
    FakeDeepSeek,
    Head,
    Reply,
    Send,
    Step,
    Wait,
    chat_chunk,
    chat_sse,
    envelope,
    split,
)

MESSAGES = (ChatMessage("system", "s"), ChatMessage("user", "canary 甲 🙂"))


def request(**more: object) -> ChatRequest:
    values: dict[str, object] = {"model": "deepseek-flash", "max_tokens": 9, **more}
    return ChatRequest(MESSAGES, **values)  # type: ignore[arg-type]  # a test names what it means


class Ear:
    def __init__(self) -> None:
        self.pieces: list[ChatPiece] = []

    def hear(self, piece: ChatPiece) -> None:
        self.pieces.append(piece)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@pytest.fixture
async def chat(fake: FakeDeepSeek) -> AsyncIterator[DeepSeekChat]:
    deepseek = DeepSeek(api_key=fake.key, base_url=fake.url)
    yield DeepSeekChat(deepseek, idle_timeout_s=0.2)
    await deepseek.aclose()


async def say(chat: ChatProvider, asked: ChatRequest) -> ChatResult:
    return await chat.chat(asked, Ear().hear)


async def test_the_request_is_what_the_reference_asks_for(
    fake: FakeDeepSeek, chat: DeepSeekChat
) -> None:
    await say(chat, request())
    (sent,) = fake.requests
    assert sent.path == "/chat/completions"
    assert sent.body == {
        "model": "deepseek-flash",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "canary 甲 🙂"},
        ],
        "max_tokens": 9,
        "thinking": {"type": "disabled"},
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_thinking_an_opening_and_json_are_sent(
    fake: FakeDeepSeek, chat: DeepSeekChat
) -> None:
    await say(chat, request(thinking=True))
    await say(chat, request(opening="```c\n", stop=("```",)))
    with pytest.raises(BadRequestError):
        await say(chat, request(as_json=True))
    messages = (*MESSAGES, ChatMessage("user", "in JSON"))
    await say(chat, ChatRequest(messages, "deepseek-flash", 9, as_json=True))
    thinking, opened, _, _, as_json = [each.body for each in fake.requests]
    assert thinking["thinking"] == {"type": "enabled"}
    assert "temperature" not in thinking
    assert fake.requests[1].path == "/beta/chat/completions"
    assert opened["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "canary 甲 🙂"},
        {"role": "assistant", "content": "```c\n", "prefix": True},
    ]
    assert opened["stop"] == ["```"]
    assert as_json["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("last_has_delta", [True, False])
async def test_text_and_reasoning_are_heard_apart(
    fake: FakeDeepSeek, chat: DeepSeekChat, size: int, last_has_delta: bool
) -> None:
    usage = {"prompt_cache_hit_tokens": 1, "prompt_cache_miss_tokens": 2, "completion_tokens": 3}
    stream = chat_sse("It adds 甲 🙂.", reasoning="Let me see.", usage=usage)
    if not last_has_delta:
        stream = chat_sse(
            "It adds 甲 🙂.", reasoning="Let me see.", usage=usage, last_has_delta=False
        )
    fake.chat_script(*split(stream, size=size))
    ear = Ear()
    result = await chat.chat(request(thinking=True), ear.hear)
    assert result == ChatResult("It adds 甲 🙂.", "Let me see.", Finish.STOP, TokenUsage(1, 2, 3))
    assert ear.text == result.text
    assert "".join(piece.reasoning for piece in ear.pieces) == result.reasoning
    assert ear.pieces[0].text == ""


async def test_an_answer_that_reaches_its_longest_length_says_so(
    fake: FakeDeepSeek, chat: DeepSeekChat
) -> None:
    fake.chat_script(*chat_sse("It", finish="length"))
    assert (await say(chat, request())).finish is Finish.LENGTH


BEGUN = Send(f"data: {chat_chunk('It adds')}\n\n".encode())

FAULTS: dict[str, tuple[tuple[Step, ...], type[ProviderError]]] = {
    "401": ((Reply(401, "Authentication Fails (governor)"),), AuthenticationError),
    "402": ((Reply(402, envelope("Insufficient Balance")),), BalanceError),
    "422": ((Reply(422, envelope("canary")),), BadRequestError),
    "429": ((Reply(429, envelope("slow down")),), RateLimitError),
    "503": ((Reply(503, ""),), UnavailableError),
    "cut off": ((BEGUN, Close()), UnavailableError),
    "cut off in an orderly way": ((BEGUN,), UnavailableError),
    "a stall": ((BEGUN, Wait()), UnavailableError),
    "comments for ever": ((BEGUN, *[Send(b": keep-alive\n\n")] * 9, Wait()), UnavailableError),
    "before the first word": ((Head(), Close()), UnavailableError),
    "a completion's chunk": (
        (Send(b'data: {"choices": [{"text": "x", "finish_reason": null}]}\n\n'),),
        UnavailableError,
    ),
    "delta of the wrong shape": (
        (Send(b'data: {"choices": [{"delta": {"content": ["x"]}}]}\n\n'),),
        UnavailableError,
    ),
    "error in the stream": ((Send(b'data: {"error": {"message": "no"}}\n\n'),), UnavailableError),
    "given up": (tuple(chat_sse("It", finish="content_filter")), UnavailableError),
    "html": ((Reply(200, "<html>", "text/html"),), UnavailableError),
}


@pytest.mark.parametrize(("steps", "error"), FAULTS.values(), ids=FAULTS.keys())
async def test_every_fault_is_a_provider_error(
    fake: FakeDeepSeek, chat: DeepSeekChat, steps: tuple[Step, ...], error: type[ProviderError]
) -> None:
    fake.chat_script(*steps)
    ear = Ear()
    with pytest.raises(error) as raised:
        await chat.chat(request(), ear.hear)
    assert "canary" not in str(raised.value)
    if BEGUN in steps:
        assert ear.text == "It adds"


async def test_a_model_that_is_gone_names_the_setting(
    fake: FakeDeepSeek, chat: DeepSeekChat
) -> None:
    with pytest.raises(UnknownModelError, match=r"set `chat\.model` to deepseek-flash") as raised:
        await say(chat, request(model="deepseek-v9"))
    assert raised.value.supported == fake.models


async def test_a_silent_answer_times_out(fake: FakeDeepSeek, chat: DeepSeekChat) -> None:
    fake.chat_script(Wait())
    with pytest.raises(UnavailableError, match="in time"):
        await say(chat, request(timeout_s=0.1))
