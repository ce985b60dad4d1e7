"""The provider that needs no network: completes from the text that is open and on disk."""

from collections import OrderedDict
from dataclasses import replace

from ds_lsp.document import LINE_END, is_word_character
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing, Sent, unnoticed
from ds_lsp.providers.local.index import Index
from ds_lsp.providers.local.predict import TokenEvidence, Tuning, choose_offer, predict_tokens
from ds_lsp.providers.local.tokens import Token, ends_in_word, split_words
from ds_lsp.providers.local.window import Window
from ds_lsp.uris import canonical_uri

# What may stand right of the cursor: the closers that an editor has put there.
_CLOSERS = ")]}>\"'`;,:"
_OPENER_OF = {")": "(", "]": "[", "}": "{"}
# More than this before the cursor would only be work.
_MAX_PREFIX_CHARS = 16_000
# Nobody types into more documents than this by turns.
_MAX_WINDOWS = 4
# With nothing typed on the line yet there is little to go by: tests/bench/local.py --typed 0.
_BLANK_LINE_FLOOR = 0.7


class Local:
    """Completes from what has followed the same words before. Offers nothing else."""

    name = "local"
    metered = False

    def __init__(self, index: Index, tuning: Tuning | None = None) -> None:
        self._index = index
        self._tuning = tuning or Tuning()
        self._windows: OrderedDict[str, Window] = OrderedDict()

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        """What most probably comes next, or nothing. Takes a few milliseconds."""
        text = self.offer(request)
        if text and not keep_going(text):
            return FimResult(text, Finish.CUT)
        return FimResult(text, Finish.STOP)

    def warm(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Nothing to close."""

    def offer(self, request: FimRequest) -> str:
        """The text to put at the cursor; empty when there is no good reason for any."""
        before = LINE_END.split(request.prefix[-_MAX_PREFIX_CHARS:])
        current = before.pop()
        after = LINE_END.split(request.suffix)
        typed, rest = current.lstrip(), after[0].strip()
        if not has_room(typed, after[0]):
            return ""
        window = self._window(request)
        window.follow(canonical_uri(request.uri), before, after[1:])
        text = cut_before(self._predict(window, request, current), rest)
        if len(text) < self._tuning.min_chars or typed + text + rest == _next_line(after):
            return ""
        return text

    def _predict(self, window: Window, request: FimRequest, current: str) -> str:
        typed = current.lstrip()
        found, spaced = split_words(typed)
        stem = found.pop()[0] if not spaced and ends_in_word(typed) else ""
        tokens = window.family.vocabulary.look_up(found)
        context = window.context(current, tokens)
        tuning = replace(self._tuning, max_steps=min(self._tuning.max_steps, request.max_tokens))
        floor = tuning.floor if typed else max(tuning.floor, _BLANK_LINE_FLOOR)
        evidence = self._evidence(window, canonical_uri(request.uri), window.words(tokens))
        return choose_offer(predict_tokens(evidence, context, stem, spaced, tuning), floor)

    def _evidence(self, window: Window, uri: str, words: frozenset[Token]) -> list[TokenEvidence]:
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

    def _window(self, request: FimRequest) -> Window:
        family = self._index.family(request.uri, request.language_id)
        window = self._windows.pop(request.uri, None)
        # A family may have been forgotten and begun again: its numbers are different ones.
        if window is None or window.family is not family:
            window = Window(family)
        self._windows[request.uri] = window
        if len(self._windows) > _MAX_WINDOWS:
            self._windows.popitem(last=False)
        return window


def has_room(typed: str, rest: str) -> bool:
    """Whether text can be put between *typed* and the *rest* of the line without harm."""
    if not rest.strip():
        return True
    if is_word_character(rest[0]):
        return False
    return bool(typed) and rest.lstrip()[0] in _CLOSERS


def cut_before(text: str, rest: str) -> str:
    """*text* up to where it would repeat the *rest* of the line, or close what it did not open."""
    if not rest:
        return text
    opened: list[str] = []
    for offset, char in enumerate(text):
        if not opened and char == rest[0]:
            return text[:offset].rstrip()
        if char in _OPENER_OF.values():
            opened.append(char)
        elif char in _OPENER_OF and (not opened or opened.pop() != _OPENER_OF[char]):
            return text[:offset].rstrip()
    return text


def _next_line(after: list[str]) -> str | None:
    """The first line below the cursor's that is not blank."""
    return next((line.strip() for line in after[1:] if line.strip()), None)
