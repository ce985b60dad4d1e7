"""Shows the settings in force, the source of each, and the files that settings are read from."""

import argparse
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.commands.output import prepare_output, print_json, without_keys
from ds_lsp.commands.run import folder_of, report_problems, resolve_for
from ds_lsp.settings.resolve import Resolved
from ds_lsp.settings.schema import SETTINGS
from ds_lsp.settings.sources import PROJECT_FILE, user_file
from ds_lsp.text.visible import escape_control_characters

HIDDEN = "(set, hidden)"


@dataclass(frozen=True, slots=True)
class ConfigLine:
    """A setting as it is shown: a secret is hidden."""

    name: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file settings are read from, if it exists."""

    meaning: str
    path: str
    exists: bool


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    folder = folder_of(Path.cwd())
    resolved = resolve_for(folder)
    lines, files = list(lines_of(resolved, os.environ)), settings_files_for(folder)
    if arguments.json:
        print_json(_as_json(lines, files, resolved.problems))
    else:
        _print(lines, files)
    # A bad setting is left out; the command goes on.
    report_problems(resolved)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp config",
        description="Show every setting as it is in this directory: its value, and where it came "
        "from. An editor's own settings come on top of these.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


def lines_of(resolved: Resolved, environ: Mapping[str, str]) -> Iterator[ConfigLine]:
    """Yield every setting that a file or the environment can set."""
    values = dict(_leaves(resolved.settings))
    for path, setting in SETTINGS.items():
        if setting.session_only:
            continue
        value = values[path]
        if setting.secret and value is not None:
            value = HIDDEN
        elif isinstance(value, str):
            # A command can hold a key as well: `echo sk-...`.
            value = without_keys(value)
        origin = resolved.origins[path].replace("environment", _variable(path, environ))
        yield ConfigLine(path, value, origin)


def _leaves(tree: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    assert dataclasses.is_dataclass(tree)
    for each in dataclasses.fields(tree):
        value = getattr(tree, each.name)
        if dataclasses.is_dataclass(value):
            yield from _leaves(value, f"{prefix}{each.name}.")
        else:
            yield prefix + each.name, value


def _variable(path: str, environ: Mapping[str, str]) -> str:
    """Return the environment variable from which a setting has its value."""
    name = "DS_LSP_" + path.upper().replace(".", "_")
    return "DEEPSEEK_API_KEY" if path == "api_key" and not environ.get(name) else name


def settings_files_for(folder: Path) -> list[SettingsFile]:
    """Return the files that settings are read from; the later one wins."""
    paths = {"user file": user_file(), "project file": folder / PROJECT_FILE}
    return [SettingsFile(meaning, str(path), path.is_file()) for meaning, path in paths.items()]


def _as_json(
    lines: Sequence[ConfigLine], files: Sequence[SettingsFile], problems: Sequence[str]
) -> Mapping[str, object]:
    return {
        "settings": {line.name: {"value": line.value, "origin": line.origin} for line in lines},
        "files": [dataclasses.asdict(file) for file in files],
        "problems": [without_keys(problem) for problem in problems],
    }


def _print(lines: Sequence[ConfigLine], files: Sequence[SettingsFile]) -> None:
    rows = [(line.name, _to_text(line.value), line.origin) for line in lines]
    rows += [(file.meaning, file.path, "found" if file.exists else "not there") for file in files]
    names = max(len(row[0]) for row in rows)
    values = min(max(len(row[1]) for row in rows), 50)
    for index, (name, value, origin) in enumerate(rows):
        if index == len(lines):
            print("\nFiles, the later one wins; the environment wins over both:\n")
        print(escape_control_characters(f"{name:<{names}}  {value:<{values}}  {origin}"))


def _to_text(value: object) -> str:
    """Return a value as it is written in a settings file."""
    if value is None:
        return "(not set)"
    return value if value == HIDDEN else json.dumps(value, ensure_ascii=False)
