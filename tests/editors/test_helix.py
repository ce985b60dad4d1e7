"""What is particular to Helix with ``editors/helix``."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.editors.conftest import Find, Open
from tests.editors.drivers import HELIX, Driver
from tests.editors.polling import wait_for
from tests.editors.project import SETUPS, Project, completing
from tests.fake_deepseek import FakeDeepSeek, Wait

_LANGUAGES = tomllib.loads((SETUPS / "helix" / "languages.toml").read_text())["language"]
_COLORS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def driver() -> Driver:
    return HELIX


@pytest.mark.parametrize("language", _LANGUAGES, ids=lambda language: str(language["name"]))
def test_each_language_keeps_the_servers_it_had(
    language: dict[str, object], find: Find, project: Project
) -> None:
    name, servers = str(language["name"]), language["language-servers"]
    done = subprocess.run(
        [find("hx"), "--health", name], env=project.env, capture_output=True, text=True, timeout=60
    )
    health = _COLORS.sub("", done.stdout)
    assert servers == [*re.findall(r"^\s+[✘✓] ([\w-]+):", health, re.MULTILINE), "ds-lsp"]


def test_another_servers_items_do_not_wait(
    fake: FakeDeepSeek, open_editor: Open, project: Project
) -> None:
    project.use(fake)
    project.write("import os\n\n")
    ready = project.home / "the-other-is-ready"
    other_server = Path(__file__).parent / "other_server.py"
    project.add_command("pylsp", sys.executable, str(other_server), str(ready))
    wait = Wait()
    # Whichever letter is the first that is asked about.
    goes_on = completing("return_of_ds_lsp")
    fake.break_down(lambda request: (wait, *goes_on(request)))
    editor = open_editor(2)
    # Who is not there yet is not asked.
    wait_for("other server", ready.exists, editor.terminal.screen)
    editor.press(("A",))
    editor.type("re")
    editor.terminal.wait_for_text("return_of_the_other")
    assert "[ds-lsp]" not in editor.terminal.screen()
    wait.event.set()
    editor.terminal.wait_for_text("return_of_ds_lsp")
    editor.terminal.wait_for_text("return_of_the_other")
