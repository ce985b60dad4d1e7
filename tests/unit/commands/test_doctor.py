"""``ds-lsp doctor``, ``models`` and ``balance``."""

import json
from pathlib import Path

import pytest

from ds_lsp.commands import balance, doctor, models
from ds_lsp.commands.doctor import describe_steps, editor_checks
from ds_lsp.commands.setups import Part, text_of
from ds_lsp.providers.http.probe import ConnectionProbe
from ds_lsp.settings.sources import user_file
from tests.fake_deepseek import FakeDeepSeek
from tests.unit.clean import clean


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path / "config")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.fixture
def fake(fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch) -> FakeDeepSeek:
    monkeypatch.setenv("DEEPSEEK_API_KEY", fake.key)
    monkeypatch.setenv("DS_LSP_BASE_URL", fake.url)
    return fake


def checks(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    value = json.loads(capsys.readouterr().out)
    return {check["name"]: check for check in value["checks"]}


SERVICE = ("models", "balance", "completion", "chat")


def test_all_is_well(fake: FakeDeepSeek, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--json"]) == 0
    found = checks(capsys)
    for name in ("settings", "key", "network", *SERVICE):
        assert found[name]["state"] == "ok", found[name]
        assert found[name]["advice"] == ""
    for name in ("network", *SERVICE):
        ms = found[name]["ms"]
        assert isinstance(ms, float)
        assert ms > 0
    assert "from environment" in str(found["key"]["detail"])
    assert fake.key not in repr(found)
    # Of the user's code, nothing is sent.
    assert [each.path for each in fake.requests] == [
        "/models",
        "/user/balance",
        "/beta/completions",
        "/chat/completions",
    ]


def test_each_check_is_a_line_and_a_failed_one_says_what_to_do(
    fake: FakeDeepSeek, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.balance = "0.00"
    assert doctor.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ok    completion") and " ms" in line for line in lines)
    (at,) = [number for number, line in enumerate(lines) if line.startswith("FAIL  balance")]
    assert "0.00 USD" in lines[at]
    assert lines[at + 1].strip().startswith("-> Top up at")


def test_each_failure_has_advice(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-wrong")
    monkeypatch.setenv("DS_LSP_COMPLETION_MAX_TOKENS", "many")
    assert doctor.main(["--json"]) == 1
    found = checks(capsys)
    for name in ("settings", *SERVICE):
        assert found[name]["state"] == "failed"
        assert found[name]["advice"]
    assert found["settings"]["advice"] == "Correct them in the environment your editor starts in."
    assert found["balance"]["advice"] == "Check the key from environment."
    assert "canary" not in repr(found)


def test_problems_of_a_file_are_not_the_environments() -> None:
    check = doctor.settings_check(("environment: a", "config.toml: b"))
    assert str(user_file()) in check.advice


def test_local_asks_nobody(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DS_LSP_PROVIDER", "local")
    assert doctor.main(["--json"]) == 0
    found = checks(capsys)
    assert {found[name]["detail"] for name in SERVICE} == {"`provider` is local: nobody is asked"}
    assert fake.requests == []


def test_a_model_that_is_not_there(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DS_LSP_CHAT_MODEL", "deepseek-v9-pro")
    assert doctor.main(["--json"]) == 1
    found = checks(capsys)["models"]
    assert found["detail"] == "there is no deepseek-v9-pro, deepseek-v4-pro would be used"
    assert found["advice"] == "Set `chat.model` to deepseek-v4-pro."
    assert models.main([]) == 0
    output = capsys.readouterr()
    assert output.out == "deepseek-flash  completion.model\ndeepseek-v4-pro  chat.model\n"
    assert "There is no model deepseek-v9-pro" in output.err


def test_without_a_key_nobody_is_asked(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    assert doctor.main(["--json"]) == 0
    found = checks(capsys)
    assert found["key"]["state"] == "warning"
    assert {found[name]["state"] for name in SERVICE} == {"skipped"}
    monkeypatch.setenv("DS_LSP_API_KEY_COMMAND", "exit 3")
    assert doctor.main(["--json"]) == 1
    assert "exit status 3" in str(checks(capsys)["key"]["detail"])
    for command in (models, balance):
        assert command.main([]) == 1
        assert capsys.readouterr().out == ""
    assert fake.requests == []


def test_a_refused_connection_fails_the_checks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeDeepSeek() as gone:
        pass
    monkeypatch.setenv("DEEPSEEK_API_KEY", gone.key)
    monkeypatch.setenv("DS_LSP_BASE_URL", gone.url)
    assert doctor.main(["--json"]) == 1
    found = checks(capsys)
    for name in ("network", *SERVICE):
        assert "refuses connections" in str(found[name]["detail"])


def test_models_and_balance_are_printed_as_json(
    fake: FakeDeepSeek, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.main(["--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["models"] == list(fake.models)
    assert value["settings"]["chat.model"] == {"wanted": "deepseek-flash", "used": "deepseek-flash"}
    assert balance.main(["--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value == {"is_available": True, "amounts": ["10.00 USD"]}


def test_the_balance_in_words(fake: FakeDeepSeek, capsys: pytest.CaptureFixture[str]) -> None:
    fake.balance = "-0.10"
    assert balance.main([]) == 0
    output = capsys.readouterr()
    assert output.out == "-0.10 USD\n"
    assert "top up at" in output.err


def test_a_refusal_is_said(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-wrong")
    assert balance.main([]) == 1
    err = capsys.readouterr().err
    assert "does not know the API key" in err
    assert "canary" not in err


def test_steps_of_a_connection() -> None:
    assert describe_steps(ConnectionProbe("proxy.example")) == "through the proxy proxy.example"
    assert describe_steps(ConnectionProbe(None, 1.2, 3.4)) == "name 1 ms, connection 3 ms"
    words = describe_steps(ConnectionProbe(None, 1.0, 2.0, 3.0, "TLSv1.3"))
    assert words == "name 1 ms, connection 2 ms, TLSv1.3 3 ms"


def test_a_proxy_is_named_without_its_password(
    fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", f"http://user:canary@{fake.url.removeprefix('http://')}")
    monkeypatch.setenv("DS_LSP_BASE_URL", "http://deepseek.example")
    doctor.main(["--json"])
    output = capsys.readouterr()
    assert "through the proxy 127.0.0.1" in output.out
    assert "canary" not in output.out + output.err


NVIM_COMMAND = "vim.lsp.config('ds_lsp', {cmd = {'ds-lsp'}})"
NVIM_LINE = "vim.lsp.enable('ds_lsp')"
KATE = '{"servers": {"python": {"command": ["ds-lsp"]}}}'
EXTENSION = ".vscode/extensions/ds-lsp.ds-lsp-0.1.0/package.json"
LISTED = json.dumps([{"relativeLocation": "ds-lsp.ds-lsp-0.1.0"}])
HELIX_SERVER = '[language-server.ds-lsp]\ncommand = "ds-lsp"\n'
HELIX_USE = '[[language]]\nname = "python"\nlanguage-servers = ["pylsp", "ds-lsp"]\n'


@pytest.mark.parametrize(
    ("title", "state", "files"),
    [
        ("Neovim", "ok", {".config/nvim/plugin/a.lua": "cmd = { 'ds-lsp' }"}),
        ("Neovim", "warning", {".config/nvim/init.lua": NVIM_LINE}),
        (
            "Neovim",
            "ok",
            {".config/nvim/init.lua": f"{NVIM_LINE}\n{NVIM_COMMAND}"},
        ),
        (
            "Neovim",
            "warning",
            {".config/nvim/init.lua": NVIM_LINE, ".config/nvim/lsp/ds_lsp.lua": "--"},
        ),
        (
            "Neovim",
            "ok",
            {
                ".config/nvim/init.vim": f"lua {NVIM_LINE}",
                ".local/share/nvim/site/lsp/ds_lsp.lua": "return {cmd = {'ds-lsp'}}",
            },
        ),
        (
            "Neovim",
            "warning",
            {".config/nvim/init.lua": "", ".config/nvim/init.vim": f"lua {NVIM_LINE}"},
        ),
        ("Neovim", "warning", {".config/nvim/lsp/ds_lsp.lua": "'ds-lsp'"}),
        ("Helix", "ok", {".config/helix/languages.toml": HELIX_SERVER + HELIX_USE}),
        (
            "Helix",
            "ok",
            {
                ".config/helix/languages.toml": HELIX_SERVER
                + '[[language]]\nname = "python"\nlanguage-servers = [{ name = "ds-lsp" }]\n'
            },
        ),
        ("Helix", "warning", {".config/helix/languages.toml": HELIX_SERVER}),
        ("Helix", "failed", {".config/helix/languages.toml": f"{HELIX_SERVER} is no TOML"}),
        ("Helix", "warning", {".config/helix/languages.toml": HELIX_USE}),
        (
            "Helix",
            "failed",
            {
                ".config/helix/languages.toml": HELIX_SERVER + HELIX_USE,
                ".config/helix/config.toml": "[editor]\na = 1\n[editor]\n",
            },
        ),
        ("Emacs", "ok", {".emacs": '("ds-lsp" "--stdio")'}),
        ("Emacs", "ok", {".emacs.d/init.el": '(load "ds-lsp")'}),
        ("Emacs", "warning", {".emacs.d/init.el": '(load "ds-lsp")', ".emacs.d/ds-lsp.el": ""}),
        ("Emacs", "ok", {".emacs.d/init.el": "(load-my)", ".emacs.d/lisp/my.el": '"ds-lsp"'}),
        ("Emacs", "warning", {".emacs": "", ".emacs.d/init.el": '(load "ds-lsp")'}),
        ("Emacs", "warning", {".emacs.el": "", ".emacs": '(load "ds-lsp")'}),
        ("Emacs", "warning", {".emacs.d/init.el": "", ".config/emacs/init.el": '"ds-lsp"'}),
        ("Emacs", "warning", {".emacs.d/ds-lsp.el": ";;; ds-lsp.el"}),
        ("Vim", "ok", {".vimrc": "let g:ale_linters = {'python': ['ds-lsp']}"}),
        ("Vim", "ok", {".vim/vimrc": "source ale.vim", ".vim/plugin/ale.vim": "'ds-lsp'"}),
        ("Kate", "ok", {".config/kate/lspclient/settings.json": KATE}),
        ("Kate", "failed", {".config/kate/lspclient/settings.json": f"{KATE}}}"}),
        ("Kate", "warning", {".config/kate/lspclient/settings.json": '{"command": ["ds-lsp"]}'}),
        ("Vim", "warning", {".vimrc": "", ".config/vim/vimrc": "'ds-lsp'"}),
        ("VS Code", "ok", {".vscode/extensions/ds-lsp.ds-lsp-0.1.0/package.json": "{}"}),
        (
            "VS Code",
            "ok",
            {".local/share/code-server/extensions/ds-lsp.ds-lsp-0.1.0/package.json": "{}"},
        ),
        ("VS Code", "ok", {EXTENSION: "{}", ".vscode/extensions/extensions.json": LISTED}),
        ("VS Code", "ok", {EXTENSION: "{}", ".vscode/extensions/.obsolete": '{"a.b-1.0.0": true}'}),
        ("VS Code", "warning", {EXTENSION: "{}", ".vscode/extensions/extensions.json": "[]"}),
        (
            "VS Code",
            "warning",
            {EXTENSION: "{}", ".vscode/extensions/.obsolete": '{"ds-lsp.ds-lsp-0.1.0": true}'},
        ),
    ],
)
def test_an_editor_whose_configuration_names_us(
    title: str, state: str, files: dict[str, str], tmp_path: Path
) -> None:
    write_all(tmp_path, {".emacs.d/elpa/a.el": "ds-lsp", ".config/nvim/b.lua": "--", **files})
    (check,) = (each for each in editor_checks({"PATH": ""}, tmp_path) if each.name != "command")
    assert (check.name, check.state) == (title, state)
    assert bool(check.advice) is (state != "ok")


def write_all(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_setups_that_there_are_to_copy_are_recognized(tmp_path: Path) -> None:
    for name, part, place in (
        ("neovim", "lsp/ds_lsp.lua", ".config/nvim/lsp/ds_lsp.lua"),
        ("neovim", "init.lua", ".config/nvim/init.lua"),
        ("helix", "languages.toml", ".config/helix/languages.toml"),
        ("emacs", "ds-lsp.el", ".emacs.d/ds-lsp.el"),
        ("emacs", "init.el", ".emacs.d/init.el"),
        ("vim", "ale.vim", ".vimrc"),
        ("kate", "settings.json", ".config/kate/lspclient/settings.json"),
    ):
        write_all(tmp_path, {place: text_of(name, Part(part, ""))})
    states = {check.name: check.state for check in editor_checks({"PATH": ""}, tmp_path)}
    titles = ("Neovim", "Helix", "Emacs", "Vim", "Kate")
    assert states == {"command": "warning"} | dict.fromkeys(titles, "ok")


def test_an_editor_that_is_installed_and_not_set_up(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "hx"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    checks = {each.name: each for each in editor_checks({"PATH": str(program.parent)}, tmp_path)}
    assert checks["Helix"].state == "skipped"
    assert checks["Helix"].advice == "`ds-lsp editor helix --install` sets it up."


def test_no_editor_is_configured(tmp_path: Path) -> None:
    *_, last = editor_checks({"PATH": ""}, tmp_path)
    assert (last.name, last.state) == ("editors", "warning")
    assert last.advice
