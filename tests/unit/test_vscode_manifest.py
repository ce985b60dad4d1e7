"""The VS Code extension's manifest says what the server's settings are."""

import json
from typing import Any

import pytest

from ds_lsp.settings.schema import SETTINGS, to_snake
from editors.vscode.contribute import MANIFEST, contributed


@pytest.fixture
def manifest() -> Any:
    return json.loads(MANIFEST.read_text("utf-8"))


@pytest.fixture
def properties(manifest: Any) -> dict[str, Any]:
    parts = manifest["contributes"]["configuration"]
    return {name: each for part in parts for name, each in part["properties"].items()}


def test_the_manifest_is_what_the_settings_make_it(manifest: Any) -> None:
    assert contributed(manifest) == manifest, "run python editors/vscode/contribute.py"


def test_every_setting_can_be_set_but_the_key(properties: dict[str, Any]) -> None:
    offered = {to_snake(name.removeprefix("ds-lsp.")) for name in properties}
    ours = {path for path in SETTINGS if not path.startswith("client.")} - {"api_key"}
    assert offered - {"server.command", "late_answers", "trace.server"} == ours


@pytest.mark.parametrize(
    "name", ["server.command", "apiKeyCommand", "baseUrl", "provider", "allowHttp"]
)
def test_a_workspace_cannot_choose_what_is_run_or_who_is_asked(
    name: str, properties: dict[str, Any]
) -> None:
    assert properties[f"ds-lsp.{name}"]["scope"] == "machine"


def test_nothing_is_started_in_a_workspace_that_is_not_trusted(manifest: Any) -> None:
    assert manifest["capabilities"]["untrustedWorkspaces"]["supported"] is False
    assert manifest["extensionKind"] == ["workspace"]
