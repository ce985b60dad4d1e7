"""A carriage return within a line, as real editors count it: LSP calls it a line end."""

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import DRIVERS, VIM
from tests.editors.project import TYPED, Project, completing
from tests.fake_deepseek import FakeDeepSeek

pytestmark = pytest.mark.parametrize("driver", [*DRIVERS, VIM], ids=lambda driver: driver.name)

WITHIN_LINES = 'macro = "0dw\rj"\nother = "总\r价 😀\r"\r\nclass Box:\n    def width(self):\n'
AT_LINE_ENDS = WITHIN_LINES.replace("\r", "").replace("\n", "\r\n")


@pytest.mark.parametrize(
    "before", [WITHIN_LINES, AT_LINE_ENDS], ids=["within lines", "at line ends"]
)
def test_a_line_below_is_the_editors_own(
    fake: FakeDeepSeek, open_editor: Open, project: Project, before: str
) -> None:
    project.use(fake)
    end = "\r\n" if before is AT_LINE_ENDS else "\n"
    project.write(f"{before}        {end}")
    fake.break_down(completing("return self.kept"))
    editor = open_editor(line=5)
    editor.press(editor.driver.append)
    editor.type(TYPED)
    editor.terminal.wait_for_text("return self.kept" if not editor.driver.has_menu else "self.kept")
    prompt = str(fake.requests[-1].body["prompt"])
    # Emacs and Vim keep line ends out of the text, and send line feeds.
    ends = (f"    def width(self):{each}        ret" for each in (end, "\n"))
    assert prompt.endswith(tuple(ends))
    editor.accept()
    editor.save(f"{before}        return self.kept{end}")
    project.check_server()
