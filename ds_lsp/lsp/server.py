"""The language server: what one session owns, and its work in the background."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

import ds_lsp
from ds_lsp.completion.prompt.gather import GATHER_AFTER_JUMP_S, GATHER_AFTER_S
from ds_lsp.completion.request import CompletionRequest, Trigger
from ds_lsp.lsp.acceptance import Acceptance
from ds_lsp.lsp.clients import ChatClient, InlineClient, MenuClient
from ds_lsp.lsp.configure import SettingsSources
from ds_lsp.lsp.explanation_files import ExplanationFiles
from ds_lsp.lsp.notify import Notifier
from ds_lsp.lsp.progress import CancellableTasks
from ds_lsp.lsp.protocol import DsProtocol
from ds_lsp.lsp.transport.client_process import watch
from ds_lsp.processes import Process, find_process
from ds_lsp.service.status import Status
from ds_lsp.session import Session
from ds_lsp.text.document import Document, Snapshot
from ds_lsp.uris import document_name, name_within
from ds_lsp.workspace.documents import Documents

log = logging.getLogger(__name__)

LEARN_AFTER_S = 2.0
"""Seconds without a change after which the local provider learns a document's new text."""
INDEXED_AT_ONCE_CHARS = 8_000
"""Maximum characters of a document that is learned in one go, which takes 10 ms at most."""
MAX_SCANS = 8
"""Maximum scans of the workspace, running and queued; there is one for each language opened."""


class DsLanguageServer(LanguageServer):
    """Holds the session and the documents, and schedules work in the background."""

    protocol: DsProtocol
    settings_sources: SettingsSources
    menu_client: MenuClient

    def __init__(self, *, is_started_by_client: bool = True) -> None:
        """*is_started_by_client*: the client runs on this machine, as the same user as we do."""
        super().__init__("ds-lsp", ds_lsp.__version__, protocol_cls=DsProtocol)
        self.documents = Documents(self.give_up_document)
        self.protocol.documents = self.documents
        self.notifier = Notifier(self)
        self.session = Session(self.notifier.notify_once, self.report_state)
        self.acceptance = Acceptance(self.documents, self.session.note_outcomes)
        self.chat_client = ChatClient()
        self.cancellable_tasks = CancellableTasks()
        self.explanations = ExplanationFiles()
        self.folders: list[Path] = []
        self.trusts_editor = True
        """True if initializationOptions are the user's; False if a project may have set them."""
        self.asks_inline = False
        """True once this client has announced or requested inline completion."""
        self.inline_client = InlineClient()
        self.is_started_by_client = is_started_by_client
        self.early_client: Process | None = None
        """The client's process, found before ``initialize`` was answered; it may have ended."""
        self.accepted = 0
        self._logged_state = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._learning: dict[str, asyncio.TimerHandle] = {}
        self._late: dict[str, asyncio.Task[None]] = {}
        self._scans: dict[str, asyncio.Task[None]] = {}
        self._indexing: dict[str, asyncio.Task[None]] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._preparing: list[asyncio.Task[None]] = []
        self._idle_timer: asyncio.TimerHandle | None = None
        self._jump_timer: asyncio.TimerHandle | None = None

    def snapshot(self, uri: str, position: types.Position) -> Snapshot | None:
        """Return the text around a position; None for an explanation or a document not open."""
        document = None if self.explanations.owns(uri) else self.documents.get(uri)
        return document.snapshot(position.line, position.character) if document else None

    def snapshot_as_if(self, uri: str, selected: types.SelectedCompletionInfo) -> Snapshot | None:
        """Return the text as if the user had accepted the menu's selected item."""
        document = self.documents.get(uri)
        if document is None:
            return None
        start, end = selected.range.start, selected.range.end
        return document.snapshot_as_if(
            (start.line, start.character), (end.line, end.character), selected.text
        )

    def watch_client(self, pid: object) -> None:
        """End the server when the client's process *pid* ends.

        The end of its pipes is no sign: processes that it started may still hold them.
        """
        # For a client on another machine, *pid* would name an unrelated process.
        if self.is_started_by_client:
            early = self.early_client
            process = early if early and early.pid == pid else find_process(pid)
            watch(process, self.protocol.exit_requested.set)

    def completion_request(
        self, snapshot: Snapshot, trigger: Trigger, lane: str, *, can_replace: bool
    ) -> CompletionRequest:
        settings = self.session.settings.completion
        return CompletionRequest(snapshot, trigger, settings, lane, can_replace)

    def name_of(self, uri: str) -> str:
        """Return a document's name for a model, without the folders outside of the workspace.

        Empty for a document that privacy rules exclude: it must not be named.
        """
        if self.session.gate.excludes(uri):
            return ""
        return name_within(uri, self.folders) or "untitled"

    def reconfigure(self) -> None:
        """Apply the settings as they resolve now."""
        resolved = self.settings_sources.resolve()
        gate = self.session.gate
        self.session.begin_configure(resolved, self.folders)
        self.notifier.notify_once("settings", resolved.summary())
        if self.session.gate is not gate:
            # Running scans follow the old gate, and fill an index that has been cleared.
            for scan in self._scans.values():
                scan.cancel()
            self._scans.clear()
            # Only as many as the index keeps: learning more would delay the session for nothing.
            for document in self.documents.latest(self.session.index.limits.max_open):
                self.learn(document)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run *work* in the background; the end of the session cancels it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._discard_task)
        return task

    def prepare(self, document: Document) -> None:
        """Prepare for the first request in a document that was just opened."""
        if not self.session.can_mask:
            self._preparing.append(self.spawn(self._prepare_with_secrets(document)))
            return
        self.session.rehearse(document.snapshot(0, 0))
        self.learn(document)
        self.gather(document.snapshot(0, 0))

    async def wait_until_prepared(self) -> None:
        """Wait until the documents that were opened at the start are prepared."""
        if self._preparing:
            await asyncio.wait(self._preparing)

    def learn(self, document: Document) -> None:
        """Let the local provider learn a document that was opened, and files of its language."""
        if self.explanations.owns(document.uri):
            return
        self._index(document)
        if document.language_id not in self._scans and len(self._scans) < MAX_SCANS:
            work = self.session.scan(self.folders, document)
            self._track(self._scans, document.language_id, self.spawn(work))

    def schedule_learning(self, document: Document) -> None:
        """Let the local provider learn a document's new text once typing rests.

        Learning reads the whole document, which is too slow for each keystroke.
        """
        if self.explanations.owns(document.uri):
            return
        timer = self._learning.get(document.uri)
        self._learning[document.uri] = _restart_timer(
            timer, LEARN_AFTER_S, self._learn_new_text, document
        )

    def forget(self, uri: str) -> None:
        """Drop what is kept of a document that is not open any more."""
        self.cancel_late_answer(uri)
        self._cancel_learning(uri)
        self._cancel_indexing(uri)
        self.acceptance.note_close(uri)
        self.session.forget_document(uri)

    def give_up_document(self, uri: str, why: str) -> None:
        """Drop a document that is still open in the editor, and tell the user why."""
        self.forget(uri)
        name = document_name(uri).title or "A file"
        self.notifier.notify_once("documents", f"{name} {why}.")

    def gather(self, snapshot: Snapshot) -> None:
        """Gather excerpts of other files for the next requests, in the background."""
        if self._gathering:
            self._gathering.cancel()
        work = self.session.gather(snapshot, list(self.documents), self.folders)
        self._gathering = self.spawn(work)

    def schedule_gathering_after_jump(self, snapshot: Snapshot) -> None:
        """Gather excerpts, if the cursor has jumped here, once this request has been sent."""
        if self.session.excerpts.note_visit(snapshot.uri, snapshot.line):
            self._jump_timer = _restart_timer(
                self._jump_timer, GATHER_AFTER_JUMP_S, self.gather, snapshot
            )

    def schedule_gathering(self, document: Document) -> None:
        """Gather excerpts once the user has not typed for `GATHER_AFTER_S`."""
        self._idle_timer = _restart_timer(
            self._idle_timer, GATHER_AFTER_S, self._gather_at_rest, document
        )

    def _gather_at_rest(self, document: Document) -> None:
        line = self.session.excerpts.line_of(document.uri)
        self.gather(document.snapshot(line, 0))

    def start_late_answer(self, request: CompletionRequest) -> None:
        """Continue a cancelled request, if the client has opted in to late answers."""
        if self.session.settings.client.late_answers:
            self.cancel_late_answer(request.snapshot.uri)
            self._track(
                self._late, request.snapshot.uri, self.spawn(self._send_late_answer(request))
            )

    def cancel_late_answer(self, uri: str) -> None:
        """Cancel the late answer for a document: its text has changed since."""
        task = self._late.pop(uri, None)
        if task:
            task.cancel()

    def report_state(self, state: Status) -> None:
        """Send the state to the client's log, and to a plugin that opted in to it."""
        if not self.notifier.is_open:
            return
        if self.session.settings.client.status:
            self.notifier.send("ds-lsp/status", asdict(state))
        line = f"{state.state} ({state.detail})" if state.detail else state.state
        if line != self._logged_state:
            self._logged_state = line
            self.notifier.log(line)

    async def aclose(self) -> None:
        for timer in (
            *self._learning.values(),
            *filter(None, [self._idle_timer, self._jump_timer]),
        ):
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        self.acceptance.finish()
        await self.session.aclose()
        self.explanations.close()

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log an error of pygls, whose default is a pop-up for each."""
        log.error("a message could not be handled: %s", type(error).__name__)

    async def _prepare_with_secrets(self, document: Document) -> None:
        await self.session.load_secrets()
        self._preparing.clear()
        if self.documents.get(document.uri) is document:
            self.prepare(document)

    def _learn_new_text(self, document: Document) -> None:
        self._learning.pop(document.uri, None)
        self._index(document)

    def _index(self, document: Document) -> None:
        """Let the local provider learn a document: a small one in one go, others in slices."""
        self._cancel_indexing(document.uri)
        if document.size <= INDEXED_AT_ONCE_CHARS:
            self.session.index_document(document)
        else:
            work = self.session.index_in_slices(document)
            self._track(self._indexing, document.uri, self.spawn(work))

    def _cancel_indexing(self, uri: str) -> None:
        task = self._indexing.pop(uri, None)
        if task:
            task.cancel()

    def _cancel_learning(self, uri: str) -> None:
        timer = self._learning.pop(uri, None)
        if timer:
            timer.cancel()

    @staticmethod
    def _track(kept: dict[str, asyncio.Task[None]], name: str, task: asyncio.Task[None]) -> None:
        """Keep a task in *kept* until it ends, or another task replaces it."""

        def discard(task: asyncio.Task[None]) -> None:
            if kept.get(name) is task:
                del kept[name]

        kept[name] = task
        task.add_done_callback(discard)

    def _discard_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()):
            log.error("a background task failed: %s", type(exc).__name__, exc_info=exc)

    async def _send_late_answer(self, request: CompletionRequest) -> None:
        snapshot = request.snapshot
        found = await self.session.engine.finish(request)
        document = self.documents.get(snapshot.uri)
        if found and document and document.version == snapshot.version:
            position = {"line": snapshot.line, "character": snapshot.column}
            self.notifier.send(
                "ds-lsp/lateCompletion",
                {"uri": snapshot.uri, "version": snapshot.version, "position": position},
            )


def _restart_timer(
    timer: asyncio.TimerHandle | None,
    seconds: float,
    callback: Callable[..., object],
    *arguments: object,
) -> asyncio.TimerHandle:
    """Start a timer in place of *timer*, which is cancelled."""
    if timer:
        timer.cancel()
    return asyncio.get_running_loop().call_later(seconds, callback, *arguments)
