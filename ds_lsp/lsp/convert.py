"""Conversion of protocol types to ours and back."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from lsprotocol import types

from ds_lsp.chat.edits import ChatEdit
from ds_lsp.chat.subject import CodeSelection, ReportedProblem
from ds_lsp.completion.request import Completion, Trigger
from ds_lsp.local.provider import Local
from ds_lsp.lsp.clients import ChatClient, InlineClient, MenuClient
from ds_lsp.lsp.transport.command_names import ACCEPT
from ds_lsp.text.columns import PositionEncoding, column_to_index, width
from ds_lsp.text.lines import (
    show_carriage_returns,
    strip_line_end,
    with_newlines,
    word_before,
)
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.uris import to_path

SERVER_NAME = "ds-lsp"


def to_reported_problem(
    diagnostic: types.Diagnostic, name_of: Callable[[str], str]
) -> ReportedProblem:
    """Convert a diagnostic.

    *name_of* returns the name of a document for the model; empty: it must not be named.
    """
    related = [
        f"{name}, line {each.location.range.start.line + 1}: {each.message}"
        for each in diagnostic.related_information or ()
        if (name := name_of(each.location.uri))
    ]
    return ReportedProblem(
        message=text_of(diagnostic.message),
        first=diagnostic.range.start.line,
        last=diagnostic.range.end.line,
        code="" if diagnostic.code is None else str(diagnostic.code),
        source=diagnostic.source or "",
        related=tuple(related),
    )


def to_workspace_edit(
    edit: ChatEdit, subject: CodeSelection, encoding: PositionEncoding, client: ChatClient
) -> types.WorkspaceEdit:
    """Return an edit as one change of whole lines, so that one undo reverts it."""
    end = width(strip_line_end(subject.lines[edit.last]), encoding)
    span = types.Range(types.Position(edit.first, 0), types.Position(edit.last, end))
    text = show_carriage_returns(edit.text) if subject.hides_carriage_returns else edit.text
    change = types.TextEdit(span, text)
    if not client.knows_versions:
        return types.WorkspaceEdit(changes={subject.uri: [change]})
    identifier = types.OptionalVersionedTextDocumentIdentifier(subject.uri, subject.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, [change])])


def text_of(message: object) -> str:
    # In LSP 3.18, a message may be MarkupContent.
    return message if isinstance(message, str) else str(getattr(message, "value", message))


def to_trigger(kind: types.InlineCompletionTriggerKind) -> Trigger:
    invoked = types.InlineCompletionTriggerKind.Invoked
    return Trigger.INVOKED if kind is invoked else Trigger.AUTOMATIC


def to_encoding(encoding: types.PositionEncodingKind | str | None) -> PositionEncoding:
    value = encoding.value if isinstance(encoding, types.PositionEncodingKind) else encoding
    return PositionEncoding(value or "utf-16")


def cursor_position(snapshot: Snapshot, before: str = "") -> types.Position:
    """Return the cursor's position, or that of the start of *before*, the text in front of it."""
    column = snapshot.column - width(before, snapshot.encoding)
    return types.Position(line=snapshot.line, character=column)


def can_show(selected: types.SelectedCompletionInfo, at: Snapshot) -> bool:
    """Return whether the editor can show a text that begins with the menu's selected item.

    Editors draw ghost text only on the cursor's line, and only if the item begins with what the
    user has typed of it.
    """
    start, end = selected.range.start, selected.range.end
    if not (start.line == at.line == end.line and start.character <= at.column <= end.character):
        return False
    before, after = at.line_before, at.line_after
    typed = before[column_to_index(before, start.character, at.encoding) :]
    overwritten = after[: column_to_index(after, end.character - at.column, at.encoding)]
    rest = iter(selected.text[len(typed) :])
    return selected.text.startswith(typed) and all(char in rest for char in overwritten)


def to_inline_completion_list(
    completion: Completion,
    snapshot: Snapshot,
    client: InlineClient,
    selected: types.SelectedCompletionInfo | None = None,
) -> types.InlineCompletionList:
    """Return a completion and its alternatives as items of plain text, usually a single one.

    Their range is on the cursor's line, and usually empty. If an item of the menu is selected, the
    text begins with that item and replaces its range.
    """
    if not completion.text:
        return NOTHING
    here = cursor_position(snapshot)
    place = selected.range if selected else types.Range(here, here)
    accepted = types.Command(title="Accepted", command=ACCEPT, arguments=[completion.record.id])
    begins_with = selected.text if selected else ""

    def item(each: Completion) -> types.InlineCompletionItem:
        text = with_newlines(each.text) if client.wants_line_feeds else each.text
        reach = types.Range(start=place.start, end=_end_of_replaced(place.end, each, snapshot))
        return types.InlineCompletionItem(begins_with + text, range=reach, command=accepted)

    return types.InlineCompletionList([item(completion), *map(item, completion.alternatives)])


def to_completion_list(
    completion: Completion, snapshot: Snapshot, client: MenuClient
) -> types.CompletionList:
    """Return at most one item, in the only form that worked in all menus it was tried in.

    Its text and its filter text begin with the word that the user is typing; otherwise the item
    disappears at the next letter.
    """
    if not completion.text:
        return EMPTY_MENU
    word = word_before(snapshot.line_before)
    text = word + completion.text
    mark = f"  [{SERVER_NAME}]" if client.names_us_in_label else ""
    item = types.CompletionItem(
        label=_label(text) + mark,
        # Never a snippet: Helix would expand it, and indent the lines again.
        kind=types.CompletionItemKind.Text,
        detail=f"{SERVER_NAME} (local)" if completion.record.source == Local.name else SERVER_NAME,
        documentation=_documentation(text, snapshot.language_id, client),
        filter_text=text,
        sort_text="0000",
        insert_text_mode=types.InsertTextMode.AsIs if client.takes_text_as_is else None,
        command=types.Command(title="Accepted", command=ACCEPT, arguments=[completion.record.id]),
    )
    if client.wants_edit:
        replaced = types.Range(
            cursor_position(snapshot, word),
            _end_of_replaced(cursor_position(snapshot), completion, snapshot),
        )
        item.text_edit = types.TextEdit(range=replaced, new_text=text)
    else:
        item.insert_text = text
    return types.CompletionList(is_incomplete=True, items=[item])


def _label(text: str) -> str:
    """Return the first line that is not blank, with dots for the lines around it."""
    lines = with_newlines(text).rstrip().split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    label = lines[first].strip() if first else lines[first]
    return ("... " if first else "") + label + (" ..." if first + 1 < len(lines) else "")


def _end_of_replaced(
    position: types.Position, completion: Completion, snapshot: Snapshot
) -> types.Position:
    """Return the end of the text behind *position* that the completion replaces."""
    replaced = snapshot.line_after[: completion.replaces]
    return types.Position(position.line, position.character + width(replaced, snapshot.encoding))


NOTHING = types.InlineCompletionList(items=[])
EMPTY_MENU = types.CompletionList(is_incomplete=True, items=[])


def to_folders(params: types.InitializeParams) -> list[Path]:
    """Return the workspace folders that are on this disk."""
    # An empty list counts: Kate then names the home folder as the root.
    if params.workspace_folders is not None:
        return to_paths(params.workspace_folders)
    if params.root_uri:
        path = to_path(params.root_uri)
        return [path] if path else []
    return [Path(params.root_path)] if params.root_path else []


def to_paths(folders: Iterable[types.WorkspaceFolder]) -> list[Path]:
    return [path for folder in folders if (path := to_path(folder.uri))]


def _documentation(text: str, language_id: str, client: MenuClient) -> types.MarkupContent | str:
    if not client.shows_markdown:
        return text
    return types.MarkupContent(types.MarkupKind.Markdown, _fence(text, language_id))


def _fence(text: str, language_id: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    language = re.sub(r"[^\w+#.-]", "", language_id)
    return f"{fence}{language}\n{text}\n{fence}"
