"""The display of growing answers of chat: as a file, as lines, as a message."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from lsprotocol import types

from ds_lsp.chat import explanation
from ds_lsp.chat.asker import note_on
from ds_lsp.chat.explanation import Answer
from ds_lsp.chat.sanitize import MarkdownSanitizer
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.errors import ProviderError
from ds_lsp.lsp.explanation_files import ConversationStart
from ds_lsp.lsp.progress import Progress, ask_client
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.providers.base import ChatPiece, ChatResult

TICK_S = 0.5
"""Seconds between two updates of a growing answer, and of the time it takes."""
SHOW_TIMEOUT_S = 10.0
"""Maximum seconds for the client to show a document."""
MAX_MESSAGE_CHARS = 300
"""Maximum characters of an explanation that is shown as a message."""

CUT_OFF = "The answer was cut off here. {error}"
NOTHING_SAID = "The model said nothing."
CANCELLED = "The answer was cancelled here."


class GrowingAnswer:
    """An answer while it arrives; reports its progress, and shows its text as it grows."""

    def __init__(
        self, progress: Progress, show: Callable[[Answer], None] = lambda answer: None
    ) -> None:
        self._progress = progress
        self._show = show
        self._text = ""
        self._reasoning = ""
        self._pieces = 0
        self._is_waiting = False
        self._began = time.monotonic()

    def take(self, piece: ChatPiece) -> None:
        self._text += piece.text
        self._reasoning += piece.reasoning
        self._pieces += 1
        if self._pieces == 1:
            self._report()

    def wait(self, is_waiting: bool) -> None:
        """Note that other answers come first, or that it is this one's turn."""
        self._is_waiting = is_waiting

    @asynccontextmanager
    async def reported(self) -> AsyncIterator[None]:
        """Report the progress every `TICK_S` until the end of the block."""

        async def report() -> None:
            while True:
                self._report()
                await asyncio.sleep(TICK_S)

        reporting = asyncio.create_task(report())
        try:
            yield
        finally:
            reporting.cancel()

    def complete(self, result: ChatResult) -> Answer:
        """Show and return the whole answer."""
        note = note_on(result.finish) if result.text.strip() else NOTHING_SAID
        return self._end(Answer(result.text, result.reasoning, note))

    def cut_off(self, error: ProviderError) -> Answer:
        """Show and return the part that has arrived before *error*, which is raised if none has."""
        self._progress.outcome = str(error)
        if not self._text:
            raise error
        return self._end(replace(self._answer, note=CUT_OFF.format(error=error)))

    def cancel(self) -> None:
        """Show the part that has arrived: the user has cancelled the rest."""
        if self._text:
            self._end(replace(self._answer, note=CANCELLED))

    @property
    def _answer(self) -> Answer:
        return Answer(self._text, self._reasoning)

    def _end(self, answer: Answer) -> Answer:
        self._show(answer)
        return answer

    def _report(self) -> None:
        self._progress.report(self._describe_progress())
        self._show(self._answer)

    def _describe_progress(self) -> str:
        seconds = time.monotonic() - self._began
        if self._is_waiting:
            return f"waiting for other answers, {seconds:.0f} s"
        doing = "thinking, " if self._reasoning and not self._text else ""
        pieces = "1 piece" if self._pieces == 1 else f"{self._pieces} pieces"
        return f"{doing}{seconds:.0f} s, {pieces}"


class SanitizedLines:
    """Passes on a growing answer in whole lines, sanitized."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._state = MarkdownSanitizer()
        self._rest = ""
        self._taken = 0

    def take(self, answer: Answer) -> None:
        self._rest += answer.text[self._taken :]
        self._taken = len(answer.text)
        *lines, self._rest = self._rest.split("\n")
        if lines:
            self._send("".join(self._state.sanitize_line(line) + "\n" for line in lines))

    def end(self, rest: Answer) -> None:
        """Pass on the last line, and *rest*: what is shown below the text."""
        below = explanation.render_answer(rest)
        last = self._state.sanitize_line(self._rest) + self._state.finish()
        self._send(f"{last}\n\n{below}" if below else last)


class ExplanationView:
    """The display of one explanation by the client."""

    def __init__(
        self, ls: DsLanguageServer, subject: CodeSelection, start: ConversationStart
    ) -> None:
        self._ls = ls
        self._subject = subject
        self._start = start
        self._path: Path | None = None
        self._showing: asyncio.Task[bool] | None = None

    def grow(self, answer: Answer) -> None:
        """Show the answer so far, if the client reloads a file that changes."""
        client = self._ls.chat_client
        if (
            client.shows_documents
            and client.rereads_documents
            and (answer.text or answer.reasoning)
        ):
            with suppress(OSError):  # `finish` meets the same error, and reports it
                self._write(answer, is_complete=bool(answer.note))
                if self._showing is None:
                    self._showing = asyncio.create_task(self._show())

    async def finish(self, answer: Answer) -> None:
        """Show the whole answer: as a document, else as a message."""
        try:
            self._write(answer, is_complete=True)
        except OSError as error:
            where = f"(The file for it cannot be written: {error.strerror}.)"
            self._ls.notifier.show(to_message(answer, where))
            return
        if self._showing is None and self._ls.chat_client.shows_documents:
            self._showing = asyncio.create_task(self._show())
        if self._showing is None or not await self._showing:
            self._ls.notifier.show(to_message(answer, f"(The whole of it is in {self._path}.)"))

    async def stop(self) -> None:
        """Finish a display that has begun: the user has cancelled the rest of the answer."""
        if self._showing is None:
            return
        await asyncio.wait([self._showing], timeout=SHOW_TIMEOUT_S)

    def _write(self, answer: Answer, *, is_complete: bool) -> None:
        name = self._subject.name or Path(self._subject.file).name
        if self._path is None:
            self._path = self._ls.explanations.create(f"explain-{name}", self._start)
        text = explanation.page(self._subject, answer, is_complete=is_complete)
        self._ls.explanations.write(self._path, text)

    async def _show(self) -> bool:
        assert self._path
        params = types.ShowDocumentParams(
            uri=self._path.as_uri(), external=False, take_focus=self._ls.chat_client.takes_focus
        )
        shown = self._ls.window_show_document_async(params)
        answered, result = await ask_client(shown, SHOW_TIMEOUT_S)
        return answered and result is not None and result.success


def to_message(answer: Answer, where: str) -> str:
    """Return as much of an answer as fits into a message, and *where* the rest is."""
    text = " ".join(explanation.render_answer(replace(answer, reasoning="")).split())
    if len(text) > MAX_MESSAGE_CHARS:
        text = text[:MAX_MESSAGE_CHARS].rstrip() + " ..."
    return f"{text} {where}"
