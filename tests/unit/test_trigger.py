"""Should we complete here at all?"""

import pytest

from ds_lsp.completion.request import Reason, Trigger
from ds_lsp.completion.trigger import refusal
from ds_lsp.settings import CompletionSettings
from tests.unit.texts import request_at

INVOKED, AUTOMATIC = Trigger.INVOKED, Trigger.AUTOMATIC


@pytest.mark.parametrize(
    ("text", "trigger", "settings", "excluded", "reason"),
    [
        pytest.param("x = |", AUTOMATIC, {}, None, None, id="go on"),
        pytest.param("x = |", INVOKED, {"enabled": False}, None, Reason.DISABLED, id="off"),
        pytest.param(
            "x|",
            INVOKED,
            {"disabled_languages": ("python",)},
            None,
            Reason.LANGUAGE_DISABLED,
            id="language",
        ),
        pytest.param("x|", AUTOMATIC, {"disabled_languages": ("lua",)}, None, None, id="other"),
        pytest.param("x|", INVOKED, {}, "built-in: .env", Reason.EXCLUDED, id="excluded"),
        pytest.param(" \r\n\t|\n", AUTOMATIC, {}, None, Reason.EMPTY_DOCUMENT, id="blank"),
        pytest.param(" \n|", INVOKED, {}, None, None, id="blank but asked for"),
        pytest.param("|\n中", AUTOMATIC, {}, None, None, id="text below"),
    ],
)
def test_refusal(
    text: str,
    trigger: Trigger,
    settings: dict[str, object],
    excluded: str | None,
    reason: Reason | None,
) -> None:
    request = request_at(text, trigger, CompletionSettings(**settings))  # type: ignore[arg-type]
    refused = refusal(request, lambda snapshot: excluded)
    assert (refused[0] if refused else None) is reason
    if excluded:
        assert refused
        assert refused[1] == excluded
