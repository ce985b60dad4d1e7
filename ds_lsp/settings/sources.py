"""Reads the sources of settings: the user's file, project files and the environment."""

import dataclasses
import os
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ds_lsp.files import is_within, open_regular
from ds_lsp.settings.parsers import EnvText
from ds_lsp.settings.resolve import Resolved, SettingsSource, resolve
from ds_lsp.settings.schema import SETTINGS, to_snake
from ds_lsp.text.visible import escape_control_characters

PROJECT_FILE = ".ds-lsp.toml"
_MAX_FILE_BYTES = 1 << 20
_MAX_PROJECT_FILE_BYTES = 1 << 16
_MAX_DOTS = 100
"""Maximum dots in a line of a project file: tomllib takes minutes for a name of thousands of
parts."""
TOKEN_VARIABLE = "DS_LSP_TCP_TOKEN"
"""The environment variable with the token that a client of ``--tcp`` must send; no setting."""
_PRIVATE = {
    "api_key": (0o044, "read"),
    "api_key_command": (0o022, "write"),
    "base_url": (0o022, "write"),
    "allow_http": (0o022, "write"),
}
"""Settings that are used from the user's file only if other users lack these rights to the file,
and the name of the right. With it, they could read the key, choose a command that is run, or choose
the service that gets the key."""


@dataclass(frozen=True, slots=True)
class Layers:
    """All sources but the client, read at the start and when the workspace changes."""

    sources: tuple[SettingsSource, ...]
    """The user's file and the environment."""
    problems: tuple[str, ...]
    projects: tuple[tuple[Path, SettingsSource], ...] = ()
    """Each folder of the workspace with its project file."""


def read_layers(folders: Iterable[Path], environ: Mapping[str, str] = os.environ) -> Layers:
    """Read the user's file, each folder's project file and the environment."""
    user, problems = _read_user_file(user_file())
    projects = []
    for folder in folders:
        path = folder / PROJECT_FILE
        name = escape_control_characters(str(path))
        values: Mapping[str, object] = {}
        try:
            values = _read_project(path)
        except _UnusableFile as exc:
            problems.append(f"{name}: {exc}")
        projects.append((folder, SettingsSource(name, values, is_project=True)))
    environment, unknown = _read_environment(environ)
    return Layers((user, environment), (*problems, *unknown), tuple(projects))


def resolve_with(layers: Layers, *client: SettingsSource) -> Resolved:
    """Return the settings in force: the user's, a folder's, the environment's, the client's.

    Later ones win. A project file's settings hold for the documents in its folder. There are two
    cases of documents in no folder: where one folder is open, its settings hold for them as well,
    and are the session's; where several are open, no project file's settings hold for them.
    """
    user, *later = layers.sources or (SettingsSource("", {}),)
    outside = resolve((user, *later, *client))
    of_folders = {
        folder: resolve((user, project, *later, *client)) for folder, project in layers.projects
    }
    session = next(iter(of_folders.values())) if len(of_folders) == 1 else outside
    problems = (each.problems for each in (outside, *of_folders.values()))
    return dataclasses.replace(
        session,
        problems=(*layers.problems, *dict.fromkeys(chain.from_iterable(problems))),
        by_folder={folder: each.settings for folder, each in of_folders.items()},
    )


def user_file() -> Path:
    """Return the path of the user's settings file."""
    # Imported here, because only the start of a session needs it.
    import platformdirs

    return platformdirs.user_config_path("ds-lsp", appauthor=False) / "config.toml"


class _UnusableFile(Exception):  # noqa: N818 - the fault of a file, in words
    """The file exists, and cannot be used as a source; the message says why."""


def _read_user_file(path: Path) -> tuple[SettingsSource, list[str]]:
    try:
        data, status = _read(path, _MAX_FILE_BYTES)
        values = _parse(data)
    except _UnusableFile as exc:
        return SettingsSource(str(path), {}, lost=str(exc)), []
    # On Windows the mode does not tell other users' rights, and a user's folder is private.
    mode = status.st_mode if status and os.name == "posix" else 0
    kept, withheld = withhold(values, mode)
    command = f"chmod 600 {shlex.quote(str(path))}"
    problems = {
        name: f"{name} is not used, as others can {do} this file: run {command}"
        for name, do in withheld
    }
    # Without this file's base_url, the key might go to another service than it is meant for.
    lost = problems.pop("base_url", "")
    return SettingsSource(str(path), kept, lost=lost), [
        f"{path}: {each}" for each in problems.values()
    ]


def withhold(
    values: Mapping[str, object], mode: int
) -> tuple[Mapping[str, object], list[tuple[str, str]]]:
    """Return the *values* that are used of a file with this *mode*, and the withheld settings.

    A withheld setting has a name and the right that other users have to the file.
    """
    names = {name: to_snake(name) for name in values}
    bad = {name: do for name, (rights, do) in _PRIVATE.items() if mode & rights}
    kept = {name: value for name, value in values.items() if names[name] not in bad}
    return kept, [(name, do) for name, do in bad.items() if name in names.values()]


def _read_project(path: Path) -> Mapping[str, object]:
    if not is_within(path, path.parent):
        raise _UnusableFile("is a link out of its folder and was left out")
    data, _ = _read(path, _MAX_PROJECT_FILE_BYTES)
    if any(line.count(b".") > _MAX_DOTS for line in data.split(b"\n")):
        raise _UnusableFile("has lines that no project file needs and was left out")
    return _parse(data)


def _read(path: Path, max_bytes: int) -> tuple[bytes, os.stat_result | None]:
    """Return the file's content and state; a missing file is empty, and its state None.

    Raises `_UnusableFile` if the file cannot be read or is larger than *max_bytes*.
    """
    try:
        file = open_regular(path, follow_links=True)
        if file is None:
            return b"", None
        with file:
            data, status = file.read(max_bytes + 1), os.fstat(file.fileno())
    except (FileNotFoundError, NotADirectoryError):
        return b"", None
    except OSError as exc:
        raise _UnusableFile(f"cannot be read and was left out: {exc.strerror}") from None
    if len(data) > max_bytes:
        raise _UnusableFile("is too large to be a settings file and was left out")
    return data, status


def _parse(data: bytes) -> Mapping[str, object]:
    try:
        # Editors on Windows write a byte order mark, which is not valid TOML.
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _UnusableFile("is not UTF-8 and was left out; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as exc:
        raise _UnusableFile(f"is not valid TOML and was left out: {_locate_error(exc)}") from None
    except ValueError:
        raise _UnusableFile("holds a number that is too long and was left out") from None
    except RecursionError:
        raise _UnusableFile("is nested too deeply and was left out") from None


def _locate_error(exc: tomllib.TOMLDecodeError) -> str:
    # Only the position is shown: the message may quote the line, and the line may hold the key.
    found = str(exc).rpartition("(at ")[2].rstrip(")")
    return f"see {found}" if found.startswith("line") else "see its end"


def _read_environment(environ: Mapping[str, str]) -> tuple[SettingsSource, list[str]]:
    names = {"DS_LSP_" + path.upper().replace(".", "_"): path for path in SETTINGS}
    values: dict[str, object] = {}
    if environ.get("DEEPSEEK_API_KEY"):
        values["api_key"] = EnvText(environ["DEEPSEEK_API_KEY"])
    problems = []
    for name in sorted(environ):
        if name in names and environ[name]:
            values[names[name]] = EnvText(environ[name])
        elif name.startswith("DS_LSP_") and name not in names and name != TOKEN_VARIABLE:
            problems.append(f"environment: {name} is no setting")
    return SettingsSource("environment", values), problems
