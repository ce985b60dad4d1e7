"""Real editors, each with the set-up from ``editors/`` that a user copies."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.editors.drivers import Driver, Editor
from tests.editors.project import REPOSITORY, Project
from tests.editors.terminal import Terminal

Find = Callable[[str], str]
Start = Callable[..., Terminal]
Open = Callable[..., Editor]


@pytest.fixture(scope="session")
def find() -> Find:
    """The path of an editor that ``.ci/editors`` fetched; without it the test is skipped.

    ``TEST_EDITORS_DIR`` says where they are, and ``TEST_EDITORS_REQUIRED=1`` that a missing one is
    a failure. Not ``DS_LSP_…``: those are settings.
    """
    directory = Path(os.environ.get("TEST_EDITORS_DIR") or REPOSITORY / ".editors")

    def look(name: str) -> str:
        path = directory.resolve() / "bin" / name
        if path.exists() and shutil.which("tmux"):
            return str(path)
        missing = name if shutil.which("tmux") else "tmux"
        reason = f"{missing} is missing; .ci/editors installs it"
        if os.environ.get("TEST_EDITORS_REQUIRED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return look


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a short name: that of a socket must not be longer than some 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="ds-lsp-") as folder:
        yield Path(folder)


@pytest.fixture
def start(sockets: Path, project: Project) -> Iterator[Start]:
    """Start a program in a terminal, in the project."""
    started: list[Terminal] = []

    def begin(*command: str) -> Terminal:
        terminal = Terminal(sockets, project.root, project.env, *command)
        started.append(terminal)
        return terminal

    yield begin
    for terminal in started:
        terminal.close()


@pytest.fixture
def open_editor(driver: Driver, find: Find, project: Project, start: Start) -> Open:
    """Open the project's file in the module's driver's editor, once it is what it should be."""
    program = find(driver.program)

    def begin(line: int, column: int = 1) -> Editor:
        project.add_to_home(*driver.before)
        driver.set_up(project)
        terminal = start(program, *driver.arguments(project.file.name, line, column))
        editor = Editor(driver, terminal, project)
        editor.wait_until_ready()
        return editor

    return begin
