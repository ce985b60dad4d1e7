"""Holds automatic requests back after a failure of the provider."""

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
"""Seconds of pause after the first failure; each further one in a row doubles it."""
LONGEST_PAUSE_S = 60.0
"""Maximum seconds that a doubled pause takes: the end of an outage is noticed within a minute."""
LONGEST_RETRY_AFTER_S = 3600.0
"""Maximum seconds of pause that a provider can ask for by ``Retry-After``."""
JITTER = 0.25
"""Maximum share by which pauses are longer, so that many clients do not return at once."""

_STOPPING = (AuthenticationError, BalanceError, BadRequestError)
"""Errors that do not pass by waiting: automatic requests stop until `Breaker.reset`."""


class Breaker:
    """Holds automatic requests back while they would only fail; explicit ones pass.

    There are two cases: a transient failure pauses automatic requests, for longer each time; a
    lasting one stops them until the settings, the key or the balance change. A success ends both.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        stretch: Callable[[], float] = lambda: random.uniform(1, 1 + JITTER),
    ) -> None:
        """*stretch* returns the factor on each pause."""
        self._clock = clock
        self._stretch = stretch
        self._trouble: ProviderError | None = None
        self._failed_at = float("-inf")
        self._failures = 0
        self._until = 0.0

    @property
    def trouble(self) -> ProviderError | None:
        """The error of the last call; None if it succeeded."""
        return self._trouble

    def refuses(self) -> ProviderError | None:
        """Return the error for which automatic requests are held back now, or None."""
        if self._trouble is None or self._clock() >= self._until:
            return None
        return self._trouble

    def admit(self) -> ProviderError | None:
        """Begin a call unless it is held back: return the error then, else None.

        After a pause one call is let through; further ones are held back until it has ended.
        """
        refusal = self.refuses()
        if self._trouble is not None and refusal is None:
            self._until = self._clock() + FIRST_PAUSE_S
        return refusal

    def call_failed(self, error: ProviderError, asked_at: float) -> None:
        """Begin or prolong a pause: a call that began at *asked_at* has failed."""
        if self._trouble is not None and asked_at < self._failed_at:
            # The call began before the last failure was known: both belong to one outage.
            return
        now = self._clock()
        self._trouble, self._failed_at = error, now
        if isinstance(error, _STOPPING):
            self._until = float("inf")
            return
        pause = min(FIRST_PAUSE_S * 2.0**self._failures * self._stretch(), LONGEST_PAUSE_S)
        self._failures += 1
        asked_s = min(error.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        self._until = now + max(pause, asked_s)

    def call_succeeded(self, asked_at: float) -> None:
        """End the pause, unless a failure is newer than the call, which began at *asked_at*."""
        if asked_at >= self._failed_at:
            self.reset()

    def reset(self) -> None:
        """End the pause: the reason for it has changed."""
        self._trouble = None
        self._failures = 0
        self._until = 0.0
