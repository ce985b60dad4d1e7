"""The index reads what it may, nearest first, within its limits, without holding the loop up."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ds_lsp.local.index import Index, Limits, family_of, suffixes_of
from ds_lsp.local.overlap import hashes_of, overlap
from ds_lsp.local.provider import Local
from ds_lsp.providers.base import FimRequest, PromptParts
from ds_lsp.workspace.walk import find_nearest_files, looks_minified, read_source

SOURCE = "def alpha_beta_gamma(first, second):\n    return first + second\n"


def allow_all(path: Path) -> bool:
    return True


def names(
    root: Path, near: Path | None = None, allows: Callable[[Path], bool] = allow_all
) -> list[str]:
    found = find_nearest_files([root], near, frozenset({".py"}), allows)
    return [each.path.relative_to(root).as_posix() for each in found if each]


def write(root: Path, *files: str, text: str = SOURCE) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


async def scan(
    index: Index, root: Path, allows: Callable[[Path], bool] = allow_all, at: str = "x.py"
) -> None:
    await index.scan((root / at).as_uri(), "python", [root], allows)


def read_names(index: Index, root: Path) -> list[str]:
    family = index.family("file:///x.py", "python")
    return [uri.removeprefix(root.as_uri() + "/") for uri in family.known]


def offer(index: Index, uri: str, prefix: str) -> str:
    return Local(index).offer(FimRequest(uri, "python", PromptParts(prefix, ""), "", 128, 0.0))


@pytest.mark.parametrize(
    ("uri", "language_id", "family"),
    [
        pytest.param("file:///a/b.py", "python", ".py", id="suffix"),
        pytest.param("file:///a/b.tsx", "typescriptreact", ".ts", id="family"),
        pytest.param("file:///a/b.js", "javascript", ".ts", id="JavaScript and TypeScript"),
        pytest.param("file:///a/b.H", "cpp", ".c", id="upper case"),
        pytest.param("file:///a/b.zig", "", ".zig", id="not in the table"),
        pytest.param("untitled:Untitled-1", "python", ".py", id="no file yet"),
        pytest.param("untitled:x.y", "cobol", "cobol", id="no file, unknown language"),
        pytest.param("file:///a/Makefile", "makefile", "makefile", id="no suffix"),
        pytest.param("file:///a/%E4%BD%A0.py", "python", ".py", id="escaped"),
        pytest.param("/a/b.py", "python", ".py", id="bare path"),
        pytest.param("git:/a/b.py.git?%7B%22path%22%3A%22/a/b.py%22%7D", "", ".py", id="version"),
        pytest.param("fugitive:///a/.git//0/b.py", "python", ".py", id="version in a repository"),
        pytest.param("vscode-notebook-cell:/a/n.ipynb#W0s", "python", ".py", id="cell"),
        pytest.param("zipfile:///a/x.zip::b.py", "python", ".py", id="archive"),
        pytest.param("scp://host/b.py", "python", ".py", id="elsewhere"),
    ],
)
def test_uri_and_language_give_the_family(uri: str, language_id: str, family: str) -> None:
    assert family_of(uri, language_id) == family


@pytest.mark.parametrize("spelled", ["file:{}", "{}", "file://localhost{}", "file:///x/..{}"])
async def test_an_open_document_hides_its_file_however_it_is_spelled(
    tmp_path: Path, spelled: str
) -> None:
    write(tmp_path, "a b.py")
    index = Index()
    await index.scan((tmp_path / "x.py").as_uri(), "python", [tmp_path], lambda path: True)
    family = index.family("file:///x.py", "python")
    uri = spelled.replace("{}", (tmp_path / "a b.py").as_posix())
    index.put(uri, "python", "other = 1\n")
    assert not any(family.files.live)
    assert list(family.open) == [(tmp_path / "a b.py").as_uri()]
    index.drop(uri)
    assert all(family.files.live)
    assert not family.open


def test_a_suffix_outside_the_table_is_a_family_of_its_own() -> None:
    assert suffixes_of(".zig") == {".zig"}
    assert ".h" in suffixes_of(".c")


def test_nearest_files_come_first(tmp_path: Path) -> None:
    write(tmp_path, "far/away/d.py", "top.py", "near/deeper/b.py", "near/a.py", "near/z.txt")
    assert names(tmp_path, tmp_path / "near") == [
        "near/a.py",
        "near/deeper/b.py",
        "top.py",
        "far/away/d.py",
    ]


def test_a_document_outside_the_roots_starts_at_the_roots(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    assert names(tmp_path, tmp_path.parent / "elsewhere") == ["a.py"]


def test_what_is_not_allowed_is_pruned_with_all_below_it(tmp_path: Path) -> None:
    write(tmp_path, "ok/a.py", "ok/secret.py", "private/deep/b.py")
    asked: list[Path] = []

    def allows(path: Path) -> bool:
        asked.append(path)
        return path.name not in ("private", "secret.py")

    assert names(tmp_path, None, allows) == ["ok/a.py"]
    assert tmp_path / "private/deep" not in asked


def test_starting_inside_a_pruned_directory_does_not_open_it(tmp_path: Path) -> None:
    write(tmp_path, "private/deep/b.py", "a.py")
    allows = lambda path: path.name != "private"  # noqa: E731
    assert names(tmp_path, tmp_path / "private/deep", allows) == ["a.py"]


@pytest.mark.parametrize("name", [".git", "node_modules", "__pycache__", ".venv"])
def test_some_directories_are_never_entered(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{name}/a.py", "b.py")
    assert names(tmp_path) == ["b.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_links_and_fifos_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(root, "a.py")
    write(outside, "b.py")
    (root / "link").symlink_to(outside)
    (root / "link.py").symlink_to(outside / "b.py")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.py")
    assert names(root) == ["a.py"]
    assert read_source(root / "pipe.py", 1000) is None
    assert read_source(root / "link.py", 1000) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"a = 1\r\n", "a = 1\r\n", id="as it is"),
        pytest.param("名字 = '😀'\n".encode(), "名字 = '😀'\n", id="UTF-8"),
        pytest.param(b"\xef\xbb\xbfa", "a", id="byte order mark"),
        pytest.param(b"a\0b", None, id="binary"),
        pytest.param(b"a" * 101, None, id="too large"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="not UTF-8"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"# @generated\r\nx = 1\r\n", None, id="generated"),
        pytest.param(b"# ds-lsp: off\nx = 1\n", None, id="switched off"),
    ],
)
def test_binary_large_generated_and_excluded_files_are_no_source(
    tmp_path: Path, data: bytes, text: str | None
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    assert read_source(path, 100) == text


@pytest.mark.parametrize(
    ("text", "minified"),
    [
        ("a = 1\n" * 100, False),
        ("x" * 6000 + "\n" * 1000, True),
        ("var a=1;" * 100, True),
        ("", False),
    ],
)
def test_minified_text_is_recognized(text: str, minified: bool) -> None:
    assert looks_minified(text) is minified


@pytest.mark.parametrize(
    ("older", "before", "after", "found"),
    [
        pytest.param("abcXdef", "abc", "def", range(7), id="nothing else"),
        pytest.param("abcXdef", "bc", "de", range(1, 6), id="a part"),
        pytest.param("abcX", "abc", "", range(4), id="the last line"),
        pytest.param("Xabc", "", "abc", range(4), id="the first line"),
        pytest.param("X", "", "", range(1), id="the only line"),
        pytest.param("abcXdef", "abcno", "def", range(7), id="lines typed since"),
        pytest.param("abcnoXdef", "abc", "def", range(9), id="lines gone since"),
        pytest.param("aabbX", "abb", " ", range(1, 5), id="lines that are there twice"),
        pytest.param("abcabcXabc", "abc", "abc", range(10), id="in doubt the widest"),
        pytest.param("ab XcdX", " nop", "qrs", range(7), id="all new"),
    ],
)
def test_the_lines_of_the_document_are_found_in_an_older_version(
    older: str, before: str, after: str, found: range
) -> None:
    """Each character is a line; X is the cursor's own, as it was."""
    lines = [hashes_of(list(each)) for each in (older, before, after)]
    start, stop = overlap(*lines).start, overlap(*lines).stop
    assert range(start, min(stop, len(older))) == found


async def test_a_scan_makes_the_files_known(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    index = Index()
    await scan(index, tmp_path)
    assert offer(index, (tmp_path / "x.py").as_uri(), "def alph") != ""


async def test_files_that_have_not_changed_are_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")
    index = Index()
    await scan(index, tmp_path)
    family = index.family("file:///x.py", "python")
    size = len(family.files.tokens)
    await scan(index, tmp_path)
    assert len(family.files.tokens) == size
    write(tmp_path, "a.py", text="something_else = 1\n" * 3)
    await scan(index, tmp_path)
    assert len(family.files.tokens) > size
    assert offer(index, (tmp_path / "x.py").as_uri(), "some") == "thing_else = 1"


@pytest.mark.parametrize(
    ("limits", "read"),
    [
        (Limits(max_files=2), ["a.py", "b.py"]),
        (Limits(max_total_bytes=2 * len(SOURCE)), ["a.py", "b.py"]),
        (Limits(max_file_bytes=10), []),
        (Limits(max_scan_s=0.0), []),
    ],
    ids=["files", "bytes", "bytes per file", "seconds"],
)
async def test_the_index_keeps_its_limits(tmp_path: Path, limits: Limits, read: list[str]) -> None:
    write(tmp_path, "a.py", "b.py", "c.py", "d.py")
    index = Index(limits, clock=lambda: 0.0)
    await scan(index, tmp_path)
    assert read_names(index, tmp_path) == read


async def test_another_language_gives_way(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "a.go")
    index = Index(Limits(max_total_bytes=len(SOURCE) + 10))
    await scan(index, tmp_path)
    await index.scan((tmp_path / "x.go").as_uri(), "go", [tmp_path], allow_all)
    assert read_names(index, tmp_path) == []


async def test_a_cancelled_scan_stops_and_is_taken_up_again(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}.py" for number in range(40)), text=SOURCE * 100)
    index = Index()
    task = asyncio.create_task(scan(index, tmp_path))
    while not read_names(index, tmp_path):  # noqa: ASYNC110 - one turn of the loop each
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(read_names(index, tmp_path)) < 40
    await scan(index, tmp_path)
    assert len(read_names(index, tmp_path)) == 40


async def test_two_scans_at_once_do_not_mix(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py", text=SOURCE * 200)
    index = Index()
    await asyncio.gather(scan(index, tmp_path), scan(index, tmp_path))
    assert len(index.family("file:///x.py", "python").files.live) == 2


async def test_an_open_document_hides_its_file_until_it_is_dropped(tmp_path: Path) -> None:
    write(tmp_path, "a.py", text="the_old_name = 1\n" * 3)
    index = Index()
    uri, other = (tmp_path / "a.py").as_uri(), (tmp_path / "x.py").as_uri()
    await scan(index, tmp_path)
    index.put(uri, "python", "the_new_name = 1\n" * 3)
    assert offer(index, other, "the_") == "new_name = 1"
    index.drop(uri)
    assert offer(index, other, "the_") == "old_name = 1"


async def test_a_file_read_while_it_is_open_stays_hidden(tmp_path: Path) -> None:
    write(tmp_path, "a.py", text="the_old_name = 1\n" * 3)
    index = Index()
    index.put((tmp_path / "a.py").as_uri(), "python", "")
    await scan(index, tmp_path)
    assert offer(index, (tmp_path / "x.py").as_uri(), "the_") == ""


def test_a_dropped_document_that_has_no_file_is_forgotten() -> None:
    index = Index()
    index.put("untitled:1", "python", "the_new_name = 1\n" * 3)
    assert offer(index, "untitled:2", "the_") == "new_name = 1"
    index.drop("untitled:1")
    assert offer(index, "untitled:2", "the_") == ""


def test_only_so_many_documents_are_kept_open() -> None:
    index = Index(Limits(max_open=2))
    for number in range(5):
        index.put(f"untitled:{number}", "python", SOURCE)
    assert list(index.family("untitled:9", "python").open) == ["untitled:3", "untitled:4"]


def test_of_a_huge_document_only_so_much_is_indexed() -> None:
    index = Index()
    index.put("untitled:1", "python", "a = 1\n")
    small = index.nbytes
    index.put("untitled:1", "python", "a = 1\n" * 1_000_000)
    assert index.nbytes < small + 1_500_000


def test_clear_forgets_everything() -> None:
    index = Index()
    index.put("untitled:1", "python", SOURCE)
    index.clear()
    assert index.nbytes == 0


async def test_no_secret_is_learned(tmp_path: Path) -> None:
    secret, key = "canary7hunter2", "canary" + "a1B2c3D4" * 7
    text = (
        f'password = "{secret}"\r\n{SOURCE}# -----BEGIN PRIVATE KEY-----\n# {key}\n'
        f"# {key}\n# -----END PRIVATE KEY-----\n"
    )
    write(tmp_path, "a.py", text=text)
    index = Index()
    await scan(index, tmp_path)
    index.put("file:///open.py", "python", text)
    family = index.family("file:///x.py", "python")
    assert read_names(index, tmp_path) == ["a.py"]
    assert "alpha_beta_gamma" in family.vocabulary.words
    assert not [word for word in family.vocabulary.words if "canary" in word]


async def test_hidden_document_hides_its_file_too(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    index = Index()
    await scan(index, tmp_path)
    uri = (tmp_path / "a.py").as_uri()
    index.put(uri, "python", SOURCE)
    assert offer(index, "file:///x.py", "def alpha_beta_gamma(")
    index.hide(uri)
    assert not offer(index, "file:///x.py", "def alpha_beta_gamma(")


def test_a_folder_opened_through_a_link_out_of_the_workspace_is_not_read(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    write(outside, "canary.py")
    write(root, "a.py")
    (root / "link").symlink_to(outside)
    for near in (root / "link", root / ".." / "outside"):
        found = find_nearest_files([root], near, frozenset({".py"}), lambda path: True)
        assert [each.path.name for each in found if each] == ["a.py"]
