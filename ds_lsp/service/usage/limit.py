"""The daily limit of tokens: the level of use, and the sentence for the user about it."""

from enum import Enum

NEAR = 0.8
"""The share of the limit from which the user is warned."""


class Level(Enum):
    """The level of the day's tokens relative to the limit."""

    BELOW = "below"
    NEAR = "near"
    OVER = "over"
    """The limit is used up: no automatic request is sent."""


def level(tokens: int, limit: int | None) -> Level:
    """Return the level of the day's *tokens*; `Level.BELOW` if there is no limit."""
    if limit is None:
        return Level.BELOW
    if tokens >= limit:
        return Level.OVER
    return Level.NEAR if tokens >= NEAR * limit else Level.BELOW


def message(level: Level, limit: int | None) -> str | None:
    """Return one sentence for the user, or None below the limit.

    The sentence of a level does not change during the day: it is shown when the level changes.
    """
    match level:
        case Level.BELOW:
            return None
        case Level.NEAR:
            return (
                f"Today's tokens have reached {NEAR:.0%} of the limit of {limit:,} "
                "(usage.daily_token_limit)."
            )
        case Level.OVER:
            return (
                f"Today's limit of {limit:,} tokens (usage.daily_token_limit) is used up: "
                "until tomorrow the model is asked only when you ask for a completion yourself."
            )
