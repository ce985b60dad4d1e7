"""Lists the models of the service, and the settings that each is used for."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.commands.run import ask_service, run
from ds_lsp.providers.base import ModelDirectory
from ds_lsp.providers.catalog import catalog
from ds_lsp.session import Session
from ds_lsp.text.visible import escape_control_characters


@dataclass(frozen=True, slots=True)
class Use:
    """The model that a setting names, and the one that is used for it."""

    setting: str
    wanted: str
    used: str
    """The available model nearest to `wanted`."""


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    return run(_models(arguments))


async def _models(arguments: argparse.Namespace) -> int:
    names, uses = await ask_service(_ask)
    if arguments.json:
        used = {use.setting: {"wanted": use.wanted, "used": use.used} for use in uses}
        print_json({"models": list(names), "settings": used})
        return 0
    for name in names:
        settings = [use.setting for use in uses if use.used == name]
        print(escape_control_characters(f"{name}  {', '.join(settings)}".rstrip()))
    for use in uses:
        if use.used != use.wanted:
            complain(f"There is no model {use.wanted}: set `{use.setting}` to {use.used}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp models",
        description="List DeepSeek's models, each with the settings it is used for.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


async def _ask(
    service: ModelDirectory, session: Session
) -> tuple[tuple[str, ...], tuple[Use, ...]]:
    names = await service.models()
    return names, uses_of(names, session)


def uses_of(names: Sequence[str], session: Session) -> tuple[Use, ...]:
    settings = session.workspace.resolved.settings
    wanted = {"completion.model": settings.completion.model, "chat.model": settings.chat.model}
    return tuple(
        Use(setting, name, catalog().nearest(name, names) if names else name)
        for setting, name in wanted.items()
    )
