"""Holes in real sources: what an editor has around a cursor, and what stood there."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.names import language_id

ROOT = Path(__file__).parents[2]
SOURCES = (
    *sorted((ROOT / "tests" / "golden" / "sources").iterdir()),
    ROOT / "ds_lsp" / "text" / "document.py",
)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PAIR = re.compile(r"[(\[{]([^()\[\]{}\n]+)[)\]}]")


@dataclass(frozen=True, slots=True)
class Hole:
    """A piece of a file taken out."""

    file: str
    kind: str
    before: str
    middle: str
    after: str

    def place(self, extent: Extent = Extent.BLOCK) -> CursorContext:
        return CursorContext(self.before, self.after, language_id(Path(self.file)), extent=extent)


def holes(count: int, seed: int = 1) -> Iterator[Hole]:
    """So many of each kind of each file, the same ones in every run."""
    for path in SOURCES:
        text = path.read_text("utf-8")
        source = random.Random(f"{seed} {path.name}")
        for kind, find in _KINDS.items():
            spans = find(text)
            for start, end in source.sample(spans, min(count, len(spans))):
                yield Hole(path.name, kind, text[:start], text[start:end], text[end:])


def _line_ends(text: str) -> list[tuple[int, int]]:
    """From a token inside a line to the end of the line."""
    return [
        (line.start() + token.start(), line.end())
        for line in re.finditer(r"[^\n]+", text)
        for token in list(_TOKEN.finditer(line.group()))[1:]
    ]


def _brackets(text: str) -> list[tuple[int, int]]:
    """What stands between two brackets."""
    return [found.span(1) for found in _PAIR.finditer(text)]


def _lines(text: str) -> list[tuple[int, int]]:
    """A whole line, after its indentation."""
    return [found.span(1) for found in re.finditer(r"(?m)^[ \t]*(\S.*)$", text)]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Two to four lines, none less indented than the first, that a line like it follows."""
    lines = [(found.start(), found.end()) for found in re.finditer(r"(?m)^.*$", text)]
    blanks = [len(text[a:b]) - len(text[a:b].lstrip()) for a, b in lines]
    indents = [blank if blank < b - a else -1 for blank, (a, b) in zip(blanks, lines, strict=True)]
    spans = []
    for index, (start, _) in enumerate(lines):
        for count in (2, 3, 4):
            taken = indents[index : index + count]
            is_whole = indents[index + count : index + count + 1] not in ([], [-1])
            if indents[index] < 0 or min(taken) < indents[index] or not is_whole:
                continue
            if indents[index + count] <= indents[index] and indents[index + count - 1] >= 0:
                spans.append((start + indents[index], lines[index + count - 1][1]))
    return spans


_KINDS = {"line end": _line_ends, "brackets": _brackets, "line": _lines, "block": _blocks}
