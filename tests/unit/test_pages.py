"""The files of explanations: private, found again, and removed."""

import json
import os
import stat
from pathlib import Path

import pytest

from ds_lsp.lsp.pages import KEEP_S, Opening, Pages
from ds_lsp.providers.base import ChatMessage

OPENING = Opening("file:///甲.py", (ChatMessage("system", "s"), ChatMessage("user", "甲 🙂")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "explanations"


def test_a_page_and_what_it_began_with(root: Path) -> None:
    pages = Pages(root)
    path = pages.new("explain-../甲 b", OPENING)
    pages.write(path, "half \ud800 a pair\r\n")
    assert path.read_bytes() == b"half ? a pair\r\n"
    assert pages.opening(path.as_uri()) == OPENING
    # Another process answers for it, where an editor has started one, and knows what it is about.
    assert Pages(root).owns(path.as_uri())
    assert Pages(root).opening(path.as_uri()) == Opening(OPENING.uri, ())
    assert path.parent.parent == root
    pages.close()
    assert not path.exists()
    assert pages.opening(path.as_uri()) is None


def test_nothing_that_was_sent_is_written(root: Path) -> None:
    path = Pages(root).new("a", OPENING)
    written = "".join(each.read_text("utf-8") for each in path.parent.iterdir())
    assert not any(
        message.content in written for message in OPENING.messages if message.content != "s"
    )
    assert json.loads(path.with_suffix(".json").read_text("utf-8")) == {"uri": OPENING.uri}


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_nobody_else_can_read_it(root: Path) -> None:
    path = Pages(root).new("a", OPENING)
    for each in (path, path.with_suffix(".json")):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    for each in (root, path.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700


def test_what_is_no_page(root: Path) -> None:
    pages = Pages(root)
    path = pages.new("a", OPENING)
    others = (path.with_suffix(".json"), root / "a.md", path.parent / "b" / "c.md", Path("/a.md"))
    assert not any(pages.owns(other.as_uri()) for other in others)
    assert not pages.owns("untitled:a.md")
    for text in ("[]", '{"uri": 1}', "{}", "", "{"):
        path.with_suffix(".json").write_text(text)
        assert Pages(root).opening(path.as_uri()) is None
    assert pages.opening("untitled:a.md") is None


def test_two_pages_of_one_name_are_two_files(root: Path) -> None:
    pages = Pages(root)
    assert pages.new("a", OPENING) != pages.new("a", OPENING)


def test_what_is_over_is_removed(root: Path) -> None:
    pages = Pages(root, clock=lambda: 2 * KEEP_S)
    own = pages.new("a", OPENING)
    names = {"old": 0.0, "somebody's": 2 * KEEP_S, f"{os.getpid()}-alive": 2 * KEEP_S}
    if os.name == "posix":
        names["999999999-dead"] = 2 * KEEP_S
        names[f"{os.getpid()}-long"] = 0.0
    for name, changed in names.items():
        (root / name).mkdir()
        os.utime(root / name, (changed, changed))
    pages.remove_old()
    kept = {each.name for each in root.iterdir()}
    alive = {name for name in names if name.startswith(f"{os.getpid()}-")}
    assert kept == {own.parent.name, "somebody's", *alive}


def test_without_a_folder_there_is_nothing_to_remove(root: Path) -> None:
    Pages(root).remove_old()
    assert not root.exists()
