"""The editors' set-ups: files for the user to copy."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a set-up."""

    file: str
    """Path below the editor's folder in ``editors/``."""
    place: str
    """The place for the file in the user's configuration, in words."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The files that the user of an editor copies."""

    title: str
    programs: tuple[str, ...]
    comment: str
    """The mark that begins a line of comment in the files."""
    parts: tuple[Part, ...]


SETUPS: Mapping[str, Setup] = {
    "vscode": Setup(
        "VS Code",
        ("code", "codium", "code-server"),
        "//",
        (Part("settings.jsonc", "your settings.json (Preferences: Open User Settings (JSON))"),),
    ),
    "neovim": Setup(
        "Neovim",
        ("nvim",),
        "--",
        (
            Part("lsp/ds_lsp.lua", "~/.config/nvim/lsp/ds_lsp.lua"),
            Part("init.lua", "a line of ~/.config/nvim/init.lua"),
        ),
    ),
    "helix": Setup(
        "Helix",
        ("hx", "helix"),
        "#",
        (
            Part("languages.toml", "~/.config/helix/languages.toml"),
            Part("config.toml", "~/.config/helix/config.toml"),
        ),
    ),
    "emacs": Setup(
        "Emacs",
        ("emacs",),
        ";;",
        (
            Part("ds-lsp.el", "beside your init file, for Eglot"),
            Part("init.el", "lines of your init file, for Eglot"),
            Part("ds-lsp-lsp-mode.el", "lines of your init file, for lsp-mode instead of Eglot"),
        ),
    ),
    "vim": Setup(
        "Vim",
        ("vim", "gvim"),
        '"',
        (Part("ale.vim", "lines of your vimrc, below those that load the plugin ALE"),),
    ),
    "kate": Setup(
        "Kate",
        ("kate",),
        "//",
        (Part("settings.json", "~/.config/kate/lspclient/settings.json"),),
    ),
}


def text_of(name: str, part: Part) -> str:
    """Return the text of a file of the set-up of the editor *name*."""
    package = Path(__file__).parents[1]
    # The folder is built into the package; in a checkout, it is beside the package.
    folders = (package / "editors", package.parent / "editors")
    folder = next(folder for folder in folders if folder.is_dir())
    return (folder / name / part.file).read_text("utf-8")


def reader_of(name: str) -> Callable[[str], str]:
    """Return a function that returns the text of a file of the editor's set-up."""
    return lambda file: text_of(name, Part(file, ""))


def find_installed_editors(environ: Mapping[str, str]) -> Sequence[str]:
    """Return the names of the editors on the PATH."""
    path = environ.get("PATH", "")
    return [
        name
        for name, setup in SETUPS.items()
        if any(shutil.which(program, path=path) for program in setup.programs)
    ]
