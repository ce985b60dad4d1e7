"""The state of a session, in the words of ``ds-lsp/status``."""

from dataclasses import dataclass

from ds_lsp.service.selection import Selection
from ds_lsp.service.spending import SpendingLimit
from ds_lsp.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a session."""

    state: str
    """``ready``, ``local``, ``paused``, ``stopped``, ``offline`` or ``disabled``."""
    detail: str
    busy: bool
    """True while a provider is being asked."""


def status_of(settings: Settings, selection: Selection, limit: SpendingLimit) -> Status:
    """Return the state of the provider that the settings name."""
    state, detail = _state(settings, selection, limit)
    return Status(state, detail, busy=selection.service is not None and selection.service.is_busy)


def _state(settings: Settings, selection: Selection, limit: SpendingLimit) -> tuple[str, str]:
    service = selection.service
    if not settings.completion.enabled:
        return "disabled", "completion.enabled is false"
    if selection.refusal:
        return "stopped", f"DeepSeek is not used: {selection.refusal}"
    if selection.is_searching:
        waits = "local" if service is None and settings.uses_local else "paused"
        return waits, "looking for the DeepSeek key"
    if selection.lacks_key:
        return "stopped", "no DeepSeek key was found"
    over_limit = limit.reached()
    trouble = (service and service.health.state()) or (over_limit and ("paused", over_limit))
    if trouble:
        word, detail = trouble
        meanwhile = " Meanwhile the workspace's own text completes."
        return word, detail + (meanwhile if settings.provider == "auto" else "")
    if service is None and settings.uses_local:
        return "local", "completing from the workspace's own text"
    return "ready", ""
