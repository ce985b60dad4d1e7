"""The files in which explanations are shown: private, and removed at the end of the session.

A session that is killed leaves its files until the next session starts. They do not contain the
prompt with the user's code, which stays in memory.
"""

import json
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.files import check_own_folder, make_private_folder
from ds_lsp.providers.base import ChatMessage
from ds_lsp.uris import to_path

log = logging.getLogger(__name__)

KEEP_S = 24 * 3600.0
"""Seconds after which the files of another session are removed, if the system cannot tell whether
that session still runs."""
_OF_A_SESSION = re.compile(r"[0-9]{1,10}-[0-9a-f]{8}")
"""The name of a session's folder. Folders with other names are not ours to remove."""


@dataclass(frozen=True, slots=True)
class ConversationStart:
    """The start of a conversation: the uri of its document, and its first messages."""

    uri: str
    messages: tuple[ChatMessage, ...]
    """Unmasked: `Chat.ask` masks what it sends."""


class ExplanationFiles:
    """The explanations of one session, in a folder of its own that other users cannot read."""

    def __init__(self, root: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """*root* holds the folders of all sessions."""
        self._root = root or _cache() / "explanations"
        self._folder = self._root / f"{os.getpid()}-{os.urandom(4).hex()}"
        self._clock = clock
        self._count = 0
        self._starts: dict[Path, ConversationStart] = {}
        self._lock: int | None = None

    def create(self, name: str, start: ConversationStart) -> Path:
        """Create an empty file, named after what it will explain. Raises `OSError`."""
        for folder in (self._root, self._folder):
            make_private_folder(folder)
            check_own_folder(folder.parent)
            check_own_folder(folder, follow_links=False)
            folder.chmod(0o700)
        self._lock_folder()
        self._count += 1
        words = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:40]
        path = self._folder / f"{words or 'explanation'}-{self._count}.md"
        self.write(path, "")
        self._starts[path] = start
        # In a file beside it: some editors send questions to another server process than the one
        # that wrote the explanation.
        self.write(_start_file(path), json.dumps({"uri": start.uri}))
        return path

    def write(self, path: Path, text: str) -> None:
        """Write *text* into an explanation that only this user can read. Raises `OSError`."""
        # In place: to an editor that watches the file, replacing it would look like a deletion.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="\n") as file:
            file.write(text.encode("utf-8", "replace").decode("utf-8"))

    def owns(self, uri: str) -> bool:
        """Return whether a document is an explanation, of this session or another one."""
        path = to_path(uri)
        return path is not None and path.suffix == ".md" and path.parent.parent == self._root

    def start_of(self, uri: str) -> ConversationStart | None:
        """Return the start of the conversation in an explanation, or None if it is unknown.

        For an explanation of another process, it has no messages: these are not written to disk.
        """
        path = to_path(uri)
        if path is None:
            return None
        if path in self._starts:
            return self._starts[path]
        try:
            about = json.loads(_start_file(path).read_text("utf-8"))["uri"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return ConversationStart(about, ()) if isinstance(about, str) else None

    def remove_old(self) -> None:
        """Remove the folders of sessions that are over."""
        try:
            check_own_folder(self._root, follow_links=False)
            folders = [each for each in self._root.iterdir() if _OF_A_SESSION.fullmatch(each.name)]
        except OSError:
            return
        for folder in folders:
            if folder != self._folder and self._is_over(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove this session's files, and forget the messages."""
        self._starts.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._unlock_folder()

    def _lock_folder(self) -> None:
        """Lock the folder until this session ends, to show other sessions that it runs.

        A process id would not do: processes in containers share the same few ids, and do not see
        other processes that use the same cache.
        """
        self._unlock_folder()
        if sys.platform != "win32":
            self._lock = os.open(self._folder, os.O_RDONLY)
            _is_locked(self._lock)

    def _unlock_folder(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _is_over(self, folder: Path) -> bool:
        try:
            check_own_folder(folder, follow_links=False)
            if sys.platform != "win32":
                descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    is_locked = _is_locked(descriptor)
                finally:
                    os.close(descriptor)
                # The lock decides at any age: an editor may stay open for days.
                if is_locked is not None:
                    return not is_locked
            return self._clock() - folder.stat().st_mtime > KEEP_S
        except OSError:
            return False


if sys.platform != "win32":
    import fcntl

    def _is_locked(descriptor: int) -> bool | None:
        """Lock an open folder; return True if another process has locked it, None if unknown."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            # Some network file systems lock only files open for writing, which a folder never is.
            return None
        return False


def _start_file(explanation: Path) -> Path:
    return explanation.with_suffix(".json")


def _cache() -> Path:
    # Imported where it is used: only the start of a session needs it.
    import platformdirs

    return platformdirs.user_cache_path("ds-lsp", appauthor=False)
