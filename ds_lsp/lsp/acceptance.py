"""Passes what happens to the completions a client was offered to `Outcomes`; counts the events."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from lsprotocol import types

from ds_lsp.completion.insertions import DocumentChange
from ds_lsp.completion.outcomes import OutcomeEvent, Outcomes
from ds_lsp.completion.request import Completion
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.workspace.documents import Documents


class Acceptance:
    """The record of how the user treats the completions of one session."""

    def __init__(
        self,
        documents: Documents,
        count: Callable[[Iterable[OutcomeEvent]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._count = count
        self._clock = clock
        self._outcomes = Outcomes(self._find_snapshot)
        self._timer: asyncio.TimerHandle | None = None

    def note_offer(self, completion: Completion, snapshot: Snapshot) -> None:
        """Record an answer as an offer, if it has a text and the document is still the same."""
        document = self._documents.get(snapshot.uri)
        if completion.text and document and document.version == snapshot.version:
            others = [each.text for each in completion.alternatives]
            self._count_events(
                self._outcomes.note_offer(
                    completion.record.id, snapshot, completion.text, self._clock(), others
                )
            )

    def note_edits(self, params: types.DidChangeTextDocumentParams) -> None:
        edits = [_to_edit(change) for change in params.content_changes]
        self._count_events(
            self._outcomes.note_changes(params.text_document.uri, edits, self._clock())
        )

    def note_acceptance(self, arguments: Sequence[object]) -> None:
        """Record that the client ran an item's command; *arguments* may be anything it sent."""
        if arguments and type(arguments[0]) is int:
            self._count_events(self._outcomes.note_acceptance(arguments[0], self._clock()))

    def note_close(self, uri: str) -> None:
        self._count_events(self._outcomes.note_close(uri, self._clock()))

    def finish(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._count(self._outcomes.finish(self._clock()))

    def _count_events(self, events: Iterable[OutcomeEvent]) -> None:
        self._count(events)
        due = self._outcomes.next_check_at
        if due is not None and self._timer is None:
            wait_s = max(due - self._clock(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._advance)

    def _advance(self) -> None:
        self._timer = None
        self._count_events(self._outcomes.advance(self._clock()))

    def _find_snapshot(self, uri: str, line: int, column: int) -> Snapshot | None:
        document = self._documents.get(uri)
        return document.snapshot(line, column) if document else None


def _to_edit(change: types.TextDocumentContentChangeEvent) -> DocumentChange | None:
    if not isinstance(change, types.TextDocumentContentChangePartial):
        return None
    start, end = change.range.start, change.range.end
    return DocumentChange((start.line, start.character), (end.line, end.character), change.text)
