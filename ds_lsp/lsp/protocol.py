"""pygls's protocol with documents of our own, and a few rules that pygls lacks."""

import asyncio
import json
import logging
from collections.abc import Generator
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import lsp_method

from ds_lsp.lsp.extensions import EXPLAIN_REQUEST, ExplainParams, ExplainRequest
from ds_lsp.lsp.mending import mend
from ds_lsp.lsp.pygls_adapter import PyglsAdapter
from ds_lsp.lsp.transport.frames import (
    EDGE_BYTES,
    MAX_BODY_BYTES,
    Frame,
    Message,
    MessageSummary,
    TooLarge,
    is_usable_id,
    summarize,
)
from ds_lsp.processes import is_watchable
from ds_lsp.workspace.documents import Documents, TextChange

log = logging.getLogger(__name__)

TOO_LARGE = f"is larger than {MAX_BODY_BYTES >> 20} MiB, and is not completed"
UNREADABLE = "came in a message that cannot be read, and is not completed until opened again"

_EDITS = (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE)


class DsProtocol(PyglsAdapter):
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

    # pygls caches this method; a look-up in a dictionary needs no cache.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        return ExplainRequest if method == EXPLAIN_REQUEST else super().get_message_type(method)

    def to_explain_params(self, argument: object) -> ExplainParams:
        """Convert the argument of a command, as it came. Raises whatever the converter raises."""
        try:
            params: ExplainParams = self.structure(argument, ExplainParams)
        except Exception:
            params = self.structure(mend(argument, ExplainParams), ExplainParams)
        return params

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
        self.cancel_requests(but=shutdown_id)
        self.stop_handling()

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
                    self._reject_unparsed(summarize(first, last), error, TOO_LARGE)
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
            self._reject_unparsed(
                summarize(body[:EDGE_BYTES], body[-EDGE_BYTES:]), error, UNREADABLE
            )
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

    def _take_response(self, data: dict[str, Any]) -> None:
        identifier = data.get("id")
        # In JSON-RPC 1.0, a response has both members, and one of them is null.
        if data.get("error") is None:
            data.pop("error", None)
            data.setdefault("result", None)
        elif not isinstance(data["error"], dict):
            data["error"] = {}
        if is_usable_id(identifier) and self.is_unanswered(identifier):
            self.handle_message(self.structure_message(data))
        else:
            log.debug("an answer to nothing we asked")

    def send(self, data: Any) -> None:
        if self.is_initialize_answered:
            # The first message is the answer to `initialize`: the client has it already.
            self.is_initialize_answered = False
        else:
            super().send(data)

    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            message = self._read(data)
            if "method" in data and "id" in data and not hasattr(message, "id"):
                raise JsonRpcInvalidRequest("This is sent without an id.")
        except JsonRpcException as exc:
            if "method" not in data:
                self.fail_request(data["id"], exc)
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
            message = self.structure(data, expected)
        except Exception as exc:
            log.debug("a message is mended: %s", type(exc).__name__)
            return super().structure_message(mend(data, expected))
        if "method" not in data:
            self.discard_result_type(data["id"])
        return message

    def _type_of(self, data: dict[str, Any]) -> type[Any] | None:
        if "method" in data:
            return self.get_message_type(data["method"])
        return types.ResponseErrorMessage if "error" in data else self.result_type(data["id"])

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
        self.send({"jsonrpc": self.VERSION, "id": identifier, "error": answer})

    def _refusal(self, method: object, is_request: bool) -> JsonRpcException | None:
        """Return the error for a message that is not handled now; None if it is handled."""
        if not isinstance(method, str):
            return JsonRpcInvalidRequest("A method is a text.")
        if self.is_shut_down and (is_request or method != types.EXIT):
            return JsonRpcInvalidRequest("The server has been shut down.")
        is_first = method == types.INITIALIZE
        if not self.is_initialized and not (is_first or method == types.EXIT):
            return JsonRpcServerNotInitialized("The first request must be initialize.")
        if self.is_initialized and is_first:
            return JsonRpcInvalidRequest("The server has been initialized already.")
        is_known = method in self.fm.builtin_features or method in self.fm.features
        if not is_known and (is_request or method != types.CANCEL_REQUEST):
            return JsonRpcMethodNotFound("There is no such method.")
        return None


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
