"""The pictures that the tests in real editors draw of a terminal."""

import xml.etree.ElementTree as ET

import pytest

from tests.editors.picture import PLAIN, Style, draw, restyle, width


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("", PLAIN),
        ("1;3", Style(is_bold=True, is_italic=True)),
        ("31", Style(ink="#d7606c")),
        ("97;104", Style(ink="#ffffff", paper="#87afff")),
        ("38;2;1;2;255", Style(ink="#0102ff")),
        ("48:5:16", Style(paper="#000000")),
        ("38;5;255;7", Style(ink="#eeeeee", is_reversed=True)),
        ("1;0", PLAIN),
    ],
)
def test_codes_change_the_style(codes: str, style: Style) -> None:
    assert restyle(PLAIN, codes) == style


def test_wide_characters_take_two_columns() -> None:
    assert width("a中😀") == 5


def test_a_picture_is_xml_and_shows_the_text() -> None:
    picture = ET.fromstring(draw("\x1b[7m a<b \x1b[0m中\n\x1b[90m& ret\x1b[39murn\n\n\n", "a & b"))
    assert "".join(picture.itertext()).split() == ["a", "&", "b", "a<b", "中", "&", "ret", "urn"]
