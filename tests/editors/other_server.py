"""A language server that answers at once: beside ours, or with several completions in its place.

``other_server.py [FILE]`` makes FILE once an editor has greeted it.
"""

import sys
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("other", "1")


@server.feature(types.INITIALIZED)
def initialized(params: types.InitializedParams) -> None:
    for file in sys.argv[1:]:
        Path(file).touch()


@server.feature(types.TEXT_DOCUMENT_COMPLETION)
def complete(params: types.CompletionParams) -> types.CompletionList:
    return types.CompletionList(
        is_incomplete=False, items=[types.CompletionItem(label="return_of_the_other")]
    )


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
def complete_inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
    at = types.Range(params.position, params.position)
    return types.InlineCompletionList(
        items=[types.InlineCompletionItem(f"_{each}", range=at) for each in ("first", "second")]
    )


if __name__ == "__main__":
    server.start_io()
