"""Brackets and quotes, and the brackets that a text leaves open."""

CLOSER_OF = {"(": ")", "[": "]", "{": "}"}
"""Closing brackets by the opening ones."""
OPENER_OF = {closer: opener for opener, closer in CLOSER_OF.items()}
"""Opening brackets by the closing ones."""
QUOTES = ('"', "'", "`")


def bracket_balances(text: str) -> tuple[int, ...]:
    """Return how many more brackets open than close: round, square and curly ones."""
    return tuple(text.count(opener) - text.count(CLOSER_OF[opener]) for opener in CLOSER_OF)
