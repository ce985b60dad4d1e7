"""Text without its strings, for counting brackets in a language that need not be known."""

import re

_QUOTE = re.compile(r"[\"'`]")
_UNTIL_CLOSED = {
    '"': re.compile(r'"(?:\\.|[^"\\\n])*+'),
    "'": re.compile(r"'(?:\\.|[^'\\\n])*+"),
    "`": re.compile(r"`(?:\\.|[^`\\])*+"),
}


def without_strings(text: str) -> str:
    """*text* without what stands between quotes; a quote that nothing closes is text.

    Reading from a quote that is not closed tells that no later one like it, up to where reading
    ended, is closed: all of them are escaped. So each kind of quote costs one reading of the text.
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
