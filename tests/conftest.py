"""Fixtures for all tests."""

import os
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
def _no_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a session in a test counts is not the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_git_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The developer's own ignore file is about no file of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
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
