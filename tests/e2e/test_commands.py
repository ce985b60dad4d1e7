"""The commands of the contract, and what they answer."""

from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from ds_lsp.lsp.transport.command_names import CHAT_COMMANDS, COMMANDS
from tests.e2e.editor import editor
from tests.fake_deepseek import FakeDeepSeek

CHAT = [name.removeprefix("ds-lsp.") for name in CHAT_COMMANDS]
NAMES = [name.removeprefix("ds-lsp.") for name in COMMANDS]


async def test_all_commands_and_code_actions_are_announced(tmp_path: Path) -> None:
    async with editor(tmp_path) as at:
        provider = at.capabilities.execute_command_provider
        assert provider
        assert at.capabilities.code_action_provider
        assert sorted(provider.commands) == sorted(COMMANDS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("arguments", [[], [None], [{"a": [1, "中"]}, 2, "😀"]], ids=repr)
async def test_any_arguments_are_answered(
    tmp_path: Path, name: str, arguments: list[object]
) -> None:
    async with editor(tmp_path) as at:
        await at.command(name, *arguments)
        assert (await at.command("status"))["state"]


async def test_unknown_command_is_the_protocols_error(tmp_path: Path) -> None:
    async with editor(tmp_path) as at:
        with pytest.raises(JsonRpcException) as raised:
            await at.command("nope")
        assert raised.value.code == -32602


async def test_status_why_and_usage(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        assert (await at.command("why"))["detail"] == "no request yet"
        position = at.open("x = |\n")
        fake.answer("1 + 1")
        await at.complete(position)
        status = await at.command("status")
        assert status["state"] == "ready"
        assert status["model"] == "deepseek-flash"
        assert status["key_source"] == "environment"
        assert fake.key not in repr(status)
        why = await at.command("why")
        assert (why["reason"], why["source"], why["chars"]) == ("offered", "deepseek", 5)
        assert {"context", "cache", "debounce", "provider", "postprocess"} < set(why["stages_ms"])
        today = (await at.command("usage"))["today"]
        assert today["requests"] == 1
        assert today["prompt_hit_tokens"] + today["prompt_miss_tokens"] > 0
        assert today["completion_tokens"] > 0
        assert today["cost_usd"] > 0


async def test_toggle_stops_completion_and_clear_forgets_answers(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        assert await at.complete(position)
        assert (await at.command("toggle"))["state"] == "disabled"
        assert await at.complete(position) is None
        # A change of other settings does not undo it.
        await at.configure({"completion": {"maxTokens": 64}})
        assert await at.complete(position) is None
        assert (await at.command("toggle"))["state"] == "ready"
        await at.configure({})
        assert await at.complete(position)
        assert len(fake.requests) == 1
        await at.command("clearCache")
        assert await at.complete(position)
    assert len(fake.requests) == 2


async def test_accepting_runs_the_items_command(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        _, answer = at.request(at.open("x = |\n"))
        result = await answer
        assert result
        command = next(iter(result.items)).command
        assert command
        assert command.command == "ds-lsp.accept"
        await at.command("accept", *(command.arguments or []))
        assert (await at.command("status"))["accepted"] == 1


async def test_status_notifications_only_on_request(tmp_path: Path, fake: FakeDeepSeek) -> None:
    heard: list[Any] = []
    async with editor(tmp_path, fake, options={"client": {"status": True}}) as at:

        @at.client.feature("ds-lsp/status")
        def status(params: Any) -> None:
            heard.append(params)

        await at.complete(at.open("x = |\n"))
        await at.command("toggle")
        await at.command("status")
        log = [message.message for message in at.client.log_messages]
    assert [(params.state, params.busy) for params in heard] == [
        ("ready", False),
        ("ready", True),
        ("ready", False),
        ("disabled", False),
    ]
    assert log == ["ds-lsp: ready", "ds-lsp: disabled (completion.enabled is false)"]
