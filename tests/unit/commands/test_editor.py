"""``ds-lsp editor``: the files of ``editors/``, printed."""

import tomllib
from pathlib import Path

import pytest

from ds_lsp.commands import editor
from ds_lsp.commands.setups import SETUPS

ROOT = Path(__file__).parents[3]
PARTS = [(name, part.file) for name, setup in SETUPS.items() for part in setup.parts]


@pytest.mark.parametrize(("name", "file"), PARTS)
def test_a_file_is_printed_as_it_is(
    name: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert editor.main([name, file]) == 0
    assert capsys.readouterr().out == (ROOT / "editors" / name / file).read_text("utf-8")


@pytest.mark.parametrize("name", SETUPS)
def test_all_files_of_an_editor_say_where_they_go(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert editor.main([name]) == 0
    out = capsys.readouterr().out
    for part in SETUPS[name].parts:
        text = (ROOT / "editors" / name / part.file).read_text("utf-8")
        assert f"{SETUPS[name].comment} {part.file}: {part.place}\n{text}" in out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["ed"], "There is no editor ed; there are vscode, neovim, helix, emacs, vim, kate."),
        (["helix", "a.toml"], "There is no file a.toml for Helix; there are languages.toml, "),
        (["中文"], "There is no editor 中文; "),
    ],
)
def test_an_unknown_editor_or_file_is_named_in_one_line(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert editor.main(argv) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err
    assert output.err.count("\n") == 1


def test_the_wheel_has_every_file() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = table["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {
        f"editors/{name}/{file}": f"ds_lsp/editors/{name}/{file}" for name, file in PARTS
    }
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(f"{name}/{file}" in script for name, file in PARTS)
