"""The differences between clients: a row for each known one, and what clients announce."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lsprotocol import types

from ds_lsp.text.lines import CarriageReturns


@dataclass(frozen=True, slots=True)
class MenuClient:
    """Properties of a client that decide the form of items in its completion menu."""

    wants_edit: bool = False
    """Items need a text edit: Helix replaces exactly its range, but lets a bare text replace the
    rest of the word as well."""
    takes_text_as_is: bool = False
    """The client supports the insert mode that does not indent the text again."""
    shows_markdown: bool = False
    names_us_in_label: bool = False
    """The label must name us: Helix shows an item's detail only once the item is selected."""


@dataclass(frozen=True, slots=True)
class InlineClient:
    """Properties of a client that decide the form of inline completions."""

    can_replace: bool = True
    """The range of an item may extend past the cursor."""
    wants_line_feeds: bool = False
    """The text must end its lines with LF: Neovim takes the CR of a CR LF for a letter."""


@dataclass(frozen=True, slots=True)
class ChatClient:
    """Capabilities of a client to show answers of chat and to apply its edits."""

    locale: str | None = None
    shows_progress: bool = False
    shows_documents: bool = False
    rereads_documents: bool = False
    """The client reloads a file that changes on disk. VS Code does; Neovim waits for
    ``:checktime``, Helix for ``:reload``, and Emacs asks the user."""
    takes_focus: bool | None = False
    """The value of ``takeFocus`` when the client is to show a document; None leaves it out, because
    Eglot takes false for true."""
    applies_edits: bool = False
    knows_versions: bool = False
    """The client accepts edits that name the version of their document."""
    takes_actions: bool = False
    """The client accepts code actions, and not only commands."""
    takes_tags: bool = False
    """The client accepts tags of code actions."""
    selects_at_cursor: bool = False
    """The bare cursor arrives as a selection: Helix selects one character, or a line's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClient:
    """The properties that a client does not announce, and that follow from its name."""

    inline: InlineClient = InlineClient()
    menu: MenuClient = MenuClient()
    chat: ChatClient = ChatClient()
    carriage_returns: CarriageReturns = CarriageReturns.LINE_ENDS


_BY_NAME: Mapping[str, KnownClient] = {
    "Neovim": KnownClient(
        # It draws the text over the rest of the line. It does not move the end of a range while
        # the user types along, so that accepting then leaves letters behind.
        inline=InlineClient(can_replace=False, wants_line_feeds=True),
        carriage_returns=CarriageReturns.BY_FILE,
    ),
    "helix": KnownClient(
        menu=MenuClient(wants_edit=True, names_us_in_label=True),
        chat=ChatClient(selects_at_cursor=True),
        carriage_returns=CarriageReturns.PAIRED,
    ),
    # Emacs and the Vim plugins send the lines of a buffer, joined by line feeds.
    "Eglot": KnownClient(
        chat=ChatClient(takes_focus=None), carriage_returns=CarriageReturns.CHARACTERS
    ),
    # lsp-mode draws an overlay in place of the replaced text, which is correct only where that
    # extends to the end of the line.
    "emacs": KnownClient(
        inline=InlineClient(can_replace=False), carriage_returns=CarriageReturns.CHARACTERS
    ),
    "vim-lsp": KnownClient(carriage_returns=CarriageReturns.CHARACTERS),
    "coc.nvim": KnownClient(carriage_returns=CarriageReturns.BY_FILE),
    "kak-lsp": KnownClient(carriage_returns=CarriageReturns.CHARACTERS),
}
_VS_CODE = KnownClient(chat=ChatClient(rereads_documents=True))
_NAME_OF_VS_CODE = re.compile(
    r"visual studio code|code-server|vscodium|code - oss|cursor|windsurf", re.I
)
_UNKNOWN = KnownClient()


def to_carriage_returns(params: types.InitializeParams, setting: str) -> CarriageReturns:
    """Return how a client counts carriage returns; *setting* is `client.carriage_returns`."""
    return _known(params).carriage_returns if setting == "auto" else CarriageReturns(setting)


def to_inline_client(params: types.InitializeParams) -> InlineClient:
    return _known(params).inline


def to_menu_client(params: types.InitializeParams) -> MenuClient:
    text_document = params.capabilities.text_document
    completion = text_document.completion if text_document else None
    item = (
        completion.completion_item if completion else None
    ) or types.ClientCompletionItemOptions()
    modes = item.insert_text_mode_support
    return replace(
        _known(params).menu,
        takes_text_as_is=modes is not None and types.InsertTextMode.AsIs in modes.value_set,
        shows_markdown=types.MarkupKind.Markdown in (item.documentation_format or ()),
    )


def to_chat_client(params: types.InitializeParams) -> ChatClient:
    window = params.capabilities.window or types.WindowClientCapabilities()
    workspace = params.capabilities.workspace or types.WorkspaceClientCapabilities()
    text_document = params.capabilities.text_document or types.TextDocumentClientCapabilities()
    actions = text_document.code_action or types.CodeActionClientCapabilities()
    edits = workspace.workspace_edit
    return replace(
        _known(params).chat,
        locale=params.locale,
        shows_progress=bool(window.work_done_progress),
        shows_documents=bool(window.show_document and window.show_document.support),
        applies_edits=bool(workspace.apply_edit),
        # Neovim announces only resource operations, which are a part of document changes.
        knows_versions=bool(edits and (edits.document_changes or edits.resource_operations)),
        takes_actions=actions.code_action_literal_support is not None,
        takes_tags=actions.tag_support is not None,
    )


def announces_inline_completion(capabilities: types.ClientCapabilities) -> bool:
    text_document = capabilities.text_document
    return text_document is not None and text_document.inline_completion is not None


def _known(params: types.InitializeParams) -> KnownClient:
    """Return the row of a client; VS Code has many names, and the others one each."""
    name = params.client_info.name if params.client_info else ""
    return _BY_NAME.get(name) or (_VS_CODE if _NAME_OF_VS_CODE.search(name) else _UNKNOWN)
