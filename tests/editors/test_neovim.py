"""What is particular to Neovim with ``editors/neovim``."""

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import NEOVIM, Driver
from tests.editors.project import ABOVE, COMPLETED, LINE, SHOWN, TYPED, Project


@pytest.fixture
def driver() -> Driver:
    return NEOVIM


def test_accepting_right_after_typing_on_does_not_double_what_was_typed(
    open_editor: Open, project: Project
) -> None:
    editor = open_editor(LINE)
    editor.press(("A",))
    editor.type(TYPED)
    editor.terminal.wait_for_text(TYPED + SHOWN, below=ABOVE)
    # In one go: the next answer cannot come in between.
    editor.terminal.type(SHOWN[0] + "\t")
    editor.press(editor.driver.save)
    project.wait_for_file(COMPLETED)


def test_tab_is_tab_where_there_is_no_ghost_text(open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    editor.press(("g", "g", "O"))
    editor.type("one\ttwo")
    editor.press(editor.driver.save)
    # To the next multiple of four, as for all Python.
    project.wait_for_file("one two\n" + project.before)
