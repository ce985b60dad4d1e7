"""What the demo has typed, line by line, and what there is to say about each line."""

from dataclasses import astuple, dataclass, field

from ds_lsp.commands.output import can_encode
from ds_lsp.commands.typist import Event, Fate, Offer, Trouble, Typed
from ds_lsp.completion.request import Trigger
from ds_lsp.document import LINE_END
from ds_lsp.visible import escape_control_characters

_MAX_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Marks:
    """How completions are told from typed text where there are no colors."""

    opening: str
    """Before what was accepted, ..."""
    closing: str
    """... and after it."""
    left_opening: str
    """The same for what was not."""
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
    """A piece of a line that came in one way."""

    text: str
    offered: bool
    """Whether it was accepted from a completion, or typed."""


@dataclass(slots=True)
class Line:
    segments: list[Segment] = field(default_factory=list)
    said: list[Offer | Trouble] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    def add(self, text: str, *, offered: bool) -> None:
        if self.segments and not offered and not self.segments[-1].offered:
            text = self.segments.pop().text + text
        if text:
            self.segments.append(Segment(text, offered))


class Page:
    """The lines so far; the last one is being typed."""

    def __init__(self) -> None:
        self.lines = [Line()]

    def take(self, event: Event) -> None:
        match event:
            case Typed(text):
                self._write(text, offered=False)
            case Offer():
                self.lines[-1].said.append(event)
                self._write(event.accepted, offered=True)
            case Trouble():
                self.lines[-1].said.append(event)

    def _write(self, text: str, *, offered: bool) -> None:
        first, *more = LINE_END.split(text)
        self.lines[-1].add(first, offered=offered)
        for part in more:
            self.lines.append(Line())
            self.lines[-1].add(part, offered=offered)


def origin(offer: Offer) -> str:
    """Where an offer came from and how long it took."""
    return f"{offer.source}, {to_duration(offer.took_ms)}" if offer.source else ""


def to_duration(ms: float) -> str:
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def note(said: Offer | Trouble, marks: Marks) -> str:
    """One event in words."""
    if isinstance(said, Trouble):
        return f"{said.sentence} From here on: the local provider."
    asked = "asked explicitly: " if said.trigger is Trigger.INVOKED else ""
    where = asked + origin(said)
    left = f"{marks.left_opening}{quoted(said.left, marks)}{marks.left_closing}"
    match said.fate:
        case Fate.ACCEPTED:
            return where
        case Fate.NOTHING:
            return f"{asked}nothing offered, {said.why_nothing}"
        case Fate.PARTLY:
            return f"{where}, without {left}"
        case _:
            return f"{where}, {left} {said.fate.value}"


def short_note(said: Offer | Trouble) -> str:
    """The same where there is little room."""
    if isinstance(said, Trouble):
        return "the provider failed"
    taken = said.fate in (Fate.ACCEPTED, Fate.PARTLY)
    return origin(said) if taken else said.fate.value


def quoted(text: str, marks: Marks) -> str:
    """A completion in one short line."""
    line = escape_control_characters(LINE_END.sub(marks.line_end, text))
    if len(line) <= _MAX_QUOTED:
        return line
    return line[: _MAX_QUOTED - len(marks.ellipsis)] + marks.ellipsis
