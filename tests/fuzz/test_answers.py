"""What comes in from a provider: bytes that may be no events, and JSON of any shape."""

import json
from typing import Any

from hypothesis import strategies as st

from ds_lsp.errors import ProviderError
from ds_lsp.providers.base import FimRequest, FimResult, Finish, PromptParts, unnoticed
from ds_lsp.providers.deepseek import (
    DeepSeek,
    _FimCall,
)
from ds_lsp.providers.deepseek_errors import find_supported_models
from ds_lsp.providers.http.sse import EventTooLargeError, SseDecoder
from ds_lsp.providers.refusals import error_message
from ds_lsp.providers.streamed_call import MAX_TEXT_CHARS
from ds_lsp.settings.parsers import base_url
from tests.fuzz.budget import fuzz
from tests.fuzz.shapes import JSON, TEXTS

REQUEST = FimRequest(
    "file:///a.py", "python", PromptParts("x = ", "\n"), "deepseek-flash", 128, 0.0
)
REASONS = st.sampled_from(["stop", "length", "content_filter", "aborted", "", None]) | JSON
CHOICES = st.fixed_dictionaries(
    {}, optional={"text": TEXTS | JSON, "finish_reason": REASONS, "index": JSON, "delta": JSON}
)
COUNTS = st.integers(-1, 100) | JSON
USAGE = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": COUNTS,
        "completion_tokens": COUNTS,
        "prompt_cache_hit_tokens": COUNTS,
        "prompt_cache_miss_tokens": COUNTS,
    },
)
CHUNKS = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(CHOICES | JSON, max_size=2) | JSON, "usage": USAGE | JSON}
) | st.fixed_dictionaries({"error": JSON})
PAYLOADS = (
    (CHUNKS | JSON).map(json.dumps) | st.sampled_from(["[DONE]", "", "{", "[" * 5000]) | TEXTS
)
LINES = (
    PAYLOADS.map(lambda payload: f"data: {payload}\n\n".encode("utf-8", "surrogatepass"))
    | st.sampled_from([b": keep-alive\n\n", b"\r\n", b"data:\r", b"\xef\xbb\xbf", b"event: x\n"])
    | st.binary(max_size=30)
)


@fuzz(st.lists(LINES, max_size=8).map(b"".join), st.integers(1, 500), st.integers(0, 40))
def test_a_stream_of_anything_is_a_result_or_a_provider_error(
    stream: bytes, size: int, wanted: int
) -> None:
    call = _FimCall(REQUEST, lambda text: len(text) <= wanted, "host", 1.0, unnoticed)
    decoder = SseDecoder()
    said = ""
    try:
        for start in range(0, len(stream), size):
            call._take(decoder.feed(stream[start : start + size]))
        call._take(decoder.end())
    except (ProviderError, EventTooLargeError) as error:
        said = str(error)
    assert "\n" not in said
    check(call)


def check(call: Any) -> None:
    result = FimResult(call.text, call.finish or Finish.STOP, call.usage)
    assert isinstance(result.text, str)
    assert len(result.text) <= MAX_TEXT_CHARS + len("a" * 5000)
    assert call.finish is None or isinstance(call.finish, Finish)
    for count in (0,) if call.usage is None else (call.usage.prompt_hit, call.usage.prompt_miss):
        assert type(count) is int
        assert count >= 0


ENVELOPES = JSON | st.fixed_dictionaries({"error": st.fixed_dictionaries({"message": JSON}) | JSON})
MODELS = st.lists(TEXTS | st.sampled_from(["a-1", "b.2", "c" * 70]), max_size=4).map(", ".join)
REFUSALS = MODELS.map(lambda names: f"The supported API model names are {names}, but you passed x")


@fuzz(ENVELOPES.map(lambda value: json.dumps(value).encode()) | st.binary(), REFUSALS | TEXTS)
def test_a_refusal_of_anything_is_read(body: bytes, message: str) -> None:
    assert isinstance(error_message(body), str)
    assert all(name.isprintable() and name.isascii() for name in find_supported_models(message))


@fuzz(st.sampled_from(["xn--", "[", "\ud800", "a..b", "%", "\u2100"]) | TEXTS)
def test_an_address_of_anything_has_a_name_for_messages(host: str) -> None:
    try:
        address = base_url(f"http://{host}/v1")
    except ValueError:
        return
    assert isinstance(DeepSeek(api_key="x", base_url=address).host, str)
