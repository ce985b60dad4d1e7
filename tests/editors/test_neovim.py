"""Neovim with ``editors/neovim``."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.conftest import Find
from tests.editors.polling import wait_for
from tests.editors.project import COMPLETED, LINE, SETUPS, SHOWN, TYPED, Project

_READY = "vim.iter(vim.lsp.get_clients({ bufnr = 0 })):any(function(c) return c.initialized end)"
_GHOST_TEXT = """
vim.iter(vim.api.nvim_buf_get_extmarks(
  0, vim.api.nvim_create_namespace('nvim.lsp.inline_completion'), 0, -1, { details = true }
)):map(function(mark) return mark[4].virt_text[1][1] end):join('|')
"""


class Neovim:
    """One Neovim without a screen, told what to do over its socket."""

    def __init__(self, program: str, socket: Path, project: Project) -> None:
        self._remote = [program, "--server", str(socket)]
        self._env = dict(project.env)
        self.process = subprocess.Popen(
            [program, "--headless", "--listen", str(socket), f"+{LINE}", str(project.file)],
            cwd=project.root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for("socket", socket.exists)

    def press(self, keys: str) -> None:
        self._run("--remote-send", keys)

    def lua(self, expression: str) -> str:
        quoted = " ".join(expression.split()).replace("'", "''")
        return self._run("--remote-expr", f"luaeval('{quoted}')")

    def wait_for_lua(self, expression: str, value: str) -> None:
        wait_for(
            f"{value!r} of {expression.strip()}",
            lambda: self.lua(expression) == value,
            lambda: (self.lua(expression), self._run("--remote-expr", "execute('messages')")),
        )

    def quit(self) -> int:
        self.press("<Esc>:wq<CR>")
        return self.process.wait(60)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._remote, *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()


@pytest.fixture
def neovim(find: Find, project: Project, sockets: Path) -> Iterator[Neovim]:
    program = find("nvim")
    plugins = project.config / "nvim" / "plugin"
    plugins.mkdir(parents=True)
    shutil.copy(SETUPS / "neovim" / "ds_lsp.lua", plugins)
    editor = Neovim(program, sockets / "nvim", project)
    try:
        editor.wait_for_lua(_READY, "true")
        yield editor
    finally:
        editor.process.kill()
        editor.process.wait()


def test_ghost_text_appears_and_tab_accepts_it(neovim: Neovim, project: Project) -> None:
    neovim.press("A" + TYPED)
    neovim.wait_for_lua(_GHOST_TEXT, SHOWN)
    neovim.press("<Tab>")
    project.wait_for_message("editor", "workspace/executeCommand")
    assert neovim.quit() == 0
    project.wait_for_file(COMPLETED)
    assert project.wait_for_server_end() == 0
    project.check_server()


def test_accepting_right_after_typing_on_does_not_double_what_was_typed(
    neovim: Neovim, project: Project
) -> None:
    neovim.press("A" + TYPED)
    neovim.wait_for_lua(_GHOST_TEXT, SHOWN)
    # In one go: the next answer cannot come in between.
    neovim.press(SHOWN[0] + "<Tab>")
    assert neovim.quit() == 0
    project.wait_for_file(COMPLETED)


def test_tab_is_tab_where_there_is_no_ghost_text(neovim: Neovim, project: Project) -> None:
    neovim.press("ggOone<Tab>two")
    assert neovim.quit() == 0
    assert project.file.read_text().splitlines()[0].split() == ["one", "two"]
