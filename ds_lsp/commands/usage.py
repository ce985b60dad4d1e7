"""Shows the cost of completions, and their outcomes."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.completion.outcomes import Outcome
from ds_lsp.errors import StoreError
from ds_lsp.providers.catalog import catalog
from ds_lsp.service.usage.counts import Counts, Tally, Totals
from ds_lsp.service.usage.ledger import local_now, usage_file
from ds_lsp.text.visible import escape_control_characters

DAYS = 30
_PERIODS = {"today": 1, "last 7 days": 7, f"last {DAYS} days": DAYS}

_CALLS_HEAD = ("", "requests", "cache hit", "cache miss", "output", "USD")
_QUALITY_HEAD = (
    *("language", "shown", "accepted", "partly", "typed", "rejected", "acceptance"),
    *("characters", "kept 30 s", "kept 5 min", "USD/1,000"),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """The outcomes and the cost of the completions in one language."""

    tallies: Mapping[Outcome, Tally]
    cost_usd: float

    def times(self, outcome: Outcome) -> int:
        return self.tallies.get(outcome, Tally()).times

    def chars(self, *outcomes: Outcome) -> int:
        return sum(self.tallies.get(outcome, Tally()).chars for outcome in outcomes)

    @property
    def acceptance(self) -> float | None:
        """Share of the shown completions that were accepted, partly accepted or typed out.

        None if none was shown.
        """
        shown = self.times(Outcome.SHOWN)
        used = (Outcome.ACCEPTED, Outcome.ACCEPTED_PARTLY, Outcome.TYPED_OUT)
        return sum(map(self.times, used)) / shown if shown else None

    @property
    def accepted_chars(self) -> int:
        return self.chars(Outcome.ACCEPTED, Outcome.ACCEPTED_PARTLY)

    @property
    def cost_per_retained_char(self) -> float | None:
        retained = self.chars(Outcome.KEPT_5MIN)
        return self.cost_usd / retained if retained else None


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    path, today = usage_file(), local_now().date()
    try:
        counts = read(path, today)
        if arguments.plot:
            _plot(arguments.plot, counts, today)
    except StoreError as exc:
        complain(f"The counts in {path} cannot be read: {exc}.")
        return 1
    except PlotError as exc:
        complain(str(exc))
        return 1
    if arguments.quality:
        shown = quality_of(counts)
        print_json(_quality_json(shown)) if arguments.json else _print_quality(shown)
    elif arguments.json:
        print_json({"file": str(path), **_calls_json(counts, today)})
    elif not arguments.plot:
        _print_calls(counts, today, path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp usage",
        description="Show the requests, tokens and money of all editors of this user, by model. "
        "Money is an estimate. With --quality: what became of the completions, by language.",
        allow_abbrev=False,
    )
    parser.add_argument("--quality", action="store_true", help="show acceptance instead of money")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=plot_path,
        help=f"draw the last {DAYS} days into FILE.svg, or FILE.png (which needs Pillow)",
    )
    return parser


def plot_path(text: str) -> Path:
    if not text.lower().endswith((".svg", ".png")):
        raise argparse.ArgumentTypeError(f"{text!r} ends neither in .svg nor in .png")
    return Path(text)


def read(path: Path, today: date) -> Counts:
    """Return the counts of the last `DAYS`. Raises `StoreError`."""
    # Imported where it is used: --help needs no database.
    from ds_lsp.service.usage.store import Store

    store = Store.open_existing(path)
    if store is None:
        return Counts()
    try:
        return store.read_since(_first_day(today, DAYS))
    finally:
        store.close()


def _first_day(today: date, days: int) -> str:
    return (today - timedelta(days=days - 1)).isoformat()


# Requests, tokens, money


def by_model(counts: Counts, first_day: str) -> dict[str, Totals]:
    """Return the totals of each model from *first_day* on, the one with the most requests first."""
    totals: dict[str, Totals] = {}
    for key, each in counts.calls.items():
        if key.day >= first_day:
            totals[key.model] = totals.get(key.model, Totals()) + each
    return dict(sorted(totals.items(), key=lambda item: (-item[1].requests, item[0])))


def _print_calls(counts: Counts, today: date, path: Path) -> None:
    if not counts.calls:
        print(f"Nothing was asked of a paid model in the last {DAYS} days: nothing to pay for.")
        return
    rows: list[Sequence[str]] = [_CALLS_HEAD]
    for name, days in _PERIODS.items():
        models = by_model(counts, _first_day(today, days))
        rows += [(name, *_cells(sum(models.values(), Totals())))]
        rows += [(f"  {model}", *_cells(totals)) for model, totals in models.items()]
    _print_table(rows)
    print(f"\nUSD is an estimate, by the prices of {catalog().as_of} and the time of each call.")
    totals = sum(counts.calls.values(), Totals())
    if totals.estimated:
        print(
            f"The tokens of {totals.estimated:,} of the {totals.requests:,} requests are an "
            "estimate, too: they were cut or cancelled, and DeepSeek does not tell."
        )
    unpriced = sorted({key.model for key in counts.calls} - set(catalog().prices))
    if unpriced:
        print(
            escape_control_characters(
                f"No price is known of {', '.join(unpriced)}; it counts as nothing."
            )
        )
    print(escape_control_characters(f"Counted in {path}"))


def _cells(totals: Totals) -> tuple[str, ...]:
    counts = (totals.requests, totals.prompt_hit_tokens, totals.prompt_miss_tokens)
    tokens = (f"{each:,}" for each in (*counts, totals.completion_tokens))
    return (*tokens, f"{totals.cost_usd:.4f}")


def _calls_json(counts: Counts, today: date) -> Mapping[str, object]:
    periods = {}
    for name, days in _PERIODS.items():
        models = by_model(counts, _first_day(today, days))
        periods[name.replace(" ", "_")] = {
            "models": {model: asdict(totals) for model, totals in models.items()},
            "total": asdict(sum(models.values(), Totals())),
        }
    days_used = sorted({key.day for key in counts.calls})
    return {
        "prices_as_of": catalog().as_of,
        **periods,
        "days": {day: asdict(counts.totals_on(day)) for day in days_used},
    }


# Acceptance


def quality_of(counts: Counts) -> dict[str, Quality]:
    """Return the quality by language, the one with the most shown completions first.

    The sum of all languages is last, as ``all``.
    """
    words = {outcome.value: outcome for outcome in Outcome}
    if not counts.outcomes:
        return {}
    tallies: dict[str, dict[Outcome, Tally]] = {
        key.language: {} for key in counts.calls if key.language
    }
    # A later version may count outcomes that this one does not know.
    known = [(key, tally) for key, tally in counts.outcomes.items() if key.outcome in words]
    for key, tally in known:
        for language in (key.language, "all"):
            of_language = tallies.setdefault(language, {})
            outcome = words[key.outcome]
            of_language[outcome] = of_language.get(outcome, Tally()) + tally
    qualities = {
        language: Quality(each, _cost(counts, language)) for language, each in tallies.items()
    }
    return dict(
        sorted(
            qualities.items(),
            key=lambda item: (item[0] == "all", -item[1].times(Outcome.SHOWN), item[0]),
        )
    )


def _cost(counts: Counts, language: str) -> float:
    # A call without a language is not a completion.
    languages = {key.language for key in counts.calls} if language == "all" else {language}
    calls = counts.calls.items()
    return sum(each.cost_usd for key, each in calls if key.language in languages - {""})


def _print_quality(qualities: Mapping[str, Quality]) -> None:
    if not qualities:
        print(f"No editor was offered a completion in the last {DAYS} days.")
        return
    _print_table([_QUALITY_HEAD, *_quality_rows(qualities)])
    print(
        f"\nThe last {DAYS} days, counted on this machine and told to nobody.\n"
        "acceptance: accepted, partly accepted or typed out by hand, of those shown long enough "
        "to be seen.\n"
        "characters: those accepted; kept: what of them was still there half a minute and five "
        "minutes later.\n"
        "USD/1,000: the estimated cost of a thousand characters kept for five minutes."
    )


def _quality_rows(qualities: Mapping[str, Quality]) -> Iterator[tuple[str, ...]]:
    for language, each in qualities.items():
        cost = each.cost_per_retained_char
        yield (
            language,
            f"{each.times(Outcome.SHOWN):,}",
            f"{each.times(Outcome.ACCEPTED):,}",
            f"{each.times(Outcome.ACCEPTED_PARTLY):,}",
            f"{each.times(Outcome.TYPED_OUT):,}",
            f"{each.times(Outcome.REJECTED):,}",
            "-" if each.acceptance is None else f"{each.acceptance:.0%}",
            f"{each.accepted_chars:,}",
            f"{each.chars(Outcome.KEPT_30S):,}",
            f"{each.chars(Outcome.KEPT_5MIN):,}",
            "-" if cost is None else f"{1000 * cost:.4f}",
        )


def _quality_json(qualities: Mapping[str, Quality]) -> Mapping[str, object]:
    return {
        language: {
            **{outcome.value: asdict(tally) for outcome, tally in each.tallies.items()},
            "acceptance": each.acceptance,
            "accepted_chars": each.accepted_chars,
            "retained_chars": each.chars(Outcome.KEPT_5MIN),
            "cost_usd": each.cost_usd,
            "cost_per_retained_char_usd": each.cost_per_retained_char,
        }
        for language, each in qualities.items()
    }


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))
        print(escape_control_characters("  ".join([f"{first:<{widths[0]}}", *cells])))


# The plot


class PlotError(Exception):
    """The plot cannot be written; the message gives the reason."""


def _plot(path: Path, counts: Counts, today: date) -> None:
    from ds_lsp.commands import plot

    days = [date.fromisoformat(_first_day(today, ago)) for ago in range(DAYS, 0, -1)]
    shapes = plot.to_shapes(counts, days)
    if path.suffix.lower() == ".svg":
        content = plot.to_svg(shapes).encode()
    else:
        try:
            content = plot.to_png(shapes)
        except ImportError:
            raise PlotError(
                "A PNG needs the Python package pillow beside ds-lsp "
                "(pip install pillow); FILE.svg needs nothing."
            ) from None
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise PlotError(f"{path} cannot be written: {exc.strerror}.") from None
    complain(f"{path} shows the last {DAYS} days.")
