"""Helix with ``editors/helix``."""

import shutil

from tests.editors.conftest import Find, Start
from tests.editors.project import ABOVE, COMPLETED, LINE, SETUPS, SHOWN, TYPED, Project


def test_the_menu_offers_the_completion_and_enter_keeps_it(
    find: Find, project: Project, start: Start
) -> None:
    program = find("hx")
    shutil.copytree(SETUPS / "helix", project.config / "helix")
    terminal = start(program, f"{project.file.name}:{LINE}")
    terminal.wait_for_text("NOR")
    project.wait_for_message("editor", "textDocument/didOpen")
    terminal.press("A")
    terminal.wait_for_text("INS")
    terminal.type(TYPED)
    terminal.wait_for_text(TYPED + SHOWN, below=ABOVE)
    terminal.press("Tab", "Enter")
    terminal.press("Escape")
    terminal.wait_for_text("NOR")
    terminal.type(":write-quit")
    terminal.press("Enter")
    assert terminal.wait_for_end() == 0
    project.wait_for_file(COMPLETED)
    assert project.wait_for_server_end() == 0
    project.check_server()
