"""Commands of chat; their answers reach the client as a growing document, a message or an edit.

Each command answers at once, and its work goes on in a task of its own, which the client shows as
progress and can cancel. No completion waits for any of this.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ds_lsp.chat import documentation, edits, explanation, prompt
from ds_lsp.chat.asker import MAX_TOKENS, answer_request, excluded
from ds_lsp.chat.edits import ChatEdit
from ds_lsp.chat.explanation import Answer, Conversation
from ds_lsp.chat.subject import (
    CodeSelection,
    requested,
    select_around,
    select_range,
    select_reported,
)
from ds_lsp.errors import ChatRefused, ProviderError
from ds_lsp.lsp import convert
from ds_lsp.lsp.answers import ExplanationView, GrowingAnswer, SanitizedLines, to_message
from ds_lsp.lsp.explanation_files import ConversationStart
from ds_lsp.lsp.extensions import ExplainParams
from ds_lsp.lsp.handlers.code_actions import is_cursor, start_and_end
from ds_lsp.lsp.progress import Progress, ask_client, create_token
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.lsp.transport import command_names
from ds_lsp.providers.base import ChatMessage, ChatRequest, ChatResult
from ds_lsp.service.service import SHARED
from ds_lsp.text.visible import as_message

APPLY_TIMEOUT_S = 60.0
"""Maximum seconds for the client to apply an edit: some editors ask their user first."""
_REQUEST_FAILED = -32803
"""The error code RequestFailed of LSP 3.17."""

CHANGED = "The text has changed while the model was answering: nothing was applied."

Work = Coroutine[None, None, None]
Plan = Callable[[DsLanguageServer, ExplainParams], Work]

# Commands. They accept any arguments a client may send.


def explain(ls: DsLanguageServer, *arguments: object) -> None:
    _begin(ls, command_names.EXPLAIN, arguments, _explain)


def ask(ls: DsLanguageServer, *arguments: object) -> None:
    _begin(ls, command_names.ASK, arguments, _ask)


def fix(ls: DsLanguageServer, *arguments: object) -> None:
    _begin(ls, command_names.FIX, arguments, _fix)


def document(ls: DsLanguageServer, *arguments: object) -> None:
    _begin(ls, command_names.DOCUMENT, arguments, _document)


def rewrite(ls: DsLanguageServer, *arguments: object) -> None:
    _begin(ls, command_names.REWRITE, arguments, _rewrite)


def cancel_progress(ls: DsLanguageServer, params: types.WorkDoneProgressCancelParams) -> None:
    ls.cancellable_tasks.cancel(params.token)


# The life of one request, from the command to the display of the answer. The subject is read at
# once, because the text may change any moment; the rest is a coroutine, and may take its time.


def _begin(ls: DsLanguageServer, command: str, arguments: tuple[object, ...], plan: Plan) -> None:
    """Run in the background the work that *plan* returns: editors block until a command answers."""
    params = _read_params(ls, arguments)
    if params is None:
        ls.notifier.show(f"{command} takes one argument, with textDocument and range.")
        return
    try:
        work = plan(ls, params)
    except ChatRefused as refusal:
        ls.notifier.show(str(refusal))
    else:
        ls.session.background.spawn(_report_failure(ls, work))


def _explain(ls: DsLanguageServer, params: ExplainParams) -> Work:
    subject = _find_subject(ls, params)
    return _show_answer(ls, subject, prompt.explain(subject, _answer_language(ls, subject.uri)))


async def _show_answer(
    ls: DsLanguageServer, subject: CodeSelection, messages: tuple[ChatMessage, ...]
) -> None:
    view = ExplanationView(ls, subject, ConversationStart(subject.uri, messages))
    async with _show_progress(ls, explanation.title_of(subject)) as progress:
        growing = GrowingAnswer(progress, view.grow)
        try:
            answer = await _receive_answer(
                ls, subject.uri, _answer_request(ls, subject.uri, messages), growing
            )
        except asyncio.CancelledError:
            await view.stop()
            raise
    # After the progress has ended: Helix writes its end over the message.
    await view.finish(answer)


async def _receive_answer(
    ls: DsLanguageServer, uri: str, request: ChatRequest, growing: GrowingAnswer
) -> Answer:
    """Return the answer, even if it was cut off.

    Raises `ChatRefused`, or `ProviderError` when no text has arrived.
    """
    try:
        result = await _ask_model(ls, uri, request, growing)
    except asyncio.CancelledError:
        growing.cancel()
        raise
    except ProviderError as error:
        return growing.cut_off(error)
    return growing.complete(result)


async def _ask_model(
    ls: DsLanguageServer, uri: str, request: ChatRequest, growing: GrowingAnswer
) -> ChatResult:
    """Ask the model, and report progress until its answer is complete."""
    await ls.session.selection.settled()
    async with growing.reported():
        # It masks the secrets in every text of the request.
        return await ls.session.chat.ask(uri, request, growing.take, growing.wait)


# The other commands: as `_explain`, each reads its subject and returns the work.


def _ask(ls: DsLanguageServer, params: ExplainParams) -> Work:
    uri = params.text_document.uri
    conversation = _read_conversation(ls, uri)
    if conversation is None or not conversation.question:
        raise ChatRefused("Write a question at the end of the explanation first.")
    start = ls.explanations.start_of(uri) or ConversationStart(uri, ())
    first = start.messages or (prompt.system(_answer_language(ls, start.uri)),)
    messages = (*first, *conversation.turns, ChatMessage("user", conversation.question))
    return _append_answer(ls, uri, start.uri, messages)


def _fix(ls: DsLanguageServer, params: ExplainParams) -> Work:
    if params.diagnostic is None:
        raise ChatRefused("There is no diagnostic to fix.")
    subject = _find_subject(ls, params)
    return _replace(ls, "Fix", subject, prompt.fix(subject), first=subject.first)


def _rewrite(ls: DsLanguageServer, params: ExplainParams) -> Work:
    selection = _find_subject(ls, params)
    found = requested(selection)
    if found is None:
        raise ChatRefused("Select code whose first line is a comment that says what to do.")
    subject, request = found
    # The edit starts at the comment: once its request is carried out, it goes.
    return _replace(ls, "Rewrite", subject, prompt.rewrite(subject, request), first=selection.first)


def _document(ls: DsLanguageServer, params: ExplainParams) -> Work:
    subject = _find_subject(ls, params)
    if not subject.is_definition:
        raise ChatRefused("There is no function here to document.")
    if not documentation.can_document(subject):
        raise ChatRefused("This is documented already.")
    return _write_documentation(
        ls, subject, prompt.document(subject, _answer_language(ls, subject.uri))
    )


# The common parts of the commands.


def _read_params(ls: DsLanguageServer, arguments: tuple[object, ...]) -> ExplainParams | None:
    try:
        return ls.protocol.to_explain_params(arguments[0]) if arguments else None
    except Exception:
        return None


async def _report_failure(ls: DsLanguageServer, work: Work) -> None:
    try:
        await work
    except SHARED:
        # It concerns completion as well: `Health`, which watches over both, has shown it.
        pass
    except (ChatRefused, ProviderError) as error:
        # The user ran a command, and expects an answer each time, even the same one again.
        ls.notifier.show(str(error))


def _find_subject(ls: DsLanguageServer, params: ExplainParams) -> CodeSelection:
    """Return the code that a command is about, as it stands now. Raises `ChatRefused`."""
    uri = params.text_document.uri
    document = ls.documents.get(uri)
    if document is None:
        raise ChatRefused("The document is not open.")
    file = ls.name_of(uri)
    start, end = start_and_end(params.range)
    subject: CodeSelection | None
    if params.diagnostic is not None:
        problem = convert.to_reported_problem(params.diagnostic, ls.name_of)
        subject = select_reported(document, file, problem)
    elif is_cursor(ls.chat_client, document, params.range):
        subject = select_around(document, file, start[0])
    else:
        subject = select_range(document, file, start, end)
    if subject is None:
        raise ChatRefused("There is no code here.")
    if rule := ls.session.workspace.excludes(document, subject.code):
        raise excluded(rule)
    return subject


def _answer_language(ls: DsLanguageServer, uri: str) -> str:
    language = ls.session.settings_for(uri).chat.language
    return prompt.answer_language(language, ls.chat_client.locale)


def _model(ls: DsLanguageServer, uri: str) -> str:
    return ls.session.settings_for(uri).chat.model


def _answer_request(
    ls: DsLanguageServer, uri: str, messages: tuple[ChatMessage, ...]
) -> ChatRequest:
    return answer_request(messages, ls.session.settings_for(uri).chat)


@asynccontextmanager
async def _show_progress(ls: DsLanguageServer, title: str) -> AsyncIterator[Progress]:
    token = await create_token(ls) if ls.chat_client.shows_progress else None
    async with ls.cancellable_tasks.progress(ls, title, token=token) as progress:
        yield progress


# Explanations.


async def explain_request(ls: DsLanguageServer, params: ExplainParams) -> str:
    """Answer ``ds-lsp/explain`` with Markdown, for a plugin that shows it itself.

    With a token for partial results, the Markdown is sent there line by line, and the answer is
    empty.
    """
    token = params.partial_result_token
    lines = SanitizedLines(
        lambda text: _send_partial_result(ls, token, text) if token is not None else None
    )
    try:
        subject = _find_subject(ls, params)
        request = _answer_request(
            ls, subject.uri, prompt.explain(subject, _answer_language(ls, subject.uri))
        )
        title = explanation.title_of(subject)
        async with ls.cancellable_tasks.progress(
            ls, title, token=params.work_done_token
        ) as progress:
            growing = GrowingAnswer(progress, lines.take)
            answer = await _receive_answer(ls, subject.uri, request, growing)
    except (ChatRefused, ProviderError) as error:
        raise JsonRpcException(message=as_message(str(error)), code=_REQUEST_FAILED) from None
    if token is None:
        return explanation.render_answer(answer)
    lines.end(replace(answer, text=""))
    return ""


def _send_partial_result(ls: DsLanguageServer, token: types.ProgressToken, text: str) -> None:
    ls.protocol.notify(types.PROGRESS, types.ProgressParams(token, text))


def _read_conversation(ls: DsLanguageServer, uri: str) -> Conversation | None:
    document = ls.documents.get(uri)
    return (
        explanation.conversation(document.text) if document and ls.explanations.owns(uri) else None
    )


async def _append_answer(
    ls: DsLanguageServer, uri: str, about: str, messages: tuple[ChatMessage, ...]
) -> None:
    """Answer the last question in the explanation *uri*, which is about the document *about*."""
    async with _show_progress(ls, "Asking") as progress:
        request = _answer_request(ls, about, messages)
        answer = await _receive_answer(ls, about, request, GrowingAnswer(progress))
    await _append(ls, uri, messages[-1].content, answer)


async def _append(ls: DsLanguageServer, uri: str, question: str, answer: Answer) -> None:
    """Insert an answer below its question, even if the explanation has been edited meanwhile."""
    for _ in range(3):
        document, conversation = ls.documents.get(uri), _read_conversation(ls, uri)
        if document is None or conversation is None:
            break
        lines = tuple(document.lines(0, document.line_count))
        subject = CodeSelection(
            uri, "", "markdown", document.version, lines, conversation.line, len(lines) - 1
        )
        text = explanation.build_reply(conversation.question or question, answer)
        edit = ChatEdit(conversation.line, len(lines) - 1, text.replace("\n", document.eol()))
        if conversation.line < len(lines) and await _try_apply(ls, "Answer", subject, edit):
            return
    # The document is closed, or takes no edits. The answer has been paid for: show it elsewhere.
    path = ls.explanations.create("answer", ConversationStart(uri, ()))
    ls.explanations.write(path, explanation.build_reply(question, answer).lstrip())
    ls.notifier.show(to_message(answer, f"(The whole of it is in {path}.)"))


# Edits.


async def _replace(
    ls: DsLanguageServer,
    label: str,
    subject: CodeSelection,
    messages: tuple[ChatMessage, ...],
    *,
    first: int,
) -> None:
    """Replace the lines from *first* to the end of the subject with the model's answer."""
    if len(subject.code) > edits.MAX_EDITED_CHARS:
        raise ChatRefused("This is too long to be rewritten at once: select less.")
    opening, fence = edits.build_opening(subject)
    most = MAX_TOKENS + len(subject.code) // 2
    request = ChatRequest(messages, _model(ls, subject.uri), most, opening=opening, stop=(fence,))
    result = await _ask_for_edit(ls, label, subject, request)
    edit = edits.replacement(result.text, result.finish, subject)
    await _apply(ls, label, subject, replace(edit, first=first))


async def _write_documentation(
    ls: DsLanguageServer, subject: CodeSelection, messages: tuple[ChatMessage, ...]
) -> None:
    request = ChatRequest(messages, _model(ls, subject.uri), MAX_TOKENS, as_json=True)
    result = await _ask_for_edit(ls, "Document", subject, request)
    edit = documentation.to_edit(result.text, result.finish, subject)
    await _apply(ls, "Document", subject, edit)


async def _ask_for_edit(
    ls: DsLanguageServer, title: str, subject: CodeSelection, request: ChatRequest
) -> ChatResult:
    """Return the whole answer to a request for an edit.

    Raises `ChatRefused` when the client takes no edits, or when parts of the code would be masked:
    the answer would be about another text than the document's.
    """
    if not ls.chat_client.applies_edits:
        raise ChatRefused("This editor does not take edits.")
    if ls.session.chat.prepare(subject.code) != subject.code:
        raise ChatRefused(
            "The code holds what must not be sent, so it cannot be changed like this."
        )
    async with _show_progress(ls, title) as progress:
        return await _ask_model(ls, subject.uri, request, GrowingAnswer(progress))


async def _apply(ls: DsLanguageServer, label: str, subject: CodeSelection, edit: ChatEdit) -> None:
    if not await _try_apply(ls, label, subject, edit):
        raise ChatRefused(CHANGED)


async def _try_apply(
    ls: DsLanguageServer, label: str, subject: CodeSelection, edit: ChatEdit
) -> bool:
    """Return whether the client has applied *edit*. False if the text has changed since."""
    document = ls.documents.get(subject.uri)
    if document is None or document.version != subject.version:
        return False
    change = convert.to_workspace_edit(edit, subject, document.encoding, ls.chat_client)
    params = types.ApplyWorkspaceEditParams(change, label=f"ds-lsp: {label}")
    answered, result = await ask_client(ls.workspace_apply_edit_async(params), APPLY_TIMEOUT_S)
    return answered and result is not None and result.applied
