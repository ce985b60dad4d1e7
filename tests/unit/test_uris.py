"""Which file a uri names."""

import pytest

from ds_lsp.uris import to_path


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
