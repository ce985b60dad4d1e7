"""What a uri names: a file, or this very machine."""

import ipaddress
import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit


@lru_cache(64)
def to_path(uri: str) -> Path | None:
    """The file a ``file:`` uri names; None for any other uri, and for what is none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file":
        return None
    host = f"//{parts.netloc}" if parts.netloc and parts.netloc != "localhost" else ""
    path = host + unquote(parts.path)
    if os.name != "nt":
        return Path(path)
    # Imported where it is used: it brings half of a web browser along.
    from urllib.request import url2pathname

    # It knows drive letters, but not with the colon that some clients encode; what it decodes
    # itself must not be decoded twice.
    return Path(url2pathname(path.replace("%", "%25")))


def is_loopback(host: str) -> bool:
    """Whether what is sent to *host* stays on this machine, as far as its name can tell."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
