"""Shows the settings in force, where each came from, and where settings are looked for."""

import argparse
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.commands.output import prepare_output, print_json, without_keys
from ds_lsp.commands.workspace import folder_of, report_problems, resolve_for
from ds_lsp.settings import SETTINGS, Resolved
from ds_lsp.sources import PROJECT_FILE, user_file
from ds_lsp.visible import escape_control_characters

HIDDEN = "(set, hidden)"


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as it is shown: nothing of a secret is left in it."""

    name: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Place:
    """A file settings are read from, if it exists."""

    meaning: str
    path: str
    exists: bool


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    folder = folder_of(Path.cwd())
    resolved = resolve_for(folder)
    lines, places = list(lines_of(resolved, os.environ)), places_for(folder)
    if arguments.json:
        print_json(_as_json(lines, places, resolved.problems))
    else:
        _print(lines, places)
    # A bad setting costs that setting, and not the command.
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


def lines_of(resolved: Resolved, environ: Mapping[str, str]) -> Iterator[Line]:
    """Every setting a file or the environment can set."""
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
        yield Line(path, value, origin)


def _leaves(tree: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    assert dataclasses.is_dataclass(tree)
    for each in dataclasses.fields(tree):
        value = getattr(tree, each.name)
        if dataclasses.is_dataclass(value):
            yield from _leaves(value, f"{prefix}{each.name}.")
        else:
            yield prefix + each.name, value


def _variable(path: str, environ: Mapping[str, str]) -> str:
    """The environment variable a setting has its value from."""
    name = "DS_LSP_" + path.upper().replace(".", "_")
    return "DEEPSEEK_API_KEY" if path == "api_key" and not environ.get(name) else name


def places_for(folder: Path) -> list[Place]:
    """Where files are looked for; the later one wins."""
    files = {"user file": user_file(), "project file": folder / PROJECT_FILE}
    return [Place(meaning, str(path), path.is_file()) for meaning, path in files.items()]


def _as_json(
    lines: Sequence[Line], places: Sequence[Place], problems: Sequence[str]
) -> Mapping[str, object]:
    return {
        "settings": {line.name: {"value": line.value, "origin": line.origin} for line in lines},
        "files": [dataclasses.asdict(place) for place in places],
        "problems": [without_keys(problem) for problem in problems],
    }


def _print(lines: Sequence[Line], places: Sequence[Place]) -> None:
    rows = [(line.name, _shown(line.value), line.origin) for line in lines]
    rows += [
        (place.meaning, place.path, "found" if place.exists else "not there") for place in places
    ]
    names = max(len(row[0]) for row in rows)
    values = min(max(len(row[1]) for row in rows), 50)
    for index, (name, value, origin) in enumerate(rows):
        if index == len(lines):
            print("\nFiles, the later one wins; the environment wins over both:\n")
        print(escape_control_characters(f"{name:<{names}}  {value:<{values}}  {origin}"))


def _shown(value: object) -> str:
    """As one would write it in the file."""
    if value is None:
        return "(not set)"
    return value if value == HIDDEN else json.dumps(value, ensure_ascii=False)
