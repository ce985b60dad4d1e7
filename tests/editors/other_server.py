"""A language server beside ours, which answers at once."""

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("other", "1")


@server.feature(types.TEXT_DOCUMENT_COMPLETION)
def complete(params: types.CompletionParams) -> types.CompletionList:
    return types.CompletionList(
        is_incomplete=False, items=[types.CompletionItem(label="return_of_the_other")]
    )


if __name__ == "__main__":
    server.start_io()
