"""Shows the demo: animated in a terminal, and as plain lines elsewhere."""

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TextIO

from wcwidth import iter_graphemes, wcswidth

from ds_lsp.commands.demo.page import Marks, Page, PageLine, to_note, to_short_note
from ds_lsp.commands.demo.typist import DemoEvent, Offer, Trouble, Typed
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.visible import escape_control_characters

KEY_S = 0.004
"""Seconds between two keys."""
HOLD_S = 0.26
"""Seconds that a completion is shown before it is accepted or typed over."""

_NOTE_COLUMN = 60
"""Column of a note, unless the line is longer."""
_MIN_NOTE_COLUMNS = 12
"""Minimum columns for a note; with less room it is left out."""
_MIN_COLUMNS = 80
"""Minimum columns of a terminal for the animation."""
_GUTTER = 6
"""Columns of a line's number."""
_MAX_GHOST_LINES = 6
_MAX_CODE_COLUMNS = 46
"""Maximum columns of a plain line with a note beside it."""
_LOG_COLUMNS = 100
"""Maximum columns of a plain line and its note."""


class Output(Protocol):
    """The part of a stream that is used."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Screen(Protocol):
    """The display of a run."""

    async def show(self, event: DemoEvent) -> None: ...

    def close(self) -> None:
        """Finish the display: no more events follow."""


def screen_for(stdout: TextIO, environ: Mapping[str, str], marks: Marks) -> Screen:
    """Return the screen for *stdout*, animated only where that is certain to look right."""
    size = shutil.get_terminal_size()
    if not can_animate(stdout.isatty(), size.columns, environ, os.name):
        return PlainScreen(stdout, marks)
    ink = Ink(marks, colored=not environ.get("NO_COLOR"))
    return AnimatedScreen(stdout, ink, size.columns)


def can_animate(is_terminal: bool, columns: int, environ: Mapping[str, str], platform: str) -> bool:
    if not is_terminal or columns < _MIN_COLUMNS or environ.get("TERM") == "dumb":
        return False
    # On Windows, these two variables identify terminals that know escape sequences.
    return platform != "nt" or "WT_SESSION" in environ or "TERM" in environ


class PlainScreen:
    """Prints each line once, when it is complete, with its notes."""

    def __init__(self, stdout: Output, marks: Marks) -> None:
        self._stdout = stdout
        self._marks = marks
        self._page = Page()
        self._printed = 0

    async def show(self, event: DemoEvent) -> None:
        self._page.add(event)
        self._print(len(self._page.lines) - 1)

    def close(self) -> None:
        lines = self._page.lines
        self._print(len(lines) if lines[-1].segments else len(lines) - 1)

    def _print(self, end: int) -> None:
        for number in range(self._printed, end):
            for row in to_plain_rows(number + 1, self._page.lines[number], self._marks):
                self._stdout.write(row + "\n")
                self._stdout.flush()
            self._printed = number + 1


def to_plain_rows(number: int, line: PageLine, marks: Marks) -> list[str]:
    """Return a line of the program with its notes beside it, or below if they need more room."""
    code = f"{number:>3} {marks.bar} {mark_accepted(line, marks)}".rstrip()
    notes = [f"{marks.dot} {to_note(event, marks)}" for event in line.events]
    together = " ".join(notes)
    if len(code) <= _MAX_CODE_COLUMNS and _MAX_CODE_COLUMNS + len(together) < _LOG_COLUMNS:
        return [f"{code:<{_MAX_CODE_COLUMNS}}  {together}".rstrip()]
    return [code, *(f"    {marks.bar}     {each}" for each in notes)]


def mark_accepted(line: PageLine, marks: Marks) -> str:
    """Return a line with marks around its accepted text."""
    return "".join(
        f"{marks.opening}{escape_control_characters(segment.text)}{marks.closing}"
        if segment.is_accepted
        else segment.text
        for segment in line.segments
    )


@dataclass(frozen=True, slots=True)
class Ink:
    """The look of each kind of text: colors, or marks in a terminal without colors."""

    marks: Marks
    colored: bool

    def paint_ghost(self, text: str) -> str:
        return self._paint("2", text)

    def paint_accepted(self, text: str) -> str:
        return self._paint("36", text)

    def paint_aside(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.colored else text

    def _paint(self, code: str, text: str) -> str:
        if self.colored:
            return f"\x1b[{code}m{text}\x1b[0m"
        return f"{self.marks.opening}{text}{self.marks.closing}"


class AnimatedScreen:
    """Animates typing, ghost text and its acceptance, as in an editor."""

    def __init__(
        self,
        stdout: Output,
        ink: Ink,
        columns: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stdout = stdout
        self._ink = ink
        self._columns = columns
        self._clock = clock
        self._sleep = sleep
        self._page = Page()
        self._due = clock()

    async def show(self, event: DemoEvent) -> None:
        start = len(self._page.lines) - 1
        if isinstance(event, Offer) and event.text:
            self._write(self._draw_ghost(event))
            await self._pause(HOLD_S)
        elif isinstance(event, Typed):
            await self._pause(KEY_S)
        self._page.add(event)
        self._redraw(start)
        if isinstance(event, Trouble):
            self._write("\n" + escape_control_characters(to_note(event, self._ink.marks)) + "\n")
            self._redraw(start)

    def close(self) -> None:
        last = len(self._page.lines) - 1
        if self._page.lines[last].segments:
            self._redraw(last, is_finished=True)
            self._write("\n")
        else:
            # The program ends with a line end: the last line is empty, and gets no number.
            self._write("\r\x1b[J")

    async def _pause(self, seconds: float) -> None:
        # Keys have a schedule: where timers are coarse, the keys after a long sleep do not sleep.
        now = self._clock()
        self._due = max(self._due, now - HOLD_S) + seconds
        if self._due > now:
            await self._sleep(self._due - now)

    def _redraw(self, start: int, *, is_finished: bool = False) -> None:
        """Draw the lines from *start* on; the cursor is in the first of them."""
        rows = [
            self._draw_row(number, is_finished=is_finished or number < len(self._page.lines) - 1)
            for number in range(start, len(self._page.lines))
        ]
        self._write("\r\x1b[J" + "\n".join(rows))

    def _draw_row(self, number: int, *, is_finished: bool) -> str:
        line = self._page.lines[number]
        code = "".join(
            self._ink.paint_accepted(escape_control_characters(segment.text))
            if segment.is_accepted
            else segment.text
            for segment in line.segments
        )
        row = self._draw_gutter(str(number + 1)) + code
        return row + self._draw_note(line) if is_finished and line.events else row

    def _draw_gutter(self, number: str) -> str:
        return self._ink.paint_aside(f"{number:>3} {self._ink.marks.bar} ")

    def _draw_note(self, line: PageLine) -> str:
        dot = self._ink.marks.dot
        notes = f" {dot} ".join(to_short_note(event) for event in line.events)
        return self._draw_aside(notes, self._end_column(line))

    def _end_column(self, line: PageLine) -> int:
        """Return the column at which a drawn line ends."""
        marks = 0 if self._ink.colored else 2 * sum(each.is_accepted for each in line.segments)
        return _GUTTER + count_columns(line.text) + marks

    def _draw_aside(self, text: str, end: int) -> str:
        """Return a note to the right of a line that ends at column *end*; empty without room."""
        column = max(_NOTE_COLUMN, end + 3)
        room = self._columns - column
        if room < _MIN_NOTE_COLUMNS:
            return ""
        return f"\x1b[{column}G{self._ink.paint_aside(clip(text, room))}"

    def _draw_ghost(self, offer: Offer) -> str:
        """Return ghost text after the cursor, with the moves that bring the cursor back."""
        typed = self._end_column(self._page.lines[-1])
        rows = [escape_control_characters(row) for row in LINE_END.split(offer.text)][
            :_MAX_GHOST_LINES
        ]
        first, *more = [clip(row, self._columns - typed - 5) for row in rows]
        drawn = self._ink.paint_ghost(first) + self._draw_aside(
            to_short_note(offer), typed + count_columns(first) + 2
        )
        for row in more:
            drawn += "\n" + self._draw_gutter("") + self._ink.paint_ghost(row)
        back = f"\x1b[{len(more)}A" if more else ""
        return f"{drawn}{back}\r\x1b[{typed}C"

    def _write(self, text: str) -> None:
        self._stdout.write(text)
        self._stdout.flush()


def count_columns(text: str) -> int:
    """Return the number of columns that a terminal needs for a text with its controls escaped."""
    return wcswidth(escape_control_characters(text))


def clip(text: str, room: int) -> str:
    """Return the longest start of *text* that fits into *room* columns."""
    end = columns = 0
    for grapheme in iter_graphemes(text):
        columns += count_columns(grapheme)
        if columns > room:
            break
        end += len(grapheme)
    return text[:end]
