"""The settings with their names, defaults, meanings and parsers.

A setting's path is made of the field names in the dataclass tree: ``completion.max_tokens``. Every
source may spell it so or in camelCase, as is usual over LSP.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar, cast

from ds_lsp.providers.registry import PROVIDERS, provider_named, provider_names
from ds_lsp.settings.parsers import (
    Choice,
    Number,
    Parser,
    Whole,
    base_url,
    boolean,
    debounce,
    key,
    text,
    text_list,
)

T = TypeVar("T")


class ProjectRight(Enum):
    """The rights of a project, which may be a stranger's, to a setting.

    A project sets it in its file, or through an editor that answers `workspace/configuration` from
    files of the project.
    """

    SET = "set"
    """The project may set any value."""
    FORBIDDEN = "forbidden"
    """The project may not set it."""
    LOWER = "lower"
    """The project may lower the number in force."""
    ADD = "add"
    """The project may add items to the list in force."""
    SWITCH_OFF = "switch off"
    """The project may switch it off."""


def provider_name(value: object) -> str:
    """Parse the name of a provider, ``auto`` or ``local``."""
    return Choice(provider_names())(value)


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one field of the tree."""

    path: str
    default: object
    meaning: str
    parse: Parser[object]
    secret: bool
    project: ProjectRight
    session_only: bool
    """True if only the client can set it, in ``initializationOptions``."""


def _setting(
    default: T,
    parse: Callable[[object], T],
    meaning: str,
    *,
    secret: bool = False,
    in_repr: bool = True,
    project: ProjectRight = ProjectRight.SET,
    session_only: bool = False,
) -> T:
    metadata = {
        "parse": parse,
        "meaning": meaning,
        "secret": secret,
        "project": project,
        "session_only": session_only,
    }
    # A secret has no repr, so that no log line can show it.
    return field(default=default, repr=in_repr and not secret, metadata=metadata)


def _optional(parse: Callable[[object], T]) -> Callable[[object], T | None]:
    return parse


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionSettings:
    enabled: bool = _setting(True, boolean, "Complete at all.", project=ProjectRight.SWITCH_OFF)
    model: str = _setting("deepseek-flash", text, "The model that completes.")
    max_tokens: int = _setting(
        128, Whole(1, 4096), "Longest completion, in tokens: 1 to 4096.", project=ProjectRight.LOWER
    )
    temperature: float = _setting(0.0, Number(0, 2), "0 to 2; 0 is right for code.")
    debounce_ms: str | int = _setting(
        cast("str | int", "adaptive"),
        debounce,
        "How long typing must rest before the model is asked: `adaptive`, or milliseconds. "
        "Explicit requests never wait.",
    )
    timeout_ms: int = _setting(
        8000,
        Whole(100, 120_000),
        "Wall clock for one completion, in milliseconds.",
        project=ProjectRight.LOWER,
    )
    multiline: str = _setting(
        "auto",
        Choice(("auto", "always", "never")),
        "Several lines: `auto` (where a block or an unfinished statement asks for them), "
        "`always`, `never`.",
    )
    menu: str = _setting(
        "auto",
        Choice(("auto", "always", "never")),
        "Serve the completion menu too: `auto` (only to editors without inline completion), "
        "`always`, `never`.",
    )
    disabled_languages: tuple[str, ...] = _setting(
        (),
        text_list,
        "Languages that are never completed, by any editor's name: `cs` and `csharp` are one.",
        project=ProjectRight.ADD,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    model: str = _setting("deepseek-flash", text, "The model that explains.")
    thinking: bool = _setting(
        False,
        boolean,
        "Let the model reason before it explains.",
        project=ProjectRight.SWITCH_OFF,
    )
    language: str = _setting(
        "auto", text, "Language of explanations; `auto` is the editor's, else English."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySettings:
    ignore: tuple[str, ...] = _setting(
        (),
        text_list,
        "Files that are neither read nor sent, as in `.gitignore`; in addition to the built-in "
        "ones, `.gitignore` and `.dslspignore`.",
        project=ProjectRight.ADD,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSettings:
    daily_token_limit: int | None = _setting(
        None,
        _optional(Whole(0, 10**12)),
        "Stop automatic requests for the day above this many tokens.",
        project=ProjectRight.LOWER,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    status: bool = _setting(
        False, boolean, "Send `ds-lsp/status` notifications.", session_only=True
    )
    late_answers: bool = _setting(
        False,
        boolean,
        "Finish a cancelled request and announce it with `ds-lsp/lateCompletion`.",
        session_only=True,
    )
    carriage_returns: str = _setting(
        "auto",
        Choice(("auto", "line_ends", "characters")),
        "How the editor counts carriage returns within a file: `auto` (by its name), `line_ends`, "
        "`characters`.",
        session_only=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole tree."""

    provider: str = _setting(
        "auto",
        provider_name,
        "`auto` (DeepSeek if a key is found, else local), `deepseek` or `local`.",
        project=ProjectRight.FORBIDDEN,
    )
    api_key: str | None = _setting(
        None,
        _optional(key),
        "The DeepSeek key; better kept in the environment as `DEEPSEEK_API_KEY`.",
        secret=True,
        project=ProjectRight.FORBIDDEN,
    )
    api_key_command: str | None = _setting(
        None,
        _optional(text),
        "A command whose first output line is the key, such as `pass show deepseek`.",
        # The command may hold the key itself: `echo sk-...`.
        in_repr=False,
        project=ProjectRight.FORBIDDEN,
    )
    base_url: str = _setting(
        "https://api.deepseek.com",
        base_url,
        "Where DeepSeek is reached.",
        project=ProjectRight.FORBIDDEN,
    )
    allow_http: bool = _setting(
        False,
        boolean,
        "Send the key and your code unencrypted to a `base_url` that is `http://` and not this "
        "machine.",
        project=ProjectRight.FORBIDDEN,
    )
    completion: CompletionSettings = CompletionSettings()
    chat: ChatSettings = ChatSettings()
    privacy: PrivacySettings = PrivacySettings()
    usage: UsageSettings = UsageSettings()
    client: ClientSettings = ClientSettings()

    @property
    def uses_local(self) -> bool:
        """True if the workspace's own text completes, at least where no paid provider does."""
        return self.provider not in PROVIDERS

    @property
    def uses_key(self) -> bool:
        """True if a key is needed for the paid provider."""
        return self.provider != "local" and provider_named(self.provider).needs_key


def _walk(tree: object, prefix: str = "") -> Iterator[Setting]:
    assert dataclasses.is_dataclass(tree)
    for each in dataclasses.fields(tree):
        path = prefix + each.name
        if each.metadata:
            yield Setting(path=path, default=each.default, **each.metadata)
        else:
            yield from _walk(each.default, path + ".")


SETTINGS: Mapping[str, Setting] = {each.path: each for each in _walk(Settings())}
"""Every setting by its path, in the order of the tree."""


def to_snake(name: str) -> str:
    """Return a name in snake case: ``max_tokens`` for ``maxTokens``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
