"""What the first key would wait for is done before it is pressed."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cattrs.converters
import cattrs.gen
import pytest

from tests.harness import INITIALIZE, InProcess, completion, did_close, did_open
from tests.unit.clean import clean
from tests.unit.fakes import turns

URI = "file:///nowhere/值 😀.py"
AT = {"line": 0, "character": 0}
TYPED = {
    "method": "textDocument/didChange",
    "params": {
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"range": {"start": AT, "end": AT}, "text": "值"}],
    },
}


@pytest.mark.parametrize("is_menu", [False, True], ids=["inline", "menu"])
async def test_typing_finds_all_its_converters_made(
    is_menu: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clean(monkeypatch, tmp_path)
    at = InProcess(shares_converters=False)
    text_document: dict[str, object] = {} if is_menu else {"inlineCompletion": {}}
    params = {"processId": None, "rootUri": None, "capabilities": {"textDocument": text_document}}
    await at.send({**INITIALIZE, "params": params}, {"method": "initialized", "params": {}})
    await turns()
    await at.send(did_open(URI, "x = 1\n"))
    made: list[str] = []

    def noted(make: Callable[..., Any]) -> Callable[..., Any]:
        def note_and_make(kind: object, *rest: Any, **more: Any) -> Any:
            made.append(str(kind))
            return make(kind, *rest, **more)

        return note_and_make

    for module in (cattrs.gen, cattrs.converters):
        for name in ("make_dict_structure_fn", "make_dict_unstructure_fn"):
            monkeypatch.setattr(module, name, noted(getattr(module, name)))
    asked = completion(1, URI)
    if is_menu:
        asked |= {"method": "textDocument/completion"}
    await at.send(TYPED, asked)
    assert "result" in await at.answer(1)
    # cattrs makes the outermost ones of an answer more than once, at 0.3 ms.
    assert [each for each in made if not each.endswith(("Message'>", "List'>"))] == []
    await at.aclose()


async def test_document_is_prepared_once_the_patterns_of_secrets_are_compiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clean(monkeypatch, tmp_path)
    at = InProcess()
    session = at.server.session.background
    compiled = asyncio.Event()
    prepared: list[str] = []

    async def load_secrets() -> None:
        await compiled.wait()
        session.can_mask = True

    session.can_mask = False
    monkeypatch.setattr(session, "load_secrets", load_secrets)
    monkeypatch.setattr(session, "prewarm", lambda snapshot: prepared.append(snapshot.uri))
    await at.start()
    await at.send(did_open(URI, "x = 1\n"), did_open("file:///nowhere/closed.py", "y = 2\n"))
    await at.send(did_close("file:///nowhere/closed.py"))
    await turns()
    assert prepared == []
    compiled.set()
    await turns()
    assert prepared == [URI]
    await at.aclose()


async def test_loading_compiles_the_patterns() -> None:
    at = InProcess()
    session = at.server.session
    session.background.can_mask = False
    await session.background.load_secrets()
    assert session.background.can_mask
    assert "ds_lsp.workspace.privacy.secrets" in sys.modules
    await at.aclose()
