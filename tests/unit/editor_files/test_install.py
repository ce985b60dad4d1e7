"""``ds-lsp editor NAME --install`` and ``--remove``: the user's own files, byte for byte."""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ds_lsp.commands import editor
from ds_lsp.commands.doctor import editor_checks
from ds_lsp.commands.setups import SETUPS, reader_of
from ds_lsp.editor_files.install import copy_of

Capture = pytest.CaptureFixture[str]

HELIX = ".config/helix/config.toml"
LANGUAGES = ".config/helix/languages.toml"
LUA = ".config/nvim/init.lua"
VIMSCRIPT = ".config/nvim/init.vim"
COPY = ".config/nvim/lsp/ds_lsp.lua"
XDG_EMACS = ".config/emacs/init.el"
CODE = ".config/Code/User/settings.json"
KATE = ".config/kate/lspclient/settings.json"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "NVIM_APPNAME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("PATH", "")
    return folder


def write(home: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def read(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def without_backups(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if ".ds-lsp-backup" not in name}


def states(home: Path) -> dict[str, str]:
    checks = editor_checks({"PATH": ""}, home)
    return {check.name: check.state for check in checks if check.name != "command"}


LAZYVIM = b"""-- LazyVim\r
require("config.lazy")\r
vim.keymap.set({ "i", "s" }, "<Tab>", function() return "<Tab>" end, { expr = true })\r
require("blink.cmp").setup({ keymap = { preset = "super-tab" } })\r
"""
FULL_HELIX = """# 我的配置 🎉
theme = "onedark" # dark
[editor]
\tline-number = "relative"
completion-timeout = 100
[editor.cursor-shape]
insert = "bar"
[keys.normal]
C-s = ":w"
[editor.statusline]
left = ["mode", "spinner"]
""".encode()
FULL_LANGUAGES = """[[language]]
name = "python"
language-servers = [
  "pyright", # types
  { name = "ruff", only-features = ["format"] },
] # mine
auto-format = true

[language-server.pyright]
command = "pyright-langserver"
args = ["--stdio"]

[[language]]
name = "rust"
indent = { tab-width = 4, unit = "\\t" }
[language.formatter]
command = "格式"

[[language]]
name = "kotlin"
language-servers = ["kls"]
""".encode()
USE_PACKAGE = """;;; init.el --- 我的 -*- lexical-binding: t -*-
(use-package eglot
  :hook (python-mode . eglot-ensure)
  :config (add-to-list 'eglot-server-programs '(python-mode "pyright")))
;; Local Variables:
;; End:
;;; init.el ends here
""".encode()
CODE_SETTINGS = """// 我的设置
{
\t"editor.fontSize": 14, // big
\t"[python]": {"editor.tabSize": 4,},
\t/* none */
\t"files.exclude": {"**/.git": true},
}
""".encode()

# Editor, files of the user's.
CASES: list[tuple[str, dict[str, bytes]]] = [
    *((name, {}) for name in SETUPS),
    # Neovim.
    ("neovim", {LUA: b""}),
    ("neovim", {LUA: b"\n"}),
    ("neovim", {LUA: b"vim.o.number = true"}),
    ("neovim", {LUA: LAZYVIM}),
    ("neovim", {LUA: LAZYVIM.rstrip()}),
    ("neovim", {LUA: b"\xef\xbb\xbfvim.o.number = true\n"}),
    ("neovim", {LUA: b"\xef\xbb\xbf"}),
    ("neovim", {LUA: "-- 注释 😀\n\n\n".encode()}),
    ("neovim", {LUA: b"local m = {}\nreturn m\n"}),
    ("neovim", {LUA: b"return {\n}"}),
    ("neovim", {LUA: b"vim.lsp.enable('ds_lsp')\n"}),
    ("neovim", {LUA: b"-- latin-1: \xe9\n"}),
    ("neovim", {LUA: b"\tx = 1\r\ny = 2\n"}),
    ("neovim", {VIMSCRIPT: b"set number\n"}),
    ("neovim", {VIMSCRIPT: b"set number"}),
    ("neovim", {LUA: b"x = 1\n", VIMSCRIPT: b"set number\n"}),
    ("neovim", {COPY: b"return { cmd = { 'ds-lsp' } }\n", LUA: b"vim.lsp.enable('ds_lsp')\n"}),
    ("neovim", {COPY: reader_of("neovim")("lsp/ds_lsp.lua").encode()}),
    # Helix.
    ("helix", {HELIX: b""}),
    ("helix", {HELIX: b"\n\n"}),
    ("helix", {HELIX: b"# only a comment"}),
    ("helix", {HELIX: b"theme = 'x'"}),
    ("helix", {HELIX: b"[editor]"}),
    ("helix", {HELIX: b"  [ editor ]  # mine\n"}),
    ("helix", {HELIX: b'["editor"]\n'}),
    ("helix", {HELIX: FULL_HELIX}),
    ("helix", {HELIX: FULL_HELIX.replace(b"\n", b"\r\n")}),
    ("helix", {HELIX: FULL_HELIX.rstrip()}),
    ("helix", {HELIX: b"\xef\xbb\xbf" + FULL_HELIX}),
    ("helix", {HELIX: b"[editor.lsp]\ndisplay-messages = true\n"}),
    ("helix", {HELIX: b"[editor.lsp]\nx = 1\n[keys.normal]\n[editor]\ny = 1\n"}),
    ("helix", {HELIX: b"editor.line-number = 'relative'\n"}),
    ("helix", {HELIX: b"editor.lsp.enable = true\n[keys]\n"}),
    ("helix", {HELIX: b"[editor]\nlsp.enable = true\n"}),
    ("helix", {HELIX: b"[editor]\nlsp = { enable = true }\n"}),
    ("helix", {HELIX: b"editor = { mouse = false }\n"}),
    ("helix", {HELIX: b"editor = 3\n"}),
    ("helix", {HELIX: b"[editor]\ncompletion-timeout = 2026-01-01\n"}),
    ("helix", {HELIX: b"[editor]\ncompletion-timeout = 5 # ds-lsp\n"}),
    ("helix", {HELIX: b'x = """\n[editor]\n# by ds-lsp --install\n"""\n[editor]\n'}),
    ("helix", {HELIX: b"x = '''\n[editor]\n'''\n"}),
    ("helix", {LANGUAGES: FULL_LANGUAGES}),
    ("helix", {LANGUAGES: FULL_LANGUAGES.replace(b"\n", b"\r\n")}),
    ("helix", {LANGUAGES: FULL_LANGUAGES.rstrip(), HELIX: FULL_HELIX}),
    ("helix", {LANGUAGES: b"[[language]]\nname = 'python'\nlanguage-servers = []\n"}),
    ("helix", {LANGUAGES: b"[[language]]\nname = 'python'\nlanguage-servers = ['a',]"}),
    ("helix", {LANGUAGES: b"[[language]]\nname = 'go'\nlanguage-servers = [ # none\n]\n"}),
    ("helix", {LANGUAGES: b"[[language]]\nname = 'go'\nlanguage-servers = [\n'a'\n]\n"}),
    ("helix", {LANGUAGES: b"[[language]]\nname = 'c'\n[[language]]\nname = 'c'\n"}),
    ("helix", {LANGUAGES: b"[[ language ]]\n'name' = 'c'\n"}),
    ("helix", {LANGUAGES: b"[[language]]\nname = 'c'\nlanguage-servers = ['ds-lsp']\n"}),
    ("helix", {LANGUAGES: b"language-server.pyright.command = 'x'\n"}),
    ("helix", {LANGUAGES: b"[language-server]\npyright = { command = 'x' }\n"}),
    ("helix", {LANGUAGES: b"[language-server.ds-lsp]\ncommand = '/opt/ds-lsp'\n"}),
    ("helix", {LANGUAGES: b"use-grammars = { only = ['c'] }\n[[grammar]]\nname = 'c'\n"}),
    # Emacs.
    ("emacs", {".emacs": b"(setq a 1)\n"}),
    ("emacs", {".emacs": b"(setq a 1)"}),
    ("emacs", {".emacs.el": b"(setq a 1)\n", ".emacs": b""}),
    ("emacs", {".emacs.d/init.el": USE_PACKAGE}),
    ("emacs", {".emacs.d/init.el": USE_PACKAGE.replace(b"\n", b"\r\n").rstrip()}),
    ("emacs", {XDG_EMACS: USE_PACKAGE, ".config/emacs/early-init.el": b";\n"}),
    ("emacs", {XDG_EMACS: b";; latin-1: \xe9\n"}),
    ("emacs", {".emacs.d/custom.el": b";\n"}),
    ("emacs", {".emacs.d/ds-lsp.el": b";; mine\n"}),
    # Vim.
    ("vim", {".vimrc": b""}),
    ("vim", {".vimrc": b"set number\n"}),
    ("vim", {".vimrc": b"set number"}),
    ("vim", {".vimrc": b'set number\r\n" vim: ft=vim\r\n'}),
    ("vim", {".vimrc": '" 注释\n" vim: set et:'.encode()}),
    ("vim", {".vimrc": b"let x = {\n\\ 'a': 'vim: b'}\n"}),
    ("vim", {".vim/vimrc": b"let g:ale_linters = {'python': ['ruff']}\n"}),
    ("vim", {".config/vim/vimrc": b"set number\n"}),
    ("vim", {".vimrc": b"set number\n", ".vim/vimrc": b"set list\n"}),
    # VS Code.
    ("vscode", {CODE: b""}),
    ("vscode", {CODE: b"\n"}),
    ("vscode", {CODE: b"{}"}),
    ("vscode", {CODE: b"{\n}\n"}),
    ("vscode", {CODE: b"// nothing yet\n"}),
    ("vscode", {CODE: CODE_SETTINGS, ".config/Code/User/keybindings.json": b"[ ]"}),
    ("vscode", {CODE: CODE_SETTINGS.replace(b"\n", b"\r\n").rstrip()}),
    ("vscode", {CODE: b"\xef\xbb\xbf" + CODE_SETTINGS}),
    ("vscode", {CODE: b'{"editor.inlineSuggest.enabled": false}'}),
    ("vscode", {CODE: b'{"editor.inlineSuggest.enabled": true,}'}),
    ("vscode", {CODE: b'{"a": "}", /* { */ "b": "\\"{"}'}),
    ("vscode", {".config/VSCodium/User/settings.json": b"{}", CODE: CODE_SETTINGS}),
    ("vscode", {".local/share/code-server/User/settings.json": CODE_SETTINGS}),
    # Kate.
    ("kate", {KATE: b""}),
    ("kate", {KATE: b"{}"}),
    ("kate", {KATE: b'{"servers": {}}'}),
    ("kate", {KATE: b'{\n  "servers": {\n  }\n}\n'}),
    ("kate", {KATE: b'{"servers": {"python": {"command": ["pylsp"]}}}\n'}),
    ("kate", {KATE: b'{\r\n\t"servers": {\r\n\t\t"lua": {}\r\n\t}, "global": {}\r\n}\r\n'}),
    ("kate", {KATE: '{"global": {"root": "项目"}}'.encode()}),
]


@pytest.mark.parametrize(("name", "files"), CASES)
def test_installed_twice_and_removed_is_as_before(
    name: str, files: dict[str, bytes], home: Path, capsys: Capture
) -> None:
    write(home, files)
    before = read(home)
    assert editor.main([name, "--install"]) == 0
    once = read(home)
    assert editor.main([name, "--install"]) == 0
    assert read(home) == once
    # What was there and has changed has a backup.
    for path, data in before.items():
        if once[path] != data:
            assert once[f"{path}.ds-lsp-backup"] == data
    assert editor.main([name, "--remove"]) == 0
    assert read(home) == before
    assert editor.main([name, "--remove"]) == 0
    assert read(home) == before
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("name", "files"), CASES)
def test_a_dry_run_shows_and_writes_nothing(
    name: str, files: dict[str, bytes], home: Path, capsys: Capture
) -> None:
    write(home, files)
    before = read(home)
    assert editor.main([name, "--install", "--dry-run"]) == 0
    assert read(home) == before
    shown = capsys.readouterr().out
    assert editor.main([name, "--install"]) == 0
    installed = without_backups(read(home))
    for path in installed.keys() - before.keys():
        assert f"+++ {home / path}\n" in shown
    for path, data in before.items():
        assert (f"+++ {home / path}\n" in shown) is (installed[path] != data)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("neovim", "Neovim"),
        ("helix", "Helix"),
        ("emacs", "Emacs"),
        ("vim", "Vim"),
        ("kate", "Kate"),
    ],
)
def test_the_doctor_says_so(name: str, title: str, home: Path) -> None:
    assert editor.main([name, "--install"]) == 0
    assert states(home) == {title: "ok"}
    assert editor.main([name, "--remove"]) == 0
    assert states(home) == {"editors": "warning"}


def test_helix_reads_what_was_merged(home: Path) -> None:
    write(home, {HELIX: FULL_HELIX, LANGUAGES: FULL_LANGUAGES})
    assert editor.main(["helix", "--install"]) == 0
    config = tomllib.loads((home / HELIX).read_text("utf-8"))
    assert config["editor"]["completion-timeout"] == 100
    assert config["editor"]["completion-trigger-len"] == 1
    assert config["editor"]["lsp"] == {"display-progress-messages": True}
    languages = tomllib.loads((home / LANGUAGES).read_text("utf-8"))
    servers = {each["name"]: each["language-servers"] for each in languages["language"]}
    assert servers["python"] == [
        "pyright",
        {"name": "ruff", "only-features": ["format"]},
        "ds-lsp",
    ]
    assert servers["rust"] == ["rust-analyzer", "ds-lsp"]
    assert servers["kotlin"] == ["kls"]
    assert servers["go"] == ["gopls", "golangci-lint-lsp", "ds-lsp"]
    assert set(languages["language-server"]) == {"pyright", "ds-lsp"}


@pytest.mark.parametrize(
    ("name", "files", "words"),
    [
        ("helix", {HELIX: FULL_HELIX}, "your own editor.completion-timeout = 100 stays"),
        ("helix", {HELIX: b"[editor]\nlsp = {}\n"}, "line 2 holds editor.lsp on one line"),
        (
            "vscode",
            {CODE: b'{"editor.inlineSuggest.enabled": false}'},
            "your own editor.inlineSuggest.enabled = false stays",
        ),
        ("kate", {KATE: b'{"servers": {"python": {}}}'}, "python (your own entry)"),
    ],
)
def test_a_value_of_the_users_stays_and_is_named(
    name: str, files: dict[str, bytes], words: str, home: Path, capsys: Capture
) -> None:
    write(home, files)
    assert editor.main([name, "--install"]) == 0
    assert words in capsys.readouterr().out


def test_kates_own_servers_stay(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    program = tmp_path / "clangd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert editor.main(["kate", "--install"]) == 0
    servers = json.loads((home / KATE).read_text())["servers"]
    assert "c" not in servers
    assert servers["python"]["command"] == ["ds-lsp", "--distrust-editor"]
    assert "c (clangd)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({}, ".emacs.d/init.el"),
        ({".emacs": b""}, ".emacs"),
        ({".emacs": b"", ".emacs.d/init.el": b""}, ".emacs"),
        ({".emacs": b"", ".emacs.el": b""}, ".emacs.el"),
        ({".emacs.d/init.el": b"", XDG_EMACS: b""}, ".emacs.d/init.el"),
        ({".emacs.d/x": b"", XDG_EMACS: b""}, ".emacs.d/init.el"),
        ({XDG_EMACS: b""}, XDG_EMACS),
        ({".config/emacs/x": b""}, XDG_EMACS),
        ({".emacs": b"", XDG_EMACS: b""}, ".emacs"),
        ({".emacs.el": b"", XDG_EMACS: b""}, XDG_EMACS),
    ],
)
def test_emacs_gets_it_where_it_reads(files: dict[str, bytes], place: str, home: Path) -> None:
    write(home, files)
    assert editor.main(["emacs", "--install"]) == 0
    after = without_backups(read(home))
    changed = {path for path, data in after.items() if files.get(path) != data}
    assert changed == {place, str(Path(place).parent / "ds-lsp.el")}


@pytest.mark.parametrize(
    ("name", "environ", "place"),
    [
        ("neovim", {"NVIM_APPNAME": "lazy"}, ".config/lazy/init.lua"),
        ("neovim", {"XDG_CONFIG_HOME": "{home}/c"}, "c/nvim/init.lua"),
        ("neovim", {"XDG_CONFIG_HOME": "relative"}, LUA),
        ("helix", {"XDG_CONFIG_HOME": "{home}/c"}, "c/helix/languages.toml"),
        ("kate", {"XDG_CONFIG_HOME": "{home}/c"}, "c/kate/lspclient/settings.json"),
        ("vscode", {"XDG_CONFIG_HOME": "{home}/c"}, "c/Code/User/settings.json"),
    ],
)
def test_variables_that_editors_read_say_where(
    name: str, environ: dict[str, str], place: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in environ.items():
        monkeypatch.setenv(key, value.format(home=home))
    assert editor.main([name, "--install"]) == 0
    assert place in read(home)
    assert editor.main([name, "--remove"]) == 0
    assert read(home) == {}


def test_emacs_has_one_block_for_either_package(home: Path) -> None:
    write(home, {".emacs": b"(setq a 1)\n"})
    assert editor.main(["emacs", "--install"]) == 0
    assert editor.main(["emacs", "ds-lsp-lsp-mode.el", "--install"]) == 0
    after = read(home)
    assert after[".emacs"].count(b">>> ds-lsp >>>") == 1
    assert b"lsp-register-client" in after[".emacs"]
    assert "ds-lsp.el" not in after
    assert states(home) == {"Emacs": "ok"}
    assert editor.main(["emacs", "--remove"]) == 0
    assert without_backups(read(home))[".emacs"] == b"(setq a 1)\n"


@pytest.mark.parametrize(
    ("name", "place", "before", "added"),
    [
        ("neovim", LUA, b"x = 1\n", b"y = 2\n"),
        ("emacs", ".emacs", b"(setq a 1)", b"\n(setq b 2)\n"),
        ("vim", ".vimrc", b"set number\n", b"set list\n"),
        ("helix", HELIX, b"[editor]\na = 1\n", b"[keys.normal]\nx = ':q'\n"),
        ("helix", LANGUAGES, FULL_LANGUAGES, b"[[grammar]]\nname = 'x'\n"),
    ],
)
def test_what_the_user_adds_below_stays(
    name: str, place: str, before: bytes, added: bytes, home: Path
) -> None:
    write(home, {place: before})
    assert editor.main([name, "--install"]) == 0
    with (home / place).open("ab") as stream:
        stream.write(added)
    installed = read(home)
    assert editor.main([name, "--install"]) == 0
    assert read(home) == installed
    assert editor.main([name, "--remove"]) == 0
    assert (home / place).read_bytes() == before + added


def test_a_table_that_the_user_adds_above_is_merged_into(home: Path) -> None:
    write(home, {HELIX: b"theme = 'x'\n"})
    assert editor.main(["helix", "--install"]) == 0
    path = home / HELIX
    path.write_text("[editor]\nmouse = false\n" + path.read_text().replace("theme = 'x'\n", ""))
    assert states(home) == {"Helix": "failed"}
    assert editor.main(["helix", "--install"]) == 0
    assert states(home) == {"Helix": "ok"}
    assert editor.main(["helix", "--remove"]) == 0
    assert path.read_text() == "[editor]\nmouse = false\n"


@pytest.mark.parametrize(
    "text", ["[[editor]]\n", "[[editor]]\nx = 1\n[editor.lsp]\n", "[[editor.lsp]]\n"]
)
def test_tables_that_cannot_be_joined_are_named(text: str, home: Path, capsys: Capture) -> None:
    write(home, {HELIX: text.encode()})
    assert editor.main(["helix", "--install"]) == 1
    error = capsys.readouterr().err
    assert "line 1: what it holds cannot be joined with [editor" in error
    assert read(home) == {HELIX: text.encode()}


@pytest.mark.parametrize("name", ["vscode", "kate"])
def test_a_member_that_the_user_adds_stays(name: str, home: Path) -> None:
    place = CODE if name == "vscode" else KATE
    assert editor.main([name, "--install"]) == 0
    path = home / place
    text = path.read_text()
    end = text.rstrip().rindex("}")
    path.write_text(text[:end].rstrip() + ',\n  "mine": 1\n}\n')
    assert editor.main([name, "--remove"]) == 0
    kept = path.read_text()
    assert '"mine": 1' in kept
    assert "editor.inlineSuggest" not in kept
    assert '"command"' not in kept


@pytest.mark.parametrize(
    ("name", "place", "old", "new"),
    [
        ("neovim", COPY, b"root_markers", b"root_marks"),
        ("neovim", LUA, b"vim.lsp.enable", b"vim.lsp.start"),
        ("emacs", ".emacs.d/ds-lsp.el", b"idle-delay", b"idle"),
        ("helix", LANGUAGES, b'args = ["--stdio"]', b"args = []"),
        ("vim", ".vimrc", b"debug", b"debug"),
    ],
)
def test_what_an_older_version_wrote_is_replaced(
    name: str, place: str, old: bytes, new: bytes, home: Path
) -> None:
    assert editor.main([name, "--install"]) == 0
    whole = read(home)
    stale = whole[place].replace(old, new)
    (home / place).write_bytes(stale)
    expected = "ok" if stale == whole[place] else "warning"
    assert list(states(home).values()) == [expected]
    assert editor.main([name, "--install"]) == 0
    assert without_backups(read(home)) == whole
    assert editor.main([name, "--remove"]) == 0
    assert without_backups(read(home)) == {}


BAD = [
    ("helix", HELIX, b"[editor]\nx = 1\n[editor]\n", "line 3"),
    ("helix", HELIX, b"theme = \n", "line 1"),
    ("helix", LANGUAGES, b"a = 1\na = 2\n", "line 2"),
    ("helix", LANGUAGES, b"a = '\xff'\n", "line 1"),
    ("helix", LANGUAGES, b"language = [{ name = 'c' }]\n", "line 1"),
    ("helix", HELIX, b"a\0b", "not a text file"),
    ("helix", HELIX, b"a = " + b"[" * 5000, "line 1"),
    ("vscode", CODE, b'{"a": 1\n"b": 2}', "line 2"),
    ("vscode", CODE, b"{\n\n'a': 1}", "line 3"),
    ("vscode", CODE, b"[1, 2]", "line 1"),
    ("vscode", CODE, b'{"a": {"b": 1}', "line 1"),
    ("vscode", CODE, b"[" * 100_000, "line 1"),
    ("kate", KATE, b'{\n// no\n"a": 1}', "line 2"),
    ("kate", KATE, b'{"a": 1,\n}', "line 2"),
    ("kate", KATE, b'{\n"servers": []}', "line 2"),
    ("neovim", LUA, b"-- >>> ds-lsp >>>\nx = 1\n", "line 1"),
    ("emacs", ".emacs", b"x\n;; <<< ds-lsp <<<\n", "line 2"),
    ("vim", ".vimrc", b"s\0t", "not a text file"),
]


@pytest.mark.parametrize(("name", "place", "data", "words"), BAD)
@pytest.mark.parametrize("action", ["--install", "--remove"])
def test_a_file_that_cannot_be_merged_into_is_left(
    name: str, place: str, data: bytes, words: str, action: str, home: Path, capsys: Capture
) -> None:
    write(home, {place: data})
    before = read(home)
    status = editor.main([name, action])
    assert read(home) == before
    output = capsys.readouterr()
    assert status == 1
    assert output.err.count("\n") == 1
    assert str(home / place) in output.err
    assert words in output.err


@pytest.mark.parametrize(
    ("name", "place"),
    [("helix", HELIX), ("neovim", LUA), ("neovim", COPY), ("emacs", ".emacs"), ("vscode", CODE)],
)
def test_a_directory_in_its_place(name: str, place: str, home: Path, capsys: Capture) -> None:
    (home / place).mkdir(parents=True)
    assert editor.main([name, "--install"]) == 1
    assert f"{home / place} is a directory" in capsys.readouterr().err
    assert read(home) == {}


@pytest.mark.parametrize(("name", "place"), [("helix", HELIX), ("vim", ".vimrc"), ("kate", KATE)])
def test_a_file_that_is_read_only(name: str, place: str, home: Path, capsys: Capture) -> None:
    write(home, {place: b"{}" if name == "kate" else b""})
    (home / place).chmod(0o444)
    before = read(home)
    assert editor.main([name, "--install"]) == 1
    error = capsys.readouterr().err
    assert f"{home / place} is read-only" in error
    assert error.count("\n") == 1
    assert read(home) == before
    assert editor.main([name, "--install", "--dry-run"]) == 0


def test_a_folder_that_is_read_only(home: Path, capsys: Capture) -> None:
    folder = home / ".config" / "helix"
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    assert editor.main(["helix", "--install"]) == 1
    assert f"{folder} is read-only" in capsys.readouterr().err
    folder.chmod(0o755)
    assert read(home) == {}


def test_a_file_in_the_place_of_a_folder(home: Path, capsys: Capture) -> None:
    write(home, {".config": b""})
    assert editor.main(["helix", "--install"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert read(home) == {".config": b""}


@pytest.mark.parametrize(
    ("name", "place"), [("helix", HELIX), ("neovim", LUA), ("emacs", ".emacs"), ("vscode", CODE)]
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_followed_and_stays(name: str, place: str, is_there: bool, home: Path) -> None:
    target = home / "dotfiles" / "file"
    target.parent.mkdir()
    if is_there:
        target.write_bytes(b"")
        target.chmod(0o640)
    link = home / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(target, link.parent))
    assert editor.main([name, "--install"]) == 0
    assert link.is_symlink()
    assert target.read_bytes() != b""
    if is_there:
        assert target.stat().st_mode & 0o777 == 0o640
    assert editor.main([name, "--remove"]) == 0
    assert link.is_symlink()
    assert target.exists() is is_there


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_permissions_stay(mode: int, home: Path) -> None:
    write(home, {HELIX: b"[editor]\n"})
    path = home / HELIX
    path.chmod(mode)
    assert editor.main(["helix", "--install"]) == 0
    assert path.stat().st_mode & 0o777 == mode
    backup = path.with_name("config.toml.ds-lsp-backup")
    assert backup.stat().st_mode & 0o777 == mode
    assert editor.main(["helix", "--remove"]) == 0
    assert path.stat().st_mode & 0o777 == mode


def test_other_names_of_a_file_stay_names_of_it(home: Path) -> None:
    write(home, {HELIX: b"[editor]\n"})
    os.link(home / HELIX, home / "other")
    assert editor.main(["helix", "--install"]) == 0
    assert (home / "other").read_bytes() == (home / HELIX).read_bytes()


def test_an_older_backup_is_never_overwritten(home: Path) -> None:
    write(home, {HELIX: b"[editor]\n", f"{HELIX}.ds-lsp-backup": b"older"})
    assert editor.main(["helix", "--install"]) == 0
    after = read(home)
    assert after[f"{HELIX}.ds-lsp-backup"] == b"older"
    assert after[f"{HELIX}.ds-lsp-backup-2"] == b"[editor]\n"


def test_a_key_in_a_file_is_not_shown(home: Path, capsys: Capture) -> None:
    write(home, {".emacs": b'(setq key "sk-canary1234")\n'})
    assert editor.main(["emacs", "--install"]) == 0
    assert "canary" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["ed", "--install"], "There is no editor ed"),
        (["helix", "config.toml", "--install"], "go together"),
        (["emacs", "a.el", "--install"], "There is no file a.el"),
    ],
)
def test_an_unknown_editor_or_file_is_not_installed(
    argv: list[str], words: str, home: Path, capsys: Capture
) -> None:
    assert editor.main(argv) == 1
    assert words in capsys.readouterr().err
    assert read(home) == {}


@pytest.mark.parametrize(
    "argv", [["helix", "--dry-run"], ["helix", "--install", "--remove"], ["--install"]]
)
def test_wrong_arguments_change_no_file(argv: list[str], home: Path) -> None:
    with pytest.raises(SystemExit) as status:
        editor.main(argv)
    assert status.value.code == 2
    assert read(home) == {}


def test_a_copy_ends_with_its_mark() -> None:
    assert copy_of("neovim", "x\n").startswith("x\n-- Written by `ds-lsp editor neovim --install`")


ANY_TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab中😀\n\t \"'#[]{}=;-"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=60,
).filter(lambda text: "\0" not in text and not text.endswith("\r"))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(text=ANY_TEXT, is_windows=st.booleans(), place=st.sampled_from((LUA, ".emacs", ".vimrc")))
def test_any_text_around_a_block_stays(
    text: str, is_windows: bool, place: str, home: Path, capsys: Capture
) -> None:
    data = (text.replace("\r", "").replace("\n", "\r\n") if is_windows else text).encode()
    name = {LUA: "neovim", ".emacs": "emacs", ".vimrc": "vim"}[place]
    write(home, {place: data})
    assert editor.main([name, "--install"]) == 0
    assert editor.main([name, "--remove"]) == 0
    assert read(home) == {place: data}
    (home / place).unlink()


COMMENT = st.text(
    alphabet=st.one_of(
        st.sampled_from("中😀[]{}=\"'"), st.characters(exclude_categories=["C", "Z"])
    ),
    max_size=20,
)
TOML_LINE = st.one_of(
    st.just(""),
    COMMENT.map(lambda text: f"# {text}"),
    COMMENT.map(lambda text: f"{{key}} = {json.dumps(text, ensure_ascii=False)} # {text}"),
    COMMENT.map(lambda text: f"\t{{key}} = [ 1, # {text}\n  2,\n]"),
    COMMENT.map(lambda text: "{key} = '''\n[editor]\n" + text.replace("'", "") + "'''"),
)
TOML_HEADER = st.sampled_from(
    ("[keys.normal]", " [editor] # e", "[editor.lsp]", "[editor.cursor-shape]", "[other]")
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    sections=st.lists(
        st.tuples(TOML_HEADER, st.lists(TOML_LINE, max_size=4)),
        unique_by=lambda section: section[0],
        max_size=5,
    ),
    line_end=st.sampled_from(("\n", "\r\n")),
    ends=st.booleans(),
)
def test_any_toml_stays(
    sections: list[tuple[str, list[str]]], line_end: str, ends: bool, home: Path, capsys: Capture
) -> None:
    lines = []
    for header, inside in sections:
        lines.append(header)
        lines += [line.replace("{key}", f"key-{at}") for at, line in enumerate(inside)]
    text = "\n".join(lines) + ("\n" if ends and lines else "")
    data = text.replace("\n", line_end).encode()
    write(home, {HELIX: data})
    assert editor.main(["helix", "--install"]) == 0
    merged = tomllib.loads((home / HELIX).read_text("utf-8"))
    assert merged["editor"]["completion-timeout"] == 5
    assert editor.main(["helix", "--remove"]) == 0
    assert read(home) == {HELIX: data}


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | COMMENT,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(COMMENT, values, max_size=3),
    max_leaves=8,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    value=st.dictionaries(COMMENT, JSON_VALUE, max_size=4),
    indent=st.sampled_from((None, 2, "\t")),
    line_end=st.sampled_from(("\n", "\r\n")),
    tail=st.sampled_from(("", "\n", " \n\n")),
    place=st.sampled_from((CODE, KATE)),
)
def test_any_json_stays(
    value: dict[str, object],
    indent: int | str | None,
    line_end: str,
    tail: str,
    place: str,
    home: Path,
    capsys: Capture,
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False) + tail
    data = text.replace("\n", line_end).encode()
    write(home, {place: data})
    name = "vscode" if place == CODE else "kate"
    assert editor.main([name, "--install"]) == 0
    assert editor.main([name, "--remove"]) == 0
    assert read(home) == {place: data}
    (home / place).unlink()
