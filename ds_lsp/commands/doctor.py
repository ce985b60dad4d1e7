"""Checks everything between the settings and a model's answer, and says what to do.

Every figure is measured during the run. The checks send two small requests of their own, which cost
some hundred tokens, and none of the user's code.
"""

import argparse
import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ds_lsp.chat.asker import answer_request
from ds_lsp.commands.config import HIDDEN
from ds_lsp.commands.models import uses_of
from ds_lsp.commands.output import prepare_output, print_json, without_keys
from ds_lsp.commands.run import collect_messages, folder_of, open_session, resolve_for
from ds_lsp.commands.setups import SETUPS, find_installed_editors, reader_of
from ds_lsp.editor_files.inspect import SetupState, inspect_all
from ds_lsp.editor_files.places import Machine
from ds_lsp.errors import AuthenticationError, ChatRefused, ProviderError
from ds_lsp.providers.base import ChatMessage, FimProvider, FimRequest, ModelDirectory, PromptParts
from ds_lsp.providers.catalog import catalog
from ds_lsp.providers.http.connections import ConnectionProbe, probe
from ds_lsp.session import Session
from ds_lsp.settings.sources import user_file
from ds_lsp.text.visible import escape_control_characters

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    state: str
    detail: str
    advice: str = ""
    """Instruction to the user, if the check has found a problem."""
    ms: float | None = None
    """Duration in milliseconds; None if it tells nothing."""


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    return asyncio.run(_run(as_json=arguments.json))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp doctor",
        description="Check settings, key, network, models, balance, one completion, one chat and "
        "the editors' configuration, and say what to do. Sends two small requests, which cost "
        "some hundred tokens, and none of your code.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


async def _run(*, as_json: bool) -> int:
    checks = []
    async for check in _checks():
        checks.append(check)
        if not as_json:
            _print(check)
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    return 1 if any(check.state == FAILED for check in checks) else 0


def _print(check: Check) -> None:
    mark = {OK: "ok", WARNING: "note", FAILED: "FAIL", SKIPPED: "-"}[check.state]
    took = f" ({check.ms:.0f} ms)" if check.ms is not None else ""
    print(escape_control_characters(f"{mark:<5} {check.name:<11} {check.detail}{took}"), flush=True)
    if check.advice:
        print(escape_control_characters(f"{'':<17} -> {check.advice}"), flush=True)


async def _checks() -> AsyncIterator[Check]:
    folder = folder_of(Path.cwd())
    resolved = resolve_for(folder)
    yield settings_check(resolved.problems)
    messages: dict[str, str] = {}
    async with open_session(resolved, folder, collect_messages(messages)) as session:
        yield key_check(session, messages.get("key"))
        yield await _network_check(session)
        async for check in _service_checks(session):
            yield check
    for check in editor_checks(os.environ, Path.home()):
        yield check


def settings_check(problems: Sequence[str]) -> Check:
    if not problems:
        return Check("settings", OK, "no problem; `ds-lsp config` shows them")
    found = without_keys("; ".join(problems))
    if all(problem.startswith("environment: ") for problem in problems):
        advice = "Correct them in the environment your editor starts in."
    else:
        advice = f"Correct each where it says; your own file is {user_file()}."
    return Check("settings", FAILED, found, advice)


def key_check(session: Session, problem: str | None) -> Check:
    provider = session.settings.provider
    if provider == "local":
        return Check("key", SKIPPED, "`provider` is local, which needs none")
    if session.selection.key_source != "none":
        return Check("key", OK, f"from {session.selection.key_source} {HIDDEN}")
    detail = without_keys(
        problem or "no DeepSeek key was found; the workspace's own text completes"
    )
    advice = "Set DEEPSEEK_API_KEY in the environment your editor starts in, or `api_key_command`."
    return Check("key", FAILED if problem else WARNING, detail, advice)


async def _network_check(session: Session) -> Check:
    if session.settings.provider == "local":
        return Check("network", SKIPPED, "`provider` is local, which needs none")
    started = time.perf_counter()
    try:
        reached = await probe(session.settings.base_url)
    except ProviderError as error:
        return Check("network", FAILED, str(error), "Check `base_url`, the network and any proxy.")
    return Check("network", OK, describe_steps(reached), ms=_ms_since(started))


def describe_steps(reached: ConnectionProbe) -> str:
    if reached.proxy is not None:
        return f"through the proxy {reached.proxy}"
    steps = [("name", reached.name_ms), ("connection", reached.connect_ms)]
    steps += [(reached.tls or "TLS", reached.tls_ms)]
    return ", ".join(f"{name} {ms:.0f} ms" for name, ms in steps if ms is not None)


async def _service_checks(session: Session) -> AsyncIterator[Check]:
    # The adapter itself: the checks say what fails, and the service would say it once more.
    provider = session.service.fim if session.service else None
    service: object = provider
    if provider is None or not isinstance(service, ModelDirectory):
        is_local = session.settings.provider == "local"
        why = "`provider` is local: nobody is asked" if is_local else "there is no key to ask with"
        for name in ("models", "balance", "completion", "chat"):
            yield Check(name, SKIPPED, why)
        return
    yield await _models_check(session, service)
    yield await _balance_check(session, service)
    yield await _completion_check(session, provider)
    yield await _chat_check(session)


async def _models_check(session: Session, service: ModelDirectory) -> Check:
    started = time.perf_counter()
    try:
        names = await service.models()
    except ProviderError as error:
        return _failed_check("models", error, session)
    took = _ms_since(started)
    gone = [use for use in uses_of(names, session) if use.used != use.wanted]
    if gone:
        detail = "; ".join(f"there is no {use.wanted}, {use.used} would be used" for use in gone)
        advice = " and ".join(f"`{use.setting}` to {use.used}" for use in gone)
        return Check("models", FAILED, detail, f"Set {advice}.", took)
    return Check("models", OK, f"the configured ones are among {', '.join(names)}", ms=took)


async def _balance_check(session: Session, service: ModelDirectory) -> Check:
    started = time.perf_counter()
    try:
        balance = await service.balance()
    except ProviderError as error:
        return _failed_check("balance", error, session)
    took, left = _ms_since(started), " and ".join(balance.amounts) or "not told"
    if not balance.is_available:
        detail = f"{left}, not enough for a request"
        return Check("balance", FAILED, detail, f"Top up at {catalog().top_up}.", took)
    return Check("balance", OK, left, ms=took)


async def _completion_check(session: Session, provider: FimProvider) -> Check:
    settings = session.settings.completion
    request = FimRequest(
        uri="",
        language_id="python",
        prompt=PromptParts("def add(a, b):\n    return ", "\n"),
        model=settings.model,
        max_tokens=16,
        temperature=settings.temperature,
        timeout_s=settings.timeout_ms / 1000,
    )
    started = time.perf_counter()
    received_ms: list[float] = []

    def on_text(text: str) -> bool:
        received_ms.append(_ms_since(started))
        return True

    try:
        result = await provider.fill(request, on_text)
    except ProviderError as error:
        return _failed_check("completion", error, session)
    session.ledger.add_call(request.model, result.usage, request.language_id)
    took = _ms_since(started)
    first_piece = f", its first piece after {received_ms[0]:.0f} ms" if received_ms else ""
    return Check("completion", OK, f"{settings.model} answered{first_piece}", ms=took)


async def _chat_check(session: Session) -> Check:
    settings = session.settings.chat
    message = ChatMessage("user", "Answer with the one word: yes")
    started = time.perf_counter()
    received_ms: list[float] = []
    try:
        await session.chat.ask(
            "untitled:doctor",
            answer_request((message,), settings),
            lambda piece: received_ms.append(_ms_since(started)),
            lambda waits: None,
        )
    except (ChatRefused, ProviderError) as error:
        return _failed_check("chat", error, session)
    took = _ms_since(started)
    first_piece = f", its first piece after {received_ms[0]:.0f} ms" if received_ms else ""
    return Check("chat", OK, f"{settings.model} answered{first_piece}", ms=took)


def _failed_check(name: str, error: Exception, session: Session) -> Check:
    # The part of the error's message behind the colon says what to do.
    detail, _, advice = str(error).partition(": ")
    if isinstance(error, AuthenticationError):
        advice = f"check the key from {session.selection.key_source}."
    return Check(name, FAILED, detail, advice[:1].upper() + advice[1:] if advice else "Try again.")


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


# Editors.

_STATES = {SetupState.LOADED: OK, SetupState.INCOMPLETE: WARNING, SetupState.BROKEN: FAILED}


def editor_checks(environ: Mapping[str, str], home: Path) -> Iterator[Check]:
    command = shutil.which("ds-lsp", path=environ.get("PATH", ""))
    if command:
        yield Check("command", OK, f"{command} is what editors start")
    else:
        here = Path(sys.executable).parent / "ds-lsp"
        advice = f"Name the whole path in the editor's configuration, such as {here}."
        yield Check("command", WARNING, "`ds-lsp` is not on the PATH", advice)
    readers = {name: reader_of(name) for name in SETUPS}
    found = inspect_all(Machine(environ, home), readers)
    for name, findings in found.items():
        for each in findings:
            yield Check(SETUPS[name].title, _STATES[each.state], each.detail, each.advice)
    for name in find_installed_editors(environ):
        if name not in found:
            detail = "is installed, and its configuration does not name ds-lsp"
            yield Check(SETUPS[name].title, SKIPPED, detail, _install_advice(name))
    if not found:
        names = "|".join(SETUPS)
        detail = "no editor's configuration names ds-lsp"
        yield Check("editors", WARNING, detail, _install_advice(names))


def _install_advice(name: str) -> str:
    return f"`ds-lsp editor {name} --install` sets it up."
