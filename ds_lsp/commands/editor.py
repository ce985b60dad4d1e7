"""Prints what there is to copy into an editor's configuration."""

import argparse
from collections.abc import Sequence

from ds_lsp.commands.output import prepare_output
from ds_lsp.commands.setups import SETUPS, text_of
from ds_lsp.commands.workspace import Refused, run


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    return run(_print(arguments.name, arguments.file))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp editor",
        description="Print what there is to copy into an editor's configuration, each file below a "
        "comment that says where it goes. With FILE, only that one, to be redirected there.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help=", ".join(SETUPS))
    parser.add_argument("file", metavar="FILE", nargs="?", help="such as languages.toml")
    return parser


async def _print(name: str, file: str | None) -> int:
    setup = SETUPS.get(name)
    if setup is None:
        raise Refused(f"There is no editor {name}; there are {', '.join(SETUPS)}.")
    parts = {part.file: part for part in setup.parts}
    if file is None:
        heads = [f"{setup.comment} {part.file}: {part.place}\n" for part in setup.parts]
        texts = [text_of(name, part) for part in setup.parts]
        print("\n".join(head + text for head, text in zip(heads, texts, strict=True)), end="")
    elif file in parts:
        print(text_of(name, parts[file]), end="")
    else:
        raise Refused(f"There is no file {file} for {setup.title}; there are {', '.join(parts)}.")
    return 0
