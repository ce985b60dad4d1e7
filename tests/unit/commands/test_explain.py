"""``ds-lsp explain``: what is meant, what is printed, and the exit status."""

import argparse
import json
from pathlib import Path

import pytest

from ds_lsp.commands import explain
from ds_lsp.commands.explain import Target, locale_of, parse_target
from ds_lsp.commands.markdown import Rendered
from tests.fake_deepseek import Close, FakeDeepSeek, Reply, chat_sse, envelope
from tests.unit.clean import clean

CODE = "import os\n\n\ndef 加(a):\n    return a  # 🙂\n\n\nx = 1\n"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path / "config")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(fake: FakeDeepSeek, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DEEPSEEK_API_KEY", fake.key)
    monkeypatch.setenv("DS_LSP_BASE_URL", fake.url)
    (tmp_path / ".git").mkdir()
    path = tmp_path / "src" / "a.py"
    path.parent.mkdir()
    path.write_text(CODE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a.py", Target(Path("a.py"))),
        ("a.py:12", Target(Path("a.py"), 12)),
        ("程序.py:3-007", Target(Path("程序.py"), 3, 7)),
        ("C:\\x.py:3", Target(Path("C:\\x.py"), 3)),
        ("C:\\x.py", Target(Path("C:\\x.py"))),
        ("a:b:3", Target(Path("a:b"), 3)),
        ("a.py:-1", Target(Path("a.py:-1"))),
    ],
)
def test_a_target_is_read_from_its_argument(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["", "a.py:0", "a.py:3-2", "a.py:0-2"])
def test_other_arguments_are_not_targets(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_target(text)


def test_a_file_may_be_named_like_a_target(tmp_path: Path) -> None:
    path = tmp_path / "a:12"
    path.write_text("x")
    assert parse_target(str(path)) == Target(path)


def prompt_of(fake: FakeDeepSeek) -> str:
    messages = fake.chats[-1].body["messages"]
    assert isinstance(messages, list)
    return "\n".join(message["content"] for message in messages)


def test_markdown_is_printed_as_it_is_where_it_is_piped(
    fake: FakeDeepSeek, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.chat_answer("It **adds** `a`.\n\n```\nx\n```\n![x](http://e)\n")
    assert explain.main([f"{file}:5"]) == 0
    output = capsys.readouterr()
    assert output.out == "It **adds** `a`.\n\n```\nx\n```\n&#33;[x](http://e)\n"
    assert output.err == ""
    prompt = prompt_of(fake)
    assert "File: src/a.py\n" in prompt
    assert "Lines: 4 to 5" in prompt
    assert "in English." in prompt


@pytest.mark.parametrize(
    ("name", "value", "is_terminal"),
    [("NO_COLOR", "1", True), ("TERM", "dumb", True), ("TERM", "xterm", False)],
)
def test_an_answer_cannot_steer_the_terminal(
    fake: FakeDeepSeek,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    is_terminal: bool,
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    fake.chat_answer("\t甲\x1b[31mb 🙂\x07\r\n")
    assert explain.main([f"{file}:5"]) == 0
    assert capsys.readouterr().out == "\t甲\\x1b[31mb 🙂\\x07\n"


@pytest.mark.parametrize(
    ("place", "lines"), [("", "1 to 8"), (":4-5", "4 to 5"), (":8", "8"), (":1-1", "1")]
)
def test_the_lines_that_are_meant(fake: FakeDeepSeek, file: Path, place: str, lines: str) -> None:
    assert explain.main([f"{file}{place}"]) == 0
    assert f"Lines: {lines}\n" in prompt_of(fake)


def test_an_explanation_is_printed_as_json(
    fake: FakeDeepSeek, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.chat_answer("It 加s.", reasoning="Hm.")
    assert explain.main([f"{file}:5", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["markdown"] == "It 加s."
    assert (value["file"], value["first_line"], value["last_line"]) == ("src/a.py", 4, 5)
    assert (value["name"], value["reasoning"], value["finish"]) == ("加", "Hm.", "stop")
    assert value["usage"]["completion"] > 0


def test_the_explanation_is_in_the_users_language(
    fake: FakeDeepSeek, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert explain.main([f"{file}:5"]) == 0
    assert "in Simplified Chinese." in prompt_of(fake)
    assert locale_of({"LC_ALL": "", "LANG": "de_DE"}) == "de_DE"
    assert locale_of({}) is None


def test_what_has_arrived_is_kept(
    fake: FakeDeepSeek, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.chat_script(*chat_sse("It adds")[:5], Close())
    assert explain.main([f"{file}:5"]) == 1
    output = capsys.readouterr()
    assert output.out == "It adds\n"
    assert "cut off" in output.err


def test_what_has_arrived_is_json_too(
    fake: FakeDeepSeek, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.chat_script(*chat_sse("It adds")[:5], Close())
    assert explain.main([f"{file}:5", "--json"]) == 1
    output = capsys.readouterr()
    value = json.loads(output.out)
    assert (value["markdown"], value["finish"], value["usage"]) == ("It adds", None, None)
    assert "cut off" in output.err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_empty_answer_is_none(
    fake: FakeDeepSeek, file: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    fake.chat_answer("")
    assert explain.main([f"{file}:5", *options]) == 1
    output = capsys.readouterr()
    assert output.err == "ds-lsp: The model said nothing.\n"
    assert bool(output.out) == bool(options)


def test_nobody_but_the_user_asks_again(
    fake: FakeDeepSeek, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.chat_script(Reply(500, envelope("canary")))
    assert explain.main([f"{file}:5"]) == 1
    assert capsys.readouterr().err.endswith(" is in trouble (500): try again later.\n")
    assert len(fake.chats) == 1


def test_failures_are_said_and_end_with_one(
    fake: FakeDeepSeek,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake.chat_script(Reply(402, envelope("canary")))
    secret = file.with_name(".env")
    secret.write_text("KEY = canary\n")
    for target, words in (
        (f"{file}:5", "top up"),
        (f"{file}:2", "no code"),
        (f"{file}:99", "has no line 99"),
        (f"{file}x", "cannot be read"),
        (str(secret), "not sent anywhere"),
    ):
        assert explain.main([target]) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert words in output.err
        assert "canary" not in output.err
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    assert explain.main([f"{file}:5"]) == 1
    assert "No DeepSeek key was found" in capsys.readouterr().err
    assert len(fake.chats) == 1


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain 中文", "plain 中文"),
        ("## A `b`", "\x1b[1mA b\x1b[0m"),
        ("a `b\\` **c** d", "a \x1b[36mb\\\x1b[0m \x1b[1mc\x1b[0m d"),
        ("a \\<b", "a <b"),
        (
            "a &lt;b &#33;[c&#93; &#96;d&#60; &#27; &amp; `&lt;`",
            "a <b ![c] `d< &#27; &amp; \x1b[36m&lt;\x1b[0m",
        ),
        ("**a &lt;b**", "\x1b[1ma <b\x1b[0m"),
        ("# a &#33;[b", "\x1b[1ma ![b\x1b[0m"),
        ("a\u202eb\x1b[c", "a\\u202eb\\x1b[c"),
        ("> a", "\x1b[2m> a\x1b[0m"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("2 ** 3 ** 4", "2 ** 3 ** 4"),
        ("", ""),
    ],
)
def test_lines_are_rendered_for_a_terminal(line: str, shown: str) -> None:
    assert Rendered().line(line) == shown


def test_code_is_rendered_without_its_fences() -> None:
    rendered = Rendered()
    lines = ["```c", "a \\< `b`", "# x", "```", "after"]
    assert [rendered.line(line) for line in lines] == [
        "",
        "\x1b[36m    a \\< `b`\x1b[0m",
        "\x1b[36m    # x\x1b[0m",
        "",
        "after",
    ]
