"""Code actions: the commands of chat for a selection or cursor, listed without asking a model.

Editors request the list wherever the cursor rests, so only the lines around it are read; the
command that an action names reads the rest.
"""

import re
from collections.abc import Iterator

from lsprotocol import types

from ds_lsp.chat.explanation import conversation
from ds_lsp.chat.subject import requested, select_range
from ds_lsp.languages.blocks import LOOK_LINES, layout_scope
from ds_lsp.languages.comments import COMMENTS
from ds_lsp.languages.table import PROSE
from ds_lsp.lsp import convert
from ds_lsp.lsp.clients import ChatClient
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.lsp.transport.command_names import ASK, DOCUMENT, EXPLAIN, FIX, REWRITE
from ds_lsp.text.document import Document
from ds_lsp.text.lines import strip_line_end

EXPLAIN_KIND = "refactor.explain"
"""A kind of our own, below "refactor": LSP has none for an action that changes nothing, and at a
selection editors show the kinds of refactoring."""
OPTIONS = types.CodeActionOptions(
    code_action_kinds=[
        types.CodeActionKind.QuickFix,
        EXPLAIN_KIND,
        types.CodeActionKind.RefactorRewrite,
    ]
)
MAX_TITLE_CHARS = 60


def code_actions(
    ls: DsLanguageServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command]:
    document = ls.documents.get(params.text_document.uri)
    if document is None or not ls.session.chat.has_provider:
        return []
    offers = (
        _question_actions(document, params)
        if ls.explanations.owns(document.uri)
        else _actions_for_code(ls, document, params)
    )
    only = params.context.only
    return [
        _to_client_form(ls, action)
        for action in offers
        if only is None or any(_is_kind_of(action.kind, kind) for kind in only)
    ]


def _question_actions(
    document: Document, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    if conversation(document.text).question:
        yield _action("Ask", EXPLAIN_KIND, ASK, params)


def _actions_for_code(
    ls: DsLanguageServer, document: Document, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    if ls.session.workspace.excludes(document):
        return
    can_edit = ls.chat_client.applies_edits
    for diagnostic in params.context.diagnostics:
        message = _shorten(convert.text_of(diagnostic.message))
        quick_fix = types.CodeActionKind.QuickFix
        yield _action(f"Explain: {message}", quick_fix, EXPLAIN, params, diagnostic)
        if can_edit:
            yield _action(f"Fix: {message}", quick_fix, FIX, params, diagnostic)
    if not is_cursor(ls.chat_client, document, params.range):
        yield from _selection_actions(document, params, can_edit=can_edit)
    else:
        yield from _cursor_actions(document, params, can_edit=can_edit)


def _selection_actions(
    document: Document, params: types.CodeActionParams, *, can_edit: bool
) -> Iterator[types.CodeAction]:
    subject = select_range(document, "", *start_and_end(params.range))
    if subject is None:
        return
    yield _action("Explain the selection", EXPLAIN_KIND, EXPLAIN, params)
    if can_edit and (found := requested(subject)):
        title = f"Rewrite as asked: {_shorten(found[1])}"
        yield _action(title, types.CodeActionKind.RefactorRewrite, REWRITE, params)


def _cursor_actions(
    document: Document, params: types.CodeActionParams, *, can_edit: bool
) -> Iterator[types.CodeAction]:
    line = params.range.start.line
    first = max(0, line - LOOK_LINES)
    lines = document.lines(first, line + LOOK_LINES)
    scope = layout_scope(lines, line - first, document.language_id)
    if scope is None or (not scope.is_definition and _has_nothing_to_explain(document, line)):
        return
    kind = "function" if scope.is_definition else "code"
    yield _action(f"Explain the {kind} at the cursor", EXPLAIN_KIND, EXPLAIN, params)
    comments = COMMENTS.get(document.language_id)
    if can_edit and scope.is_definition and comments and comments.documentation:
        title = "Write documentation for the function at the cursor"
        yield _action(title, types.CodeActionKind.RefactorRewrite, DOCUMENT, params)


def _has_nothing_to_explain(document: Document, line: int) -> bool:
    """Return whether a line alone needs no explanation: it is prose, or closes a block."""
    if document.language_id in PROSE - {"bibtex", "latex"}:
        return True
    text = "".join(document.lines(line, line)).strip()
    return re.fullmatch(r"[)\]},;]+", text) is not None


def is_cursor(client: ChatClient, document: Document, span: types.Range) -> bool:
    """Return whether a range is the bare cursor, and no selection."""
    if not client.selects_at_cursor:
        return span.start == span.end
    (first, start), (last, end) = (document.locate(*each) for each in start_and_end(span))
    if last == first + 1 and end == 0:
        return start >= len(strip_line_end(document.lines(first, first)[0]))
    return last == first and end - start <= 1


def start_and_end(span: types.Range) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return both ends of a range as (line, column), in the order of the document."""
    start = (span.start.line, span.start.character)
    end = (span.end.line, span.end.character)
    # Some clients send a selection that was made backwards with its start behind its end.
    return min(start, end), max(start, end)


def _action(
    title: str,
    kind: types.CodeActionKind | str,
    command: str,
    params: types.CodeActionParams,
    diagnostic: types.Diagnostic | None = None,
) -> types.CodeAction:
    argument: dict[str, object] = {"textDocument": params.text_document, "range": params.range}
    if diagnostic:
        argument["diagnostic"] = diagnostic
    return types.CodeAction(
        title=title,
        kind=kind,
        diagnostics=[diagnostic] if diagnostic else None,
        command=types.Command(title, command, arguments=[argument]),
    )


def _to_client_form(
    ls: DsLanguageServer, action: types.CodeAction
) -> types.CodeAction | types.Command:
    assert action.command
    if not ls.chat_client.takes_actions:
        return action.command
    if ls.chat_client.takes_tags:
        action.tags = [types.CodeActionTag.LlmGenerated]
    return action


def _is_kind_of(
    kind: types.CodeActionKind | str | None, wanted: types.CodeActionKind | str
) -> bool:
    """Return whether *kind* is *wanted* or lies below it; every kind lies below the empty one."""
    name, prefix = (
        each.value if isinstance(each, types.CodeActionKind) else each or ""
        for each in (kind, wanted)
    )
    return not prefix or name == prefix or name.startswith(f"{prefix}.")


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_TITLE_CHARS else text[: MAX_TITLE_CHARS - 3] + "..."
