"""What a uri names."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from ds_lsp.hosts import is_loopback
from ds_lsp.uris import canonical_uri, document_name, name_within, to_path


def told(**values: str) -> str:
    return quote(json.dumps(values))


def told_in_base64(**values: str) -> str:
    return quote(base64.b64encode(json.dumps(values).encode()).decode())


def told_in_hex(**values: str) -> str:
    return json.dumps(values).encode().hex()


# Each row: a uri, and the file of this disk that it shows.
FILES = [
    ("file:///a/b.py", "/a/b.py"),
    ("file:/a/b.py", "/a/b.py"),
    ("FILE:///a/b.py", "/a/b.py"),
    ("file:///a/%E4%B8%AD%20b%25c.py", "/a/中 b%c.py"),
    ("file:///a/😀.py", "/a/😀.py"),
    ("file:///a/100%.py", "/a/100%.py"),
    ("file://localhost/a", "/a"),
    ("file://LOCALHOST/a", "/a"),
    ("file://127.0.0.1/a", "/a"),
    ("file://[::1]/a", "/a"),
    ("file://this-machine/a/b.py", "/a/b.py"),
    ("file:////a//b.py", "/a/b.py"),
    ("file:///a/./c/../b.py", "/a/b.py"),
    ("file:///a/%2E%2E/b.py", "/b.py"),
    ("file:///../../b.py", "/b.py"),
    ("file:///a/c%23/b.py", "/a/c#/b.py"),
    ("file:///a/c#/b.py", "/a/c#/b.py"),
    ("file:///a/b#1.py", "/a/b#1.py"),
    ("file:///a/b?.py", "/a/b?.py"),
    ("file:///a/b.py#L3", "/a/b.py"),
    ("file:///a/b.py?x=1", "/a/b.py"),
    ("/a/b.py", "/a/b.py"),
    ("/a/b c.py", "/a/b c.py"),
    ("//a/b.py", "/a/b.py"),
    ("/a/100%.py", "/a/100%.py"),
    ("vscode-userdata:/u/settings.json", "/u/settings.json"),
    ("untitled:/a/new.py", "/a/new.py"),
    ("untitled:///a/new.py", "/a/new.py"),
    ("suda:///etc/shadow", "/etc/shadow"),
    ("sudo:/etc/shadow", "/etc/shadow"),
    ("admin:///etc/shadow", "/etc/shadow"),
    ("/sudo::/etc/shadow", "/etc/shadow"),
    ("/sudo:root@localhost:/etc/shadow", "/etc/shadow"),
    ("file:///sudo::/etc/shadow", "/etc/shadow"),
    ("/doas::/etc/shadow", "/etc/shadow"),
    ("/ssh:localhost:/etc/shadow", "/etc/shadow"),
    # As Emacs spells the file of another user: with this machine's name.
    ("/sudo:root@this-machine:/etc/shadow", "/etc/shadow"),
    ("/su:root@this-machine:/etc/shadow", "/etc/shadow"),
    ("/:/a/b.py", "/a/b.py"),
    ("file:///:/a/b.py", "/a/b.py"),
    (" file:///a/b.py", "/a/b.py"),
    ("file://%2Fa%2Fb.py", "/a/b.py"),
    ("file:///a/b.md.otter.py", "/a/b.md.otter.py"),
]

# Each row: a uri, and the file of this disk that it shows another version or a part of.
VERSIONS = [
    ("git:/r/a.py?" + told(path="/r/a.py", ref="~"), "/r/a.py"),
    ("git:/r/a.py.git?" + told(path="/r/a.py", ref=""), "/r/a.py"),
    ("git:/r/a.py", "/r/a.py"),
    ("git:/r/a.py?broken", "/r/a.py"),
    ("git:/link/a.py?" + told(path="/r/sub/a.py", ref="HEAD", submoduleOf="/r"), "/r/sub/a.py"),
    ("gitlens://" + told_in_hex(ref="a1", repoPath="/r") + "/r/a.py?" + told(ref="a1"), "/r/a.py"),
    ("gitlens://gitlens%2B" + told_in_hex(ref="a1", repoPath="/r") + "/r/a.py", "/r/a.py"),
    (
        "git-graph:file.py?"
        + told_in_base64(filePath="s/a.py", repo="/r", commit="a1", exists="true"),
        "/r/s/a.py",
    ),
    ("pr:/r/a.py?" + told(commit="a1", path="/r/a.py"), "/r/a.py"),
    ("review:/r/a.py?" + told(path="s/a.py", rootPath="/r", commit="a1"), "/r/s/a.py"),
    ("vscode-local-history:/x?" + told(associatedResource="file:///r/a%20b.py"), "/r/a b.py"),
    ("hg:/r/a.py?" + told(path="/r/a.py", ref="."), "/r/a.py"),
    ("svn:/r/a.py?" + told(fsPath="/r/a.py", action="SHOW"), "/r/a.py"),
    ("jj:/r/a.py?" + told(rev="@-"), "/r/a.py"),
    ("chat-editing-snapshot-text-model:/r/a.py?" + told(session="x"), "/r/a.py"),
    ("vscode-notebook-cell:/r/n.ipynb#W0sZmlsZQ%3D%3D", "/r/n.ipynb"),
    ("vscode-notebook-cell://ssh-remote%2Bhost/r/n.ipynb#W0sdnNj", "/r/n.ipynb"),
    ("vscode-notebook-cell-output:/r/n.ipynb?openIn=editor&outputId=1#ch0", "/r/n.ipynb"),
    ("vscode-notebook-cell-metadata:/r/n.ipynb#ch0", "/r/n.ipynb"),
    ("jupyter:/r/n.ipynb", "/r/n.ipynb"),
    ("fugitive:///r/.git//0/a.py", "/r/a.py"),
    ("fugitive:///r/.git//" + "a1" * 20 + "/s/a.py", "/r/s/a.py"),
    ("fugitive:///r/.git/modules/sub//0/a.py", "/r/sub/a.py"),
    ("fugitive:///r/.git/worktrees/w//0/a.py", "/r/a.py"),
    ("fugitive:///r%20s/.git//0/a%20b.py", "/r s/a b.py"),
    ("gitsigns:///r/.git/:0:s/a.py", "/r/s/a.py"),
    ("gitsigns:///r/.git//:0:s/a.py", "/r/s/a.py"),
    ("gitsigns:///r/.git//HEAD~1:s/a.py", "/r/s/a.py"),
    ("gitsigns:///r/.git//origin/main:s/a.py", "/r/s/a.py"),
    ("gitsigns:///r/.git/modules/sub/:0:a.py", "/r/sub/a.py"),
    ("diffview:///r/.git/:0:/s/a.py", "/r/s/a.py"),
    ("diffview:///r/.git/a1b2c3d4e5f/s/a.py", "/r/s/a.py"),
    ("oil:///r/s/", "/r/s"),
    ("scp://localhost//r/a.py", "/r/a.py"),
    ("sftp://u@127.0.0.1:22/r/a.py", "/r/a.py"),
    ("some-extension:/r/a.py", "/r/a.py"),
    ("_claude_vscode_fs_right:/r/a.py", "/r/a.py"),
    ("_claude_fs_left:/r/a.py", "/r/a.py"),
    ("some_extension:///r/a.py", "/r/a.py"),
    ("zipfile:///r/x.zip::s/a.py", "/r/x.zip"),
    ("zipfile:/r/x.zip::s/a.py", "/r/x.zip"),
    ("zip:/r/.yarn/x.zip/s/a.py", "/r/.yarn/x.zip"),
    ("zip:///r/x.zip", "/r/x.zip"),
    ("tarfile:/r/x.tar.gz::s/a.py", "/r/x.tar.gz"),
    ("jar:file:///r/x.jar!/s/a.py", "/r/x.jar"),
]

# Each row: a uri of a text that is not on this disk, or of no name; and its last part.
OTHERS = [
    ("", ""),
    ("file://", ""),
    ("file:///", ""),
    ("untitled:Untitled-1", ""),
    ("untitled:Untitled-1.ipynb", ""),
    ("untitled:notes.py", "notes.py"),
    ("untitled:s/a.py", "a.py"),
    ("a.py", "a.py"),
    ("s/a.py", "a.py"),
    ("scp://u@host:22//r/a.py", "a.py"),
    ("scp://host/a.py", "a.py"),
    ("sftp://host/r/a.py", "a.py"),
    ("ssh://host/r/a.py", "a.py"),
    ("rsync://host/r/a.py", "a.py"),
    ("ftp://host/r/a.py", "a.py"),
    ("https://localhost/r/a.py", "a.py"),
    ("/ssh:u@host:/r/a.py", "a.py"),
    ("/ssh:u@host#22:/r/a.py", "a.py"),
    ("/ssh:[::1]:/r/a.py", "a.py"),
    ("/ssh:host|sudo:host:/r/a.py", "a.py"),
    ("/docker:box:/r/a.py", "a.py"),
    ("file:///ssh:host:/r/a.py", "a.py"),
    ("vscode-remote://ssh-remote%2Bhost/r/a.py", "a.py"),
    ("vscode-vfs://github/o/r/a.py", "a.py"),
    ("octo://o/r/review/1/file/LEFT/s/a.py", "a.py"),
    ("oil-ssh://host/r/s/", "s"),
    ("deno:/https/deno.land/std/a.ts", "a.ts"),
    ("jdt://contents/x.jar/p/A.class?=a/%3Cb", "A.class"),
    ("unknown-extension://x/r/a.py", "a.py"),
    ("fugitive:///home/u/dots//0/a.py", "a.py"),
    ("C:\\r\\a.py", "a.py"),
    ("http://[", "["),
    ("gitsigns://", ""),
    ("diffview://", ""),
]


@pytest.mark.parametrize(("uri", "path"), FILES)
def test_a_file_has_one_name(uri: str, path: str) -> None:
    name = document_name(uri, "linux")
    assert (name.path, name.is_file) == (path, True)
    assert name.paths[0] == path


@pytest.mark.parametrize(("uri", "path"), VERSIONS)
def test_a_version_or_part_of_a_file_has_that_file_s_name(uri: str, path: str) -> None:
    name = document_name(uri, "linux")
    assert (name.path, name.is_file) == (path, False)
    assert to_path(uri) is None


@pytest.mark.parametrize(("uri", "title"), OTHERS)
def test_another_text_has_the_last_part_of_its_name(uri: str, title: str) -> None:
    name = document_name(uri, "linux")
    assert (name.path, name.title) == (None, title)
    assert name.unresolvable is None
    assert bool(name.names) is bool(title)


@pytest.mark.parametrize(
    "uri", ["scp://host//r/a.py", "https://h/r/a.py", "/ssh:host:/r/a.py", "vscode-vfs://h/r/a.py"]
)
def test_what_lies_on_another_machine_is_no_file_of_this_disk(uri: str) -> None:
    assert document_name(uri).paths == ()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c:/r/a.py", "C:\\r\\a.py"),
        ("file:///C%3A/r/a.py", "C:\\r\\a.py"),
        ("file:///c|/r/a.py", "C:\\r\\a.py"),
        ("file://localhost/c%3A/r/a.py", "C:\\r\\a.py"),
        ("c:\\r\\a.py", "C:\\r\\a.py"),
        ("C:/r//s/../a.py", "C:\\r\\a.py"),
        ("file:///c%3A/r/.env.", "C:\\r\\.env"),
        ("file:///c%3A/r/.env%20%20", "C:\\r\\.env"),
        ("file:///c%3A/r./.env", "C:\\r\\.env"),
        ("file:///c%3A/r/.env::$DATA", "C:\\r\\.env"),
        ("file:///c%3A%5Cr%5Ca.py", "C:\\r\\a.py"),
        ("file://server/share/r/a.py", "\\\\server\\share\\r\\a.py"),
        ("file:////server/share/r/a.py", "\\\\server\\share\\r\\a.py"),
        ("\\\\server\\share\\r\\a.py", "\\\\server\\share\\r\\a.py"),
        ("\\\\?\\C:\\r\\a.py", "C:\\r\\a.py"),
        ("\\\\?\\UNC\\server\\share\\r\\a.py", "\\\\server\\share\\r\\a.py"),
        ("\\\\wsl$\\Ubuntu\\r\\a.py", "\\\\wsl$\\Ubuntu\\r\\a.py"),
        ("untitled:C:\\r\\a.py", "C:\\r\\a.py"),
        ("git:/c%3A/r/a.py?" + told(path="c:\\r\\a.py", ref="~"), "C:\\r\\a.py"),
        ("vscode-notebook-cell:/c%3A/r/n.ipynb#W0s", "C:\\r\\n.ipynb"),
        ("fugitive:///C:/r/.git//0/a.py", "C:\\r\\a.py"),
        ("_claude_vscode_fs_right:/c:/r/a.py", "C:\\r\\a.py"),
    ],
)
def test_a_file_has_one_name_on_windows(uri: str, path: str) -> None:
    assert document_name(uri, "win32").path == path


@pytest.mark.parametrize("uri", ["file:///r/e%CC%81.py", "file:///r/%C3%A9.py", "/r/é.py"])
def test_both_normal_forms_are_one_name_to_apple(uri: str) -> None:
    assert document_name(uri, "darwin").path == "/r/é.py"


def test_they_are_two_files_to_linux() -> None:
    assert document_name("file:///r/e%CC%81.py", "linux").path == "/r/e\u0301.py"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///r/%252Eenv", "/r/.env"),
        ("file:///r/%25252Eenv", "/r/.env"),
        ("file:///r/.env#v1.2", "/r/.env"),
        ("file:///r/.env?a=b/c", "/r/.env"),
        ("/r/.env#1", "/r/.env"),
        ("/r/%2Eenv", "/r/.env"),
        ("file:///r/link/../.env", "/r/link/../.env"),
        ("git:/r/id_rsa.git", "/r/id_rsa"),
        ("vscode-file://vscode-app/r/a.py", "/r/a.py"),
        ("vscode://file/r/a.py", "/r/a.py"),
        ("vscode-remote://wsl%2BUbuntu/r/a.py", "/r/a.py"),
        ("inmemory://model/r/a.py", "/r/a.py"),
        ("ginedit:///r;HEAD#s/a.py", "/r/s/a.py"),
        ("gina:///r:show/HEAD:s/a.py", "/r/s/a.py"),
        ("gitlens://x/r/a.py?" + told(path="/r/.env"), "/r/.env"),
        ("gitlens://git/s/a.py?" + told(path="/s/a.py", repoPath="/r"), "/r/s/a.py"),
        ("file:///r/s/n.md.otter.py", "/r/s/n.md"),
        ("file:///r/s/n.qmd.tmp.py", "/r/s/n.qmd"),
        ("file:///r/.virtual_documents/s/n.ipynb", "/r/s/n.ipynb"),
    ],
)
def test_all_that_a_uri_may_mean_is_judged(uri: str, path: str) -> None:
    assert path in document_name(uri, "linux").paths


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("zipfile:///r/x.zip::s/.env", "/s/.env"),
        ("jar:file:///r/x.jar!/s/%2Eenv", "/s/.env"),
        ("zip:/r/x.zip/s/.env", "/s/.env"),
        ("tarfile:/r/x.tgz::.ssh/config", "/.ssh/config"),
        ("scp://host/.env", "/host/.env"),
        ("scp:host:.env", "/host/.env"),
        ("suda://etc/shadow", "/etc/shadow"),
        ("C:\\r\\.env", "C:/r/.env"),
        ("file:///C:%5Cr%5C.env", "/C:/r/.env"),
        # Git's folder is not called .git: the workspace's folders tell where the file lies.
        ("fugitive:///p/.bare/worktrees/main//0/s/a.py", "s/a.py"),
        ("gitsigns:///p/.bare//HEAD~1:s/a.py", "s/a.py"),
        ("gitsigns:///p/.bare/worktrees/main/:0:s/a.py", "s/a.py"),
        ("diffview:///p/.bare/worktrees/main/a1b2c3d4e5f/s/a.py", "s/a.py"),
        ("codediff:///r///a1b2c3d/s/a.py", "s/a.py"),
        ("codediff:///r///HEAD/s/a.py", "s/a.py"),
        ("minigit://3/git show HEAD:s/a.py", "s/a.py"),
    ],
)
def test_names_in_archives_and_elsewhere_are_judged(uri: str, name: str) -> None:
    assert name in document_name(uri, "linux").names


@pytest.mark.parametrize(
    "uri", ["git-graph:file.py?nothing", "git-graph:file.py", "file:///" + "a" * 40_000]
)
def test_what_does_not_say_which_file_it_shows_is_unresolvable(uri: str) -> None:
    assert document_name(uri).unresolvable


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("file:///r/s/a.py", "s/a.py"),
        ("/r/s/a.py", "s/a.py"),
        ("file:///elsewhere/s/a.py", "a.py"),
        ("git:/r/s/a.py.git?" + told(path="/r/s/a.py", ref="~"), "s/a.py"),
        ("fugitive:///r/.git//0/s/a.py", "s/a.py"),
        ("vscode-notebook-cell:/r/s/n.ipynb#W1sZmlsZQ==", "s/n.ipynb#W1"),
        ("vscode-notebook-cell:/r/s/n.ipynb#../x", "s/n.ipynb"),
        ("file:///r/s/a%5Cb.py", "s/a\\b.py"),
        ("file:///r/s/%FF.py", "s/\udcff.py"),
        ("zipfile:///r/x.zip::s/a.py", "a.py"),
        ("scp://host/r/s/a.py", "a.py"),
        ("untitled:Untitled-1", ""),
    ],
)
def test_the_name_that_a_model_sees(uri: str, shown: str) -> None:
    assert name_within(uri, [Path("/r")]) == shown


def test_all_spellings_of_a_file_have_one_uri() -> None:
    same = ("file:///a/b%20c.py", "file:/a/b c.py", "/a/b c.py", "file:///a/x/../b%20c.py")
    assert {canonical_uri(each) for each in same} == {"file:///a/b%20c.py"}
    assert canonical_uri("git:/a/b.py") == "git:/a/b.py"
    assert canonical_uri("") == ""


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
def test_loopback_hosts_are_recognized(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
