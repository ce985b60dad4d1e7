"""Decides whether a request is answered at all, and whether a provider is asked for it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ds_lsp.completion.request import CompletionRequest, Reason, Trigger
from ds_lsp.languages.names import is_same
from ds_lsp.languages.statements import before_of, code_at
from ds_lsp.text.lines import LINE_END, is_word_character
from ds_lsp.text.snapshot import Snapshot

Excludes = Callable[[Snapshot], str | None]
"""The privacy gate: returns the rule that keeps a document from being read or sent, or None."""


def refusal(request: CompletionRequest, excludes: Excludes) -> tuple[Reason, str] | None:
    """Return the reason for answering *request* with nothing, and its detail; None: answer it.

    An explicit request is refused for an exclusion and for the user's own switches only.
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
class ShownCompletion:
    """The completion that was offered last in a document; empty text: there was none."""

    text: str = ""
    ends_line: bool = True
    """True if the model's answer ended there or continued with another line."""


Suppresses = Callable[[Snapshot, ShownCompletion], bool]
"""A pure function: returns whether a place is not worth asking a provider."""


@dataclass(frozen=True, slots=True)
class SuppressRule:
    """A kind of place at which automatic requests do not ask a provider."""

    reason: Reason
    detail: str
    suppresses: Suppresses


def suppression(request: CompletionRequest, shown: ShownCompletion) -> tuple[Reason, str] | None:
    """Return the reason for starting no call for *request*, and its detail; None: start one.

    A cached answer, or the answer of a running call, is served all the same. *shown* is the
    completion that was offered last in this document. An explicit request always starts a call.
    """
    if request.trigger is not Trigger.AUTOMATIC:
        return None
    for rule in SUPPRESS_RULES:
        if rule.suppresses(request.snapshot, shown):
            return rule.reason, rule.detail
    return None


MAX_TYPO_CHARS = 3
"""Maximum characters typed and deleted again that count as a typo: users seldom type more before
they look."""
_MIN_CHARS = 3
"""Minimum characters before the cursor, in a document with no text after it."""
_TEX = ("latex", "bibtex")
# Brackets and quotes that editors close by themselves, with punctuation that may end the line.
_CLOSED_LINE = re.compile(r"\s*+[)>}\]\"'`）】》」』”’]*+\s*+[:{;,：；，]?\s*+\Z")
_OPENS = re.compile(r"[(\[{<,\"'`\s（【《「『“‘，]\Z")
_CLOSES = re.compile(r"[)\]}>,;\"'`\s）】》」』”’，；]")


def has_too_little_text(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether there is hardly any text before the cursor, and none after it."""
    return len(at.before.strip()) < _MIN_CHARS and not at.after.strip()


def is_inside_word(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the characters on both sides of the cursor belong to words."""
    around = at.before[-1:] + at.after[:1]
    return len(around) == 2 and all(map(is_word_character, around))


def is_in_middle_of_line(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether code continues to the right of the cursor.

    There are three cases in which text to the right does not count:

    1. Editors have closed brackets or quotes: only these, and punctuation, end the line.
    2. The cursor is between the tags of an element, as in ``<b>|</b>``.
    3. The cursor is in a gap, as between two words or after an opening bracket.
    """
    rest = at.line_after
    if _CLOSED_LINE.match(rest):
        return False
    is_in_element = at.line_before.endswith(">") and rest.startswith("</")
    return not (is_in_element or (_OPENS.search(at.line_before) and _CLOSES.match(rest)))


def is_at_end_of_statement(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the line up to the cursor, at its end, ends with ``;`` or ``}``.

    Only a new line may follow these two; after ``)`` and ``]`` many languages allow more text.
    Prose and comments have no statements, and in TeX every other word ends with ``}``.
    """
    if not at.line_before.rstrip().endswith((";", "}")) or at.line_after.strip():
        return False
    if at.language_id in _TEX:
        return False
    code = code_at(before_of(at), at.language_id)
    return not code.lexicon.is_prose and code.state.inside is None


def is_correcting(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the user has just deleted something once or twice, as to correct a typo.

    From the third deletion on, the user is rewriting the text, and a completion is welcome.
    """
    return _is_at_last_edit(at) and 1 <= at.edits.deletions <= 2


def has_taken_back_typo(at: Snapshot) -> bool:
    """Return whether the last edits deleted single characters, at most `MAX_TYPO_CHARS`."""
    deletions, removed = at.edits.deletions, at.edits.removed
    return _is_at_last_edit(at) and 1 <= deletions <= MAX_TYPO_CHARS and len(removed) == 1


def has_accepted(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the last edit inserted the completion that was shown."""
    is_shown = bool(shown.text) and at.edits.inserted.endswith(shown.text)
    return is_shown and _is_at_last_edit(at)


def has_just_accepted(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the last edit inserted a shown completion of one complete line.

    After a completion of several lines, the user may want the next one at once.
    """
    return shown.ends_line and has_accepted(at, shown) and not LINE_END.search(shown.text)


def is_in_several_places(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the last edit changed several places, as with several cursors."""
    return at.edits.places > 1


def is_undoing(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the last edit was an undo or a redo."""
    return _is_at_last_edit(at) and at.edits.restored


def has_pasted(at: Snapshot, shown: ShownCompletion) -> bool:
    """Return whether the last edit inserted three lines or more that were not a completion."""
    inserted = at.edits.inserted
    is_pasted = _is_at_last_edit(at) and len(LINE_END.findall(inserted)) >= 2
    return is_pasted and not has_accepted(at, shown)


def _is_at_last_edit(at: Snapshot) -> bool:
    return at.line == at.edits.line


# The first rule that holds gives the reason. There is no rule for dismissed completions: these
# are known by their text, so the engine asks `dismissed.py` once it has the answer.
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
