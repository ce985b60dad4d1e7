"""Cancellations that name no request are passed over; the session goes on."""

import pytest

from tests.harness import InProcess, completion, did_open

URI = "file:///a.py"


@pytest.mark.parametrize(
    "params",
    [
        {"id": []},
        {"id": {"a": 1}},
        {"id": None},
        {"id": True},
        {"id": 1.5},
        {},
        [],
        "中",
        None,
        {"id": 99},
        {"id": "never sent"},
    ],
)
async def test_a_cancellation_of_anything_is_survived(params: object) -> None:
    at = InProcess()
    await at.start()
    cancel = {"method": "$/cancelRequest", "params": params}
    # While one is running: a look into nothing would not notice what it looks for.
    await at.send(did_open(URI, "x = "), completion(7, URI), cancel, {"method": "$/cancelRequest"})
    assert at.answers() == {'"first"': 1, "7": 1}
    await at.aclose()
