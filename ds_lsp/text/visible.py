"""Makes text from elsewhere fit to be shown on one line."""

import re

from ds_lsp.text.invisible import BLANKS, find_misplaced

_LINE_CONTROLS = re.compile("[\t\n\r]")
_LINK = re.compile(r"\](?=\()")


def escape_control_characters(text: str, *, keep: str = "") -> str:
    """Return *text* with escapes for invisible characters and those that control a terminal.

    The characters in *keep* are not escaped.
    """
    hidden = {at for at in find_misplaced(text, own=(BLANKS,)) if text[at] not in keep}
    hidden |= {found.start() for found in _LINE_CONTROLS.finditer(text) if found[0] not in keep}
    if not hidden:
        return text
    return "".join(
        each.encode("unicode_escape").decode() if at in hidden else each
        for at, each in enumerate(text)
    )


def as_message(text: str) -> str:
    """Return *text* as one line without Markdown links, as an editor runs ``[a](command:b)``."""
    return _LINK.sub("] ", escape_control_characters(" ".join(text.split())))


visible_only = escape_control_characters
"""The former name of the function, which scripts outside the package still import."""
