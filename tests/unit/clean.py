"""An environment in which no setting, key or color of this machine's user can be seen."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest


def is_ours(name: str) -> bool:
    return name.startswith("DS_LSP_") or name in ("DEEPSEEK_API_KEY", "NO_COLOR")


def clean(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Run what follows in such an environment."""
    for name in filter(is_ours, list(os.environ)):
        patch.delenv(name)
    patch.setenv("XDG_CONFIG_HOME", str(home))
    patch.setenv("XDG_STATE_HOME", str(home))


def environment(home: Path, **more: str) -> Mapping[str, str]:
    """The same for another process."""
    kept = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return {**kept, "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home), **more}
