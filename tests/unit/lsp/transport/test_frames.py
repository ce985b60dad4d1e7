"""Messages out of bytes that may be anything."""

import json

import pytest

from ds_lsp.lsp.transport.frames import (
    EDGE_BYTES,
    MAX_HEADER_BYTES,
    Frame,
    Framer,
    Garbage,
    Message,
    MessageSummary,
    TooLarge,
    summarize,
)

ONE = b"Content-Length: 4\r\n\r\n1234"
LOST = Garbage("what is no header is read past")
WHOLE = Message(b"1234")


def frames(*chunks: bytes, max_body_bytes: int = 100) -> list[Frame]:
    framer = Framer(max_body_bytes)
    found: list[Frame] = []
    for chunk in chunks:
        framer.feed(chunk)
        while frame := framer.take():
            found.append(frame)
    if noise := framer.end():
        found.append(noise)
    return found


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(ONE + ONE, [WHOLE] * 2, id="messages"),
        pytest.param(b"content-LENGTH:4\n\n1234", [WHOLE], id="lf only, other spelling"),
        pytest.param(
            b"Content-Type: x; charset=utf-8\r\nContent-Length: 4\r\nA: b\r\n\r\n1234",
            [WHOLE],
            id="other headers",
        ),
        pytest.param(b"Content-Length: 0\r\n\r\n" + ONE, [Message(b""), WHOLE], id="empty"),
        pytest.param(b"\r\n\n" * 1000 + ONE, [WHOLE], id="flood of blank lines"),
        pytest.param(b"Content-Length: -4\r\n\r\n1234" + ONE, [LOST, WHOLE], id="negative"),
        pytest.param(b"Content-Length: x\r\n\r\n{}" + ONE, [LOST, WHOLE], id="no number"),
        pytest.param(
            b"Content-Length: 100000000000000000000\r\n\r\n{}" + ONE,
            [LOST, WHOLE],
            id="absurd",
        ),
        pytest.param(b"A: b\r\n\r\n{}" + ONE, [LOST, WHOLE], id="absent"),
        pytest.param(
            b"Content-Length: 9\r\nContent-Length: 4\r\n\r\n1234",
            [Garbage("a header has two lengths"), WHOLE],
            id="repeated, another one",
        ),
        pytest.param(
            b"Content-Length: 4\r\nContent-Length: 4\r\n\r\n1234", [WHOLE], id="repeated"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + ONE, [LOST, WHOLE], id="http"),
        pytest.param(b"\x00\xff\n\xfe\n" + ONE, [LOST, WHOLE], id="binary"),
        pytest.param(b"x" * 10**6 + ONE, [LOST, WHOLE], id="header without an end"),
        pytest.param(
            b"Content-Length: 4\r\n" + b"A: b\r\n" * MAX_HEADER_BYTES + ONE,
            [Garbage("a header has no end"), WHOLE],
            id="header of too many lines",
        ),
        pytest.param(ONE[:-1], [Garbage("the input ends within a message")], id="cut body"),
        pytest.param(ONE[:9], [Garbage("the input ends within a message")], id="cut header"),
        pytest.param(b"Content-Length: 3\r\n\r\n1234" + ONE, [Message(b"123"), LOST, WHOLE],
                     id="a length that is wrong"),
        pytest.param(
            b"Content-Length: 101\r\n\r\n" + b"x" * 100 + b"y" + ONE,
            [TooLarge(101, b"x" * 100 + b"y", b"x" * 100 + b"y"), WHOLE],
            id="too large",
        ),
    ],
)  # fmt: skip
def test_what_is_no_message_is_named_and_read_past(stream: bytes, expected: list[Frame]) -> None:
    assert frames(stream) == expected
    for size in (1, 2, 3, 7, 64, 1000):
        if len(stream) < 20_000 or size > 10:
            chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
            assert frames(*chunks) == expected


def test_of_a_large_message_its_ends_are_kept() -> None:
    body = b"a" * EDGE_BYTES + b"b" * 10**6 + b"c" * EDGE_BYTES
    framer = Framer(1000)
    framer.feed(b"Content-Length: %d\r\n\r\n" % len(body))
    for start in range(0, len(body), 1000):
        assert framer.take() is None
        framer.feed(body[start : start + 1000])
    assert framer.take() == TooLarge(len(body), b"a" * EDGE_BYTES, b"c" * EDGE_BYTES)


TEXT = 'x = {"id": 9, "method": "no", "uri": "no"}, "id": 8}\n' * 200
PARAMS = {"textDocument": {"uri": "file:///%E4%B8%AD.py", "languageId": "python", "text": TEXT}}


@pytest.mark.parametrize(
    ("names", "message", "seen"),
    [
        ("jsonrpc id method params", {"id": 5}, MessageSummary("m", 5, "file:///%E4%B8%AD.py")),
        ("params method id jsonrpc", {"id": "a\u4e2d"}, MessageSummary("m", "a中", "file:///%E4%B8%AD.py")),
        ("id params jsonrpc method", {"id": -5}, MessageSummary("m", -5, "file:///%E4%B8%AD.py")),
        ("method params", {}, MessageSummary("m", None, "file:///%E4%B8%AD.py")),
        ("id method params", {"id": 1.5}, MessageSummary("m", None, "file:///%E4%B8%AD.py")),
        ("id method params", {"id": True}, MessageSummary("m", None, "file:///%E4%B8%AD.py")),
        ("id result", {"id": 5, "result": TEXT}, MessageSummary(None, 5, "")),
        ("method id params", {"method": 5, "id": 6, "params": TEXT}, MessageSummary(None, 6, "")),
        ("params", {"params": TEXT}, MessageSummary()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_a_message_is_about_is_seen_at_its_ends(
    names: str, message: dict[str, object], seen: MessageSummary, separators: tuple[str, str]
) -> None:
    values = {"jsonrpc": "2.0", "method": "m", "params": PARAMS} | message
    body = json.dumps({name: values[name] for name in names.split()}, separators=separators)
    data = body.encode()
    assert summarize(data[:EDGE_BYTES], data[-EDGE_BYTES:]) == seen


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 4000, b'{"id":' * 600, b"\xff", b'{"id":"\\u12"}', b'{"a": 1']
)
def test_of_what_is_no_json_nothing_is_seen(data: bytes) -> None:
    assert summarize(data, data) == MessageSummary()
