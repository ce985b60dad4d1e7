"""The files that each editor reads, in the editor's own order."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """The properties of a machine on which the places of an editor's files depend."""

    environ: Mapping[str, str]
    home: Path
    platform: str = sys.platform

    @property
    def config(self) -> Path:
        """The folder of configurations, `XDG_CONFIG_HOME`."""
        return self._xdg("XDG_CONFIG_HOME", ".config")

    @property
    def data(self) -> Path:
        return self._xdg("XDG_DATA_HOME", ".local/share")

    def _xdg(self, name: str, default: str) -> Path:
        folder = Path(self.environ.get(name) or "")
        # The XDG specification says to ignore relative paths.
        return folder if folder.is_absolute() else self.home / default

    def windows_folder(self, name: str, default: str) -> Path:
        return Path(self.environ.get(name) or self.home / "AppData" / default)

    def has_program(self, name: str) -> bool:
        return shutil.which(name, path=self.environ.get("PATH", "")) is not None


def helix_folder(machine: Machine) -> Path:
    if machine.platform == "win32":
        return machine.windows_folder("APPDATA", "Roaming") / "helix"
    return machine.config / "helix"


def neovim_folder(machine: Machine) -> Path:
    name = machine.environ.get("NVIM_APPNAME") or "nvim"
    if machine.platform == "win32" and not machine.environ.get("XDG_CONFIG_HOME"):
        return machine.windows_folder("LOCALAPPDATA", "Local") / name
    return machine.config / name


def neovim_init(machine: Machine) -> Path:
    """Return init.lua, or init.vim if only that exists."""
    folder = neovim_folder(machine)
    lua, vim = folder / "init.lua", folder / "init.vim"
    return vim if _exists(vim) and not _exists(lua) else lua


def emacs_folder(machine: Machine) -> Path:
    """Return Emacs's `user-emacs-directory`, as its startup.el finds it."""
    classic, xdg = machine.home / ".emacs.d", machine.config / "emacs"
    if classic.exists() or (machine.home / ".emacs").exists() or not xdg.exists():
        return classic
    return xdg


def emacs_init_files(machine: Machine) -> Sequence[Path]:
    """Return the init files that Emacs looks for: it reads the first one that exists."""
    folder = emacs_folder(machine)
    in_home = [machine.home / ".emacs.el", machine.home / ".emacs"]
    # Emacs does not look into the home folder if it uses the XDG folder.
    first = in_home if folder.name == ".emacs.d" else []
    return [*first, folder / "init.el"]


def emacs_init(machine: Machine) -> Path:
    files = emacs_init_files(machine)
    return next((file for file in files if _exists(file)), files[-1])


def vim_files(machine: Machine) -> Sequence[Path]:
    """Return the vimrc files that Vim looks for: it reads the first one that exists."""
    home = machine.home
    if machine.platform == "win32":
        return [home / "_vimrc", home / ".vimrc", home / "vimfiles" / "vimrc"]
    return [home / ".vimrc", home / ".vim" / "vimrc", machine.config / "vim" / "vimrc"]


def vim_init(machine: Machine) -> Path:
    files = vim_files(machine)
    return next((file for file in files if _exists(file)), files[0])


def kate_settings(machine: Machine) -> Path:
    if machine.platform == "win32":
        folder = machine.windows_folder("LOCALAPPDATA", "Local")
    else:
        folder = machine.config
    return folder / "kate" / "lspclient" / "settings.json"


_CODES = {
    "Code": "code",
    "Code - Insiders": "code-insiders",
    "Code - OSS": "code-oss",
    "VSCodium": "codium",
}
"""Folder to program, for each build of VS Code."""


def vscode_settings(machine: Machine) -> Sequence[Path]:
    """Return the user's settings.json of each build of VS Code that has a folder.

    Without any folder, it is that of each build whose program is on the PATH, or of VS Code.
    """
    if machine.platform == "win32":
        folder = machine.windows_folder("APPDATA", "Roaming")
    elif machine.platform == "darwin":
        folder = machine.home / "Library" / "Application Support"
    else:
        folder = machine.config
    users = {program: folder / name / "User" for name, program in _CODES.items()}
    users["code-server"] = machine.data / "code-server" / "User"
    existing = [user for user in users.values() if user.parent.is_dir()]
    existing = existing or [user for program, user in users.items() if machine.has_program(program)]
    return [user / "settings.json" for user in existing or [users["code"]]]


def vscode_extensions(machine: Machine) -> Sequence[Path]:
    """Return the folders of extensions that exist."""
    names = (".vscode", ".vscode-insiders", ".vscode-oss", ".vscode-server")
    roots = [machine.home / name for name in names] + [machine.data / "code-server"]
    return [root / "extensions" for root in roots if (root / "extensions").is_dir()]


def _exists(file: Path) -> bool:
    """Return whether the file exists, also as a broken link: the user means to have the file."""
    return os.path.lexists(file)
