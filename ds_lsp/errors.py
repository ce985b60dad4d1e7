"""The exceptions that ds-lsp raises on purpose.

* DsLspError
  + ProviderError            the provider gave no usable answer
    - AuthenticationError    401: the key is wrong
    - BalanceError           402: the balance is used up
    - RateLimitError         429: the same request may work later
    - RefusedTextError       this text is refused; others are not
    - BadRequestError        any other 4xx: a wrong setting, or a bug in ds-lsp
      . UnknownModelError    the provider has no such model; it lists those it has
    - UnavailableError       timeout, no network, 5xx, unreadable answer
      . ConnectError         the provider could not be reached at all
      . NoAnswerError        the request was sent, and no answer came
  + Blocked                  no automatic request may be sent now
  + TooManyCalls             two calls of this session are running already
  + StoreError               the file with the counts cannot be used now
  + Superseded               a newer request replaced this one
  + ChatRefused              a chat command cannot be carried out, or must not

The message of a `ProviderError` is one sentence for the user. It never holds the key, the
prompt or the completion, even if the provider's own message does.
"""


class DsLspError(Exception):
    """Base class of the exceptions that ds-lsp raises on purpose."""


class ProviderError(DsLspError):
    """The provider gave no usable answer."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """*retry_after_s*: seconds that the provider asks clients to wait before a retry."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.has_begun = False
        """True if the answer had begun before the error, so that the request is billed."""
        self.tokens: tuple[int, int, int] | None = None
        """The billed tokens, as in `TokenUsage`, if the provider reported them; else None."""


class AuthenticationError(ProviderError):
    """401: the key is wrong; only the user can correct it."""


class BalanceError(ProviderError):
    """402: the balance is used up; only the user can top it up."""


class RateLimitError(ProviderError):
    """429: too many requests; the same one may work later."""


class RefusedTextError(ProviderError):
    """The service, or a filter in front of it, refuses this text; other texts may pass."""


class BadRequestError(ProviderError):
    """Any other 4xx: a wrong setting, or a bug in ds-lsp."""


class UnknownModelError(BadRequestError):
    """The provider has no such model (any more)."""

    def __init__(self, message: str, *, asked: str, supported: tuple[str, ...]) -> None:
        """*asked*: the model in the request; *supported*: the models that the provider lists."""
        super().__init__(message)
        self.asked = asked
        self.supported = supported


class UnavailableError(ProviderError):
    """Timeout, no network, 5xx, or an answer that cannot be read."""


class ConnectError(UnavailableError):
    """The provider could not be reached: no network, no such host, refused, no TLS."""


class NoAnswerError(UnavailableError):
    """The request was sent and no answer came in time; the provider may have billed it."""


class Blocked(DsLspError):  # noqa: N818 - a decision, not a failure
    """No automatic request may be sent now; the message says why."""

    def __init__(self, message: str, *, is_over_limit: bool = False) -> None:
        super().__init__(message)
        self.is_over_limit = is_over_limit
        """True if the reason is the user's own spending limit."""


class TooManyCalls(DsLspError):  # noqa: N818 - a decision, not a failure
    """The session's maximum of concurrent calls is reached."""


class StoreError(DsLspError):
    """The file with the counts cannot be read or written now; the message says why."""


class Superseded(DsLspError):  # noqa: N818 - not an error to its caller, but an ending
    """A newer request for the same document replaced this one."""


class ChatRefused(DsLspError):  # noqa: N818 - an answer in words
    """A chat command cannot be carried out, or must not; the message gives the user the reason.

    The message holds no text of a document or an answer, like that of a `ProviderError`.
    """
