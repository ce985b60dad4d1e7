"""Remove strings from a text, to count its brackets without knowing the language."""

import re

_QUOTE = re.compile(r"[\"'`]")
_UNTIL_CLOSED = {
    '"': re.compile(r'"(?:\\.|[^"\\\n])*+'),
    "'": re.compile(r"'(?:\\.|[^'\\\n])*+"),
    "`": re.compile(r"`(?:\\.|[^`\\])*+"),
}


def without_strings(text: str) -> str:
    """Return *text* without quoted strings; a quote that is never closed is plain text.

    If a quote is not closed, then no later quote of its kind up to the end of the search is closed:
    all of them are escaped. So each kind of quote costs one pass over the text.
    """
    kept: list[str] = []
    unclosed_until = dict.fromkeys(_UNTIL_CLOSED, 0)
    copied = at = 0
    while quote := _QUOTE.search(text, at):
        at, kind = quote.end(), quote[0]
        if quote.start() < unclosed_until[kind]:
            continue
        string = _UNTIL_CLOSED[kind].match(text, quote.start())
        assert string is not None
        end = string.end()
        if text.startswith(kind, end):
            kept.append(text[copied : quote.start()])
            copied = at = end + 1
        else:
            unclosed_until[kind] = end
    return "".join([*kept, text[copied:]])
