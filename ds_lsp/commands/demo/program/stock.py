"""Everything in stock."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from .item import Item, parse_item


class Stock:
    """Items by name."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items = {item.name: item for item in items}

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def add(self, item: Item) -> None:
        self._items[item.name] = item

    def find(self, name: str) -> Item | None:
        return self._items.get(name)


def load_stock(path: Path) -> Stock:
    with path.open(encoding="utf-8") as lines:
        return Stock(parse_item(line) for line in lines if line.strip())


def dear_items(stock: Stock, most: int) -> list[Item]:
    return [item for item in stock if item.price > most]


def missing_items(stock: Stock) -> list[Item]:
    return [item for item in stock if item.count == 0]


def total_count(stock: Stock) -> int:
    total = 0
    for item in stock:
        total += item.count
    return total
