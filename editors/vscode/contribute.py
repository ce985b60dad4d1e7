"""Writes into package.json what ``ds_lsp/settings/schema.py`` says: the settings, and the version.

``python editors/vscode/contribute.py``, after either has changed.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import ds_lsp
from ds_lsp.providers.registry import provider_names
from ds_lsp.settings import parsers, schema
from ds_lsp.settings.parsers import Choice, Number, Whole
from ds_lsp.settings.schema import SETTINGS, ProjectRight, Setting

MANIFEST = Path(__file__).with_name("package.json")
TITLE = "Server"
"""Of the part of ``contributes.configuration`` that is written here; the other is by hand."""


def contributed(manifest: Mapping[str, object]) -> dict[str, object]:
    """*manifest* with what the server says of itself."""
    contributes = manifest["contributes"]
    assert isinstance(contributes, dict)
    properties = {f"ds-lsp.{_camel(each.path)}": _property(each) for each in _shown()}
    parts = [part for part in contributes["configuration"] if part["title"] != TITLE]
    configuration = [*parts, {"title": TITLE, "properties": properties}]
    return {
        **manifest,
        "version": ds_lsp.__version__,
        "contributes": {**contributes, "configuration": configuration},
    }


def _shown() -> list[Setting]:
    # The key is kept elsewhere, and what only the client itself can ask for, it asks for.
    return [each for each in SETTINGS.values() if not each.secret and not each.session_only]


def _property(setting: Setting) -> dict[str, object]:
    # What a project's file must not set, a workspace's settings must not either.
    scope = "machine" if setting.project is ProjectRight.FORBIDDEN else "window"
    return {**_schema(setting), "scope": scope, "markdownDescription": setting.meaning}


def _schema(setting: Setting) -> dict[str, object]:
    default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    match setting.parse:
        case parsers.boolean:
            return {"type": "boolean", "default": default}
        case Choice(words):
            return {"type": "string", "enum": list(words), "default": default}
        case schema.provider_name:
            return {"type": "string", "enum": list(provider_names()), "default": default}
        case Number(low, high):
            return {"type": "number", "minimum": low, "maximum": high, "default": default}
        case Whole(low, high):
            kind = "integer" if default is not None else ["integer", "null"]
            return {"type": kind, "minimum": low, "maximum": high, "default": default}
        case parsers.text_list:
            return {"type": "array", "items": {"type": "string"}, "default": default}
        case parsers.debounce:
            low, high = parsers.DEBOUNCE_MS.low, parsers.DEBOUNCE_MS.high
            number = {"type": "integer", "minimum": low, "maximum": high}
            return {"anyOf": [{"const": "adaptive"}, number], "default": default}
        case _:
            return {"type": "string", "default": default or ""}


def _camel(path: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), path)


def main() -> None:
    written = contributed(json.loads(MANIFEST.read_text("utf-8")))
    MANIFEST.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
