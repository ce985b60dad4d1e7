"""The editors' set-ups: the files there are to copy."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a set-up."""

    file: str
    """Below the editor's folder in ``editors/``."""
    place: str
    """Where its user puts it, in words."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an editor's user copies."""

    title: str
    programs: tuple[str, ...]
    comment: str
    """How a line of comment begins in its files."""
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
    """A file of the set-up of the editor *name*, as it is to be copied."""
    package = Path(__file__).parents[1]
    # Built into the package; in a checkout, beside it.
    folders = (package / "editors", package.parent / "editors")
    folder = next(folder for folder in folders if folder.is_dir())
    return (folder / name / part.file).read_text("utf-8")


def reader_of(name: str) -> Callable[[str], str]:
    """Return a function that returns the text of a file of the editor's set-up."""
    return lambda file: text_of(name, Part(file, ""))


def installed_editors(environ: Mapping[str, str]) -> Sequence[str]:
    """The editors that are on the PATH."""
    path = environ.get("PATH", "")
    return [
        name
        for name, setup in SETUPS.items()
        if any(shutil.which(program, path=path) for program in setup.programs)
    ]
