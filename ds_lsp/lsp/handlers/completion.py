"""Handlers of LSP methods, one function each: convert, call, convert back.

A handler takes its snapshot before its first ``await``: the next change may already be waiting.
"""

import asyncio
import os
from collections.abc import Mapping

from lsprotocol import types

from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.errors import Superseded
from ds_lsp.lsp import convert
from ds_lsp.lsp.configure import SettingsSources, register
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.lsp.transport.early_initialize import TRIGGER_CHARACTERS
from ds_lsp.reports import status_report, usage_report
from ds_lsp.settings.sources import PROJECT_FILE, user_file
from ds_lsp.uris import to_path
from ds_lsp.workspace.privacy.ignored import IGNORE_FILES

MENU_TIMEOUT_S = 2.0
"""Maximum seconds for the completion menu, which waits for its slowest server: users do not
wait longer."""

MENU_OPTIONS = types.CompletionOptions(trigger_characters=TRIGGER_CHARACTERS)


# Lifecycle


def initialize(ls: DsLanguageServer, params: types.InitializeParams) -> None:
    ls.watch_client(params.process_id)
    ls.documents.encoding = convert.to_encoding(ls.workspace.position_encoding)
    ls.folders = convert.to_folders(params)
    ls.menu_client = convert.to_menu_client(params)
    ls.chat_client = convert.to_chat_client(params)
    ls.inline_client = convert.to_inline_client(params)
    ls.asks_inline = convert.announces_inline_completion(params.capabilities)
    ls.settings_sources = SettingsSources(params, trusts_editor=ls.trusts_editor)
    ls.settings_sources.read_files(ls.folders)
    ls.reconfigure()
    setting = ls.session.settings.client.carriage_returns
    ls.documents.carriage_returns = convert.to_carriage_returns(params, setting)
    if serves_menu(ls):
        ls.feature(types.TEXT_DOCUMENT_COMPLETION, MENU_OPTIONS)(completion_menu)


def initialized(ls: DsLanguageServer, params: types.InitializedParams) -> None:
    ls.session.background.spawn(_finish_initialize(ls))


async def _finish_initialize(ls: DsLanguageServer) -> None:
    await ls.settings_sources.pull(ls)
    ls.reconfigure()
    ls.notifier.open()
    ls.report_state(ls.session.status())
    await ls.settings_sources.register_for_changes(ls)
    await _announce_menu(ls)
    if serves_menu(ls):
        ls.protocol.prewarm_converters(types.CompletionRequest, convert.EMPTY_MENU)
    else:
        ls.protocol.prewarm_converters(types.InlineCompletionRequest, convert.NOTHING)
    ls.explanations.remove_old()


async def shutdown(ls: DsLanguageServer, params: None) -> None:
    await ls.aclose()


# Documents


def did_open(ls: DsLanguageServer, params: types.DidOpenTextDocumentParams) -> None:
    ls.session.workspace.gate.forget(params.text_document.uri)
    document = ls.documents.get(params.text_document.uri)
    if document:
        ls.session.background.take_back(document)
        ls.warm()
        ls.session.background.prepare(document)


def did_change(ls: DsLanguageServer, params: types.DidChangeTextDocumentParams) -> None:
    ls.cancel_late_answer(params.text_document.uri)
    ls.acceptance.note_edits(params)
    document = ls.documents.get(params.text_document.uri)
    if document:
        ls.session.background.take_back(document)
        ls.warm()
        ls.session.background.schedule_learning(document)
        ls.session.background.schedule_gathering(document)


def did_close(ls: DsLanguageServer, params: types.DidCloseTextDocumentParams) -> None:
    ls.session.workspace.closed(params.text_document.uri)


def did_save(ls: DsLanguageServer, params: types.DidSaveTextDocumentParams) -> None:
    uri = params.text_document.uri
    path = to_path(uri)
    names = (PROJECT_FILE, *IGNORE_FILES)
    is_project_file = uri.endswith(names) or (path is not None and path.name in names)
    # The editor may name the target of a link to our settings, so real paths are compared.
    # Either way, what is read below is our own file.
    if is_project_file or (path and os.path.realpath(path) == os.path.realpath(user_file())):
        ls.settings_sources.read_files(ls.folders)
        ls.session.workspace.read_ignore_files_again()
        ls.reconfigure()


# Completion


async def inline_completion(
    ls: DsLanguageServer, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    ls.asks_inline = True
    uri, selected = params.text_document.uri, params.context.selected_completion_info
    snapshot = ls.snapshot(uri, params.position)
    if snapshot and selected:
        if not convert.can_show(selected, snapshot):
            ls.session.engine.skip(Reason.MENU_ITEM)
            return convert.NOTHING
        snapshot = ls.snapshot_as_if(uri, selected)
    if snapshot is None:
        ls.session.engine.skip(Reason.NOT_OPEN)
        return convert.NOTHING
    ls.session.background.schedule_gathering_after_jump(snapshot)
    trigger = convert.to_trigger(params.context.trigger_kind)
    request = ls.completion_request(
        snapshot, trigger, "inline", can_replace=ls.inline_client.can_replace
    )
    completion = await _complete(ls, request)
    if completion is None:
        return None
    return convert.to_inline_completion_list(completion, snapshot, ls.inline_client, selected)


async def completion_menu(
    ls: DsLanguageServer, params: types.CompletionParams
) -> types.CompletionList | None:
    snapshot = ls.snapshot(params.text_document.uri, params.position)
    if snapshot is None or not serves_menu(ls):
        return convert.EMPTY_MENU
    ls.session.background.schedule_gathering_after_jump(snapshot)
    # Always automatic: Helix sends "invoked" while the user types.
    # Only a text edit can replace text; a bare insert text is put at the cursor.
    can_replace = ls.menu_client.wants_edit
    request = ls.completion_request(snapshot, Trigger.AUTOMATIC, "menu", can_replace=can_replace)
    try:
        async with asyncio.timeout(MENU_TIMEOUT_S):
            completion = await _complete(ls, request)
    except TimeoutError:
        completion = ls.session.engine.skip(Reason.TIMED_OUT)
    if completion is None:
        return None
    return convert.to_completion_list(completion, snapshot, ls.menu_client)


async def _complete(ls: DsLanguageServer, request: CompletionRequest) -> Completion | None:
    try:
        await ls.session.background.wait_until_prepared()
        completion = await ls.session.engine.complete(request)
    except Superseded:
        return None
    except asyncio.CancelledError:
        ls.start_late_answer(request)
        raise
    ls.acceptance.note_offer(completion, request.snapshot)
    return completion


def serves_menu(ls: DsLanguageServer) -> bool:
    menu = ls.session.settings.completion.menu
    return menu == "always" or (menu == "auto" and not ls.asks_inline)


async def _announce_menu(ls: DsLanguageServer) -> None:
    """Register the completion menu if settings switched it on after `initialize` announced none."""
    is_announced = types.TEXT_DOCUMENT_COMPLETION in ls.protocol.fm.features
    if serves_menu(ls) and not is_announced and ls.settings_sources.can_register_menu:
        ls.feature(types.TEXT_DOCUMENT_COMPLETION)(completion_menu)
        options = types.CompletionRegistrationOptions(
            trigger_characters=MENU_OPTIONS.trigger_characters
        )
        await register(ls, types.TEXT_DOCUMENT_COMPLETION, options)


# Workspace


def did_change_configuration(
    ls: DsLanguageServer, params: types.DidChangeConfigurationParams
) -> None:
    ls.settings_sources.push(params.settings)
    ls.reconfigure()
    ls.session.background.spawn(_pull_settings(ls))


async def _pull_settings(ls: DsLanguageServer) -> None:
    await ls.settings_sources.pull(ls)
    ls.reconfigure()
    await _announce_menu(ls)


def did_change_workspace_folders(
    ls: DsLanguageServer, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    removed = frozenset(convert.to_paths(params.event.removed))
    kept = [folder for folder in ls.folders if folder not in removed]
    ls.folders = list(dict.fromkeys([*kept, *convert.to_paths(params.event.added)]))
    ls.settings_sources.read_files(ls.folders)
    ls.reconfigure()


# Commands. They accept any arguments a client may send, and always answer.


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
