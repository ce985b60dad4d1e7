"""The files of explanations: private, found again, and removed."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from ds_lsp.lsp.explanation_files import ConversationStart, ExplanationFiles
from ds_lsp.providers.base import ChatMessage

START = ConversationStart(
    "file:///甲.py", (ChatMessage("system", "s"), ChatMessage("user", "甲 🙂"))
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "explanations"


def test_a_page_and_what_it_began_with(root: Path) -> None:
    files = ExplanationFiles(root)
    path = files.create("explain-../甲 b", START)
    files.write(path, "half \ud800 a pair\r\n")
    assert path.read_bytes() == b"half ? a pair\r\n"
    assert files.start_of(path.as_uri()) == START
    # Another process answers for it, where an editor has started one, and knows what it is about.
    assert ExplanationFiles(root).owns(path.as_uri())
    assert ExplanationFiles(root).start_of(path.as_uri()) == ConversationStart(START.uri, ())
    assert path.parent.parent == root
    files.close()
    assert not path.exists()
    assert files.start_of(path.as_uri()) is None


def test_nothing_that_was_sent_is_written(root: Path) -> None:
    path = ExplanationFiles(root).create("a", START)
    written = "".join(each.read_text("utf-8") for each in path.parent.iterdir())
    assert not any(
        message.content in written for message in START.messages if message.content != "s"
    )
    assert json.loads(path.with_suffix(".json").read_text("utf-8")) == {"uri": START.uri}


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_nobody_else_can_read_it(root: Path) -> None:
    path = ExplanationFiles(root).create("a", START)
    for each in (path, path.with_suffix(".json")):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    for each in (root, path.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700


def test_other_files_are_not_pages(root: Path) -> None:
    files = ExplanationFiles(root)
    path = files.create("a", START)
    others = (path.with_suffix(".json"), root / "a.md", path.parent / "b" / "c.md", Path("/a.md"))
    assert not any(files.owns(other.as_uri()) for other in others)
    assert not files.owns("untitled:a.md")
    for text in ("[]", '{"uri": 1}', "{}", "", "{"):
        path.with_suffix(".json").write_text(text)
        assert ExplanationFiles(root).start_of(path.as_uri()) is None
    assert files.start_of("untitled:a.md") is None


def test_two_pages_of_one_name_are_two_files(root: Path) -> None:
    files = ExplanationFiles(root)
    assert files.create("a", START) != files.create("a", START)


def made(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "a.md").write_text("a")
        os.utime(root / name, (0.0, 0.0))


def test_what_is_over_is_removed(root: Path) -> None:
    running, files = ExplanationFiles(root), ExplanationFiles(root)
    kept = {running.create("a", START).parent.name, files.create("a", START).parent.name}
    # The last has the id of a process that runs, as in a container that was started anew.
    made(root, "999999999-0123abcd", "1-0123abcd", f"{os.getpid()}-0123abcd")
    files.remove_old()
    assert {each.name for each in root.iterdir()} == kept
    running.close()


@pytest.mark.parametrize(
    "name",
    ["photos", "2023-notes", "999999999-notes", "-", "1-0123ABCD", "1-0123abcde", "٣-0123abcd"],
)
def test_what_no_session_has_made_stays(name: str, root: Path) -> None:
    made(root, name)
    ExplanationFiles(root).remove_old()
    assert (root / name / "a.md").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other links")
def test_links_are_not_followed(tmp_path: Path, root: Path) -> None:
    made(tmp_path / "outside", "1-0123abcd")
    root.parent.mkdir(parents=True)
    root.symlink_to(tmp_path / "outside")
    ExplanationFiles(root).remove_old()
    with pytest.raises(OSError, match="not this user's alone"):
        ExplanationFiles(root).create("a", START)
    root.unlink()
    root.mkdir()
    (root / "2-0123abcd").symlink_to(tmp_path / "outside" / "1-0123abcd")
    ExplanationFiles(root).remove_old()
    assert (tmp_path / "outside" / "1-0123abcd" / "a.md").exists()
    assert (root / "2-0123abcd").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_nothing_is_written_where_everybody_can_write(root: Path) -> None:
    root.mkdir(parents=True)
    root.parent.chmod(0o777)
    with pytest.raises(OSError, match="not this user's alone"):
        ExplanationFiles(root).create("a", START)
    assert list(root.iterdir()) == []


def test_a_folder_that_was_removed_is_made_again(root: Path) -> None:
    files = ExplanationFiles(root)
    shutil.rmtree(files.create("a", START).parent)
    assert files.create("a", START).exists()
    files.close()


def test_without_a_folder_there_is_nothing_to_remove(root: Path) -> None:
    ExplanationFiles(root).remove_old()
    assert not root.exists()
