"""Wait for quiet: how long an automatic request rests before the model is asked."""

from ds_lsp.completion.request import CompletionRequest, Trigger

ADAPTIVE_MS = 150
"""What ``adaptive`` waits: the shortest wait that halves the calls of a typist with 140 ms between
keys, by a simulation of log-normal typing (75 ms: 93 calls in 100 keys; 150: 50; 250: 20)."""


def wait_s(request: CompletionRequest, now: float) -> float:
    """Seconds still to wait at time *now*, on the clock of the document.

    Counted from the edit and not from the request, so that an editor's own wait is not paid twice.
    """
    if request.trigger is Trigger.INVOKED:
        return 0.0
    setting = request.settings.debounce_ms
    wait_ms = ADAPTIVE_MS if isinstance(setting, str) else setting
    return max(0.0, request.snapshot.edited_at + wait_ms / 1000 - now)
