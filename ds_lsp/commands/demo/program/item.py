"""One kind of thing in stock."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """What it is called, what one of it costs, and how many there are."""

    name: str
    price: int
    count: int

    @property
    def worth(self) -> int:
        return self.price * self.count


def parse_item(line: str) -> Item:
    """An item from one line of a file: ``name, price, count``."""
    name, price, count = line.split(",")
    return Item(name=name.strip(), price=int(price), count=int(count))


def format_item(item: Item) -> str:
    return f"{item.name:<20}{item.price:>8}{item.count:>6}"
