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
        ".bash_history",
        ".npmrc",
    ],
)
def test_secrets_are_excluded_whatever_the_folder_says(tmp_path: Path, name: str) -> None:
    (tmp_path / ".gitignore").write_text("!*\n")
    rule = Gate([tmp_path]).excludes_path(tmp_path / name)
    assert rule
    assert rule.startswith("built-in: ")


@pytest.mark.parametrize(
    "name", ["a.py", "environment.py", "envelope/key.py", "中文.py", "id_rsa_parser.c"]
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


def test_document_without_a_file_has_no_name_to_judge() -> None:
    assert Gate().excludes("untitled:Untitled-1") is None
    assert Gate().excludes("file:///home/u/.ssh/config")
