"""Builds the parts of a session and connects them, without a protocol.

The language server and the subcommands each drive one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from ds_lsp.background import Background
from ds_lsp.chat.asker import Chat
from ds_lsp.completion.engine import Engine, Providers
from ds_lsp.completion.outcomes import OutcomeEvent
from ds_lsp.completion.prompt.gather import Excerpts
from ds_lsp.completion.prompt.window import PromptBuilder, prepare_text
from ds_lsp.local.index import Index
from ds_lsp.local.provider import Local
from ds_lsp.service.health import Say, no_news
from ds_lsp.service.selection import Make, Selection
from ds_lsp.service.service import Service
from ds_lsp.service.spending import SpendingLimit
from ds_lsp.service.status import Status, status_of
from ds_lsp.service.substitutes import (
    ModelsInUse,
    describe_substitutes,
    with_current_models,
)
from ds_lsp.service.usage.ledger import Ledger
from ds_lsp.settings.resolve import Resolved
from ds_lsp.settings.schema import Settings
from ds_lsp.workspace.workspace import Workspace


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
        self._say, self._changed, self._clock, self._sleep = say, changed, clock, sleep
        self._told = Status("", "", False)
        self.workspace = Workspace(lambda problem: say("privacy", problem))
        self.ledger = Ledger(lambda message: say("usage", message), lambda: self.limit.tell())
        self.limit = SpendingLimit(self.ledger, self._token_limit, say, self._tell_status)
        self.index = Index()
        self.excerpts = Excerpts(prepare_text)
        self.engine = Engine(
            self.workspace.excludes_cursor,
            prompts=PromptBuilder(self.excerpts),
            clock=clock,
            sleep=sleep,
        )
        self.chat = Chat(self.workspace.excludes_name, prepare=prepare_text)
        self.selection = Selection(self._start, self._use, self.engine.aclose, say)
        self.background = Background(self.workspace, self.engine, self.index, self.excerpts)
        self._local = Local(self.index)
        # What was gathered may be excluded now.
        self.workspace.when_gate_replaced.append(self.excerpts.clear)
        self.workspace.when_rules_changed.append(self.excerpts.clear)
        self.workspace.when_closed += [self.index.drop, self.excerpts.drop, self.engine.close]

    async def configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force, and return when their provider has been chosen."""
        self.begin_configure(resolved, folders)
        await self.selection.settled()

    def begin_configure(self, resolved: Resolved, folders: Iterable[Path]) -> None:
        """Put settings into force. A provider that must first ask for its key follows later."""
        before, now = self.workspace.settings, resolved.settings
        if now != before and self.service:
            self.service.health.settings_changed()
        if now.completion.model != before.completion.model:
            # Its answers would never be found again.
            self.engine.cache.clear()
        self.background.uses_local = now.uses_local
        self.workspace.configure(resolved, folders)
        self._tell_models()
        self.selection.begin(resolved)
        self.limit.apply(self.service is not None)

    @property
    def service(self) -> Service | None:
        """The paid service in use."""
        return self.selection.service

    @property
    def settings(self) -> Settings:
        """The settings of the session, and of documents outside of all folders."""
        return with_current_models(self.workspace.settings, self.selection.models)

    def settings_for(self, uri: str) -> Settings:
        """Return the settings that hold for a document."""
        return with_current_models(self.workspace.settings_for(uri), self.selection.models)

    def status(self) -> Status:
        """Return the state of the provider in use."""
        return status_of(self.workspace.settings, self.selection, self.limit)

    def note_outcomes(self, events: Iterable[OutcomeEvent]) -> None:
        """Count what became of completions that were offered."""
        for event in events:
            self.ledger.add_outcome(event.language, event.outcome.value, event.chars)
            self.engine.note_outcome(event)

    async def aclose(self) -> None:
        """End everything that runs, and write what has been counted."""
        self.background.cancel()
        await self.selection.aclose()
        await self.ledger.aclose()

    def _start(self, make: Make) -> Service:
        """Make a service that tells this session's user how it fares."""
        return Service(
            make,
            self.ledger,
            self.limit,
            models=ModelsInUse(self._tell_models),
            say=self._say,
            changed=self._tell_status,
            tokens_in=lambda language_id: self.engine.prompts.scales.of(language_id).tokens,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _use(self, service: Service | None) -> None:
        local = self._local if self.background.uses_local else None
        self.engine.use(Providers(service, local) if service else Providers(local))
        self.chat.use(service)
        self._tell_models()
        self.limit.apply(self.service is not None)

    def _token_limit(self, uri: str | None) -> int | None:
        settings = self.workspace.settings_for(uri) if uri else self.workspace.settings
        return settings.usage.daily_token_limit

    def _tell_models(self) -> None:
        self._say("model", describe_substitutes(self.workspace.settings, self.settings))

    def _tell_status(self) -> None:
        status = self.status()
        if status != self._told:
            self._told = status
            self._changed(status)
