"""Handlers of changes: to documents, to settings, to the folders of the workspace."""

import os

from lsprotocol import types

from ds_lsp.lsp import convert
from ds_lsp.lsp.handlers.completion import announce_menu
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.settings.sources import PROJECT_FILE, user_file
from ds_lsp.uris import to_path
from ds_lsp.workspace.privacy.ignored import IGNORE_FILES


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


def did_change_configuration(
    ls: DsLanguageServer, params: types.DidChangeConfigurationParams
) -> None:
    ls.settings_sources.push(params.settings)
    ls.reconfigure()
    ls.session.background.spawn(_pull_settings(ls))


async def _pull_settings(ls: DsLanguageServer) -> None:
    await ls.settings_sources.pull(ls)
    ls.reconfigure()
    await announce_menu(ls)


def did_change_workspace_folders(
    ls: DsLanguageServer, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    removed = frozenset(convert.to_paths(params.event.removed))
    kept = [folder for folder in ls.folders if folder not in removed]
    ls.folders = list(dict.fromkeys([*kept, *convert.to_paths(params.event.added)]))
    ls.settings_sources.read_files(ls.folders)
    ls.reconfigure()
