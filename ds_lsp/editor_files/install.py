"""Plans the changes of `ds-lsp editor NAME --install` and `--remove`, editor by editor."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ds_lsp.editor_files import helix, kate, vscode
from ds_lsp.editor_files.change import Change, backups_of, edit
from ds_lsp.editor_files.file_text import Unreadable, decode, encode, line_of
from ds_lsp.editor_files.helix import MergedText
from ds_lsp.editor_files.marked_block import find_block, put_block, take_block
from ds_lsp.editor_files.places import (
    Machine,
    emacs_init,
    emacs_init_files,
    helix_folder,
    kate_settings,
    neovim_folder,
    neovim_init,
    vim_files,
    vim_init,
    vscode_settings,
)

LSP_MODE = "ds-lsp-lsp-mode.el"
"""The file for Emacs that replaces init.el and ds-lsp.el."""

ReadPart = Callable[[str], str]
"""Returns the text of one of the editor's files as this version ships it."""


@dataclass(frozen=True, slots=True)
class Job:
    """The arguments of a run of the command."""

    machine: Machine
    read_part: ReadPart
    is_install: bool
    variant: str = ""
    """Variant of the set-up. Emacs: `LSP_MODE`; any other text means Eglot."""


def plan(name: str, job: Job) -> Sequence[Change]:
    """Return the changes for the editor *name*, needed or not. Raises `CannotChange`."""
    return _PLANS[name](job)


def copy_of(name: str, text: str) -> str:
    """Return the text of a file that is ours alone, as --install writes it."""
    comment = _COMMENTS[name]
    return f"{text}{comment} {_COPIED.replace('NAME', name)}\n"


_COPIED = "Written by `ds-lsp editor NAME --install`, which replaces it; --remove deletes it."
_COMMENTS = {"neovim": "--", "emacs": ";;"}


def _plan_helix(job: Job) -> Sequence[Change]:
    merges = {"languages.toml": helix.merge_languages, "config.toml": helix.merge_config}
    return [_plan_helix_merge(job, file, merge) for file, merge in merges.items()]


def _plan_helix_merge(job: Job, file: str, merge: Callable[[str, str, str], MergedText]) -> Change:
    shipped = job.read_part(file)
    path = helix_folder(job.machine) / file
    return _plan_merge(
        job,
        path,
        helix.take_out,
        lambda text, line_end: merge(text, line_end, shipped),
        helix.parse,
    )


def _plan_vscode(job: Job) -> Sequence[Change]:
    shipped = job.read_part("settings.jsonc")
    return [
        _plan_merge(
            job,
            path,
            vscode.take_out,
            lambda text, line_end: vscode.merge_settings(text, line_end, shipped),
        )
        for path in vscode_settings(job.machine)
    ]


def _plan_kate(job: Job) -> Sequence[Change]:
    shipped = job.read_part("settings.json")
    has_program = job.machine.has_program
    return [
        _plan_merge(
            job,
            kate_settings(job.machine),
            kate.take_out,
            lambda text, line_end: kate.merge_settings(text, line_end, shipped, has_program),
        )
    ]


def _plan_neovim(job: Job) -> Sequence[Change]:
    folder, init = neovim_folder(job.machine), neovim_init(job.machine)
    copy = _plan_copy(job, "neovim", folder / "lsp" / "ds_lsp.lua", job.read_part("lsp/ds_lsp.lua"))
    lua = job.read_part("init.lua")
    changes = []
    for path in _init_files(job, init, [folder / "init.lua", folder / "init.vim"]):
        if path.suffix == ".vim":
            changes.append(_plan_block(job, path, "neovim", '"', f"lua << EOF\n{lua}EOF\n"))
        else:
            changes.append(_plan_block(job, path, "neovim", "--", lua, _find_return))
    return [copy, *changes]


def _find_return(text: str) -> int | None:
    """Return 0 if a Lua file ends in a `return`, behind which nothing may stand, or None."""
    return 0 if re.search(r"^return\b", text, re.MULTILINE) else None


def _plan_vim(job: Job) -> Sequence[Change]:
    files = _init_files(job, vim_init(job.machine), vim_files(job.machine))
    return [_plan_vim_block(job, path) for path in files]


_DEFAULTS = "source $VIMRUNTIME/defaults.vim"


def _plan_vim_block(job: Job, path: Path) -> Change:
    def body(text: str) -> str:
        shipped = job.read_part("ale.vim")
        if text and _DEFAULTS not in find_block(text, '"'):
            return shipped
        # Vim reads its defaults only without a vimrc.
        return f"unlet! skip_defaults_vim\n{_DEFAULTS}\n{shipped}"

    return _plan_block(job, path, "vim", '"', body, _find_modeline)


def _find_modeline(text: str) -> int | None:
    """Return the offset of a modeline at the end, which must stay there, or None."""
    found = re.search(r"^[ \t]*\".*\b(?:vim?|ex):.*\n(?:[ \t]*\r?\n)*\Z", text, re.MULTILINE)
    return found.start() if found else None


def _plan_emacs(job: Job) -> Sequence[Change]:
    home, init = job.machine.home, emacs_init(job.machine)
    every = [
        *emacs_init_files(job.machine),
        home / ".emacs.el",
        home / ".emacs",
        home / ".emacs.d" / "init.el",
        job.machine.config / "emacs" / "init.el",
    ]
    is_eglot = job.variant != LSP_MODE
    body = job.read_part("init.el" if is_eglot else LSP_MODE)
    changes = []
    for path in _init_files(job, init, every):
        copied = path.parent / "ds-lsp.el"
        as_copy = job if is_eglot else replace(job, is_install=False)
        changes.append(_plan_copy(as_copy, "emacs", copied, job.read_part("ds-lsp.el")))
        changes.append(_plan_block(job, path, "emacs", ";;", body))
    return [each for each in changes if is_eglot or each.is_needed or each.path == init]


_PLANS: dict[str, Callable[[Job], Sequence[Change]]] = {
    "helix": _plan_helix,
    "emacs": _plan_emacs,
    "neovim": _plan_neovim,
    "vscode": _plan_vscode,
    "vim": _plan_vim,
    "kate": _plan_kate,
}


def _init_files(job: Job, init: Path, every: Sequence[Path]) -> Sequence[Path]:
    """Return the init file that the editor reads; for --remove, also others with our block."""
    if job.is_install:
        return [init]
    others = [path for path in dict.fromkeys(every) if path != init and _holds_block(path)]
    return [init, *others]


def _holds_block(path: Path) -> bool:
    try:
        return b" >>> ds-lsp >>>" in path.read_bytes()
    except OSError:
        return False


def _plan_merge(
    job: Job,
    path: Path,
    take_out: Callable[[str], str],
    put_in: Callable[[str, str], MergedText],
    parse: Callable[[str], object] | None = None,
) -> Change:
    """Return the change of a file into which our lines are merged.

    *parse* returns the data in the file: if this is right already, the file stays as it is.
    """

    def plan_change(data: bytes | None) -> Change:
        like = decode(data)
        base = take_out(like.text)
        merged = put_in(base, like.line_end)
        if take_out(merged.text) != base:
            raise Unreadable("it has a form that could not be restored; merge the lines by hand")
        if not job.is_install:
            after = data if base == like.text else encode(base, like)
            notes = _notes_on_rest(base)
            return Change(path, data, after, notes, is_lossless=merged.text == like.text)
        text = merged.text
        if parse and base != like.text and _have_same_meaning(parse, text, like.text):
            text = like.text
        after = data if text == like.text else encode(text, like)
        return Change(path, data, after, merged.notes)

    return edit(path, plan_change)


def _have_same_meaning(parse: Callable[[str], object], text: str, other: str) -> bool:
    try:
        return parse(text) == parse(other)
    except Unreadable:
        # For example, the user has added a table that our block has, too.
        return False


def _plan_block(
    job: Job,
    path: Path,
    name: str,
    comment: str,
    body: str | Callable[[str], str],
    find_place: Callable[[str], int | None] = lambda text: None,
) -> Change:
    """Return the change of a file into which a marked block is inserted."""

    def plan_change(data: bytes | None) -> Change:
        like = decode(data)
        wanted = body if isinstance(body, str) else body("" if data is None else like.text)
        base = take_block(like.text, comment)
        place = find_place(like.text)
        text = put_block(like.text, like.line_end, comment, name, wanted, place)
        if job.is_install:
            after = data if text == like.text else encode(text, like)
            return Change(path, data, after)
        after = data if base == like.text else encode(base, like)
        is_lossless = text == like.text
        return Change(path, data, after, _notes_on_rest(base), is_lossless=is_lossless)

    return edit(path, plan_change)


def _plan_copy(job: Job, name: str, path: Path, shipped: str) -> Change:
    """Return the change of a file that is ours alone."""
    wanted, plain = copy_of(name, shipped).encode(), shipped.encode()

    def plan_change(data: bytes | None) -> Change:
        if job.is_install:
            return Change(path, data, data if data in (wanted, plain) else wanted)
        if data is None or not _is_copy(data):
            notes = () if data is None else ("--install did not write it, and it stays",)
            return Change(path, data, data, notes)
        older = (each.read_bytes() for each in backups_of(path))
        own = next((each for each in older if not _is_copy(each)), None)
        return Change(path, data, own, is_lossless=data == wanted)

    return edit(path, plan_change)


def _is_copy(data: bytes) -> bool:
    start = _COPIED.partition("NAME")[0].encode()
    return start in data.rstrip().rpartition(b"\n")[2]


def _notes_on_rest(text: str) -> tuple[str, ...]:
    found = re.search(r"\bds[-_]lsp\b", text)
    if not found:
        return ()
    return (f"line {line_of(text, found.start())} names ds-lsp; --install did not write it",)
