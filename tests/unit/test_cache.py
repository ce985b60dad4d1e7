"""Finished completions, found again."""

import dataclasses

import pytest

from ds_lsp.completion.cache import MAX_ENTRIES, MAX_TYPED, TTL_S, CompletionCache, Key
from ds_lsp.completion.request import Origin
from ds_lsp.providers.base import FimRequest, FimResult, Finish
from tests.unit.fakes import FakeTime

REQUEST = FimRequest("u", "python", "x = ", "\n", "m", 128, 0.0)
KEY = Key("fake", "auto", REQUEST)


def typed(prefix: str, suffix: str = "\n") -> Key:
    return dataclasses.replace(
        KEY, request=dataclasses.replace(REQUEST, prefix=prefix, suffix=suffix)
    )


def cache_with(text: str, key: Key = KEY) -> CompletionCache:
    cache = CompletionCache(FakeTime().clock)
    cache.store(key, FimResult(text, Finish.STOP))
    return cache


@pytest.mark.parametrize(
    ("prefix", "left", "origin"),
    [
        pytest.param("x = ", "print(甲)\r\n😀", Origin.EXACT, id="exact"),
        pytest.param("x = pri", "nt(甲)\r\n😀", Origin.TYPE_THROUGH, id="typed along"),
        pytest.param("x = print(甲", ")\r\n😀", Origin.TYPE_THROUGH, id="typed a wide one"),
        pytest.param("x = print(甲)\r\n", "😀", Origin.TYPE_THROUGH, id="over a line end"),
        pytest.param("x = print(甲)\r\n😀", None, None, id="typed all of it"),
        pytest.param("x = q", None, None, id="typed something else"),
        pytest.param("x =", None, None, id="deleted"),
        pytest.param("y = ", None, None, id="elsewhere"),
    ],
)
def test_find(prefix: str, left: str | None, origin: Origin | None) -> None:
    hit = cache_with("print(甲)\r\n😀").find(typed(prefix))
    assert (hit.result.text if hit else None) == left
    assert (hit.origin if hit else None) is origin


def test_text_after_the_cursor_counts() -> None:
    assert cache_with("1").find(typed("x = ", suffix=")\n")) is None


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(KEY, provider="other"),
        dataclasses.replace(KEY, multiline="never"),
        *(
            dataclasses.replace(KEY, request=dataclasses.replace(REQUEST, **change))
            for change in (
                {"uri": "v"},
                {"language_id": "lua"},
                {"model": "n"},
                {"max_tokens": 64},
                {"temperature": 0.5},
                # The same characters, otherwise divided.
                {"prefix": "x =", "suffix": " \n"},
            )
        ),
    ],
)
def test_everything_the_answer_depends_on_counts(other: Key) -> None:
    assert cache_with("1").find(other) is None


def test_the_time_limit_does_not_count() -> None:
    other = dataclasses.replace(KEY, request=dataclasses.replace(REQUEST, timeout_s=1.0))
    assert cache_with("1").find(other)


def test_nothing_to_say_is_remembered() -> None:
    hit = cache_with("").find(KEY)
    assert hit
    assert hit.result.text == ""


def test_longest_prefix_wins() -> None:
    cache = cache_with("abcd")
    cache.store(typed("x = ab"), FimResult("XY", Finish.STOP))
    hit = cache.find(typed("x = ab"))
    assert hit
    assert hit.result.text == "XY"


def test_bounded_and_forgetful() -> None:
    time = FakeTime()
    cache = CompletionCache(time.clock)
    for number in range(MAX_ENTRIES + 10):
        cache.store(typed(f"{number}"), FimResult("1", Finish.STOP))
    assert len(cache) == MAX_ENTRIES
    assert cache.find(typed(f"{MAX_ENTRIES}"))
    time.now += TTL_S + 1
    assert cache.find(typed(f"{MAX_ENTRIES}")) is None


def test_walk_back_is_bounded() -> None:
    cache = cache_with("a" * (MAX_TYPED + 10))
    assert cache.find(typed("x = " + "a" * MAX_TYPED))
    assert cache.find(typed("x = " + "a" * (MAX_TYPED + 1))) is None


def test_clear() -> None:
    cache = cache_with("1")
    cache.clear()
    assert cache.find(KEY) is None


def test_half_a_surrogate_pair_is_a_character() -> None:
    assert cache_with("1", typed("\ud800")).find(typed("\ud800"))
