"""A terminal's screen as an SVG picture."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

_WIDTH, _HEIGHT, _MARGIN = 8.4, 18, 10
_INK, _PAPER = "#d0d0d0", "#1c1c1c"
_BASIC = (
    *("#3b3b3b", "#d7606c", "#87af5f", "#d7af5f", "#5f87d7", "#af87d7", "#5fafaf", "#d0d0d0"),
    *("#767676", "#ff8787", "#afd787", "#ffd787", "#87afff", "#d7afff", "#87d7d7", "#ffffff"),
)
_STYLE = re.compile(r"\x1b\[([\d;:]*)m")


@dataclass(frozen=True, slots=True)
class Style:
    ink: str = ""
    paper: str = ""
    is_bold: bool = False
    is_dim: bool = False
    is_italic: bool = False
    is_reversed: bool = False

    @property
    def colors(self) -> tuple[str, str]:
        ink, paper = self.ink or _INK, self.paper or _PAPER
        return (paper, ink) if self.is_reversed else (ink, paper)


PLAIN = Style()


def draw(screen: str, title: str) -> str:
    """*screen* is what ``tmux capture-pane -e`` says; blank lines at the end are left out."""
    lines = screen.rstrip("\n").split("\n")
    columns = max(width(_STYLE.sub("", line)) for line in lines)
    size = round(columns * _WIDTH + 2 * _MARGIN), len(lines) * _HEIGHT + 2 * _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" font-family="ui-monospace, Menlo, Consolas, monospace" '
        f'font-size="14">\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" rx="6" fill="{_PAPER}"/>\n'
    )
    last, body = PLAIN, []
    for row, line in enumerate(lines):
        column = 0
        for style, text in _runs(line, last):
            last = style
            body.append(_run(text, style, row, column))
            column += width(text)
    return head + "".join(body) + "</svg>\n"


def _runs(line: str, style: Style) -> Iterator[tuple[Style, str]]:
    at = 0
    for code in _STYLE.finditer(line):
        if code.start() > at:
            yield style, line[at : code.start()]
        style = restyle(style, code[1])
        at = code.end()
    # Also where nothing is left: the next line goes on in this style.
    yield style, line[at:]


def restyle(style: Style, codes: str) -> Style:
    """The style after an escape sequence with these numbers."""
    numbers = [int(code or 0) for code in codes.replace(":", ";").split(";")]
    while numbers:
        match numbers.pop(0):
            case 0:
                style = PLAIN
            case 1:
                style = replace(style, is_bold=True)
            case 2:
                style = replace(style, is_dim=True)
            case 3:
                style = replace(style, is_italic=True)
            case 7:
                style = replace(style, is_reversed=True)
            case 22:
                style = replace(style, is_bold=False, is_dim=False)
            case 23:
                style = replace(style, is_italic=False)
            case 27:
                style = replace(style, is_reversed=False)
            case 38:
                style = replace(style, ink=_color(numbers))
            case 48:
                style = replace(style, paper=_color(numbers))
            case 39:
                style = replace(style, ink="")
            case 49:
                style = replace(style, paper="")
            case number if number in range(30, 38):
                style = replace(style, ink=_BASIC[number - 30])
            case number if number in range(40, 48):
                style = replace(style, paper=_BASIC[number - 40])
            case number if number in range(90, 98):
                style = replace(style, ink=_BASIC[number - 82])
            case number if number in range(100, 108):
                style = replace(style, paper=_BASIC[number - 92])
    return style


def _color(numbers: list[int]) -> str:
    """Takes the numbers of one color off the front."""
    if numbers.pop(0) == 2:
        parts = [numbers.pop(0) for _ in range(3)]
    elif (number := numbers.pop(0)) < 16:
        return _BASIC[number]
    elif number < 232:
        steps = (0, 95, 135, 175, 215, 255)
        number -= 16
        parts = [steps[number // 36], steps[number // 6 % 6], steps[number % 6]]
    else:
        parts = [8 + 10 * (number - 232)] * 3
    return "#" + "".join(f"{part:02x}" for part in parts)


def _run(text: str, style: Style, row: int, column: int) -> str:
    ink, paper = style.colors
    x, y = _MARGIN + column * _WIDTH, _MARGIN + row * _HEIGHT
    drawn = ""
    if paper != _PAPER and text:
        drawn += (
            f'<rect x="{x:.1f}" y="{y}" width="{width(text) * _WIDTH:.1f}" height="{_HEIGHT}" '
            f'fill="{paper}"/>\n'
        )
    if text.strip():
        traits = ' font-weight="bold"' if style.is_bold else ""
        traits += ' font-style="italic"' if style.is_italic else ""
        traits += ' opacity="0.6"' if style.is_dim else ""
        drawn += (
            f'<text x="{x:.1f}" y="{y + 13}" fill="{ink}" xml:space="preserve" '
            f'textLength="{width(text) * _WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"{traits}>'
            f"{escape(text)}</text>\n"
        )
    return drawn


def width(text: str) -> int:
    """Of *text* in a terminal, in columns."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
