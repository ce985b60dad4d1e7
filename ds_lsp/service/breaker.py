"""After a failure: whether the provider may be asked again on its own, and when."""

import random
import time
from collections.abc import Callable

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ProviderError,
)

FIRST_PAUSE_S = 1.0
"""The pause after the first failure, in seconds; each failure in a row doubles it."""
LONGEST_PAUSE_S = 60.0
"""What the doubling ends at: an outage that is over is noticed within a minute."""
LONGEST_WISH_S = 3600.0
"""For no longer than this is a provider left alone because it asked for it."""
JITTER = 0.25
"""Pauses are longer by up to this share, so that many clients do not come back at once."""

_STOPPING = (AuthenticationError, BalanceError, BadRequestError)
"""What no waiting mends: nothing is asked until `Breaker.reset`."""


class Breaker:
    """Holds automatic requests back while they would only fail. Explicit ones do not ask it.

    A failure that time can mend pauses them, for longer each time; one that it cannot mend stops
    them until something changes. The first success ends either.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        stretch: Callable[[], float] = lambda: random.uniform(1, 1 + JITTER),
    ) -> None:
        """*stretch*: the factor on each pause."""
        self._clock = clock
        self._stretch = stretch
        self._trouble: ProviderError | None = None
        self._failed_at = float("-inf")
        self._failures = 0
        self._until = 0.0

    @property
    def trouble(self) -> ProviderError | None:
        """What the last call failed with; None: it did not."""
        return self._trouble

    def refuses(self) -> ProviderError | None:
        """Why nothing may be asked automatically now; None: go on."""
        if self._trouble is None or self._clock() >= self._until:
            return None
        return self._trouble

    def admit(self) -> ProviderError | None:
        """As `refuses`, when a call begins: after a pause one goes ahead, others wait for it."""
        refusal = self.refuses()
        if self._trouble is not None and refusal is None:
            self._until = self._clock() + FIRST_PAUSE_S
        return refusal

    def failed(self, error: ProviderError, asked_at: float) -> None:
        """A call that began at *asked_at* has failed."""
        if self._trouble is not None and asked_at < self._failed_at:
            # It began before the last failure was known: one outage, not two.
            return
        now = self._clock()
        self._trouble, self._failed_at = error, now
        if isinstance(error, _STOPPING):
            self._until = float("inf")
            return
        pause = min(FIRST_PAUSE_S * 2.0**self._failures * self._stretch(), LONGEST_PAUSE_S)
        self._failures += 1
        wish = min(error.retry_after_s or 0.0, LONGEST_WISH_S)
        self._until = now + max(pause, wish)

    def worked(self, asked_at: float) -> None:
        """A call that began at *asked_at* has brought an answer."""
        if asked_at >= self._failed_at:
            self.reset()

    def reset(self) -> None:
        """What stood in the way has changed."""
        self._trouble = None
        self._failures = 0
        self._until = 0.0
