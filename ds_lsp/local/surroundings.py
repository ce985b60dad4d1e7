"""Tokens of the text around the cursor, kept from one request to the next."""

from collections.abc import Sequence

from ds_lsp.local.chains import TokenChain
from ds_lsp.local.index import Family, OpenDocument
from ds_lsp.local.predict import CONTEXT_TOKENS, SURROUNDING_TOKENS
from ds_lsp.local.tokens import BOUNDARY, STEM_CHARS, IndentationTracker, Token

_MAX_LINES = 2000
"""Maximum lines before the cursor in one window. An ordinary budget holds some 250 lines, which
leaves room for a while of typing."""
_EXPECTED_TOKENS = 4000
_MAX_LINE_CHARS = 500
_MAX_TYPED_LINES = 60
"""Maximum new lines that count as typed. More lines at once come from a paste or a jump, after
which the window is rebuilt."""
_MAX_COMPARED_LINES = 4
"""Maximum lines below the cursor that are compared to tell typing from moving. The last lines are
not compared, because the budget may cut them."""


class Window:
    """The text before and after the cursor of one document, as tokens.

    Typing only adds lines, which are appended. Any other change rebuilds the window, which takes
    some 4 ms.
    """

    def __init__(self, family: Family) -> None:
        self.family = family
        self.chain = TokenChain(family.vocabulary, _EXPECTED_TOKENS)
        self.obsolete = range(0)
        """Indexes of the tokens in the index that this window replaces."""
        self._document: OpenDocument | None = None
        self._before: list[str] = []
        self._after: list[str] = []
        self._indentation = IndentationTracker()

    def follow(self, uri: str, before: list[str], after: list[str]) -> None:
        """Update the window to the whole lines *before* and *after* the cursor's line.

        There are two cases:

        1. The lines after the cursor are unchanged, and only lines before it were added: the new
           lines are appended.
        2. Anything else has changed, or the window has too many lines: it is rebuilt.

        Afterwards, the obsolete range is computed again if the window was rebuilt or the index
        holds another version of the document.
        """
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
            # Typing does not move the surrounding lines, so one comparison per version is enough.
            self.obsolete = (
                document.find_obsolete(self._before, self._after) if document else range(0)
            )
            self._document = document

    def context(self, current: str, typed: Sequence[Token]) -> list[Token]:
        """Return the last tokens before the word being typed on the line *current*."""
        start = self._indentation.copy().start_line(current)
        return [*self.chain.tokens[-CONTEXT_TOKENS:], start, *typed]

    def words(self, typed: Sequence[Token]) -> frozenset[Token]:
        """Return the words of at least `STEM_CHARS` characters shortly before the cursor."""
        known = self.family.vocabulary.words
        tokens = [*self.chain.tokens[-SURROUNDING_TOKENS:], *typed]
        return frozenset(token for token in tokens if len(known[token >> 1]) >= STEM_CHARS)

    def _start_afresh(self, after: list[str]) -> None:
        """Replace the tokens by those of *after*, so that the lines before it can be added."""
        self.chain = TokenChain(self.family.vocabulary, _EXPECTED_TOKENS)
        self._before, self._after = [], after
        self._indentation = IndentationTracker()
        self._learn(after)
        self._indentation = IndentationTracker()
        self.chain.extend([BOUNDARY << 1])

    def _learn(self, lines: Sequence[str]) -> None:
        """Append the tokens of whole *lines*; blank and overlong lines add none."""
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
    """Return the number of lines at the end of *new* that were added to *old*.

    Returns None if *new* does not continue *old*. The first line of *new* is not compared, because
    the budget may cut it.
    """
    for added in range(min(_MAX_TYPED_LINES, len(new)) + 1):
        kept = len(new) - added
        if kept <= len(old) and new[1:kept] == old[len(old) - kept + 1 :] and kept > 1:
            return added
    return None
