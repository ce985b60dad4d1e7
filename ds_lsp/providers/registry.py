"""The paid providers, by name. A new one is a row here, and a module for its API."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ds_lsp.providers.base import Adapters, Connected


def _keep(base_url: str) -> str:
    return base_url


@dataclass(frozen=True, slots=True)
class Provider:
    """A row: the properties of a provider, and the function that makes its adapters."""

    make: Callable[[str, str, Connected], Adapters]
    """Called with the address, the key (empty: none) and a callback. `Adapters.chat` tells whether
    the provider has a chat API."""
    needs_key: bool = True
    """False if the provider is used without a key: none is searched for."""
    to_base_url: Callable[[str], str] = _keep
    """Returns the address that is used for a valid value of the setting `base_url`."""


def _make_deepseek(base_url: str, key: str, connected: Connected) -> Adapters:
    # Imported where it is used: httpx costs a tenth of the start, and local needs none of it.
    from ds_lsp.providers.deepseek import DeepSeek
    from ds_lsp.providers.deepseek_chat import DeepSeekChat

    deepseek = DeepSeek(api_key=key, base_url=base_url, connected=connected)
    return Adapters(deepseek, DeepSeekChat(deepseek))


def _to_deepseek_base_url(base_url: str) -> str:
    """Remove ``/v1`` and ``/beta`` from the end: each request adds the one it needs."""
    parts = urlsplit(base_url)
    path = re.sub(r"(?:/++(?:v1|beta)?+)*+$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}"


PROVIDERS: Mapping[str, Provider] = {
    "deepseek": Provider(_make_deepseek, to_base_url=_to_deepseek_base_url),
}


def provider_names() -> tuple[str, ...]:
    """Return the values of the setting `provider`."""
    return ("auto", *PROVIDERS, "local")


def provider_named(name: str) -> Provider:
    """Return the provider that the setting `provider` names; ``auto`` stands for the first."""
    return PROVIDERS.get(name) or next(iter(PROVIDERS.values()))
