"""The values one completion request starts from and ends with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ds_lsp.providers.base import FimResult, TokenUsage
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.snapshot import Snapshot


class Trigger(Enum):
    """The cause of a request."""

    INVOKED = "invoked"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A request of the client: the text as it was on arrival, and how to complete it."""

    snapshot: Snapshot
    trigger: Trigger
    settings: CompletionSettings
    feature: str = "inline"
    """The feature that asks, ``inline`` or ``menu``: each has its own queue for a document."""
    can_replace: bool = True
    """True if the client can replace text after the cursor, on its line."""

    @property
    def queue(self) -> str:
        """The name of the queue in which a newer request supersedes this one."""
        return f"{self.feature} {self.snapshot.uri}"


class Reason(Enum):
    """The reason for the outcome of a request; the words of ``ds-lsp.why``."""

    OFFERED = "offered"
    NOTHING_FOUND = "nothing_found"
    """The provider returned no text."""
    NOTHING_LEFT = "nothing_left"
    """The provider returned text, and post-processing left nothing of it."""
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    DISABLED = "disabled"
    LANGUAGE_DISABLED = "language_disabled"
    EXCLUDED = "excluded"
    EMPTY_DOCUMENT = "empty_document"
    TOO_LITTLE_TEXT = "too_little_text"
    INSIDE_WORD = "inside_word"
    MIDDLE_OF_LINE = "middle_of_line"
    END_OF_STATEMENT = "end_of_statement"
    CORRECTING = "correcting"
    JUST_ACCEPTED = "just_accepted"
    SEVERAL_PLACES = "several_places"
    UNDOING = "undoing"
    PASTED = "pasted"
    DISMISSED = "dismissed"
    MENU_ITEM = "menu_item"
    """The item selected in the editor's menu does not begin like the typed text: ghost text after
    it would not be shown."""
    NO_PROVIDER = "no_provider"
    PROVIDER_FAILED = "provider_failed"
    HELD_BACK = "held_back"
    """The provider has failed several times, so automatic requests are not sent for now."""
    OVER_LIMIT = "over_limit"
    """The tokens of the day are used up, so automatic requests are not sent."""
    BUG = "bug"
    NOT_OPEN = "not_open"
    TIMED_OUT = "timed_out"


_NOT_ASKED = (Reason.PROVIDER_FAILED, Reason.HELD_BACK, Reason.OVER_LIMIT)


class Origin(Enum):
    """The source of a completion that needed no call of its own."""

    EXACT = "cache"
    TYPE_THROUGH = "type-through"
    JOINED = "in-flight"


@dataclass(slots=True)
class Record:
    """The stages and the outcome of a request: sizes and times, never text."""

    reason: Reason = Reason.NOTHING_FOUND
    detail: str = ""
    source: str = ""
    """Name of the provider whose text it is, or the `Origin` of the text."""
    provider: str = ""
    stages_ms: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    """Characters of the whole prompt."""
    received: int = 0
    """Characters received from the provider."""
    chars: int = 0
    """Characters shown."""
    rules: tuple[str, ...] = ()
    """Names of the post-processing rules that changed something, in their order."""
    usage: TokenUsage | None = None
    masked: tuple[str, ...] = ()
    """Names of the rules by which secrets were masked."""
    id: int = 0
    """The request's number within the session."""

    def note_answer(self, result: FimResult, shown: str, rules: tuple[str, ...]) -> None:
        """Record an answer, and the text that is *shown* of it.

        There are three cases: 1. Text is shown. 2. The fallback was asked and has no text either:
        the reason for not asking the provider stays. 3. The provider's text comes to nothing.
        """
        self.received, self.chars, self.rules = len(result.text), len(shown), rules
        self.usage = result.usage
        if shown:
            self.reason = Reason.OFFERED
        elif self.reason not in _NOT_ASKED:
            self.reason = Reason.NOTHING_LEFT if result.text.strip() else Reason.NOTHING_FOUND

    def summary(self) -> str:
        """Return the line for the log, which consists of numbers and words of ds-lsp."""
        words = [self.reason.value, f"from {self.source or 'nowhere'}"]
        words += [f"{name} {value}" for name, value in self.sizes().items()]
        words += [f"{name} {ms:.1f} ms" for name, ms in self.stages_ms.items()]
        words += [f"cut by {rule}" for rule in self.rules]
        words += [f"masked {rule}" for rule in self.masked]
        return ", ".join(words)

    def sizes(self) -> Mapping[str, int]:
        """Return the known sizes by name, in characters and tokens."""
        sizes = {"sent": self.sent, "received": self.received, "chars": self.chars}
        if self.usage:
            sizes["prompt_hit_tokens"] = self.usage.prompt_hit
            sizes["prompt_miss_tokens"] = self.usage.prompt_miss
            sizes["completion_tokens"] = self.usage.completion
        return sizes

    def report(self) -> Mapping[str, object]:
        """Return the answer of ``ds-lsp.why``."""
        return {
            "id": self.id,
            "reason": self.reason.value,
            "detail": self.detail,
            "source": self.source,
            "provider": self.provider,
            "stages_ms": {name: round(ms, 3) for name, ms in self.stages_ms.items()},
            "rules": list(self.rules),
            "masked": list(self.masked),
            **self.sizes(),
        }


@dataclass(frozen=True, slots=True)
class Completion:
    """The text proposed at the cursor. If it is empty, nothing is proposed."""

    text: str
    record: Record
    replaces: int = 0
    """Number of characters after the cursor, all on its line, that the text replaces."""
    alternatives: "tuple[Completion, ...]" = ()
    """Other texts for the place; only an explicit request gets them."""
