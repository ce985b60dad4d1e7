"""Draws a run of the demo as an SVG: a window in which the program is typed.

Animated with CSS alone. A viewer that does not animate shows the last frame, and so does one whose
user wants less motion: everything is drawn as it ends, and animations only hide it until its time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from ds_lsp.commands.page import to_duration
from ds_lsp.commands.typist import Event, Fate, Offer, Typed
from ds_lsp.document import LINE_END
from ds_lsp.visible import escape_control_characters

_KEY_S = 0.014
_HOLD_S = 0.5
_OPENING_LINES = 7
"""Already there when the picture opens: a window that starts empty looks broken."""
_NEAT_CHARS = 20

_WIDTH = 880
_LINE = 21
_TOP = 66
_LEFT = 62
_FOOT = 62

_COLORS = {"local": "#58a6ff", "deepseek": "#b48cff", "type-through": "#3fb950"}
_OTHER_COLOR = "#39c5cf"

_STYLE = """
.w{fill:#0d1117;stroke:#30363d}.bar{fill:#161b22}
text{font:14px ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',Consolas,monospace;\
white-space:pre;fill:#e6edf3}
.n{fill:#484f58;text-anchor:end}.s{font-size:12px;fill:#8b949e}.a{fill:#56d4dd}
.g{fill:#768390;font-style:italic}.f{opacity:0}.h{fill:none}.c{fill:#e6edf3}
.b{fill:#161b22;stroke:#30363d}.bt{font-size:11px;fill:#adbac7}.q{fill:#6e7681}
.k{fill:#1f6feb}.kt{font-size:11px;fill:#fff}
@keyframes in{from{opacity:0}}@keyframes take{from{fill:#768390}}
@keyframes flash{from,to{opacity:1}}@keyframes blink{50%{opacity:0}}
@media(prefers-reduced-motion:reduce){*{animation:none!important}}
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that stands on a line in the end."""

    text: str
    offered: bool
    shown_s: float
    """When it appears."""
    taken_s: float
    """When it turns from ghost text into text; typed text is no ghost."""


@dataclass(frozen=True, slots=True)
class Flash:
    """Ghost text that was not taken, and what stood before it."""

    before: str
    text: str
    shown_s: float


@dataclass(frozen=True, slots=True)
class Badge:
    """What there is to say about one completion."""

    label: str
    color: str
    shown_s: float


@dataclass(slots=True)
class Row:
    """One line of the picture."""

    pieces: list[Piece] = field(default_factory=list)
    flashes: list[Flash] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    ghost: str = ""
    """Ghost text it ends with, in the last frame."""

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def draw(events: Sequence[Event], caption: str) -> str:
    """The picture. It ends where a completion is being offered: that is what there is to see."""
    end = closing_moment(events)
    rows, ends_s = lay_out(events[:end])
    offer = events[end] if end < len(events) else None
    if isinstance(offer, Offer):
        _add_ghost(rows, offer, ends_s)
    height = _TOP + _LINE * len(rows) + _FOOT
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>A program is typed; ds-lsp offers what comes next</title>",
        f"<style>{_STYLE}</style>",
        *_window(height),
        *(line for index, row in enumerate(rows) for line in _row(index, row, ends_s)),
        *_caption(caption, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def closing_moment(events: Sequence[Event]) -> int:
    """The index of the last offer that was right and long enough to be worth a look."""
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        is_right = isinstance(event, Offer) and event.fate is Fate.ACCEPTED
        if is_right and isinstance(event, Offer) and len(event.text) >= _NEAT_CHARS:
            return index
    return len(events)


def lay_out(events: Sequence[Event]) -> tuple[list[Row], float]:
    """The lines that come of the events, and when the last event has happened."""
    rows, now = [Row()], 0.0
    for event in events:
        is_moving = len(rows) > _OPENING_LINES
        match event:
            case Typed(text):
                now += _KEY_S * is_moving
                _write(rows, text, Piece("", False, now, now))
            case Offer():
                if event.left and is_moving:
                    _flash(rows, event, now)
                rows[-1].badges.append(_badge(event, now))
                taken_s = now + (_HOLD_S if event.text and is_moving else 0)
                _write(rows, event.accepted, Piece("", True, now, taken_s))
                now = taken_s
    return rows, now


def _write(rows: list[Row], text: str, like: Piece) -> None:
    for index, part in enumerate(LINE_END.split(text)):
        if index:
            rows.append(Row())
        if part:
            rows[-1].pieces.append(Piece(part, like.offered, like.shown_s, like.taken_s))


def _flash(rows: list[Row], offer: Offer, now: float) -> None:
    """Only the first line: those below may be drawn upon later."""
    row = rows[-1]
    line = LINE_END.split(offer.text)[0]
    row.flashes.append(Flash(row.text, line, now))


def _badge(offer: Offer, now: float) -> Badge:
    if offer.fate is Fate.NOTHING:
        return Badge("nothing offered", "#6e7681", now)
    label = f"{offer.source} {to_duration(offer.took_ms)}"
    if offer.fate in (Fate.TYPED_OVER, Fate.TYPED_ALONG):
        label = f"{label}, {offer.fate.value}"
    return Badge(label, _COLORS.get(offer.source, _OTHER_COLOR), now)


def _add_ghost(rows: list[Row], offer: Offer, now: float) -> None:
    rows[-1].badges.append(_badge(offer, now))
    first, *more = LINE_END.split(offer.text)
    rows[-1].ghost = first
    rows.extend(Row(ghost=line) for line in more)


def _window(height: int) -> Iterator[str]:
    yield f'<rect class="w" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>'
    yield f'<path class="bar" d="M1 36V11A10 10 0 0 1 11 1H{_WIDTH - 11}a10 10 0 0 1 10 10v25z"/>'
    for x, color in ((22, "#ff5f57"), (42, "#febc2e"), (62, "#28c840")):
        yield f'<circle cx="{x}" cy="18" r="6" fill="{color}"/>'
    title = "report.py, typed by ds-lsp demo"
    yield f'<text class="s" x="{_WIDTH // 2}" y="22" text-anchor="middle">{title}</text>'


def _row(index: int, row: Row, ends_s: float) -> Iterator[str]:
    y = _TOP + _LINE * index
    yield f'<text class="n" x="{_LEFT - 20}" y="{y}">{index + 1}</text>'
    if row.pieces or row.ghost:
        spans = "".join(_span(piece) for piece in _words(row.pieces))
        yield f'<text xml:space="preserve" x="{_LEFT}" y="{y}">{spans}{_ghost(row, ends_s)}</text>'
    for flash in row.flashes:
        yield (
            f'<text class="f" aria-hidden="true" xml:space="preserve" x="{_LEFT}" y="{y}"'
            f"{_style(f'flash {_HOLD_S}s {flash.shown_s:.2f}s')}>"
            f'<tspan class="h">{_xml(flash.before)}</tspan>'
            f'<tspan class="g">{_xml(flash.text)}</tspan></text>'
        )
    # More than two would reach into the text.
    yield from _badges(row.badges[-2:], y)


def _words(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces, with typed letters put together to words: a quarter of the file's size."""
    word: list[Piece] = []
    for piece in pieces:
        if word and (piece.offered or (piece.text == " ") != (word[-1].text == " ")):
            yield _joined(word)
            word = []
        if piece.offered:
            yield piece
        else:
            word.append(piece)
    if word:
        yield _joined(word)


def _joined(word: Sequence[Piece]) -> Piece:
    return Piece("".join(piece.text for piece in word), False, word[0].shown_s, word[0].taken_s)


def _span(piece: Piece) -> str:
    kind = ' class="a"' if piece.offered else ""
    animations = [_appear(piece.shown_s)]
    if piece.offered:
        animations.append(f"take 1ms {piece.taken_s:.2f}s backwards")
    style = _style(*animations) if piece.shown_s else ""
    return f"<tspan{kind}{style}>{_xml(piece.text)}</tspan>"


def _appear(at_s: float) -> str:
    return f"in 1ms {at_s:.2f}s backwards"


def _style(*animations: str) -> str:
    return f' style="animation:{",".join(animations)}"'


def _ghost(row: Row, ends_s: float) -> str:
    if not row.ghost:
        return ""
    shown = _style(_appear(ends_s))
    if not row.badges:
        # A further line of the completion: the cursor is above.
        return f'<tspan class="g"{shown}>{_xml(row.ghost)}</tspan>'
    blink = _style(_appear(ends_s), f"blink 1.1s {ends_s:.2f}s steps(1) infinite")
    # The bar of the cursor takes no room: what follows moves back over it.
    return (
        f'<tspan class="c"{blink}>▏</tspan>'
        f'<tspan class="g" dx="-.6em"{shown}>{_xml(row.ghost)}</tspan>'
    )


def _xml(text: str) -> str:
    """*text* as XML can hold it: there are characters it has no words for."""
    return escape(re.sub("[\ufffe\uffff]", "\ufffd", escape_control_characters(text)))


def _badges(badges: Sequence[Badge], y: int) -> Iterator[str]:
    right = _WIDTH - 18.0
    for badge in reversed(badges):
        width = 26 + 6.7 * len(badge.label)
        x = right - width
        yield f"<g{_style(_appear(badge.shown_s)) if badge.shown_s else ''}>"
        yield f'<rect class="b" x="{x:.1f}" y="{y - 13}" width="{width:.1f}" height="17" rx="8.5"/>'
        yield f'<circle cx="{x + 11:.1f}" cy="{y - 4.5}" r="3" fill="{badge.color}"/>'
        yield f'<text class="bt" x="{x + 19:.1f}" y="{y - 1}">{_xml(badge.label)}</text></g>'
        right = x - 6


def _caption(caption: str, height: int) -> Iterator[str]:
    first, *more = caption.split("\n")
    y = height - 34
    yield f'<path d="M1 {y - 18}H{_WIDTH - 1}" stroke="#21262d"/>'
    yield f'<text class="s" x="20" y="{y + 2}">{_xml(first)}</text>'
    for line in more:
        yield f'<text class="s" x="20" y="{y + 20}">{_xml(line)}</text>'
    yield (
        f'<text class="s" x="{_WIDTH - 18}" y="{y + 2}" text-anchor="end">typed '
        f'<tspan class="a">accepted</tspan> <tspan class="g">ghost text</tspan></text>'
    )
