from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.providers.http.sse import MAX_EVENT_BYTES, EventTooLargeError, SseDecoder


def decode(*chunks: bytes) -> list[str]:
    decoder = SseDecoder()
    payloads = [payload for chunk in chunks for payload in decoder.feed(chunk)]
    return payloads + decoder.end()


@pytest.mark.parametrize(
    ("stream", "payloads"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"data: a\n\n", ["a"], id="with a space"),
        pytest.param(b"data:a\n\n", ["a"], id="without a space"),
        pytest.param(b"data:  a \n\n", [" a "], id="only one space belongs to the field"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"], id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\r", ["a", "b"], id="cr"),
        pytest.param(b"data: a\n\r\ndata: b\r\n\n", ["a", "b"], id="mixed line ends"),
        pytest.param(b"data: a\ndata: b\n\n", ["a\nb"], id="two lines of one event"),
        pytest.param(b"data:\n\n", [""], id="empty data"),
        pytest.param(b"data\n\n", [""], id="data without a colon"),
        pytest.param(b"data: a:b: c\n\n", ["a:b: c"], id="colons in the data"),
        pytest.param(b": keep-alive\n\n: keep-alive\n\n", [], id="comments"),
        pytest.param(b":\n\ndata: a\n\n", ["a"], id="empty comment"),
        pytest.param(b"data: a\n: comment\ndata: b\n\n", ["a\nb"], id="comment within an event"),
        pytest.param(b"\n\n\ndata: a\n\n\n\n", ["a"], id="blank lines"),
        pytest.param(b"event: x\nid: 1\nretry: 5\ndata: a\n\n", ["a"], id="other fields"),
        pytest.param(b"database: a\nDATA: b\n data: c\n\n", [], id="fields that are not data"),
        pytest.param(b"event: x\n\n", [], id="an event without data"),
        pytest.param(b"data: a\n", ["a"], id="no blank line at the end"),
        pytest.param(b"data: a", ["a"], id="no line end at the end"),
        pytest.param(b"data: a\r", ["a"], id="half a line end at the end"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", ["a"], id="byte order mark"),
        pytest.param(b"data: \xef\xbb\xbfa\n\n", ["\ufeffa"], id="the same later is text"),
        pytest.param("data: 雪☃🙂e\u0301\n\n".encode(), ["雪☃🙂e\u0301"], id="not ASCII"),
        pytest.param("data: a\u2028b\x0cc\x85d\n\n".encode(), ["a\u2028b\x0cc\x85d"], id="no ends"),
        pytest.param(b"data: \xff\xc3\n\n", ["\ufffd\ufffd"], id="not UTF-8"),
    ],
)
def test_events_are_decoded_whatever_the_chunk_borders(stream: bytes, payloads: list[str]) -> None:
    assert decode(stream) == payloads
    for size in range(1, len(stream)):
        chunks = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert decode(*chunks) == payloads


def test_an_event_is_there_as_soon_as_its_blank_line_is() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\n\r") == ["a"]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\n\n") == ["b"]
    assert decoder.end() == []


LINES = st.sampled_from(
    [b"data: a", b"data:", b"data: \xe9\x9b\xaa\xf0\x9f\x99\x82", b": hi", b"", b"x: y", b"data"]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(
    st.lists(st.tuples(LINES, ENDS).map(b"".join)).map(b"".join) | st.binary(),
    st.lists(st.integers(min_value=0, max_value=200)),
)
def test_where_a_stream_is_split_does_not_matter(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(places)]
    assert decode(*chunks) == decode(stream)


@pytest.mark.parametrize(
    "start", [b"data: ", b": ", b"data: a\ndata: "], ids=["data", "comment", "second line"]
)
@pytest.mark.parametrize("end", [b"", b"\n\n"], ids=["no end", "end"])
def test_a_line_without_end_is_refused(start: bytes, end: bytes) -> None:
    part = b"x" * (MAX_EVENT_BYTES // 4)
    with pytest.raises(EventTooLargeError):
        decode(start, part, part, part, part, b"x" + end)


def test_an_event_without_end_is_refused() -> None:
    lines = b"data: 12345678\n" * 1000
    with pytest.raises(EventTooLargeError):
        decode(*[lines] * (MAX_EVENT_BYTES // 8000))


def test_many_events_of_moderate_size_are_fine() -> None:
    decoder = SseDecoder()
    event = b"data: " + b"x" * (MAX_EVENT_BYTES // 2) + b"\n\n"
    assert [len(decoder.feed(event)) for _ in range(4)] == [1, 1, 1, 1]
