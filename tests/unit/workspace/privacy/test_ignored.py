"""Ignore files where they are: what git excludes in a repository, and what we add to it."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ds_lsp.workspace.privacy.ignored import IgnoreFiles
from ds_lsp.workspace.privacy.patterns import MAX_COST
from tests.unit.git import git, git_environment, is_ignored, lines_that_match


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whose configuration is the test's."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    for name, value in git_environment(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def repository(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", home=folder)
    return write(folder, files)


LINES = (
    *("*", "!*/", "!*.py", "*.py", "/*", "!/src/", "/src/*", "!/src/**", "src/**", "**/src", "**/"),
    *(
        "!src",
        "src/",
        "src",
        "lib/",
        "!lib",
        "/lib",
        "lib/*",
        "!lib/a.py",
        "a.py",
        "!a.py",
        "/a.py",
    ),
    *("**/lib/a.py", "src/lib", "src/**/a.py", "*/a.py", "!*/a.py", "b.*", "!b.txt", "[ab].py"),
    *(
        "**/*",
        "!**/*.py",
        "*/",
        "!*",
        "src/**/",
        "!src/**/",
        "src/lib/",
        "**/lib/**",
        "\\a.py",
        "x",
    ),
)
FOLDERS = ("", "src/", "src/lib/", "src/lib/src/", "lib/", "lib/src/")


@pytest.mark.parametrize("seed", range(6))
def test_in_a_tree_of_ignore_files_git_excludes_the_same(
    tmp_path: Path, home: Path, seed: int
) -> None:
    dice = random.Random(seed)

    def some_lines() -> str:
        return "".join(f"{dice.choice(LINES)}\n" for _ in range(dice.choice((0, 1, 2, 3, 5))))

    for number in range(25):
        root = repository(tmp_path / str(number), {})
        names = [f"{folder}{name}" for folder in FOLDERS for name in ("a.py", "b.txt", "x")]
        write(root, dict.fromkeys(names, ""))
        for folder in FOLDERS:
            if dice.random() < 0.5:
                write(root, {f"{folder}.gitignore": some_lines()})
        write(root, {".git/info/exclude": some_lines()})
        write(home, {".config/git/ignore": some_lines()})
        # A file of a name that is a folder elsewhere; and names of which there is nothing.
        write(root, {"src/y/src": "", "lib/lib": ""})
        names += ["src/y/src", "lib/lib", "none/a.py", "src/none", *(f[:-1] for f in FOLDERS[1:])]
        expected = lines_that_match(root, map(str.encode, names), home=home)
        for opened in (root, root / "src", tmp_path / "elsewhere"):
            ignored = IgnoreFiles([opened])
            for name in names:
                rule = ignored.excludes(root / name)
                assert (rule is not None) is is_ignored(expected[name.encode()]), (name, rule)


@pytest.mark.parametrize(
    ("files", "name", "by"),
    [
        pytest.param({".gitignore": "x.py\n"}, "sub/x.py", ".gitignore: x.py", id="root"),
        pytest.param({".gitignore": "/sub/\n"}, "sub/deep/x.py", ".gitignore: /sub/", id="folder"),
        pytest.param({"sub/.gitignore": "x.py\n"}, "sub/x.py", "sub/.gitignore: x.py", id="own"),
        pytest.param({".dslspignore": "x.py\n"}, "sub/x.py", ".dslspignore: x.py", id="ours"),
        pytest.param({".git/info/exclude": "x.py\n"}, "sub/x.py", "exclude: x.py", id="exclude"),
        pytest.param(
            {".gitignore": "*.py\n", ".dslspignore": "!x.py\n"},
            "sub/x.py",
            ".gitignore: *.py",
            id="ours lets nothing in",
        ),
        pytest.param(
            {".dslspignore": "*.py\n", "sub/.gitignore": "!x.py\n"},
            "sub/x.py",
            ".dslspignore: *.py",
            id="git's lets nothing of ours in",
        ),
        pytest.param(
            {".dslspignore": "*.py\n", "sub/.dslspignore": "!x.py\n"}, "sub/x.py", None, id="back"
        ),
        pytest.param(
            {".gitignore": "x.py\n", ".git/info/exclude": "!x.py\n"},
            "sub/x.py",
            ".gitignore: x.py",
            id="a folder's file has the last word",
        ),
    ],
)
@pytest.mark.parametrize("opened", ["", "sub", "sub/deep", "../elsewhere", None])
def test_the_repository_counts_whichever_folder_is_opened(
    tmp_path: Path, files: dict[str, str], name: str, by: str | None, opened: str | None
) -> None:
    root = repository(tmp_path / "r", {**files, name: ""})
    folders = [] if opened is None else [Path(os.path.normpath(root / opened))]
    rule = IgnoreFiles(folders).excludes(root / name)
    assert (rule is None) is (by is None)
    assert (rule or "").endswith(by or "")


def inner_by_init(outer: Path, inner: Path) -> None:
    repository(inner, {})


def inner_by_worktree(outer: Path, inner: Path) -> None:
    git(outer, "commit", "-q", "--allow-empty", "-m", "m", home=outer)
    git(outer, "worktree", "add", "-q", str(inner), home=outer)


def inner_as_a_submodule(outer: Path, inner: Path) -> None:
    modules = outer / ".git/modules"
    modules.mkdir()
    git(outer, "init", "-q", "--separate-git-dir", str(modules / "x"), str(inner), home=outer)


INNER = [inner_by_init, inner_by_worktree, inner_as_a_submodule]


@pytest.mark.parametrize("make", INNER)
@pytest.mark.parametrize("opened", [(), ("outer",), ("inner",), ("outer", "inner")])
def test_a_repository_in_an_ignored_folder_is_judged_by_itself(
    tmp_path: Path, make: Callable[[Path, Path], None], opened: tuple[str, ...]
) -> None:
    outer = repository(
        tmp_path / "outer", {".gitignore": "/in/\n*.txt\n", ".dslspignore": "mine.*"}
    )
    inner = outer / "in/inner"
    make(outer, inner)
    write(inner, {".gitignore": "x.py\n", "a.py": "", "a.txt": "", "x.py": "", "mine.py": ""})
    folders = {"outer": outer, "inner": inner}
    ignored = IgnoreFiles([folders[name] for name in opened])
    expected = lines_that_match(inner, [b"a.py", b"a.txt", b"x.py"], home=outer)
    for name in ("a.py", "a.txt", "x.py"):
        rule = ignored.excludes(inner / name)
        assert (rule is not None) is is_ignored(expected[name.encode()])
    assert ignored.excludes(inner / "x.py")
    assert ignored.excludes(inner) is not None
    # Ours holds in all that the outer one contains, as git lets nothing of it in.
    assert ignored.excludes(inner / "mine.py")


def test_worktrees_share_the_exclude_file_of_their_repository(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer", {".git/info/exclude": "x.py\n"})
    inner_by_worktree(outer, tmp_path / "tree")
    assert (tmp_path / "tree/.git").is_file()
    assert IgnoreFiles().excludes(tmp_path / "tree/x.py")
    assert not IgnoreFiles().excludes(tmp_path / "tree/y.py")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda at: (at / ".git").mkdir(), id="empty folder"),
        pytest.param(lambda at: (at / ".git").write_text("gitdir: ../nowhere\n"), id="nowhere"),
        pytest.param(lambda at: (at / ".git").write_text("gitdir: //host/share\n"), id="share"),
        pytest.param(lambda at: (at / ".git").write_text("gitdir: \\\\host\\share\n"), id="unc"),
        pytest.param(lambda at: (at / ".git").write_text(""), id="empty file"),
        pytest.param(lambda at: os.mkfifo(at / ".git"), id="fifo"),
        pytest.param(lambda at: (at / ".git").symlink_to("/dev/zero"), id="device"),
        pytest.param(lambda at: (at / ".git").symlink_to(".git"), id="loop"),
        pytest.param(lambda at: (at / ".git").symlink_to("gone"), id="broken link"),
        pytest.param(lambda at: git(at, "init", "-q", "--bare", home=at), id="bare"),
    ],
)
def test_what_is_no_repository_lets_nothing_in_that_the_outer_one_ignores(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    outer = repository(tmp_path / "outer", {".gitignore": "/in/\n", "in/a.py": ""})
    make(outer / "in")
    assert IgnoreFiles([outer]).excludes(outer / "in/a.py")
    assert IgnoreFiles([outer / "in"]).excludes(outer / "in/a.py")


@pytest.mark.parametrize(
    ("opened", "is_excluded"),
    [(["w"], False), (["w/sub"], False), (["w", "w/sub"], False), ([], True)],
)
def test_outside_of_a_repository_the_workspace_folder_is_the_first(
    tmp_path: Path, opened: list[str], is_excluded: bool
) -> None:
    write(
        tmp_path, {".gitignore": "a.py\n", "w/.gitignore": "b.py\n", "w/sub/.gitignore": "c.py\n"}
    )
    ignored = IgnoreFiles([tmp_path / name for name in opened])
    assert (ignored.excludes(tmp_path / "w/sub/a.py") is not None) is is_excluded
    assert (ignored.excludes(tmp_path / "w/sub/b.py") is not None) is (opened != ["w/sub"])
    assert ignored.excludes(tmp_path / "w/sub/c.py")


def test_of_workspace_folders_in_each_other_the_outermost_counts_in_any_order(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"w/.gitignore": "b.py\n", "w/sub/x": ""})
    folders = [tmp_path / "w/sub", tmp_path / "w"]
    for order in (folders, folders[::-1]):
        assert IgnoreFiles(order).excludes(tmp_path / "w/sub/b.py")


@pytest.mark.parametrize(
    ("config", "where", "name", "is_excluded"),
    [
        ("", ".config/git/ignore", "x.py", True),
        ("", ".gitignore", "x.py", False),
        ("[core]\n\texcludesFile = ~/mine\n", "mine", "x.py", True),
        ("[core]\n\texcludesFile = ~/mine\n", ".config/git/ignore", "x.py", False),
        ("[CORE] ExcludesFile=~/mine # here\n", "mine", "x.py", True),
        ('[core]\nexcludesfile = "~/my file"\n', "my file", "x.py", True),
        ("[core]\nexcludesfile = ~/other\nexcludesfile = ~/mine\n", "mine", "x.py", True),
        ("[core]\nexcludesfile =\n", ".config/git/ignore", "x.py", False),
        ("[include]\npath = more\n", "mine", "x.py", True),
        ("[include]\npath = ~/more\n", "mine", "x.py", True),
        ("[include]\npath = .gitconfig\n", ".config/git/ignore", "x.py", True),
        ("not a configuration", ".config/git/ignore", "x.py", True),
        ("\ufeff[core]\r\nexcludesfile = ~/mine\r\n", "mine", "x.py", True),
        ("[core]\nignoreCase = true\n", ".config/git/ignore", "X.PY", True),
        ("[core]\nignoreCase = false\n", ".config/git/ignore", "X.PY", False),
    ],
)
def test_the_users_own_ignore_file(
    tmp_path: Path, home: Path, config: str, where: str, name: str, is_excluded: bool
) -> None:
    write(home, {".gitconfig": config, "more": "[core]\nexcludesFile = ~/mine\n", where: "x.py\n"})
    root = repository(tmp_path / "r", {})
    # What `git init` writes into the repository's own would have the last word.
    (root / ".git/config").write_text("[core]\nrepositoryformatversion = 0\n")
    # git refuses what includes itself, or is no configuration.
    if config.startswith("[") and "path = .gitconfig" not in config:
        found = lines_that_match(root, [name.encode()], home=home)
        assert is_ignored(found[name.encode()]) is is_excluded
    assert (IgnoreFiles().excludes(root / name) is not None) is is_excluded
    assert not IgnoreFiles().excludes(tmp_path / "outside/x.py")


@pytest.mark.parametrize(
    ("condition", "is_excluded"),
    [
        ("gitdir:~/work/", True),
        ("gitdir:~/work/r/.git", True),
        ("gitdir:~/work/r", False),
        ("gitdir:~/work/**", True),
        ("gitdir:~/wor?/*/.git", True),
        ("gitdir:~/play/", False),
        ("gitdir:work/", True),
        ("gitdir:r/.git", True),
        ("gitdir:./work/", True),
        ("gitdir:./play/", False),
        ("gitdir:~/WORK/", False),
        ("gitdir/i:~/WORK/", True),
        ("gitdir:", True),
    ],
)
def test_the_users_own_ignore_file_for_some_folders(
    home: Path, condition: str, is_excluded: bool
) -> None:
    config = f'[includeIf "{condition}"]\npath = ~/more\n'
    write(home, {".gitconfig": config, "more": "[core]\nexcludesFile = ~/mine\n", "mine": "x.py\n"})
    root = repository(home / "work/r", {})
    found = lines_that_match(root, [b"x.py"], home=home)
    assert is_ignored(found[b"x.py"]) is is_excluded
    assert (IgnoreFiles().excludes(root / "x.py") is not None) is is_excluded


@pytest.mark.parametrize("where", [".gitignore", ".config/git/ignore"])
def test_the_users_own_ignore_file_may_be_a_link(tmp_path: Path, home: Path, where: str) -> None:
    write(home, {".gitconfig": f"[core]\nexcludesFile = ~/{where}\n", "dotfiles/ignore": "x.py\n"})
    (home / where).parent.mkdir(parents=True, exist_ok=True)
    (home / where).symlink_to(home / "dotfiles/ignore")
    root = repository(tmp_path / "r", {})
    assert is_ignored(lines_that_match(root, [b"x.py"], home=home)[b"x.py"])
    assert IgnoreFiles([root]).excludes(root / "x.py")


def test_a_configuration_that_includes_itself_many_times_is_read_once(
    tmp_path: Path, home: Path
) -> None:
    include = "[include]\npath = .gitconfig\npath = more\n"
    write(home, {".gitconfig": include * 9, "more": include * 9, "mine": "x.py\n"})
    with (home / "more").open("a") as file:
        file.write("[core]\nexcludesFile = ~/mine\n")
    assert IgnoreFiles().excludes(repository(tmp_path / "r", {}) / "x.py")


def test_a_relative_ignore_file_of_the_user_is_each_repositorys_own(
    tmp_path: Path, home: Path
) -> None:
    write(home, {".gitconfig": "[core]\nexcludesFile = .mine\n"})
    root = repository(tmp_path / "r", {".mine": "x.py\n", "sub/y": ""})
    assert IgnoreFiles([root / "sub"]).excludes(root / "sub/x.py")


def test_a_repository_does_not_choose_a_file_to_be_read(tmp_path: Path, home: Path) -> None:
    write(tmp_path, {"private": "x.py\n", "more": f"[core]\nexcludesFile = {tmp_path}/private\n"})
    root = repository(tmp_path / "r", {})
    write(
        root,
        {".git/config": f"[include]\npath = {tmp_path}/more\n[core]\nexcludesFile = ../private\n"},
    )
    assert not IgnoreFiles().excludes(root / "x.py")


@pytest.mark.parametrize(
    ("config", "is_excluded"),
    [
        ("[core]\n\tignorecase = true\n", True),
        ("[core]\n\tignorecase\n", True),
        ("[core]\n\tIgnoreCase = YES ; as on this disk\n", True),
        ("[core]\n\tignorecase = 1\n", True),
        ("[core]\n\tignorecase = 0\n", False),
        ("[core]\n\tignorecase = false\n", False),
        ('[core "x"]\n\tignorecase = true\n', False),
        ("[corex]\n\tignorecase = true\n", False),
        ("", False),
    ],
)
def test_case_is_what_the_repositorys_configuration_says(
    tmp_path: Path, home: Path, config: str, is_excluded: bool
) -> None:
    root = repository(tmp_path / "r", {".gitignore": "Build/x.py\n"})
    write(root, {".git/config": f"[core]\nrepositoryformatversion = 0\n{config}"})
    found = lines_that_match(root, [b"build/X.py"], home=home)
    assert is_ignored(found[b"build/X.py"]) is is_excluded
    assert (IgnoreFiles().excludes(root / "build/X.py") is not None) is is_excluded


def test_git_reads_no_link_in_the_place_of_its_ignore_file_and_nor_do_we(
    tmp_path: Path, home: Path
) -> None:
    root = repository(tmp_path / "r", {"shared": "x.py\n"})
    (root / ".gitignore").symlink_to("shared")
    assert not is_ignored(lines_that_match(root, [b"x.py"], home=home)[b"x.py"])
    assert not IgnoreFiles([root]).excludes(root / "x.py")
    (root / ".dslspignore").symlink_to("shared")
    assert IgnoreFiles([root]).excludes(root / "x.py")


def test_a_name_is_bytes_as_on_the_disk(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {})
    (root / ".gitignore").write_bytes(b"ge\xe4heim.py\n\xe7\xa7\x81.py\n")
    assert IgnoreFiles().excludes(root / os.fsdecode(b"ge\xe4heim.py"))
    assert IgnoreFiles().excludes(root / "私.py")
    assert not IgnoreFiles().excludes(root / "geäheim.py")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_our_own_ignore_file_as_windows_editors_write_it(
    tmp_path: Path, encoding: str, eol: str
) -> None:
    text = eol.join(["first.py", "私.py", "last.py"])
    (tmp_path / ".dslspignore").write_bytes(text.encode(encoding))
    ignored = IgnoreFiles([tmp_path])
    for name in ("first.py", "私.py", "last.py"):
        assert ignored.excludes(tmp_path / name)
    assert not ignored.excludes(tmp_path / "a.py")


LARGE = {
    "bytes": f"# {'x' * 100}\n" * (MAX_COST.read_bytes // 103 + 1),
    "lines": "#\n" * (MAX_COST.read_lines + 1),
    "patterns": "".join(f"x{number}\n" for number in range(MAX_COST.work + 1)),
    "special characters": "".join(f"*?*x{number}\n" for number in range(MAX_COST.work // 7 + 1)),
    "one line": "x" * (MAX_COST.pattern_bytes + 1),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
@pytest.mark.parametrize(
    "name", [".gitignore", ".dslspignore", ".git/info/exclude", "sub/.gitignore"]
)
def test_where_an_ignore_file_is_too_large_nothing_is_let_in_and_the_user_is_told(
    tmp_path: Path, name: str, text: str
) -> None:
    root = repository(tmp_path / "r", {name: text + "\nlast.py\n", "sub/deep/last.py": ""})
    said: list[str | None] = []
    ignored = IgnoreFiles([root], report=lambda: said.append(ignored.problem))
    for path in ("sub/deep/last.py", "sub/deep/first.py", "sub/last.py"):
        rule = ignored.excludes(root / path)
        assert rule is not None
        assert rule == f"{root / name}: it has more patterns than ds-lsp can judge by"
    assert said == [ignored.problem]
    assert str(root / name) in str(ignored.problem)
    assert (ignored.excludes(root / "top.py") is None) is (name == "sub/.gitignore")


def test_what_is_too_much_together_is_too_much(tmp_path: Path) -> None:
    lines = "".join(f"x{number}\n" for number in range(MAX_COST.work // 10))
    folders = "/".join("abcdefghijklm")
    root = repository(tmp_path / "r", {f"{folders}/a.py": ""})
    for folder in (root / folders / "x").parents:
        if folder != tmp_path and folder.is_relative_to(root):
            write(folder, {".gitignore": lines + folder.name})
    ignored = IgnoreFiles([root])
    assert ignored.excludes(root / folders / "a.py")
    assert not ignored.excludes(root / "a/b/c.py")


def test_lines_said_again_cost_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {".gitignore": "**/a/**/b/**/c\n" * 60_000 + "last.py\n"})
    assert IgnoreFiles([root]).excludes(root / "last.py")
    assert not IgnoreFiles([root]).excludes(root / "a.py")


def test_an_ignore_file_that_may_not_be_read_lets_nothing_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", {".gitignore": "x.py\n"})
    (root / ".git/info/exclude").unlink()

    def refuse(path: Path, *, follow_links: bool) -> None:
        raise PermissionError

    monkeypatch.setattr("ds_lsp.workspace.privacy.ignored.open_regular", refuse)
    ignored = IgnoreFiles([root])
    assert ignored.excludes(root / "y.py") == f"{root}/.gitignore: it cannot be read"
    assert ignored.problem == (
        f"{root}/.gitignore cannot be read: the files it is for are neither read nor sent."
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: write(root, {".gitignore": "new.py\n"}), id="another text"),
        pytest.param(lambda root: write(root, {"sub/.gitignore": "new.py\n"}), id="another file"),
        pytest.param(lambda root: write(root, {".dslspignore": "new.py\n"}), id="ours"),
        pytest.param(lambda root: write(root, {".git/info/exclude": "new.py\n"}), id="exclude"),
        pytest.param(
            lambda root: write(root / "../home", {".config/git/ignore": "*.py"}), id="user"
        ),
    ],
)
def test_what_has_changed_on_disk_holds_two_seconds_later(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    now = 0.0
    root = repository(tmp_path / "r", {".gitignore": "old.py\n", "sub/x": ""})
    ignored = IgnoreFiles([root], clock=lambda: now)
    for each in ("sub/new.py", "new.py"):
        assert not ignored.excludes(root / each)
    change(root)
    now = 2.1
    assert ignored.excludes(root / "sub/new.py")


@pytest.mark.parametrize(
    ("files", "is_told"),
    [
        ({".gitignore": "new.py\n"}, True),
        ({"sub/.gitignore": "new.py\n"}, True),
        ({".dslspignore": "new.py\n"}, True),
        ({".git/info/exclude": "new.py\n"}, True),
        ({"../home/.config/git/ignore": "*.py"}, True),
        ({".git/config": "[core]\nbare = false\n"}, False),
        ({"sub/other.py": ""}, False),
    ],
)
def test_other_rules_than_before_are_told_once(
    tmp_path: Path, files: dict[str, str], is_told: bool
) -> None:
    now, told = 0.0, 0
    root = repository(tmp_path / "r", {".gitignore": "old.py\n", "sub/x": ""})

    def tell() -> None:
        nonlocal told
        told += 1

    ignored = IgnoreFiles([root], clock=lambda: now, changed=tell)
    ignored.excludes(root / "sub/a.py")
    assert told == 0
    write(root, files)
    now = 2.1
    ignored.excludes(root / "sub/a.py")
    assert (told > 0) is is_told
    before = told
    now = 4.2
    ignored.excludes(root / "sub/a.py")
    assert told == before


def test_a_repository_that_comes_to_be_holds_two_seconds_later(tmp_path: Path) -> None:
    now = 0.0
    folder = write(tmp_path / "r", {"sub/a.py": "", ".gitignore": "a.py\n"})
    ignored = IgnoreFiles([folder / "sub"], clock=lambda: now)
    assert not ignored.excludes(folder / "sub/a.py")
    (folder / ".git").mkdir()
    now = 2.1
    assert not ignored.excludes(folder / "sub/a.py")
    git(folder, "init", "-q", home=folder)
    now = 4.2
    assert ignored.excludes(folder / "sub/a.py")


def test_a_workspace_folder_that_is_opened_by_a_link_is_the_first_all_the_same(
    tmp_path: Path,
) -> None:
    write(tmp_path, {".gitignore": "a.py\n", "w/.gitignore": "b.py\n"})
    (tmp_path / "link").symlink_to("w")
    ignored = IgnoreFiles([tmp_path / "link"])
    for folder in ("link", "w"):
        assert not ignored.excludes(tmp_path / folder / "a.py")
        assert ignored.excludes(tmp_path / folder / "b.py")
