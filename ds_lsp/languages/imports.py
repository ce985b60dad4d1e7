"""Finds the files of the workspace that a document imports; the rules of each language are data."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.languages.names import relatives_of

MAX_IMPORTS = 60
"""Maximum imports of one document."""
MAX_SIBLINGS = 12
"""Maximum files of one directory or package."""
_INDEX_NAMES = frozenset({"__init__", "index", "mod", "lib", "main"})
"""Names of files that stand for their directory."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import: the last parts of a path, without a suffix."""

    parts: tuple[str, ...]
    up: int | None = None
    """Directories to go up from the document's own, for a relative import; None: it is absolute."""


_PYTHON = re.compile(
    r"^[ \t]*+(?:from[ \t]++(\.*+)([\w.]*+)[ \t]++import[ \t]++(\([^)]{0,3000}+\)|[^\r\n#;]++)"
    r"|import[ \t]++([\w., \t]++))",
    re.M,
)
_PATH = re.compile(
    r"\b(?:from|import|require(?:_relative)?|include|source|export)\b[ \t]*+(?:\([ \t]*+)?"
    r"[\"'](?:package:)?([^\"'\r\n]++)[\"']"
)
_IMPORTED_NAME = re.compile(r"(\w+)(?:\s+as\s+\w+)?")
_GO = re.compile(r"^[ \t]*(?:import[ \t]+)?(?:[\w.]+[ \t]+)?\"([\w.~-]+(?:/[\w.~-]+)+)\"", re.M)
_RUST = re.compile(r"^[ \t]*(?:pub[ \t]+)?(?:use[ \t]+((?:\w+::)+\w*)|mod[ \t]+(\w+)[ \t]*;)", re.M)
_DOTTED = re.compile(r"^[ \t]*(?:import|using|use|open)[ \t]+(?:static[ \t]+)?([\w.\\]+)", re.M)
_C = re.compile(r"^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"]([^>\"\r\n]+)[>\"]", re.M)
_LUA = re.compile(r"\brequire[ \t]*+(?:\([ \t]*+)?[\"']([\w./-]+)[\"']")
_ZIG = re.compile(r"@import\(\"([^\"\r\n]+)\"\)")

_JAVA = relatives_of("java")

_PATTERNS: dict[str, tuple[re.Pattern[str], ...]] = {
    **dict.fromkeys(
        relatives_of("javascript"),
        (_PATH,),
    ),
    **dict.fromkeys(relatives_of("c"), (_C,)),
    **dict.fromkeys((*_JAVA, "csharp", "haskell"), (_DOTTED,)),
    **dict.fromkeys(("ruby", "dart", "shellscript", "scss", "less", "css"), (_PATH,)),
    "php": (_PATH, _DOTTED),
    "go": (_GO,),
    "rust": (_RUST,),
    "lua": (_LUA,),
    "zig": (_ZIG,),
}
_SIBLINGS = frozenset({"go", "java", "kotlin", "scala", "csharp", "swift", "haskell"})
"""Languages in which files of one directory see each other without an import."""
_DOTS = frozenset({*_JAVA, "csharp", "haskell", "lua", "php"})
_RUST_ROOTS = frozenset({"crate", "self", "super", "std", "core", "alloc"})


def imports_of(text: str, language_id: str) -> list[Import]:
    """Return the imports in *text*, at most `MAX_IMPORTS`, in order and without repetitions."""
    found = (
        _find_python_imports(text) if language_id == "python" else _find_imports(text, language_id)
    )
    unique: dict[Import, None] = {}
    for each in found:
        if each.parts or each.up is not None:
            unique[each] = None
        if len(unique) == MAX_IMPORTS:
            break
    return list(unique)


def _find_python_imports(text: str) -> Iterator[Import]:
    for found in _PYTHON.finditer(text):
        dots, module, names, plain = found.groups(default="")
        if plain:
            for each in plain.split(","):
                if each.split():
                    yield Import(tuple(each.split()[0].split(".")))
            continue
        parts = tuple(filter(None, module.split(".")))
        up = len(dots) - 1 if dots else None
        yield Import(parts, up)
        # An imported name may itself be a module.
        for name in _IMPORTED_NAME.finditer(names):
            yield Import((*parts, name[1]), up)


def _find_imports(text: str, language_id: str) -> Iterator[Import]:
    for pattern in _PATTERNS.get(language_id, ()):
        for found in pattern.finditer(text):
            spelled = next(filter(None, found.groups()), "")
            yield from _parse(spelled, language_id)


def _parse(spelled: str, language_id: str) -> Iterator[Import]:
    """Yield the imports that *spelled*, the path in an import statement, may mean.

    There are three cases: 1. Rust's ``::``. 2. A name with dots or backslashes. 3. A path with
    slashes.
    """
    if language_id == "rust":
        parts = tuple(p for p in spelled.split("::") if p and p not in _RUST_ROOTS)
        yield Import(parts)
        # The last part may be a name in the module before it.
        yield Import(parts[:-1])
        return
    if language_id in _DOTS and "/" not in spelled:
        yield Import(tuple(filter(None, re.split(r"[.\\]", spelled))))
        return
    pieces = [piece for piece in spelled.split("/") if piece not in ("", "@", "~", "#")]
    ups = sum(piece == ".." for piece in pieces)
    is_relative = spelled.startswith(".") or language_id == "zig"
    names = [piece for piece in pieces if piece not in (".", "..")]
    if names and language_id != "go":
        names[-1] = re.sub(r"\.[A-Za-z]\w{0,4}$", "", names[-1])
    yield Import(tuple(names), ups if is_relative else None)


class Listing:
    """The workspace's files of one family of languages, indexed by the end of their path."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._by_name: defaultdict[str, list[Path]] = defaultdict(list)
        self._by_directory: defaultdict[str, list[Path]] = defaultdict(list)
        for path in paths:
            stem = path.name.partition(".")[0]
            self._by_name[stem].append(path)
            if stem in _INDEX_NAMES:
                self._by_name[path.parent.name].append(path)
            self._by_directory[str(path.parent)].append(path)
        self._directories: defaultdict[str, list[str]] = defaultdict(list)
        for directory in self._by_directory:
            self._directories[Path(directory).name].append(directory)

    def resolve(self, imported: Import, path: Path, language_id: str) -> list[Path]:
        """Return the files that an import in the document *path* most likely names.

        That is one file at most, except for Go, where a package is all files of a directory.
        """
        if imported.up is not None:
            directory = path.parent
            for _ in range(imported.up):
                directory = directory.parent
            target = directory.joinpath(*imported.parts)
            named = self._by_name.get(target.name, ())
            return [each for each in named if _module_path(each) == target][:1]
        if language_id == "go":
            return self._find_package(imported.parts)
        candidates = [
            (
                _count_common_end(_module_path(each), imported.parts),
                _count_common_start(each, path),
                each,
            )
            for each in self._by_name.get(imported.parts[-1], ())
            if each != path
        ]
        best = max(candidates, default=None, key=lambda found: found[:2])
        if best is None or best[0] < min(len(imported.parts), 2):
            return []
        # A bare name may be a third party's module. It is the workspace's only if the file is in
        # the document's directory or one above it.
        if len(imported.parts) == 1 and best[2].parent not in (path.parent, *path.parents):
            return []
        return [best[2]]

    def find_siblings(self, path: Path, language_id: str) -> list[Path]:
        """Return the files that the document *path* can use without importing them."""
        if language_id not in _SIBLINGS:
            return []
        beside = self._by_directory.get(str(path.parent), ())
        return [each for each in beside if each != path][:MAX_SIBLINGS]

    def _find_package(self, parts: tuple[str, ...]) -> list[Path]:
        """Return the files of the Go package *parts*, except its tests."""
        candidates = [
            (_count_common_end(Path(directory), parts), directory)
            for directory in self._directories.get(parts[-1], ())
        ]
        common, directory = max(candidates, default=(0, ""))
        files = self._by_directory[directory] if common >= min(len(parts), 2) else []
        return [each for each in files if not each.stem.endswith("_test")][:MAX_SIBLINGS]


def _module_path(path: Path) -> Path:
    """Return the path an import names for *path*: without a suffix, or its directory's."""
    stem = path.name.partition(".")[0]
    return path.parent if stem in _INDEX_NAMES else path.parent / stem


def _count_common_end(path: Path, parts: tuple[str, ...]) -> int:
    """Return the number of parts that the two have in common, counted from the end."""
    count = 0
    for mine, other in zip(reversed(path.parts), reversed(parts), strict=False):
        if mine != other:
            break
        count += 1
    return count


def _count_common_start(path: Path, other: Path) -> int:
    """Return the number of parts that the two paths have in common, counted from the start."""
    count = 0
    for mine, theirs in zip(path.parts, other.parts, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
