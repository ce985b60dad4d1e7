"""Parses another file into excerpts that may be sent, and the names in each."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from ds_lsp.languages.definitions import find_definitions
from ds_lsp.languages.words import NAME, STOP_WORDS
from ds_lsp.text.lines import LINE_END

MAX_CHARS = 60_000
"""Maximum characters of a file that are parsed; these take some 20 ms, in steps."""
_MAX_CHUNK_LINES = 2
_STEP_LINES = 100
"""Lines between two points at which the caller may do something else."""
_MAX_LINE_CHARS = 240
"""Maximum characters of a line in a chunk; longer lines are left out."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some lines of a file, as they are sent."""

    path: str
    """The file's name in the prompt: its path within the workspace folder."""
    text: str
    line: int = field(compare=False)
    """Its first line, from 0. Used for the order only: text that has only moved is equal."""
    owner_line: str = ""
    """The line of the class it belongs to, which is sent above it."""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file, with the names on its lines and in its excerpts."""

    path: str
    """The file's name in the prompt."""
    lines: tuple[str, ...]
    names_by_line: tuple[tuple[str, ...], ...]
    excerpts: tuple[Excerpt, ...]
    names_by_excerpt: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """The text with LF line ends, and without white space before them."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def names(self) -> frozenset[str]:
        """All names in the file."""
        return frozenset().union(*self.names_by_line)


def source_of(path: str, text: str) -> Generator[None, None, ParsedFile]:
    """Parse a file, in steps: its excerpts are its definitions, and its code in small chunks."""
    text = text[:MAX_CHARS]
    lines = tuple(LINE_END.split(text))
    excerpts = yield from _cut_definitions(path, text)
    excerpts += yield from _cut_chunks(path, lines)
    names: dict[str, str] = {}
    names_by_line = yield from _find_names(lines, names)
    names_by_excerpt = yield from _find_names([each.text for each in excerpts], names)
    return ParsedFile(path, lines, tuple(names_by_line), tuple(excerpts), tuple(names_by_excerpt))


def _find_names(
    texts: Sequence[str], known: dict[str, str]
) -> Generator[None, None, list[tuple[str, ...]]]:
    """Find the names in each text, in steps.

    *known* maps each name to itself, so that a name in many texts takes memory only once.
    """
    found = []
    for number, text in enumerate(texts):
        found.append(tuple(known.setdefault(name, name) for name in names_in(text)))
        if number % _STEP_LINES == 0:
            yield
    return found


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in *text* in their order, each once, without stop words."""
    return tuple(name for name in dict.fromkeys(NAME.findall(text)) if name not in STOP_WORDS)


def _cut_definitions(path: str, text: str) -> Generator[None, None, list[Excerpt]]:
    """Make an excerpt of each definition, except of double-underscore names (bar ``__init__``)."""
    owner_lines: dict[str, str] = {}
    found: dict[tuple[str, str], Excerpt] = {}
    for each in find_definitions(text):
        if each is None:
            yield
            continue
        # An attribute is set in many places and sent once; a method may have several signatures,
        # which are all sent.
        is_set = each.text.lstrip().startswith(("self.", "this.", "cls."))
        name = (each.container, each.name if is_set else each.text)
        is_dull = each.name.startswith("__") and each.name != "__init__"
        if name not in found and not is_dull:
            owner_lines.setdefault(each.name, each.text)
            owner_line = owner_lines.get(each.container, "")
            found[name] = Excerpt(path, each.text, each.line, owner_line)
    return list(found.values())


def _cut_chunks(path: str, lines: tuple[str, ...]) -> Generator[None, None, list[Excerpt]]:
    """Make excerpts of all code, `_MAX_CHUNK_LINES` lines each; prose and blank lines end one."""
    chunks: list[Excerpt] = []
    chunk: list[str] = []
    is_string = False
    for number, line in enumerate(lines):
        if number % _STEP_LINES == 0:
            yield
        # Prose tells less than code, and is longer.
        quotes = line.count('"""') + line.count("'''")
        is_prose = is_string or quotes > 0 or line.lstrip().startswith(("#", "//", "*", "/*"))
        is_string ^= quotes % 2 == 1
        is_code = bool(line.strip()) and not is_prose and len(line) <= _MAX_LINE_CHARS
        if is_code:
            chunk.append(line.rstrip())
        if chunk and (not is_code or len(chunk) == _MAX_CHUNK_LINES):
            start = number + 1 - len(chunk) - (not is_code)
            chunks.append(Excerpt(path, "\n".join(chunk), start))
            chunk = []
    if chunk:
        chunks.append(Excerpt(path, "\n".join(chunk), len(lines) - len(chunk)))
    return chunks
