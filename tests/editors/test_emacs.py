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


@pytest.mark.parametrize(
    ("items", "around", "keys"),
    [
        ("'()", "{}", "indent-for-tab-command nil keyboard-quit"),
        ("(list x)", "{}", "ds-lsp-accept nil ds-lsp-dismiss"),
        ("(list x x)", "{}", "ds-lsp-accept ds-lsp-next ds-lsp-dismiss"),
        # As yasnippet's fields, company's menu and corfu's have their keys.
        (
            "(list x)",
            "(progn (overlay-put (make-overlay 1 4 nil nil t) 'keymap map) {})",
            "theirs nil ds-lsp-dismiss",
        ),
        (
            "(list x)",
            "(let ((emulation-mode-map-alists (list (list (cons t map))))) {})",
            "theirs nil ds-lsp-dismiss",
        ),
        (
            "(list x)",
            "(progn (push (cons t map) minor-mode-overriding-map-alist) {})",
            "theirs nil ds-lsp-dismiss",
        ),
    ],
)
def test_a_key_is_taken_only_where_it_does_something(
    items: str, around: str, keys: str, find: Find
) -> None:
    look = '(mapc (lambda (key) (princ (format "%s " (key-binding (kbd key))))) \'({}))'.format(
        '"TAB" "M-n" "C-g"'
    )
    program = f"""
    (with-temp-buffer
      (set-window-buffer nil (current-buffer))
      (fundamental-mode)
      (insert "ret")
      (ds-lsp-mode 1)
      (let ((x '(:insertText "urn")) (map (define-keymap "TAB" 'theirs)))
        (ds-lsp--place {items})
        {around.format(look)}))
    """
    assert run(find("emacs"), "-Q", "-l", str(_PACKAGE), "--eval", program).split() == keys.split()
