"""Messages of clients that are not strict, as the protocol reads them."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs
import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ds_lsp.lsp.app import create_server
from ds_lsp.lsp.extensions import EXPLAIN_REQUEST, ExplainRequest
from ds_lsp.lsp.mending import to_text
from ds_lsp.lsp.protocol import DsProtocol

REQUESTS = (
    *("initialize", "shutdown", "textDocument/inlineCompletion", "textDocument/completion"),
    *("textDocument/codeAction", "workspace/executeCommand", EXPLAIN_REQUEST),
)
NOTIFICATIONS = (
    *("initialized", "exit", "$/setTrace", "$/cancelRequest", "$/progress"),
    *("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"),
    *("textDocument/didSave", "workspace/didChangeConfiguration"),
    *("workspace/didChangeWorkspaceFolders", "window/workDoneProgress/cancel"),
)
RESPONSES = (
    *("workspace/configuration", "client/registerCapability", "window/showDocument"),
    *("workspace/applyEdit", "window/workDoneProgress/create", "window/showMessageRequest"),
)
Path = tuple[str | int, ...]


@pytest.fixture(scope="module")
def protocol() -> DsProtocol:
    return create_server().protocol


def wire_name(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(map(str.title, others))


def alternatives(kind: Any) -> list[Any]:
    is_union = get_origin(kind) in (Union, UnionType)
    return [each for each in (get_args(kind) if is_union else (kind,)) if each is not NoneType]


def class_of(kind: Any) -> type | None:
    origin = get_origin(kind)
    return origin if isinstance(origin, type) else None


def full(kind: Any, above: tuple[Any, ...] = ()) -> Any:
    """A valid value with all that is optional."""
    (kind, *_) = alternatives(kind) or (NoneType,)
    origin = class_of(kind)
    if origin and issubclass(origin, Mapping):
        return {"k": full(get_args(kind)[1], above)}
    if origin and issubclass(origin, Sequence):
        return [full(get_args(kind)[0], above)]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if attrs.has(kind):
        return {
            wire_name(each.name): full(each.type, (*above, kind))
            for each in attrs.fields(kind)
            if kind not in above or each.default is attrs.NOTHING
        }
    if issubclass(kind, Enum):
        return next(iter(kind)).value
    plain: dict[Any, Any] = {NoneType: None, str: "text", int: 1, float: 1.0, bool: True}
    return plain.get(kind, {"anything": [None]})


def type_of(method: str) -> Any:
    if method == EXPLAIN_REQUEST:
        return ExplainRequest
    return types.METHOD_TO_TYPES[method][method in RESPONSES]


@cache
def message_of(method: str) -> dict[str, Any]:
    message: dict[str, Any] = full(type_of(method))
    return message | ({} if method in RESPONSES else {"method": method}) | {"jsonrpc": "2.0"}


@dataclass(frozen=True, slots=True)
class Spot:
    path: Path
    kind: Any
    is_required: bool


def spots(value: Any, kind: Any, path: Path = ()) -> Iterator[Spot]:
    """Every member of every object, however deep."""
    (kind, *_) = alternatives(kind) or (NoneType,)
    origin = class_of(kind)
    if origin and issubclass(origin, Sequence):
        yield from spots(value[0], get_args(kind)[0], (*path, 0))
    elif attrs.has(kind):
        for each in attrs.fields(kind):
            name = wire_name(each.name)
            if name in value and name not in ("id", "method", "jsonrpc"):
                yield Spot((*path, name), each.type, each.default is attrs.NOTHING)
                yield from spots(value[name], each.type, (*path, name))


def spots_of(method: str) -> list[Spot]:
    return list(spots(message_of(method), type_of(method)))


def planted(method: str, path: Path, value: object) -> dict[str, Any]:
    message = copy.deepcopy(message_of(method))
    *outer, name = path
    at: Any = message
    for each in outer:
        at = at[each]
    at[name] = value
    return message


def without(method: str, path: Path) -> dict[str, Any]:
    message = copy.deepcopy(message_of(method))
    *outer, name = path
    at: Any = message
    for each in outer:
        at = at[each]
    del at[name]
    return message


def read(protocol: DsProtocol, method: str, message: dict[str, Any]) -> Any:
    if method in RESPONSES:
        protocol._result_types[message["id"]] = type_of(method)
    return protocol.structure_message(copy.deepcopy(message))


METHODS = (*REQUESTS, *NOTIFICATIONS, *RESPONSES)


@pytest.mark.parametrize("method", METHODS)
def test_nulls_count_as_left_out(protocol: DsProtocol, method: str) -> None:
    """At every optional place of every message."""
    for spot in spots_of(method):
        if not spot.is_required:
            left_out = read(protocol, method, without(method, spot.path))
            assert read(protocol, method, planted(method, spot.path, None)) == left_out, spot


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_known_counts_as_left_out(protocol: DsProtocol, method: str) -> None:
    """Unknown values of enumerations, and what is no object or no list where one should be."""
    for spot in spots_of(method):
        (kind, *others) = alternatives(spot.kind) or (NoneType,)
        is_object = isinstance(kind, type) and (attrs.has(kind) or issubclass(kind, Enum))
        if spot.is_required or others or not (is_object or get_origin(kind)):
            continue
        left_out = read(protocol, method, without(method, spot.path))
        is_enumeration = isinstance(kind, type) and issubclass(kind, Enum)
        for odd in ("zap", 99, -1) if is_enumeration else (99, -1, True):
            assert read(protocol, method, planted(method, spot.path, odd)) == left_out, (spot, odd)


@pytest.mark.parametrize("method", METHODS)
def test_unknown_elements_are_left_out_of_lists(protocol: DsProtocol, method: str) -> None:
    as_it_was = read(protocol, method, message_of(method))
    for spot in spots_of(method):
        (kind, *_) = alternatives(spot.kind) or (NoneType,)
        origin = class_of(kind)
        if not (origin and issubclass(origin, Sequence)):
            continue
        (element, *others) = alternatives(get_args(kind)[0])
        is_known = isinstance(element, type) and (attrs.has(element) or issubclass(element, Enum))
        if others or not is_known:
            continue
        for odd in (99, None, "zap"):
            message = planted(method, spot.path, [odd, full(element), odd])
            assert read(protocol, method, message) == as_it_was, (spot, odd)


@pytest.mark.parametrize("method", METHODS)
def test_unknown_members_and_floats_do_no_harm(protocol: DsProtocol, method: str) -> None:
    def odd(value: Any) -> Any:
        if isinstance(value, dict):
            # As what holds anything is passed on as it is.
            extra = {} if "anything" in value or "k" in value else {"zap": None, "zip": {"a": [1]}}
            return {key: odd(each) for key, each in value.items()} | extra
        if isinstance(value, list):
            return [odd(each) for each in value]
        return float(value) if type(value) is int else value

    message = message_of(method)
    assert read(protocol, method, odd(message)) == read(protocol, method, message)


R = {"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 9}}
DOCUMENT = {"uri": "file:///w/a.py"}
AT: dict[str, Any] = {"textDocument": DOCUMENT, "position": R["start"]}


def asked(method: str, params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def told(method: str, params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def inline(**more: object) -> dict[str, Any]:
    return asked("textDocument/inlineCompletion", AT | more)


def actions(*diagnostics: object, **more: object) -> dict[str, Any]:
    context = {"diagnostics": list(diagnostics), **more}
    params = {"textDocument": DOCUMENT, "range": R, "context": context}
    return asked("textDocument/codeAction", params)


def diagnostic(**more: object) -> dict[str, Any]:
    return {"range": R, "message": "m", **more}


def opened(**more: object) -> dict[str, Any]:
    item = {"uri": "file:///w/a.py", "text": "x = 1\n", **more}
    return told("textDocument/didOpen", {"textDocument": item})


def changed(*changes: object, **more: object) -> dict[str, Any]:
    document = {"textDocument": DOCUMENT | {"version": 2} | more}
    return told("textDocument/didChange", document | {"contentChanges": list(changes)})


def initialize(**capabilities: object) -> dict[str, Any]:
    return asked("initialize", {"processId": 1, "rootUri": None, "capabilities": capabilities})


def folders(**event: object) -> dict[str, Any]:
    return told("workspace/didChangeWorkspaceFolders", {"event": event})


INVOKED, AUTOMATIC = types.InlineCompletionTriggerKind
FOLDER = types.WorkspaceFolder("file:///w", "w")

# The message, where to look in what was read, and what stands there.
ROWS: dict[str, tuple[dict[str, Any], str, object]] = {
    # Inline completion
    "kind 0": (inline(context={"triggerKind": 0}), "params.context.trigger_kind", INVOKED),
    "kind 3": (inline(context={"triggerKind": 3}), "params.context.trigger_kind", INVOKED),
    "kind -1": (inline(context={"triggerKind": -1}), "params.context.trigger_kind", INVOKED),
    "kind null": (inline(context={"triggerKind": None}), "params.context.trigger_kind", INVOKED),
    "kind 2.0": (inline(context={"triggerKind": 2.0}), "params.context.trigger_kind", AUTOMATIC),
    "kind '2'": (inline(context={"triggerKind": "2"}), "params.context.trigger_kind", AUTOMATIC),
    "kind 'x'": (inline(context={"triggerKind": "x"}), "params.context.trigger_kind", INVOKED),
    "no context": (inline(), "params.context.trigger_kind", INVOKED),
    "context null": (inline(context=None), "params.context.trigger_kind", INVOKED),
    "context {}": (inline(context={}), "params.context.trigger_kind", INVOKED),
    "context []": (inline(context=[]), "params.context.trigger_kind", INVOKED),
    "selected without a range": (
        inline(context={"triggerKind": 2, "selectedCompletionInfo": {"range": None, "text": "a"}}),
        "params.context.selected_completion_info", None,
    ),
    "position 1.0": (
        inline(position={"line": 1.0, "character": 2.0}), "params.position", types.Position(1, 2),
    ),
    "position '1'": (
        inline(position={"line": "1", "character": "2"}), "params.position", types.Position(1, 2),
    ),
    "end of line as uint": (
        inline(position={"line": 1, "character": 4294967295}),
        "params.position", types.Position(1, 2**31 - 1),
    ),
    "end of line as the largest double": (
        inline(position={"line": 1, "character": 9007199254740991}),
        "params.position", types.Position(1, 2**31 - 1),
    ),
    "token null": (inline(context={"triggerKind": 1}, workDoneToken=None), "params.work_done_token",
                   None),
    # Completion
    "menu without a context": (asked("textDocument/completion", AT), "params.context", None),
    "menu, kind 9": (
        asked("textDocument/completion", AT | {"context": {"triggerKind": 9}}),
        "params.context", None,
    ),
    "menu, character null": (
        asked("textDocument/completion",
              AT | {"context": {"triggerKind": 1, "triggerCharacter": None}}),
        "params.context.trigger_character", None,
    ),
    # Code actions
    "tag -1": (actions(diagnostic(tags=[-1])), "params.context.diagnostics.0.tags", ()),
    "tag 3 beside 1": (
        actions(diagnostic(tags=[1, 3])),
        "params.context.diagnostics.0.tags", (types.DiagnosticTag.Unnecessary,),
    ),
    "tags null": (actions(diagnostic(tags=None)), "params.context.diagnostics.0.tags", None),
    "tags no list": (actions(diagnostic(tags=1)), "params.context.diagnostics.0.tags", None),
    "tag null": (actions(diagnostic(tags=[None])), "params.context.diagnostics.0.tags", ()),
    "severity 0": (actions(diagnostic(severity=0)), "params.context.diagnostics.0.severity", None),
    "severity 5": (actions(diagnostic(severity=5)), "params.context.diagnostics.0.severity", None),
    "severity 'error'": (
        actions(diagnostic(severity="error")), "params.context.diagnostics.0.severity", None,
    ),
    "severity '2'": (
        actions(diagnostic(severity="2")),
        "params.context.diagnostics.0.severity", types.DiagnosticSeverity.Warning,
    ),
    "severity 2.0": (
        actions(diagnostic(severity=2.0)),
        "params.context.diagnostics.0.severity", types.DiagnosticSeverity.Warning,
    ),
    "marked up": (
        actions(diagnostic(message={"kind": "markdown", "value": "`甲` 😀"})),
        "params.context.diagnostics.0.message", "`甲` 😀",
    ),
    "a marked string": (
        actions(diagnostic(message={"language": "c", "value": "int"})),
        "params.context.diagnostics.0.message", "int",
    ),
    "a number for a text": (
        actions(diagnostic(message=404)), "params.context.diagnostics.0.message", "404",
    ),
    "no message": (actions({"range": R}), "params.context.diagnostics", ()),
    "message null": (actions(diagnostic(message=None)), "params.context.diagnostics", ()),
    "range null": (
        actions(diagnostic(range=None), diagnostic()),
        "params.context.diagnostics.0.range.start.line", 1,
    ),
    "end null": (
        actions(diagnostic(range={"start": R["start"], "end": {"line": None, "character": None}})),
        "params.context.diagnostics", (),
    ),
    "code null": (actions(diagnostic(code=None)), "params.context.diagnostics.0.code", None),
    "code 1.0": (actions(diagnostic(code=7.0, tags=[9])), "params.context.diagnostics.0.code", 7),
    "description without an address": (
        actions(diagnostic(codeDescription={"href": None})),
        "params.context.diagnostics.0.code_description", None,
    ),
    "source null": (actions(diagnostic(source=None)), "params.context.diagnostics.0.source", None),
    "related without a place": (
        actions(diagnostic(relatedInformation=[{"location": None, "message": "a"}])),
        "params.context.diagnostics.0.related_information", (),
    ),
    "data of its own": (
        actions(diagnostic(data={"a": [None]}, severity=9)),
        "params.context.diagnostics.0.data", {"a": [None]},
    ),
    "a diagnostic null": (actions(None), "params.context.diagnostics", ()),
    "no diagnostics": (
        asked("textDocument/codeAction", {"textDocument": DOCUMENT, "range": R, "context": {}}),
        "params.context.diagnostics", (),
    ),
    "actions without a context": (
        asked("textDocument/codeAction", {"textDocument": DOCUMENT, "range": R}),
        "params.context.diagnostics", (),
    ),
    "actions, kind 0": (actions(triggerKind=0), "params.context.trigger_kind", None),
    "only null": (actions(only=None), "params.context.only", None),
    "an only of one's own": (actions(only=["source.zap"]), "params.context.only", ("source.zap",)),
    # Documents
    "no version": (opened(languageId="python"), "params.text_document.version", 0),
    "version null": (
        opened(languageId="python", version=None), "params.text_document.version", 0,
    ),
    "version 3.0": (opened(languageId="python", version=3.0), "params.text_document.version", 3),
    "version '3'": (opened(languageId="python", version="3"), "params.text_document.version", 3),
    "no language": (opened(version=1), "params.text_document.language_id", ""),
    "neither": (opened(), "params.text_document.language_id", ""),
    "more than there is": (
        opened(languageId="python", version=1, encoding=None, x={}),
        "params.text_document.text", "x = 1\n",
    ),
    "a change without a version": (
        told("textDocument/didChange",
             {"textDocument": DOCUMENT, "contentChanges": [{"text": "a"}]}),
        "params.text_document.version", 0,
    ),
    "a change's version null": (
        changed({"text": "a"}, version=None), "params.text_document.version", 0,
    ),
    "a change's range null": (
        changed({"range": None, "rangeLength": None, "text": "a"}),
        "params.content_changes", (types.TextDocumentContentChangeWholeDocument("a"),),
    ),
    "a change's length null": (
        changed({"range": R, "rangeLength": None, "text": "a"}),
        "params.content_changes.0.range_length", None,
    ),
    "a change's length -1": (
        changed({"range": R, "rangeLength": -1, "text": "a"}),
        "params.content_changes.0.text", "a",
    ),
    "saved text null": (
        told("textDocument/didSave", {"textDocument": DOCUMENT, "text": None}), "params.text", None,
    ),
    # Initialize
    "no capabilities": (asked("initialize", {"processId": 1}), "params.capabilities.window", None),
    "capabilities null": (
        asked("initialize", {"processId": 1, "capabilities": None}),
        "params.capabilities.window", None,
    ),
    "capabilities []": (
        asked("initialize", {"capabilities": [], "trace": "loud"}), "params.trace", None,
    ),
    "process 1.0": (
        asked("initialize", {"processId": 1.0, "capabilities": {}}), "params.process_id", 1,
    ),
    "client without a name": (
        asked("initialize", {"capabilities": {}, "clientInfo": {"name": None, "version": "1"}}),
        "params.client_info.version", "1",
    ),
    "a folder without a name": (
        asked("initialize", {"capabilities": {}, "workspaceFolders": [{"uri": "file:///w"}]}),
        "params.workspace_folders.0.uri", "file:///w",
    ),
    "a folder null": (
        asked("initialize", {"capabilities": {}, "workspaceFolders": [None]}),
        "params.workspace_folders", (),
    ),
    "an unknown format": (
        initialize(textDocument={"completion": {"completionItem": {"documentationFormat": [
            "html", "markdown"]}}}),
        "params.capabilities.text_document.completion.completion_item.documentation_format",
        (types.MarkupKind.Markdown,),
    ),
    "an unknown operation": (
        initialize(workspace={"workspaceEdit": {"resourceOperations": ["zap", "create"],
                                                "failureHandling": "zap"}}),
        "params.capabilities.workspace.workspace_edit.failure_handling", None,
    ),
    "an unknown encoding": (
        initialize(general={"positionEncodings": ["utf-7", "utf-8"]}),
        "params.capabilities.general.position_encodings.1", "utf-8",
    ),
    "an unknown tag in capabilities": (
        initialize(textDocument={"publishDiagnostics": {"tagSupport": {"valueSet": [1, 2, 3]}}}),
        "params.capabilities.text_document.publish_diagnostics.tag_support.value_set",
        (types.DiagnosticTag.Unnecessary, types.DiagnosticTag.Deprecated),
    ),
    "an unknown kind of symbol": (
        initialize(workspace={"symbol": {"symbolKind": {"valueSet": [99, 1]}}}),
        "params.capabilities.workspace.symbol.symbol_kind.value_set", (types.SymbolKind.File,),
    ),
    # Workspace and the rest
    "initialized without params": (
        {"jsonrpc": "2.0", "method": "initialized"}, "params", types.InitializedParams(),
    ),
    "initialized with null": (told("initialized", None), "params", types.InitializedParams()),
    "trace loud": (told("$/setTrace", {"value": "loud"}), "params.value", types.TraceValue.Off),
    "removed null": (
        folders(added=[{"uri": "file:///w", "name": "w"}], removed=None),
        "params.event.added", (FOLDER,),
    ),
    "no removed": (
        folders(added=[{"uri": "file:///w", "name": "w"}]), "params.event.added", (FOLDER,),
    ),
    "no event": (told("workspace/didChangeWorkspaceFolders", {}), "params.event.added", ()),
    "settings left out": (told("workspace/didChangeConfiguration", {}), "params.settings", None),
    "arguments null": (
        asked("workspace/executeCommand", {"command": "a", "arguments": None}),
        "params.arguments", None,
    ),
    "arguments as they are": (
        asked("workspace/executeCommand", {"command": "a", "arguments": [None, {"a": None}],
                                           "workDoneToken": []}),
        "params.arguments", (None, {"a": None}),
    ),
    "shutdown with params": (asked("shutdown", {}), "method", "shutdown"),
}  # fmt: skip


def look(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else getattr(value, part)
    return value


@pytest.mark.parametrize(("message", "path", "wanted"), ROWS.values(), ids=ROWS.keys())
def test_odd_messages_are_read(
    protocol: DsProtocol, message: dict[str, Any], path: str, wanted: object
) -> None:
    found = look(protocol.structure_message(copy.deepcopy(message)), path)
    assert (tuple(found) if isinstance(found, list) else found) == wanted


UNREADABLE: dict[str, dict[str, Any]] = {
    "no position": asked("textDocument/inlineCompletion", {"textDocument": DOCUMENT}),
    "position null": inline(position=None),
    "position negative": inline(position={"line": -1, "character": 0}),
    "position no number": inline(position={"line": "one", "character": 0}),
    "position not a number": inline(position={"line": float("nan"), "character": 0}),
    "no document": asked("textDocument/inlineCompletion", {"position": R["start"]}),
    "address null": inline(textDocument={"uri": None}),
    "no params": {"jsonrpc": "2.0", "id": 1, "method": "textDocument/codeAction"},
    "params a list": asked("textDocument/codeAction", [1]),
    "no range": asked("textDocument/codeAction", {"textDocument": DOCUMENT}),
    "command null": asked("workspace/executeCommand", {"command": None}),
    "text null": opened(languageId="python", version=1, text=None),
    "change without text": changed({"range": R}),
    "one change of two without text": changed({"text": "a"}, {"range": R, "text": None}),
    "change in a range that is none": changed({"range": {"start": R["start"]}, "text": "a"}),
    "change in a range of words": changed({"range": "all", "text": "a"}),
    "changes null": told("textDocument/didChange", {"textDocument": DOCUMENT | {"version": 1},
                                                    "contentChanges": None}),
}  # fmt: skip


@pytest.mark.parametrize("message", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_mended_is_refused(
    message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = create_server().protocol
    answers: list[Any] = []
    monkeypatch.setattr(protocol, "send", answers.append)
    with pytest.raises(JsonRpcException):
        protocol.structure_message(copy.deepcopy(message))
    assert len([each for each in answers if "error" in each]) == ("id" in message)


@pytest.mark.parametrize(
    ("value", "text"),
    [("甲", "甲"), ({"kind": "plaintext", "value": ""}, ""), (1, "1"), (1.5, "1.5")],
)
def test_values_that_stand_for_a_text_become_one(value: object, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize("value", [None, [], {}, {"value": None}, ["a"]])
def test_other_values_do_not_become_texts(value: object) -> None:
    with pytest.raises(TypeError):
        to_text(value)
