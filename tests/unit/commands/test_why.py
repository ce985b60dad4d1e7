"""``ds-lsp why``: the rule that excludes a file, or what in it is masked."""

import json
from pathlib import Path

import pytest

from ds_lsp.commands import why
from ds_lsp.workspace.privacy.gate import Gate
from tests.unit.clean import clean
from tests.unit.git import git

SECRET = "canary7Hunter2"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path / "config")
    (tmp_path / "项目/.git").mkdir(parents=True)
    (tmp_path / "项目/sub").mkdir()
    monkeypatch.chdir(tmp_path / "项目")


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert why.main([*argv, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("sub/a.py", "x = 1\n", None),
        ("sub/.env", "x\n", "built-in: *.env"),
        ("sub/secrets.yml~", "x\n", "built-in: secrets.yml (by secrets.yml)"),
        ("sub/mine.txt.bak", "x\n", "privacy.ignore: mine.*"),
        ("sub/../mine.txt", "x\n", "privacy.ignore: mine.*"),
        ("sub/b.log", "x\n", "/.gitignore: *.log"),
        ("sub/mine.py", "x\n", "privacy.ignore: mine.*"),
        # The server cannot tell whether its client encodes a name once or twice.
        ("sub/%2eenv", "x\n", "built-in: *.env"),
        ("sub/100%.py", "x\n", None),
        ("a.py", "# ds-lsp: off\n", "ds-lsp: off, in line 1"),
        ("a.py", "# @generated\n", "built-in: generated, says line 1"),
        ("a.py", "x\n" * 100 + "\0", "built-in: binary, it holds a NUL"),
    ],
)
def test_why_names_the_rule_that_excludes_a_file(
    name: str, text: str, rule: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".gitignore").write_text("*.log\n")
    Path(".ds-lsp.toml").write_text('privacy.ignore = ["mine.*"]\n')
    Path(name).write_text(text)
    found = answer(capsys, name)
    assert found["allowed"] is (rule is None)
    assert str(found["rule"]).endswith(rule or "None")
    assert found["file"] == str(Path(name).absolute())
    assert why.main([name]) == 0
    out = capsys.readouterr().out
    assert ("neither read nor sent" in out) is (rule is not None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_text_is_judged_as_an_editor_sends_it(
    encoding: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.ps1").write_text("# 你好\n", encoding)
    assert answer(capsys, "a.ps1")["allowed"]
    Path("a.ps1").write_text("# ds-lsp: off\n", encoding)
    assert answer(capsys, "a.ps1")["rule"] == "ds-lsp: off, in line 1"


@pytest.mark.parametrize(
    ("name", "here", "rule"),
    [
        ("outer/in/inner/a.py", "outer", None),
        ("outer/in/inner/a.py", "outer/in/inner", None),
        ("outer/in/inner/x.py", "outer", "in/inner/.gitignore: x.py"),
        ("outer/in/b.py", "outer/in", "outer/.gitignore: /in/"),
        ("outer/in/inner/mine.py", "outer/in/inner", "outer/.dslspignore: mine.py"),
        ("none/sub/a.py", "none", "none/.gitignore: a.py"),
        ("none/sub/a.py", "none/sub", None),
        ("none/sub/b.py", "none", None),
    ],
)
def test_the_rule_is_that_of_the_server(
    name: str,
    here: str,
    rule: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = tmp_path / "w"
    for folder in ("outer", "outer/in/inner"):
        (root / folder).mkdir(parents=True)
        git(root / folder, "init", "-q", home=tmp_path)
    (root / "none/sub").mkdir(parents=True)
    (root / "outer/.gitignore").write_text("/in/\n")
    (root / "outer/.dslspignore").write_text("mine.py\n")
    (root / "outer/in/inner/.gitignore").write_text("x.py\n")
    (root / "none/.gitignore").write_text("a.py\n")
    (root / name).write_text("x = 1\n")
    monkeypatch.chdir(root / here)
    said = answer(capsys, str(root / name))["rule"]
    assert said == Gate([root / here]).excludes_path(root / name)
    assert (said is None) is (rule is None)
    assert str(said).endswith(rule or "None")


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_masked_lines_are_named_and_never_shown(
    eol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["# 中文 😀", f'password = "{SECRET}"', "", f"url = 'http://u:{SECRET}@h'; b = 1"]
    Path("a.py").write_bytes(eol.join(lines).encode())
    found = answer(capsys, "a.py")
    assert found["masked"] == [
        {"line": 2, "rule": "password"},
        {"line": 4, "rule": "password-in-address"},
    ]
    assert why.main(["a.py"]) == 0
    out = capsys.readouterr().out
    assert "  line 4: masked (password-in-address)\n" in out
    assert "canary" not in out


@pytest.mark.parametrize("name", ["missing.py", "sub", "missing.pem", "a\0b.py"])
def test_a_file_that_cannot_be_read_is_an_answer_of_its_own(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why.main([name]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "cannot be read: " in output.err


def test_without_a_file_why_ends_with_status_two() -> None:
    with pytest.raises(SystemExit) as exited:
        why.main([])
    assert exited.value.code == 2
