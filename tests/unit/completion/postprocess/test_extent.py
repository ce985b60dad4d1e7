"""One line or many."""

import pytest

from ds_lsp.completion.postprocess.extent import Extent, extent_for, max_tokens_for
from tests.unit.texts import at

LINE, STATEMENT, BLOCK = Extent.LINE, Extent.STATEMENT, Extent.BLOCK


@pytest.mark.parametrize(
    ("text", "language_id", "extent"),
    [
        pytest.param("|", "python", BLOCK, id="blank line"),
        pytest.param("def 甲():\r\n\t|\r\n\r\nx", "python", BLOCK, id="blank line in a block"),
        pytest.param("{\n  |\n}", "javascript", BLOCK, id="nothing else in the block"),
        pytest.param("  |\n  b()\n", "python", STATEMENT, id="code right below"),
        pytest.param("|\nb()\n", "python", BLOCK, id="column 0"),
        pytest.param("x = |", "python", STATEMENT, id="statement"),
        pytest.param("x = |  \r\ny", "python", STATEMENT, id="only blanks follow"),
        pytest.param("if 甲:|\n", "python", BLOCK, id="opened"),
        pytest.param("if 甲:|\n    b()\n", "python", STATEMENT, id="opened, its body is there"),
        pytest.param("def f|\nend", "ruby", BLOCK, id="opened by a word"),
        pytest.param("f(|)", "python", BLOCK, id="between a pair"),
        pytest.param("f(a, |)", "python", LINE, id="before text"),
        pytest.param("# 说明 |", "python", LINE, id="comment"),
        pytest.param("s = '😀 |", "python", LINE, id="string"),
        pytest.param("Text |", "markdown", LINE, id="prose"),
        pytest.param("case $x in\n  a) |\nesac", "shellscript", STATEMENT, id="label"),
    ],
)
def test_the_setting_and_the_place_decide_on_the_shape(
    text: str, language_id: str, extent: Extent
) -> None:
    snapshot = at(text, language_id=language_id)
    assert extent_for(snapshot, "auto") is extent
    assert extent_for(snapshot, "always") is BLOCK
    assert extent_for(snapshot, "never") is LINE


@pytest.mark.parametrize(
    ("extent", "setting", "most"),
    [(LINE, 128, 64), (STATEMENT, 4096, 160), (BLOCK, 4096, 256), (BLOCK, 128, 128), (LINE, 9, 9)],
)
def test_no_more_tokens_than_the_shape_can_use(extent: Extent, setting: int, most: int) -> None:
    assert max_tokens_for(extent, setting) == most
