"""Runs beside the requests, at quiet moments: learning, gathering, scanning, preparing."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from ds_lsp.completion.engine import Engine
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import cursor_context
from ds_lsp.completion.postprocess.rules import fit
from ds_lsp.completion.prompt.candidates import ReadableFiles
from ds_lsp.completion.prompt.gather import GATHER_AFTER_JUMP_S, GATHER_AFTER_S, Excerpts
from ds_lsp.local.index import Index
from ds_lsp.service.service import Service
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.workspace.privacy.markers import text_rule
from ds_lsp.workspace.workspace import Workspace

log = logging.getLogger(__name__)

LEARN_AFTER_S = 2.0
"""Seconds without a change after which the local provider learns a document's new text."""
INDEXED_AT_ONCE_CHARS = 8_000
"""Maximum characters of a document that is learned in one go, which takes 10 ms at most."""
MAX_SCANS = 8
"""Maximum scans of the workspace, running and queued; there is one for each language opened."""
_SECRETS = "ds_lsp.workspace.privacy.secrets"


class Background:
    """The tasks and timers of one session. They end with it."""

    def __init__(
        self, workspace: Workspace, engine: Engine, index: Index, excerpts: Excerpts
    ) -> None:
        self.uses_local = True
        """False while the settings rule out completion from the workspace's own text."""
        self.is_own: Callable[[str], bool] = lambda uri: False
        """Returns whether ds-lsp itself wrote a document: there is nothing to learn from it."""
        self.can_mask = _SECRETS in sys.modules
        """True once the patterns of secrets have been compiled."""
        self._workspace = workspace
        self._engine = engine
        self._index = index
        self._excerpts = excerpts
        self._tasks: set[asyncio.Task[None]] = set()
        self._learning: dict[str, asyncio.TimerHandle] = {}
        self._scans: dict[str, asyncio.Task[None]] = {}
        self._indexing: dict[str, asyncio.Task[None]] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._preparing: list[asyncio.Task[None]] = []
        self._idle_timer: asyncio.TimerHandle | None = None
        self._jump_timer: asyncio.TimerHandle | None = None
        self._prepared_languages: set[str] = set()
        workspace.when_closed.append(self._forget)
        workspace.when_gate_replaced.append(self._learn_again)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run *work* in the background; the end of the session cancels it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._discard_task)
        return task

    def cancel(self) -> None:
        """Cancel everything that runs or is scheduled."""
        for timer in (
            *self._learning.values(),
            *filter(None, [self._idle_timer, self._jump_timer]),
        ):
            timer.cancel()
        for task in self._tasks:
            task.cancel()

    # When a document is opened.

    def prepare(self, document: Document) -> None:
        """Prepare for the first request in a document that was just opened."""
        if not self.can_mask:
            self._preparing.append(self.spawn(self._prepare_with_secrets(document)))
            return
        self.prewarm(document.snapshot(0, 0))
        self.learn(document)
        self.gather(document.snapshot(0, 0))

    async def wait_until_prepared(self) -> None:
        """Wait until the documents that were opened at the start are prepared."""
        if self._preparing:
            await asyncio.wait(self._preparing)

    async def load_secrets(self) -> None:
        """Compile the patterns of secrets in a thread: that takes 0.1 s, once."""
        await asyncio.to_thread(_load_secrets)
        self.can_mask = True

    def prewarm(self, snapshot: Snapshot) -> None:
        """Read the ignore files and make the patterns of a language, before its first request."""
        if snapshot.language_id not in self._prepared_languages:
            self._prepared_languages.add(snapshot.language_id)
            if not self._workspace.excludes(snapshot):
                settings = self._workspace.settings_for(snapshot.uri)
                self._engine.prompts.build_request(snapshot, settings.completion)
                fit("pass\n", cursor_context(snapshot, Extent.BLOCK))

    async def _prepare_with_secrets(self, document: Document) -> None:
        await self.load_secrets()
        self._preparing.clear()
        if self._workspace.documents.get(document.uri) is document:
            self.prepare(document)

    # The local provider learns.

    def learn(self, document: Document) -> None:
        """Let the local provider learn a document that was opened, and files of its language."""
        if self.is_own(document.uri):
            return
        self._learn_text(document)
        if document.language_id not in self._scans and len(self._scans) < MAX_SCANS:
            work = self.scan(document)
            track(self._scans, document.language_id, self.spawn(work))

    def schedule_learning(self, document: Document) -> None:
        """Let the local provider learn a document's new text once typing rests.

        Learning reads the whole document, which is too slow for each keystroke.
        """
        if not self.is_own(document.uri):
            self._learning[document.uri] = _restart_timer(
                self._learning.get(document.uri), LEARN_AFTER_S, self._learn_new_text, document
            )

    def index_document(self, document: Document) -> None:
        """Let the local provider learn from an open document, unless the gate excludes it."""
        text = self._text_to_index(document)
        if text is not None:
            self._index.put(document.uri, document.language_id, text)

    async def index_in_slices(self, document: Document) -> None:
        """Do what `index_document` does, giving way to other tasks all the time."""
        text = self._text_to_index(document)
        if text is not None:
            await self._index.put_in_slices(document.uri, document.language_id, text)

    async def scan(self, document: Document) -> None:
        """Let the local provider learn from the workspace's files like *document*."""
        folders = self._workspace.folders
        if self.uses_local and folders:
            allows = self._workspace.gate.allows
            await self._index.scan(document.uri, document.language_id, folders, allows)

    def _learn_new_text(self, document: Document) -> None:
        self._learning.pop(document.uri, None)
        self._learn_text(document)

    def _learn_text(self, document: Document) -> None:
        """Let the local provider learn a document: a small one in one go, others in slices."""
        self._cancel_indexing(document.uri)
        if document.size <= INDEXED_AT_ONCE_CHARS:
            self.index_document(document)
        else:
            work = self.index_in_slices(document)
            track(self._indexing, document.uri, self.spawn(work))

    def _text_to_index(self, document: Document) -> str | None:
        if not self.uses_local:
            return None
        text = document.beginning(self._index.limits.max_open_chars)
        if self._workspace.excludes(document, text):
            self._index.hide(document.uri)
            return None
        return text

    def _learn_again(self) -> None:
        # Running scans follow the old gate, and fill an index that is cleared.
        for scan in self._scans.values():
            scan.cancel()
        self._scans.clear()
        self._index.clear()
        # Only as many as the index keeps: learning more would delay the session for nothing.
        for document in self._workspace.documents.latest(self._index.limits.max_open):
            self.learn(document)

    # Excerpts are gathered.

    def gather(self, snapshot: Snapshot) -> None:
        """Gather excerpts of other files for the next requests, in the background."""
        if self._gathering:
            self._gathering.cancel()
        self._gathering = self.spawn(self.gather_now(snapshot, *self._workspace.documents))

    def schedule_gathering_after_jump(self, snapshot: Snapshot) -> None:
        """Gather excerpts, if the cursor has jumped here, once this request has been sent."""
        if self._excerpts.note_visit(snapshot.uri, snapshot.line):
            self._jump_timer = _restart_timer(
                self._jump_timer, GATHER_AFTER_JUMP_S, self.gather, snapshot
            )

    def schedule_gathering(self, document: Document) -> None:
        """Gather excerpts once the user has not typed for `GATHER_AFTER_S`."""
        self._idle_timer = _restart_timer(
            self._idle_timer, GATHER_AFTER_S, self._gather_at_rest, document
        )

    async def gather_now(self, snapshot: Snapshot, *documents: Document) -> None:
        """Renew the excerpts of other files for a document, where they would be sent."""
        service = self._engine.service
        if service is None or self._workspace.excludes(snapshot):
            return
        readable = ReadableFiles(
            documents, self._workspace.folders, self._may_be_excerpted, self._excludes_from_excerpts
        )
        await self._excerpts.renew(snapshot, readable, self._engine.prompts)

    def take_back(self, document: Document) -> None:
        """Remove a document's text from the excerpts, once it says that it must not be sent."""
        if text_rule(document.head, document.size):
            self._excerpts.take_back(document.uri)

    def _gather_at_rest(self, document: Document) -> None:
        line = self._excerpts.line_of(document.uri)
        self.gather(document.snapshot(line, 0))

    def _may_be_excerpted(self, path: Path) -> bool:
        return self._workspace.gate.allows(path) and not self._is_refused(path.as_uri())

    def _excludes_from_excerpts(self, document: Document) -> str | None:
        """Return the reason why no text of an open document goes along with others, or None."""
        if self._is_refused(document.uri):
            return "the provider refused its text"
        return self._workspace.excludes(document)

    def _is_refused(self, uri: str) -> bool:
        service: Service | None = self._engine.service
        return service is not None and service.refused.knows(uri)

    # When a document is closed.

    def _forget(self, uri: str) -> None:
        timer = self._learning.pop(uri, None)
        if timer:
            timer.cancel()
        self._cancel_indexing(uri)

    def _cancel_indexing(self, uri: str) -> None:
        task = self._indexing.pop(uri, None)
        if task:
            task.cancel()

    def _discard_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()):
            log.error("a background task failed: %s", type(exc).__name__, exc_info=exc)


def _load_secrets() -> None:
    from ds_lsp.workspace.privacy.secrets import compile_patterns

    compile_patterns()


def track(kept: dict[str, asyncio.Task[None]], name: str, task: asyncio.Task[None]) -> None:
    """Keep a task in *kept* until it ends, or another task replaces it."""

    def discard(task: asyncio.Task[None]) -> None:
        if kept.get(name) is task:
            del kept[name]

    kept[name] = task
    task.add_done_callback(discard)


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
