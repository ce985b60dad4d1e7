"""``ds-lsp config``: every setting, its origin, and no secret."""

import json
from pathlib import Path

import pytest

from ds_lsp.commands import config
from ds_lsp.settings.schema import SETTINGS
from tests.unit.clean import clean

KEY = "sk-canary-5b1d"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path / "config")
    folder = tmp_path / "projet é 项目"
    folder.mkdir()
    monkeypatch.chdir(folder)


def write_user_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config" / "ds-lsp" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows(output: str) -> dict[str, str]:
    """What stands behind each name, with single spaces."""
    pairs = (line.split(None, 1) for line in output.splitlines() if line)
    return {name: " ".join(rest.split()) for name, rest in pairs}


def test_every_setting_is_listed_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.main([]) == 0
    output = capsys.readouterr()
    shown = rows(output.out)
    ours = [path for path, setting in SETTINGS.items() if not setting.session_only]
    assert [name for name in shown if name in SETTINGS] == ours
    assert all(shown[name].endswith(" default") for name in ours)
    assert shown["api_key"] == "(not set) default"
    assert shown["completion.debounce_ms"] == '"adaptive" default'
    assert output.err == ""


def test_each_setting_is_listed_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user = write_user_file(
        tmp_path, 'completion.model = "mine 模型"\nchat.model = "m"\nprivacy.ignore = ["a"]\n'
    )
    project = Path.cwd() / ".ds-lsp.toml"
    project.write_text("privacy.ignore = ['b']\nchat.language = '中文'\n", encoding="utf-8")
    monkeypatch.setenv("DS_LSP_COMPLETION_MAX_TOKENS", "64")
    assert config.main([]) == 0
    shown = rows(capsys.readouterr().out)
    assert shown["completion.model"] == f'"mine 模型" {user}'
    assert shown["completion.max_tokens"] == "64 DS_LSP_COMPLETION_MAX_TOKENS"
    assert shown["chat.language"] == f'"中文" {project}'
    assert shown["privacy.ignore"] == f'["a", "b"] {user} + project file'
    assert shown["user"] == f"file {user} found"
    assert shown["project"] == f"file {project} found"


@pytest.mark.parametrize(
    ("name", "origin"),
    [("DEEPSEEK_API_KEY", "DEEPSEEK_API_KEY"), ("DS_LSP_API_KEY", "DS_LSP_API_KEY")],
)
@pytest.mark.parametrize("argv", [[], ["--json"]], ids=["plain", "json"])
def test_the_key_is_hidden(
    name: str,
    origin: str,
    argv: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, KEY)
    assert config.main(argv) == 0
    output = capsys.readouterr()
    assert "canary" not in output.out + output.err
    assert "(set, hidden)" in output.out
    assert origin in output.out


@pytest.mark.parametrize("argv", [[], ["--json"]], ids=["plain", "json"])
def test_a_key_in_a_command_or_a_slip_is_hidden(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_user_file(tmp_path, f'api_key_command = "echo {KEY}"\n"{KEY}" = 1\n')
    assert config.main(argv) == 0
    output = capsys.readouterr()
    assert "canary" not in output.out + output.err
    assert "echo sk-(hidden)" in output.out
    assert "is no setting" in output.err


def test_problems_come_last_and_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DS_LSP_COMPLETION_MENU", "maybe")
    monkeypatch.setenv("DS_LSP_NONSENSE", "1")
    assert config.main([]) == 0
    output = capsys.readouterr()
    assert rows(output.out)["completion.menu"] == '"auto" default'
    unknown, bad = output.err.splitlines()
    assert unknown == "ds-lsp: Settings: environment: DS_LSP_NONSENSE is no setting."
    assert bad.startswith("ds-lsp: Settings: environment: completion.menu must be one of auto,")
    assert bad.endswith("; the default is used.")


def test_json_holds_values_origins_and_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DS_LSP_CHAT_MODEL", "模型😀")
    monkeypatch.setenv("DS_LSP_USAGE_DAILY_TOKEN_LIMIT", "many")
    assert config.main(["--json"]) == 0
    output = capsys.readouterr().out
    assert output.isascii()
    shown = json.loads(output)
    assert shown["settings"]["chat.model"] == {"value": "模型😀", "origin": "DS_LSP_CHAT_MODEL"}
    assert shown["settings"]["completion.temperature"]["value"] == 0.0
    assert [place["exists"] for place in shown["files"]] == [False, False]
    assert len(shown["problems"]) == 1


def test_the_project_file_is_looked_for_at_the_top_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    assert config.main([]) == 0
    assert rows(capsys.readouterr().out)["project"].startswith(f"file {tmp_path / '.ds-lsp.toml'}")


def test_control_characters_do_not_reach_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DS_LSP_PRIVACY_IGNORE", "a\x1b[2J")
    assert config.main([]) == 0
    assert "\x1b" not in capsys.readouterr().out
