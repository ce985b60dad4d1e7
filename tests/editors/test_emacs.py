"""Emacs with ``editors/emacs``: Eglot, and lsp-mode."""

import shutil

import pytest

from tests.editors.conftest import Find, Start
from tests.editors.project import ABOVE, COLUMN, COMPLETED, LINE, SETUPS, SHOWN, TYPED, Project

# What a user has in place already, and Emacs's questions at its first start.
_INIT = """
(setq inhibit-startup-screen t lsp-auto-guess-root t
      lsp-enable-suggest-server-download nil lsp-warn-no-matched-clients nil)
(load (locate-user-emacs-file "{setup}"))
"""


@pytest.mark.parametrize("setup", ["ds-lsp-eglot", "ds-lsp-lsp-mode"])
def test_ghost_text_appears_and_tab_accepts_it(
    setup: str, find: Find, project: Project, start: Start
) -> None:
    program = find("emacs")
    folder = project.home / ".emacs.d"
    folder.mkdir()
    shutil.copy(SETUPS / "emacs" / f"{setup}.el", folder)
    (folder / "init.el").write_text(_INIT.format(setup=setup))
    terminal = start(program, "-nw", f"+{LINE}:{COLUMN}", project.file.name)
    project.wait_for_message("editor", "textDocument/didOpen")
    terminal.type(TYPED)
    terminal.wait_for_text(TYPED + SHOWN, below=ABOVE)
    terminal.press("Tab")
    terminal.press("C-x", "C-s")
    project.wait_for_file(COMPLETED)
    terminal.press("C-x", "C-c")
    assert terminal.wait_for_end() == 0
    project.wait_for_server_end()
    project.check_server()
