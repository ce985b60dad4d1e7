"""Draws the cost and tokens of some days: shapes, which become an SVG or a PNG."""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from ds_lsp.providers.catalog import catalog
from ds_lsp.service.usage.counts import Counts, Totals
from ds_lsp.text.visible import escape_control_characters

WIDTH, HEIGHT = 880, 500
_LEFT, _RIGHT = 78, 24
_PANEL = 150
_SCALE = 2
"""Pixels of a PNG for each unit, for screens with more than one pixel per unit."""

_INK, _QUIET, _GRID, _PAPER = "#1f2328", "#59636e", "#d8dee4", "#ffffff"
_MODEL_COLORS = ("#0969da", "#8250df", "#1a7f37", "#bc4c00", "#59636e")
_TOKEN_COLORS = {"cache hit": "#9ec5f8", "cache miss": "#0969da", "output": "#e16f24"}


@dataclass(frozen=True, slots=True)
class PlotBar:
    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass(frozen=True, slots=True)
class PlotLine:
    """A horizontal line."""

    x: float
    y: float
    to_x: float
    color: str


@dataclass(frozen=True, slots=True)
class PlotText:
    x: float
    y: float
    """Position of the base line."""
    text: str
    size: int = 12
    color: str = _QUIET
    anchor: str = "start"
    """``start``, ``middle`` or ``end``."""


PlotShape = PlotBar | PlotLine | PlotText
PlotSeries = Mapping[str, Sequence[float]]
"""Stacked values: a name to its value on each day."""


def to_shapes(counts: Counts, days: Sequence[date]) -> list[PlotShape]:
    """Return the shapes of the plot: cost by model above, tokens by kind below."""
    used = [counts.totals_on(day.isoformat()) for day in days]
    total = sum(used, Totals())
    tokens: PlotSeries = {
        "cache hit": [each.prompt_hit_tokens for each in used],
        "cache miss": [each.prompt_miss_tokens for each in used],
        "output": [each.completion_tokens for each in used],
    }
    money = _cost_by_model(counts, days)
    colors = dict(zip(money, _MODEL_COLORS * len(money), strict=False))
    caption = (
        f"{days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}: about ${total.cost_usd:,.4f}, "
        f"{total.requests:,} requests, {total.tokens:,} tokens"
    )
    return [
        PlotBar(0, 0, WIDTH, HEIGHT, _PAPER),
        PlotText(_LEFT, 34, "ds-lsp usage", 18, _INK),
        PlotText(_LEFT, 54, caption),
        *_draw_panel(106, f"USD a day, by the prices of {catalog().as_of}", money, colors, days),
        *_draw_panel(306, "tokens a day", tokens, _TOKEN_COLORS, days),
        *_draw_dates(306 + _PANEL + 20, days),
    ]


def _cost_by_model(counts: Counts, days: Sequence[date]) -> PlotSeries:
    models = sorted({key.model for key in counts.calls})
    costs = {model: dict.fromkeys((day.isoformat() for day in days), 0.0) for model in models}
    for key, totals in counts.calls.items():
        if key.day in costs[key.model]:
            costs[key.model][key.day] += totals.cost_usd
    return {model: list(by_day.values()) for model, by_day in costs.items()}


def _draw_panel(
    top: float, title: str, series: PlotSeries, colors: Mapping[str, str], days: Sequence[date]
) -> Iterator[PlotShape]:
    yield PlotText(_LEFT, top - 14, title, 13, _INK)
    yield from _draw_legend(top - 14, colors)
    sums = [sum(values[index] for values in series.values()) for index in range(len(days))]
    step = step_for(max(sums, default=0.0))
    ticks = max(1, math.ceil(max(sums, default=0.0) / step))
    unit = _PANEL / (ticks * step)
    for tick in range(ticks + 1):
        y = top + _PANEL - tick * step * unit
        yield PlotLine(_LEFT, y, WIDTH - _RIGHT, _GRID)
        yield PlotText(_LEFT - 8, y + 4, to_label(tick * step), 11, anchor="end")
    slot = _slot(days)
    for index in range(len(days)):
        bottom = top + _PANEL
        for name, values in series.items():
            height = values[index] * unit
            if height:
                x = _LEFT + slot * (index + 0.15)
                yield PlotBar(x, bottom - height, slot * 0.7, height, colors[name])
                bottom -= height


def _draw_legend(y: float, colors: Mapping[str, str]) -> Iterator[PlotShape]:
    right = float(WIDTH - _RIGHT)
    for name, color in reversed(list(colors.items())):
        yield PlotText(right, y, name, anchor="end")
        right -= 6.2 * len(name) + 14
        yield PlotBar(right, y - 9, 10, 10, color)
        right -= 16


def _draw_dates(y: float, days: Sequence[date]) -> Iterator[PlotShape]:
    slot = _slot(days)
    for index, day in enumerate(days):
        # Every fifth day, counted from the last one, which is today.
        if (len(days) - 1 - index) % 5 == 0:
            yield PlotText(
                _LEFT + slot * (index + 0.5), y, f"{day:%b} {day.day}", 11, anchor="middle"
            )


def _slot(days: Sequence[date]) -> float:
    return (WIDTH - _LEFT - _RIGHT) / len(days)


def step_for(most: float) -> float:
    """Return a round step between ticks, at most five of which reach up to *most*."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most / 5))
    return next(step for each in (1, 2, 2.5, 5, 10) if 5 * (step := each * power) >= most)


def to_label(value: float) -> str:
    """Return a tick's value in short form."""
    for unit, word in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{word}"
    return f"{value:.6g}" if value >= 1e-4 or not value else f"{value:.0e}"


def to_svg(shapes: Sequence[PlotShape]) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'font-family="ui-sans-serif,system-ui,Helvetica,Arial,sans-serif"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {font}>',
        "<title>Tokens and money of the last days</title>",
        *map(_to_element, shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _to_element(shape: PlotShape) -> str:
    match shape:
        case PlotBar(x, y, width, height, color):
            return (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
                f'fill="{color}"/>'
            )
        case PlotLine(x, y, to_x, color):
            return f'<path d="M{x:.1f} {y:.1f}H{to_x:.1f}" stroke="{color}"/>'
        case PlotText(x, y, text, size, color, anchor):
            return (
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" '
                f'text-anchor="{anchor}">{escape(escape_control_characters(text))}</text>'
            )


def to_png(shapes: Sequence[PlotShape]) -> bytes:
    """Return the shapes as a PNG. Raises ImportError if Pillow is missing."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _PAPER)
    draw = ImageDraw.Draw(image)
    anchors = {"start": "ls", "middle": "ms", "end": "rs"}
    for shape in shapes:
        x, y = shape.x * _SCALE, shape.y * _SCALE
        match shape:
            case PlotBar(width=width, height=height, color=color):
                # Pillow includes the last pixel.
                corner = (x + width * _SCALE - 1, max(y, y + height * _SCALE - 1))
                draw.rectangle((x, y, *corner), fill=color)
            case PlotLine(to_x=to_x, color=color):
                draw.line((x, y, to_x * _SCALE, y), fill=color, width=_SCALE)
            case PlotText(text=text, size=size, color=color, anchor=anchor):
                font = ImageFont.load_default(size * _SCALE)
                draw.text((x, y), text, fill=color, font=font, anchor=anchors[anchor])
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
