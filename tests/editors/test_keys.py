"""The keys that our own set-ups bind, where an editor has none for ghost text."""

import sys
from pathlib import Path

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import EGLOT, LSP_MODE, NEOVIM, Driver, Editor
from tests.editors.polling import wait_for
from tests.editors.project import Project, completing
from tests.editors.test_every_editor import BEFORE, WHOLE
from tests.fake_deepseek import FakeDeepSeek, sse

GHOST_TEXT = (NEOVIM, EGLOT, LSP_MODE)
INLINE = "textDocument/inlineCompletion"


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> Driver:
    assert isinstance(request.param, Driver)
    return request.param


@pytest.mark.parametrize("driver", [NEOVIM, EGLOT], ids=lambda driver: driver.name, indirect=True)
def test_a_word_and_a_line_are_accepted(
    driver: Driver, fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    project.use(fake)
    project.write(f"{BEFORE}        \r\n")
    fake.break_down(completing(WHOLE))
    editor = open_editor(4)
    editor.press(driver.append)
    editor.type("ret")
    editor.terminal.wait_for_text("for 商品 in self.商品们")
    for key in ("M-Right", "M-Right", "M-Down", "M-Down"):
        _accept_part(editor, key, project)
    editor.press(driver.dismiss)
    editor.terminal.wait_until_gone("for 商品 in self.商品们")
    editor.press(driver.save)
    taken = "\r\n".join(WHOLE.split("\n")[:2])
    project.wait_for_file(f"{BEFORE}        {taken}\r\n")


@pytest.mark.parametrize(
    ("typed", "typing", "rest"),
    [
        ("ret", "u", "urn self.bar(1, 2)"),
        ("ret", "urn self.ba", "urn self.bar(1, 2)"),
        ("ret", "urn self.bar(1, 2", "urn self.bar(1, 2)"),
        ("总", "价 = '😀", "价 = '😀，共 １ 件'"),
    ],
)
@pytest.mark.parametrize("driver", GHOST_TEXT, ids=lambda driver: driver.name, indirect=True)
def test_tab_right_after_typing_along_accepts_the_rest(
    typed: str, typing: str, rest: str, fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    project.use(fake)
    project.write(f"{BEFORE}        \r\n")
    fake.break_down(completing(typed + rest))
    editor = open_editor(4)
    editor.press(editor.driver.append)
    editor.type(typed)
    editor.terminal.wait_for_text(typed + rest)
    # In one go: no answer can come in between.
    editor.type(f"{typing}\t")
    editor.save(f"{BEFORE}        {typed}{rest}\r\n")


@pytest.mark.parametrize("driver", [EGLOT, LSP_MODE], ids=lambda driver: driver.name, indirect=True)
def test_typing_something_else_hides_the_rest(
    driver: Driver, fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    project.use(fake)
    project.write(f"{BEFORE}        \r\n")
    fake.break_down(completing("return self.bar(1, 2)"))
    editor = open_editor(4)
    editor.press(driver.append)
    editor.type("ret")
    editor.terminal.wait_for_text("return self.bar(1, 2)")
    fake.break_down(lambda request: sse(""))
    editor.type("ry")
    editor.terminal.wait_until_gone("self.bar")
    editor.save(f"{BEFORE}        retry\r\n")


def _accept_part(editor: Editor, key: str, project: Project) -> None:
    asked = project.count(INLINE)
    editor.press((key,))
    if editor.driver is NEOVIM:
        # Draws the rest only once it has asked for it.
        wait_for("next request", lambda: project.count(INLINE) > asked)
    editor.terminal.wait_for_text("for 商品 in self.商品们")


@pytest.mark.parametrize(
    ("driver", "following", "previous"),
    [(NEOVIM, "M-]", "M-["), (EGLOT, "M-n", "M-p"), (LSP_MODE, "C-n", "C-p")],
    ids=lambda value: value.name if isinstance(value, Driver) else value,
    indirect=["driver"],
)
def test_several_completions_are_gone_through(
    driver: Driver, following: str, previous: str, open_editor: Open, project: Project
) -> None:
    project.serve_with(sys.executable, str(Path(__file__).parent / "other_server.py"))
    project.write("x\n")
    editor = open_editor(1)
    editor.press(driver.append)
    editor.type("y")
    editor.terminal.wait_for_text("xy_first")
    editor.press((following,))
    editor.terminal.wait_for_text("xy_second")
    editor.press((previous,))
    editor.terminal.wait_for_text("xy_first")
    editor.press((following,))
    editor.terminal.wait_for_text("xy_second")
    editor.press(driver.accept)
    editor.save("xy_second\n")
