"""What is particular to Neovim with ``editors/neovim``."""

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import NEOVIM, Driver
from tests.editors.project import LINE, Project


@pytest.fixture
def driver() -> Driver:
    return NEOVIM


def test_tab_is_tab_where_there_is_no_ghost_text(open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    editor.press(("g", "g", "O"))
    editor.type("one\ttwo")
    editor.press(editor.driver.save)
    # To the next multiple of four, as for all Python.
    project.wait_for_file("one two\n" + project.before)
