"""Fixtures for all tests."""

import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest

from tests.fake_deepseek import FakeDeepSeek
from tests.left_behind import adopt_orphans, left_behind

# No time is asserted: on a busy machine each example may take as long as it likes.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """Whatever the tests start ends with them."""
    adopt_orphans()
    yield
    assert left_behind() == []


@pytest.fixture(scope="session", autouse=True)
def _signals_count() -> Iterator[None]:
    """What this run ignores, as in the background or under nohup, its servers do not."""
    names = [name for name in ("SIGHUP", "SIGINT") if hasattr(signal, name)]
    ignored = [
        number
        for number in (getattr(signal, name) for name in names)
        if signal.getsignal(number) is signal.SIG_IGN
    ]
    for number in ignored:
        # A program that is started inherits what is ignored, and no handler.
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


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
