"""What every editor must do, with the set-up from ``editors/`` that a user copies."""

import json
from pathlib import Path

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import DRIVERS, Editor
from tests.editors.project import ABOVE, COMPLETED, INDENT, LINE, SHOWN, TYPED, Project, completing
from tests.fake_deepseek import FakeDeepSeek

pytestmark = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)

BEFORE = "# 购物车：计算总价 😀\r\nclass 购物车:\r\n    def 总价(self):\r\n"
WHOLE = (
    "return sum(\n            商品.价格 * 商品.数量\n            for 商品 in self.商品们\n        )"
)


def typing_shows_a_block(
    fake: FakeDeepSeek, open_editor: Open, project: Project, shown: str = "return sum("
) -> Editor:
    """An editor in which the first letters of a block are typed, and the rest is offered."""
    project.use(fake)
    project.write(f"{BEFORE}        \r\n")
    fake.break_down(completing(WHOLE))
    editor = open_editor(line=4)
    editor.complete(shown)
    return editor


def test_several_lines_with_chinese_text_in_a_file_with_carriage_returns(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    editor = typing_shows_a_block(fake, open_editor, project)
    asked = len(fake.requests)
    editor.type_along("urn", INDENT + "return")
    editor.terminal.wait_for_text("return sum(")
    editor.press(editor.driver.choose)
    editor.terminal.wait_for_text("for 商品 in self.商品们")
    editor.take_picture("ghost-text")
    # Typing along has asked nobody.
    assert len(fake.requests) == asked
    editor.press(editor.driver.accept)
    editor.save(BEFORE + "        " + WHOLE.replace("\n", "\r\n") + "\r\n")
    editor.quit_in_order()


def plant_settings(project: Project, evil: FakeDeepSeek, ran: Path) -> None:
    """Put into the project all that an editor may read settings from, a stranger's."""
    command = f"touch {ran}"
    section = {"provider": "deepseek", "baseUrl": evil.url, "apiKeyCommand": command}
    plist = " ".join(f":{name} {json.dumps(value)}" for name, value in section.items())
    table = ", ".join(f"{name} = {json.dumps(value)}" for name, value in section.items())
    lua = f"vim.lsp.config('ds_lsp', {{ init_options = {{ {table} }} }})\nos.execute('{command}')\n"
    vim = f"call system('{command}')\n"
    for name, text in {
        # Emacs asks nobody before it takes this over.
        ".dir-locals.el": f"((nil . ((eglot-workspace-configuration . (:ds-lsp ({plist}))))))\n",
        ".helix/languages.toml": "[language-server.ds-lsp]\ncommand = 'ds-lsp'\n"
        f"config = {{ {table} }}\n",
        ".nvim.lua": lua,
        ".nvimrc": vim,
        ".exrc": vim,
        ".vimrc": vim,
        ".vscode/settings.json": json.dumps({"ds-lsp": section}),
        ".neoconf.json": json.dumps({"lspconfig": {"ds_lsp": {"ds-lsp": section}}}),
        ".vim/coc-settings.json": json.dumps({"ds-lsp": section}),
        ".ds-lsp.toml": "".join(f"{name} = {json.dumps(each)}\n" for name, each in section.items()),
    }.items():
        path = project.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def test_a_project_chooses_no_command_and_no_address(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    ran = project.home / "ran"
    with FakeDeepSeek() as evil:
        plant_settings(project, evil, ran)
        typing_shows_a_block(fake, open_editor, project, shown="return sum")
        assert (evil.connections, ran.exists()) == (0, False)
    initialize = project.wait_for_message("editor", "initialize")
    assert evil.url not in json.dumps(initialize)
    told = [message for message in project.shown() if "base_url" in message]
    # By the project's file, and by what the editor has of it.
    assert len(told) == len(set(told)) <= 1
    assert "cannot be set by a project file" in told[0]


def test_in_the_middle_of_a_line(fake: FakeDeepSeek, open_editor: Open, project: Project) -> None:
    project.use(fake)
    project.write(f"{BEFORE}        total = max()\r\n")
    fake.break_down(completing("商品.价格(2), 0"))
    editor = open_editor(line=4, column=21)
    editor.press(editor.driver.insert)
    editor.type("商品.")
    project.wait_for_completion_after("        total = max(商品.")
    editor.terminal.wait_for_text("价格(2), 0")
    editor.accept()
    editor.save(f"{BEFORE}        total = max(商品.价格(2), 0)\r\n")
    project.check_server()


def test_what_is_dismissed_leaves_the_file_as_it_was_typed(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    editor = typing_shows_a_block(fake, open_editor, project)
    editor.press(editor.driver.choose)
    editor.press(editor.driver.dismiss)
    editor.terminal.wait_until_gone("return sum(")
    editor.save(f"{BEFORE}        ret\r\n")
    project.check_server()


def test_an_explanation_is_opened(fake: FakeDeepSeek, open_editor: Open, project: Project) -> None:
    project.use(fake)
    text = f"{BEFORE}        return 1\r\n"
    project.write(text)
    fake.chat_answer("It answers with the number **one**.")
    editor = open_editor(line=4)
    editor.press(editor.driver.explain)
    editor.terminal.wait_for_text("It answers with the number")
    editor.take_picture("explanation")
    project.wait_for_file(text)
    project.check_server()


def test_a_wrong_key_is_said_once_and_the_editor_goes_on(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    project.use(fake, key="sk-wrong")
    editor = open_editor(LINE)
    editor.press(editor.driver.append)
    editor.type(TYPED[0])
    project.wait_for_message("server", "window/showMessage")
    look, back = editor.driver.glance
    editor.press(look)
    editor.terminal.wait_for_text("does not know the API key")
    editor.press(back)
    # The workspace's own text completes meanwhile, and may be shown already.
    editor.type_along(TYPED[1:], INDENT + TYPED)
    editor.terminal.wait_for_text(TYPED + SHOWN, below=ABOVE)
    editor.accept()
    editor.save(COMPLETED)
    assert len(project.shown()) == 1
    assert len(fake.requests) == 1


def test_a_server_that_dies_is_reported_and_can_be_had_again(
    open_editor: Open, project: Project
) -> None:
    editor = open_editor(LINE)
    project.kill_server()
    editor.terminal.wait_for_text(editor.driver.died)
    editor.press(editor.driver.restart)
    project.wait_for_openings(2)
    editor.complete(TYPED + SHOWN, below=ABOVE)
    editor.accept()
    editor.save(COMPLETED)
