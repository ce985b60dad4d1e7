"""Stands between an editor and the server, and writes down what each says to the other.

``tee.py LOG COMMAND...`` appends to LOG, one JSON line each, the server's process id as
``{"pid"}``, messages as ``{"from", "message"}`` and at the end the server's exit status as
``{"status"}``. Imports nothing of ours: it starts fast.
"""

import json
import os
import subprocess
import sys
import threading
from typing import IO, TextIO


def read_headers(source: IO[bytes]) -> bytes:
    """All header lines and the blank one; nothing at the end of *source*."""
    headers = b""
    while line := source.readline():
        headers += line
        if line == b"\r\n":
            return headers
    return b""


def length(headers: bytes) -> int:
    return next(
        int(line.partition(b":")[2])
        for line in headers.splitlines()
        if line.lower().startswith(b"content-length:")
    )


def copy(source: IO[bytes], sink: IO[bytes], sender: str, log: TextIO) -> None:
    """Pass messages on until *source* ends or nobody reads *sink* any more."""
    try:
        while headers := read_headers(source):
            body = source.read(length(headers))
            # Written first: who sees a message's effect finds the message in the log.
            log.write(json.dumps({"from": sender, "message": json.loads(body)}) + "\n")
            sink.write(headers + body)
            sink.flush()
        sink.close()
    except (BrokenPipeError, ValueError):
        return


def main(path: str, *command: str) -> int:
    # Editors in a hurry kill what they started and its whole group. Out of it: what is to be seen
    # is how the server ends by itself once its editor is gone.
    os.setsid()
    with (
        open(path, "a", buffering=1, encoding="utf-8") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server,
    ):
        log.write(json.dumps({"pid": server.pid}) + "\n")
        assert server.stdin
        assert server.stdout
        to_server = (sys.stdin.buffer, server.stdin, "editor", log)
        threading.Thread(target=copy, args=to_server, daemon=True).start()
        copy(server.stdout, sys.stdout.buffer, "server", log)
        status = server.wait()
        log.write(json.dumps({"status": status}) + "\n")
    return status


if __name__ == "__main__":
    # At once: one thread may still wait for the editor's next word.
    os._exit(main(*sys.argv[1:]))
