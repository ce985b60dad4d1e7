"""Reads the places settings come from: the user's file, project files, the environment."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.settings import SETTINGS, EnvText, Resolved, Source, resolve

PROJECT_FILE = ".ds-lsp.toml"
_MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Layers:
    """Everything but the client: read once, at start and when the workspace changes."""

    sources: tuple[Source, ...]
    problems: tuple[str, ...]


def read_layers(folders: Iterable[Path], environ: Mapping[str, str] = os.environ) -> Layers:
    """User file, then each folder's project file, then the environment: later wins."""
    files = [(user_file(), False), *((folder / PROJECT_FILE, True) for folder in folders)]
    sources: list[Source] = []
    problems: list[str] = []
    for path, is_project in files:
        values, problem = _read_toml(path)
        if problem:
            problems.append(f"{path}: {problem}")
        elif values:
            sources.append(Source(str(path), values, is_project=is_project))
    environment, unknown = _environment(environ)
    return Layers((*sources, environment), (*problems, *unknown))


def resolve_with(layers: Layers, *client: Source) -> Resolved:
    """The settings in force: *layers*, then what the client says."""
    resolved = resolve((*layers.sources, *client))
    return Resolved(resolved.settings, resolved.origins, (*layers.problems, *resolved.problems))


def user_file() -> Path:
    # Imported where it is used: only the start of a session needs it.
    import platformdirs

    return platformdirs.user_config_path("ds-lsp", appauthor=False) / "config.toml"


def _read_toml(path: Path) -> tuple[Mapping[str, object], str | None]:
    """The file's values and what is wrong with it; a missing file is just empty."""
    try:
        if not path.is_file():
            return {}, None
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
        if len(raw) > _MAX_FILE_BYTES:
            return {}, "is too large to be a settings file and was left out"
        return tomllib.loads(raw.decode("utf-8")), None
    except UnicodeDecodeError:
        return {}, "is not UTF-8 and was left out; save it as UTF-8"
    except tomllib.TOMLDecodeError as exc:
        return {}, f"is not valid TOML and was left out: {_place(exc)}"
    except RecursionError:
        return {}, "is nested too deeply and was left out"
    except OSError as exc:
        return {}, f"cannot be read and was left out: {exc.strerror}"


def _place(exc: tomllib.TOMLDecodeError) -> str:
    # Where, not what: the message may quote the line, and the line may hold the key.
    found = str(exc).rpartition("(at ")[2].rstrip(")")
    return f"see {found}" if found.startswith("line") else "see its end"


def _environment(environ: Mapping[str, str]) -> tuple[Source, list[str]]:
    names = {"DS_LSP_" + path.upper().replace(".", "_"): path for path in SETTINGS}
    values: dict[str, object] = {}
    if environ.get("DEEPSEEK_API_KEY"):
        values["api_key"] = EnvText(environ["DEEPSEEK_API_KEY"])
    problems = []
    for name in sorted(environ):
        if name in names and environ[name]:
            values[names[name]] = EnvText(environ[name])
        elif name.startswith("DS_LSP_") and name not in names:
            problems.append(f"environment: {name} is no setting")
    return Source("environment", values), problems
