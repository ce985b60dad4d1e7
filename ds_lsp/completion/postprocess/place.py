"""The place a completion is fitted to: the text around the cursor, as the rules ask for it."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from ds_lsp.completion.postprocess.lexicon import Lexicon
from ds_lsp.completion.postprocess.lines import TAB_WIDTH, Code, before_of, code_at, indent_of
from ds_lsp.completion.postprocess.scan import ReaderState, Scan, scan, state_after_lines
from ds_lsp.completion.shape import Extent
from ds_lsp.document import Snapshot, with_newlines
from ds_lsp.providers.base import Finish

MAX_AFTER_ON_LINE = 2_000
"""Maximum characters after the cursor on its line that a text is fitted to."""
_SIGNS = "()[]{}<>\"'`/"
_MAX_SIGNS = 30_000
"""Maximum brackets and quotes that are read for one place, which takes 30 ms. Code has some 1,500
of them after a cursor, and is read from fewer than 20 states."""
_MIN_END_STATES = 4
_UNREAD = ReaderState(errors=1_000_000)


@dataclass(frozen=True)
class CursorContext:
    """One cursor, and how the completion there came about. All line ends are ``\\n``."""

    before: str
    after: str
    language_id: str
    eol: str = "\n"
    """The document's own line end."""
    extent: Extent = Extent.BLOCK
    finish: Finish = Finish.STOP
    markers: tuple[str, ...] = ()
    """What begins the lines that we, and not the document, put between the texts sent."""
    can_replace: bool = True
    """Whether the client can replace what stands after the cursor on its line."""

    @cached_property
    def line_before(self) -> str:
        return self.before[self.before.rfind("\n") + 1 :]

    @cached_property
    def rest(self) -> str:
        """The cursor's line, from the cursor on."""
        return self.after.partition("\n")[0]

    @cached_property
    def below(self) -> list[str]:
        """The lines below the cursor's that hold something, without trailing white space."""
        return [line.rstrip() for line in self.after.split("\n")[1:] if line.strip()]

    @cached_property
    def above(self) -> str:
        """The nearest line above the cursor's that holds something; empty: none does."""
        for line in reversed(self.before[: -len(self.line_before) or None].split("\n")):
            if line.strip():
                return line.rstrip()
        return ""

    @property
    def is_blank_before(self) -> bool:
        """Whether the cursor's line has nothing but indentation before it."""
        return not self.line_before.strip()

    @property
    def pushes_rest_down(self) -> bool:
        """Return whether a line inserted here needs its line end: the rest is a line of its own."""
        return self.is_blank_before and bool(self.rest.strip()) and not self.is_in_text

    @cached_property
    def _code(self) -> Code:
        return code_at(self.before, self.language_id)

    @property
    def code_before(self) -> str:
        """The text before the cursor, as far as it is in the cursor's language."""
        return self.before[self._code.start :]

    @property
    def lexicon(self) -> Lexicon:
        return self._code.lexicon

    @property
    def state(self) -> ReaderState:
        """What a reader knows at the cursor."""
        return self._code.state

    @property
    def is_code(self) -> bool:
        return self.state.inside is None and not self.lexicon.is_prose

    @property
    def is_in_line_comment(self) -> bool:
        inside = self.state.inside
        return inside is not None and inside.quote is None

    @property
    def is_in_text(self) -> bool:
        """Whether the cursor is in a comment or string that goes on over lines."""
        inside = self.state.inside
        return inside is not None and inside.spans_lines

    def scan(self, text: str) -> Scan:
        """Read *text* as it will stand at the cursor."""
        return scan(text, self.lexicon, self.state)

    def state_after(self, text: str, replaces: int = 0) -> ReaderState:
        """What a reader knows at the end of the document with *text* at the cursor."""
        return self._state_at_end(self.scan(text).end, replaces)

    def imbalance(self, text: str, replaces: int = 0) -> int:
        """What is wrong with that document."""
        return self.state_after(text, replaces).imbalance

    def imbalance_from(self, state: ReaderState, replaces: int = 0) -> int:
        """The same, for a text that has been read."""
        return self._state_at_end(state, replaces).imbalance

    def _state_at_end(self, state: ReaderState, replaces: int) -> ReaderState:
        """The state at the end of the document. Most texts leave a reader in one of a few states:
        what follows is read once from each."""
        known = tuple((each.bracket, each.inside) for each in state.stack), state.inside, replaces
        end = self._end_states.get(known)
        if end is None and len(self._end_states) >= self._max_end_states:
            return _UNREAD
        if end is None:
            # Alike for every state that differs in nothing else.
            stack = tuple(each._replace(offset=0) for each in state.stack)
            start = ReaderState(stack, state.inside, tail=state.tail)
            line, newline, below = self._code_after.partition("\n")
            at_line_end = scan(line[replaces:] + newline, self.lexicon, start).end
            end = state_after_lines(below, self.lexicon, at_line_end._replace(chars_read=0))
            self._end_states[known] = end
        return end._replace(errors=end.errors + state.errors)

    @cached_property
    def _end_states(self) -> "dict[object, ReaderState]":
        return {}

    @cached_property
    def _max_end_states(self) -> int:
        """From how many states what follows is read; of the others it is not known what they do."""
        signs = sum(map(self._code_after.count, _SIGNS))
        return max(_MAX_SIGNS // max(signs, 1), _MIN_END_STATES)

    @cached_property
    def _code_after(self) -> str:
        end = self.after.find(self._code.closing) if self._code.closing else -1
        return self.after if end < 0 else self.after[:end]

    @cached_property
    def indents_with(self) -> str:
        """A tab or a blank; empty: nothing around is indented."""
        lines = self.before.split("\n")[-200:] + self.after.split("\n")[:200]
        signs = Counter(line[0] for line in lines if line[:1] in ("\t", " ") and line.strip())
        if not signs:
            return self.line_before[:1] if self.is_blank_before else ""
        return "\t" if signs["\t"] > signs[" "] else " "

    @cached_property
    def indent_unit(self) -> int:
        """Columns of one step of indentation."""
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
        """The place when the first characters after the cursor are gone."""
        return replace(self, after=self.after[count:]) if count else self


def _after_of(snapshot: Snapshot) -> str:
    after = with_newlines(snapshot.after)
    is_overlong = len(after) > MAX_AFTER_ON_LINE and "\n" not in after[: MAX_AFTER_ON_LINE + 1]
    return after[:MAX_AFTER_ON_LINE] if is_overlong else after


# What it finds out about its surroundings serves while an answer is heard, and to fit it.
@lru_cache(2)
def cursor_context(
    snapshot: Snapshot,
    extent: Extent,
    finish: Finish = Finish.STOP,
    *,
    markers: tuple[str, ...] = (),
    can_replace: bool = True,
) -> CursorContext:
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
