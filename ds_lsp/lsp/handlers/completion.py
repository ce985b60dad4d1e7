"""Handlers of completion: inline, and in the completion menu.

A handler takes its snapshot before its first ``await``: the next change may already be waiting.
"""

import asyncio

from lsprotocol import types

from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.errors import Superseded
from ds_lsp.lsp import convert
from ds_lsp.lsp.configure import register
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.lsp.transport.early_initialize import TRIGGER_CHARACTERS

MENU_TIMEOUT_S = 2.0
"""Maximum seconds for the completion menu, which waits for its slowest server: users do not
wait longer."""

MENU_OPTIONS = types.CompletionOptions(trigger_characters=TRIGGER_CHARACTERS)


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


async def announce_menu(ls: DsLanguageServer) -> None:
    """Register the completion menu if settings switched it on after `initialize` announced none."""
    is_announced = types.TEXT_DOCUMENT_COMPLETION in ls.protocol.fm.features
    if serves_menu(ls) and not is_announced and ls.settings_sources.can_register_menu:
        ls.feature(types.TEXT_DOCUMENT_COMPLETION)(completion_menu)
        options = types.CompletionRegistrationOptions(
            trigger_characters=MENU_OPTIONS.trigger_characters
        )
        await register(ls, types.TEXT_DOCUMENT_COMPLETION, options)
