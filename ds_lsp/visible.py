"""Text from elsewhere, made fit to be shown on one line."""

import unicodedata


def visible_only(text: str, *, keep: str = "") -> str:
    """*text* with control characters as escapes: a text must not steer the terminal.

    Those in *keep* stay.
    """
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in ("Cc", "Cs") and character not in keep
        else character
        for character in text
    )
