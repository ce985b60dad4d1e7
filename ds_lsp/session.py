"""One session, without a protocol: settings, gate, index, providers and the engine between them.

The language server and the subcommands each drive one.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ds_lsp.chat.chat import SHARED, Chat
from ds_lsp.chat.chat import Events as ChatEvents
from ds_lsp.completion.context import Contexts, defuse
from ds_lsp.completion.engine import Engine, Events, Providers
from ds_lsp.completion.excerpts.gather import Excerpts, ReadableFiles
from ds_lsp.completion.outcomes import Outcome, OutcomeEvent
from ds_lsp.completion.postprocess.fit import fit
from ds_lsp.completion.postprocess.place import cursor_context
from ds_lsp.completion.shape import Extent
from ds_lsp.document import Document, Snapshot
from ds_lsp.errors import AuthenticationError, ProviderError, RefusedTextError, UnknownModelError
from ds_lsp.health import Health, Occasion, Say
from ds_lsp.key import KeyLookup, find_key, needs_search
from ds_lsp.privacy.gate import Gate
from ds_lsp.privacy.text import text_rule
from ds_lsp.providers.base import Account, FimProvider, FimRequest, FimResult
from ds_lsp.providers.local.index import Index
from ds_lsp.providers.local.provider import Local
from ds_lsp.providers.models import catalog
from ds_lsp.settings import Resolved, Settings
from ds_lsp.usage import limit
from ds_lsp.usage.ledger import Ledger

_SECRETS = "ds_lsp.privacy.secrets"
NO_KEY = (
    "No DeepSeek key was found. Set DEEPSEEK_API_KEY in the editor's environment, or "
    "api_key_command in your configuration, or provider to local."
)


SPARE_AFTER_S = 0.02
"""How long after a request began its connection is taken, and another is opened for the next."""
READ_TIMEOUT_S = 0.5
"""How long ``ds-lsp.usage`` waits for the file with the counts."""


@dataclass(frozen=True, slots=True)
class State:
    """How things stand, in the words of ``ds-lsp/status``."""

    state: str
    """``ready``, ``local``, ``paused``, ``stopped``, ``offline`` or ``disabled``."""
    detail: str
    busy: bool
    """Whether a provider is being asked."""


class Session:
    """Everything that lives from the start of a session to its end."""

    def __init__(
        self,
        say: Say = lambda topic, message, occasion=Occasion.NEWS: None,
        changed: Callable[[State], None] = lambda state: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """*say* tells the user what there is to say about a topic; *changed* hears of states."""
        self.ledger = Ledger(lambda message: say("usage", message), lambda: self._heed_limit())
        self.index = Index()
        self.excerpts = Excerpts(_without_secrets)
        self.settings = Settings()
        self.resolved = Resolved(self.settings, {}, ())
        self.engine = Engine(
            lambda snapshot: self.excludes(snapshot, snapshot.before + snapshot.after),
            Events(
                asking=self._asking,
                ended=self._ended,
                asked=self._asked,
                worked=lambda: self._health.worked(),
                failed=self._failed,
                unmet=lambda error: self._health.unmet(error),
                another_model=self._another_model,
            ),
            contexts=Contexts(self.excerpts.text, self.excerpts.markers),
            clock=clock,
            sleep=sleep,
            allowance=self._allowance,
        )
        self.chat = Chat(
            lambda uri: self.gate.excludes(uri),
            ChatEvents(
                asking=self._asking,
                ended=self._ended,
                asked=self.ledger.add_chat,
                worked=self._chat_worked,
                failed=self._chat_failed,
                another_model=self._another_model,
            ),
            prepare=_without_secrets,
        )
        self._health = Health(self.engine.breaker, say, self._tell_state, sleep)
        self.gate = Gate()
        self.key_source = "none"
        self._say = say
        self._changed = changed
        self._local = Local(self.index)
        self._told_state = State("", "", False)
        self._calls = 0
        self._lacks_key = False
        self._gone_models: set[str] = set()
        self._models: dict[str, str] = {}
        self._refusal: str | None = None
        self._asked_for: tuple[object, ...] = ()
        self._gate_made_of: object = None
        self._choosing: asyncio.Task[None] | None = None
        self._choosers: set[asyncio.Task[None]] = set()
        """The one above, and those before it that are not quite over."""
        self._is_searching = False
        self._rehearsed: set[str] = set()
        self.can_mask = _SECRETS in sys.modules
        """Whether the patterns of secrets have been compiled."""

    async def configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force, and return when their provider has been chosen."""
        self.begin_configure(resolved, folders)
        if self._choosing:
            await self._choosing

    def begin_configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force. A provider that must first ask for its key follows later."""
        if resolved.settings != self.resolved.settings:
            self._health.settings_changed()
        if resolved.settings.completion.model != self.resolved.settings.completion.model:
            # It would never be found again.
            self.engine.cache.clear()
        self.resolved = resolved
        self._use_models_there_are()
        settings = self.settings
        self._set_gate(tuple(folders), settings.privacy.ignore)
        asked_for = (
            *(settings.provider, settings.base_url),
            *(settings.api_key, settings.api_key_command),
            resolved.refusal,
        )
        if asked_for != self._asked_for or self._may_know_another_key():
            self._asked_for = asked_for
            self._refusal = resolved.refusal
            self._is_searching = not self._refusal and needs_search(settings)
            if self._choosing:
                self._choosing.cancel()
            if self._is_searching and self.engine.providers.first is None and self.uses_local:
                # Finding the key may take its time: until then there is the local provider.
                self.engine.use(Providers(self._local))
            # A task in any case: the client's first answer does not wait for an import.
            self._choosing = asyncio.create_task(self._choose_provider(settings))
            self._choosers.add(self._choosing)
            self._choosing.add_done_callback(self._choosers.discard)
        self._heed_limit()

    async def settled(self) -> None:
        """Wait until it is known who is asked: finding the key may take its time."""
        while self._choosing and not self._choosing.done():
            await asyncio.wait([self._choosing])

    def forget_gate(self) -> None:
        """Ignore files have changed: the next `configure` reads them again."""
        self._gate_made_of = None

    @property
    def uses_local(self) -> bool:
        """Whether anything here can come to be completed from the workspace's own text."""
        return self.settings.provider != "deepseek"

    def state(self) -> State:
        state, detail = self._state()
        return State(state, detail, busy=self._calls > 0)

    def status(self) -> Mapping[str, object]:
        """The answer of ``ds-lsp.status``."""
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
        readable = ReadableFiles(
            documents, folders, self._may_be_excerpted, self._excludes_from_excerpts
        )
        await self.excerpts.renew(snapshot, readable, self.engine.contexts)

    def _may_be_excerpted(self, path: Path) -> bool:
        return self.gate.allows(path) and not self.engine.refused.knows(path.as_uri())

    def _excludes_from_excerpts(self, document: Document) -> str | None:
        """Return why no text of an open document goes along with others, or None."""
        if self.engine.refused.knows(document.uri):
            return "the provider refused its text"
        return self.excludes(document)

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
                self.engine.contexts.request(snapshot, self.settings.completion)
                fit("pass\n", cursor_context(snapshot, Extent.BLOCK))

    def warm(self) -> None:
        """Called at each keystroke: the connection is open before the request needs it."""
        if self.engine.providers.first:
            self.engine.providers.first.warm()

    async def aclose(self) -> None:
        for chooser in self._choosers:
            # Once: a second cancellation would end the cleaning up after the first.
            if not chooser.cancelling():
                chooser.cancel()
        if self._choosers:
            # Whoever was asked for the key ends with us.
            await asyncio.wait(self._choosers)
        self._health.aclose()
        await self.engine.aclose()
        await self.ledger.aclose()
        await _close(self.engine.providers.first)

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

    async def _choose_provider(self, settings: Settings) -> None:
        found = KeyLookup(None, "none")
        if settings.provider != "local" and not self._refusal:
            found = await find_key(settings, self.resolved.origins.get("api_key", "none"))
        self.key_source = found.source
        self._lacks_key = settings.provider == "deepseek" and not (found.key or self._refusal)
        replaced = self.engine.providers.first
        self.engine.use(self._providers(settings, found.key))
        self._is_searching = False
        self._gone_models.clear()
        self._models.clear()
        self._use_models_there_are()
        self._health.begin(_account_of(self.engine.providers.first))
        missing = NO_KEY if self._lacks_key else None
        self._say("key", found.problem or missing)
        self._tell_state()
        try:
            await self.engine.streams.aclose()
        finally:
            await _close(replaced)

    def _providers(self, settings: Settings, key: str | None) -> Providers:
        self.chat.use(None)
        if settings.provider == "local" or (settings.provider == "auto" and not key):
            return Providers(self._local)
        if not key:
            return Providers(None)
        # Imported where it is used: httpx costs a tenth of the start, and local needs none of it.
        from ds_lsp.providers.deepseek import DeepSeek
        from ds_lsp.providers.deepseek_chat import DeepSeekChat

        deepseek = DeepSeek(
            api_key=key, base_url=settings.base_url, connected=lambda: self._health.reached()
        )
        self.chat.use(DeepSeekChat(deepseek))
        return Providers(deepseek, self._local if settings.provider == "auto" else None)

    def _state(self) -> tuple[str, str]:
        if not self.settings.completion.enabled:
            return "disabled", "completion.enabled is false"
        if self._refusal:
            return "stopped", f"DeepSeek is not used: {self._refusal}"
        if self._is_searching:
            waits = "local" if self.engine.providers.first is self._local else "paused"
            return waits, "looking for the DeepSeek key"
        if self._lacks_key:
            return "stopped", "no DeepSeek key was found"
        over_limit = self._over_limit()
        trouble = self._health.state() or (over_limit and ("paused", over_limit))
        if trouble:
            word, detail = trouble
            meanwhile = " Meanwhile the workspace's own text completes."
            return word, detail + (meanwhile if self.engine.providers.fallback else "")
        if self.engine.providers.first is self._local:
            return "local", "completing from the workspace's own text"
        return "ready", ""

    def _asking(self) -> None:
        self._calls += 1
        self._tell_state()
        # The user may take a request back at any time, which costs its connection.
        asyncio.get_running_loop().call_later(SPARE_AFTER_S, self.warm)

    def _failed(self, error: ProviderError) -> None:
        if isinstance(error, RefusedTextError):
            # No other document is refused for the sake of this one's text.
            self.excerpts.clear()
        self._health.failed(error)

    def _asked(self, request: FimRequest, result: FimResult | None) -> None:
        scale = self.engine.contexts.scales.of(request.language_id)
        self.ledger.add_completion(request, result, scale.tokens)

    def _ended(self) -> None:
        self._calls -= 1
        self._tell_state()

    def _allowance(self) -> str | None:
        """Why nothing is paid for automatically now; None: it is."""
        if self.settings.usage.daily_token_limit is None:
            return None
        self.ledger.refresh()
        # Since the last call a day may have begun.
        self._heed_limit()
        return self._over_limit()

    def _heed_limit(self) -> None:
        self._say("limit", limit.message(self._level(), self.settings.usage.daily_token_limit))
        self._tell_state()

    def _over_limit(self) -> str | None:
        level = self._level()
        is_over = level is limit.Level.OVER
        return limit.message(level, self.settings.usage.daily_token_limit) if is_over else None

    def _level(self) -> limit.Level:
        provider = self.engine.providers.first
        has_none = self.settings.usage.daily_token_limit is None
        if has_none or provider is None or not provider.metered:
            return limit.Level.BELOW
        return limit.level(self.ledger.today().tokens, self.settings.usage.daily_token_limit)

    def _usage_line(self) -> str:
        today = self.ledger.today()
        return (
            f"today: requests {today.requests:,}, tokens {today.tokens:,}, about "
            f"${today.cost_usd:.4f} (prices of {catalog().as_of})"
        )

    def _chat_worked(self, started: float) -> None:
        # An answer proves the key, the balance and the network, and nothing about completion.
        if isinstance(self.engine.breaker.trouble, SHARED):
            self.engine.breaker.worked(started)
            self._health.worked()

    def _chat_failed(self, error: ProviderError, started: float) -> None:
        if isinstance(error, SHARED):
            is_known = self.engine.breaker.trouble is not None
            self.engine.breaker.failed(error, started)
            self._health.failed(error)
            if is_known:
                # It has been said, maybe long ago; somebody waits for a word.
                self._health.unmet(error)

    def _may_know_another_key(self) -> bool:
        """Whether whoever keeps the key is worth asking again: the one it gave was refused."""
        refused = isinstance(self.engine.breaker.trouble, AuthenticationError)
        return refused and needs_search(self.resolved.settings)

    def _another_model(self, error: UnknownModelError) -> str | None:
        """The model nearest to the one that is gone; None: none is left to try."""
        self._gone_models.add(error.asked)
        left = [name for name in error.supported if name not in self._gone_models]
        if not left:
            return None
        self._models[error.asked] = catalog().nearest(error.asked, left)
        self._use_models_there_are()
        return self._models[error.asked]

    def _use_models_there_are(self) -> None:
        """Put into force the settings, with the models in the place of those that are gone."""
        settings = self.resolved.settings
        wanted = {
            "completion.model": settings.completion.model,
            "chat.model": settings.chat.model,
        }
        used = {path: self._model_for(name) for path, name in wanted.items()}
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

    def _model_for(self, name: str) -> str:
        name = catalog().current(name)
        while name in self._models:
            name = self._models[name]
        return name

    def _tell_state(self) -> None:
        state = self.state()
        if state != self._told_state:
            self._told_state = state
            self._changed(state)


def _account_of(provider: FimProvider | None) -> Account | None:
    return provider if isinstance(provider, Account) else None


def _load_secrets() -> None:
    from ds_lsp.privacy.secrets import compile_patterns

    compile_patterns()


def _without_secrets(text: str) -> str:
    # Imported where it is used: a start of the server needs none of it.
    from ds_lsp.privacy.secrets import mask

    return defuse(mask(text).text)


async def _close(provider: FimProvider | None) -> None:
    if provider:
        await provider.aclose()
