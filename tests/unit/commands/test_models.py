"""Which models there are, and which stand in for others."""

import pytest

from ds_lsp.providers.catalog import catalog
from ds_lsp.settings.schema import SETTINGS

FLASH, PRO = "deepseek-flash", "deepseek-v4-pro"


@pytest.mark.parametrize(
    ("name", "current"),
    [
        (FLASH, FLASH),
        (PRO, PRO),
        ("deepseek-chat", FLASH),
        ("deepseek-reasoner", FLASH),
        ("deepseek-coder", FLASH),
        ("deepseek-v4-flash", FLASH),
        # Not ours to judge: another service's, or one that is newer than the table.
        ("qwen-coder", "qwen-coder"),
        ("deepseek-v6-flash", "deepseek-v6-flash"),
    ],
)
def test_retired_names_have_a_successor(name: str, current: str) -> None:
    assert catalog().current(name) == current


@pytest.mark.parametrize(
    ("name", "supported", "nearest"),
    [
        pytest.param(FLASH, ("a", FLASH), FLASH, id="itself"),
        pytest.param("deepseek-chat", (PRO, FLASH), FLASH, id="retired"),
        pytest.param(FLASH, (PRO, "deepseek-v5-flash"), "deepseek-v5-flash", id="same tier"),
        pytest.param(PRO, (FLASH, "deepseek-pro"), "deepseek-pro", id="same tier, the other one"),
        pytest.param("deepseek-v9-pro", (FLASH, PRO), PRO, id="unknown, tier by its name"),
        pytest.param(FLASH, ("other-flash", "deepseek-v5-flash"), "deepseek-v5-flash", id="family"),
        pytest.param(PRO, (FLASH, "x"), FLASH, id="no such tier: the service's first"),
        pytest.param("模型", ("x", "y"), "x", id="unheard of"),
        pytest.param("", ("x", "y"), "x", id="empty"),
    ],
)
def test_the_nearest_supported_model_is_found(
    name: str, supported: tuple[str, ...], nearest: str
) -> None:
    assert catalog().nearest(name, supported) == nearest


def test_the_table_is_complete() -> None:
    table = catalog()
    assert table.as_of.startswith("20")
    assert set(table.prices) == set(table.models)
    assert not set(table.models) & set(table.retired)
    for path in ("completion.model", "chat.model"):
        assert SETTINGS[path].default in table.models
