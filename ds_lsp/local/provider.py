"""The local provider: completes from open documents and workspace files, without a network."""

from collections import OrderedDict
from dataclasses import replace

from ds_lsp.local.index import Index
from ds_lsp.local.predict import TokenEvidence, Tuning, choose_offer, predict_tokens
from ds_lsp.local.surroundings import Window
from ds_lsp.local.tokens import Token, ends_in_word, split_words
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing, Sent, unnoticed
from ds_lsp.text.lines import LINE_END, is_word_character
from ds_lsp.text.pairs import CLOSER_OF, OPENER_OF, QUOTES
from ds_lsp.uris import canonical_uri

# Characters that may follow the cursor on its line: closers that an editor has inserted.
_CLOSERS = (*OPENER_OF, *QUOTES, *">;,:")
_MAX_PREFIX_CHARS = 16_000
"""Maximum characters before the cursor that are read. More would cost time and gain nothing."""
_MAX_WINDOWS = 4
"""Maximum documents whose `Window` is kept. Users seldom type in more documents by turns."""
_BLANK_LINE_FLOOR = 0.7
"""Minimum probability of an offer on a line where nothing is typed yet. Such a line gives little
evidence; measured with ``tests/bench/local.py --typed 0``."""


class Local:
    """A provider that offers the text which followed the same words before, and nothing else."""

    name = "local"
    metered = False

    def __init__(self, index: Index, tuning: Tuning | None = None) -> None:
        self._index = index
        self._tuning = tuning or Tuning()
        self._windows: OrderedDict[str, Window] = OrderedDict()

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        """Return the most probable next text, or an empty text. Takes a few milliseconds."""
        text = self.offer(request)
        if text and not keep_going(text):
            return FimResult(text, Finish.CUT)
        return FimResult(text, Finish.STOP)

    def warm(self) -> None:
        """Do nothing: there is no connection to open."""

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""

    def offer(self, request: FimRequest) -> str:
        """Return the text to insert at the cursor; empty if no text is probable enough."""
        before = LINE_END.split(request.prompt.prefix[-_MAX_PREFIX_CHARS:])
        current = before.pop()
        after = LINE_END.split(request.prompt.suffix)
        typed, rest = current.lstrip(), after[0].strip()
        if not has_room(typed, after[0]):
            return ""
        window = self._use_window(request)
        window.follow(canonical_uri(request.uri), before, after[1:])
        text = cut_before(self._predict(window, request, current), rest)
        if len(text) < self._tuning.min_chars or typed + text + rest == _next_line(after):
            return ""
        return text

    def _predict(self, window: Window, request: FimRequest, current: str) -> str:
        """Return the most probable continuation of the line *current*, up to its end."""
        typed = current.lstrip()
        found, spaced = split_words(typed)
        stem = found.pop()[0] if not spaced and ends_in_word(typed) else ""
        tokens = window.family.vocabulary.look_up(found)
        context = window.context(current, tokens)
        tuning = replace(self._tuning, max_steps=min(self._tuning.max_steps, request.max_tokens))
        floor = tuning.floor if typed else max(tuning.floor, _BLANK_LINE_FLOOR)
        evidence = self._list_evidence(window, canonical_uri(request.uri), window.words(tokens))
        return choose_offer(predict_tokens(evidence, context, stem, spaced, tuning), floor)

    def _list_evidence(
        self, window: Window, uri: str, words: frozenset[Token]
    ) -> list[TokenEvidence]:
        """Return the token chains to predict from: around the cursor, open documents, files."""
        here, there = self._tuning.here_weight, self._tuning.there_weight
        return [
            TokenEvidence(window.chain, here, words, ends_at_cursor=True),
            *(
                TokenEvidence(document.chain, here, words, obsolete=window.obsolete)
                if each == uri
                else TokenEvidence(document.chain, there, words)
                for each, document in window.family.open.items()
            ),
            TokenEvidence(window.family.files, there, words),
        ]

    def _use_window(self, request: FimRequest) -> Window:
        """Return the window of the requested document, as the most recently used one."""
        family = self._index.family(request.uri, request.language_id)
        window = self._windows.pop(request.uri, None)
        # The index may have dropped the family and made a new one, with other word numbers.
        if window is None or window.family is not family:
            window = Window(family)
        self._windows[request.uri] = window
        if len(self._windows) > _MAX_WINDOWS:
            self._windows.popitem(last=False)
        return window


def has_room(typed: str, rest: str) -> bool:
    """Return whether text can be inserted between *typed* and the *rest* of the line."""
    if not rest.strip():
        return True
    if is_word_character(rest[0]):
        return False
    return bool(typed) and rest.lstrip()[0] in _CLOSERS


def cut_before(text: str, rest: str) -> str:
    """Return *text*, cut before it repeats *rest* or closes a bracket that it did not open."""
    if not rest:
        return text
    opened: list[str] = []
    for offset, char in enumerate(text):
        if not opened and char == rest[0]:
            return text[:offset].rstrip()
        if char in CLOSER_OF:
            opened.append(char)
        elif char in OPENER_OF and (not opened or opened.pop() != OPENER_OF[char]):
            return text[:offset].rstrip()
    return text


def _next_line(after: list[str]) -> str | None:
    """Return the first line below the cursor's line that is not blank, stripped; None without one.

    *after* is the rest of the cursor's line and the lines below it.
    """
    return next((line.strip() for line in after[1:] if line.strip()), None)
