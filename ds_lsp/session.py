"""One session, without a protocol: settings, gate, index, providers and the engine between them.

The language server and the subcommands each drive one.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ds_lsp.chat.asker import Chat
from ds_lsp.completion.engine import Engine, Providers
from ds_lsp.completion.outcomes import Outcome, OutcomeEvent
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.fit import fit
from ds_lsp.completion.postprocess.place import cursor_context
from ds_lsp.completion.prompt.candidates import ReadableFiles
from ds_lsp.completion.prompt.gather import Excerpts
from ds_lsp.completion.prompt.window import PromptBuilder, defuse
from ds_lsp.local.index import Index
from ds_lsp.local.provider import Local
from ds_lsp.providers.catalog import catalog
from ds_lsp.service.health import Say, no_news
from ds_lsp.service.selection import Make, Selection
from ds_lsp.service.service import Service
from ds_lsp.service.spending import SpendingLimit
from ds_lsp.service.status import Status, status_of
from ds_lsp.service.substitutes import ModelsInUse
from ds_lsp.service.usage.ledger import Ledger
from ds_lsp.settings.schema import Resolved, Settings
from ds_lsp.text.document import Document, Snapshot
from ds_lsp.workspace.privacy.gate import Gate
from ds_lsp.workspace.privacy.markers import text_rule

_SECRETS = "ds_lsp.workspace.privacy.secrets"
READ_TIMEOUT_S = 0.5
"""Maximum wait of ``ds-lsp.usage`` for the file with the counts, in seconds."""


class Session:
    """Everything that lives from the start of a session to its end."""

    def __init__(
        self,
        say: Say = no_news,
        changed: Callable[[Status], None] = lambda status: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """*say* tells the user the news about a topic; *changed* is called with each new status."""
        self.ledger = Ledger(lambda message: say("usage", message), lambda: self.limit.tell())
        self.limit = SpendingLimit(self.ledger, say, self._tell_status)
        self.index = Index()
        self.excerpts = Excerpts(_without_secrets)
        self.settings = Settings()
        self.resolved = Resolved(self.settings, {}, ())
        self.engine = Engine(
            lambda snapshot: self.excludes(snapshot, snapshot.before + snapshot.after),
            contexts=PromptBuilder(self.excerpts),
            clock=clock,
            sleep=sleep,
        )
        self.chat = Chat(lambda uri: self.gate.excludes(uri), prepare=_without_secrets)
        self.selection = Selection(self._start, self._use, self.engine.aclose, say)
        self.gate = Gate()
        self._say = say
        self._changed = changed
        self._clock = clock
        self._sleep = sleep
        self._local = Local(self.index)
        self._told = Status("", "", False)
        self._gate_made_of: object = None
        self._rehearsed: set[str] = set()
        self.can_mask = _SECRETS in sys.modules
        """Whether the patterns of secrets have been compiled."""

    async def configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force, and return when their provider has been chosen."""
        self.begin_configure(resolved, folders)
        await self.selection.settled()

    def begin_configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force. A provider that must first ask for its key follows later."""
        if resolved.settings != self.resolved.settings and self.service:
            self.service.health.settings_changed()
        if resolved.settings.completion.model != self.resolved.settings.completion.model:
            # Its answers would never be found again.
            self.engine.cache.clear()
        self.resolved = resolved
        self._use_models_there_are()
        self._set_gate(tuple(folders), self.settings.privacy.ignore)
        self.selection.begin(resolved)
        self._set_limit()

    async def settled(self) -> None:
        """Wait until the provider has been chosen: finding the key may take its time."""
        await self.selection.settled()

    @property
    def service(self) -> Service | None:
        """The paid service in use."""
        return self.selection.service

    @property
    def key_source(self) -> str:
        """The place where the key was found; ``none`` without one."""
        return self.selection.key_source

    def forget_gate(self) -> None:
        """Ignore files have changed: the next `configure` reads them again."""
        self._gate_made_of = None

    @property
    def uses_local(self) -> bool:
        """Whether anything here can come to be completed from the workspace's own text."""
        return self.settings.provider != "deepseek"

    def state(self) -> Status:
        """Return how things stand."""
        return status_of(self.settings, self.selection, self.limit)

    def status(self) -> Mapping[str, object]:
        """Return the answer of ``ds-lsp.status``."""
        provider = self.engine.providers.first
        return {
            **asdict(self.state()),
            "provider": provider.name if provider else None,
            "model": self.settings.completion.model,
            "base_url": self.settings.base_url,
            "key_source": self.key_source,
            "problems": list(self.resolved.problems),
            "cached_completions": len(self.engine.cache),
            "calls_in_flight": len(self.engine.streams),
            "usage": self._usage_line(),
        }

    async def usage_report(self) -> Mapping[str, object]:
        """The answer of ``ds-lsp.usage``."""
        # The other servers' counts, too, unless the file keeps one waiting.
        await asyncio.wait([asyncio.ensure_future(self.ledger.write())], timeout=READ_TIMEOUT_S)
        return {
            "today": asdict(self.ledger.today()),
            "session": asdict(self.ledger.session()),
            "prices_as_of": catalog().as_of,
            "daily_token_limit": self.settings.usage.daily_token_limit,
        }

    def note_outcomes(self, events: Iterable[OutcomeEvent]) -> None:
        """Count what became of completions that were offered."""
        for event in events:
            self.ledger.add_outcome(event.language, event.outcome.value, event.chars)
            if event.outcome is Outcome.REJECTED:
                self.engine.rejected(event.id)
            elif event.outcome is Outcome.ACCEPTED:
                self.engine.accepted()

    def why(self) -> Mapping[str, object]:
        """The answer of ``ds-lsp.why``: the last request's record."""
        return self.engine.last.report()

    def excludes(self, document: Document | Snapshot, near: str = "") -> str | None:
        """The rule that keeps a document from being read or sent, or None.

        *near* is what is to be read of it.
        """
        return self.gate.excludes(document.uri) or text_rule(document.head, document.size, near)

    def index_document(self, document: Document) -> None:
        """Let the local provider learn from an open document, unless the gate excludes it."""
        text = self._text_to_index(document)
        if text is not None:
            self.index.put(document.uri, document.language_id, text)

    async def index_in_slices(self, document: Document) -> None:
        """Do what `index_document` does, giving way to other tasks all the time."""
        text = self._text_to_index(document)
        if text is not None:
            await self.index.put_in_slices(document.uri, document.language_id, text)

    def _text_to_index(self, document: Document) -> str | None:
        if not self.uses_local:
            return None
        text = document.beginning(self.index.limits.max_open_chars)
        if self.excludes(document, text):
            self.index.hide(document.uri)
            return None
        return text

    async def scan(self, folders: Sequence[Path], document: Document) -> None:
        """Let the local provider learn from the workspace's files like *document*."""
        if self.uses_local and folders:
            await self.index.scan(document.uri, document.language_id, folders, self.gate.allows)

    async def gather(
        self, snapshot: Snapshot, documents: Sequence[Document], folders: Sequence[Path]
    ) -> None:
        """Renew the excerpts of other files for a document, where they would be sent."""
        provider = self.engine.providers.first
        if provider is None or not provider.metered or self.excludes(snapshot):
            return
        workspace = ReadableFiles(
            documents, folders, self._may_be_excerpted, self._excludes_from_excerpts
        )
        await self.excerpts.renew(snapshot, workspace, self.engine.contexts)

    def _may_be_excerpted(self, path: Path) -> bool:
        return self.gate.allows(path) and not self._is_refused(path.as_uri())

    def _excludes_from_excerpts(self, document: Document) -> str | None:
        """Return why no text of an open document goes along with others, or None."""
        if self._is_refused(document.uri):
            return "the provider refused its text"
        return self.excludes(document)

    def _is_refused(self, uri: str) -> bool:
        return self.service is not None and self.service.refused.knows(uri)

    def forget_document(self, uri: str) -> None:
        """Forget what is kept of a document that was closed; its file counts again."""
        self.index.drop(uri)
        self.excerpts.drop(uri)
        self.engine.forget_document(uri)
        if self.service:
            self.service.refused.forget(uri)

    def heed(self, document: Document) -> None:
        """Take back what stands before other documents of one that says not to be sent."""
        if text_rule(document.head, document.size):
            self.excerpts.take_back(document.uri)

    async def load_secrets(self) -> None:
        """Compile the patterns of secrets in a thread: that takes 0.1 s, once."""
        await asyncio.to_thread(_load_secrets)
        self.can_mask = True

    def rehearse(self, snapshot: Snapshot) -> None:
        """Do, for the first document of a language, what its first request would wait for: the
        ignore files are read, and the patterns of the language made."""
        if snapshot.language_id not in self._rehearsed:
            self._rehearsed.add(snapshot.language_id)
            if not self.excludes(snapshot):
                self.engine.contexts.build_request(snapshot, self.settings.completion)
                fit("pass\n", cursor_context(snapshot, Extent.BLOCK))

    def warm(self) -> None:
        """Open the connection before a request needs it. Called at each keystroke."""
        if self.service:
            self.service.warm()

    async def aclose(self) -> None:
        """End everything that runs, and write what has been counted."""
        await self.selection.aclose()
        await self.ledger.aclose()

    def _set_gate(self, folders: tuple[Path, ...], ignore: tuple[str, ...]) -> None:
        if self._gate_made_of == (folders, ignore):
            return
        self._gate_made_of = (folders, ignore)
        self.gate = Gate(
            folders, ignore, report=self._say_privacy, changed=lambda: self.excerpts.clear()
        )
        self._say_privacy()
        # What was learned may be excluded now.
        self.index.clear()
        self.excerpts.clear()

    def _say_privacy(self) -> None:
        self._say("privacy", self.gate.problem)

    def _start(self, make: Make) -> Service:
        """Make a service that tells this session's user how it fares."""
        return Service(
            make,
            self.ledger,
            self.limit,
            models=ModelsInUse(self._use_models_there_are),
            say=self._say,
            changed=self._tell_status,
            tokens_in=lambda language_id: self.engine.contexts.scales.of(language_id).tokens,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _use(self, service: Service | None) -> None:
        local = self._local if self.uses_local else None
        self.engine.use(Providers(service, local) if service else Providers(local))
        self.chat.use(service)
        self._use_models_there_are()
        self._set_limit()

    def _set_limit(self) -> None:
        tokens = self.settings.usage.daily_token_limit
        self.limit.set(tokens, applies=self.service is not None)

    def _usage_line(self) -> str:
        today = self.ledger.today()
        return (
            f"today: requests {today.requests:,}, tokens {today.tokens:,}, about "
            f"${today.cost_usd:.4f} (prices of {catalog().as_of})"
        )

    def _use_models_there_are(self) -> None:
        """Put into force the settings, with the models in the place of those that are gone."""
        settings = self.resolved.settings
        wanted = {
            "completion.model": settings.completion.model,
            "chat.model": settings.chat.model,
        }
        used = {path: self._current_model(name) for path, name in wanted.items()}
        self.settings = replace(
            settings,
            completion=replace(settings.completion, model=used["completion.model"]),
            chat=replace(settings.chat, model=used["chat.model"]),
        )
        gone = [
            f"{path} is {name}, which is gone: {used[path]} is used"
            for path, name in wanted.items()
            if name != used[path]
        ]
        self._say("model", f"{'; '.join(gone)}." if gone else None)

    def _current_model(self, name: str) -> str:
        return self.service.models.current(name) if self.service else catalog().current(name)

    def _tell_status(self) -> None:
        status = self.state()
        if status != self._told:
            self._told = status
            self._changed(status)


def _load_secrets() -> None:
    from ds_lsp.workspace.privacy.secrets import compile_patterns

    compile_patterns()


def _without_secrets(text: str) -> str:
    # Imported where it is used: a start of the server needs none of it.
    from ds_lsp.workspace.privacy.secrets import mask

    return defuse(mask(text).text)
