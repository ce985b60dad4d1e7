"""The block of excerpts in front of a document's text: appended to, and seldom rebuilt."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from ds_lsp.completion.prompt.budget import MAX_GROWTH, Scale
from ds_lsp.completion.prompt.pieces import Excerpt
from ds_lsp.languages.comments import to_comment
from ds_lsp.providers.base import FileExcerpt, PromptParts

_REBUILD_SHARE = 1 / 3
"""Share of the budget that must have changed before the block is rebuilt: after that, all of the
prompt is paid at the full price once."""


@dataclass(frozen=True, slots=True)
class Block:
    """The excerpts that were appended at each quiet moment, in order."""

    batches: tuple[tuple[Excerpt, ...], ...] = ()

    @property
    def excerpts(self) -> frozenset[Excerpt]:
        """All excerpts of the block."""
        return frozenset(excerpt for batch in self.batches for excerpt in batch)

    def parts(self, path: str, language_id: str) -> PromptParts:
        """Return the block as it stands before the text of the document *path* in a language.

        A file of which an excerpt was appended later stands twice.
        """
        if not self.batches:
            return PromptParts("")
        files = tuple(each for batch in self.batches for each in _by_file(batch, language_id))
        return PromptParts("", excerpts=files, marker=to_comment(path, language_id))


def renew_block(
    block: Block, wanted: Sequence[Excerpt], gone: Set[Excerpt], budget: float, scale: Scale
) -> Block:
    """Return *block* with the excerpts that are *wanted* now, within *budget* tokens.

    *gone* are the excerpts of the block that are no longer in their files. Bytes of the block
    stay the same as long as there is room, or little has changed. There are three cases:

    1. Little is gone, and what is new fits: it is appended.
    2. Little is gone, and what is new does not fit but is little: the block stays as it is.
    3. Otherwise, or if the block exceeds its room, it is rebuilt from the wanted excerpts.
    """
    known = block.excerpts
    fresh = tuple(excerpt for excerpt in wanted if excerpt not in known)
    room = MAX_GROWTH * budget - count_tokens(known, scale)
    lost = count_tokens(known & gone, scale)
    if lost < _REBUILD_SHARE * budget and room >= 0:
        if count_tokens(fresh, scale) <= room:
            return Block((*block.batches, fresh)) if fresh else block
        if count_tokens(fresh, scale) + lost < _REBUILD_SHARE * budget:
            return block
    return Block((tuple(wanted),)) if wanted else Block()


def count_tokens(excerpts: Sequence[Excerpt] | Set[Excerpt], scale: Scale) -> float:
    """Return the estimated tokens of *excerpts*, headers and owners' lines not included."""
    return sum(scale.tokens(excerpt.text) + 1 for excerpt in excerpts)


def _by_file(batch: tuple[Excerpt, ...], language_id: str) -> Iterator[FileExcerpt]:
    """Return the text of *batch*: files in the order of selection, each in the order of lines."""
    order = {path: index for index, path in enumerate(dict.fromkeys(e.path for e in batch))}
    ordered = sorted(batch, key=lambda excerpt: (order[excerpt.path], excerpt.line))
    for path, excerpts in groupby(ordered, key=lambda excerpt: excerpt.path):
        text = ""
        written: set[str] = set()
        for excerpt in excerpts:
            if excerpt.owner_line and excerpt.owner_line not in written:
                text += excerpt.owner_line + "\n"
            written |= {excerpt.owner_line, excerpt.text}
            text += excerpt.text + "\n"
        yield FileExcerpt(path, to_comment(path, language_id), text)
