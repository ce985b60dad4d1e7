"""Vim with the plugin ALE and ``editors/vim/ale.vim``."""

import json

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import VIM, Driver
from tests.editors.project import COMPLETED, INDENT, LINE, Project
from tests.editors.test_every_editor import (
    BEFORE,
    WHOLE,
    plant_settings,
    typing_shows_a_block,
)
from tests.fake_deepseek import FakeDeepSeek


@pytest.fixture
def driver() -> Driver:
    return VIM


def test_an_item_with_parentheses_arrives_whole(open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    editor.complete("ds-lsp (local)")
    editor.accept()
    editor.save(COMPLETED)
    editor.quit_in_order()


def test_several_lines_with_chinese_text_in_a_file_with_carriage_returns(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    editor = typing_shows_a_block(fake, open_editor, project, shown="return sum")
    editor.type_along("urn", INDENT + "return")
    editor.terminal.wait_for_text("return sum")
    editor.accept()
    editor.type("  # 完")
    editor.press(VIM.save)
    whole = WHOLE.replace("\n", "\r\n")
    project.wait_for_file(f"{BEFORE}        {whole}  # 完\r\n")


def test_a_project_chooses_no_command_and_no_address(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    ran = project.home / "ran"
    with FakeDeepSeek() as evil:
        plant_settings(project, evil, ran)
        typing_shows_a_block(fake, open_editor, project, shown="return sum")
        assert (evil.connections, ran.exists()) == (0, False)
    assert evil.url not in json.dumps(project.wait_for_message("editor", "initialize"))


def test_what_is_dismissed_leaves_the_file_as_it_was_typed(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    editor = typing_shows_a_block(fake, open_editor, project, shown="return sum")
    editor.press(VIM.choose)
    editor.press(VIM.dismiss)
    editor.terminal.wait_until_gone("return sum")
    editor.save(f"{BEFORE}        ret\r\n")


def test_an_explanation_is_a_message(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    project.use(fake)
    fake.chat_answer("It answers with the number **one**.")
    editor = open_editor(LINE)
    editor.press(VIM.explain)
    editor.terminal.wait_for_text("It answers with the number")
