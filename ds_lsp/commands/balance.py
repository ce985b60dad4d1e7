"""Prints the balance of the account."""

import argparse
from collections.abc import Sequence

from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.commands.run import ask_service, run
from ds_lsp.providers.base import Balance, ModelDirectory
from ds_lsp.providers.catalog import catalog
from ds_lsp.session import Session


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    return run(_balance(arguments))


async def _balance(arguments: argparse.Namespace) -> int:
    balance = await ask_service(_ask)
    if arguments.json:
        amounts = list(balance.amounts)
        print_json({"is_available": balance.is_available, "amounts": amounts})
    else:
        print("\n".join(balance.amounts))
        if not balance.is_available:
            complain(f"This is not enough for a request: top up at {catalog().top_up}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp balance",
        description="Print what is left on the DeepSeek account.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


async def _ask(service: ModelDirectory, session: Session) -> Balance:
    return await service.balance()
