"""A further provider: one row in the registry and a class of its own, and no other file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ds_lsp.providers.base import (
    Adapters,
    ChatPiece,
    ChatRequest,
    ChatResult,
    Connected,
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    OnPiece,
    Sent,
    unnoticed,
)
from ds_lsp.providers.registry import PROVIDERS, Provider, provider_named, provider_names
from ds_lsp.settings.resolve import SettingsSource, resolve
from tests.harness import InProcess, did_open
from tests.unit.clean import clean

URI = "file:///stub/a.py"
ADDRESS = "http://127.0.0.1:9/api/v1"


class Stub:
    """Completes every text alike, and notes its requests."""

    name = "stub"
    metered = True

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self.key = key
        self.requests: list[FimRequest] = []
        self.is_closed = False

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        self.requests.append(request)
        sent()
        keep_going("a + b")
        return FimResult("a + b", Finish.STOP)

    def warm(self) -> None:
        pass

    async def aclose(self) -> None:
        self.is_closed = True


class StubChat:
    """Answers every question alike."""

    async def chat(
        self, request: ChatRequest, on_piece: OnPiece, sent: Sent = unnoticed
    ) -> ChatResult:
        sent()
        on_piece(ChatPiece("It adds."))
        return ChatResult("It adds.", "", Finish.STOP)


class Stubs:
    """The row of the stub, and the stubs that were made by it."""

    def __init__(self) -> None:
        self.made: list[Stub] = []
        self.chat: StubChat | None = None

    def make(self, base_url: str, key: str, connected: Connected) -> Adapters:
        self.made.append(Stub(base_url, key))
        return Adapters(self.made[-1], self.chat)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.fixture
def stubs() -> Stubs:
    return Stubs()


@pytest.fixture
async def server() -> AsyncIterator[InProcess]:
    at = InProcess()
    yield at
    await at.quit()


def register(monkeypatch: pytest.MonkeyPatch, row: Provider) -> None:
    assert isinstance(PROVIDERS, dict)
    monkeypatch.setitem(PROVIDERS, "stub", row)


async def complete(server: InProcess) -> str:
    server.post(did_open(URI, "def add(a, b):\n    return "))
    result = await server.ask(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": URI},
            "position": {"line": 1, "character": 11},
            "context": {"triggerKind": 1},
        },
    )
    (item,) = result["items"]
    return str(item["insertText"])


async def test_a_provider_of_one_row_completes_through_the_whole_server(
    monkeypatch: pytest.MonkeyPatch, stubs: Stubs, server: InProcess
) -> None:
    register(monkeypatch, Provider(stubs.make))
    await server.initialize({"provider": "stub", "apiKey": "sk-stub", "baseUrl": ADDRESS})
    assert "a + b" in await complete(server)
    (stub,) = stubs.made
    assert (stub.base_url, stub.key) == (ADDRESS, "sk-stub")
    assert [each.prompt.prefix for each in stub.requests] == ["def add(a, b):\n    return "]
    status = await server.command("status")
    assert (status["state"], status["provider"], status["problems"]) == ("ready", "stub", [])
    assert "requests 1," in status["usage"]
    await server.configure({"ds-lsp": {"completion": {"enabled": True}}})
    assert not stub.is_closed
    assert server.messages == []


async def test_a_provider_that_needs_no_key_gets_none(
    monkeypatch: pytest.MonkeyPatch, stubs: Stubs, server: InProcess
) -> None:
    register(monkeypatch, Provider(stubs.make, needs_key=False))
    # The key is for DeepSeek: another service must not see it.
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-deepseek")
    await server.initialize({"provider": "stub", "baseUrl": ADDRESS})
    assert "a + b" in await complete(server)
    assert [stub.key for stub in stubs.made] == [""]


async def test_a_provider_that_needs_a_key_is_not_made_without_one(
    monkeypatch: pytest.MonkeyPatch, stubs: Stubs, server: InProcess
) -> None:
    register(monkeypatch, Provider(stubs.make))
    await server.initialize({"provider": "stub", "baseUrl": ADDRESS})
    assert stubs.made == []
    assert (await server.command("status"))["state"] == "stopped"


@pytest.mark.parametrize("has_chat", [True, False])
async def test_chat_is_there_if_the_adapters_have_one(
    monkeypatch: pytest.MonkeyPatch, stubs: Stubs, server: InProcess, has_chat: bool
) -> None:
    register(monkeypatch, Provider(stubs.make))
    stubs.chat = StubChat() if has_chat else None
    await server.initialize({"provider": "stub", "apiKey": "sk-stub", "baseUrl": ADDRESS})
    service = server.server.session.service
    assert service is not None
    assert service.has_chat == has_chat


def test_the_setting_accepts_the_providers_there_are(
    monkeypatch: pytest.MonkeyPatch, stubs: Stubs
) -> None:
    assert provider_names() == ("auto", "deepseek", "local")
    source = SettingsSource("here", {"provider": "stub"})
    (problem,) = resolve([source]).problems
    assert "must be one of auto, deepseek, local" in problem
    register(monkeypatch, Provider(stubs.make))
    assert resolve([source]).problems == ()
    assert resolve([source]).settings.provider == "stub"


@pytest.mark.parametrize(
    ("provider", "used"),
    [
        ("stub", "https://openrouter.ai/api/v1"),
        ("deepseek", "https://openrouter.ai/api"),
        ("auto", "https://openrouter.ai/api"),
        ("local", "https://openrouter.ai/api"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_each_provider_has_its_own_rule_for_its_address(
    monkeypatch: pytest.MonkeyPatch, stubs: Stubs, provider: str, used: str, is_first: bool
) -> None:
    register(monkeypatch, Provider(stubs.make))
    sources = [
        SettingsSource("config.toml", {"provider": provider}),
        SettingsSource("environment", {"base_url": "https://openrouter.ai/api/v1/"}),
    ]
    resolved = resolve(sources if is_first else sources[::-1])
    assert (resolved.settings.base_url, resolved.problems) == (used, ())


@pytest.mark.parametrize(
    ("pushed", "is_refused"),
    [
        ("https://my.company/v1", False),
        ("https://my.company/", False),
        ("https://my.company/beta", False),
        ("https://my.company/v2", True),
    ],
)
def test_a_client_that_repeats_an_address_in_other_words_changes_nothing(
    pushed: str, is_refused: bool
) -> None:
    own = SettingsSource("config.toml", {"base_url": "https://my.company"})
    client = SettingsSource("the editor", {"base_url": pushed}, is_client=True)
    resolved = resolve([own, client])
    assert bool(resolved.problems) == is_refused
    assert resolved.settings.base_url == "https://my.company"


def test_the_first_provider_is_the_one_of_auto() -> None:
    assert next(iter(PROVIDERS)) == "deepseek"
    assert provider_named("auto") is PROVIDERS["deepseek"]
