"""Prints the configuration for an editor, or merges it into the user's own, or takes it out."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from ds_lsp.commands.output import can_encode, prepare_output, without_keys
from ds_lsp.commands.run import CommandRefused, run
from ds_lsp.commands.setups import SETUPS, Part, Setup, reader_of, text_of
from ds_lsp.text.visible import escape_control_characters

_AFTER_INSTALL = {
    "vscode": "Install the extension, too: see `ds-lsp editor vscode`.",
    "emacs": "Eglot keeps the servers you have: `ds-lsp` joins them where the program `rass` is "
    "installed (`pipx install rassumfrassum`), and completes alone where there is no server.",
}
"""Further instructions after an installation, by editor."""


def main(argv: Sequence[str]) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    prepare_output()
    if arguments.install or arguments.remove:
        return run(_change(arguments))
    if arguments.dry_run:
        parser.error("--dry-run goes with --install or --remove")
    return run(_print(arguments.name, arguments.file))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp editor",
        description="Print what there is to copy into an editor's configuration, each file below a "
        "comment that says where it goes. With FILE, only that one, to be redirected there. "
        "With --install, merge it into your own configuration instead.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help=", ".join(SETUPS))
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="such as languages.toml; with --install: ds-lsp-lsp-mode.el sets up lsp-mode",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--install",
        action="store_true",
        help="change the editor's own files, which are shown as a diff and backed up first",
    )
    action.add_argument(
        "--remove", action="store_true", help="take out what --install has written, and no more"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with either, show the diff and write nothing"
    )
    return parser


def _setup_of(name: str) -> Setup:
    setup = SETUPS.get(name)
    if setup is None:
        raise CommandRefused(f"There is no editor {name}; there are {', '.join(SETUPS)}.")
    return setup


def _part_of(setup: Setup, file: str) -> Part:
    parts = {part.file: part for part in setup.parts}
    if file not in parts:
        raise CommandRefused(
            f"There is no file {file} for {setup.title}; there are {', '.join(parts)}."
        )
    return parts[file]


async def _print(name: str, file: str | None) -> int:
    setup = _setup_of(name)
    if file is None:
        headers = [f"{setup.comment} {part.file}: {part.place}\n" for part in setup.parts]
        texts = [text_of(name, part) for part in setup.parts]
        print("\n".join(header + text for header, text in zip(headers, texts, strict=True)), end="")
    else:
        print(text_of(name, _part_of(setup, file)), end="")
    return 0


async def _change(arguments: argparse.Namespace) -> int:
    from ds_lsp.editor_files.change import CannotChange, apply_all, diff
    from ds_lsp.editor_files.install import LSP_MODE, Job, plan
    from ds_lsp.editor_files.places import Machine

    name, file = arguments.name, arguments.file
    setup = _setup_of(name)
    if file and _part_of(setup, file).file != LSP_MODE and len(setup.parts) > 1 and name != "emacs":
        raise CommandRefused(f"All files of {setup.title} go together: leave out {file}.")
    machine = Machine(os.environ, Path.home())
    job = Job(
        machine,
        reader_of(name),
        is_install=arguments.install,
        variant=file or "",
    )
    try:
        changes = plan(name, job)
        needed = [each for each in changes if each.is_needed]
        for change in needed:
            _show(diff(change))
        made = {} if arguments.dry_run else dict(apply_all(needed))
    except CannotChange as exc:
        raise CommandRefused(str(exc)) from None
    for change in changes:
        sentence = _describe_change(change.before, change.after, arguments, change.path)
        backup = made.get(change)
        backup_note = f"; the file as it was is {backup}" if backup else ""
        notes = "".join(f" ({note})" for note in change.notes)
        _show(f"{sentence}{backup_note}{notes}.\n")
    if arguments.install and not arguments.dry_run and name in _AFTER_INSTALL:
        _show(f"{_AFTER_INSTALL[name]}\n")
    return 0


def _describe_change(
    before: bytes | None, after: bytes | None, arguments: argparse.Namespace, path: Path
) -> str:
    """Return a sentence, without its period, about what was or would be done to a file."""
    would = "Would have " if arguments.dry_run else ""
    if before == after:
        if arguments.install:
            return f"Nothing to change in {path}"
        return f"Nothing to remove from {path}"
    if before is None:
        verb = "written"
    elif after is None:
        verb = "deleted"
    elif arguments.install:
        verb = "changed"
    else:
        return f"{would}{'removed' if would else 'Removed'} from {path} what --install had written"
    return f"{would}{verb if would else verb.capitalize()} {path}"


def _show(text: str) -> None:
    """Print a text with lines of the user's files, without keys and control characters."""
    shown = "\n".join(
        escape_control_characters(line.replace("\t", "    ")) for line in text.split("\n")
    )
    shown = without_keys(shown)
    if not can_encode(shown):
        shown = shown.encode("ascii", "backslashreplace").decode()
    print(shown, end="")
