"""Extensions of the protocol: the types of our own request."""

import attrs
from lsprotocol import types

EXPLAIN_REQUEST = "ds-lsp/explain"


@attrs.define
class ExplainParams:
    """Parameters of `EXPLAIN_REQUEST`, and the argument of the commands of chat."""

    text_document: types.TextDocumentIdentifier
    range: types.Range
    diagnostic: types.Diagnostic | None = None
    work_done_token: types.ProgressToken | None = None
    partial_result_token: types.ProgressToken | None = None


@attrs.define
class ExplainRequest:
    id: int | str
    params: ExplainParams
    method: str = EXPLAIN_REQUEST
    jsonrpc: str = "2.0"
