"""The text around the cursor as tokens, kept from one request to the next."""

from collections.abc import Sequence

from ds_lsp.providers.local.index import Family, OpenDocument
from ds_lsp.providers.local.predict import CONTEXT_TOKENS, SURROUNDING_TOKENS
from ds_lsp.providers.local.stream import TokenChain
from ds_lsp.providers.local.tokens import BOUNDARY, STEM_CHARS, IndentationTracker, Token

# An ordinary budget's worth of lines is some 250: room for a while of typing on.
_MAX_LINES = 2000
_EXPECTED_TOKENS = 4000
_MAX_LINE_CHARS = 500
# More new lines at once than this come from a paste or a jump: start afresh.
_MAX_TYPED_LINES = 60
# So many lines below the cursor tell typing from moving; the last ones may be cut by the budget.
_MAX_COMPARED_LINES = 4


class Window:
    """What stands before and after the cursor of one document.

    Typing only adds lines: those are appended. Anything else starts afresh, which costs some
    four milliseconds.
    """

    def __init__(self, family: Family) -> None:
        self.family = family
        self.chain = TokenChain(family.vocabulary, _EXPECTED_TOKENS)
        self.obsolete = range(0)
        """The part of the indexed version of this document that this window stands for."""
        self._document: OpenDocument | None = None
        self._before: list[str] = []
        self._after: list[str] = []
        self._indentation = IndentationTracker()

    def follow(self, uri: str, before: list[str], after: list[str]) -> None:
        """Come to know the whole lines *before* and *after* the cursor's line."""
        is_below_same = self._after[:_MAX_COMPARED_LINES] == after[:_MAX_COMPARED_LINES]
        added = _count_added(self._before, before) if is_below_same else None
        document = self.family.open.get(uri)
        if added is None or len(self._before) + added > _MAX_LINES:
            self._start_afresh(after)
            added = len(before)
            self._document = None
        new = before[len(before) - added :]
        self._before += new
        self._learn(new)
        if document is not self._document:
            # Typing on does not move the lines around it: compared once for each version.
            self.obsolete = document.around(self._before, self._after) if document else range(0)
            self._document = document

    def context(self, current: str, typed: Sequence[Token]) -> list[Token]:
        """The last tokens up to the one that is being typed on the line *current*."""
        start = self._indentation.copy().start_line(current)
        return [*self.chain.tokens[-CONTEXT_TOKENS:], start, *typed]

    def words(self, typed: Sequence[Token]) -> frozenset[Token]:
        """The words (not the punctuation) shortly before the cursor."""
        known = self.family.vocabulary.words
        tokens = [*self.chain.tokens[-SURROUNDING_TOKENS:], *typed]
        return frozenset(token for token in tokens if len(known[token >> 1]) >= STEM_CHARS)

    def _start_afresh(self, after: list[str]) -> None:
        self.chain = TokenChain(self.family.vocabulary, _EXPECTED_TOKENS)
        self._before, self._after = [], after
        self._indentation = IndentationTracker()
        self._learn(after)
        self._indentation = IndentationTracker()
        self.chain.extend([BOUNDARY << 1])

    def _learn(self, lines: Sequence[str]) -> None:
        tokens: list[Token] = []
        for line in lines:
            content = line.strip()
            if not content or len(content) > _MAX_LINE_CHARS:
                self._indentation.note_blank_line()
            else:
                tokens.append(self._indentation.start_line(line))
                tokens += self.family.vocabulary.learn(content)
        self.chain.extend(tokens)


def _count_added(old: Sequence[str], new: Sequence[str]) -> int | None:
    """How many lines at the end of *new* follow on *old*; None if it is not a continuation.

    The first line of *new* may be cut by the budget, so it is not compared.
    """
    for added in range(min(_MAX_TYPED_LINES, len(new)) + 1):
        kept = len(new) - added
        if kept <= len(old) and new[1:kept] == old[len(old) - kept + 1 :] and kept > 1:
            return added
    return None
