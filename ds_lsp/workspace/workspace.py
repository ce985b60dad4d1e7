"""The workspace: folders with their settings, open documents, and what may be read of them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ds_lsp.settings.resolve import Resolved
from ds_lsp.settings.schema import Settings
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.uris import document_name
from ds_lsp.workspace.documents import Documents
from ds_lsp.workspace.privacy.gate import Gate
from ds_lsp.workspace.privacy.markers import text_rule

Report = Callable[[str | None], None]
"""Called with the problem of the privacy rules, in sentences, or None."""


class Workspace:
    """The folders that are open, each with its settings; one gate for all of them.

    A project file's settings hold for the documents in its folder; where one folder is open, for
    documents in no folder as well.
    """

    def __init__(self, report: Report = lambda problem: None) -> None:
        self.folders: tuple[Path, ...] = ()
        self.documents = Documents()
        self.resolved = Resolved(Settings(), {}, ())
        self.gate = Gate()
        self.when_closed: list[Callable[[str], None]] = []
        """Called with the uri of a document that was closed: each owner of what is kept of it."""
        self.when_gate_replaced: list[Callable[[], None]] = []
        self.when_rules_changed: list[Callable[[], None]] = []
        """Called when an ignore file excludes something else than before."""
        self._report = report
        self._gate_made_of: object = None

    @property
    def settings(self) -> Settings:
        """The settings of the session, and of documents outside of all folders."""
        return self.resolved.settings

    def settings_for(self, uri: str) -> Settings:
        """Return the settings that hold for a document: those of the innermost folder it is in."""
        by_folder = self.resolved.by_folder
        if not by_folder:
            return self.settings
        for path in map(Path, document_name(uri).paths):
            for folder in sorted(by_folder, key=lambda each: -len(each.parts)):
                if folder in path.parents:
                    return by_folder[folder]
        return self.settings

    def configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force, and judge by new rules where they have changed."""
        self.folders, self.resolved = tuple(folders), resolved
        ignore = resolved.settings.privacy.ignore
        of_folders: Mapping[Path, tuple[str, ...]] = {
            folder: settings.privacy.ignore
            for folder, settings in resolved.by_folder.items()
            if settings.privacy.ignore != ignore
        }
        made_of = (self.folders, ignore, of_folders)
        if made_of == self._gate_made_of:
            return
        self._gate_made_of = made_of
        self.gate = Gate(
            self.folders,
            ignore,
            of_folders=of_folders,
            report=self._report_problem,
            changed=self._tell_rules_changed,
        )
        self._report_problem()
        for callback in self.when_gate_replaced:
            callback()

    def read_ignore_files_again(self) -> None:
        """Let the next `configure` read the ignore files: one of them was saved."""
        self._gate_made_of = None

    def excludes(self, document: Document | Snapshot, near: str = "") -> str | None:
        """Return the rule that keeps a document from being read or sent, or None.

        *near* is the text that is to be read of it.
        """
        return self.gate.excludes(document.uri) or text_rule(document.head, document.size, near)

    def excludes_cursor(self, snapshot: Snapshot) -> str | None:
        """Return the rule that keeps the text around a cursor from being sent, or None."""
        return self.excludes(snapshot, snapshot.before + snapshot.after)

    def excludes_name(self, uri: str) -> str | None:
        """Return the rule that excludes a document by its name, or None."""
        return self.gate.excludes(uri)

    def closed(self, uri: str) -> None:
        """Tell every owner of what is kept of a document that it was closed."""
        for forget in self.when_closed:
            forget(uri)

    def _report_problem(self) -> None:
        self._report(self.gate.problem)

    def _tell_rules_changed(self) -> None:
        for callback in self.when_rules_changed:
            callback()
