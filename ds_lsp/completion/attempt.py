"""The state of one request on its way."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ds_lsp.completion.answer import stop_when_complete
from ds_lsp.completion.cache import CacheKey, cache_key
from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Record, Trigger
from ds_lsp.completion.trigger import ShownCompletion, suppression
from ds_lsp.providers.base import FimProvider, FimRequest, KeepGoing, PromptParts

_NOTHING_ASKED = FimRequest("", "", PromptParts(""), "", 0, 0.0)


@dataclass(slots=True)
class Attempt:
    """A request of the client, with its record, its provider and the request sent to it."""

    request: CompletionRequest
    record: Record
    last_activity: float
    """The time of the user's last activity, on the engine's clock."""
    shown: ShownCompletion
    """The completion that was offered last in this document."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    provider: FimProvider | None = None
    """The provider that `asked` is made for."""
    asked: FimRequest = _NOTHING_ASKED
    """The request as it is sent."""
    key: CacheKey | None = None
    """The key of its answer in the cache; None where the provider costs nothing."""

    @property
    def is_automatic(self) -> bool:
        """True unless the user has asked for a completion."""
        return self.request.trigger is Trigger.AUTOMATIC

    @property
    def nothing(self) -> Completion:
        """The answer without a text."""
        return Completion("", self.record)

    def address(self, provider: FimProvider, asked: FimRequest) -> None:
        """Send *asked* to *provider* from now on."""
        self.provider, self.asked = provider, asked
        if provider.metered:
            self.key = cache_key(asked, provider.name, self.request.settings.multiline)
        self.record.provider = provider.name
        self.record.sent = len(asked.prompt.text)
        self.record.masked = asked.masked

    def wants_more(self) -> KeepGoing:
        """Return the question that a stream is asked: whether more of its text would be shown."""
        return stop_when_complete(self.request, self.asked)

    def skip(self, reason: Reason, detail: str = "") -> Completion:
        """Record why nothing is offered, and offer nothing."""
        self.record.reason, self.record.detail = reason, detail
        return self.nothing

    def suppress(self) -> bool:
        """Record the rule by which a provider must not be asked anew; False if there is none."""
        found = suppression(self.request, self.shown)
        if found:
            self.skip(*found)
        return found is not None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Record the milliseconds of one stage."""
        started = self.clock()
        try:
            yield
        finally:
            self.record.stages_ms[name] = (self.clock() - started) * 1000
