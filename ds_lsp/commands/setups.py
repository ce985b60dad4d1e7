"""The editors' set-ups: the files there are to copy, and whether an editor has them."""

import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MAX_CONFIG_BYTES = 1 << 20
_MAX_CONFIG_FILES = 200


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
            Part("ds-lsp.el", "~/.emacs.d/ds-lsp.el, for Eglot"),
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


@dataclass(frozen=True, slots=True)
class Found:
    """What an editor's configuration has of us."""

    file: Path
    """That names ds-lsp."""
    lacks: str = ""
    """What is still to be done, in a sentence; empty: nothing."""


def find_setups(environ: Mapping[str, str], home: Path) -> Mapping[str, Found]:
    """Each editor whose configuration names ds-lsp."""
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    found = {
        "vscode": _find_vscode(home),
        "neovim": _find_neovim(config / "nvim"),
        "helix": _find_helix(config / "helix"),
        "emacs": _find_emacs([home / ".emacs", home / ".emacs.d", config / "emacs"]),
        "vim": _find_first([home / ".vimrc", home / ".vim", config / "vim"], ("vimrc", ".vim")),
        "kate": _find_first([config / "kate" / "lspclient"], (".json",)),
    }
    return {name: each for name, each in found.items() if each}


def installed(environ: Mapping[str, str]) -> Sequence[str]:
    """The editors that are on the PATH."""
    path = environ.get("PATH", "")
    return [
        name
        for name, setup in SETUPS.items()
        if any(shutil.which(program, path=path) for program in setup.programs)
    ]


def _find_vscode(home: Path) -> Found | None:
    roots = (".vscode", ".vscode-oss", ".vscode-server", ".local/share/code-server")
    for root in roots:
        for folder in sorted((home / root / "extensions").glob("*ds-lsp*")):
            return Found(folder)
    return None


def _find_neovim(folder: Path) -> Found | None:
    naming = list(_naming([folder], (".lua", ".vim")))
    if not naming:
        return None
    # A file in this folder is a description, which something else must enable.
    active = [file for file in naming if file.parent != folder / "lsp"]
    if active or any(_holds(file, b"vim.lsp.enable") for file in naming):
        return Found((active or naming)[0])
    return Found(naming[0], "Add vim.lsp.enable('ds_lsp') to your init.lua.")


def _find_helix(folder: Path) -> Found | None:
    file = folder / "languages.toml"
    if not _names_us(file):
        return None
    try:
        languages = tomllib.loads(file.read_text("utf-8")).get("language", [])
        used = any("ds-lsp" in map(_server_name, each["language-servers"]) for each in languages)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Found(file)
    if used:
        return Found(file)
    return Found(file, 'Add "ds-lsp" to the language-servers of a [[language]].')


def _server_name(entry: object) -> object:
    """Helix also takes a table that says what a server is asked for."""
    return entry.get("name") if isinstance(entry, dict) else entry


def _find_emacs(roots: Sequence[Path]) -> Found | None:
    naming = list(_naming(roots, (".el", ".emacs")))
    # The package itself does nothing until something loads it.
    active = [file for file in naming if file.name != "ds-lsp.el"]
    if active:
        return Found(active[0])
    if naming:
        return Found(naming[0], "Load it in your init file: `ds-lsp editor emacs` has the lines.")
    return None


def _find_first(roots: Sequence[Path], suffixes: tuple[str, ...]) -> Found | None:
    naming = next(_naming(roots, suffixes), None)
    return Found(naming) if naming else None


def _naming(roots: Sequence[Path], suffixes: tuple[str, ...]) -> Iterator[Path]:
    return filter(_names_us, _files(roots, suffixes))


def _files(roots: Sequence[Path], suffixes: tuple[str, ...]) -> Iterator[Path]:
    count = 0
    for root in roots:
        for directory, folders, names in os.walk(root):
            # Packages are other people's: only what the user wrote is of interest.
            folders[:] = [name for name in folders if name not in ("elpa", "eln-cache", ".git")]
            for name in sorted(names):
                if name.endswith(suffixes) and (count := count + 1) <= _MAX_CONFIG_FILES:
                    yield Path(directory) / name
        if root.is_file():
            yield root


def _names_us(file: Path) -> bool:
    # Neovim's name for it is that of its file.
    return _holds(file, b"ds-lsp") or _holds(file, b"ds_lsp")


def _holds(file: Path, words: bytes) -> bool:
    try:
        with file.open("rb") as stream:
            return words in stream.read(_MAX_CONFIG_BYTES)
    except OSError:
        return False
