"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest

from tests.fake_deepseek import FakeDeepSeek


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """The machine's proxy has no way to the loopback servers of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "*")
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_keyring() -> Iterator[None]:
    """Nor do the tests look into this machine's keyring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        yield


@pytest.fixture
def fake() -> Iterator[FakeDeepSeek]:
    """DeepSeek's stand-in on loopback."""
    with FakeDeepSeek() as server:
        yield server
    assert server.violations == []
