"""The privacy gate, by file name."""

import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest

from ds_lsp.workspace.privacy.gate import Gate


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.production",
        "deploy/prod.env",
        "server.pem",
        "中文/私钥.key",
        "id_rsa",
        "x/.ssh/config",
        "x/.aws/credentials",
        "config/credentials",
        "credentials/server.pem",
        "terraform.tfstate",
        "passwords.kdbx",
        ".npmrc",
        ".env.example",
        ".envrc",
        "app/.environment",
        "tls/server.crt",
        "server.cer",
        "server.der",
        "AuthKey.p8",
        "chain.p7b",
        "id_ed25519",
        ".azure/accessTokens.json",
        "home/.config/gcloud/credentials.db",
        ".netrc",
        ".kube/config",
        "terraform.tfstate.backup",
        "release.jks",
        "release.bks",
        "android.keystore",
        "wallet.dat",
        "passwords.kdb",
        "old.1pif",
        "1Password.agilekeychain/data/default/x.1password",
        ".password-store/mail.gpg",
        ".bash_history",
        ".zsh_history",
        ".psql_history",
        ".python_history",
        "fish/fish_history",
        "ConsoleHost_history.txt",
    ],
)
def test_secrets_are_excluded_whatever_the_folder_says(tmp_path: Path, name: str) -> None:
    (tmp_path / ".gitignore").write_text("!*\n")
    rule = Gate([tmp_path]).excludes_path(tmp_path / name)
    assert rule
    assert rule.startswith("built-in: ")


@pytest.mark.parametrize(
    "name",
    [
        *("a.py", "environment.py", "envelope/key.py", "中文.py", "id_rsa_parser.c"),
        *("environment.ts", "env.py", "dotenv.rs", "keys.py", "key.ts", "keystore.go", "wallet.ts"),
        *("history.py", "bash_history.py", "credentials/views.py", "secrets.py", "certificates.md"),
        *("tfstate.go", "ssh/config.py", "aws/client.py", "gcloud/run.py", "netrc.py", "pem.c"),
    ],
)
def test_code_with_a_name_like_a_secret_is_allowed(tmp_path: Path, name: str) -> None:
    assert Gate([tmp_path]).allows(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("build/a.py", ".gitignore: build/"),
        ("sub/build/a.py", ".gitignore: build/"),
        ("a.log", ".gitignore: *.log"),
        ("keep.log", None),
        ("sub/b.log", None),
        ("sub/own.py", "sub/.gitignore: own.py"),
        ("own.py", None),
        ("mine.py", ".dslspignore: mine.py"),
        ("私.py", "privacy.ignore: 私.*"),
        ("top/x.py", "privacy.ignore: /top"),
        ("sub/top/x.py", None),
    ],
)
def test_ignore_files_and_settings_exclude_files(
    tmp_path: Path, name: str, rule: str | None
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n*.log\n!keep.log\n")
    (tmp_path / ".dslspignore").write_text("# mine\nmine.py\n")
    (tmp_path / "sub/.gitignore").write_text("!b.log\nown.py\n")
    found = Gate([tmp_path], ["私.*", "/top"]).excludes_path(tmp_path / name)
    assert (found is None) == (rule is None)
    assert (found or "").endswith(rule or "")


def test_file_outside_of_every_folder_is_judged_by_its_repository(tmp_path: Path) -> None:
    (tmp_path / "other/.git").mkdir(parents=True)
    (tmp_path / "other/.gitignore").write_text("x.py\n")
    gate = Gate([tmp_path / "workspace"])
    assert gate.excludes_path(tmp_path / "other/x.py")
    assert not gate.excludes_path(tmp_path / "other/y.py")


def test_ignore_file_that_is_not_utf8_does_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe\nx.py\n")
    assert Gate([tmp_path]).excludes_path(tmp_path / "x.py")


@pytest.mark.parametrize(
    ("uri", "is_excluded"),
    [
        ("untitled:Untitled-1", False),
        ("untitled:/d/.env", True),
        ("git:/d/.env?%7B%22ref%22%3A%22~%22%7D", True),
        ("git:/d/a.py?%7B%22ref%22%3A%22.env%22%7D", False),
        ("vscode-remote://wsl%2Bu/d/%2Eenv", True),
        ("vscode-remote://wsl%2Bu/d/.ssh/config", True),
        ("file:///home/u/.ssh/config", True),
        ("file:///d/.ENV", True),
        ("file:///d/ID_RSA", True),
        ("file:///d/私钥.PEM", True),
        ("http://[", False),
        ("", False),
    ],
)
def test_secrets_under_any_scheme_and_in_capitals(uri: str, is_excluded: bool) -> None:
    assert (Gate().excludes(uri) is not None) is is_excluded


# How clients name the file `s/NAME` of the repository `REPO`, its older versions and its parts.
SPELLINGS = [
    "file://REPO/s/NAME",
    "file:REPO/s/NAME",
    "file://localhostREPO/s/NAME",
    "file:///REPO//s/NAME",
    "file://REPO/x/../s/NAME",
    "file://REPO/s/%2E/NAME",
    "file://REPO/s/NAME#L1",
    "file://REPO/s/NAME?x=1.2",
    "REPO/s/NAME",
    "REPO/s/./NAME",
    "s/NAME",
    "untitled:REPO/s/NAME",
    "untitled:s/NAME",
    "vscode-userdata:REPO/s/NAME",
    "git:REPO/s/NAME",
    "git:REPO/s/NAME.git?{QUERY}",
    "git:/elsewhere/NAME?{QUERY}",
    "gitlens://7b7dREPO/s/NAME",
    "pr:REPO/s/NAME",
    "vscode-notebook-cell:REPO/s/NAME#W0sZmlsZQ==",
    "vscode-notebook-cell-output:REPO/s/NAME?openIn=editor#ch0",
    "fugitive://REPO/.git//0/s/NAME",
    "gitsigns://REPO/.git/:0:s/NAME",
    "gitsigns://REPO/.git//HEAD:s/NAME",
    "diffview://REPO/.git/a1b2c3d4e5f/s/NAME",
    "zipfile://REPO/s/NAME::x.py",
    "jar:file://REPO/s/NAME!/x.py",
    "suda://REPO/s/NAME",
    "/sudo::REPO/s/NAME",
    "sftp://localhostREPO/s/NAME",
    "some-extension:REPO/s/NAME",
    "_claude_vscode_fs_right:REPO/s/NAME",
    "/sudo:root@this-machine:REPO/s/NAME",
    "/:REPO/s/NAME",
    " file://REPO/s/NAME",
    "REPO/s/NAME.otter.py",
    "REPO/.virtual_documents/s/NAME",
    "fugitive:///elsewhere/.bare/worktrees/w//0/s/NAME",
    "gitsigns:///elsewhere/.bare/worktrees/w/:0:s/NAME",
    "diffview:///elsewhere/.bare/worktrees/w/a1b2c3d4e5f/s/NAME",
    "codediff://REPO///HEAD/s/NAME",
    "minigit://3/git show HEAD:s/NAME",
]


def spelled(spelling: str, repository: Path, name: str) -> str:
    query = quote(json.dumps({"path": str(repository / "s" / name), "ref": "~"}))
    path = repository.as_posix()
    return spelling.replace("{QUERY}", query).replace("REPO", path).replace("NAME", name)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ignored.py", ".gitignore: ignored.*"),
        ("mine.py", ".dslspignore: mine.*"),
        ("own.py", "privacy.ignore: s/own.*"),
        ("私.py", "privacy.ignore: 私.*"),
        ("secrets.yml", "built-in: secrets.yml"),
        ("server.key~", "built-in: *.key (by server.key)"),
    ],
)
def test_a_file_is_judged_alike_under_every_name(
    tmp_path: Path, spelling: str, name: str, rule: str
) -> None:
    (tmp_path / ".gitignore").write_text("ignored.*\n")
    (tmp_path / ".dslspignore").write_text("mine.*\n")
    gate = Gate([tmp_path], ["s/own.*", "私.*"])
    found = gate.excludes(spelled(spelling, tmp_path, name))
    assert found
    assert found.endswith(rule)
    assert gate.excludes(spelled(spelling, tmp_path, "a.py")) is None


@pytest.mark.parametrize(
    "uri",
    [
        "scp://host//home/u/s/own.py",
        "scp:host:s/own.py",
        "/ssh:host:/home/u/s/own.py",
        "vscode-remote://ssh-remote%2Bhost/home/u/s/own.py",
        "octo://o/r/review/1/file/RIGHT/s/own.py",
        "zipfile:///tmp/x.zip::s/own.py",
        "unknown://x/s/own.py",
        "file:///outside/of/it/s/own.py",
        "git:/outside/of/it/s/own.py",
    ],
)
def test_the_user_s_globs_hold_for_what_is_not_on_this_disk(uri: str) -> None:
    assert Gate([Path("/w")], ["s/own.*"]).excludes(uri) == "privacy.ignore: s/own.*"
    assert Gate([Path("/w")], ["s/other.*"]).excludes(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        *("untitled:Untitled-1", "", "file://", "untitled:Untitled-2.ipynb", "http://["),
        *("fugitive:///r/.git//0/a.py", "jdt://contents/x.class?=a/%3Cb", "file:///n/100%.py"),
    ],
)
def test_what_has_no_name_or_an_ordinary_one_is_completed(tmp_path: Path, uri: str) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    assert Gate([tmp_path]).excludes(uri) is None


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "", "file:///w/a.py", "scp://host/a.py"])
def test_a_glob_for_everything_holds_for_what_has_no_name(uri: str) -> None:
    assert Gate([Path("/w")], ["*"]).excludes(uri) == "privacy.ignore: *"


@pytest.mark.parametrize(
    "uri",
    [
        "zipfile:///tmp/x.zip::s/.env",
        "jar:file:///tmp/x.jar!/s/secrets.yml",
        "scp://host//etc/shadow",
        "/ssh:host:/home/u/.ssh/config",
        "/ssh:host|sudo:host:/etc/shadow",
        "octo://o/r/review/1/file/LEFT/.env",
        "C:\\Users\\u\\.ssh\\config",
        "file:///w/%252Eenv",
        "file:///w/.env%20",
        "file:///w/.env.",
        "git-graph:file.py?nothing",
    ],
)
def test_secrets_elsewhere_and_what_is_not_resolved_are_excluded(uri: str) -> None:
    assert Gate([Path("/w")]).excludes(uri)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other", ["NFC", "NFD"])
def test_normal_forms_make_no_difference_to_the_user_s_globs(
    form: Literal["NFC", "NFD"], other: Literal["NFC", "NFD"]
) -> None:
    glob, name = unicodedata.normalize(form, "é가.*"), unicodedata.normalize(other, "é가.py")
    gate = Gate([Path("/w")], [glob])
    assert gate.excludes(Path("/w", name).as_uri()) == "privacy.ignore: é가.*"
    assert gate.excludes_path(Path("/w") / name)


@pytest.mark.parametrize(
    ("platform", "is_excluded"), [("linux", False), ("darwin", True), ("win32", True)]
)
def test_case_makes_no_difference_where_the_system_makes_none(
    platform: str, is_excluded: bool
) -> None:
    gate = Gate([Path("/w")], ["Private/*.TXT"], platform=platform)
    found = gate.excludes("scp://host/private/a.txt")
    assert (found is not None) is is_excluded


@pytest.mark.parametrize(
    ("ignore", "name", "is_excluded"),
    [
        (["private/"], "a.py", True),
        (["/private"], "a.py", True),
        (["u/private/"], "a.py", True),
        (["home/u/private/shop/a.py"], "a.py", True),
        (["private/shop/*.py"], "a.py", True),
        (["/shop/a.py"], "a.py", True),
        (["*.txt", "!keep.txt"], "keep.txt", False),
        (["*.txt", "!/keep.txt"], "keep.txt", False),
        (["*.txt", "!/keep.txt"], "s/keep.txt", True),
        (["a.txt"], "a.txt~", True),
        (["a.txt"], ".a.txt.swp", True),
        (["a.txt"], "a 2.txt", True),
        (["/s/a.py"], "t/s/a.py", False),
    ],
)
def test_the_user_s_globs_hold_for_the_whole_path(
    ignore: list[str], name: str, is_excluded: bool
) -> None:
    gate = Gate([Path("/home/u/private/shop")], ignore)
    assert gate.allows(Path("/home/u/private/shop") / name) is not is_excluded


def test_a_copy_in_the_editor_s_folder_is_judged_as_its_original(tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    workspace.mkdir()
    (workspace / ".gitignore").write_text("ignored.py\n")
    gate = Gate([workspace])
    for sign in "%!":
        folder = workspace.as_posix().replace("/", sign)
        assert not gate.allows(tmp_path / "undo" / f"{folder}{sign}ignored.py")
        assert gate.allows(tmp_path / "undo" / f"{folder}{sign}a.py")


@pytest.mark.parametrize(
    ("line", "is_excluded"),
    [
        ("s/*.yml filter=git-crypt diff=git-crypt", True),
        ("*.yml diff=git-crypt filter=git-crypt-other", True),
        ("a.yml filter=crypt diff=crypt merge=crypt", True),
        ('"s/a.yml" filter=git-agecrypt', True),
        ("s/** filter=git-crypt", True),
        ("* filter=git-crypt\na.yml !filter !diff", False),
        ("* filter=git-crypt\na.yml -filter", False),
        ("* filter=git-crypt\na.yml filter=lfs", False),
        ("*.yml filter=lfs diff=lfs merge=lfs -text", False),
        ("*.yml text=auto", False),
        ("# *.yml filter=git-crypt", False),
        ("b.yml filter=git-crypt", False),
        ("[attr]secret filter=git-crypt", False),
        ("*.yml", False),
    ],
)
def test_what_git_keeps_encrypted_is_excluded(tmp_path: Path, line: str, is_excluded: bool) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "s").mkdir()
    (tmp_path / ".gitattributes").write_text(line + "\n")
    for folders in ([], [tmp_path], [tmp_path / "s"]):
        assert Gate(folders).allows(tmp_path / "s/a.yml") is not is_excluded


@pytest.mark.parametrize("suffix", [".gpg", ".age", ".enc", ".pgp"])
def test_what_lies_beside_its_encrypted_form_is_excluded(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"notes.txt{suffix}").write_bytes(b"")
    assert Gate([tmp_path]).excludes_path(tmp_path / "notes.txt")
    assert Gate([tmp_path]).allows(tmp_path / "other.txt")


def test_a_workspace_may_be_named_by_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/.gitignore").write_text("ignored.py\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for folder in ("real", "link"):
        for path in ("real/ignored.py", "link/ignored.py"):
            assert Gate([tmp_path / folder]).excludes_path(tmp_path / path)
        assert Gate([tmp_path / folder]).allows(tmp_path / "real/a.py")


def test_link_is_judged_by_what_it_is_a_link_to(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=1")
    (tmp_path / "conf.txt").symlink_to(tmp_path / ".env")
    assert Gate([tmp_path]).excludes_path(tmp_path / "conf.txt")


def test_an_open_document_that_has_become_a_link_is_judged_by_it_a_second_later(
    tmp_path: Path,
) -> None:
    now = 0.0
    gate = Gate([tmp_path], clock=lambda: now)
    document = tmp_path / "笔记 😀.txt"
    document.write_text("")
    assert gate.excludes(document.as_uri()) is None
    (tmp_path / ".env").write_text("KEY=1")
    document.unlink()
    document.symlink_to(tmp_path / ".env")
    now = 0.9
    assert gate.excludes(document.as_uri()) is None
    now = 1.1
    assert gate.excludes(document.as_uri())


def test_a_document_that_was_forgotten_is_judged_anew_at_once(tmp_path: Path) -> None:
    gate = Gate([tmp_path], clock=lambda: 0.0)
    document, other = tmp_path / "notes.txt", tmp_path / "other.txt"
    for each in (document, other):
        assert gate.excludes(each.as_uri()) is None
        each.symlink_to(tmp_path / ".env")
    gate.forget(document.as_uri())
    assert gate.excludes(document.as_uri())
    assert gate.excludes(other.as_uri()) is None


def test_folder_itself_is_judged_as_one(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/build").write_text("a file of that name")
    gate = Gate([tmp_path])
    assert not gate.allows(tmp_path / "build")
    assert gate.allows(tmp_path / "sub/build")


@pytest.mark.parametrize("bad", ["!", "\\", "a\\", "[z-a]"])
def test_bad_glob_costs_that_glob(tmp_path: Path, bad: str) -> None:
    gate = Gate([tmp_path], ["*.one", bad, "*.two"])
    assert gate.excludes_path(tmp_path / "x.one")
    assert gate.excludes_path(tmp_path / "x.two") == "privacy.ignore: *.two"
    assert gate.problem
    assert repr(bad) in gate.problem
    (tmp_path / ".gitignore").write_text(f"*.three\n{bad}\n*.four\n")
    assert Gate([tmp_path]).excludes_path(tmp_path / "x.three")
    found = Gate([tmp_path]).excludes_path(tmp_path / "x.four")
    assert found
    assert found.endswith(": *.four")
    assert Gate([tmp_path]).problem is None


def test_path_that_is_too_deep_is_not_looked_into(tmp_path: Path) -> None:
    assert Gate([tmp_path]).excludes_path(tmp_path / ("b/" * 3000 + "c.py"))


@pytest.mark.parametrize("uri", ["file:///", "untitled:", "vscode-remote://h/"])
def test_a_name_that_no_disk_can_hold_is_not_looked_into(uri: str) -> None:
    assert Gate().excludes(uri + "a" * 5_000_000)


def test_a_link_that_this_user_may_not_read_is_judged_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those in /proc of another user's process."""

    def refuse(path: object) -> str:
        raise PermissionError

    monkeypatch.setattr("os.readlink", refuse)
    (tmp_path / "link").symlink_to(tmp_path)
    gate = Gate([tmp_path])
    assert gate.excludes((tmp_path / "link/.env").as_uri())
    assert gate.excludes((tmp_path / "link/a.py").as_uri()) is None


@pytest.mark.parametrize("name", ["a" * 300 + ".py", "a\0b.py"])
def test_names_no_disk_can_hold_are_judged(tmp_path: Path, name: str) -> None:
    assert Gate([tmp_path]).excludes_path(tmp_path / name) is None
    assert Gate([tmp_path]).excludes((tmp_path / "x").as_uri() + name.replace("\0", "%00")) is None


def test_what_a_link_out_of_the_workspace_leads_to_is_judged_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "outside/.git").mkdir(parents=True)
    (tmp_path / "outside/.gitignore").write_text("private/\n")
    (tmp_path / "outside/private").mkdir()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "notes").symlink_to(tmp_path / "outside/private")
    (workspace / "open").symlink_to(tmp_path / "outside")
    gate = Gate([workspace])
    rule = gate.excludes_path(workspace / "notes/a.py")
    assert rule
    assert rule.endswith("outside/.gitignore: private/")
    assert gate.allows(workspace / "open/a.py")
    assert not gate.allows(workspace / "open/.env")


def test_the_whole_disk_as_a_workspace() -> None:
    gate = Gate([Path("/")])
    assert gate.excludes_path(Path("/home/u/.ssh/config"))
    assert gate.allows(Path("/home/u/a.py"))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="device"),
        pytest.param(lambda path: path.symlink_to(path), id="loop"),
        pytest.param(lambda path: path.symlink_to("../outside.txt"), id="link out"),
        pytest.param(lambda path: path.symlink_to("pipe"), id="link to a fifo"),
        pytest.param(os.mkfifo, id="fifo"),
        pytest.param(Path.mkdir, id="folder"),
    ],
)
@pytest.mark.parametrize("name", [".gitignore", ".dslspignore"])
def test_an_ignore_file_that_is_none_is_not_read(
    tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    (tmp_path / "outside.txt").write_text("*.py\n")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    os.mkfifo(workspace / "pipe")
    make(workspace / name)
    assert Gate([workspace]).allows(workspace / "a.py")


def test_an_ignore_file_that_is_a_link_within_the_workspace_is_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "shared").write_text("a.py\n")
    (tmp_path / "sub/.dslspignore").symlink_to("../shared")
    assert not Gate([tmp_path]).allows(tmp_path / "sub/a.py")


def test_more_globs_than_can_be_judged_by_let_nothing_in(tmp_path: Path) -> None:
    gate = Gate([tmp_path], [f"x{number}" for number in range(100_000)])
    assert gate.excludes_path(tmp_path / "a.py")
    assert gate.excludes("untitled:Untitled-1")
    assert gate.problem == (
        "privacy.ignore has more patterns than ds-lsp can judge by: no file is read or sent."
    )


def test_of_a_hundred_thousand_patterns_none_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sub").mkdir()
    many = "".join(f"x{number}*.z\n" for number in range(100_000))
    (tmp_path / ".gitignore").write_text(f"first.py\n{many}last.py\n")
    told: list[str | None] = []
    gate = Gate([tmp_path], ["!"], report=lambda: told.append(gate.problem))
    for name in ("first.py", "last.py", "here.py"):
        assert not gate.allows(tmp_path / "sub" / name)
    assert told == [gate.problem]
    assert str(gate.problem).startswith("privacy.ignore: '!' cannot match")
    assert f"{tmp_path}/.gitignore has more patterns than ds-lsp can judge by" in str(gate.problem)
    assert "more patterns" in caplog.text


def test_the_rule_that_is_named_is_the_one_that_speaks(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("# mine\n\n*.x\n\n\n\x1b*.y\n")
    rule = Gate([tmp_path]).excludes_path(tmp_path / "a.x")
    assert rule
    assert rule.endswith(": *.x")
    rule = Gate([tmp_path]).excludes_path(tmp_path / "\x1ba.y")
    assert rule
    assert rule.endswith(": \\x1b*.y")


def test_stars_do_not_take_hours(tmp_path: Path) -> None:
    stars, deep = "*a" * 40 + "*b\n", "**/a/" * 40 + "b\n"
    (tmp_path / ".gitignore").write_text(stars + deep)
    assert Gate([tmp_path]).allows(tmp_path / ("a" * 250))
    assert Gate([tmp_path]).allows(tmp_path / ("a/" * 60 + "c"))
    assert not Gate([tmp_path]).allows(tmp_path / ("a" * 250 + "b"))


def test_many_bad_globs_make_a_short_message() -> None:
    problem = Gate([], ["!" + "/" * 500, *["\\"] * 1000]).problem
    assert problem
    assert len(problem) < 500
