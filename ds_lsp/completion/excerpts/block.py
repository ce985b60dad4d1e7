"""The block of excerpts in front of a document's text: appended to, and seldom begun anew."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from ds_lsp.completion.budget import MAX_GROWTH, Scale
from ds_lsp.completion.excerpts.source import Piece

_WORTH_A_BREAK = 1 / 3
"""So much of the budget must be new or gone for the block to begin anew: then all of the prompt
is paid at the full price once."""


@dataclass(frozen=True, slots=True)
class Block:
    """What was appended at each quiet moment, in order."""

    batches: tuple[tuple[Piece, ...], ...] = ()

    @property
    def pieces(self) -> frozenset[Piece]:
        return frozenset(piece for batch in self.batches for piece in batch)

    def text(self, path: str, comment: str) -> str:
        """The block, up to the line that says that *path* begins; empty without excerpts."""
        if not self.batches:
            return ""
        text = "".join(_render(batch, comment) for batch in self.batches)
        return f"{text}{header(path, comment)}"

    def markers(self, path: str, comment: str) -> tuple[str, ...]:
        """Every header in `text`: what a model goes on with when it is done with this file."""
        paths = dict.fromkeys([*(piece.path for batch in self.batches for piece in batch), path])
        return tuple(header(each, comment).rstrip("\n") for each in paths) if self.batches else ()


def header(path: str, comment: str) -> str:
    """The line above an excerpt: a comment that names its file."""
    opening, _, closing = comment.partition(" ")
    return f"{opening}{path}{closing}\n"


def renewed(
    block: Block, wanted: Sequence[Piece], gone: Set[Piece], budget: float, scale: Scale
) -> Block:
    """*block* with what is *wanted* now; *gone* are pieces of it that are not true any more.

    What stands stays, byte for byte, as long as there is room or little has changed.
    """
    known = block.pieces
    fresh = tuple(piece for piece in wanted if piece not in known)
    room = MAX_GROWTH * budget - tokens(known, scale)
    lost = tokens(known & gone, scale)
    if lost < _WORTH_A_BREAK * budget and room >= 0:
        if tokens(fresh, scale) <= room:
            return Block((*block.batches, fresh)) if fresh else block
        if tokens(fresh, scale) + lost < _WORTH_A_BREAK * budget:
            return block
    return Block((tuple(wanted),)) if wanted else Block()


def tokens(pieces: Sequence[Piece] | Set[Piece], scale: Scale) -> float:
    return sum(scale.tokens(piece.text) + 1 for piece in pieces)


def _render(batch: tuple[Piece, ...], comment: str) -> str:
    # Files in the order in which they were picked, lines in theirs.
    order = {path: index for index, path in enumerate(dict.fromkeys(p.path for p in batch))}
    ordered = sorted(batch, key=lambda piece: (order[piece.path], piece.line))
    text = ""
    for path, pieces in groupby(ordered, key=lambda piece: piece.path):
        text += header(path, comment)
        heads: set[str] = set()
        for piece in pieces:
            if piece.head and piece.head not in heads:
                text += piece.head + "\n"
            heads |= {piece.head, piece.text}
            text += piece.text + "\n"
    return text
