"""The providers there are, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ds_lsp.providers.base import Adapters, Connected
from ds_lsp.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Provider:
    """One row: how a paid provider is made."""

    make: Callable[[Settings, str, Connected], Adapters]
    """Called with the settings, the key (empty: none) and a callback."""
    needs_key: bool = True


def _deepseek(settings: Settings, key: str, connected: Connected) -> Adapters:
    # Imported where it is used: httpx costs a tenth of the start, and local needs none of it.
    from ds_lsp.providers.deepseek import DeepSeek
    from ds_lsp.providers.deepseek_chat import DeepSeekChat

    deepseek = DeepSeek(api_key=key, base_url=settings.base_url, connected=connected)
    return Adapters(deepseek, DeepSeekChat(deepseek))


PROVIDERS: Mapping[str, Provider] = {"deepseek": Provider(_deepseek)}


def provider_named(name: str) -> Provider:
    """Return the provider that the setting `provider` names; ``auto`` stands for the first."""
    return PROVIDERS.get(name) or next(iter(PROVIDERS.values()))
