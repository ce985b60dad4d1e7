"""The obvious server on pygls and httpx: what ds-lsp is measured against.

Run by a Python that has pygls, httpx and cachetools and nothing more. DS_BASE is the API's
address; FLOOR_CACHE=1 adds an exact cache.
"""

import os

import httpx
from cachetools import LRUCache
from lsprotocol import types
from pygls.lsp.server import LanguageServer

BASE = os.environ["DS_BASE"]
MAX = 8000

cache: LRUCache[tuple[str, str], str] | None = (
    LRUCache(1000) if os.environ.get("FLOOR_CACHE") == "1" else None
)
server = LanguageServer("floor", "0")
client = httpx.AsyncClient(base_url=BASE, headers={"Authorization": "Bearer sk-x"}, timeout=30)


async def complete(prefix: str, suffix: str) -> str:
    body = {"model": "m", "prompt": prefix, "suffix": suffix, "max_tokens": 128, "stream": False}
    response = await client.post("/beta/completions", json=body)
    response.raise_for_status()
    return str(response.json()["choices"][0]["text"])


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
async def inline_completion(
    ls: LanguageServer, params: types.InlineCompletionParams
) -> types.InlineCompletionList:
    document = ls.workspace.get_text_document(params.text_document.uri)
    offset = document.offset_at_position(params.position)
    prefix = document.source[max(0, offset - MAX) : offset]
    suffix = document.source[offset : offset + MAX // 2]
    text = cache.get((prefix, suffix)) if cache is not None else None
    if text is None:
        text = await complete(prefix, suffix)
        if cache is not None:
            cache[prefix, suffix] = text
    place = types.Range(start=params.position, end=params.position)
    return types.InlineCompletionList([types.InlineCompletionItem(insert_text=text, range=place)])


if __name__ == "__main__":
    server.start_io()
