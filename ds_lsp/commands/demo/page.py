"""The text that the demo has typed, line by line, with notes on each line."""

from dataclasses import astuple, dataclass, field

from ds_lsp.commands.demo.typist import DemoEvent, Fate, Offer, Trouble, Typed
from ds_lsp.commands.output import can_encode
from ds_lsp.completion.request import Trigger
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.visible import escape_control_characters

_MAX_QUOTED = 40
"""Maximum characters of a completion that a note quotes."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks that tell completions from typed text in a terminal without colors."""

    opening: str
    """The mark before accepted text, ..."""
    closing: str
    """... and the mark after it."""
    left_opening: str
    """The mark before text that was offered and not accepted; `left_closing` follows it."""
    left_closing: str
    line_end: str
    ellipsis: str
    bar: str
    dot: str


UNICODE = Marks("⟨", "⟩", "⟪", "⟫", "↵", "…", "│", "·")
ASCII = Marks("{+", "+}", "[-", "-]", "\\n", "...", "|", "-")


def marks_for_output() -> Marks:
    return UNICODE if can_encode("".join(astuple(UNICODE))) else ASCII


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a line that was either typed or accepted."""

    text: str
    is_accepted: bool
    """True if the text was accepted from a completion, False if it was typed."""


@dataclass(slots=True)
class PageLine:
    segments: list[Segment] = field(default_factory=list)
    events: list[Offer | Trouble] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    def add(self, text: str, *, is_accepted: bool) -> None:
        if self.segments and not is_accepted and not self.segments[-1].is_accepted:
            text = self.segments.pop().text + text
        if text:
            self.segments.append(Segment(text, is_accepted))


class Page:
    """The lines typed so far; the last one is still being typed."""

    def __init__(self) -> None:
        self.lines = [PageLine()]

    def add(self, event: DemoEvent) -> None:
        match event:
            case Typed(text):
                self._write(text, is_accepted=False)
            case Offer():
                self.lines[-1].events.append(event)
                self._write(event.accepted, is_accepted=True)
            case Trouble():
                self.lines[-1].events.append(event)

    def _write(self, text: str, *, is_accepted: bool) -> None:
        first, *more = LINE_END.split(text)
        self.lines[-1].add(first, is_accepted=is_accepted)
        for part in more:
            self.lines.append(PageLine())
            self.lines[-1].add(part, is_accepted=is_accepted)


def to_origin(offer: Offer) -> str:
    """Return the source of an offer and its duration; empty if it has no source."""
    return f"{offer.source}, {to_duration(offer.took_ms)}" if offer.source else ""


def to_duration(ms: float) -> str:
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def to_note(event: Offer | Trouble, marks: Marks) -> str:
    """Return a note on an event."""
    if isinstance(event, Trouble):
        return f"{event.sentence} From here on: the local provider."
    asked = "asked explicitly: " if event.trigger is Trigger.INVOKED else ""
    where = asked + to_origin(event)
    left = f"{marks.left_opening}{quote(event.left, marks)}{marks.left_closing}"
    match event.fate:
        case Fate.ACCEPTED:
            return where
        case Fate.NOTHING:
            return f"{asked}nothing offered, {event.why_nothing}"
        case Fate.PARTLY:
            return f"{where}, without {left}"
        case _:
            return f"{where}, {left} {event.fate.value}"


def to_short_note(event: Offer | Trouble) -> str:
    """Return a note on an event for a line with little room."""
    if isinstance(event, Trouble):
        return "the provider failed"
    taken = event.fate in (Fate.ACCEPTED, Fate.PARTLY)
    return to_origin(event) if taken else event.fate.value


def quote(text: str, marks: Marks) -> str:
    """Return a completion as one short line."""
    line = escape_control_characters(LINE_END.sub(marks.line_end, text))
    if len(line) <= _MAX_QUOTED:
        return line
    return line[: _MAX_QUOTED - len(marks.ellipsis)] + marks.ellipsis
