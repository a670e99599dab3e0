"""Tables that are shown whole, sorted by any of their columns: ``?order_by=-column``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from flask import request, url_for

from costoptix.errors import Invalid

Listed = TypeVar("Listed")


class Comparable(Protocol):
    """A value that is less or greater than others of its column."""

    def __lt__(self, other: Any, /) -> bool:
        """Tell whether it comes first."""


@dataclass(frozen=True)
class Sorting(Generic[Listed]):
    """What a table is sorted by, and where the heads of its columns lead.

    ``columns`` say by name what is compared; None comes last, whatever the direction.
    """

    columns: Mapping[str, Callable[[Listed], Comparable | None]]
    order_by: str  # "" for the order in which the rows come
    address: Callable[[str], str]

    def url(self, order_by: str) -> str:
        """Return the address of the page in another order."""
        return self.address(order_by)

    def rows(self, rows: Iterable[Listed]) -> list[Listed]:
        """Return the rows in order; of equal ones, as they come."""
        column = self.columns.get(self.order_by.removeprefix("-"))
        if column is None:
            return list(rows)
        keyed = [(column(row), row) for row in rows]
        with_values = [(value, row) for value, row in keyed if value is not None]
        with_values.sort(key=lambda pair: pair[0], reverse=self.order_by.startswith("-"))
        return [row for _, row in with_values] + [row for value, row in keyed if value is None]


def check_order(order_by: str, columns: Iterable[str]) -> str:
    """Return an order that a table has, or "".

    Raises:
        Invalid: it has no such column.
    """
    names = list(columns)
    if order_by and order_by.removeprefix("-") not in names:
        raise Invalid(
            f"order_by must be one of {', '.join(names)}, with - in front for descending."
        )
    return order_by


def sorting(
    endpoint: str, columns: Mapping[str, Callable[[Listed], Comparable | None]]
) -> Sorting[Listed]:
    """Read how the table of a page without other parameters is sorted.

    Raises:
        Invalid: ``order_by`` names no column, or is given twice.
    """
    given = request.args.getlist("order_by")
    if len(given) > 1:
        raise Invalid("order_by must be given once.")
    order_by = check_order(given[0] if given else "", columns)
    return Sorting(columns, order_by, lambda order: url_for(endpoint, order_by=order))
