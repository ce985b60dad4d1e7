"""The client's part of the settings: initializationOptions, pushed and pulled configuration."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ds_lsp.settings.resolve import Resolved, SettingsSource
from ds_lsp.settings.schema import SETTINGS, to_snake
from ds_lsp.settings.sources import Layers, read_layers, resolve_with

log = logging.getLogger(__name__)

SECTION = "ds-lsp"
_PULL_TIMEOUT_S = 2.0
"""Maximum seconds for the client to answer a request about settings. Some announce
workspace/configuration and never answer."""


class SettingsSources:
    """All sources that the settings of one session are resolved from."""

    def __init__(self, params: types.InitializeParams, *, trusts_editor: bool = True) -> None:
        self._initialize = SettingsSource(
            "initializationOptions",
            _section(params.initialization_options),
            is_initialize=True,
            is_client=not trusts_editor,
        )
        self._pushed: Mapping[str, object] = {}
        self._pulled: Mapping[str, object] = {}
        self._pulls = 0
        self._toggled: Mapping[str, object] = {}
        self._layers = Layers((), ())
        workspace = params.capabilities.workspace
        self._can_pull = bool(workspace and workspace.configuration)
        change = workspace.did_change_configuration if workspace else None
        self._can_register = bool(change and change.dynamic_registration)
        text_document = params.capabilities.text_document
        menu = text_document.completion if text_document else None
        self.can_register_menu = bool(menu and menu.dynamic_registration)

    def read_files(self, folders: Iterable[Path]) -> None:
        self._layers = read_layers(folders)

    def resolve(self) -> Resolved:
        """Return the settings that follow from all sources."""
        # The answer to our request is for our section alone, so it outranks pushed settings.
        client = self._pulled or self._pushed
        return resolve_with(
            self._layers,
            self._initialize,
            # Not the user's word: Emacs, for one, reads it from a project's .dir-locals.el.
            SettingsSource("editor configuration", client, is_client=True),
            SettingsSource("ds-lsp.toggle", self._toggled),
        )

    def toggle(self, enabled: bool) -> None:
        """Switch completion on or off for this session, over every other source."""
        self._toggled = {"completion.enabled": enabled}

    def push(self, settings: object) -> None:
        """Take the settings of ``workspace/didChangeConfiguration``."""
        section = _section(settings)
        # Without a section around them, these may be the settings of all servers: keep only ours.
        self._pushed = {
            name: value for name, value in section.items() if _first_name(name) in _FIRST_NAMES
        }

    async def pull(self, ls: LanguageServer) -> None:
        """Request our section from the client; without an answer, the last one stays."""
        if not self._can_pull:
            return
        self._pulls += 1
        number = self._pulls
        params = types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])
        try:
            async with asyncio.timeout(_PULL_TIMEOUT_S):
                answer = await ls.workspace_configuration_async(params)
        except Exception as exc:
            log.warning("the client did not say its configuration: %s", type(exc).__name__)
            return
        if number == self._pulls:
            self._pulled = _section(answer[0] if answer else None)

    async def register_for_changes(self, ls: LanguageServer) -> None:
        """Register for changes of settings: some clients send them to no other servers."""
        if self._can_register:
            await register(ls, types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION})


async def register(ls: LanguageServer, method: str, options: object) -> None:
    """Announce that we handle *method*, after the answer to ``initialize``."""
    registration = types.Registration(f"ds-lsp {method}", method, options)
    try:
        async with asyncio.timeout(_PULL_TIMEOUT_S):
            await ls.client_register_capability_async(types.RegistrationParams([registration]))
    except Exception as exc:
        log.warning("the client did not register %s: %s", method, type(exc).__name__)


def _section(raw: object) -> Mapping[str, object]:
    """Return our settings in what a client sent, with or without a section around them."""
    if not isinstance(raw, Mapping):
        return {}
    for name in (SECTION, "dsLsp"):
        if name in raw:
            inner = raw[name]
            return inner if isinstance(inner, Mapping) else {}
    # VS Code's flat spelling: "ds-lsp.completion.maxTokens".
    flat = {key: value for key, value in raw.items() if str(key).startswith(f"{SECTION}.")}
    return {key.removeprefix(f"{SECTION}."): value for key, value in flat.items()} or raw


def _first_name(path: object) -> str:
    return to_snake(str(path)).partition(".")[0]


_FIRST_NAMES = {_first_name(path) for path in SETTINGS}
