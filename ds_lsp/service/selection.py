"""Chooses the paid service that the settings name, once its key has been found."""

import asyncio
from collections.abc import Awaitable, Callable

from ds_lsp.errors import AuthenticationError
from ds_lsp.providers.base import Adapters, Connected
from ds_lsp.providers.registry import provider_named
from ds_lsp.service.health import Say
from ds_lsp.service.key import KeyLookup, find_key, needs_search
from ds_lsp.service.service import Service
from ds_lsp.service.substitutes import NO_SUBSTITUTES, ModelsInUse
from ds_lsp.settings.resolve import Resolved
from ds_lsp.settings.schema import Settings

NO_KEY = (
    "No DeepSeek key was found. Set DEEPSEEK_API_KEY in the editor's environment, or "
    "api_key_command in your configuration, or provider to local."
)

Make = Callable[[Connected], Adapters]


class Selection:
    """The service in use, or the reason why there is none."""

    def __init__(
        self,
        start: Callable[[Make], Service],
        use: Callable[[Service | None], None],
        hang_up: Callable[[], Awaitable[None]],
        say: Say,
    ) -> None:
        """*start* makes a service; *use* puts one, or none, into the place of the last one.

        *hang_up* ends the calls of the last one.
        """
        self.service: Service | None = None
        self.key_source = "none"
        self.refusal: str | None = None
        """The reason why no service may be used with these settings."""
        self.lacks_key = False
        self.is_searching = False
        """True while the key is looked for."""
        self._start = start
        self._use = use
        self._hang_up = hang_up
        self._say = say
        self._chosen_by: tuple[object, ...] = ()
        self._choosing: asyncio.Task[None] | None = None
        self._choosers: set[asyncio.Task[None]] = set()
        """`_choosing`, and earlier ones that are not quite over."""

    @property
    def models(self) -> ModelsInUse:
        """The models in use."""
        return self.service.models if self.service else NO_SUBSTITUTES

    def begin(self, resolved: Resolved) -> None:
        """Choose anew where the settings that decide have changed; `settled` waits for it."""
        settings = resolved.settings
        chosen_by = (
            *(settings.provider, settings.base_url),
            *(settings.api_key, settings.api_key_command),
            resolved.refusal,
        )
        if chosen_by == self._chosen_by and not self._may_find_another_key(settings):
            return
        self._chosen_by = chosen_by
        self.refusal = resolved.refusal
        self.is_searching = not self.refusal and needs_search(settings)
        if self._choosing:
            self._choosing.cancel()
        if self.is_searching and self.service is None and settings.uses_local:
            # Finding the key may take its time: until then the workspace's own text completes.
            self._use(None)
        # A task in any case: the client's first answer does not wait for an import.
        self._choosing = asyncio.create_task(self._choose(resolved))
        self._choosers.add(self._choosing)
        self._choosing.add_done_callback(self._choosers.discard)

    async def settled(self) -> None:
        """Wait until the provider has been chosen: finding the key may take its time."""
        while self._choosing and not self._choosing.done():
            await asyncio.wait([self._choosing])

    async def aclose(self) -> None:
        """End the search for a key, and close the service."""
        for chooser in self._choosers:
            # Once: a second cancellation would end the cleaning up after the first.
            if not chooser.cancelling():
                chooser.cancel()
        if self._choosers:
            await asyncio.wait(self._choosers)
        await self._hang_up()
        if self.service:
            await self.service.aclose()

    async def _choose(self, resolved: Resolved) -> None:
        settings = resolved.settings
        found = KeyLookup(None, "none")
        if settings.uses_key and not self.refusal:
            found = await find_key(settings, resolved.origins.get("api_key", "none"))
        self.key_source = found.source
        is_usable = not self.refusal and bool(found.key or not settings.uses_key)
        # Without a key, `auto` is content with the workspace's own text.
        self.lacks_key = not (is_usable or self.refusal or settings.uses_local)
        service = None
        if is_usable and settings.provider != "local":
            service = self._make_service(settings, found.key or "")
        replaced, self.service = self.service, service
        self.is_searching = False
        if replaced:
            replaced.retire()
        self._use(self.service)
        self._say("key", found.problem or (NO_KEY if self.lacks_key else None))
        try:
            await self._hang_up()
        finally:
            if replaced:
                await replaced.aclose()

    def _make_service(self, settings: Settings, key: str) -> Service:
        make = provider_named(settings.provider).make
        return self._start(lambda connected: make(settings.base_url, key, connected))

    def _may_find_another_key(self, settings: Settings) -> bool:
        """Return whether to look for the key again: the one that was found was refused."""
        refused = self.service and isinstance(self.service.breaker.trouble, AuthenticationError)
        return bool(refused) and needs_search(settings)
