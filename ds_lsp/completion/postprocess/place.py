"""The context of the cursor that a completion is fitted to, as the rules need it."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.languages.lexicon import Lexicon
from ds_lsp.languages.reader import ReaderState, Scan, scan, state_after_lines
from ds_lsp.languages.statements import Code, before_of, code_at
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import TAB_WIDTH, indent_of, with_newlines
from ds_lsp.text.snapshot import Snapshot

MAX_AFTER_ON_LINE = 2_000
"""Maximum characters after the cursor on its line that are read."""
_SIGNS = "()[]{}<>\"'`/"
_MAX_SIGNS = 30_000
"""Maximum brackets and quotes that are read for one cursor, which takes 30 ms. Code has some 1,500
of them after a cursor, and is read from fewer than 20 states."""
_MIN_END_STATES = 4
"""Minimum states from which the text after the cursor is read, however many signs it has."""
_UNREAD = ReaderState(errors=1_000_000)
"""End state of a document that was not read: worse than that of any document."""


@dataclass(frozen=True)
class CursorContext:
    """The text around one cursor, and how the completion there was made. Line ends are ``\\n``."""

    before: str
    after: str
    language_id: str
    eol: str = "\n"
    """The line end of the document."""
    extent: Extent = Extent.BLOCK
    finish: Finish = Finish.STOP
    markers: tuple[str, ...] = ()
    """Beginnings of the lines that ds-lsp puts between the texts that it sends."""
    can_replace: bool = True
    """True if the client can replace text after the cursor on its line."""

    @cached_property
    def line_before(self) -> str:
        """The cursor's line, up to the cursor."""
        return self.before[self.before.rfind("\n") + 1 :]

    @cached_property
    def rest(self) -> str:
        """The cursor's line, from the cursor on."""
        return self.after.partition("\n")[0]

    @cached_property
    def below(self) -> list[str]:
        """The lines below the cursor's line that are not blank, without trailing white space."""
        return [line.rstrip() for line in self.after.split("\n")[1:] if line.strip()]

    @cached_property
    def above(self) -> str:
        """The nearest line above the cursor's line that is not blank; empty if there is none."""
        for line in reversed(self.before[: -len(self.line_before) or None].split("\n")):
            if line.strip():
                return line.rstrip()
        return ""

    @property
    def is_blank_before(self) -> bool:
        """True if only indentation precedes the cursor on its line."""
        return not self.line_before.strip()

    @property
    def pushes_rest_down(self) -> bool:
        """True if inserted lines need a line end: the rest of the line is a line of its own."""
        return self.is_blank_before and bool(self.rest.strip()) and not self.is_in_text

    @cached_property
    def _code(self) -> Code:
        return code_at(self.before, self.language_id)

    @property
    def code_before(self) -> str:
        """The text before the cursor in the cursor's language, which may be an embedded part."""
        return self.before[self._code.start :]

    @property
    def lexicon(self) -> Lexicon:
        """The lexicon of the language at the cursor."""
        return self._code.lexicon

    @property
    def state(self) -> ReaderState:
        """State of the reader at the cursor."""
        return self._code.state

    @property
    def is_code(self) -> bool:
        """True if the cursor is in code: not in a string, a comment or prose."""
        return self.state.inside is None and not self.lexicon.is_prose

    @property
    def is_in_line_comment(self) -> bool:
        """True if the cursor is in a comment that ends with its line."""
        inside = self.state.inside
        return inside is not None and inside.quote is None

    @property
    def is_in_text(self) -> bool:
        """True if the cursor is in a comment or string that may span lines."""
        inside = self.state.inside
        return inside is not None and inside.spans_lines

    def scan(self, text: str) -> Scan:
        """Read *text* as inserted at the cursor."""
        return scan(text, self.lexicon, self.state)

    def state_after(self, text: str, replaces: int = 0) -> ReaderState:
        """Return the reader's state at the end of the document with *text* at the cursor.

        *replaces* is the number of characters after the cursor that *text* replaces.
        """
        return self._state_at_end(self.scan(text).end, replaces)

    def imbalance(self, text: str, replaces: int = 0) -> int:
        """Return the number of errors in the document with *text* at the cursor."""
        return self.state_after(text, replaces).imbalance

    def imbalance_from(self, state: ReaderState, replaces: int = 0) -> int:
        """Return the imbalance of the document with a text that left the reader in *state*."""
        return self._state_at_end(state, replaces).imbalance

    def _state_at_end(self, state: ReaderState, replaces: int) -> ReaderState:
        """Return the reader's state at the end of the document, after a text that ends in *state*.

        Most texts leave the reader in one of a few states. The text after the cursor is read once
        from each; `_UNREAD` is returned when `_max_end_states` are exceeded.
        """
        known = tuple((each.bracket, each.inside) for each in state.stack), state.inside, replaces
        end = self._end_states.get(known)
        if end is None and len(self._end_states) >= self._max_end_states:
            return _UNREAD
        if end is None:
            # Offsets make no difference, so states that differ only in them share one reading.
            stack = tuple(each._replace(offset=0) for each in state.stack)
            start = ReaderState(stack, state.inside, tail=state.tail)
            line, newline, below = self._code_after.partition("\n")
            at_line_end = scan(line[replaces:] + newline, self.lexicon, start).end
            end = state_after_lines(below, self.lexicon, at_line_end._replace(chars_read=0))
            self._end_states[known] = end
        return end._replace(errors=end.errors + state.errors)

    @cached_property
    def _end_states(self) -> "dict[object, ReaderState]":
        """End states by open brackets, string or comment, and replaced characters."""
        return {}

    @cached_property
    def _max_end_states(self) -> int:
        """Maximum states from which the text after the cursor is read; others give `_UNREAD`."""
        signs = sum(map(self._code_after.count, _SIGNS))
        return max(_MAX_SIGNS // max(signs, 1), _MIN_END_STATES)

    @cached_property
    def _code_after(self) -> str:
        """The text after the cursor in the cursor's language."""
        end = self.after.find(self._code.closing) if self._code.closing else -1
        return self.after if end < 0 else self.after[:end]

    @cached_property
    def indents_with(self) -> str:
        """The indentation of the document: a tab or a blank; empty if nothing is indented."""
        lines = self.before.split("\n")[-200:] + self.after.split("\n")[:200]
        signs = Counter(line[0] for line in lines if line[:1] in ("\t", " ") and line.strip())
        if not signs:
            return self.line_before[:1] if self.is_blank_before else ""
        return "\t" if signs["\t"] > signs[" "] else " "

    @cached_property
    def indent_unit(self) -> int:
        """Columns of one level of indentation."""
        if self.indents_with == "\t":
            return TAB_WIDTH
        steps: Counter[int] = Counter()
        previous = 0
        for line in self.before.split("\n")[-200:] + self.after.split("\n")[:200]:
            if line.strip():
                width = indent_of(line)
                if previous < width <= previous + 8:
                    steps[width - previous] += 1
                previous = width
        return steps.most_common(1)[0][0] if steps else TAB_WIDTH

    def drop_after(self, count: int) -> "CursorContext":
        """Return the context without the first *count* characters after the cursor."""
        return replace(self, after=self.after[count:]) if count else self


def _after_of(snapshot: Snapshot) -> str:
    """Return the text after the cursor that is read; of an overlong line, its start alone."""
    after = with_newlines(snapshot.after)
    is_overlong = len(after) > MAX_AFTER_ON_LINE and "\n" not in after[: MAX_AFTER_ON_LINE + 1]
    return after[:MAX_AFTER_ON_LINE] if is_overlong else after


# Cached, because one context serves both the running stream and the fitting of its text.
@lru_cache(2)
def cursor_context(
    snapshot: Snapshot,
    extent: Extent,
    finish: Finish = Finish.STOP,
    *,
    markers: tuple[str, ...] = (),
    can_replace: bool = True,
) -> CursorContext:
    """Return the context at the cursor of *snapshot*."""
    return CursorContext(
        before=before_of(snapshot),
        after=_after_of(snapshot),
        language_id=snapshot.language_id,
        eol=snapshot.eol,
        extent=extent,
        finish=finish,
        markers=markers,
        can_replace=can_replace,
    )
