"""Reads git's settings for ignore files from its configuration, without running git.

Only the user's own configuration may name an ignore file. A repository that comes as an archive
has a configuration that its author wrote, and must not choose which files are read.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.files import open_regular
from ds_lsp.workspace.privacy.wildmatch import NONE, Patterns

_MAX_BYTES = 1 << 17
"""Maximum size of the user's configuration file in bytes; real ones have a few kilobytes."""
_MAX_REPOSITORY_BYTES = 1 << 13
"""Maximum bytes read of a repository's configuration. `git init` writes the needed key at its
beginning, and a stranger may have nested many repositories. Reading this many takes 1 ms."""
_MAX_INCLUDES = 10
"""Maximum depth of files that include others, as in git."""
_SECTION = re.compile(r'\[([A-Za-z0-9.-]++)(?:[ \t]++"((?:\\.|[^"\\\n])*+)")?[ \t]*+\]')
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9-]*+)[ \t]*+(=)?[ \t]*+")
_REST_OF_LINE = re.compile(r"[^\n]*+\n?")
_PIECE = re.compile(r'[^"\\\n#;]++|"|\\[\s\S]?|[#;]|\n')
_INCLUDE_IF = re.compile(r'includeif\."gitdir(?P<folds>/i)?:(?P<pattern>.*)"\.path', re.DOTALL)
"""The condition on the repository's folder; conditions on branch and remote are not read."""
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "\n": ""}


@dataclass(frozen=True, slots=True)
class UserConfig:
    """The settings for ignore files in the user's own configuration."""

    excludes_file: str
    """Path of the user's own ignore file, absolute or relative to the repository's folder."""
    ignores_case: bool


def read_user_config(git_folder: Path, environ: Mapping[str, str] = os.environ) -> UserConfig:
    """Read the machine's and the user's configuration as git does in one repository.

    *git_folder* is the repository's ``.git``, for conditional includes.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    xdg = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    paths = [os.path.join(xdg, "git/config"), os.path.join(home, ".gitconfig")]
    if environ.get("GIT_CONFIG_GLOBAL") is not None:
        paths = [environ["GIT_CONFIG_GLOBAL"]]
    if environ.get("GIT_CONFIG_NOSYSTEM", "").lower() in ("", "0", "false", "no", "off"):
        paths.insert(0, environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig")
    excludes_file = os.path.join(xdg, "git/ignore")
    ignores_case = False
    for path in paths:
        for key, value in _read_with_includes(path, home, (), git_folder):
            if key == "core.excludesfile" and value is not None:
                excludes_file = _expand(value, home)
            elif key == "core.ignorecase":
                ignores_case = _is_true(value)
    return UserConfig(excludes_file, ignores_case)


def ignores_case(config: Path, default: bool) -> bool:
    """Return whether a repository's configuration ignores case; *default* if it does not say."""
    values = [
        value
        for key, value in _read(str(config), _MAX_REPOSITORY_BYTES)
        if key == "core.ignorecase"
    ]
    return _is_true(values[-1]) if values else default


def _read_with_includes(
    path: str, home: str, by: tuple[str, ...], git_folder: Path
) -> Iterator[tuple[str, str | None]]:
    """Yield the keys and values of a file and of the files it includes.

    *by* are the files that include this one, outermost first.
    """
    if path in by or len(by) > _MAX_INCLUDES:
        return
    for key, value in _read(path, _MAX_BYTES):
        condition = _INCLUDE_IF.fullmatch(key)
        holds = condition is not None and _condition_holds(condition, path, home, git_folder)
        if value and (key == "include.path" or holds):
            included = os.path.join(os.path.dirname(path), _expand(value, home))
            yield from _read_with_includes(included, home, (*by, path), git_folder)
        else:
            yield key, value


def _condition_holds(condition: re.Match[str], path: str, home: str, git_folder: Path) -> bool:
    """Return whether the condition of an include in the file at *path* holds in a repository."""
    pattern = _expand(condition["pattern"], home)
    if pattern.startswith("./"):
        pattern = os.path.realpath(os.path.dirname(path)) + pattern[1:]
    elif not os.path.isabs(pattern):
        pattern = f"**/{pattern}"
    if pattern.endswith("/"):
        pattern += "**"
    line = os.fsencode(pattern)
    patterns = Patterns([line], ignores_case=condition["folds"] is not None)
    return any(
        _matches(patterns, Path(name)) for name in (git_folder, os.path.realpath(git_folder))
    )


def _matches(patterns: Patterns, path: Path) -> bool:
    state = patterns.start
    for number, part in enumerate(path.parts[1:]):
        state = patterns.read(patterns.enter(state) if number else state, os.fsencode(part))
    return patterns.match(state, os.fsencode(path.name)).if_folder != NONE


def _read(path: str, max_bytes: int) -> list[tuple[str, str | None]]:
    try:
        file = open_regular(Path(path), follow_links=True)
        if file is None:
            return []
        with file:
            data = file.read(max_bytes)
    except (OSError, ValueError):
        return []
    return list(parse(data.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n")))


def parse(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each key and its value; None for a key without a value.

    A key has its section before it and is in lower case: ``core.excludesfile``.
    """
    section = ""
    at = 0
    while at < len(text):
        if text[at] in " \t\n\r\f\v":
            at += 1
        elif found := _SECTION.match(text, at):
            # A name in quotes keeps its case; no key that is looked up here is in such a section.
            section = found[1].lower() + (f'."{found[2]}"' if found[2] is not None else "")
            at = found.end()
        elif found := _KEY.match(text, at):
            at = found.end()
            value = None
            if found[2]:
                value, at = _read_value(text, at)
            yield f"{section}.{found[1].lower()}", value
        else:
            rest = _REST_OF_LINE.match(text, at)
            at = rest.end() if rest else len(text)


def _read_value(text: str, at: int) -> tuple[str, int]:
    """Return the value that begins at *at*, and the offset of its end."""
    pieces: list[str] = []
    # Number of pieces up to the last quoted one; blanks at their ends are kept.
    kept = 0
    is_quoted = False
    while found := _PIECE.match(text, at):
        piece = found[0]
        at = found.end()
        if piece == '"':
            is_quoted = not is_quoted
            kept = len(pieces)
        elif piece[0] == "\\":
            pieces.append(_ESCAPES.get(piece[1:], piece[1:]))
            kept = len(pieces) if piece[1:] != "\n" else kept
        elif piece == "\n":
            break
        elif piece in ("#", ";") and not is_quoted:
            rest = _REST_OF_LINE.match(text, at)
            at = rest.end() if rest else len(text)
            break
        else:
            pieces.append(piece)
            kept = len(pieces) if is_quoted else kept
    return "".join(pieces[:kept]) + "".join(pieces[kept:]).rstrip(), at


def _expand(value: str, home: str) -> str:
    """Replace a leading ``~`` by the user's home folder."""
    if value == "~" or value.startswith("~/"):
        return home + value[1:]
    return os.path.expanduser(value)


def _is_true(value: str | None) -> bool:
    # git takes a key without a value for true, and any number but 0.
    if value is None or value.lower() in ("true", "yes", "on"):
        return True
    number = value.lstrip("+-")
    return number.isdigit() and number.strip("0") != ""
