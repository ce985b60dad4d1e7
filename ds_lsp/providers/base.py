"""Requests to providers and their answers: the seam between the features and the models."""

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
    """A fill-in-the-middle request, as it is sent.

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
    """The reason why an answer ended."""

    STOP = "stop"
    """The model came to an end, or to a stop sequence."""
    LENGTH = "length"
    """``max_tokens`` was reached; the last token may be half a word."""
    CUT = "cut"
    """The caller stopped the stream, because it would not show any further text."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """The tokens that one call is billed for."""

    prompt_hit: int = 0
    """Prompt tokens found in the provider's prefix cache."""
    prompt_miss: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class FimResult:
    """The text of a model, unchanged."""

    text: str
    finish: Finish
    usage: TokenUsage | None = None
    """None if the provider did not report it, as when the stream was cut."""


def usage_of(error: ProviderError) -> tuple[bool, TokenUsage | None]:
    """Return whether a failed call may be billed though no text arrived, and its tokens."""
    may_be_billed = error.has_begun or isinstance(error, NoAnswerError)
    return may_be_billed, TokenUsage(*error.tokens) if error.tokens else None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question to a chat model after the conversation that led to it, as it is sent."""

    messages: tuple[ChatMessage, ...]
    model: str
    max_tokens: int
    thinking: bool = False
    """True if the model reasons before it answers."""
    opening: str = ""
    """The beginning of the answer, prescribed to the model, which continues it."""
    stop: tuple[str, ...] = ()
    """Stop sequences: the answer ends before the first of them."""
    as_json: bool = False
    """True if the answer must be a JSON object; the messages must contain "json" as well."""
    timeout_s: float = 300.0
    """Wall clock for the whole call, in seconds."""


@dataclass(frozen=True, slots=True)
class ChatPiece:
    """A piece of a chat model's answer, or of its reasoning."""

    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ChatResult:
    """The answer of a chat model, unchanged."""

    text: str
    reasoning: str
    finish: Finish
    usage: TokenUsage | None = None


OnPiece = Callable[[ChatPiece], None]
"""Called with each piece of an answer as it arrives; must not raise."""

KeepGoing = Callable[[str], bool]
"""Called after each piece with all the text so far; False ends the stream (`Finish.CUT`)."""

Sent = Callable[[], None]
"""Called when the first byte of a request is about to leave: from then on it may be billed."""


def unnoticed() -> None:
    """Do nothing: the default where nothing waits for a request to be sent."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of the account, as the provider reports it."""

    is_available: bool
    """True if it is enough for a call."""
    amounts: tuple[str, ...]
    """Amounts with their currency, such as ``0.00 CNY``; empty if they were not reported."""


@runtime_checkable
class Account(Protocol):
    """A provider that can report the balance of its account."""

    async def balance(self) -> Balance:
        """Return the balance. Raises `ProviderError`."""


@runtime_checkable
class ModelDirectory(Account, Protocol):
    """A provider that can list its models."""

    async def models(self) -> tuple[str, ...]:
        """Return the names of the models, in the service's order. Raises `ProviderError`."""


class FimProvider(Protocol):
    """An adapter to one model API.

    `fill` raises `ProviderError` and nothing else. Cancelling it hangs up.
    """

    name: str
    metered: bool
    """True if a call costs money and time: such calls are debounced, shared and cached."""

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult: ...

    def warm(self) -> None:
        """Open a connection for the next `fill`. Cheap: each keystroke calls it. Never raises."""

    async def aclose(self) -> None: ...


class ChatProvider(Protocol):
    """An adapter to one chat API; `chat` raises `ProviderError` and nothing else."""

    async def chat(
        self, request: ChatRequest, on_piece: OnPiece, sent: Sent = unnoticed
    ) -> ChatResult: ...


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adapters to the APIs of one paid service; *chat* is None if it has no chat API."""

    fim: FimProvider
    chat: ChatProvider | None = None


Connected = Callable[[], None]
"""Called when a connection to a service has been opened."""
