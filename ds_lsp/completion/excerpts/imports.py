"""Which files of the workspace a document imports: each language's rules as data."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_IMPORTS = 60
MAX_SIBLINGS = 12
_INDEX_NAMES = frozenset({"__init__", "index", "mod", "lib", "main"})
"""A file of this name stands for its directory."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the tail of a path, as parts without a suffix."""

    parts: tuple[str, ...]
    up: int | None = None
    """From the document's own directory, so many up; None: from anywhere."""


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

_PATTERNS: dict[str, tuple[re.Pattern[str], ...]] = {
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"),
        (_PATH,),
    ),
    **dict.fromkeys(("c", "cpp", "objective-c", "objective-cpp", "cuda-cpp", "arduino"), (_C,)),
    **dict.fromkeys(("java", "kotlin", "scala", "groovy", "csharp", "haskell"), (_DOTTED,)),
    **dict.fromkeys(("ruby", "dart", "shellscript", "scss", "less", "css"), (_PATH,)),
    "php": (_PATH, _DOTTED),
    "go": (_GO,),
    "rust": (_RUST,),
    "lua": (_LUA,),
    "zig": (_ZIG,),
}
_SIBLINGS = frozenset({"go", "java", "kotlin", "scala", "csharp", "swift", "haskell"})
"""Languages in which files of one directory see each other without an import."""
_DOTS = frozenset({"java", "kotlin", "scala", "groovy", "csharp", "haskell", "lua", "php"})
_RUST_ROOTS = frozenset({"crate", "self", "super", "std", "core", "alloc"})


def imports_of(text: str, language_id: str) -> list[Import]:
    """What *text* says it imports, in order and without repetitions."""
    found = _python(text) if language_id == "python" else _others(text, language_id)
    unique: dict[Import, None] = {}
    for each in found:
        if each.parts or each.up is not None:
            unique[each] = None
        if len(unique) == MAX_IMPORTS:
            break
    return list(unique)


def _python(text: str) -> Iterator[Import]:
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
        # What is imported may itself be a module.
        for name in _IMPORTED_NAME.finditer(names):
            yield Import((*parts, name[1]), up)


def _others(text: str, language_id: str) -> Iterator[Import]:
    for pattern in _PATTERNS.get(language_id, ()):
        for found in pattern.finditer(text):
            spelled = next(filter(None, found.groups()), "")
            yield from _from_spelling(spelled, language_id)


def _from_spelling(spelled: str, language_id: str) -> Iterator[Import]:
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
    """The workspace's files of one family of languages, to be found by the end of their path."""

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
        """The files that *imported* names in the document *path*, the likeliest alone."""
        if imported.up is not None:
            directory = path.parent
            for _ in range(imported.up):
                directory = directory.parent
            target = directory.joinpath(*imported.parts)
            named = self._by_name.get(target.name, ())
            return [each for each in named if _stands_for(each) == target][:1]
        if language_id == "go":
            return self._package(imported.parts, path)
        candidates = [
            (_tail(_stands_for(each), imported.parts), _common(each, path), each)
            for each in self._by_name.get(imported.parts[-1], ())
            if each != path
        ]
        best = max(candidates, default=None, key=lambda found: found[:2])
        if best is None or best[0] < min(len(imported.parts), 2):
            return []
        # A bare name may be anybody's: it is ours beside the document or at a root of it.
        if len(imported.parts) == 1 and best[2].parent not in (path.parent, *path.parents):
            return []
        return [best[2]]

    def siblings(self, path: Path, language_id: str) -> list[Path]:
        """What the document sees without importing it."""
        if language_id not in _SIBLINGS:
            return []
        beside = self._by_directory.get(str(path.parent), ())
        return [each for each in beside if each != path][:MAX_SIBLINGS]

    def _package(self, parts: tuple[str, ...], path: Path) -> list[Path]:
        candidates = [
            (_tail(Path(directory), parts), directory)
            for directory in self._directories.get(parts[-1], ())
        ]
        tail, directory = max(candidates, default=(0, ""))
        files = self._by_directory[directory] if tail >= min(len(parts), 2) else []
        return [each for each in files if not each.stem.endswith("_test")][:MAX_SIBLINGS]


def _stands_for(path: Path) -> Path:
    stem = path.name.partition(".")[0]
    return path.parent if stem in _INDEX_NAMES else path.parent / stem


def _tail(path: Path, parts: tuple[str, ...]) -> int:
    """How many parts, from the end, the two have in common."""
    count = 0
    for mine, other in zip(reversed(path.parts), reversed(parts), strict=False):
        if mine != other:
            break
        count += 1
    return count


def _common(path: Path, other: Path) -> int:
    count = 0
    for mine, theirs in zip(path.parts, other.parts, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
