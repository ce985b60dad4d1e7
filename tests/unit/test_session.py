"""A session's settings, providers and states, without a protocol."""

import dataclasses
from pathlib import Path

import pytest

from ds_lsp.completion.cache import CacheKey
from ds_lsp.completion.request import CompletionRequest, Reason, Trigger
from ds_lsp.errors import AuthenticationError, UnknownModelError
from ds_lsp.providers.base import FimResult, Finish, TokenUsage
from ds_lsp.reports import status_report
from ds_lsp.service.key import KeyLookup
from ds_lsp.service.selection import NO_KEY
from ds_lsp.service.status import Status
from ds_lsp.session import Session
from ds_lsp.settings.schema import (
    ChatSettings,
    CompletionSettings,
    Resolved,
    Settings,
    SettingsSource,
    UsageSettings,
    resolve,
)
from ds_lsp.text.document import Document
from tests.unit.fakes import turns


def resolved(settings: Settings) -> Resolved:
    return Resolved(settings, {"api_key": "environment"}, ())


class Told:
    """A session, and what it has told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str | None]] = []
        self.states: list[Status] = []
        self.session = Session(self._say, self.states.append)

    def _say(self, topic: str, message: str | None, occasion: object = None) -> None:
        self.said.append((topic, message))

    def words(self, topic: str) -> str | None:
        """What there is to say about *topic* in the end."""
        return dict(self.said).get(topic)

    async def configure(self, settings: Settings, *folders: Path) -> None:
        await self.session.configure(resolved(settings), folders)


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.parametrize(
    ("settings", "provider", "fallback", "state"),
    [
        (Settings(), "local", None, "local"),
        (Settings(api_key="k"), "deepseek", "local", "ready"),
        (Settings(api_key="k", provider="deepseek"), "deepseek", None, "ready"),
        (Settings(api_key="k", provider="local"), "local", None, "local"),
        (Settings(provider="deepseek"), None, None, "stopped"),
    ],
)
async def test_provider_that_is_chosen(
    settings: Settings, provider: str | None, fallback: str | None, state: str
) -> None:
    told = Told()
    await told.configure(settings)
    providers = told.session.engine.providers
    assert (providers.first.name if providers.first else None) == provider
    assert (providers.fallback.name if providers.fallback else None) == fallback
    assert told.states[-1].state == told.session.status().state == state
    assert (("key", NO_KEY) in told.said) is (state == "stopped")
    await told.session.aclose()


async def test_changing_the_key_replaces_the_provider_and_other_settings_do_not() -> None:
    told = Told()
    await told.configure(Settings(api_key="a"))
    first = told.session.engine.providers.first
    completion = dataclasses.replace(Settings().completion, max_tokens=9)
    await told.configure(Settings(api_key="a", completion=completion))
    assert told.session.engine.providers.first is first
    assert told.session.settings.completion.max_tokens == 9
    await told.configure(Settings(api_key="b"))
    assert told.session.engine.providers.first is not first
    await told.session.aclose()


async def test_while_the_key_is_looked_for(tmp_path: Path) -> None:
    told = Told()
    settings = Settings(api_key_command=f"cat '{tmp_path}/no-such-file'")
    told.session.begin_configure(resolved(settings), [])
    assert told.session.status() == Status("local", "looking for the DeepSeek key", busy=False)
    await told.configure(settings)
    assert told.session.status().detail == "completing from the workspace's own text"
    assert told.session.selection.key_source == "none"
    assert "api_key_command failed" in (dict(told.said)["key"] or "")
    await told.session.aclose()


async def test_what_is_excluded_is_not_learned(tmp_path: Path) -> None:
    told = Told()
    await told.configure(Settings(provider="local"), tmp_path)
    for name in (".env", "a.py"):
        told.session.background.index_document(
            Document((tmp_path / name).as_uri(), "x", 1, "key = 1\n" * 9)
        )
    learned = told.session.index.nbytes
    assert learned > 0
    (tmp_path / ".gitignore").write_text("a.py\n")
    told.session.workspace.read_ignore_files_again()
    await told.configure(Settings(provider="local"), tmp_path)
    assert told.session.index.nbytes < learned
    told.session.background.index_document(
        Document((tmp_path / "a.py").as_uri(), "x", 1, "key = 1\n" * 9)
    )
    assert told.session.index.nbytes < learned
    await told.session.aclose()


@pytest.mark.usefixtures("no_keyring")
async def test_retired_names_in_the_settings_are_replaced_and_said() -> None:
    told = Told()
    settings = Settings(
        api_key="k",
        completion=CompletionSettings(model="deepseek-chat"),
        chat=ChatSettings(model="deepseek-reasoner"),
    )
    await told.configure(settings)
    assert told.session.settings.completion.model == "deepseek-flash"
    assert told.session.settings.chat.model == "deepseek-flash"
    assert status_report(told.session)["model"] == "deepseek-flash"
    assert told.words("model") == (
        "completion.model is deepseek-chat, which is gone: deepseek-flash is used; "
        "chat.model is deepseek-reasoner, which is gone: deepseek-flash is used."
    )
    await told.configure(Settings(api_key="k"))
    assert told.words("model") is None
    await told.session.aclose()


@pytest.mark.usefixtures("no_keyring")
async def test_models_that_are_gone_are_replaced_one_after_the_other() -> None:
    told = Told()
    await told.configure(Settings(api_key="k"))
    assert told.session.service
    gone = told.session.service.models.replace
    supported = ("a-pro", "b-flash", "deepseek-v5-flash")
    error = UnknownModelError("", asked="deepseek-flash", supported=supported)
    assert gone(error) == "deepseek-v5-flash"
    assert told.session.settings.completion.model == "deepseek-v5-flash"
    error = UnknownModelError("", asked="deepseek-v5-flash", supported=supported)
    assert gone(error) == "a-pro"
    assert told.session.settings.completion.model == "a-pro"
    error = UnknownModelError("", asked="a-pro", supported=("a-pro", "deepseek-flash"))
    assert gone(error) is None
    assert told.session.settings.completion.model == "a-pro"
    # Another service may have other models.
    await told.configure(Settings(api_key="k", base_url="http://127.0.0.1:9"))
    assert told.session.settings.completion.model == "deepseek-flash"
    await told.session.aclose()


@pytest.mark.parametrize(("command", "searches"), [("echo k", 2), (None, 1)])
async def test_after_a_wrong_key_whoever_keeps_it_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, command: str | None, searches: int
) -> None:
    asked = []

    async def find(settings: Settings, origin: str) -> KeyLookup:
        asked.append(settings)
        return KeyLookup("k", "somewhere")

    monkeypatch.setattr("ds_lsp.service.selection.find_key", find)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = Told()
    settings = Settings(api_key_command=command, api_key=None if command else "k")
    await told.configure(settings)
    await told.configure(settings)
    assert len(asked) == 1
    assert told.session.service
    told.session.service.breaker.failed(AuthenticationError("wrong key"), float("inf"))
    await told.configure(settings)
    assert len(asked) == searches
    assert (told.session.service.breaker.trouble is None) is (searches == 2)
    await told.session.aclose()


@pytest.mark.usefixtures("no_keyring")
async def test_over_the_days_limit_nothing_is_paid_for_automatically(tmp_path: Path) -> None:
    told = Told()
    told.session.ledger._path = lambda: tmp_path / "usage.sqlite3"
    limited = Settings(api_key="k", usage=UsageSettings(daily_token_limit=100))
    await told.configure(limited)
    told.session.ledger.add_call("deepseek-flash", TokenUsage(1, 70, 8))
    assert told.words("limit") is None
    told.session.ledger.add_call("deepseek-flash", TokenUsage(0, 1, 0))
    assert "80%" in (told.words("limit") or "")
    assert told.session.limit.reached() is None
    assert told.session.status().state == "ready"
    told.session.ledger.add_call("deepseek-flash", TokenUsage(20, 0, 0))
    why = told.words("limit")
    assert why
    assert "used up" in why
    assert told.session.limit.reached() == why
    assert told.states[-1].state == "paused"
    assert told.states[-1].detail == f"{why} Meanwhile the workspace's own text completes."
    assert "requests 3, tokens 100" in str(status_report(told.session)["usage"])
    # What costs nothing has no limit.
    await told.configure(dataclasses.replace(limited, provider="local"))
    await turns()
    assert told.session.status().state == "local"
    await told.configure(dataclasses.replace(limited, usage=UsageSettings(daily_token_limit=101)))
    assert told.session.limit.reached() is None
    assert "80%" in (told.words("limit") or "")
    await told.configure(dataclasses.replace(limited, usage=UsageSettings()))
    assert told.words("limit") is None
    await told.session.aclose()


@pytest.mark.parametrize(
    "text", ["# ds-lsp: off\nkey = 1\n", "# @generated\nkey = 1\n", "k\n" * 99 + "\0"]
)
async def test_document_that_says_no_is_not_learned_or_no_longer(text: str) -> None:
    told = Told()
    await told.configure(Settings(provider="local"))
    document = Document("file:///a.py", "python", 1, "key = 1\n" * 9)
    told.session.background.index_document(document)
    learned = told.session.index.nbytes
    document.replace_all(text)
    told.session.background.index_document(document)
    assert told.session.index.nbytes < learned
    request = CompletionRequest(document.snapshot(1, 0), Trigger.INVOKED, CompletionSettings())
    completion = await told.session.engine.complete(request)
    assert (completion.text, completion.record.reason) == ("", Reason.EXCLUDED)
    await told.session.aclose()


async def test_why_names_what_was_masked_and_no_value() -> None:
    told = Told()
    await told.configure(Settings(provider="local"))
    document = Document("file:///a.py", "python", 1, 'password = "canary7hunter2"\n')
    request = CompletionRequest(document.snapshot(1, 0), Trigger.INVOKED, CompletionSettings())
    await told.session.engine.complete(request)
    assert told.session.engine.last.report()["masked"] == ["password"]
    assert "canary" not in repr(told.session.engine.last.report())
    await told.session.aclose()


async def test_nothing_is_learned_for_a_provider_that_does_not_use_it(tmp_path: Path) -> None:
    told = Told()
    await told.configure(Settings(provider="deepseek", api_key="k"), tmp_path)
    document = Document((tmp_path / "a.py").as_uri(), "python", 1, "x = 1\n")
    empty = told.session.index.nbytes
    told.session.background.index_document(document)
    await told.session.background.scan(document)
    assert told.session.index.nbytes == empty
    await told.session.aclose()
    await turns()


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.parametrize("provider", ["auto", "deepseek"])
@pytest.mark.parametrize("values", [{"base_url": "http://far.test"}, {"base_url": "oops"}])
async def test_a_key_that_may_be_meant_for_somebody_else_is_not_used(
    provider: str, values: dict[str, object], tmp_path: Path
) -> None:
    told = Told()
    settings = {"provider": provider, "api_key_command": f"echo k > '{tmp_path}/ran'", **values}
    await told.session.configure(resolve([SettingsSource("here", settings)]), [])
    providers = told.session.engine.providers
    assert (providers.first.name if providers.first else None) == (
        "local" if provider == "auto" else None
    )
    assert providers.fallback is None
    assert told.session.status().state == "stopped"
    assert "base_url" in told.session.status().detail
    assert [message for _, message in told.said if message] == []
    assert not (tmp_path / "ran").exists()
    # What is said is among the settings' problems; once they are mended, all is well.
    await told.configure(Settings(api_key="k"))
    assert told.session.status().state == "ready"
    await told.session.aclose()


async def test_the_key_is_not_in_repr() -> None:
    told = Told()
    await told.configure(Settings(api_key="sk-canary", api_key_command="echo sk-canary"))
    session = told.session
    for each in (session, session.workspace.resolved, session.engine, session.engine.providers):
        assert "canary" not in repr(each)
    assert "canary" not in repr(status_report(session)) + repr(session.engine.last.report())
    await session.aclose()


async def test_another_model_makes_what_the_last_one_said_useless() -> None:
    told = Told()
    await told.configure(Settings(api_key="k"))
    engine = told.session.engine
    key = CacheKey("u", (), (), (), "x", "")
    for model, left in (("deepseek-flash", 1), ("deepseek-v4-pro", 0)):
        engine.cache.store(key, FimResult("1", Finish.STOP))
        completion = CompletionSettings(model=model)
        await told.configure(Settings(api_key="k", completion=completion))
        assert len(engine.cache) == left
    await told.session.aclose()
