"""The table of handlers, and the start and the end of the server."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from lsprotocol import types

from ds_lsp.logs import log_unhandled
from ds_lsp.lsp.extensions import EXPLAIN_REQUEST
from ds_lsp.lsp.handlers import chat, code_actions, commands, completion, documents, lifecycle
from ds_lsp.lsp.server import DsLanguageServer
from ds_lsp.lsp.transport import command_names as names
from ds_lsp.lsp.transport.early_initialize import NO_EARLY_INITIALIZE, EarlyInitialize
from ds_lsp.lsp.transport.frames import Framer, Garbage
from ds_lsp.lsp.transport.stdio import (
    MessageWriter,
    SocketWriter,
    StdoutWriter,
    open_stdin,
    take_stdout,
)

FREEZE_AFTER_S = 1.0
"""Seconds from the start until garbage collection freezes what there is. By then all imports are
done, and the user has usually not begun to type."""
_CLOSE_TIMEOUT_S = 1.0
"""Maximum seconds for each step of closing: an editor that quits does not wait for longer."""


def create_server(*, is_started_by_client: bool = True) -> DsLanguageServer:
    server = DsLanguageServer(is_started_by_client=is_started_by_client)
    on = server.feature

    # Lifecycle
    on(types.INITIALIZE)(lifecycle.initialize)
    on(types.INITIALIZED)(lifecycle.initialized)
    on(types.SHUTDOWN)(lifecycle.shutdown)

    # Documents
    on(types.TEXT_DOCUMENT_DID_OPEN)(documents.did_open)
    on(types.TEXT_DOCUMENT_DID_CHANGE)(documents.did_change)
    on(types.TEXT_DOCUMENT_DID_CLOSE)(documents.did_close)
    on(types.TEXT_DOCUMENT_DID_SAVE)(documents.did_save)

    # Completion. Without options pygls does not announce the capability. `initialize` withdraws the
    # completion menu from clients that do not need it.
    on(
        types.TEXT_DOCUMENT_INLINE_COMPLETION,
        types.InlineCompletionOptions(work_done_progress=False),
    )(completion.inline_completion)
    on(types.TEXT_DOCUMENT_COMPLETION, completion.MENU_OPTIONS)(completion.completion_menu)

    # Chat
    on(types.TEXT_DOCUMENT_CODE_ACTION, code_actions.OPTIONS)(code_actions.code_actions)
    on(EXPLAIN_REQUEST)(chat.explain_request)
    on(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)(chat.cancel_progress)
    server.command(names.EXPLAIN)(chat.explain)
    server.command(names.ASK)(chat.ask)
    server.command(names.FIX)(chat.fix)
    server.command(names.DOCUMENT)(chat.document)
    server.command(names.REWRITE)(chat.rewrite)

    # Workspace
    on(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(documents.did_change_configuration)
    on(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(documents.did_change_workspace_folders)

    # Commands
    server.command(names.ACCEPT)(commands.accept)
    server.command(names.CLEAR_CACHE)(commands.clear_cache)
    server.command(names.STATUS)(commands.status)
    server.command(names.TOGGLE)(commands.toggle)
    server.command(names.USAGE)(commands.usage)
    server.command(names.WHY)(commands.why)
    return server


def serve_stdio(
    early: EarlyInitialize = NO_EARLY_INITIALIZE, *, trusts_editor: bool = True
) -> None:
    """Serve the editor at the other end of stdin and stdout, then end the process."""

    async def serve() -> None:
        server = create_server()
        server.trusts_editor = trusts_editor
        server.early_client = early.client
        lost = server.protocol.exit_requested.set
        # The descriptor, not sys.stdin: a reader that waits holds the lock of sys.stdin, and would
        # stop the interpreter from ending.
        stdin = open_stdin(sys.stdin.fileno(), early.data)
        server.protocol.is_initialize_answered = early.is_answered
        asyncio.get_running_loop().call_later(FREEZE_AFTER_S, _freeze_garbage_collection)
        await _serve(server, stdin.read, StdoutWriter(take_stdout(), lost), Framer())

    asyncio.run(serve())


def _freeze_garbage_collection() -> None:
    """Exempt what the start has made from garbage collection.

    It lives as long as the process, and searching it would delay a request.
    """
    gc.collect()
    gc.freeze()


def serve_tcp(host: str, port: int) -> None:
    """Serve one client on a socket, for debugging, then end the process."""
    # Imported where it is used: a server that an editor starts on stdio does not need it.
    from ds_lsp.lsp.transport.tcp import Client, serve

    async def run(client: Client) -> None:
        server = create_server(is_started_by_client=False)
        # The client on a socket need not run for the user.
        server.trusts_editor = False
        writer = SocketWriter(client.writer, server.protocol.exit_requested.set)
        await _serve(server, client.read, writer, client.framer)

    asyncio.run(serve(host, port, run))


async def handle_messages(
    server: DsLanguageServer, read: Callable[[], Awaitable[bytes]], framer: Framer
) -> None:
    """Handle the messages in the chunks that *read* returns, until the end of the stream.

    With a strict framer, reading stops at the first bytes that are no message.
    """
    chunk = b"fed already"
    while chunk:
        while frame := framer.take():
            server.protocol.take(frame)
            if framer.is_strict and isinstance(frame, Garbage):
                return
            # Let the handler of each message begin before the next message is read: its first
            # step takes a snapshot, which must not contain the changes that come later.
            await asyncio.sleep(0)
        chunk = await read()
        framer.feed(chunk)
    if garbage := framer.end():
        server.protocol.take(garbage)


def end_by_signals(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call *end* when a signal asks this process to end, so that it removes its files first.

    Closing the terminal, Ctrl-C and other programs each send a signal, some of them not on
    Windows.
    """
    for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        # A signal that is ignored, as under nohup, stays ignored.
        if number is None or signal.getsignal(number) is signal.SIG_IGN:
            continue
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))


async def _serve(
    server: DsLanguageServer,
    read: Callable[[], Awaitable[bytes]],
    writer: MessageWriter,
    framer: Framer,
) -> None:
    """Handle messages until the client exits, is gone or is given up; then end the process."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_unhandled)
    end_by_signals(loop, server.protocol.exit_requested.set)
    server.protocol.set_writer(writer)
    messages = asyncio.ensure_future(handle_messages(server, read, framer))
    await asyncio.wait(
        [messages, asyncio.ensure_future(server.protocol.exit_requested.wait())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    messages.cancel()
    await asyncio.wait([asyncio.ensure_future(server.aclose())], timeout=_CLOSE_TIMEOUT_S)
    # Even if closing the server has failed or taken too long, no file stays.
    server.explanations.close()
    await writer.flush(_CLOSE_TIMEOUT_S)
    # Stderr may be closed, or have been closed from the start.
    with suppress(OSError, ValueError, AttributeError):
        logging.shutdown()
        sys.stderr.flush()
    # asyncio would wait for its threads, and a name look-up keep the editor waiting for seconds.
    # In LSP, to exit without a `shutdown` request before is an error.
    os._exit(0 if server.protocol.is_shut_down else 1)
