"""What a uri names."""

import pytest

from ds_lsp.uris import is_loopback, to_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("file:///a/%E4%B8%AD%20b%25c.py", "/a/中 b%c.py"),
        ("file://localhost/a", "/a"),
        ("untitled:x", None),
        ("", None),
        ("http://[", None),
    ],
)
def test_to_path(uri: str, path: str | None) -> None:
    found = to_path(uri)
    assert (found.as_posix() if found else None) == path


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("128.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("localhost.test", False),
        ("127.0.0.1.test", False),
        ("本机", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
