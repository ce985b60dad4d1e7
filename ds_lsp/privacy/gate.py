"""The privacy gate: may this file be read, indexed or sent, and which rule says no."""

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from cachetools import TTLCache

from ds_lsp.privacy.builtin import PATTERNS
from ds_lsp.privacy.ignored import IgnoreFiles, real_path
from ds_lsp.privacy.rules import Rules
from ds_lsp.uris import to_path

_MAX_SHOWN, _MAX_SHOWN_CHARS = 5, 60
"""A project file's globs are among the user's."""
_MAX_RECENT, _RECENT_S = 64, 1.0
"""So many verdicts on open documents hold for so long, in seconds: each asks the disk, and typing
asks ten times a second."""
_MAX_DEPTH = 100
"""Every folder above is judged by every ignore file above; no real tree is this deep."""


class Gate:
    """Decides by name only, with the user's globs and the ignore files of the folders above.

    Ignore files are read again when they have changed, a second or two later.
    """

    def __init__(
        self,
        folders: Iterable[Path] = (),
        ignore: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[], None] = lambda: None,
    ) -> None:
        """*report* is called when there is another `problem`."""
        self._folders = [folder.absolute() for folder in folders]
        self._builtin = Rules("built-in", PATTERNS)
        self._own = Rules("privacy.ignore", ignore)
        self._ignored = IgnoreFiles(self._folders, clock, report)
        self._recent: TTLCache[str, str | None] = TTLCache(_MAX_RECENT, _RECENT_S, timer=clock)

    @property
    def problem(self) -> str | None:
        """What is wrong with the user's globs, the good ones of which hold all the same, and with
        ignore files."""
        bad = ", ".join(repr(line[:_MAX_SHOWN_CHARS]) for line in self._own.bad[:_MAX_SHOWN])
        wrong = f"privacy.ignore: {bad} cannot match as it is written." if bad else None
        problems = (wrong, self._own.problem, self._ignored.problem)
        return " ".join(filter(None, problems)) or None

    def excludes(self, uri: str) -> str | None:
        """The rule that excludes a document, or None."""
        try:
            return self._recent[uri]
        except KeyError:
            return self._recent.setdefault(uri, self._excludes_now(uri))

    def forget(self, uri: str) -> None:
        """Look at a document anew, as when it was opened: its file may be another one by now."""
        self._recent.pop(uri, None)

    def excludes_path(self, path: Path) -> str | None:
        """The rule that excludes a file or folder, or what it is a link to; or None."""
        path = path.absolute()
        if len(path.parts) > _MAX_DEPTH:
            return "built-in: a path this deep is not looked into"
        real = real_path(path)
        return self._excludes(path) or (self._excludes(real) if real != path else None)

    def allows(self, path: Path) -> bool:
        return self.excludes_path(path) is None

    def _excludes_now(self, uri: str) -> str | None:
        path = to_path(uri)
        if path:
            return self.excludes_path(path)
        # Not a file on this disk, as the old side of a comparison or a file on another machine:
        # only its name can be judged.
        name = PurePosixPath(unquote(re.sub(r"^[^:]*:|[?#].*$", "", uri)).lstrip("/"))
        return self._rule_for_parts(name.parts[-_MAX_DEPTH:])

    def _excludes(self, path: Path) -> str | None:
        parts = path.relative_to(self._root(path)).parts
        is_folder = partial(os.path.isdir, path)
        return self._rule_for_parts(parts, is_folder) or self._ignored.excludes(path)

    def _root(self, path: Path) -> Path:
        """The workspace folder or repository the file is in, else the root of the disk.

        Of a file outside of both, every folder above counts: ``~/.ssh/config`` lies in ``.ssh``.
        """
        for folder in self._folders:
            if folder in path.parents:
                return folder
        for folder in path.parents:
            # os.path instead of Path: what cannot be looked at is not there.
            if os.path.exists(folder / ".git"):
                return folder
        return Path(path.anchor)

    def _rule_for_parts(
        self, parts: Sequence[str], is_folder: Callable[[], bool] = lambda: False
    ) -> str | None:
        # Secrets are secrets in capitals too; what the user wrote is taken as git takes it.
        lowered = [part.lower() for part in parts]
        return self._builtin.excludes(lowered, is_folder) or self._own.excludes(parts, is_folder)
