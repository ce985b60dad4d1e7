"""The language server: what one session has to do with the client."""

import asyncio
import logging
from dataclasses import asdict
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

import ds_lsp
from ds_lsp.background import track
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
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.uris import document_name, name_within
from ds_lsp.workspace.documents import Documents

log = logging.getLogger(__name__)


class DsLanguageServer(LanguageServer):
    """Holds the session, the documents and what is known of the client."""

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
        self._late: dict[str, asyncio.Task[None]] = {}
        workspace = self.session.workspace
        workspace.documents = self.documents
        workspace.when_closed += [self.cancel_late_answer, self.acceptance.note_close]
        self.session.background.is_own = self.explanations.owns

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
        settings = self.session.settings_for(snapshot.uri).completion
        return CompletionRequest(snapshot, trigger, settings, lane, can_replace)

    def name_of(self, uri: str) -> str:
        """Return a document's name for a model, without the folders outside of the workspace.

        Empty for a document that privacy rules exclude: it must not be named.
        """
        if self.session.workspace.excludes_name(uri):
            return ""
        return name_within(uri, self.folders) or "untitled"

    def reconfigure(self) -> None:
        """Apply the settings as they resolve now."""
        resolved = self.settings_sources.resolve()
        self.session.begin_configure(resolved, self.folders)
        self.notifier.notify_once("settings", resolved.summary())

    def warm(self) -> None:
        """Open a connection before a request needs it. Called at each keystroke."""
        if self.session.service:
            self.session.service.warm()

    def give_up_document(self, uri: str, why: str) -> None:
        """Drop a document that is still open in the editor, and tell the user why."""
        self.session.workspace.closed(uri)
        name = document_name(uri).title or "A file"
        self.notifier.notify_once("documents", f"{name} {why}.")

    def start_late_answer(self, request: CompletionRequest) -> None:
        """Continue a cancelled request, if the client has opted in to late answers."""
        if self.session.settings.client.late_answers:
            self.cancel_late_answer(request.snapshot.uri)
            task = self.session.background.spawn(self._send_late_answer(request))
            track(self._late, request.snapshot.uri, task)

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
        """End the session: what runs is cancelled, what was counted is written."""
        self.acceptance.finish()
        await self.session.aclose()
        self.explanations.close()

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log an error of pygls, whose default is a pop-up for each."""
        log.error("a message could not be handled: %s", type(error).__name__)

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
