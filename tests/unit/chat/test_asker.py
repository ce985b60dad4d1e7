"""One chat request: the gate, the queue, the model, and what it tells the session."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ds_lsp.chat.asker import MAX_STREAMS, Chat, answer_request
from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ChatRefused,
    ConnectError,
    ProviderError,
    RateLimitError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    ChatMessage,
    ChatPiece,
    ChatRequest,
    ChatResult,
    Finish,
    OnPiece,
    Sent,
    TokenUsage,
    unnoticed,
)
from ds_lsp.service.substitutes import ModelsInUse
from ds_lsp.service.usage.estimate import estimate_tokens
from ds_lsp.service.usage.ledger import Ledger
from ds_lsp.session import Session
from ds_lsp.settings.schema import ChatSettings
from tests.unit.fakes import service_of, turns

REQUEST = ChatRequest((ChatMessage("user", "secret 甲"),), "m", 9, opening="secret")
USAGE = TokenUsage(1, 2, 3)


@dataclass
class FakeChat:
    """Keeps its calls; each ends when the test says so."""

    calls: list[tuple[ChatRequest, asyncio.Future[ChatResult]]] = field(default_factory=list)
    hung_up: int = 0

    async def chat(self, request: ChatRequest, hear: OnPiece, sent: Sent = unnoticed) -> ChatResult:
        sent()
        outcome: asyncio.Future[ChatResult] = asyncio.get_running_loop().create_future()
        self.calls.append((request, outcome))
        hear(ChatPiece("It"))
        try:
            return await outcome
        except asyncio.CancelledError:
            self.hung_up += 1
            raise

    def say(self, text: str, number: int = -1) -> None:
        self.calls[number][1].set_result(ChatResult(text, "", Finish.STOP, USAGE))

    def fail(self, error: ProviderError, number: int = -1) -> None:
        self.calls[number][1].set_exception(error)


class _NotedLedger(Ledger):
    def __init__(self, events: list[object]) -> None:
        super().__init__()
        self._events = events

    def add_chat(self, request: ChatRequest, result: ChatResult | None) -> None:
        self._events.append((request.model, result and result.usage))


class _Models(ModelsInUse):
    def __init__(self, another: str | None) -> None:
        super().__init__()
        self._another = another

    def replace(self, error: UnknownModelError) -> str | None:
        return self._another


@dataclass
class Rig:
    provider: FakeChat = field(default_factory=FakeChat)
    events: list[object] = field(default_factory=list)
    waits: list[bool] = field(default_factory=list)
    another: str | None = None

    def chat(self) -> Chat:
        chat = Chat(
            lambda uri: "rule 7" if "env" in uri else None,
            prepare=lambda text: text.replace("secret", "***"),
        )
        ledger, models = _NotedLedger(self.events), _Models(self.another)
        chat.use(service_of(None, self.provider, ledger=ledger, models=models))
        return chat

    def ask(self, chat: Chat, uri: str = "file:///a") -> "asyncio.Task[ChatResult]":
        return asyncio.create_task(chat.ask(uri, REQUEST, lambda piece: None, self.waits.append))


async def test_every_text_that_is_sent_is_prepared() -> None:
    rig = Rig()
    task = rig.ask(rig.chat())
    await turns()
    sent, _ = rig.provider.calls[0]
    assert sent.messages[0].content == "*** 甲"
    assert sent.opening == "***"
    rig.provider.say("x")
    assert (await task).text == "x"
    assert rig.events == [("m", USAGE)]


async def test_the_gate_and_a_missing_provider_refuse() -> None:
    rig = Rig()
    chat = rig.chat()
    with pytest.raises(ChatRefused, match="rule 7"):
        await rig.ask(chat, "file:///.env")
    chat.use(None)
    with pytest.raises(ChatRefused, match="needs a key"):
        await rig.ask(chat)
    assert rig.events == rig.provider.calls == []


async def test_more_than_a_few_wait_for_their_turn() -> None:
    rig = Rig()
    chat = rig.chat()
    tasks = [rig.ask(chat) for _ in range(10)]
    await turns()
    assert len(rig.provider.calls) == MAX_STREAMS
    assert rig.waits.count(True) == 10 - MAX_STREAMS
    # Whoever gives up while waiting leaves the others their turn.
    tasks[2].cancel()
    tasks[0].cancel()
    await turns()
    assert rig.provider.hung_up == 1
    assert len(rig.provider.calls) == MAX_STREAMS + 1
    for number in range(1, 9):
        rig.provider.say("x", number)
        await turns()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, ChatResult) for result in results) == 8


async def test_a_model_that_is_gone_is_replaced() -> None:
    rig = Rig(another="n")
    task = rig.ask(rig.chat())
    await turns()
    rig.provider.fail(UnknownModelError("no m", asked="m", supported=("n",)))
    await turns()
    assert rig.provider.calls[1][0].model == "n"
    rig.provider.say("x")
    await task
    assert rig.events == [("m", None), ("n", USAGE)]


async def test_a_failure_is_told_and_raised() -> None:
    rig = Rig()
    task = rig.ask(rig.chat())
    await turns()
    error = UnavailableError("down")
    rig.provider.fail(error)
    with pytest.raises(UnavailableError):
        await task
    assert rig.events == [("m", None)]


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_an_answer_that_was_cut_off_is_estimated(is_cancelled: bool) -> None:
    session = Session()
    provider = FakeChat()
    session.chat.use(service_of(None, provider, ledger=session.ledger))
    request = ChatRequest((ChatMessage("user", "甲乙 🙂"),), "m", 9)
    task = asyncio.create_task(
        session.chat.ask("file:///a", request, lambda piece: None, lambda waits: None)
    )
    await turns()
    if is_cancelled:
        task.cancel()
    else:
        provider.fail(UnavailableError("cut"))
    await asyncio.wait([task])
    totals = session.ledger.session()
    assert (totals.requests, totals.estimated) == (1, 1)
    assert totals.prompt_miss_tokens == estimate_tokens("甲乙 🙂")
    assert totals.completion_tokens == estimate_tokens("It")
    await session.aclose()


def test_thinking_has_more_room() -> None:
    plain = answer_request((), ChatSettings())
    thinking = answer_request((), ChatSettings(thinking=True))
    assert (plain.thinking, thinking.thinking) == (False, True)
    assert plain.max_tokens < thinking.max_tokens


# What it means for completion.


def trouble(session: Session) -> ProviderError | None:
    assert session.service
    return session.service.breaker.trouble


async def after(error: ProviderError) -> tuple[Session, FakeChat, list[str | None]]:
    """A session whose chat has just failed."""
    said: list[str | None] = []

    def say(topic: str, message: str | None, occasion: object = None) -> None:
        if topic == "provider":
            said.append(message)

    session = Session(say)
    provider = FakeChat()
    service = service_of(None, provider, ledger=session.ledger, say=say)
    session.selection.service = service
    session.chat.use(service)
    said.clear()
    task = asyncio.create_task(
        session.chat.ask("file:///a", REQUEST, lambda piece: None, lambda waits: None)
    )
    await turns()
    provider.fail(error)
    with pytest.raises(type(error)):
        await task
    return session, provider, said


@pytest.mark.parametrize(
    "error", [AuthenticationError("key"), BalanceError("top up"), ConnectError("net")]
)
async def test_account_and_network_are_everybodys(error: ProviderError) -> None:
    session, provider, said = await after(error)
    await turns()
    assert trouble(session) is error
    assert said == [str(error)]
    # And an answer ends it for everybody.
    task = asyncio.create_task(
        session.chat.ask("file:///a", REQUEST, lambda piece: None, lambda waits: None)
    )
    await turns()
    provider.say("x")
    await task
    assert trouble(session) is None
    assert session.ledger.session().requests == 2
    # The first one had begun to answer.
    assert session.ledger.session().completion_tokens == estimate_tokens("It") + USAGE.completion
    await session.aclose()


@pytest.mark.parametrize(
    "error", [BadRequestError("no"), RateLimitError("slow"), UnavailableError("down")]
)
async def test_what_else_fails_is_chats_own(error: ProviderError) -> None:
    session, provider, said = await after(error)
    assert trouble(session) is None
    assert said == []
    # Nor does an answer mend what completion has met.
    refused = BadRequestError("completion refused")
    assert session.service
    session.service.breaker.call_failed(refused, 0.0)
    task = asyncio.create_task(
        session.chat.ask("file:///a", REQUEST, lambda piece: None, lambda waits: None)
    )
    await turns()
    provider.say("x")
    await task
    assert trouble(session) is refused
    await session.aclose()
