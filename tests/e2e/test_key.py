"""The key: where it comes from, the one place it is sent to, and where it does not show up."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.editor import Editor, editor
from tests.fake_deepseek import FakeDeepSeek, Reply

KEY = "sk-canary-4711"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def fake() -> Iterator[FakeDeepSeek]:
    with FakeDeepSeek(key=KEY) as server:
        yield server


async def searched(at: Editor) -> Mapping[str, object]:
    """The status once the key has been looked for."""
    while True:
        status: Mapping[str, object] = await at.command("status")
        if "looking for" not in str(status["detail"]):
            return status


async def test_key_from_the_keyring(tmp_path: Path, fake: FakeDeepSeek) -> None:
    env = {
        "DEEPSEEK_API_KEY": "",
        "PYTHON_KEYRING_BACKEND": "fake_keyring.Keyring",
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "FAKE_KEYRING": KEY,
    }
    async with editor(tmp_path, fake, env=env) as at:
        assert (await searched(at))["key_source"] == "keyring"
        assert await at.complete(at.open("x = |"))
        assert at.messages == []


@pytest.mark.parametrize("does", ["", "fail"])
async def test_an_empty_keyring_is_nothing_to_tell(
    tmp_path: Path, fake: FakeDeepSeek, does: str
) -> None:
    env = {
        "DEEPSEEK_API_KEY": "",
        "PYTHON_KEYRING_BACKEND": "fake_keyring.Keyring",
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "FAKE_KEYRING": does,
    }
    async with editor(tmp_path, fake, env=env) as at:
        # Nor does anything wait for it: until it is known, there is the local provider.
        assert (await at.command("status"))["state"] == "local"
        assert (await searched(at))["state"] == "local"
        assert at.messages == []


async def test_key_in_a_file_that_others_can_read(tmp_path: Path, fake: FakeDeepSeek) -> None:
    file = tmp_path / "ds-lsp/config.toml"
    file.parent.mkdir()
    file.write_text(f"api_key = '{KEY}'\n")
    for mode, state in ((0o644, "local"), (0o600, "ready")):
        file.chmod(mode)
        async with editor(tmp_path, fake, env={"DEEPSEEK_API_KEY": ""}) as at:
            assert (await searched(at))["state"] == state
            assert len(at.messages) == (state == "local")
            assert all(f"chmod 600 {file}" in message for message in at.messages)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_named_and_not_followed(
    tmp_path: Path, fake: FakeDeepSeek, status: int
) -> None:
    with FakeDeepSeek(key=KEY) as elsewhere:
        async with editor(tmp_path, fake, options={"provider": "deepseek"}) as at:
            place = f"{elsewhere.url}/beta/completions?{KEY}"
            fake.script(Reply(status, "", headers=(("Location", place),)))
            assert await at.complete(at.open("x = |\n")) is None
            (message,) = at.messages
            assert "redirect" in message
            assert "canary" not in message
        assert elsewhere.connections == 0


@pytest.mark.parametrize("provider", ["auto", "deepseek"])
@pytest.mark.parametrize(
    ("url", "word"), [("http://nowhere.invalid", "allow_http"), ("nowhere.invalid", "base_url")]
)
async def test_an_address_the_key_is_not_for(
    tmp_path: Path, fake: FakeDeepSeek, provider: str, url: str, word: str
) -> None:
    file, env = tmp_path / "ds-lsp/config.toml", {"DS_LSP_BASE_URL": ""}
    file.parent.mkdir()
    file.write_text(f'base_url = "{url}"\n')
    async with editor(tmp_path, fake, options={"provider": provider}, env=env) as at:
        status = await searched(at)
        assert status["state"] == "stopped"
        assert "base_url" in str(status["detail"])
        assert status["provider"] == ("local" if provider == "auto" else None)
        text = "def area(width, height):\n    return width * height\n\n\n" * 3
        offered = await at.complete(at.open(text + "def area(width, height):\n    ret|"))
        assert bool(offered) is (provider == "auto")
        (message,) = at.messages
        assert word in message
        # Once it is mended, nothing has to be started again.
        await at.save_settings(tmp_path, {"baseUrl": fake.url})
        assert (await searched(at))["state"] == "ready"
        assert await at.complete(at.open("x = |"))
    assert len(fake.requests) == 1


async def test_http_to_another_machine_can_be_allowed(tmp_path: Path, fake: FakeDeepSeek) -> None:
    # The stand-in plays the proxy of a machine that is not this one.
    env = {"DS_LSP_BASE_URL": "http://far.test", "http_proxy": fake.url, "no_proxy": ""}
    async with editor(tmp_path, fake, env=env, options={"allowHttp": True}) as at:
        assert (await searched(at))["state"] == "ready"
        await at.complete(at.open("x = |"))
    assert fake.requests[0].path == "http://far.test/beta/completions"


async def test_what_is_for_this_machine_goes_through_no_proxy(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    with FakeDeepSeek(key=KEY) as proxy:
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY")
        env = dict.fromkeys(names, proxy.url) | {"no_proxy": ""}
        async with editor(tmp_path, fake, env=env) as at:
            assert await at.complete(at.open("x = |"))
        assert proxy.connections == 0


async def test_the_key_is_in_no_argument_and_no_environment_of_a_child(
    tmp_path: Path, fake: FakeDeepSeek, capfd: pytest.CaptureFixture[str]
) -> None:
    ready, go, log = tmp_path / "ready", tmp_path / "go", tmp_path / "log"
    secret, script = tmp_path / "secret", tmp_path / "ask.py"
    secret.write_text(KEY)
    os.mkfifo(ready)
    os.mkfifo(go)
    script.write_text(
        f"names = [name for name in __import__('os').environ if name.endswith('API_KEY')]\n"
        f"open({str(ready)!r}, 'w').write(repr(names))\n"
        f"open({str(go)!r}).read()\n"
        f"print(open({str(secret)!r}).read())\n"
    )
    command = shlex.join([sys.executable, str(script)])
    arguments = ("--log-level", "debug", "--log-file", str(log))
    options = {"apiKeyCommand": command}
    async with editor(tmp_path, fake, options=options, arguments=arguments) as at:
        assert ready.read_text() == "[]"
        assert KEY not in command_lines()
        go.write_text("")
        assert (await searched(at))["key_source"] == "api_key_command"
        assert await at.complete(at.open("x = |"))
        assert KEY not in command_lines()
        for name in ("why", "status", "usage"):
            assert "canary" not in repr(await at.command(name))
        assert at.messages == []
    out, err = capfd.readouterr()
    assert "canary" not in log.read_text() + out + err


def command_lines() -> str:
    """Of every process; no test of ours has the key in its own."""
    found = [path.joinpath("cmdline") for path in Path("/proc").iterdir() if path.name.isdigit()]
    lines = []
    for path in found:
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            # It has ended meanwhile.
            continue
    assert any("ds_lsp" in line for line in lines)
    return "\n".join(lines)
