"""pygls's protocol with documents of our own, and a few rules that pygls lacks."""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

from lsprotocol import types
from lsprotocol.types import ResponseError, ResponseErrorMessage
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import JsonRPCResponseMessage

from ds_lsp.lsp.extensions import EXPLAIN_REQUEST, ExplainParams, ExplainRequest
from ds_lsp.lsp.mending import mend, to_text
from ds_lsp.lsp.transport.frames import (
    EDGE_BYTES,
    MAX_BODY_BYTES,
    Frame,
    Message,
    MessageSummary,
    TooLarge,
    glimpse,
    is_usable_id,
)
from ds_lsp.processes import is_watchable
from ds_lsp.workspace.documents import Documents, TextChange

log = logging.getLogger(__name__)

TOO_LARGE = f"is larger than {MAX_BODY_BYTES >> 20} MiB, and is not completed"
UNREADABLE = "came in a message that cannot be read, and is not completed until opened again"

_EDITS = (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE)


class DsProtocol(LanguageServerProtocol):
    """pygls's protocol, with our documents, and an answer to every request.

    Three things differ from pygls:
    1. It keeps a text of its own for each document, and handles the whole file at each keystroke.
    2. It leaves requests unanswered that come after ``shutdown`` or that it cannot read.
    3. It keeps an object of every message.
    """

    documents: Documents

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.is_shut_down = False
        self.is_initialize_answered = False
        """True if ``initialize`` was answered early: the answer of pygls is then not sent."""
        self.exit_requested = asyncio.Event()
        for method in _NOT_OURS:
            del self.fm.builtin_features[method]
        # cattrs would convert any value to a string.
        self._converter.register_structure_hook(str, to_text)

    # pygls caches this method; a look-up in a dictionary needs no cache.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        return ExplainRequest if method == EXPLAIN_REQUEST else super().get_message_type(method)

    def to_explain_params(self, argument: object) -> ExplainParams:
        """Convert the argument of a command, as it came. Raises whatever the converter raises."""
        try:
            return self._converter.structure(argument, ExplainParams)
        except Exception:
            return self._converter.structure(mend(argument, ExplainParams), ExplainParams)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(
        self, params: types.DidOpenTextDocumentParams
    ) -> Generator[Any, Any, None]:
        opened = params.text_document
        # lsprotocol does not check the type: clients may send null and numbers.
        language_id = opened.language_id if isinstance(opened.language_id, str) else ""
        self.documents.open(opened.uri, language_id, opened.version, opened.text)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        changed = params.text_document
        changes = [_to_change(each) for each in params.content_changes]
        self.documents.change(changed.uri, changed.version, changes)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(
        self, params: types.DidCloseTextDocumentParams
    ) -> Generator[Any, Any, None]:
        self.documents.close(params.text_document.uri)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: object) -> Generator[Any, Any, None]:
        self.is_shut_down = True
        shutdown_id = self.msg_id
        yield self.fm.features[types.SHUTDOWN], args, None
        for identifier, future in list(self._request_futures.items()):
            if identifier != shutdown_id:
                future.cancel()
        self._shutdown = True

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: object) -> Generator[Any, Any, None]:
        # pygls would exit here, with a status that it then swallows.
        self.exit_requested.set()
        yield from ()

    def take(self, frame: Frame) -> None:
        """Handle one frame of the client's stream. Never raises."""
        try:
            match frame:
                case Message(data):
                    self._take_body(data)
                case TooLarge(size, first, last):
                    log.warning("a message of %d bytes was read past", size)
                    error = JsonRpcInvalidRequest("The message is too large.")
                    self._reject_unparsed(glimpse(first, last), error, TOO_LARGE)
                case garbage:
                    log.warning("the client does not send what it should: %s", garbage.what)
        except JsonRpcException as exc:
            log.error("a message could not be handled: %s", type(exc).__name__)
        except Exception as exc:
            log.error("a message could not be handled: %s", type(exc).__name__, exc_info=exc)

    def _take_body(self, body: bytes) -> None:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as exc:
            log.warning("a message of %d bytes is not JSON: %s", len(body), type(exc).__name__)
            error = JsonRpcParseError("The message is not JSON.")
            self._reject_unparsed(glimpse(body[:EDGE_BYTES], body[-EDGE_BYTES:]), error, UNREADABLE)
            return
        if isinstance(data, dict):
            self._take_object(data)
            return
        log.warning("a message is no object")
        for each in data if isinstance(data, list) else ():
            if isinstance(each, dict) and "method" in each and is_usable_id(each.get("id")):
                self._refuse(each["id"], JsonRpcInvalidRequest("There are no batches in LSP."))

    def _take_object(self, data: dict[str, Any]) -> None:
        # Ignore the version that the client sent or left out: we speak only this one.
        data["jsonrpc"] = self.VERSION
        if "method" not in data:
            self._take_response(data)
            return
        # With either of these members, pygls would take it for the answer to a request of ours.
        data.pop("error", None)
        data.pop("result", None)
        _mend_id(data)
        _mend_process_id(data)
        method, is_request = data["method"], "id" in data
        if is_request and not is_usable_id(data["id"]):
            self._refuse(None, JsonRpcInvalidRequest("An id is a whole number or a text."))
            return
        if method == types.CANCEL_REQUEST and not is_request and not _names_request(data):
            log.debug("a cancellation of nothing")
            return
        refusal = self._refusal(method, is_request)
        if refusal is None and method == types.SHUTDOWN and not is_request:
            # Kate sends `shutdown` without an id, and waits for no answer. The rest is done at
            # `exit`.
            self.is_shut_down = True
        elif refusal is None:
            self.handle_message(self.structure_message(data))
        elif is_request:
            self._refuse(data["id"], refusal)

    def prewarm_converters(self, request: type[object], nothing: object) -> None:
        """Make the converters that typing needs: the first key would wait some 8 ms for them.

        *request* is the request for completion that this client sends, *nothing* an empty result.
        """
        document = {"uri": "", "version": 0}
        position = {"line": 0, "character": 0}
        params = {"textDocument": document, "position": position, "context": {"triggerKind": 1}}
        self._converter.structure({"id": 0, "params": params}, request)
        changed = {"textDocument": document, "contentChanges": []}
        self._converter.structure({"params": changed}, types.DidChangeTextDocumentNotification)
        self._converter.unstructure(JsonRPCResponseMessage(0, self.VERSION, nothing))

    def _take_response(self, data: dict[str, Any]) -> None:
        identifier = data.get("id")
        # In JSON-RPC 1.0, a response has both members, and one of them is null.
        if data.get("error") is None:
            data.pop("error", None)
            data.setdefault("result", None)
        elif not isinstance(data["error"], dict):
            data["error"] = {}
        if is_usable_id(identifier) and identifier in self._result_types:
            self.handle_message(self.structure_message(data))
        else:
            log.debug("an answer to nothing we asked")

    def _send_data(self, data: Any) -> None:
        if self.is_initialize_answered:
            # The first message is the answer to `initialize`: the client has it already.
            self.is_initialize_answered = False
        else:
            super()._send_data(data)

    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            message = self._read(data)
            if "method" in data and "id" in data and not hasattr(message, "id"):
                raise JsonRpcInvalidRequest("This is sent without an id.")
        except JsonRpcException as exc:
            if "method" not in data:
                # It ends the request all the same: no other response will come.
                self._handle_response(data["id"], None, ResponseError(exc.code, exc.message))
            elif "id" in data:
                self._refuse(data["id"], exc)
            elif data["method"] in _EDITS:
                # Without this message, our text is not the editor's any more.
                uri = _uri_of(data)
                if uri and (self.documents.get(uri) or data["method"] == _EDITS[0]):
                    self.documents.give_up(uri, UNREADABLE)
            raise
        return message

    def _read(self, data: dict[str, Any]) -> Any:
        """Convert a message to its type; mend one that does not fit, and convert it once more."""
        expected = self._type_of(data)
        if expected is None:
            return super().structure_message(data)
        try:
            message = self._converter.structure(data, expected)
        except Exception as exc:
            log.debug("a message is mended: %s", type(exc).__name__)
            return super().structure_message(mend(data, expected))
        if "method" not in data:
            self._result_types.pop(data["id"], None)
        return message

    def _type_of(self, data: dict[str, Any]) -> type[Any] | None:
        if "method" in data:
            return self.get_message_type(data["method"])
        return ResponseErrorMessage if "error" in data else self._result_types.get(data["id"])

    def send_request(
        self,
        method: str,
        params: Any = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: str | int | None = None,
    ) -> Future[Any]:
        identifier = msg_id or str(uuid.uuid4())
        future: Future[Any] = super().send_request(method, params, callback, identifier)
        # Forget the request however it ends: pygls would keep it if it is never answered.
        future.add_done_callback(lambda _: self._forget_request(identifier))
        return future

    def _forget_request(self, identifier: str | int) -> None:
        self._request_futures.pop(identifier, None)
        self._result_types.pop(identifier, None)

    def _execute_handler(self, msg_id: Any, *args: Any, **named: Any) -> None:
        super()._execute_handler(msg_id, *args, **named)
        # pygls keeps the future of every notification.
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            del self._request_futures[msg_id]
        elif future is not None:
            future.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))

    def _reject_unparsed(self, seen: MessageSummary, error: JsonRpcException, why: str) -> None:
        """Answer an unparsed request with *error*, or give up the document of an edit."""
        if seen.method is None:
            return
        if seen.id is not None:
            self._refuse(seen.id, error)
        elif seen.method in _EDITS:
            # If the document was not found, it may be any: give up all of them.
            for uri in [seen.uri] if seen.uri else [each.uri for each in self.documents]:
                self.documents.give_up(uri, why)

    def _refuse(self, identifier: int | str | None, error: JsonRpcException) -> None:
        # The id is null if the request had no usable one; pygls would leave it out.
        answer = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": identifier, "error": answer})

    def _refusal(self, method: object, is_request: bool) -> JsonRpcException | None:
        """Return the error for a message that is not handled now; None if it is handled."""
        if not isinstance(method, str):
            return JsonRpcInvalidRequest("A method is a text.")
        if self.is_shut_down and (is_request or method != types.EXIT):
            return JsonRpcInvalidRequest("The server has been shut down.")
        is_first = method == types.INITIALIZE
        if self._workspace is None and not (is_first or method == types.EXIT):
            return JsonRpcServerNotInitialized("The first request must be initialize.")
        if self._workspace is not None and is_first:
            return JsonRpcInvalidRequest("The server has been initialized already.")
        is_known = method in self.fm.builtin_features or method in self.fm.features
        if not is_known and (is_request or method != types.CANCEL_REQUEST):
            return JsonRpcMethodNotFound("There is no such method.")
        return None


_NOT_OURS = (
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)
"""Methods removed from pygls, which would keep notebooks, unused and without a limit."""


def _to_change(event: types.TextDocumentContentChangeEvent) -> TextChange:
    if not isinstance(event, types.TextDocumentContentChangePartial):
        return TextChange(event.text)
    start, end = event.range.start, event.range.end
    return TextChange(event.text, ((start.line, start.character), (end.line, end.character)))


def _mend_id(data: dict[str, Any]) -> None:
    """Convert an id such as 1.0 to an integer: some clients know no other numbers."""
    identifier = data.get("id")
    if isinstance(identifier, float) and identifier.is_integer():
        data["id"] = int(identifier)


def _mend_process_id(data: dict[str, Any]) -> None:
    """Replace an unusable process id by null: it is no reason to refuse the client."""
    params = data.get("params")
    if data.get("method") != types.INITIALIZE or not isinstance(params, dict):
        return
    if not is_watchable(params.get("processId")):
        params["processId"] = None


def _names_request(data: dict[str, Any]) -> bool:
    """Return whether a cancellation names its request."""
    params = data.get("params")
    if not isinstance(params, dict):
        return False
    _mend_id(params)
    return is_usable_id(params.get("id"))


def _uri_of(data: dict[str, Any]) -> str:
    try:
        return str(data["params"]["textDocument"]["uri"])
    except (KeyError, TypeError):
        return ""
