"""Everything ds-lsp raises on purpose.

* DsLspError
  + ProviderError            the provider gave no usable answer
    - AuthenticationError    401: the key is wrong
    - BalanceError           402: nothing left to pay with
    - RateLimitError         429: the same request may work later
    - RefusedTextError       this text is refused; others are not
    - BadRequestError        any other 4xx: a wrong setting, or a bug in ds-lsp
      . UnknownModelError    there is no such model, and these there are
    - UnavailableError       timeout, no network, 5xx, unreadable answer
      . ConnectError         the provider could not be reached at all
      . NoAnswerError        the request was sent, and no answer came
  + Blocked                  no automatic request may be sent now
  + TooManyCalls             two calls of this session are running already
  + StoreError               the file with the counts cannot be used now
  + Superseded               a newer request took this one's place
  + ChatRefused              what was asked of chat cannot be done, or must not

The message of a `ProviderError` is one sentence for the user. It never holds the key, the
prompt or the completion, whatever the provider's own message said.
"""


class DsLspError(Exception):
    """Base of everything ds-lsp raises on purpose."""


class ProviderError(DsLspError):
    """The provider gave no usable answer."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """*retry_after_s*: for how many seconds the provider asked to be left alone."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.has_begun = False
        """Whether an answer had begun: the request was worked on, and billed."""
        self.tokens: tuple[int, int, int] | None = None
        """What was billed then, where the provider still said it (`TokenUsage`)."""


class AuthenticationError(ProviderError):
    """401: the key is wrong; only the user can mend it."""


class BalanceError(ProviderError):
    """402: nothing left to pay with; only the user can mend it."""


class RateLimitError(ProviderError):
    """429: too many requests; the same one may work later."""


class RefusedTextError(ProviderError):
    """The service, or a filter before it, refuses this text; it says nothing about others."""


class BadRequestError(ProviderError):
    """Any other 4xx: a wrong setting, or a bug in ds-lsp."""


class UnknownModelError(BadRequestError):
    """The provider has no such model (any more)."""

    def __init__(self, message: str, *, asked: str, supported: tuple[str, ...]) -> None:
        """*supported*: the models there are, as the provider lists them."""
        super().__init__(message)
        self.asked = asked
        self.supported = supported


class UnavailableError(ProviderError):
    """Timeout, no network, 5xx, or an answer that cannot be read."""


class ConnectError(UnavailableError):
    """The provider could not be reached: no network, no such host, refused, no TLS."""


class NoAnswerError(UnavailableError):
    """The request was sent and no answer came in time: it may have been worked on, and billed."""


class Blocked(DsLspError):  # noqa: N818 - a decision, not a failure
    """No automatic request may be sent now; the message says why."""

    def __init__(self, message: str, *, is_over_limit: bool = False) -> None:
        super().__init__(message)
        self.is_over_limit = is_over_limit
        """Whether the reason is the user's own spending limit."""


class TooManyCalls(DsLspError):  # noqa: N818 - a decision, not a failure
    """As many calls of this session are running as may run at once."""


class StoreError(DsLspError):
    """The file with the counts cannot be read or written now; the message says why."""


class Superseded(DsLspError):  # noqa: N818 - not an error to its caller, but an ending
    """A newer request for the same document took this one's place."""


class ChatRefused(DsLspError):  # noqa: N818 - an answer in words
    """What was asked of chat cannot be done, or must not; the message tells the user why.

    As that of a `ProviderError`, it holds no text of a document or an answer.
    """
