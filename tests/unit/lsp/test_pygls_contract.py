"""The parts of pygls that ds-lsp relies on, though pygls may rename them at any time."""

import ast
import inspect
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from ds_lsp.lsp.app import create_server
from ds_lsp.lsp.protocol import DsProtocol
from ds_lsp.lsp.pygls_adapter import PRIVATE_NAMES, PyglsAdapter

ROOT = Path(__file__).parents[3]
ADAPTER = ROOT / "ds_lsp" / "lsp" / "pygls_adapter.py"
OURS = {"_forget_request"}
"""Private names of the adapter itself."""
OVERRIDDEN = {
    "_execute_handler": PyglsAdapter,
    "_send_data": PyglsAdapter,
    "send_request": PyglsAdapter,
    "get_message_type": DsProtocol,
    "structure_message": DsProtocol,
    "lsp_shutdown": DsProtocol,
    "lsp_exit": DsProtocol,
    "lsp_text_document__did_open": DsProtocol,
    "lsp_text_document__did_change": DsProtocol,
    "lsp_text_document__did_close": DsProtocol,
}
"""The methods of pygls that would go on without ours if they had another name, and our class."""


@pytest.fixture
def protocol() -> LanguageServerProtocol:
    """The protocol of a server that has nothing of ours."""
    return LanguageServer("plain", "1").protocol


def private_attributes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            yield node.attr


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_pygls_has_each_private_name(name: str, protocol: LanguageServerProtocol) -> None:
    assert hasattr(protocol, name)


def test_the_private_names_mean_what_we_take_them_for(protocol: LanguageServerProtocol) -> None:
    assert protocol._request_futures == protocol._result_types == {}
    assert protocol._workspace is None
    assert protocol._shutdown is False
    for method in ("structure", "unstructure", "register_structure_hook"):
        assert callable(getattr(protocol._converter, method))


def test_the_table_has_every_private_name_that_the_adapter_uses() -> None:
    used = {name for name in private_attributes(ADAPTER) if is_private(name)}
    overridden = {name for name in vars(PyglsAdapter) if is_private(name)}
    assert (used | overridden) - OURS == set(PRIVATE_NAMES)


def test_no_other_module_uses_private_names_of_pygls(protocol: LanguageServerProtocol) -> None:
    # Objects of our own may have an attribute of such a name, but the protocol's are not theirs.
    names = {name for name in dir(protocol) if is_private(name)}
    names |= {name for name in dir(protocol.fm) if is_private(name)}
    for path in sorted((ROOT / "ds_lsp" / "lsp").rglob("*.py")):
        text = path.read_text("utf-8")
        if path != ADAPTER and ("pygls" in text or ".protocol" in text):
            assert not names & set(private_attributes(path)), path


@pytest.mark.parametrize(("name", "owner"), OVERRIDDEN.items(), ids=list(OVERRIDDEN))
def test_each_override_replaces_a_method_of_pygls(name: str, owner: type) -> None:
    theirs, ours = getattr(LanguageServerProtocol, name), vars(owner)[name]
    assert ours is not theirs
    assert getattr(ours, "method_name", None) == getattr(theirs, "method_name", None)


def test_pygls_calls_the_overrides_as_they_expect() -> None:
    def parameters(name: str) -> list[str]:
        return list(inspect.signature(getattr(LanguageServerProtocol, name)).parameters)

    assert parameters("_send_data") == ["self", "data"]
    assert parameters("_execute_handler")[:2] == ["self", "msg_id"]
    assert parameters("_handle_response") == ["self", "msg_id", "result", "error"]
    assert parameters("send_request") == ["self", "method", "params", "callback", "msg_id"]
    assert parameters("structure_message") == ["self", "data"]


async def test_pygls_calls_our_handlers_of_documents() -> None:
    server = create_server()
    builtin = server.protocol.fm.builtin_features
    for method in (
        *(types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE),
        *(types.TEXT_DOCUMENT_DID_CLOSE, types.SHUTDOWN, types.EXIT),
    ):
        assert builtin[method].__func__ in vars(DsProtocol).values()
    await server.aclose()


def test_the_versions_allowed_are_those_that_were_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (bound,) = [each for each in project["dependencies"] if each.startswith("pygls")]
    assert bound == "pygls>=2.1.1,<2.2"
    assert version("pygls").startswith("2.1.")
