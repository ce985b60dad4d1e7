"""A backend for ``keyring``, found through PYTHONPATH and chosen by PYTHON_KEYRING_BACKEND.

What it does is in FAKE_KEYRING: a password, ``fail`` or ``hang``; without it there is no entry.
"""

import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend


class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        assert (service, username) == ("ds-lsp", "deepseek")
        if report := os.environ.get("FAKE_KEYRING_REPORT"):
            names = [name for name in os.environ if name.endswith("API_KEY")]
            Path(report).write_text(f"{os.getcwd()} {names}")
        does = os.environ.get("FAKE_KEYRING")
        if does == "hang":
            threading.Event().wait()
        if does == "fail":
            raise RuntimeError("the keyring is locked")
        return does

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError
