"""Files and environment as sources of settings, in their order."""

from pathlib import Path

import pytest

from ds_lsp import sources
from ds_lsp.settings import Source
from ds_lsp.sources import read_layers, resolve_with


@pytest.fixture
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "user" / "config.toml"
    file.parent.mkdir()
    monkeypatch.setattr(sources, "user_file", lambda: file)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_every_source_in_its_order(user_file: Path, folder: Path) -> None:
    names = ["user", "project", "environment", "initialize", "editor"]
    user_file.write_text("[completion]\nmodel = 'user'\n")
    (folder / ".ds-lsp.toml").write_text("[completion]\nmodel = 'project'\n")
    client = [Source(name, {"completion.model": name}) for name in ("initialize", "editor")]
    environ = {"DS_LSP_COMPLETION_MODEL": "environment"}
    seen = [
        resolve_with(read_layers([], {})),
        resolve_with(read_layers([folder], {})),
        resolve_with(read_layers([folder], environ)),
        resolve_with(read_layers([folder], environ), *client[:1]),
        resolve_with(read_layers([folder], environ), *client),
    ]
    assert [resolved.settings.completion.model for resolved in seen] == names
    assert seen[0].origins["completion.model"] == str(user_file)


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"DEEPSEEK_API_KEY": "a"}, "a"),
        ({"DEEPSEEK_API_KEY": "a", "DS_LSP_API_KEY": "b"}, "b"),
        ({"DEEPSEEK_API_KEY": ""}, None),
        ({}, None),
    ],
)
def test_key_from_the_environment(
    user_file: Path, environ: dict[str, str], key: str | None
) -> None:
    assert resolve_with(read_layers([], environ)).settings.api_key == key


def test_unknown_environment_name_is_a_problem(user_file: Path) -> None:
    resolved = resolve_with(read_layers([], {"DS_LSP_COMPLETION_MODLE": "x", "PATH": "y"}))
    assert resolved.problems == ("environment: DS_LSP_COMPLETION_MODLE is no setting",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"api_key = 'sk-canary\n", "is not valid TOML", id="toml"),
        pytest.param(b"\xff\xfe\x00", "is not UTF-8", id="utf-16"),
        pytest.param(b"#" * (1 << 20) + b"\n", "is too large", id="large"),
        pytest.param(b"a = " + b"[" * 5000, "is nested too deeply", id="deep"),
    ],
)
def test_file_that_cannot_be_used_is_named(user_file: Path, content: bytes, message: str) -> None:
    user_file.write_bytes(content)
    resolved = resolve_with(read_layers([], {"DS_LSP_COMPLETION_MAX_TOKENS": "9"}))
    (problem,) = resolved.problems
    assert str(user_file) in problem
    assert message in problem
    assert "canary" not in problem
    assert resolved.settings.completion.max_tokens == 9


def test_bad_toml_says_where(user_file: Path) -> None:
    user_file.write_text("[completion]\nmodel = \n")
    (problem,) = read_layers([], {}).problems
    assert "line 2" in problem


def test_a_folder_in_the_place_of_a_file_is_no_file(user_file: Path, folder: Path) -> None:
    (folder / ".ds-lsp.toml").mkdir()
    assert read_layers([folder], {}).problems == ()


def test_project_file_of_a_stranger(user_file: Path, folder: Path) -> None:
    (folder / ".ds-lsp.toml").write_text(
        "provider = 'deepseek'\nbase_url = 'https://evil.example'\napi_key_command = 'touch x'\n"
        "[privacy]\nignore = ['*.txt']\n"
    )
    resolved = resolve_with(read_layers([folder], {"DEEPSEEK_API_KEY": "k"}))
    assert resolved.settings.base_url == "https://api.deepseek.com"
    assert resolved.settings.api_key_command is None
    assert resolved.settings.provider == "auto"
    assert resolved.settings.privacy.ignore == ("*.txt",)
    assert len(resolved.problems) == 3
