"""The values one completion request starts from and ends with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ds_lsp.providers.base import TokenUsage
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.document import Snapshot


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
    feature: str = "inline"
    """The feature that asks, ``inline`` or ``menu``: each has its own queue for a document."""
    can_replace: bool = True
    """Whether the client can replace what stands after the cursor on its line."""

    @property
    def queue(self) -> str:
        """The name of the queue in which a newer request supersedes this one."""
        return f"{self.feature} {self.snapshot.uri}"


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
    """What is selected in the editor's menu does not begin like what has been typed: ghost text
    that went on from it would not be shown."""
    NO_PROVIDER = "no_provider"
    PROVIDER_FAILED = "provider_failed"
    HELD_BACK = "held_back"
    """The provider has been failing, and is not asked automatically for now."""
    OVER_LIMIT = "over_limit"
    """The day's tokens are used up, and the provider is not asked automatically."""
    BUG = "bug"
    NOT_OPEN = "not_open"
    TIMED_OUT = "timed_out"


_NOT_ASKED = (Reason.PROVIDER_FAILED, Reason.HELD_BACK, Reason.OVER_LIMIT)


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
    sent: int = 0
    """Characters of the whole prompt."""
    received: int = 0
    """Characters the provider said."""
    chars: int = 0
    """Characters shown."""
    rules: tuple[str, ...] = ()
    """The rules of post-processing that changed something, in their order."""
    usage: TokenUsage | None = None
    masked: tuple[str, ...] = ()
    """Names of the rules by which secrets were masked."""
    id: int = 0
    """The request's number within the session."""

    def note_answer(self, received: str, shown: str, rules: tuple[str, ...]) -> None:
        """Record an answer, and what is shown of it.

        The reason why the provider was not asked stands where the fallback had nothing either.
        """
        self.received, self.chars, self.rules = len(received), len(shown), rules
        if shown:
            self.reason = Reason.OFFERED
        elif self.reason not in _NOT_ASKED:
            self.reason = Reason.NOTHING_LEFT if received.strip() else Reason.NOTHING_FOUND

    def summary(self) -> str:
        """Return the line for the log. Everything in it is a number or a word of ours."""
        words = [self.reason.value, f"from {self.source or 'nowhere'}"]
        words += [f"{name} {value}" for name, value in self.sizes().items()]
        words += [f"{name} {ms:.1f} ms" for name, ms in self.stages_ms.items()]
        words += [f"cut by {rule}" for rule in self.rules]
        words += [f"masked {rule}" for rule in self.masked]
        return ", ".join(words)

    def sizes(self) -> Mapping[str, int]:
        """Every size that is known, in characters and tokens, under its name."""
        sizes = {"sent": self.sent, "received": self.received, "chars": self.chars}
        if self.usage:
            sizes["prompt_hit_tokens"] = self.usage.prompt_hit
            sizes["prompt_miss_tokens"] = self.usage.prompt_miss
            sizes["completion_tokens"] = self.usage.completion
        return sizes

    def report(self) -> Mapping[str, object]:
        """The answer of ``ds-lsp.why``."""
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
    """What is proposed at the cursor. Empty text: nothing."""

    text: str
    record: Record
    replaces: int = 0
    """How many characters after the cursor, all on its line, the text takes the place of."""
    alternatives: "tuple[Completion, ...]" = ()
    """What else may be proposed there; only where it was asked for."""
