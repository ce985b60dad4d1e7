"""The files that explanations are shown in: private, and gone with the session.

What was sent stays in memory: a session that is killed leaves the pages until the next one starts,
and no prompt with the user's code.
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
"""What a session that did not end well has left is removed after so many seconds, where the
system does not say whether it still runs."""
_OF_A_SESSION = re.compile(r"[0-9]{1,10}-[0-9a-f]{8}")
"""The name of a session's folder. What has another name is not ours to remove."""


@dataclass(frozen=True, slots=True)
class ConversationStart:
    """What a conversation began with: the document it is about, and what was sent first."""

    uri: str
    messages: tuple[ChatMessage, ...]


class ExplanationFiles:
    """One folder for this session, in the user's cache, that nobody else can read."""

    def __init__(self, root: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """*root*: the folder of all sessions."""
        self._root = root or _cache() / "explanations"
        self._folder = self._root / f"{os.getpid()}-{os.urandom(4).hex()}"
        self._clock = clock
        self._count = 0
        self._starts: dict[Path, ConversationStart] = {}
        self._lock: int | None = None

    def create(self, name: str, start: ConversationStart) -> Path:
        """A file that is empty so far, named after what is explained. Raises OSError."""
        for folder in (self._root, self._folder):
            make_private_folder(folder)
            check_own_folder(folder.parent)
            check_own_folder(folder, follow_links=False)
            folder.chmod(0o700)
        self._hold()
        self._count += 1
        words = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:40]
        path = self._folder / f"{words or 'explanation'}-{self._count}.md"
        self.write(path, "")
        self._starts[path] = start
        # Beside the page, as some editors ask another process about it than wrote it.
        self.write(_start_file(path), json.dumps({"uri": start.uri}))
        return path

    def write(self, path: Path, text: str) -> None:
        """Put *text* into a page; nobody but this user can read it. Raises OSError."""
        # In place: an editor that watches the file would take a new one for a deletion.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="\n") as file:
            file.write(text.encode("utf-8", "replace").decode("utf-8"))

    def owns(self, uri: str) -> bool:
        """Whether a document is a page, of this session or of another one."""
        path = to_path(uri)
        return path is not None and path.suffix == ".md" and path.parent.parent == self._root

    def start_of(self, uri: str) -> ConversationStart | None:
        """Return what the conversation in a page began with, if that is still known.

        Of another process's page, only the document it is about is: its messages are not kept.
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
        """Remove what sessions have left behind that are over."""
        try:
            check_own_folder(self._root, follow_links=False)
            folders = [each for each in self._root.iterdir() if _OF_A_SESSION.fullmatch(each.name)]
        except OSError:
            return
        for folder in folders:
            if folder != self._folder and self._is_over(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove this session's files, and forget what was sent."""
        self._starts.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._release()

    def _hold(self) -> None:
        """Show other sessions that this one still runs, for as long as it does.

        A lock, and not the id of the process: a container gives the same few ids to all that run
        in it, and does not see who else has the user's cache.
        """
        self._release()
        if sys.platform != "win32":
            self._lock = os.open(self._folder, os.O_RDONLY)
            _is_locked(self._lock)

    def _release(self) -> None:
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
                # However old: an editor may stay open for days.
                if is_locked is not None:
                    return not is_locked
            return self._clock() - folder.stat().st_mtime > KEEP_S
        except OSError:
            return False


if sys.platform != "win32":
    import fcntl

    def _is_locked(descriptor: int) -> bool | None:
        """Lock an open folder, and return whether another process has; None: it cannot be told."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            # Some network file systems lock only what is open for writing, which no folder is.
            return None
        return False


def _start_file(page: Path) -> Path:
    return page.with_suffix(".json")


def _cache() -> Path:
    # Imported where it is used: only the start of a session needs it.
    import platformdirs

    return platformdirs.user_cache_path("ds-lsp", appauthor=False)
