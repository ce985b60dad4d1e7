"""Another file, taken apart: its pieces, and the names in each."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from ds_lsp.completion.excerpts.definitions import find_definitions
from ds_lsp.completion.excerpts.words import NAME, STOP_WORDS
from ds_lsp.document import LINE_END

MAX_CHARS = 60_000
"""So much of a file is looked at; taking it apart takes some 20 ms, in steps."""
_PIECE_LINES = 2
_STEP_LINES = 100
_MAX_LINE_CHARS = 240


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a source, as they are sent."""

    path: str
    """As it is shown: relative to the workspace's folder."""
    text: str
    line: int = field(compare=False)
    """For the order alone: text that has only moved is the same."""
    head: str = ""
    """The line of the class it is in, to be shown above it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, with the names in its pieces and on its lines."""

    path: str
    lines: tuple[str, ...]
    names_by_line: tuple[tuple[str, ...], ...]
    pieces: tuple[Piece, ...]
    names_by_piece: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*self.names_by_line)


def source_of(path: str, text: str) -> Generator[None, None, Source]:
    """Definitions, and the code in bites of a few lines; taken apart in steps."""
    text = text[:MAX_CHARS]
    lines = tuple(LINE_END.split(text))
    pieces = yield from _definitions(path, text)
    pieces += yield from _bites(path, lines)
    names: dict[str, str] = {}
    names_by_line = yield from _in_steps(lines, names)
    names_by_piece = yield from _in_steps([piece.text for piece in pieces], names)
    return Source(path, lines, tuple(names_by_line), tuple(pieces), tuple(names_by_piece))


def _in_steps(
    texts: Sequence[str], known: dict[str, str]
) -> Generator[None, None, list[tuple[str, ...]]]:
    """The names in each text; one that is in many is in memory once, in *known*."""
    found = []
    for number, text in enumerate(texts):
        found.append(tuple(known.setdefault(name, name) for name in names_in(text)))
        if number % _STEP_LINES == 0:
            yield
    return found


def names_in(text: str) -> tuple[str, ...]:
    """Each once."""
    return tuple(name for name in dict.fromkeys(NAME.findall(text)) if name not in STOP_WORDS)


def _definitions(path: str, text: str) -> Generator[None, None, list[Piece]]:
    heads: dict[str, str] = {}
    found: dict[tuple[str, str], Piece] = {}
    for each in find_definitions(text):
        if each is None:
            yield
            continue
        # An attribute is set in many places; a method may have several signatures.
        is_set = each.text.lstrip().startswith(("self.", "this.", "cls."))
        name = (each.container, each.name if is_set else each.text)
        is_dull = each.name.startswith("__") and each.name != "__init__"
        if name not in found and not is_dull:
            heads.setdefault(each.name, each.text)
            found[name] = Piece(path, each.text, each.line, heads.get(each.container, ""))
    return list(found.values())


def _bites(path: str, lines: tuple[str, ...]) -> Generator[None, None, list[Piece]]:
    pieces: list[Piece] = []
    bite: list[str] = []
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
            bite.append(line.rstrip())
        if bite and (not is_code or len(bite) == _PIECE_LINES):
            start = number + 1 - len(bite) - (not is_code)
            pieces.append(Piece(path, "\n".join(bite), start))
            bite = []
    if bite:
        pieces.append(Piece(path, "\n".join(bite), len(lines) - len(bite)))
    return pieces
