"""Inspects editors' set-ups of ds-lsp: reads each editor's files in the editor's own order."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ds_lsp import __version__
from ds_lsp.editor_files.change import CannotChange, Change
from ds_lsp.editor_files.file_text import Unreadable
from ds_lsp.editor_files.helix import NAME, parse, server_name
from ds_lsp.editor_files.install import LSP_MODE, Job, ReadPart, plan
from ds_lsp.editor_files.jsonc import parse as parse_json
from ds_lsp.editor_files.marked_block import find_block
from ds_lsp.editor_files.places import (
    Machine,
    emacs_folder,
    emacs_init,
    helix_folder,
    kate_settings,
    neovim_folder,
    neovim_init,
    vim_files,
    vim_init,
    vscode_extensions,
)

_MAX_CONFIG_BYTES = 1 << 20
"""Maximum bytes read of a file."""
_MAX_CONFIG_FILES = 200
"""Maximum files read of an editor."""
_OTHERS_FOLDERS = ("elpa", "eln-cache", "straight", "pack", "plugged", ".git", "node_modules")
"""Folders of packages, which are skipped: only the user's own files count."""


class SetupState(Enum):
    """The state of an editor's set-up: loaded, incomplete or broken."""

    LOADED = "ok"
    INCOMPLETE = "warning"
    BROKEN = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A result about an editor's configuration, and advice to the user."""

    state: SetupState
    detail: str
    advice: str = ""


def inspect(name: str, machine: Machine, read_part: ReadPart) -> Sequence[Finding]:
    """Return the findings on ds-lsp in an editor's configuration; empty if it is not there."""
    findings = list(_INSPECTIONS[name](machine))
    if findings and all(each.state is SetupState.LOADED for each in findings):
        findings = list(_find_stale(name, machine, read_part)) or findings
    return findings


def _incomplete_finding(name: str, detail: str) -> Finding:
    return Finding(SetupState.INCOMPLETE, detail, f"Run `ds-lsp editor {name} --install`.")


def _find_stale(name: str, machine: Machine, read_part: ReadPart) -> Iterator[Finding]:
    """Yield a finding for each file of --install that this version would write differently."""
    is_lsp_mode = name == "emacs" and "lsp-register-client" in _read_text(emacs_init(machine))
    job = Job(machine, read_part, is_install=True, variant=LSP_MODE if is_lsp_mode else "")
    try:
        changes = plan(name, job)
    except CannotChange as exc:
        yield Finding(SetupState.BROKEN, str(exc), "Correct it.")
        return
    for change in changes:
        if change.is_needed and change.before is not None and _is_written_by_install(change):
            detail = f"{change.path} differs from what ds-lsp {__version__} writes"
            file = f" {LSP_MODE}" if is_lsp_mode else ""
            advice = f"Run `ds-lsp editor {name}{file} --install`."
            yield Finding(SetupState.INCOMPLETE, detail, advice)


def _is_written_by_install(change: Change) -> bool:
    data = change.before or b""
    return change.path.name in _COPIES or b">>> ds-lsp >>>" in data or b"ds-lsp --install" in data


_COPIES = frozenset({"ds_lsp.lua", "ds-lsp.el"})
"""Files that are ours alone, and may have been copied by hand."""


def _inspect_helix(machine: Machine) -> Iterator[Finding]:
    folder = helix_folder(machine)
    languages, config = folder / "languages.toml", folder / "config.toml"
    if not _names_ds_lsp(languages):
        return
    is_broken = False
    for file in (languages, config):
        if not file.exists():
            continue
        try:
            parse(_read_text(file))
        except Unreadable as exc:
            is_broken = True
            yield Finding(
                SetupState.BROKEN, f"Helix does not read {file}: {exc}", "Correct that line."
            )
    if is_broken:
        return
    data = parse(_read_text(languages))
    servers, entries = data.get("language-server"), data.get("language")
    if not isinstance(servers, dict) or NAME not in servers:
        yield _incomplete_finding("helix", f"{languages} has no [language-server.ds-lsp]")
    elif not (isinstance(entries, list) and any(map(_uses_ds_lsp, entries))):
        yield _incomplete_finding(
            "helix", f"no language in {languages} has ds-lsp in its language-servers"
        )
    else:
        yield Finding(SetupState.LOADED, f"{languages} names ds-lsp")


def _uses_ds_lsp(language: object) -> bool:
    servers = language.get("language-servers") if isinstance(language, dict) else None
    return isinstance(servers, list) and NAME in map(server_name, servers)


def _inspect_neovim(machine: Machine) -> Iterator[Finding]:
    folder, init = neovim_folder(machine), neovim_init(machine)
    inits = (folder / "init.lua", folder / "init.vim")
    naming = [file for file in _find_files([folder], (".lua", ".vim")) if _names_ds_lsp(file)]
    runtime = (folder, folder / "after", machine.data / folder.name / "site")
    descriptions = [root / "lsp" / "ds_lsp.lua" for root in runtime]
    unread = [file for file in inits if file != init and file in naming]
    active = [file for file in naming if file not in descriptions and file not in unread]
    # A file on the runtime path uses ds-lsp, and does not only describe it as lsp/ds_lsp.lua does.
    if active:
        text = "\n".join(map(_read_text, active))
        has_command = re.search(r"""['"]ds-lsp['"]""", text)
        if has_command or any(file.exists() for file in descriptions):
            yield Finding(SetupState.LOADED, f"{active[0]} names ds-lsp")
        else:
            yield _incomplete_finding(
                "neovim", f"{active[0]} names ds-lsp, and there is no {descriptions[0]}"
            )
    elif unread:
        yield _incomplete_finding(
            "neovim", f"{unread[0]} names ds-lsp, and Neovim reads {init} instead"
        )
    elif naming and "vim.lsp.enable" in _read_text(naming[0]):
        yield Finding(SetupState.LOADED, f"{naming[0]} names ds-lsp")
    elif naming:
        yield _incomplete_finding("neovim", f"{naming[0]} is there, and no init file enables it")


def _inspect_emacs(machine: Machine) -> Iterator[Finding]:
    init, folder = emacs_init(machine), emacs_folder(machine)
    home = machine.home
    inits = [home / ".emacs.el", home / ".emacs", home / ".emacs.d" / "init.el"]
    inits.append(machine.config / "emacs" / "init.el")
    unread = [file for file in inits if file != init and _names_ds_lsp(file)]
    naming = [
        file
        for file in _find_files([folder], (".el",))
        if file not in inits and _names_ds_lsp(file)
    ]
    active = [file for file in naming if file.name != "ds-lsp.el"]
    package = init.parent / "ds-lsp.el"
    if _names_ds_lsp(init):
        block = find_block(_read_text(init).rstrip("\n") + "\n", ";;")
        if "ds-lsp-global-mode" in block and not package.exists():
            yield _incomplete_finding("emacs", f"{init} loads {package}, which is not there")
        else:
            yield Finding(SetupState.LOADED, f"{init} names ds-lsp")
    elif unread:
        yield _incomplete_finding(
            "emacs", f"{unread[0]} names ds-lsp, and Emacs reads {init} instead"
        )
    elif active and init.exists():
        yield Finding(SetupState.LOADED, f"{active[0]} names ds-lsp")
    elif naming or package.exists():
        yield _incomplete_finding(
            "emacs", f"{(naming or [package])[0]} is there, and {init} does not load it"
        )


def _inspect_vim(machine: Machine) -> Iterator[Finding]:
    init = vim_init(machine)
    folders = [machine.home / ".vim", machine.home / "vimfiles", machine.config / "vim"]
    unread = [file for file in vim_files(machine) if file != init and _names_ds_lsp(file)]
    naming = [file for file in _find_files(folders, (".vim",)) if _names_ds_lsp(file)]
    if _names_ds_lsp(init):
        yield Finding(SetupState.LOADED, f"{init} names ds-lsp")
    elif naming:
        yield Finding(SetupState.LOADED, f"{naming[0]} names ds-lsp")
    elif unread:
        yield _incomplete_finding("vim", f"{unread[0]} names ds-lsp, and Vim reads {init} instead")


def _inspect_kate(machine: Machine) -> Iterator[Finding]:
    file = kate_settings(machine)
    if not _names_ds_lsp(file):
        return
    text = _read_text(file)
    try:
        root = parse_json(text, has_comments=False)
    except Unreadable as exc:
        yield Finding(SetupState.BROKEN, f"Kate does not read {file}: {exc}", "Correct that line.")
        return
    servers = root.find("servers")
    commands = [each.node.find("command") for each in (servers.members if servers else None) or ()]
    words = [word for node in commands if node for word in json.loads(text[node.start : node.end])]
    if any(isinstance(word, str) and Path(word).name == NAME for word in words):
        yield Finding(SetupState.LOADED, f"{file} names ds-lsp")
    else:
        yield _incomplete_finding("kate", f"{file} names ds-lsp, and no server in it runs it")


def _inspect_vscode(machine: Machine) -> Iterator[Finding]:
    leftover = None
    for folder in vscode_extensions(machine):
        folders = [each for each in sorted(folder.glob("*ds-lsp*")) if each.is_dir()]
        listed = _read_json(folder / "extensions.json")
        obsolete = _read_json(folder / ".obsolete")
        gone = set(obsolete) if isinstance(obsolete, dict) else set()
        for each in folders:
            if each.name not in gone and (listed is None or _lists_extension(listed, each.name)):
                yield Finding(SetupState.LOADED, f"{each} is installed")
                return
            leftover = each
    if leftover:
        detail = f"{leftover} is left of the extension, which has been uninstalled"
        advice = "Install it: `ds-lsp editor vscode` says how."
        yield Finding(SetupState.INCOMPLETE, detail, advice)


def _lists_extension(listed: object, folder: str) -> bool:
    """Return whether VS Code's list of extensions has one in the folder *folder*."""
    entries = listed if isinstance(listed, list) else []
    for entry in entries:
        location = entry.get("location") if isinstance(entry, dict) else None
        path = location.get("path") if isinstance(location, dict) else None
        relative = entry.get("relativeLocation") if isinstance(entry, dict) else None
        if folder in (relative, str(path).rstrip("/").rpartition("/")[2]):
            return True
    return False


_INSPECTIONS = {
    "helix": _inspect_helix,
    "neovim": _inspect_neovim,
    "emacs": _inspect_emacs,
    "vim": _inspect_vim,
    "kate": _inspect_kate,
    "vscode": _inspect_vscode,
}


def inspect_all(
    machine: Machine, read_part: Mapping[str, ReadPart]
) -> Mapping[str, Sequence[Finding]]:
    """Return the findings for each editor whose configuration holds ds-lsp."""
    found = {name: inspect(name, machine, read_part[name]) for name in read_part}
    return {name: each for name, each in found.items() if each}


def _find_files(roots: Sequence[Path], suffixes: tuple[str, ...]) -> Iterator[Path]:
    count = 0
    for root in roots:
        for directory, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in _OTHERS_FOLDERS)
            for name in sorted(names):
                if name.endswith(suffixes) and (count := count + 1) <= _MAX_CONFIG_FILES:
                    yield Path(directory) / name


def _names_ds_lsp(file: Path) -> bool:
    # Neovim names the server after its file, ds_lsp.lua.
    text = _read_text(file)
    return "ds-lsp" in text or "ds_lsp" in text


def _read_text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_CONFIG_BYTES).decode("utf-8-sig", "surrogateescape")
    except OSError:
        return ""


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
