"""Our documents in the place of pygls's, and the few other rules our protocol adds to it."""

import asyncio
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest, JsonRpcServerNotInitialized
from pygls.protocol import LanguageServerProtocol, lsp_method

from ds_lsp.document import Document, PositionEncoding
from ds_lsp.lsp.extensions import EXPLAIN_REQUEST, ExplainParams, ExplainRequest


class Documents:
    """The open documents, by uri exactly as the client spells it."""

    def __init__(self) -> None:
        self.encoding = PositionEncoding.UTF16
        self._by_uri: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._by_uri.values()))

    def __len__(self) -> int:
        return len(self._by_uri)

    def get(self, uri: str) -> Document | None:
        return self._by_uri.get(uri)

    def open(self, item: types.TextDocumentItem) -> None:
        self._by_uri[item.uri] = Document(
            item.uri, item.language_id, item.version, item.text, self.encoding
        )

    def change(
        self,
        identifier: types.VersionedTextDocumentIdentifier,
        changes: Iterable[types.TextDocumentContentChangeEvent],
    ) -> None:
        """Apply edits in order; a document that was never opened has no text to edit."""
        document = self._by_uri.get(identifier.uri)
        if document is None:
            return
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                start, end = change.range.start, change.range.end
                document.replace(
                    (start.line, start.character), (end.line, end.character), change.text
                )
            else:
                document.replace_all(change.text)
        document.version = identifier.version

    def close(self, uri: str) -> None:
        self._by_uri.pop(uri, None)


class DsProtocol(LanguageServerProtocol):
    """pygls's protocol, with our documents, and an answer to every request there can be.

    pygls keeps a text of its own for each document and pays for the whole file at each keystroke;
    it leaves requests unanswered that come after ``shutdown`` or that it cannot read.
    """

    documents: Documents

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.is_shut_down = False
        self.exit_requested = asyncio.Event()

    # pygls keeps its own in a cache; a look-up needs none.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        return ExplainRequest if method == EXPLAIN_REQUEST else super().get_message_type(method)

    def to_explain_params(self, argument: object) -> ExplainParams:
        """The argument of a command, as it came. Raises whatever the converter does."""
        return self._converter.structure(argument, ExplainParams)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(
        self, params: types.DidOpenTextDocumentParams
    ) -> Generator[Any, Any, None]:
        self.documents.open(params.text_document)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        self.documents.change(params.text_document, params.content_changes)
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
        yield from super().lsp_shutdown(*args)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: object) -> Generator[Any, Any, None]:
        # pygls ends the process here, with a status that it then swallows.
        self.exit_requested.set()
        yield from ()

    def structure_message(self, data: dict[str, Any]) -> Any:
        if "jsonrpc" not in data:
            # Called for every object within a message, too.
            return data
        _mend(data)
        try:
            return super().structure_message(data)
        except JsonRpcException as exc:
            if "method" in data and "id" in data:
                self._send_response(data["id"], error=exc.to_response_error())
            elif data.get("method") == types.TEXT_DOCUMENT_DID_CHANGE:
                # Whatever it said, our text is not the editor's any more.
                self.documents.close(_uri_of(data))
            raise

    def handle_message(self, message: Any) -> None:
        refusal = self._refusal(message)
        if refusal:
            self._send_response(message.id, error=refusal.to_response_error())
        elif self._workspace is not None or self._may_come_first(message):
            super().handle_message(message)

    def _may_come_first(self, message: Any) -> bool:
        return getattr(message, "method", None) in (types.INITIALIZE, types.EXIT)

    def _refusal(self, message: Any) -> JsonRpcException | None:
        method = getattr(message, "method", None)
        if method is None or not hasattr(message, "id"):
            return None
        if self.is_shut_down:
            return JsonRpcInvalidRequest("The server has been shut down.")
        if (self._workspace is None) != (method == types.INITIALIZE):
            if self._workspace is None:
                return JsonRpcServerNotInitialized("The first request must be initialize.")
            return JsonRpcInvalidRequest("The server has been initialized already.")
        return None


def _mend(data: dict[str, Any]) -> None:
    """Take what the specification lets clients leave out, and what some send as null instead."""
    if data.get("method") == types.INITIALIZED:
        data.setdefault("params", {})
    params = data.get("params")
    if data.get("method") != types.TEXT_DOCUMENT_DID_CHANGE or not isinstance(params, dict):
        return
    changes = params.get("contentChanges")
    for change in changes if isinstance(changes, list) else ():
        for name in ("range", "rangeLength"):
            if isinstance(change, dict) and name in change and change[name] is None:
                del change[name]
    document = params.get("textDocument")
    if isinstance(document, dict) and document.get("version", 0) is None:
        document["version"] = 0


def _uri_of(data: dict[str, Any]) -> str:
    try:
        return str(data["params"]["textDocument"]["uri"])
    except (KeyError, TypeError):
        return ""
