"""The one place that uses private names of pygls, each with the reason.

A test fails when pygls renames one of them, and pyproject.toml allows the versions that were
tested.
"""

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCResponseMessage

from ds_lsp.lsp.mending import to_text

PRIVATE_NAMES: Mapping[str, str] = {
    "_converter": "Messages are mended and converted again; the converter must refuse what is no "
    "string, and is made warm before typing needs it.",
    "_execute_handler": "pygls keeps the future of every notification.",
    "_handle_response": "A request of ours must end when its response cannot be read.",
    "_request_futures": "Requests that the client never answers are forgotten, and those still "
    "running at shutdown are cancelled.",
    "_result_types": "A response is converted to the type of its request; one to no request of "
    "ours is ignored.",
    "_send_data": "The answer to `initialize` may have been sent already, and pygls cannot send "
    "an error whose id is null.",
    "_shutdown": "pygls handles no message after it is set; the rest of its own shutdown iterates "
    "over a dictionary that changes meanwhile.",
    "_workspace": "It is None until pygls has handled `initialize`; the public property raises.",
}
"""The private names of pygls that are used or overridden here, and the reason of each."""

_NOT_OURS = (
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)
"""Methods removed from pygls, which would keep notebooks, unused and without a limit."""


class PyglsAdapter(LanguageServerProtocol):
    """pygls's protocol, with public names for its private parts, and without its leaks."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for method in _NOT_OURS:
            del self.fm.builtin_features[method]
        # cattrs would convert any value to a string.
        self._converter.register_structure_hook(str, to_text)

    @property
    def is_initialized(self) -> bool:
        """True once pygls has handled ``initialize``."""
        return self._workspace is not None

    def structure(self, data: object, expected: Any) -> Any:
        """Convert JSON to a type of the protocol. Raises whatever the converter raises."""
        return self._converter.structure(data, expected)

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

    def send(self, data: Any) -> None:
        """Send a message to the client. Every message passes here."""
        super()._send_data(data)

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

    def is_unanswered(self, identifier: str | int) -> bool:
        """Return whether this is the id of a request of ours that the client has not answered."""
        return identifier in self._result_types

    def result_type(self, identifier: str | int) -> type[Any] | None:
        """Return the type of the response to a request of ours."""
        return self._result_types.get(identifier)

    def discard_result_type(self, identifier: str | int) -> None:
        """Forget the type of a response that has been converted."""
        self._result_types.pop(identifier, None)

    def fail_request(self, identifier: str | int, error: JsonRpcException) -> None:
        """End a request of ours whose response cannot be read: no other one will come."""
        self._handle_response(identifier, None, types.ResponseError(error.code, error.message))

    def cancel_requests(self, but: str | int | None) -> None:
        """Cancel all requests, of the client and of ours, except the one with the id *but*."""
        for identifier, future in list(self._request_futures.items()):
            if identifier != but:
                future.cancel()

    def stop_handling(self) -> None:
        """Handle no further message but ``exit``."""
        self._shutdown = True

    def _send_data(self, data: Any) -> None:
        self.send(data)

    def _execute_handler(self, msg_id: Any, *args: Any, **named: Any) -> None:
        super()._execute_handler(msg_id, *args, **named)
        # pygls keeps the future of every notification.
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            del self._request_futures[msg_id]
        elif future is not None:
            future.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))

    def _forget_request(self, identifier: str | int) -> None:
        self._request_futures.pop(identifier, None)
        self._result_types.pop(identifier, None)
