"""The three kinds of request that differ in what they cost: uncached, cached, typed through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.bench.speed.servers import Session
from tests.bench.speed.upstream import TOKENS

SHOWN = "".join(TOKENS)


@dataclass(frozen=True)
class Asked:
    """When a request was sent, when its answer came, and whether there was one."""

    sent: int
    came: int
    has_items: bool

    @property
    def ms(self) -> float:
        return (self.came - self.sent) / 1e6


@dataclass(frozen=True)
class Kind:
    ask: Callable[[Session, int], list[Asked]]
    settings: Mapping[str, object] = field(default_factory=lambda: {"debounceMs": 0})


def uncached(session: Session, count: int) -> list[Asked]:
    """A letter that nobody has foreseen, and a request, in one write."""
    return [Asked(*session.ask(session.key())) for _ in range(count)]


def cached(session: Session, count: int) -> list[Asked]:
    """The same request again and again."""
    session.ask(session.key())
    return [Asked(*session.ask()) for _ in range(count)]


def typed_through(session: Session, count: int) -> list[Asked]:
    """What was shown is typed, letter by letter; then something else, which is not counted."""
    asked: list[Asked] = []
    while len(asked) < count:
        session.ask(session.key())
        # Of the last letter nothing would be left to show.
        asked += [Asked(*session.ask(session.key(letter))) for letter in SHOWN[:-1]]
    return asked[:count]


KINDS = {
    "uncached": Kind(uncached),
    "cached": Kind(cached),
    "typed-through": Kind(typed_through),
}
