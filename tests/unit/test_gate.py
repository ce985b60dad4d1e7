"""The privacy gate, by file name."""

from pathlib import Path

import pytest

from ds_lsp.privacy.gate import Gate


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
def test_code_is_not(tmp_path: Path, name: str) -> None:
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
def test_ignore_files(tmp_path: Path, name: str, rule: str | None) -> None:
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


def test_link_is_judged_by_what_it_is_a_link_to(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=1")
    (tmp_path / "conf.txt").symlink_to(tmp_path / ".env")
    assert Gate([tmp_path]).excludes_path(tmp_path / "conf.txt")


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


@pytest.mark.parametrize("name", ["a" * 300 + ".py", "a\0b.py"])
def test_names_no_disk_can_hold_are_judged(tmp_path: Path, name: str) -> None:
    assert Gate([tmp_path]).excludes_path(tmp_path / name) is None
    assert Gate([tmp_path]).excludes((tmp_path / "x").as_uri() + name.replace("\0", "%00")) is None
