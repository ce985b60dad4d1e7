"""The answers of the commands that tell how a session fares."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict

from ds_lsp.providers.catalog import catalog
from ds_lsp.session import Session

READ_TIMEOUT_S = 0.5
"""Maximum wait of ``ds-lsp.usage`` for the file with the counts, in seconds."""


def status_report(session: Session) -> Mapping[str, object]:
    """Return the answer of ``ds-lsp.status``."""
    provider = session.engine.providers.first
    return {
        **asdict(session.status()),
        "provider": provider.name if provider else None,
        "model": session.settings.completion.model,
        "base_url": session.settings.base_url,
        "key_source": session.selection.key_source,
        "problems": list(session.workspace.resolved.problems),
        "cached_completions": len(session.engine.cache),
        "calls_in_flight": len(session.engine.in_flight),
        "usage": _usage_line(session),
    }


async def usage_report(session: Session) -> Mapping[str, object]:
    """Return the answer of ``ds-lsp.usage``."""
    # The other servers' counts are read as well, unless the file keeps the user waiting.
    await asyncio.wait([asyncio.ensure_future(session.ledger.write())], timeout=READ_TIMEOUT_S)
    return {
        "today": asdict(session.ledger.today()),
        "session": asdict(session.ledger.session()),
        "prices_as_of": catalog().as_of,
        "daily_token_limit": session.settings.usage.daily_token_limit,
    }


def _usage_line(session: Session) -> str:
    today = session.ledger.today()
    return (
        f"today: requests {today.requests:,}, tokens {today.tokens:,}, about "
        f"${today.cost_usd:.4f} (prices of {catalog().as_of})"
    )
