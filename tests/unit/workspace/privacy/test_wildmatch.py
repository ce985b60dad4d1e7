"""Patterns of ignore files, as the real git matches them."""

import random
from pathlib import Path

import pytest

from ds_lsp.workspace.privacy.wildmatch import NONE, Patterns, read_bracket, split_lines
from tests.unit.git import git, lines_that_match

ATOMS = (
    *(
        b"*",
        b"**",
        b"***",
        b"?",
        b"/",
        b"a",
        b"b",
        b"ab",
        b"foo",
        b"A",
        b".",
        b"-",
        b"+",
        b"\xc3\xbc",
    ),
    *(b"**/", b"/**", b"/*", b"*/", b"**\\/", b"\\/", b"/**/", b"a**", b"**a", b"//"),
    *(b"[ab]", b"[!a]", b"[^a]", b"[a-c]", b"[]a]", b"[a]", b"[a\\]]", b"[\\]]", b"[-a]", b"[a-]"),
    *(b"[!a-]", b"[b-a]", b"[a-\\c]", b"[A-Z]", b"[/]", b"[^/]", b"[", b"]", b"[!", b"[]", b"[a"),
    *(b"[[:alpha:]]", b"[[:upper:]]", b"[![:space:]]", b"[[:foo:]]", b"[[:x]", b"[[:]", b"[[:]]"),
    *(b"\\", b"\\*", b"\\a", b"\\A", b"\\\\", b"\\ ", b" ", b"  ", b"!", b"\\!", b"#", b"\\#"),
    *(b"\t", b"\x0b", b"\x0c", b"\r", b"\0", b"\xff", b"\xc2\x85", b"\xe2\x80\xa8", b"{a,b}"),
)
NAMES = (
    *(b"a", b"b", b"c", b"ab", b"ba", b"aab", b"foo", b"A", b"aA", b"B", b".a", b"a.b", b"-"),
    *(b"a-", b"a b", b"a ", b" ", b"\t", b"a\t", b"\x0b", b"\x0c", b"a\r", b"\n", b"b\nb", b"#a"),
    *(b"!a", b"!", b"*", b"a*b", b"?", b"\\", b"\\a", b"[", b"]", b"[a]", b"a]b", b"a:"),
    *(b"{a,b}", b"a+", b"\xc3\xbc", b"\xff", b"a\xff", b"\xc2\x85", b"\xe2\x80\xa8"),
    b"\xe7\xa7\x81",
)  # fmt: skip
FILES_PER_SEED = 160


def matched_line(patterns: Patterns, name: bytes) -> bytes:
    """Return the line that decides about a file, as git shows it; empty: none does."""
    *folders, last = name.split(b"/")
    state = patterns.start
    for folder in folders:
        state = patterns.read(state, folder)
        number = patterns.match(state, folder).if_folder
        if number != NONE and not patterns.is_negated(number):
            return shown(patterns, number)
        state = patterns.enter(state)
    state = patterns.read(state, last)
    return shown(patterns, patterns.match(state, last).if_file)


def shown(patterns: Patterns, number: int) -> bytes:
    if number == NONE:
        return b""
    line = patterns.lines[number]
    text = line.rstrip(b" ")
    is_escaped = (len(text) - len(text.rstrip(b"\\"))) % 2 == 1 and text != line
    return text + b" " * is_escaped


def ignore_file(dice: random.Random) -> bytes:
    lines = [
        b"".join(dice.choice(ATOMS) for _ in range(dice.choice((1, 2, 2, 3, 3, 4, 5, 8))))
        for _ in range(dice.choice((1, 1, 2, 3, 6)))
    ]
    text = dice.choice((b"\n", b"\n", b"\r\n")).join(lines) + dice.choice((b"", b"\n", b"\r"))
    match dice.randrange(20):
        case 0:
            return b"\xef\xbb\xbf" + text
        case 1:
            return text.decode("latin-1").encode("utf-16")
        case 2:
            return b"# " + b"x" * 5000 + b"\n" + text + b"\n" + b"y" * 5000
    return text


@pytest.mark.parametrize("ignores_case", [False, True], ids=["case", "no case"])
@pytest.mark.parametrize("seed", range(4))
def test_every_line_matches_what_it_matches_in_git(
    tmp_path: Path, seed: int, ignores_case: bool
) -> None:
    dice = random.Random(f"{seed} {ignores_case}")
    git(tmp_path, "init", "-q", home=tmp_path)
    expected: dict[bytes, bytes] = {}
    for number in range(FILES_PER_SEED):
        folder = tmp_path / f"d{number}"
        folder.mkdir()
        content = ignore_file(dice)
        (folder / ".gitignore").write_bytes(content)
        patterns = Patterns(split_lines(content), ignores_case=ignores_case)
        for _ in range(60):
            name = b"/".join(dice.choice(NAMES) for _ in range(dice.choice((1, 1, 2, 2, 3, 4))))
            expected[b"d%d/%b" % (number, name)] = matched_line(patterns, name)
    case = ("-c", f"core.ignoreCase={str(ignores_case).lower()}")
    found = lines_that_match(tmp_path, expected, *case, home=tmp_path)
    wrong = {name: (line, expected[name]) for name, line in found.items() if line != expected[name]}
    assert wrong == {}


CLASSES = ("alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space")
BRACKETS = (
    *(f"[[:{name}:]]" for name in (*CLASSES, "upper", "xdigit")),
    *(f"[![:{name}:]]" for name in ("alnum", "space", "upper")),
    *("[+--]", "[!-~]", "[\\!-\\/]", "[Y-b]", "[^Y-b]", "[a-a]", "[--a]", "[]-a]", "[[-a]", "[[:]"),
    *("[[:a]", "[[:alpha]", "[[:alpha:][:digit:]-]", "[[:alpha:]-z]", "[a-[:digit:]]", "[\\\\]"),
    *("[^]a]", "[!^a]", "[^!a]", "[!!]", "[a-c-e]", "[a--]", "[\x80-\xff]", "[\xff-\x80]", "[?*]"),
)


@pytest.mark.parametrize("ignores_case", [False, True], ids=["case", "no case"])
def test_a_bracket_has_the_members_that_it_has_in_git(tmp_path: Path, ignores_case: bool) -> None:
    git(tmp_path, "init", "-q", home=tmp_path)
    names: dict[bytes, tuple[str, int]] = {}
    for number, bracket in enumerate(BRACKETS):
        folder = tmp_path / f"d{number}"
        folder.mkdir()
        (folder / ".gitignore").write_bytes(bracket.encode("latin-1"))
        # No name is a full stop or holds a slash.
        names |= {
            b"d%d/%c" % (number, byte): (bracket, byte)
            for byte in range(1, 256)
            if byte not in b"./"
        }
    case = ("-c", f"core.ignoreCase={str(ignores_case).lower()}")
    found = lines_that_match(tmp_path, names, *case, home=tmp_path)
    for name, (bracket, byte) in names.items():
        text = bytes([byte]).lower() if ignores_case else bytes([byte])
        read = read_bracket(bracket.encode("latin-1"), 0, ignores_case=ignores_case)
        has = read is not None and read.end == len(bracket) and bool(read.members >> text[0] & 1)
        assert has is bool(found[name]), (bracket, byte)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n\n# x\n#\n", []),
        (b"\xef\xbb\xbfa\nb", [b"a", b"b"]),
        (b"a\n\xef\xbb\xbfb\n", [b"a", b"\xef\xbb\xbfb"]),
        (b"a\r\nb\r", [b"a", b"b"]),
        (b"a\r\r\n", [b"a\r"]),
        (b"a\rb\n", [b"a\rb"]),
        ("a\u2028b\u2029c".encode(), ["a\u2028b\u2029c".encode()]),
        (b"c\xc2\x85d\x0ce\x0bf\x1cg", [b"c\xc2\x85d\x0ce\x0bf\x1cg"]),
        (b"a\0b\nc", [b"a", b"c"]),
        (b"\xff\xfea\0\n\0b\0", [b"\xff\xfea", b""]),
        (b"a\nb\na\n", [b"b", b"a"]),
        (b" \n", [b" "]),
    ],
)  # fmt: skip
def test_ignore_files_are_split_into_lines(content: bytes, lines: list[bytes]) -> None:
    assert split_lines(content) == lines


@pytest.mark.parametrize(
    "line", [b"!", b"/", b"!/", b"\\", b"a\\", b"a[", b"[[:foo:]]", b"[z-a]", b"[!\x01-\xff]"]
)
def test_a_line_that_matches_nothing_is_bad_and_harms_no_other(line: bytes) -> None:
    patterns = Patterns([b"one", line, b"t*wo", b"**/three/x"])
    assert patterns.bad == [line]
    assert matched_line(patterns, b"one") == b"one"
    assert matched_line(patterns, b"two") == b"t*wo"
    assert matched_line(patterns, b"q/three/x") == b"**/three/x"
    assert matched_line(patterns, b"x") == b""


@pytest.mark.parametrize("name", [b"a\0b", b"\0", b"a\0"])
def test_a_name_with_a_nul_is_like_no_line(name: bytes) -> None:
    patterns = Patterns([b"a", b"b", b"a/b", b"[!x]c"])
    assert matched_line(patterns, name) == b""


class Counted(int):
    """A state that counts the operations on all states made of it."""

    operations = 0

    def __and__(self, other: int) -> "Counted":
        Counted.operations += 1
        return Counted(int(self) & other)

    def __lshift__(self, other: int) -> "Counted":
        return Counted(int(self) << other)

    def __or__(self, other: int) -> "Counted":
        return Counted(int(self) | other)


@pytest.mark.parametrize(
    "line",
    [
        b"**/a/" * 20 + b"b",
        b"/" + b"*a" * 60 + b"b",
        b"/" + b"?*" * 60 + b"b",
        b"/[a]*" * 60 + b"b",
    ],
)
@pytest.mark.parametrize("name", [b"a" * 400, b"a/" * 200 + b"a"])
def test_a_byte_of_a_name_costs_three_operations_whatever_the_pattern(
    line: bytes, name: bytes
) -> None:
    Counted.operations = 0
    patterns = Patterns([line] * 50)
    state: int = Counted(patterns.start)
    for part in name.split(b"/"):
        state = patterns.enter(patterns.read(state, part))
    assert 0 < Counted.operations <= 3 * (len(name) + 1)
