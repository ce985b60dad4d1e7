"""Draws a run of the demo as the README's SVG: a window in which the program is typed.

    python -m tests.demo_picture editors/demo.svg

The SVG is animated with CSS alone. A viewer that does not animate, or whose user prefers reduced
motion, shows the last frame: everything is drawn in its final state, and animations only hide it
until its time.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from ds_lsp.commands.demo import run_demo, summary
from ds_lsp.commands.demo.page import to_duration
from ds_lsp.commands.demo.typist import DemoEvent, Fate, Offer, Typed
from ds_lsp.commands.output import complain, prepare_output
from ds_lsp.commands.run import provider_name
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.visible import escape_control_characters

_KEY_S = 0.014
"""Seconds between two keys."""
_HOLD_S = 0.5
"""Seconds that a completion is shown before it is accepted or disappears."""
_OPENING_LINES = 7
"""Lines that are shown from the start: a window that starts empty looks broken."""
_NEAT_CHARS = 20
"""Minimum characters of the offer that the picture ends with."""

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
class PictureSpan:
    """Text on a line of the last frame."""

    text: str
    is_accepted: bool
    shown_s: float
    """Time at which the text appears."""
    taken_s: float
    """Time at which ghost text turns into text; for typed text, `shown_s`."""


@dataclass(frozen=True, slots=True)
class Flash:
    """Ghost text that was not accepted, and the text before it on its line."""

    before: str
    text: str
    shown_s: float


@dataclass(frozen=True, slots=True)
class Badge:
    """A note on one completion."""

    label: str
    color: str
    shown_s: float


@dataclass(slots=True)
class PictureRow:
    """A line of the picture."""

    spans: list[PictureSpan] = field(default_factory=list)
    flashes: list[Flash] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    ghost: str = ""
    """Ghost text at the end of the line, in the last frame."""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def main(argv: Sequence[str]) -> int:
    """Run the demo, and write its picture into the file that is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo_picture", allow_abbrev=False)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--provider", metavar="NAME", type=provider_name)
    arguments = parser.parse_args(argv)
    prepare_output()
    run = run_demo(arguments.provider)
    picture = draw(run.events, "\n".join(summary(run)[:2]))
    try:
        arguments.file.write_text(picture, encoding="utf-8", newline="\n")
    except OSError as exc:
        complain(f"{arguments.file} cannot be written: {exc.strerror}.")
        return 1
    return 0


def draw(events: Sequence[DemoEvent], caption: str) -> str:
    """Return the picture as SVG. It ends while a completion is offered, which is its subject."""
    end = find_closing_offer(events)
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
        *_draw_window(height),
        *(line for index, row in enumerate(rows) for line in _draw_row(index, row, ends_s)),
        *_draw_caption(caption, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def find_closing_offer(events: Sequence[DemoEvent]) -> int:
    """Return the index of the last accepted offer of `_NEAT_CHARS` or more.

    Without one, it is the number of events.
    """
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        is_right = isinstance(event, Offer) and event.fate is Fate.ACCEPTED
        if is_right and isinstance(event, Offer) and len(event.text) >= _NEAT_CHARS:
            return index
    return len(events)


def lay_out(events: Sequence[DemoEvent]) -> tuple[list[PictureRow], float]:
    """Return the lines that the events produce, and the time of the last event in seconds."""
    rows, now = [PictureRow()], 0.0
    for event in events:
        is_moving = len(rows) > _OPENING_LINES
        match event:
            case Typed(text):
                now += _KEY_S * is_moving
                _write(rows, text, PictureSpan("", False, now, now))
            case Offer():
                if event.left and is_moving:
                    _add_flash(rows, event, now)
                rows[-1].badges.append(_to_badge(event, now))
                taken_s = now + (_HOLD_S if event.text and is_moving else 0)
                _write(rows, event.accepted, PictureSpan("", True, now, taken_s))
                now = taken_s
    return rows, now


def _write(rows: list[PictureRow], text: str, like: PictureSpan) -> None:
    for index, part in enumerate(LINE_END.split(text)):
        if index:
            rows.append(PictureRow())
        if part:
            rows[-1].spans.append(PictureSpan(part, like.is_accepted, like.shown_s, like.taken_s))


def _add_flash(rows: list[PictureRow], offer: Offer, now: float) -> None:
    """Add the first line of an offer that was not accepted.

    Its other lines are left out: later text may be drawn in their place.
    """
    row = rows[-1]
    line = LINE_END.split(offer.text)[0]
    row.flashes.append(Flash(row.text, line, now))


def _to_badge(offer: Offer, now: float) -> Badge:
    if offer.fate is Fate.NOTHING:
        return Badge("nothing offered", "#6e7681", now)
    label = f"{offer.source} {to_duration(offer.took_ms)}"
    if offer.fate in (Fate.TYPED_OVER, Fate.TYPED_ALONG):
        label = f"{label}, {offer.fate.value}"
    return Badge(label, _COLORS.get(offer.source, _OTHER_COLOR), now)


def _add_ghost(rows: list[PictureRow], offer: Offer, now: float) -> None:
    rows[-1].badges.append(_to_badge(offer, now))
    first, *more = LINE_END.split(offer.text)
    rows[-1].ghost = first
    rows.extend(PictureRow(ghost=line) for line in more)


def _draw_window(height: int) -> Iterator[str]:
    yield f'<rect class="w" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>'
    yield f'<path class="bar" d="M1 36V11A10 10 0 0 1 11 1H{_WIDTH - 11}a10 10 0 0 1 10 10v25z"/>'
    for x, color in ((22, "#ff5f57"), (42, "#febc2e"), (62, "#28c840")):
        yield f'<circle cx="{x}" cy="18" r="6" fill="{color}"/>'
    title = "report.py, typed by ds-lsp demo"
    yield f'<text class="s" x="{_WIDTH // 2}" y="22" text-anchor="middle">{title}</text>'


def _draw_row(index: int, row: PictureRow, ends_s: float) -> Iterator[str]:
    y = _TOP + _LINE * index
    yield f'<text class="n" x="{_LEFT - 20}" y="{y}">{index + 1}</text>'
    if row.spans or row.ghost:
        spans = "".join(_draw_span(span) for span in _join_typed(row.spans))
        ghost = _draw_ghost(row, ends_s)
        yield f'<text xml:space="preserve" x="{_LEFT}" y="{y}">{spans}{ghost}</text>'
    for flash in row.flashes:
        yield (
            f'<text class="f" aria-hidden="true" xml:space="preserve" x="{_LEFT}" y="{y}"'
            f"{_to_style(f'flash {_HOLD_S}s {flash.shown_s:.2f}s')}>"
            f'<tspan class="h">{_to_xml(flash.before)}</tspan>'
            f'<tspan class="g">{_to_xml(flash.text)}</tspan></text>'
        )
    # More than two badges would cover the text.
    yield from _draw_badges(row.badges[-2:], y)


def _join_typed(spans: Sequence[PictureSpan]) -> Iterator[PictureSpan]:
    """Yield the spans with typed letters joined to words: the file is a quarter as large."""
    word: list[PictureSpan] = []
    for span in spans:
        if word and (span.is_accepted or (span.text == " ") != (word[-1].text == " ")):
            yield _join(word)
            word = []
        if span.is_accepted:
            yield span
        else:
            word.append(span)
    if word:
        yield _join(word)


def _join(word: Sequence[PictureSpan]) -> PictureSpan:
    return PictureSpan("".join(span.text for span in word), False, word[0].shown_s, word[0].taken_s)


def _draw_span(span: PictureSpan) -> str:
    kind = ' class="a"' if span.is_accepted else ""
    animations = [_appear_animation(span.shown_s)]
    if span.is_accepted:
        animations.append(f"take 1ms {span.taken_s:.2f}s backwards")
    style = _to_style(*animations) if span.shown_s else ""
    return f"<tspan{kind}{style}>{_to_xml(span.text)}</tspan>"


def _appear_animation(at_s: float) -> str:
    return f"in 1ms {at_s:.2f}s backwards"


def _to_style(*animations: str) -> str:
    return f' style="animation:{",".join(animations)}"'


def _draw_ghost(row: PictureRow, ends_s: float) -> str:
    if not row.ghost:
        return ""
    shown = _to_style(_appear_animation(ends_s))
    if not row.badges:
        # This is a further line of the completion; the cursor is above.
        return f'<tspan class="g"{shown}>{_to_xml(row.ghost)}</tspan>'
    blink = _to_style(_appear_animation(ends_s), f"blink 1.1s {ends_s:.2f}s steps(1) infinite")
    # The bar of the cursor takes no room: the text behind it moves back over it.
    return (
        f'<tspan class="c"{blink}>▏</tspan>'
        f'<tspan class="g" dx="-.6em"{shown}>{_to_xml(row.ghost)}</tspan>'
    )


def _to_xml(text: str) -> str:
    """Return *text* escaped for XML; U+FFFE and U+FFFF, which XML cannot hold, are replaced."""
    return escape(re.sub("[\ufffe\uffff]", "\ufffd", escape_control_characters(text)))


def _draw_badges(badges: Sequence[Badge], y: int) -> Iterator[str]:
    right = _WIDTH - 18.0
    for badge in reversed(badges):
        width = 26 + 6.7 * len(badge.label)
        x = right - width
        yield f"<g{_to_style(_appear_animation(badge.shown_s)) if badge.shown_s else ''}>"
        yield f'<rect class="b" x="{x:.1f}" y="{y - 13}" width="{width:.1f}" height="17" rx="8.5"/>'
        yield f'<circle cx="{x + 11:.1f}" cy="{y - 4.5}" r="3" fill="{badge.color}"/>'
        yield f'<text class="bt" x="{x + 19:.1f}" y="{y - 1}">{_to_xml(badge.label)}</text></g>'
        right = x - 6


def _draw_caption(caption: str, height: int) -> Iterator[str]:
    first, *more = caption.split("\n")
    y = height - 34
    yield f'<path d="M1 {y - 18}H{_WIDTH - 1}" stroke="#21262d"/>'
    yield f'<text class="s" x="20" y="{y + 2}">{_to_xml(first)}</text>'
    for line in more:
        yield f'<text class="s" x="20" y="{y + 20}">{_to_xml(line)}</text>'
    yield (
        f'<text class="s" x="{_WIDTH - 18}" y="{y + 2}" text-anchor="end">typed '
        f'<tspan class="a">accepted</tspan> <tspan class="g">ghost text</tspan></text>'
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
