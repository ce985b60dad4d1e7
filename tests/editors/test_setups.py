"""``ds-lsp editor NAME --install`` in homes whose editors are configured already."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.editors.conftest import Find, Open, Start
from tests.editors.drivers import EGLOT, HELIX, NEOVIM, VIM, Driver
from tests.editors.project import ABOVE, COMPLETED, LINE, SHOWN, TYPED, Project

_LAZYVIM = """\
-- 我的配置
vim.o.termguicolors = true
vim.g.mapleader = " "
-- As LazyVim, blink.cmp and LuaSnip map it.
vim.keymap.set({ "i", "s" }, "<Tab>", function()
  if vim.snippet.active({ direction = 1 }) then
    return "<cmd>lua vim.snippet.jump(1)<cr>"
  end
  return "<Tab>"
end, { expr = true, silent = true })
vim.keymap.set("n", "<leader>a", "<cmd>echo 'mine'<cr>")
"""
_HELIX = """\
theme = "onedark" # 我的
[editor]
line-number = "relative"
completion-timeout = 5
[editor.cursor-shape]
insert = "bar"
[keys.normal]
C-s = ":w"
[editor.statusline]
left = ["mode", "spinner"]"""
_HELIX_LANGUAGES = """\
[[language]]
name = "python"
auto-format = false
language-servers = [
  "pyright", # types
]

[language-server.pyright]
command = "pyright-langserver"
args = ["--stdio"]

[[language]]
name = "rust"
indent = { tab-width = 4, unit = "\t" }
"""
_EMACS = """\
;;; init.el --- 我的 -*- lexical-binding: t -*-
(setq inhibit-startup-screen t make-backup-files nil)
(use-package eglot
  :defer t
  :config (setq eglot-server-programs '((c-mode . ("my-server" "--x")))))
;;; init.el ends here
"""
_VIM = "set number\r\nlet g:ale_linters = {'lua': ['luacheck']}\r\n\" vim: set et:\r\n"

_FULL: tuple[tuple[Driver, str, Mapping[str, str]], ...] = (
    (NEOVIM, "neovim", {".config/nvim/init.lua": _LAZYVIM}),
    (
        HELIX,
        "helix",
        {
            ".config/helix/config.toml": _HELIX,
            ".config/helix/languages.toml": _HELIX_LANGUAGES,
        },
    ),
    (EGLOT, "emacs", {".config/emacs/init.el": _EMACS}),
    (VIM, "vim", {".vimrc": _VIM.replace("\r", "")}),
)


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> Driver:
    assert isinstance(request.param, Driver)
    # What the user has in place is written by the test.
    return replace(request.param, before=("", ""))


@pytest.mark.parametrize(
    ("driver", "name", "files"),
    _FULL,
    ids=lambda value: value.name if isinstance(value, Driver) else "",
    indirect=["driver"],
)
def test_a_full_configuration_is_used_and_left_as_it_was(
    driver: Driver, name: str, files: Mapping[str, str], open_editor: Open, project: Project
) -> None:
    for file, text in files.items():
        project.add_to_home(file, text)
    before = _read(project.home)
    project.run("ds-lsp", "editor", name, "--install")
    once = _read(project.home)
    # Follows the README, which installs it once more.
    editor = open_editor(LINE)
    assert _read(project.home, once) == once
    editor.press(driver.append)
    editor.type(TYPED)
    shown = "ds-lsp (local)" if driver.name == "vim-ale" else TYPED + SHOWN
    editor.terminal.wait_for_text(shown, below=ABOVE)
    editor.accept()
    editor.save(COMPLETED)
    editor.quit()
    project.run("ds-lsp", "editor", name, "--remove")
    after = _read(project.home, once)
    assert after == before


def _read(home: Path, names: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Return all files of the home, or those of *names* that are there: editors write others."""
    paths = [home / name for name in names] if names else sorted(home.rglob("*"))
    return {str(path.relative_to(home)): path.read_bytes() for path in paths if path.is_file()}


def test_helix_has_the_users_servers_and_ours(find: Find, project: Project) -> None:
    project.add_to_home(".config/helix/languages.toml", _HELIX_LANGUAGES)
    project.run("ds-lsp", "editor", "helix", "--install")
    for language, servers in {
        "python": ["pyright", "ds-lsp"],
        "rust": ["rust-analyzer", "ds-lsp"],
        "go": ["gopls", "golangci-lint-lsp", "ds-lsp"],
    }.items():
        health = project.run(find("hx"), "--health", language)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", health)
        assert re.findall(r"^\s+[✘✓] ([\w-]+):", plain, re.MULTILINE) == servers


_ASK = """\
(dolist (file '("a.py" "a.c" "a.sh"))
  (with-current-buffer (find-file-noselect (expand-file-name file "~"))
    (princ (format "%s %S\\n" major-mode (nth 3 (eglot--guess-contact))))))
"""
_OURS = '("ds-lsp" "--stdio")'


@pytest.mark.parametrize(
    ("programs", "more", "python", "c"),
    [
        # No server of the user's is there.
        ((), "", _OURS, _OURS),
        # His own, where he has one.
        (("my-server",), "", '("my-server" "--x")', _OURS),
        # Both, by the multiplexer.
        (
            ("my-server", "rass"),
            "",
            '("rass" "--" "ds-lsp" "--stdio" "--" "my-server" "--x")',
            _OURS,
        ),
        # He has chosen.
        (("my-server",), "(setq ds-lsp-replaced-modes '(python-base-mode))", _OURS, _OURS),
        (
            (),
            '(setq ds-lsp-command \'("ds-lsp" "--stdio" :initializationOptions (:a 1)))',
            '("ds-lsp" "--stdio" :initializationOptions (:a 1))',
            '("ds-lsp" "--stdio" :initializationOptions (:a 1))',
        ),
    ],
)
@pytest.mark.parametrize("is_eager", [True, False])
def test_eglot_keeps_the_users_servers(
    programs: tuple[str, ...],
    more: str,
    python: str,
    c: str,
    is_eager: bool,
    find: Find,
    project: Project,
) -> None:
    # In the place of Eglot's own list, whose programs this machine may have.
    mine = '(setq eglot-server-programs \'((python-mode . ("my-server" "--x"))))'
    config = f"(require 'eglot) {mine}" if is_eager else f"(use-package eglot :config {mine})"
    project.add_to_home(".emacs", f"{more}\n{config}\n")
    for program in programs:
        project.add_command(program, "cat")
    project.run("ds-lsp", "editor", "emacs", "--install")
    said = _in_emacs(find, project, _ASK)
    contacts = dict(line.split(" ", 1) for line in said.splitlines() if "-mode (" in line)
    assert contacts["python-mode"] == python
    assert contacts["c-mode"] == c


@pytest.mark.parametrize("missing", ["program", "package"])
def test_emacs_starts_where_ds_lsp_is_gone(missing: str, find: Find, project: Project) -> None:
    project.add_to_home(".emacs", "(setq mine 1)\n")
    project.run("ds-lsp", "editor", "emacs", "--install")
    with (project.home / ".emacs").open("a") as stream:
        stream.write("(setq mine 2)\n")
    gone = project.server_script if missing == "program" else project.home / "ds-lsp.el"
    gone.unlink()
    said = _in_emacs(find, project, "(princ (list 'mine mine (featurep 'ds-lsp)))")
    assert said.endswith("(mine 2 nil)")


def _in_emacs(find: Find, project: Project, form: str) -> str:
    return project.run(find("emacs"), "--batch", "-l", "~/.emacs", "--eval", f"(progn {form})")


@pytest.mark.parametrize(
    "files",
    [
        (),
        (".emacs",),
        (".emacs.el",),
        (".emacs", ".emacs.el"),
        (".emacs", ".emacs.d/init.el"),
        (".emacs.d/init.el", ".config/emacs/init.el"),
        (".emacs.d/other", ".config/emacs/init.el"),
        (".config/emacs/init.el",),
        (".config/emacs/other",),
        (".emacs", ".config/emacs/init.el"),
        (".emacs.el", ".config/emacs/init.el"),
    ],
    ids=" ".join,
)
def test_emacs_reads_what_was_written(
    files: tuple[str, ...], find: Find, project: Project, start: Start
) -> None:
    for file in files:
        project.add_to_home(file, f'(setq mine "{file}")\n')
    project.run("ds-lsp", "editor", "emacs", "--install")
    out = project.home / "out"
    form = f'(write-region (format "%s" (featurep \'ds-lsp)) nil "{out}")'
    start(find("emacs"), "-nw", "--eval", f"(progn {form} (kill-emacs))").wait_for_end()
    assert out.read_text() == "t"


@pytest.mark.parametrize(
    ("environ", "init", "text"),
    [
        ({}, ".config/nvim/init.lua", _LAZYVIM),
        ({}, ".config/nvim/init.vim", "nnoremap <Space>a :echo 'mine'<CR>\n"),
        ({"NVIM_APPNAME": "lazy"}, ".config/lazy/init.lua", _LAZYVIM),
        ({}, ".config/nvim/init.lua", f"{_LAZYVIM}return {{}}\n"),
    ],
)
def test_neovim_reads_what_was_written(
    environ: dict[str, str], init: str, text: str, find: Find, project: Project
) -> None:
    project.more_env.update(environ)
    project.add_to_home(init, text)
    project.run("ds-lsp", "editor", "neovim", "--install")
    said = project.run(
        find("nvim"),
        "--headless",
        "+lua io.stdout:write(vim.lsp.config.ds_lsp.cmd[1],"
        " tostring(vim.lsp.is_enabled('ds_lsp')), vim.fn.maparg('<Space>a', 'n'))",
        "+qa!",
    )
    assert said.startswith("ds-lsptrue")
    assert "mine" in said


@pytest.mark.parametrize(
    ("mine", "linters"),
    [
        ("", ["flake8", "mypy", "pylint", "pyright", "ruff"]),
        ("let g:ale_linters = {'python': ['ruff']}", ["ruff"]),
        ("let g:ale_linters_explicit = 1", []),
        ("let g:ale_linters = {'python': []}", []),
    ],
)
def test_ale_keeps_the_users_linters(
    mine: str, linters: list[str], find: Find, project: Project, start: Start
) -> None:
    project.add_to_home(".vimrc", f"{mine}\n")
    project.run("ds-lsp", "editor", "vim", "--install")
    out = project.home / "out"
    ask = "map(copy(ale#linter#Get('python')), 'v:val.name')"
    start(find("vim"), f"+call writefile({ask}, '{out}')", "+qa!", "a.py").wait_for_end()
    assert sorted(out.read_text().split()) == sorted([*linters, "ds-lsp"])
