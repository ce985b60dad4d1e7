"""The day's limit of tokens: how near it is, and what there is to say about it."""

from enum import Enum

NEAR = 0.8
"""The share of the limit from which on the user is told."""


class Level(Enum):
    """Where the day's tokens stand."""

    BELOW = "below"
    NEAR = "near"
    OVER = "over"
    """The limit is used up: nothing is asked automatically."""


def level(tokens: int, limit: int | None) -> Level:
    if limit is None:
        return Level.BELOW
    if tokens >= limit:
        return Level.OVER
    return Level.NEAR if tokens >= NEAR * limit else Level.BELOW


def message(level: Level, limit: int | None) -> str | None:
    """One sentence for the user. The same all day long: it is said when it becomes another."""
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
