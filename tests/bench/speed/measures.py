"""What is measured of a server, one function for each group of rows; all times in milliseconds."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.speed.requests import Asked, cached, typed_through, uncached
from tests.bench.speed.servers import Server, Session, Upstream
from tests.raw_client import frame

Samples = defaultdict[str, list[float]]
"""What was measured, by its name."""

HOLD_MS = 600.0
"""How long the API thinks where a request is cancelled meanwhile."""
FIRST_MS, TOKEN_MS, TOKENS = 60.0, 5.0, 10
BURST_KEYS, BURST_GAP_S = 60, 0.08
ANSWERED_BY_API_MS = FIRST_MS + TOKEN_MS * TOKENS


@dataclass(frozen=True)
class Place:
    """Where a measure is taken."""

    api: Upstream
    workspace: Path
    count: int
    """How many requests, where they are many."""
    pauses_s: tuple[float, ...] = ()


def start(server: Server, at: Place, into: Samples) -> None:
    """From the start of the process to the answers to its first request, and to its first key."""
    with Session(server, at.workspace) as session:
        into["initialize"].append(session.initialized_ms)
        for _ in range(400):
            _, came, has_items = session.ask(session.key())
            if has_items:
                into["first completion"].append((came - session.process.spawned) / 1e6)
                return
            session.process.rest(0.005)


def keystrokes(server: Server, at: Place, into: Samples) -> None:
    """A letter and a request in one write, each answered by the API at once."""
    with Session(server, at.workspace) as session:
        uncached(session, 60)
        at.api.log()
        before = session.process.cpu_ms()
        asked = uncached(session, at.count)
        into["cpu"].append((session.process.cpu_ms() - before) / at.count)
        into["added"] += _added_ms(asked, at.api)
        assert all(each.has_items for each in asked), server.name


def memory_of_answers(server: Server, at: Place, into: Samples) -> None:
    """The same request again, and what was shown typed along."""
    with Session(server, at.workspace) as session:
        uncached(session, 20)
        cached(session, 20)
        into["cached"] += [each.ms for each in cached(session, at.count)]


def waits(server: Server, at: Place, into: Samples) -> None:
    """As shipped: what an answer from memory waits for, and the first key after a pause."""
    with Session(server, at.workspace) as session:
        for _ in range(3):
            session.process.rest(2.5)
            at.api.log()
            _, first = at.api.log()[0], session.ask(session.key())
            asked = [each["asked"] for each in at.api.log()[1]]
            into["first key"] += [(asked[0] - first[0]) / 1e6] if asked else []
            into["cached as shipped"] += [each.ms for each in _again(session, 5)]
        if server.trigger != 1:
            into["typed through as shipped"] += [each.ms for each in typed_through(session, 10)]


def burst(server: Server, at: Place, into: Samples) -> None:
    """Keys at a typist's pace, each with a request that takes back the one before."""
    with Session(server, at.workspace) as session:
        uncached(session, 3)
        session.process.rest(1.0)
        at.api.set(FIRST_MS, TOKEN_MS)
        before, _ = at.api.log()
        previous, sent = 0, 0
        for _ in range(BURST_KEYS):
            data = session.key()
            if previous:
                data += frame({"method": "$/cancelRequest", "params": {"id": previous}})
            previous, sent = session.process.send(server.method, session.params(), data)
            session.process.rest(BURST_GAP_S)
        came, _ = session.process.wait(previous)
        session.process.rest(0.5)
        connections, asked = at.api.log()
        at.api.set()
        into["burst requests"].append(len(asked) / BURST_KEYS)
        into["burst last"].append((came - sent) / 1e6 - ANSWERED_BY_API_MS)
        into["burst connections"].append(connections - before)


def large_files(server: Server, at: Place, into: Samples) -> None:
    for lines in (1_000, 100_000):
        with Session(server, at.workspace, lines) as session:
            session.barrier()
            uncached(session, 5)
            into[f"{lines} lines"] += [each.ms for each in uncached(session, at.count // 10 + 5)]


def resident_memory(server: Server, at: Place, into: Samples) -> None:
    with Session(server, at.workspace) as session:
        uncached(session, 1000)
        first = session.process.memory_mb()
        into["memory"].append(first)
        uncached(session, 1000)
        into["growth"].append(session.process.memory_mb() - first)


def over_a_link(server: Server, at: Place, into: Samples) -> None:
    """On a slow link with TLS: warm, first of the session, after pauses, after a cancel."""
    with Session(server, at.workspace) as session:
        # Somebody opens a file and reads before typing.
        session.process.rest(5.0)
        into["first on link"] += [each.ms for each in uncached(session, 1)]
        uncached(session, 1)
        into["warm on link"] += [each.ms for each in uncached(session, 7)]
        for pause_s in at.pauses_s:
            session.process.rest(pause_s)
            into["after a pause"] += [each.ms for each in uncached(session, 1)]
        at.api.set(HOLD_MS)
        at.api.log()
        for _ in range(5):
            # Long enough since the last one, as on most days.
            session.process.rest(0.5)
            key = session.key()
            identifier, _ = session.process.send(server.method, session.params(), key)
            session.process.rest(0.15)
            cancel = frame({"method": "$/cancelRequest", "params": {"id": identifier}})
            # Somewhere else: what goes on in the same place may be what the first one comes to say.
            session.next_line()
            asked = Asked(*session.ask(cancel + session.key()))
            into["after a cancel"].append(asked.ms - HOLD_MS)
        session.process.rest(0.2)
        into["hung up"].append(sum(bool(each["hung_up"]) for each in at.api.log()[1]) / 5)
        at.api.set()


Measure = Callable[[Server, Place, Samples], None]


def run(
    measure: Measure, servers: Iterable[Server], at: Place, rounds: int, into: dict[str, Samples]
) -> None:
    """Measure all servers in turn, so that a machine that slows down slows all of them."""
    for _ in range(rounds):
        for server in servers:
            measure(server, at, into[server.name])


def medians(samples: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in samples.items() if values}


def _again(session: Session, count: int) -> list[Asked]:
    # What the request before has left to do is not this one's.
    session.process.rest(0.05)
    return [Asked(*session.ask()) for _ in range(count)]


def _added_ms(asked: Iterable[Asked], api: Upstream) -> list[float]:
    """What each request took beyond the time the API had it."""
    held = iter(api.log()[1])
    added = []
    call = next(held, None)
    for each in asked:
        api_ms, calls = 0.0, 0
        while call and call["done"] and call["done"] <= each.came:
            if call["asked"] >= each.sent:
                api_ms += (call["done"] - call["asked"]) / 1e6
                calls += 1
            call = next(held, None)
        if calls:
            added.append(each.ms - api_ms)
    return added
