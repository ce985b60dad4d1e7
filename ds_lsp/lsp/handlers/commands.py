"""Commands but those of chat. They accept any arguments a client may send, and always answer."""

from collections.abc import Mapping

from ds_lsp.lsp.server import DsLanguageServer


def accept(ls: DsLanguageServer, *arguments: object) -> None:
    ls.accepted += 1
    ls.acceptance.note_acceptance(arguments)


def clear_cache(ls: DsLanguageServer, *arguments: object) -> None:
    ls.session.engine.forget()


def toggle(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    ls.settings_sources.toggle(not ls.session.settings.completion.enabled)
    ls.reconfigure()
    return ls.session.status()


def status(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    return {**ls.session.status(), "open_documents": len(ls.documents), "accepted": ls.accepted}


def why(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    return ls.session.why()


async def usage(ls: DsLanguageServer, *arguments: object) -> Mapping[str, object]:
    return await ls.session.usage_report()
