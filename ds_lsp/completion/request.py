"""The values one completion request starts from and ends with."""

from dataclasses import dataclass, field
from enum import Enum

from ds_lsp.document import Snapshot
from ds_lsp.providers.base import TokenUsage
from ds_lsp.settings import CompletionSettings


class Trigger(Enum):
    """Why we were asked."""

    INVOKED = "invoked"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One request of the client: the text as it was on arrival, and how to complete it."""

    snapshot: Snapshot
    trigger: Trigger
    settings: CompletionSettings
    lane: str = "inline"
    """Newer requests supersede older ones of the same document and lane."""
    can_replace: bool = True
    """Whether the client can replace what stands after the cursor on its line."""


class Reason(Enum):
    """Why a request gave what it gave; the words of ``ds-lsp.why``."""

    OFFERED = "offered"
    NOTHING_FOUND = "nothing_found"
    """The provider had nothing to say."""
    NOTHING_LEFT = "nothing_left"
    """The provider said something, and post-processing left nothing of it."""
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    DISABLED = "disabled"
    LANGUAGE_DISABLED = "language_disabled"
    EXCLUDED = "excluded"
    EMPTY_DOCUMENT = "empty_document"
    NO_PROVIDER = "no_provider"
    PROVIDER_FAILED = "provider_failed"
    BUG = "bug"
    NOT_OPEN = "not_open"
    TIMED_OUT = "timed_out"


class Origin(Enum):
    """Where a completion came from, besides a provider's own call."""

    EXACT = "cache"
    TYPE_THROUGH = "type-through"
    JOINED = "in-flight"


@dataclass(slots=True)
class Record:
    """What one request went through; filled in on the way. Sizes and times, never text."""

    reason: Reason = Reason.NOTHING_FOUND
    detail: str = ""
    source: str = ""
    """Provider that said it, or the `Origin` it was found in."""
    provider: str = ""
    stages_ms: dict[str, float] = field(default_factory=dict)
    chars: int = 0
    rules: tuple[str, ...] = ()
    """The rules of post-processing that changed something, in order."""
    usage: TokenUsage | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What is proposed at the cursor. Empty text: nothing."""

    text: str
    record: Record
    replaces: int = 0
    """How many characters after the cursor, all on its line, the text takes the place of."""
