"""Should we complete here at all?"""

from collections.abc import Callable

from ds_lsp.completion.request import CompletionRequest, Reason, Trigger
from ds_lsp.document import Snapshot

Excludes = Callable[[Snapshot], str | None]
"""The privacy gate: the rule that keeps a document from being read or sent, or None."""


def refusal(request: CompletionRequest, excludes: Excludes) -> tuple[Reason, str] | None:
    """Why this request gets nothing, with the detail; None: go on.

    An explicit request overrides all but exclusion and the user's own switches.
    """
    settings, snapshot = request.settings, request.snapshot
    if not settings.enabled:
        return Reason.DISABLED, "completion.enabled is false"
    if snapshot.language_id in settings.disabled_languages:
        return Reason.LANGUAGE_DISABLED, f"{snapshot.language_id} is in disabled_languages"
    rule = excludes(snapshot)
    if rule:
        return Reason.EXCLUDED, rule
    is_blank = not (snapshot.before.strip() or snapshot.after.strip())
    if request.trigger is Trigger.AUTOMATIC and is_blank:
        return Reason.EMPTY_DOCUMENT, "there is no text to go on"
    return None
