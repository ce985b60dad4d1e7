"""Files and environment as sources of settings, in their order."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ds_lsp.settings import sources
from ds_lsp.settings.resolve import SettingsSource
from ds_lsp.settings.sources import read_layers, resolve_with, withhold


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
    client = [SettingsSource(name, {"completion.model": name}) for name in ("initialize", "editor")]
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


def test_a_file_with_a_byte_order_mark_is_read(user_file: Path, tmp_path: Path) -> None:
    user_file.write_bytes(b"\xef\xbb\xbfprivacy.ignore = ['a.txt']\n")
    (tmp_path / ".ds-lsp.toml").write_bytes(b"\xef\xbb\xbfprivacy.ignore = ['b.txt']\n")
    resolved = resolve_with(read_layers([tmp_path], {}))
    assert resolved.settings.privacy.ignore == ("a.txt", "b.txt")
    assert not resolved.problems


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
    (problem,) = resolve_with(read_layers([], {})).problems
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


SECRETS = {"api_key": "sk-canary", "apiKeyCommand": "c", "completion": {"max_tokens": 9}}


@pytest.mark.parametrize(
    ("mode", "withheld"),
    [
        (0o600, []),
        (0o400, []),
        (0o711, []),
        (0o640, [("api_key", "read")]),
        (0o604, [("api_key", "read")]),
        (0o620, [("api_key_command", "write")]),
        (0o602, [("api_key_command", "write")]),
        (0o666, [("api_key", "read"), ("api_key_command", "write")]),
    ],
)
def test_a_file_open_to_others_gives_no_key(mode: int, withheld: list[tuple[str, str]]) -> None:
    kept, named = withhold(SECRETS, 0o100000 | mode)
    assert named == withheld
    assert len(kept) == len(SECRETS) - len(withheld)
    assert kept["completion"] == {"max_tokens": 9}
    assert withhold({"provider": "x"}, mode) == ({"provider": "x"}, [])


def test_key_in_a_file_that_others_can_read(user_file: Path) -> None:
    user_file.write_text("apiKey = 'sk-canary'\ncompletion.max_tokens = 9\n")
    user_file.chmod(0o644)
    resolved = resolve_with(read_layers([], {}))
    assert resolved.settings.api_key is None
    assert resolved.settings.completion.max_tokens == 9
    (problem,) = resolved.problems
    assert problem.startswith(f"{user_file}: api_key is not used, as others can read this file")
    assert problem.endswith(f": run chmod 600 {user_file}")
    user_file.chmod(0o600)
    resolved = resolve_with(read_layers([], {}))
    assert (resolved.settings.api_key, resolved.problems) == ("sk-canary", ())


@pytest.mark.parametrize("name", ["base_url", "baseUrl"])
def test_address_in_a_file_that_others_can_write(name: str, user_file: Path) -> None:
    user_file.write_text(f"{name} = 'https://example.com'\nallow_http = true\n")
    user_file.chmod(0o666)
    resolved = resolve_with(read_layers([], {"DEEPSEEK_API_KEY": "k"}))
    assert (resolved.settings.base_url, resolved.settings.allow_http) == (
        "https://api.deepseek.com",
        False,
    )
    # Nor does the key go where the user has not said it should.
    assert resolved.refusal
    said = "; ".join(resolved.problems)
    assert f"base_url is not used, as others can write this file: run chmod 600 {user_file}" in said
    assert "allow_http is not used" in said
    environment = {"DS_LSP_BASE_URL": "https://example.org"}
    assert resolve_with(read_layers([], environment)).refusal is None
    user_file.chmod(0o644)
    resolved = resolve_with(read_layers([], {}))
    assert (resolved.settings.base_url, resolved.problems) == ("https://example.com", ())


def test_command_in_a_file_that_others_can_write(user_file: Path) -> None:
    user_file.write_text("api_key_command = 'c'\n")
    user_file.chmod(0o664)
    resolved = resolve_with(read_layers([], {}))
    assert resolved.settings.api_key_command is None
    assert "others can write this file: run chmod 600" in resolved.problems[0]
    user_file.chmod(0o644)
    assert resolve_with(read_layers([], {})).settings.api_key_command == "c"


def test_while_the_users_file_is_unreadable_the_address_is_not_known(user_file: Path) -> None:
    user_file.write_text("base_url = 'https://my.company'\noops\n")
    resolved = resolve_with(read_layers([], {"DEEPSEEK_API_KEY": "k"}))
    assert resolved.refusal == "base_url is not known"
    assert "DeepSeek is not used until then" in resolved.problems[0]
    later = {"DS_LSP_BASE_URL": "https://other.company"}
    resolved = resolve_with(read_layers([], later))
    assert resolved.refusal is None
    assert "DeepSeek" not in resolved.problems[0]


def nested(path: Path) -> None:
    path.write_text("a = " + "[" * 30_000)


def link_out(path: Path) -> None:
    (path.parent.parent / "canary.toml").write_text("canary = 1\n[completion]\nmodel = 'x'\n")
    path.symlink_to("../canary.toml")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        pytest.param(link_out, "is a link out of its folder and was left out", id="link out"),
        pytest.param(lambda path: path.symlink_to(path), "cannot be read", id="loop"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "is a link out", id="device"),
        pytest.param(os.mkfifo, None, id="fifo"),
        pytest.param(Path.mkdir, None, id="folder"),
        pytest.param(lambda path: path.symlink_to("gone"), None, id="dangling"),
        pytest.param(lambda path: path.write_text("#" * 70_000), "is too large", id="large"),
        pytest.param(nested, "is nested too deeply", id="nested"),
        pytest.param(
            lambda path: path.write_text("a = " + "9" * 5000), "number that is too", id="number"
        ),
        pytest.param(
            lambda path: path.write_text(".".join("a" * 20_000) + " = 1"),
            "has lines that no project file needs",
            id="dots",
        ),
        pytest.param(
            lambda path: path.write_text(("[" + ".".join("a" * 90) + ".b{}]\n").format(1)),
            "is no setting",
            id="deep tables",
        ),
        pytest.param(lambda path: path.write_bytes(b"a = 'x\0'"), "not valid TOML", id="nul"),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe"), "is not UTF-8", id="utf-16"),
    ],
)
def test_odd_project_file_costs_itself(
    user_file: Path, folder: Path, make: Callable[[Path], object], problem: str | None
) -> None:
    make(folder / ".ds-lsp.toml")
    resolved = resolve_with(read_layers([folder], {"DEEPSEEK_API_KEY": "k"}))
    assert resolved.settings.completion.model == "deepseek-flash"
    assert resolved.refusal is None
    assert "canary" not in repr(resolved.problems)
    assert len(resolved.problems) == (0 if problem is None else 1)
    assert (problem or "") in "".join(resolved.problems)
    assert len(resolved.summary() or "") < 400


def test_project_file_that_is_a_link_within_its_folder(user_file: Path, folder: Path) -> None:
    (folder / "shared.toml").write_text("completion.max_tokens = 9\n")
    (folder / ".ds-lsp.toml").symlink_to("shared.toml")
    assert resolve_with(read_layers([folder], {})).settings.completion.max_tokens == 9


def test_thousands_of_names_make_a_short_message(user_file: Path, folder: Path) -> None:
    names = [f'"completion_max_tokens{number}\\n\\u001b" = 1' for number in range(1500)]
    (folder / ".ds-lsp.toml").write_text("\n".join(names))
    resolved = resolve_with(read_layers([folder], {}))
    summary = resolved.summary() or ""
    assert len(resolved.problems) == 11
    assert "1490 more like these" in summary
    assert summary.isprintable()


def test_the_key_is_not_in_repr(user_file: Path) -> None:
    user_file.write_text("api_key = 'sk-canary'\napi_key_command = 'echo sk-canary'\n")
    user_file.chmod(0o600)
    layers = read_layers([], {"DEEPSEEK_API_KEY": "sk-canary", "DS_LSP_API_KEY": "sk-canary"})
    client = SettingsSource("editor", {"api_key_command": "echo sk-canary"})
    for each in (
        layers,
        *layers.sources,
        client,
        resolve_with(layers),
        resolve_with(layers, client),
    ):
        assert "canary" not in repr(each)
    for value in layers.sources[-1].values.values():
        assert "canary" not in repr(value)
