"""``ds-lsp complete``: the place, the file, the answer and its words."""

import argparse
import json
from pathlib import Path

import pytest

from ds_lsp.commands import complete
from ds_lsp.commands.complete import FilePosition, message_on, open_document, parse_position
from ds_lsp.commands.run import CommandRefused
from ds_lsp.completion.request import Completion, Reason, Record
from ds_lsp.languages.names import language_id
from tests.fake_deepseek import FakeDeepSeek, Reply
from tests.unit.clean import clean

TABLE = "".join(f"total_{name} = count_everything(shelf, {name})\n" for name in "abcdefgh")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path / "config")


def write(folder: Path, text: str, name: str = "a.py") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def end_of(path: Path) -> str:
    """The place at the end of a file, as one types it."""
    lines = path.read_bytes().decode().replace("\r\n", "\n").split("\n")
    return f"{path}:{len(lines)}:{len(lines[-1]) + 1}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("a.py:1:2", FilePosition(Path("a.py"), 1, 2), id="plain"),
        pytest.param("C:\\x.py:3:4", FilePosition(Path("C:\\x.py"), 3, 4), id="drive letter"),
        pytest.param("a:b:c:3:4", FilePosition(Path("a:b:c"), 3, 4), id="colons in the name"),
        pytest.param(
            "程序.py:007:1", FilePosition(Path("程序.py"), 7, 1), id="chinese name, zeros"
        ),
    ],
)
def test_a_place_is_read_from_its_argument(text: str, place: FilePosition) -> None:
    assert parse_position(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.py", "a.py:1", ":1:1", "a.py:x:1", "a.py:1:", "a.py:-1:1", "a.py:0:1", "a.py:1:0"),
        *("a.py:1:+2", "a.py:\N{FULLWIDTH DIGIT ONE}:1", "a.py:1:" + "9" * 5000),
    ],
)
def test_other_arguments_are_not_places(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_position(text)


def test_bad_usage_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["a.py"], [], ["a.py:1:1", "--provider", "copilot"], ["a.py:1:1", "--js"]):
        with pytest.raises(SystemExit) as caught:
            complete.main(argv)
        assert caught.value.code == 2
    assert "is not FILE:LINE:COL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "line", "column", "before"),
    [
        pytest.param("ab\ncd", 2, 2, "c", id="ascii"),
        pytest.param("甲 = 乙\n", 1, 3, "甲 ", id="chinese"),
        pytest.param("'😀'x\n", 1, 4, "'😀'", id="an emoji is one character"),
        pytest.param("a\r\nb\r\n", 2, 2, "b", id="crlf"),
        pytest.param("\t\tx", 1, 3, "\t\t", id="a tab is one character"),
        pytest.param("\ufeffab", 1, 2, "a", id="a byte order mark is none"),
        pytest.param("a\n", 2, 1, "", id="after the last line end"),
        pytest.param("", 1, 1, "", id="empty file"),
        pytest.param("a\x0cb\n", 1, 4, "a\x0cb", id="a form feed ends no line"),
    ],
)
def test_line_and_column_lead_to_the_cursor(
    tmp_path: Path, text: str, line: int, column: int, before: str
) -> None:
    document = open_document(FilePosition(write(tmp_path, text), line, column), None)
    snapshot = document.snapshot(line - 1, column - 1)
    assert snapshot.line_before == before
    assert snapshot.before + snapshot.after == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        pytest.param("a\nb", 3, 1, "no line 3: its last one is 2", id="line"),
        pytest.param(
            "甲乙\nb", 1, 4, "no column 4 in line 1: the last one there is 3", id="column"
        ),
        pytest.param("ab\r\n", 1, 4, "the last one there is 3", id="in a crlf"),
    ],
)
def test_a_place_past_the_end_is_refused_with_the_last_one_there_is(
    tmp_path: Path, text: str, line: int, column: int, sentence: str
) -> None:
    with pytest.raises(CommandRefused, match=sentence):
        open_document(FilePosition(write(tmp_path, text), line, column), None)


def test_a_file_that_cannot_be_read_is_reported_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "latin.py").write_bytes("é".encode("latin-1"))
    (tmp_path / "wide.py").write_text("x", encoding="utf-16")
    for name, words in (
        ("missing.py", "No such file"),
        ("", "directory"),
        ("no\0name", "null"),
        ("latin.py", "is not UTF-8"),
        ("wide.py", "is not UTF-8"),
    ):
        assert complete.main([f"{tmp_path / name}:1:1"]) == 1
        output = capsys.readouterr()
        assert words in output.err
        assert output.err.count("\n") == 1
        assert output.out == ""


def test_completes_from_the_file_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, TABLE + "total_x = count_")
    assert complete.main([end_of(path)]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("everything(shelf,")
    assert output.out.endswith("\n")
    assert output.err == ""


def test_completes_from_the_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git").mkdir()
    for folder in ("library", "program"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "library", TABLE)
    path = write(tmp_path / "program", "import os\n\n\ntotal_x = count_", "b.py")
    assert complete.main([end_of(path), "--provider", "local"]) == 0
    assert capsys.readouterr().out.startswith("everything(")


def test_nothing_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert complete.main([end_of(write(tmp_path, "\n"))]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == ("ds-lsp: No completion: the local provider has nothing to offer here.\n")


def test_an_excluded_file_is_not_completed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, TABLE + "total_x = count_", ".env")
    assert complete.main([end_of(path)]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert "built-in: " in output.err


def test_the_project_file_counts_and_its_problems_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "completion.enabled = false\nprovider = 'local'\n", ".ds-lsp.toml")
    path = write(tmp_path, TABLE + "total_x = count_")
    assert complete.main([end_of(path)]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert "completion.enabled is false" in output.err
    assert "provider cannot be set by a project file" in output.err


def test_without_a_key_deepseek_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "x = ")
    assert complete.main([end_of(path), "--provider", "deepseek"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("ds-lsp: No DeepSeek key was found. Set DEEPSEEK_API_KEY")


def use(fake: FakeDeepSeek, patch: pytest.MonkeyPatch, key: str = "sk-fake") -> None:
    patch.setenv("DS_LSP_BASE_URL", fake.url)
    patch.setenv("DEEPSEEK_API_KEY", key)


@pytest.mark.parametrize("text", ["加(甲, 乙)", "{\r\n\t'😀': 2\r\n}", "a(\r\n\tb,\r\n)"])
def test_deepseek_answers(
    fake: FakeDeepSeek,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    use(fake, monkeypatch)
    fake.answer(text)
    assert complete.main([end_of(write(tmp_path, "# 你好\r\nx = "))]) == 0
    output = capsys.readouterr()
    assert output.out == text + "\n"
    assert output.err == ""
    assert fake.requests[0].body["prompt"] == "# 你好\r\nx = "


def test_the_record_as_json(
    fake: FakeDeepSeek,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(fake, monkeypatch)
    fake.answer("甲")
    assert complete.main([end_of(write(tmp_path, "x = ")), "--json"]) == 0
    output = capsys.readouterr().out
    assert output.isascii()
    record = json.loads(output)
    assert record["text"] == "甲"
    assert record["source"] == record["provider"] == "deepseek"
    assert record["reason"] == "offered"
    assert record["stages_ms"]["total"] > 0
    assert record["usage"]["completion"] > 0


def test_a_wrong_key_is_said_and_never_shown(
    fake: FakeDeepSeek,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(fake, monkeypatch, "sk-wrong-7c1f")
    place = end_of(write(tmp_path, TABLE + "total_x = count_"))
    assert complete.main([place, "--provider", "deepseek", "--json"]) == 1
    alone = capsys.readouterr()
    assert json.loads(alone.out)["reason"] == "provider_failed"
    assert "does not know the API key" in alone.err
    assert complete.main([place]) == 0
    helped = capsys.readouterr()
    assert helped.out.startswith("everything(")
    assert "Instead, this is the local provider" in helped.err
    assert "7c1f" not in alone.out + alone.err + helped.out + helped.err


def test_a_language_can_be_named(
    fake: FakeDeepSeek,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(fake, monkeypatch)
    monkeypatch.setenv("DS_LSP_COMPLETION_DISABLED_LANGUAGES", "cobol")
    place = end_of(write(tmp_path, "x = "))
    assert complete.main([place, "--language", "cobol"]) == 0
    assert "cobol is in disabled_languages" in capsys.readouterr().err
    fake.script(Reply(503))
    assert complete.main([place]) == 1
    assert "is in trouble (503)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("completion", "remark"),
    [
        (Completion("x", Record(Reason.OFFERED, source="local", provider="local")), None),
        (Completion("x", Record(Reason.OFFERED, source="cache", provider="deepseek")), None),
        (Completion("", Record(Reason.NO_PROVIDER)), None),
        (
            Completion("", Record(Reason.NOTHING_LEFT, source="local", provider="local")),
            "No completion: what the local provider said is there already.",
        ),
        (
            Completion("", Record(Reason.NOTHING_FOUND, "Cut off.", "local", "deepseek")),
            "Cut off. Instead, nothing was found by the local provider.",
        ),
    ],
)
def test_an_empty_completion_gets_a_remark_with_the_reason(
    completion: Completion, remark: str | None
) -> None:
    assert message_on(completion) == remark


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.py", "python"),
        ("A.PY", "python"),
        ("a.tsx", "typescriptreact"),
        ("a.sh", "shellscript"),
        ("Dockerfile", "dockerfile"),
        ("CMakeLists.txt", "cmake"),
        ("notes.txt", "plaintext"),
        ("a.unheard-of", "unheard-of"),
        ("LICENSE", "plaintext"),
        (".bashrc", "plaintext"),
    ],
)
def test_a_files_name_gives_its_language_id(name: str, language: str) -> None:
    assert language_id(Path("folder.rs") / name) == language
