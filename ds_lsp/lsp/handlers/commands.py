"""Commands but those of chat. They accept any arguments a client may send, and always answer."""

from collections.abc import Mapping

from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.reports import status_report, usage_report


def accept(ls: DsLanguageServer, *arguments: object) -> None:
    ls.accepted += 1
    ls.acceptance.note_acceptance(arguments)


def clear_cache(ls: DsLanguageServer, *arguments: object) -> None:
    ls.session.engine.forget()


def toggle(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    ls.settings_sources.toggle(not ls.session.settings.completion.enabled)
    ls.reconfigure()
    return status_report(ls.session)


def status(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    return {
        **status_report(ls.session),
        "open_documents": len(ls.documents),
        "accepted": ls.accepted,
    }


def why(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    return ls.session.engine.last.report()


async def usage(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    return await usage_report(ls.session)
