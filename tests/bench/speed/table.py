"""The rows that are to be reached, and what was."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Medians = Mapping[str, Mapping[str, float]]
"""By server, and by what was measured."""
Value = Callable[[Medians, str], float]
"""The figure of a row, of one server."""


@dataclass(frozen=True)
class Row:
    number: str
    what: str
    value: Value
    must: float
    aim: float
    unit: str = ""


def _plain(name: str) -> Value:
    return lambda all_, server: all_[server][name]


def _to(name: str, base: str) -> Value:
    """Against something else of the same server."""
    return lambda all_, server: all_[server][name] / all_[server][base]


def _to_floor(name: str) -> Value:
    return lambda all_, server: all_[server][name] / all_["floor"][name]


SMALL, LARGE = "1000 lines", "100000 lines"
ROWS = (
    Row("1", "after a pause / warm", _to("after a pause", "warm on link"), 1.10, 1.03),
    Row("2", "after a cancel / warm", _to("after a cancel", "warm on link"), 1.10, 1.03),
    Row("", "the API saw the hang-up", _plain("hung up"), 1.0, 1.0),
    Row("3", "first of a session / warm", _to("first on link", "warm on link"), 1.2, 1.05),
    Row("4", "from memory, as shipped", _plain("cached as shipped"), 10.0, 10.0, " ms"),
    Row("", "typed through, as shipped", _plain("typed through as shipped"), 10.0, 10.0, " ms"),
    Row("5", "first key after a pause waits", _plain("first key"), 50.0, 10.0, " ms"),
    Row("6", "burst: requests for each key", _plain("burst requests"), 1 / 6, 1 / 12),
    Row("", "last answer beyond the API's", _plain("burst last"), 150.0, 100.0, " ms"),
    Row("", "new connections", _plain("burst connections"), 6, 3),
    Row("7", "added latency / floor", _to_floor("added"), 0.45, 0.25),
    Row("8", "processor time / floor", _to_floor("cpu"), 0.45, 0.25),
    Row("9", "from memory / floor", _to_floor("cached"), 0.5, 0.3),
    Row("10", "100,000 lines / 1,000 lines", _to(LARGE, SMALL), 1.5, 1.2),
    Row("", "100,000 lines / floor", _to_floor(LARGE), 1 / 15, 1 / 50),
    Row("11", "initialize / floor", _to_floor("initialize"), 0.45, 0.06),
    Row("12", "first completion / floor", _to_floor("first completion"), 0.9, 0.5),
    Row("13", "memory after 1,000", _plain("memory"), 65, 55, " MB"),
    Row("", "growth for 1,000 more", _plain("growth"), 4, 1, " MB"),
)
MORE_IS_BETTER = frozenset({"the API saw the hang-up"})


def lines(medians: Medians) -> Iterator[str]:
    """The table in Markdown; a row that was not measured has dashes."""
    servers = [name for name in ("ds-lsp", "floor", "tabby") if name in medians]
    yield "| | what | must | aim | " + " | ".join(servers) + " | reached |"
    yield "| --- | --- | --- | --- |" + " --- |" * len(servers) + " --- |"
    for row in ROWS:
        figures = [_figure(row, medians, server) for server in servers]
        values = [f"{figure:.3g}{row.unit}" if figure is not None else "-" for figure in figures]
        limits = f"{row.must:.3g}{row.unit} | {row.aim:.3g}{row.unit}"
        end = _reached(row, figures[0])
        yield f"| {row.number} | {row.what} | {limits} | " + " | ".join(values) + f" | {end} |"


def _figure(row: Row, medians: Medians, server: str) -> float | None:
    try:
        return row.value(medians, server)
    except KeyError:
        return None


def _reached(row: Row, figure: float | None) -> str:
    if figure is None:
        return "not measured"
    sign = -1 if row.what in MORE_IS_BETTER else 1
    if sign * figure <= sign * row.aim:
        return "aim"
    return "must" if sign * figure <= sign * row.must else "**no**"
