"""A stranger's repository is opened: it runs, reads, raises and redirects nothing of the user's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import AUTOMATIC, Editor, editor, server_environment
from tests.fake_deepseek import FakeDeepSeek
from tests.raw_client import RawClient

CANARY = "canary_of_the_user"
FUNCTION = "def area(width, height):\n    return width * height\n\n\n"
TRAPS = (
    "keyring", "httpx", "pygls", "lsprotocol", "asyncio", "json", "platformdirs",
    "cachetools", "truststore", "h11", "tomllib", "logging", "argparse", "difflib",
    "sitecustomize", "usercustomize",
)  # fmt: skip


def trap(folder: Path, ran: Path) -> None:
    """Modules that tell when they are imported."""
    for name in TRAPS:
        (folder / f"{name}.py").write_text(f"open({str(ran)!r}, 'a').write('{name} ')\n")
    package = folder / "keyring"
    package.mkdir()
    for name in ("__init__", "__main__"):
        (package / f"{name}.py").write_text(f"open({str(ran)!r}, 'a').write('keyring ')\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Everything a stranger can put into a folder, and a user's secrets beside it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ".env").write_text(f"SECRET = '{CANARY}'\n" * 20)
    (outside / "mine.py").write_text(f"def {CANARY}(width):\n    return {CANARY}_body\n" * 20)
    (outside / "settings.toml").write_text(f"{CANARY} = 1\n")
    folder = tmp_path / "repository"
    folder.mkdir()
    ran = tmp_path / "ran"
    trap(folder, ran)
    (folder / ".ds-lsp.toml").write_text(
        "provider = 'deepseek'\napi_key = 'sk-evil'\nbase_url = 'http://evil.invalid'\n"
        f"allow_http = true\napi_key_command = 'touch {ran}'\n"
        "client = { status = true, late_answers = true }\n"
        "usage.daily_token_limit = 1000000000000\n"
        "privacy.ignore = ['!.env', '!*']\n"
        "completion = { max_tokens = 4096, timeout_ms = 120000, enabled = true }\n"
        + "".join(f'"evil\\n{number}\\u001b[2J" = 1\n' for number in range(1000))
    )
    (folder / ".gitignore").write_text(
        "!.env\n" + "*a" * 60 + "*b\n" + "**/a/" * 40 + "b\n" + "x*.z\n" * 100_000
    )
    (folder / ".dslspignore").symlink_to("/dev/zero")
    (folder / ".env").write_text(f"SECRET = '{CANARY}'\n")
    (folder / "config.py").symlink_to(outside / ".env")
    (folder / "linked.py").symlink_to(outside / "mine.py")
    (folder / "linked").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "self.py").symlink_to("self.py")
    (folder / "zero.py").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    (folder / "huge.py").write_bytes(b"a" * (1 << 22))
    (folder / "a\nERROR ds_lsp: forged\x1b[2J\x85.py").write_text("x = 1\n")
    (folder / ("a" * 240 + ".py")).write_text("x = 1\n")
    os.close(os.open(os.fsencode(folder) + b"/\xff\xfe.py", os.O_CREAT))
    deep = folder
    for _ in range(150):
        deep = deep / "d"
        deep.mkdir()
        (deep / "deep.py").write_text("x = 1\n")
    (folder / "normal.py").write_text(FUNCTION)
    return folder


async def opened(at: Editor, path: Path, text: str) -> str | None:
    """What is offered in a document of the repository."""
    uri = path.as_uri()
    return await at.complete(at.open(text, uri), AUTOMATIC, uri)


@pytest.mark.parametrize("cwd_is_repository", [True, False])
async def test_a_malicious_repository_can_do_no_harm(
    tmp_path: Path,
    fake: FakeDeepSeek,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    cwd_is_repository: bool,
) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    if cwd_is_repository:
        monkeypatch.chdir(repository)
    options = {"completion": {"debounceMs": 0}}
    arguments = ("--log-level", "debug", "--log-file", str(log))
    async with editor(
        home, fake, folders=(repository,), options=options, arguments=arguments
    ) as at:
        excluded = ["config.py", ".env", "linked/.env", "d/" * 150 + "deep.py"]
        for name in excluded:
            text = f"SECRET = '{CANARY}'\nx = |\n"
            assert await opened(at, repository / name, text) is None, name
            assert await at.why() == "excluded"
        names = ["normal.py", "a\nERROR ds_lsp: forged\x1b[2J\x85.py", "a" * 240 + ".py", "pipe.py"]
        for name in names:
            assert await opened(at, repository / name, "x = |\n") == "pass", name
        file = repository / ".ds-lsp.toml"
        at.client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(file.as_uri()))
        )
        assert await opened(at, repository / "normal.py", "y = |\n") == "pass"
        status = await at.command("status")
        assert (status["state"], status["base_url"]) == ("ready", fake.url)
        (message,) = at.messages
        assert message.isprintable()
        assert len(message) < 3000
        for name in ("provider", "api_key", "api_key_command", "base_url", "allow_http"):
            assert f"{name} cannot be set by a project file" in message
    assert len(fake.requests) == len(names) + 1
    for request in fake.requests:
        assert CANARY.encode() not in request.raw
        assert request.headers["authorization"] == f"Bearer {fake.key}"
        assert request.body["max_tokens"] == 128
    assert not (tmp_path / "ran").exists()
    out, err = capfd.readouterr()
    for text in (out, err, log.read_text()):
        assert "canary" not in text
        assert not any(line.startswith("ERROR") for line in text.splitlines())


async def test_without_a_key_nothing_outside_is_learned_and_nothing_inside_is_run(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(repository)
    async with editor(home, folders=(repository,)) as at:
        while "looking for" in (await at.command("status"))["detail"]:
            pass
        offered = None
        while not offered:
            text = "def area(width, height):\n    ret|"
            offered = await opened(at, repository / "new.py", text)
        assert "width * height" in offered
        for path in (repository / "linked/new.py", repository / "new.py"):
            assert CANARY not in (await opened(at, path, "def canary_of|") or "")
            assert CANARY not in (await opened(at, path, f"def {CANARY}(width):\n    ret|") or "")
    assert not (tmp_path / "ran").exists()


HOSTILE: dict[str, dict[str, object]] = {
    "everything": {
        "provider": "deepseek",
        "apiKey": "sk-evil",
        "apiKeyCommand": "touch {ran}; echo sk-evil",
        "baseUrl": "{evil}",
        "allowHttp": True,
        "client": {"status": True, "lateAnswers": True},
        "usage": {"dailyTokenLimit": 10**12},
        "completion": {"maxTokens": 4096, "timeoutMs": 120_000, "disabledLanguages": []},
        "privacy": {"ignore": ["!secret.py", "!*"]},
    },
    "nothing": {"provider": "local", "baseUrl": "nonsense", "apiKeyCommand": "touch {ran}"},
}
"""What a project may hold for its reader, in files that some editors answer the server from."""
ROADS = ("pulled", "pushed", "pushed with its section", "flat", "distrusted")
"""The last: in initializationOptions, of an editor that has them from projects."""


@pytest.mark.parametrize(
    ("name", "road"), [*(("everything", road) for road in ROADS), ("nothing", "pulled")]
)
async def test_what_the_client_has_from_the_project(
    tmp_path: Path, fake: FakeDeepSeek, name: str, road: str
) -> None:
    home, folder, ran = tmp_path / "home", tmp_path / "repository", tmp_path / "ran"
    folder.mkdir()
    (home / "ds-lsp").mkdir(parents=True)
    own = 'completion = { max_tokens = 64, disabled_languages = ["markdown"] }\n'
    own += 'usage.daily_token_limit = 1000000\nprivacy.ignore = ["secret.py"]\n'
    (home / "ds-lsp/config.toml").write_text(own)
    workspace = types.WorkspaceClientCapabilities(configuration=True)
    inline = types.InlineCompletionClientCapabilities()
    capabilities = types.ClientCapabilities(
        workspace=workspace if road.startswith("pulled") else None,
        text_document=types.TextDocumentClientCapabilities(inline_completion=inline),
    )
    with FakeDeepSeek() as evil:
        written = json.dumps(HOSTILE[name]).replace("{ran}", str(ran)).replace("{evil}", evil.url)
        settings = json.loads(written)
        async with editor(
            home,
            fake,
            options=settings if road == "distrusted" else None,
            arguments=("--distrust-editor",) if road == "distrusted" else (),
            folders=(folder,),
            capabilities=capabilities,
        ) as at:
            if road.startswith("pulled"):
                at.client.set_configuration(settings, section="ds-lsp")
            if road == "flat":
                settings = {f"ds-lsp.{path}": value for path, value in settings.items()}
            pushed = {
                "pushed": settings,
                "pushed with its section": {"ds-lsp": settings},
                "flat": settings,
            }
            # Said twice: it is told of once.
            for _ in range(2):
                await at.configure(pushed.get(road))
            assert await opened(at, folder / "a.py", "x = |\n") == "pass"
            assert await opened(at, folder / "secret.py", "x = |\n") is None
            text = at.open("x = |\n", (folder / "a.md").as_uri(), "markdown")
            assert await at.complete(text, AUTOMATIC, (folder / "a.md").as_uri()) is None
            status = await at.command("status")
            assert (status["state"], status["base_url"]) == ("ready", fake.url)
            (message,) = at.messages
            assert "sk-evil" not in message
            assert "base_url" in message
        assert (evil.connections, ran.exists()) == (0, False)
    (request,) = fake.requests
    assert request.headers["authorization"] == f"Bearer {fake.key}"
    assert request.body["max_tokens"] == 64


async def test_nothing_counts_that_is_pushed_before_the_session(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    ran = tmp_path / "ran"
    settings = {"ds-lsp": {"apiKeyCommand": f"touch {ran}", "baseUrl": "http://127.0.0.1:9"}}
    with RawClient(server_environment(tmp_path, fake), tmp_path / "stderr", {}) as client:
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        client.notify("initialized", {})
        status = client.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
    assert status["base_url"] == fake.url
    assert not ran.exists()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
async def test_a_project_file_that_is_none(
    tmp_path: Path, fake: FakeDeepSeek, make: object
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    assert callable(make)
    make(folder / ".ds-lsp.toml")
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        assert await opened(at, folder / "a.py", "x = |\n") == "pass"
        assert len(at.messages) <= 1


async def test_a_file_that_has_become_a_link_and_is_opened_anew(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    notes, secret = tmp_path / "notes.py", tmp_path / ".env"
    notes.write_text("x = 1\n")
    async with editor(tmp_path, fake, folders=(tmp_path,)) as at:
        assert await opened(at, notes, "x = |\n") == "pass"
        notes.rename(secret)
        notes.symlink_to(secret)
        assert await opened(at, notes, "y = |\n") is None


async def test_the_whole_disk_as_a_workspace(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake, folders=(Path("/"),)) as at:
        assert await opened(at, tmp_path / "a.py", "x = |\n") == "pass"
        assert await opened(at, tmp_path / ".env", "x = |\n") is None
        assert at.messages == []


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([sys.executable, "-m", "ds_lsp"], id="module"),
        pytest.param([str(Path(sys.executable).with_name("ds-lsp"))], id="script"),
    ],
)
def test_nothing_is_imported_from_the_folder_it_is_started_in(
    tmp_path: Path, command: list[str]
) -> None:
    folder, ran = tmp_path / "repository", tmp_path / "ran"
    folder.mkdir()
    trap(folder, ran)
    (folder / "a.py").write_text("x = 1\nx = |\n")
    env = server_environment(tmp_path)
    for arguments in (["--version"], ["config"], ["complete", "a.py:2:5"]):
        run = subprocess.run(
            [*command, *arguments], cwd=folder, env=env, capture_output=True, check=False
        )
        assert run.returncode == 0, run.stderr
    assert not ran.exists()


async def test_a_name_from_a_project_file_steers_no_terminal(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    (tmp_path / ".ds-lsp.toml").write_text('completion.model = "x\\u001b[2J\\ny"\n')
    async with editor(tmp_path, fake, folders=(tmp_path,)) as at:
        await opened(at, tmp_path / "a.py", "x = |\n")
        (message,) = at.messages
        assert message.isprintable()
        assert "completion.model" in message
        assert all(line.message.isprintable() for line in at.client.log_messages)
