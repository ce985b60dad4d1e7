"""Handlers of the start and the end of a session."""

from lsprotocol import types

from ds_lsp.lsp import clients, convert
from ds_lsp.lsp.configure import SettingsSources
from ds_lsp.lsp.handlers.completion import announce_menu, serves_menu
from ds_lsp.lsp.server import DsLanguageServer


def initialize(ls: DsLanguageServer, params: types.InitializeParams) -> None:
    ls.watch_client(params.process_id)
    ls.documents.encoding = convert.to_encoding(ls.workspace.position_encoding)
    ls.folders = convert.to_folders(params)
    ls.menu_client = clients.to_menu_client(params)
    ls.chat_client = clients.to_chat_client(params)
    ls.inline_client = clients.to_inline_client(params)
    ls.asks_inline = clients.announces_inline_completion(params.capabilities)
    ls.settings_sources = SettingsSources(params, trusts_editor=ls.trusts_editor)
    ls.settings_sources.read_files(ls.folders)
    ls.reconfigure()
    setting = ls.session.settings.client.carriage_returns
    ls.documents.carriage_returns = clients.to_carriage_returns(params, setting)
    if not serves_menu(ls):
        del ls.protocol.fm.features[types.TEXT_DOCUMENT_COMPLETION]


def initialized(ls: DsLanguageServer, params: types.InitializedParams) -> None:
    ls.session.background.spawn(_finish_initialize(ls))


async def _finish_initialize(ls: DsLanguageServer) -> None:
    await ls.settings_sources.pull(ls)
    ls.reconfigure()
    ls.notifier.open()
    ls.report_state(ls.session.status())
    await ls.settings_sources.register_for_changes(ls)
    await announce_menu(ls)
    if serves_menu(ls):
        ls.protocol.prewarm_converters(types.CompletionRequest, convert.EMPTY_MENU)
    else:
        ls.protocol.prewarm_converters(types.InlineCompletionRequest, convert.NOTHING)
    ls.explanations.remove_old()


async def shutdown(ls: DsLanguageServer, params: None) -> None:
    await ls.aclose()
