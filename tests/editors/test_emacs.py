"""What is particular to Emacs with ``editors/emacs``."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import ds_lsp
from tests.editors.conftest import Find
from tests.editors.drivers import EGLOT, Driver
from tests.editors.project import SETUPS

_PACKAGE = SETUPS / "emacs" / "ds-lsp.el"


@pytest.fixture
def driver() -> Driver:
    return EGLOT


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [program, "--batch", *arguments], capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["ds-lsp.el", "ds-lsp-lsp-mode.el"])
def test_compiles_without_a_warning(name: str, find: Find, tmp_path: Path) -> None:
    shutil.copy(SETUPS / "emacs" / name, tmp_path)
    assert run(find("emacs"), "-f", "batch-byte-compile", str(tmp_path / name)) == ""


def test_checkdoc_has_nothing_to_say(find: Find) -> None:
    said = run(find("emacs"), "--eval", f'(checkdoc-file "{_PACKAGE}")')
    assert said == ""


def test_the_package_has_our_version() -> None:
    assert re.findall(r"^;; Version: (\S+)$", _PACKAGE.read_text(), re.MULTILINE) == [
        ds_lsp.__version__
    ]
