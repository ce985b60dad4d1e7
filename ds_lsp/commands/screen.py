"""Shows the demo: animated in a terminal, and as lines where there is none."""

import asyncio
import os
import shutil
import time
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TextIO

from ds_lsp.commands.page import Line, Marks, Page, note, short_note
from ds_lsp.commands.typist import Event, Offer, Trouble, Typed
from ds_lsp.document import LINE_END
from ds_lsp.visible import escape_control_characters

KEY_S = 0.004
"""Between two keys, in seconds."""
HOLD_S = 0.26
"""How long a completion is shown before anything is done about it, in seconds."""

_NOTE_COLUMN = 60
_MIN_NOTE = 12
_MIN_COLUMNS = 80
_GUTTER = 6
"""Columns for the number of a line."""
_MAX_GHOST_LINES = 6
_LONGEST_WITH_NOTE = 46
_LOG_COLUMNS = 100


class Output(Protocol):
    """What of a stream is used."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Screen(Protocol):
    """Where a run is shown."""

    async def show(self, event: Event) -> None: ...

    def close(self) -> None:
        """Nothing more comes."""


def screen_for(stdout: TextIO, environ: Mapping[str, str], marks: Marks) -> Screen:
    """Animated only where that is certain to look right."""
    size = shutil.get_terminal_size()
    if not can_animate(stdout.isatty(), size.columns, environ, os.name):
        return PlainScreen(stdout, marks)
    ink = Ink(marks, colored=not environ.get("NO_COLOR"))
    return AnimatedScreen(stdout, ink, size.columns)


def can_animate(is_terminal: bool, columns: int, environ: Mapping[str, str], platform: str) -> bool:
    if not is_terminal or columns < _MIN_COLUMNS or environ.get("TERM") == "dumb":
        return False
    # Of Windows' terminals, these two say that they know escape sequences.
    return platform != "nt" or "WT_SESSION" in environ or "TERM" in environ


class PlainScreen:
    """Each line once, when it is complete, with what there is to say about it."""

    def __init__(self, stdout: Output, marks: Marks) -> None:
        self._stdout = stdout
        self._marks = marks
        self._page = Page()
        self._printed = 0

    async def show(self, event: Event) -> None:
        self._page.take(event)
        self._print(len(self._page.lines) - 1)

    def close(self) -> None:
        lines = self._page.lines
        self._print(len(lines) if lines[-1].segments else len(lines) - 1)

    def _print(self, end: int) -> None:
        for number in range(self._printed, end):
            for row in plain_rows(number + 1, self._page.lines[number], self._marks):
                self._stdout.write(row + "\n")
                self._stdout.flush()
            self._printed = number + 1


def plain_rows(number: int, line: Line, marks: Marks) -> list[str]:
    """One line of the program, its notes beside it or, where they need more room, below."""
    code = f"{number:>3} {marks.bar} {marked(line, marks)}".rstrip()
    notes = [f"{marks.dot} {note(said, marks)}" for said in line.said]
    together = " ".join(notes)
    if len(code) <= _LONGEST_WITH_NOTE and _LONGEST_WITH_NOTE + len(together) < _LOG_COLUMNS:
        return [f"{code:<{_LONGEST_WITH_NOTE}}  {together}".rstrip()]
    return [code, *(f"    {marks.bar}     {each}" for each in notes)]


def marked(line: Line, marks: Marks) -> str:
    """A line with marks around what was accepted."""
    return "".join(
        f"{marks.opening}{escape_control_characters(segment.text)}{marks.closing}"
        if segment.offered
        else segment.text
        for segment in line.segments
    )


@dataclass(frozen=True, slots=True)
class Ink:
    """How the kinds of text look; with marks where there may be no colors."""

    marks: Marks
    colored: bool

    def ghost(self, text: str) -> str:
        return self._paint("2", text)

    def accepted(self, text: str) -> str:
        return self._paint("36", text)

    def aside(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.colored else text

    def _paint(self, code: str, text: str) -> str:
        if self.colored:
            return f"\x1b[{code}m{text}\x1b[0m"
        return f"{self.marks.opening}{text}{self.marks.closing}"


class AnimatedScreen:
    """Typing, ghost text and what becomes of it, as in an editor."""

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

    async def show(self, event: Event) -> None:
        start = len(self._page.lines) - 1
        if isinstance(event, Offer) and event.text:
            self._write(self._ghost(event))
            await self._pause(HOLD_S)
        elif isinstance(event, Typed):
            await self._pause(KEY_S)
        self._page.take(event)
        self._redraw(start)
        if isinstance(event, Trouble):
            self._write("\n" + escape_control_characters(note(event, self._ink.marks)) + "\n")
            self._redraw(start)

    def close(self) -> None:
        last = len(self._page.lines) - 1
        if self._page.lines[last].segments:
            self._redraw(last, finished=True)
            self._write("\n")
        else:
            # The program has ended with a line end: there is no line to number.
            self._write("\r\x1b[J")

    async def _pause(self, seconds: float) -> None:
        # By an agenda: where timers are coarse, the keys after a long sleep do without one.
        now = self._clock()
        self._due = max(self._due, now - HOLD_S) + seconds
        if self._due > now:
            await self._sleep(self._due - now)

    def _redraw(self, start: int, *, finished: bool = False) -> None:
        """Draw the lines from *start* on; the cursor is in the first of them."""
        rows = [
            self._row(number, finished=finished or number < len(self._page.lines) - 1)
            for number in range(start, len(self._page.lines))
        ]
        self._write("\r\x1b[J" + "\n".join(rows))

    def _row(self, number: int, *, finished: bool) -> str:
        line = self._page.lines[number]
        code = "".join(
            self._ink.accepted(escape_control_characters(segment.text))
            if segment.offered
            else segment.text
            for segment in line.segments
        )
        row = self._gutter(str(number + 1)) + code
        return row + self._note(line) if finished and line.said else row

    def _gutter(self, number: str) -> str:
        return self._ink.aside(f"{number:>3} {self._ink.marks.bar} ")

    def _note(self, line: Line) -> str:
        dot = self._ink.marks.dot
        notes = f" {dot} ".join(short_note(said) for said in line.said)
        return self._aside(notes, self._end(line))

    def _end(self, line: Line) -> int:
        """The column where a line ends as it is drawn."""
        marks = 0 if self._ink.colored else 2 * sum(each.offered for each in line.segments)
        return _GUTTER + cells(line.text) + marks

    def _aside(self, text: str, end: int) -> str:
        """A note to the right of a line that ends at column *end*, if there is room."""
        column = max(_NOTE_COLUMN, end + 3)
        room = self._columns - column
        if room < _MIN_NOTE:
            return ""
        return f"\x1b[{column}G{self._ink.aside(clip(text, room))}"

    def _ghost(self, offer: Offer) -> str:
        """Ghost text after the cursor, which stays where it is."""
        typed = self._end(self._page.lines[-1])
        rows = [escape_control_characters(row) for row in LINE_END.split(offer.text)][
            :_MAX_GHOST_LINES
        ]
        first, *more = [clip(row, self._columns - typed - 5) for row in rows]
        drawn = self._ink.ghost(first) + self._aside(short_note(offer), typed + cells(first) + 2)
        for row in more:
            drawn += "\n" + self._gutter("") + self._ink.ghost(row)
        back = f"\x1b[{len(more)}A" if more else ""
        return f"{drawn}{back}\r\x1b[{typed}C"

    def _write(self, text: str) -> None:
        self._stdout.write(text)
        self._stdout.flush()


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def clip(text: str, room: int) -> str:
    """As much of *text* as fits."""
    while cells(text) > room:
        text = text[: max(0, min(len(text) - 1, room))]
    return text
