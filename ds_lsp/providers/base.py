"""What a provider is asked and what it answers: the seam between the engine and the models."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol, runtime_checkable

from ds_lsp.errors import NoAnswerError, ProviderError


@dataclass(frozen=True, slots=True)
class FileExcerpt:
    """Lines of another file of the workspace."""

    path: str
    """The file's name within the workspace."""
    marker: str
    """The comment line that names the file, without its line end."""
    text: str
    """Whole lines, with their line ends."""


@dataclass(frozen=True, slots=True)
class PromptParts:
    """The parts of a prompt, in the order in which they are sent."""

    prefix: str
    """Document text up to the cursor, within the budget. May be empty."""
    suffix: str = ""
    """Document text from the cursor on, within the budget. Empty at the end of a document."""
    excerpts: tuple[FileExcerpt, ...] = field(compare=False, default=())
    """Excerpts of other files, which stand before the prefix. The answer depends on them a little,
    and fits no less when they have changed. They are renewed when the user pauses; an answer that
    is known must not be asked for and paid for again because of that. So they do not compare."""
    marker: str = field(compare=False, default="")
    """The comment line that names the document, between excerpts and prefix; empty without them."""

    @property
    def context(self) -> str:
        """Everything that stands before the prefix: excerpts below their markers, and the marker
        of the document."""
        if not self.excerpts:
            return ""
        files = (f"{each.marker}\n{each.text}" for each in self.excerpts)
        return f"{''.join(files)}{self.marker}\n"

    @property
    def before(self) -> str:
        """Everything before the cursor: the context and the prefix."""
        return self.context + self.prefix

    @property
    def text(self) -> str:
        """The whole prompt: what is sent, and what is paid for."""
        return self.before + self.suffix

    @property
    def markers(self) -> tuple[str, ...]:
        """The lines by which a model that goes on with another file is recognized."""
        markers = (*(each.marker for each in self.excerpts), self.marker)
        return tuple(dict.fromkeys(markers)) if self.excerpts else ()


@dataclass(frozen=True, slots=True)
class FimRequest:
    """One fill-in-the-middle request, as it is sent.

    Two requests are equal when one answer serves both.
    """

    uri: str
    language_id: str
    prompt: PromptParts
    model: str
    max_tokens: int
    temperature: float
    timeout_s: float = field(compare=False, default=8.0)
    """Wall clock for the whole call, in seconds."""
    masked: tuple[str, ...] = field(compare=False, default=())
    """Names of the rules by which secrets in prefix and suffix, or near them, were masked."""


class Finish(Enum):
    """Why a completion ended where it does."""

    STOP = "stop"
    """The model had nothing more to say."""
    LENGTH = "length"
    """``max_tokens`` was reached; the last token may be half a word."""
    CUT = "cut"
    """We stopped reading: what is left would not be shown."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What one call was billed, in tokens."""

    prompt_hit: int = 0
    """Prompt tokens found in the provider's prefix cache."""
    prompt_miss: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class FimResult:
    """What the model said, untouched."""

    text: str
    finish: Finish
    usage: TokenUsage | None = None
    """None when the provider did not say, as when the stream was cut."""


def usage_of(error: ProviderError) -> tuple[bool, TokenUsage | None]:
    """Return whether a call that failed may be billed though nothing was heard, and its tokens."""
    may_be_billed = error.has_begun or isinstance(error, NoAnswerError)
    return may_be_billed, TokenUsage(*error.tokens) if error.tokens else None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a chat model, with the conversation that led to it, as it is sent."""

    messages: tuple[ChatMessage, ...]
    model: str
    max_tokens: int
    thinking: bool = False
    """Whether the model reasons before it answers."""
    opening: str = ""
    """What the answer begins with, put into the model's mouth. The answer goes on from there."""
    stop: tuple[str, ...] = ()
    """Texts at which the answer ends; they are not part of it."""
    as_json: bool = False
    """Whether the answer must be a JSON object; the messages must say "json" as well."""
    timeout_s: float = 300.0
    """Wall clock for the whole call, in seconds."""


@dataclass(frozen=True, slots=True)
class ChatPiece:
    """What a chat model has just said, to us or to itself."""

    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ChatResult:
    """What a chat model said, untouched."""

    text: str
    reasoning: str
    finish: Finish
    usage: TokenUsage | None = None


Hear = Callable[[ChatPiece], None]
"""Called with each piece of an answer as it arrives; must not raise."""

KeepGoing = Callable[[str], bool]
"""Called with all the text so far after each piece; False ends the stream (`Finish.CUT`)."""


Sent = Callable[[], None]
"""Called when the first byte of a request is about to leave: from then on it may be billed."""


def unnoticed() -> None:
    """Do nothing: the default where nothing waits for a request to be sent."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left on the account, as the provider says it."""

    is_available: bool
    """Whether it is enough for a call."""
    amounts: tuple[str, ...]
    """Amount and currency, such as ``0.00 CNY``; empty when it was not told."""


@runtime_checkable
class Account(Protocol):
    """What a provider that is paid for knows about its account."""

    async def balance(self) -> Balance:
        """Raises `ProviderError`."""


@runtime_checkable
class ModelDirectory(Account, Protocol):
    """A provider that can list its models."""

    async def models(self) -> tuple[str, ...]:
        """In the service's order. Raises `ProviderError`."""


class FimProvider(Protocol):
    """Our side of one model API.

    `fill` raises `ProviderError` or is cancelled; nothing else gets out. Cancelling it hangs up.
    """

    name: str
    metered: bool
    """Whether a call costs money and time: such calls are debounced, shared and cached."""

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult: ...

    def warm(self) -> None:
        """Open what the next `fill` will need. Called at every keystroke: cheap, never raises."""

    async def aclose(self) -> None: ...


class ChatProvider(Protocol):
    """Our side of one chat API. As a `FimProvider`, it raises `ProviderError` or is cancelled."""

    async def chat(
        self, request: ChatRequest, hear: Hear, sent: Sent = unnoticed
    ) -> ChatResult: ...


@dataclass(frozen=True, slots=True)
class Adapters:
    """Our side of the APIs of one paid service."""

    fim: FimProvider
    chat: ChatProvider | None = None


Connected = Callable[[], None]
"""Called when a connection to a service has been opened."""
