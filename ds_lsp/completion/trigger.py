"""Should we complete here at all?"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ds_lsp.completion.postprocess.lines import before_of, code_at
from ds_lsp.completion.request import CompletionRequest, Reason, Trigger
from ds_lsp.document import LINE_END, Snapshot, is_word_character
from ds_lsp.languages import is_same

Excludes = Callable[[Snapshot], str | None]
"""The privacy gate: the rule that keeps a document from being read or sent, or None."""


def refusal(request: CompletionRequest, excludes: Excludes) -> tuple[Reason, str] | None:
    """Why this request gets nothing, with the detail; None: go on.

    An explicit request overrides all but exclusion and the user's own switches.
    """
    settings, snapshot = request.settings, request.snapshot
    if not settings.enabled:
        return Reason.DISABLED, "completion.enabled is false"
    for name in settings.disabled_languages:
        if is_same(name, snapshot.language_id):
            return Reason.LANGUAGE_DISABLED, f"{name} is in disabled_languages"
    rule = excludes(snapshot)
    if rule:
        return Reason.EXCLUDED, rule
    is_blank = not (snapshot.before.strip() or snapshot.after.strip())
    if request.trigger is Trigger.AUTOMATIC and is_blank:
        return Reason.EMPTY_DOCUMENT, "there is no text to go on"
    return None


@dataclass(frozen=True, slots=True)
class Shown:
    """What was offered last in a document."""

    text: str = ""
    ends_line: bool = True
    """Whether the model ended there, or went on with another line."""


Suppresses = Callable[[Snapshot, Shown], bool]
"""Whether asking at a place is not worth it. A pure function."""


@dataclass(frozen=True, slots=True)
class SuppressRule:
    reason: Reason
    detail: str
    suppresses: Suppresses


def suppression(request: CompletionRequest, shown: Shown) -> tuple[Reason, str] | None:
    """Why nobody is to be asked anew for this request, with the detail; None: go on.

    What is known already, or is being asked, is served all the same. *shown* is the completion
    that was offered last in this document.
    """
    if request.trigger is not Trigger.AUTOMATIC:
        return None
    for rule in SUPPRESS_RULES:
        if rule.suppresses(request.snapshot, shown):
            return rule.reason, rule.detail
    return None


MAX_TYPO_CHARS = 3
"""Maximum characters typed and deleted again that count as a typo: few type more before they look.
"""
_LEAST_CHARS = 3
_TEX = ("latex", "bibtex")
# What editors close by themselves, and what then ends the line.
_CLOSED_LINE = re.compile(r"\s*+[)>}\]\"'`）】》」』”’]*+\s*+[:{;,：；，]?\s*+\Z")
_OPENS = re.compile(r"[(\[{<,\"'`\s（【《「『“‘，]\Z")
_CLOSES = re.compile(r"[)\]}>,;\"'`\s）】》」』”’，；]")


def has_too_little_text(at: Snapshot, shown: Shown) -> bool:
    return len(at.before.strip()) < _LEAST_CHARS and not at.after.strip()


def is_inside_word(at: Snapshot, shown: Shown) -> bool:
    around = at.before[-1:] + at.after[:1]
    return len(around) == 2 and all(map(is_word_character, around))


def is_in_middle_of_line(at: Snapshot, shown: Shown) -> bool:
    """Not so between brackets or quotes that an editor closed, nor in a gap between words."""
    rest = at.line_after
    if _CLOSED_LINE.match(rest):
        return False
    is_in_element = at.line_before.endswith(">") and rest.startswith("</")
    return not (is_in_element or (_OPENS.search(at.line_before) and _CLOSES.match(rest)))


def is_at_end_of_statement(at: Snapshot, shown: Shown) -> bool:
    """After ``)`` and ``]`` much may follow in many languages; after these, a new line.

    Prose and comments have no statements, nor has TeX, where every other word ends like this.
    """
    if not at.line_before.rstrip().endswith((";", "}")) or at.line_after.strip():
        return False
    if at.language_id in _TEX:
        return False
    code = code_at(before_of(at), at.language_id)
    return not code.lexicon.is_prose and code.state.inside is None


def is_correcting(at: Snapshot, shown: Shown) -> bool:
    """One or two deletions mend a typo; from the third on, something is being rewritten."""
    return _is_at_last_edit(at) and 1 <= at.edits.deletions <= 2


def has_taken_back_typo(at: Snapshot) -> bool:
    """Return whether the last edits deleted single characters, and no more than a typo has."""
    deletions, removed = at.edits.deletions, at.edits.removed
    return _is_at_last_edit(at) and 1 <= deletions <= MAX_TYPO_CHARS and len(removed) == 1


def has_accepted(at: Snapshot, shown: Shown) -> bool:
    """Whether the last edit put there what was shown."""
    is_theirs = bool(shown.text) and at.edits.inserted.endswith(shown.text)
    return is_theirs and _is_at_last_edit(at)


def has_just_accepted(at: Snapshot, shown: Shown) -> bool:
    """A single line, that is, which is complete: after several, the next may be wanted."""
    return shown.ends_line and has_accepted(at, shown) and not LINE_END.search(shown.text)


def is_in_several_places(at: Snapshot, shown: Shown) -> bool:
    return at.edits.places > 1


def is_undoing(at: Snapshot, shown: Shown) -> bool:
    return _is_at_last_edit(at) and at.edits.restored


def has_pasted(at: Snapshot, shown: Shown) -> bool:
    """Three lines or more at once, which no completion of ours were."""
    inserted = at.edits.inserted
    is_pasted = _is_at_last_edit(at) and len(LINE_END.findall(inserted)) >= 2
    return is_pasted and not has_accepted(at, shown)


def _is_at_last_edit(at: Snapshot) -> bool:
    return at.line == at.edits.line


# The first that holds is the reason given. What was dismissed is not known before the answer is:
# the engine asks `dismissed.py` in the end.
SUPPRESS_RULES: tuple[SuppressRule, ...] = (
    SuppressRule(Reason.TOO_LITTLE_TEXT, "there is hardly any text to go on", has_too_little_text),
    SuppressRule(Reason.INSIDE_WORD, "the cursor is inside a word", is_inside_word),
    SuppressRule(Reason.MIDDLE_OF_LINE, "the line goes on after the cursor", is_in_middle_of_line),
    SuppressRule(Reason.END_OF_STATEMENT, "the statement is complete", is_at_end_of_statement),
    SuppressRule(Reason.CORRECTING, "something was just deleted", is_correcting),
    SuppressRule(Reason.JUST_ACCEPTED, "a completion was just accepted", has_just_accepted),
    SuppressRule(
        Reason.SEVERAL_PLACES, "the same was typed in several places", is_in_several_places
    ),
    SuppressRule(Reason.UNDOING, "a change was just undone or redone", is_undoing),
    SuppressRule(Reason.PASTED, "several lines were just pasted", has_pasted),
)
