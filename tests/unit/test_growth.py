"""What grows with use is bounded, or goes away again."""

import asyncio
from pathlib import Path

import pytest

from ds_lsp.completion.engine import Providers
from ds_lsp.completion.in_flight import MAX_CALLS
from ds_lsp.local.index import Limits
from tests.harness import InProcess, completion, did_close, did_open
from tests.unit.clean import clean
from tests.unit.fakes import FakeProvider, service_of, turns

NAMES = ("中文.py", "🙂.ts", "a.rs", "b.go")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean(monkeypatch, tmp_path)


def kept(at: InProcess) -> dict[str, int]:
    """How much there is of everything that is kept by uri, id, language or task."""
    server, session = at.server, at.server.session
    engine, background = session.engine, session.background
    return {
        "documents": len(server.documents),
        "chars": server.documents.chars,
        "tasks": len(background._tasks),
        "timers": len(background._learning),
        "late": len(server._late),
        "scans": len(background._scans),
        "requests": len(server.protocol._request_futures),
        "asked of the client": len(server.protocol._result_types),
        "lanes": len(engine._superseding._entries),
        "calls": len(engine.in_flight),
        "cached": len(engine.cache),
        "shown": len(engine.shown._last) + len(engine.shown._standing),
        "excerpts": len(session.excerpts._blocks) + len(session.excerpts._visits),
    }


async def kept_at_rest(at: InProcess) -> dict[str, int]:
    """Return what is kept once nothing goes on in the background, as looking for excerpts does."""
    while kept(at)["tasks"]:
        await turns()
    return kept(at)


def did_change(uri: str, text: str) -> dict[str, object]:
    params = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]}
    return {"method": "textDocument/didChange", "params": params}


async def test_nothing_is_kept_of_documents_that_were_closed() -> None:
    at = InProcess()
    await at.start()
    for number in range(500):
        uri = f"file:///folder{number}/{NAMES[number % len(NAMES)]}{number}"
        await at.send(
            did_open(uri, "x = 1\n" * 10, f"language {number}"),
            did_change(uri, "y = 1\n" * 20),
            completion(number, uri),
            did_close(uri),
        )
    assert set((await kept_at_rest(at)).values()) == {0}
    assert len(at.answers()) == 501
    assert len(at.server.session.index._families) <= Limits().max_families
    await at.aclose()


async def test_of_open_documents_as_much_is_kept_as_there_is() -> None:
    at = InProcess()
    await at.start()
    for number in range(2000):
        await at.send(did_open(f"file:///{number}.py", "x = 1\n"))
    nothing = dict.fromkeys(kept(at), 0)
    assert await kept_at_rest(at) == nothing | {"documents": 2000, "chars": 12_000}
    for number in range(2000):
        await at.send(did_close(f"file:///{number}.py"))
    assert set((await kept_at_rest(at)).values()) == {0}
    await at.aclose()


async def test_when_rules_change_as_many_documents_are_learnt_as_the_index_keeps() -> None:
    at = InProcess()
    await at.start()
    for number in range(100):
        await at.send(did_open(f"file:///{number}.py", "x = 1\n"))
    learnt: list[str] = []
    at.server.session.index.put = lambda uri, *_: learnt.append(uri)  # type: ignore[method-assign]
    change = {"method": "workspace/didChangeConfiguration"}
    await at.send({**change, "params": {"settings": {"ds-lsp": {"privacy": {"ignore": ["z"]}}}}})
    assert learnt == [f"file:///{number}.py" for number in range(88, 100)]
    await at.aclose()


async def test_requests_without_number_are_all_answered_and_few_are_paid() -> None:
    at = InProcess()
    await at.start()
    # Settled before: a provider that is chosen meanwhile hangs up on the calls of this one.
    await at.server.session.configure(at.server.session.workspace.resolved, [])
    provider = FakeProvider()
    uris = [f"file:///{number}.py" for number in range(300)]
    for uri in uris:
        await at.send(did_open(uri, "x = "))
    at.server.session.engine.use(Providers(service_of(provider)))
    flood = asyncio.create_task(
        at.send(*(completion(number, uri) for number, uri in enumerate(uris)))
    )
    while len(at.answers()) < 1 + len(uris) - MAX_CALLS:
        await turns()
    assert len(provider.calls) == MAX_CALLS
    for call in provider.calls:
        call.say("1")
    await flood
    assert at.answers().total() == 1 + len(uris)
    assert set(at.answers().values()) == {1}
    kept_now = await kept_at_rest(at)
    assert {kept_now[name] for name in ("requests", "lanes", "calls", "tasks")} == {0}
    await at.aclose()


async def test_a_client_that_never_answers_costs_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ds_lsp.lsp.configure._PULL_TIMEOUT_S", 0)
    at = InProcess(answers_server=False)
    capabilities = {"workspace": {"configuration": True}}
    params = {"processId": None, "rootUri": None, "capabilities": capabilities}
    await at.send({"id": 1, "method": "initialize", "params": params})
    await at.send({"method": "initialized", "params": {}})
    change = {"method": "workspace/didChangeConfiguration", "params": {"settings": {}}}
    await at.send(*[change] * 100)
    assert set((await kept_at_rest(at)).values()) == {0}
    await at.aclose()


async def test_more_text_than_can_be_held_is_not_held() -> None:
    at = InProcess()
    await at.start()
    at.server.documents._max_chars = 100
    await at.send(did_open("file:///a.py", "a" * 60), did_open("file:///%E4%B8%AD.py", "b" * 60))
    assert kept(at)["chars"] == 60
    (shown,) = at.messages
    assert shown.startswith("ds-lsp: 中.py is not completed: all open files together")
    await at.send(did_close("file:///a.py"), did_open("file:///%E4%B8%AD.py", "b" * 60))
    await at.send(did_change("file:///%E4%B8%AD.py", "c" * 101))
    assert (kept(at)["documents"], kept(at)["chars"]) == (0, 0)
    await at.send(completion(1, "file:///%E4%B8%AD.py"))
    assert (await at.answer(1))["result"] == {"items": []}
    assert at.server.session.engine.last.report()["reason"] == "not_open"
    assert len(at.messages) == 1
    await at.aclose()


@pytest.mark.parametrize("method", ["textDocument/didOpen", "textDocument/didChange"])
async def test_a_document_in_a_message_too_large_is_not_open(method: str) -> None:
    at = InProcess(max_body_bytes=1000)
    await at.start()
    uri = "file:///%E4%B8%AD.py"
    await at.send(did_open(uri, "x = 1\n"))
    large = did_open(uri, "y" * 2000) if method.endswith("Open") else did_change(uri, "y" * 2000)
    await at.send(large, completion(1, uri))
    assert (await at.answer(1))["result"] == {"items": []}
    assert at.server.session.engine.last.report()["reason"] == "not_open"
    assert at.messages == ["ds-lsp: 中.py is larger than 64 MiB, and is not completed."]
    assert set((await kept_at_rest(at)).values()) == {0}
    await at.send(did_open(uri, "x = 1\n"))
    assert kept(at)["documents"] == 1
    await at.aclose()


async def test_a_request_too_large_is_answered() -> None:
    at = InProcess(max_body_bytes=1000)
    await at.start()
    await at.send({"id": "中", "method": "workspace/executeCommand", "params": {"a": "x" * 2000}})
    assert "too large" in (await at.answer("中"))["error"]["message"]
    await at.aclose()
