"""What a cost page is asked: the API's own parameters, and the few that only pages have.

The query string is the whole state of a page. Links are made from a changed question, never
from a changed string, so that each is in the one canonical form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import current_app, request, url_for
from flask_login import current_user

from costoptix.clock import utc_today
from costoptix.costs import asking, report
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import Ask
from costoptix.costs.query import (
    DEFAULT_ORDER,
    PERIOD_START,
    CostQuery,
    Filter,
    Order,
    is_tag,
)
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.figures.breakdown import Group
from costoptix.figures.comparison import Compare
from costoptix.lake.layout import METRICS
from costoptix.periods import DateRange, Granularity, Preset, parse_day, resolve_preset

PAGE_PARAMETERS = ("metric", "compare", "complete_days", "limit", "columns", "filter_by", "q")
"""What is no part of a cost query."""

OPTIONAL = ("account", "group_by", "granularity", "order_by", *PAGE_PARAMETERS)
"""Left empty in a form, these are as good as absent; an empty filter value is not."""

PAGE_COLUMNS = (
    "share", "compared", "before", "change", "change_percent", "per_day", "not_compared", "average",
    "peak_month", "trend", "cagr", "total_change", "month_over_month", "confidence", "anomaly",
)  # fmt: skip
"""What a table of totals can also be ordered by: columns that only pages have.

So is a table with a column per bucket, by the first day of any of them.
"""

DRIVERS = ("service_name", "resource_id", "sku_id", "region_id")
"""What a group is opened by, one after the other."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class CostQuestion:
    """One state of a cost page. ``query`` is what the API would be asked.

    ``default_metric`` needs no naming in an address: it is the same on every page.
    """

    endpoint: str
    query: CostQuery
    metric: str
    default_metric: str
    complete_days: bool = False
    limit: int | None = None  # None: as many rows as the page shows by itself
    page_order: str = ""  # a column that only the page has, as ``-change``
    own: tuple[tuple[str, str], ...] = ()  # what only this page is asked
    compare: Compare = Compare.PREVIOUS
    columns: tuple[str, ...] = ()  # of the table; none: those that it shows by itself

    @property
    def pairs(self) -> Pairs:
        """Return the parameters that make this question again."""
        own = [("metric", self.metric)] if self.metric != self.default_metric else []
        own += [("compare", self.compare.value)] if self.compare is not Compare.PREVIOUS else []
        own += [("complete_days", "1")] if self.complete_days else []
        own += [("limit", str(self.limit))] if self.limit is not None else []
        own += [("order_by", self.page_order)] if self.page_order else []
        own += [("columns", ",".join(self.columns))] if self.columns else []
        return [*self.query.to_params(), *own, *self.own]

    @property
    def url(self) -> str:
        """Return the address of the page in this state."""
        return url_with(self.endpoint, self.pairs)

    def hidden(self, *names: str) -> Pairs:
        """Return the parameters that a form repeats, but for those that it asks for itself."""
        return [pair for pair in self.pairs if pair[0] not in names]

    def over(self, days: DateRange, preset: Preset | None = None) -> CostQuestion:
        """Ask over other days."""
        return self._with(date_range=days, preset=preset)

    def preset(self, preset: Preset) -> CostQuestion:
        """Ask over a range that moves with the calendar."""
        return self.over(resolve_preset(preset, utc_today()), preset)

    def comparing(self, compare: Compare) -> CostQuestion:
        """Ask to compare with something else, instead of with what only this page compares."""
        own = tuple(pair for pair in self.own if not pair[0].startswith("compare_"))
        return replace(self, compare=compare, own=own)

    def grouped(self, *group_by: str) -> CostQuestion:
        """Ask by other groups, in the page's own order."""
        return replace(self._with(group_by=group_by, order_by=DEFAULT_ORDER), page_order="")

    def ordered(self, column: str, *, descending: bool) -> CostQuestion:
        """Ask for another order, by a column of the API or of the page."""
        if is_page_column(column):
            page_order = f"-{column}" if descending else column
            return replace(self._with(order_by=DEFAULT_ORDER), page_order=page_order)
        return replace(self._with(order_by=(Order(column, descending),)), page_order="")

    def with_own(self, name: str, value: str) -> CostQuestion:
        """Ask something that only this page is asked; "" takes it back."""
        kept = [pair for pair in self.own if pair[0] != name]
        return replace(self, own=(*kept, (name, value)) if value else tuple(kept))

    def own_value(self, name: str) -> str:
        """Return what was asked of this page alone; "" when it was not."""
        return dict(self.own).get(name, "")

    def showing(self, limit: int) -> CostQuestion:
        """Ask for as many rows."""
        return replace(self, limit=limit)

    def with_columns(self, *columns: str) -> CostQuestion:
        """Ask for some columns; for those that the page shows by itself when none is named."""
        return replace(self, columns=columns)

    def url_to_filter(self, dimension: str) -> str:
        """Return the address of this page with the values of a dimension to choose from."""
        return url_with(self.endpoint, [*self.pairs, ("filter_by", dimension)])

    def direction(self, column: str) -> str:
        """Return how a column is sorted, in the words of aria-sort; "" when others come first."""
        first = self.page_order or str(self.query.order_by[0])
        if not self.page_order and self.query.order_by == DEFAULT_ORDER:
            is_total = self.query.granularity is Granularity.TOTAL
            first = f"-{self.metric}" if is_total else PERIOD_START
        if first.removeprefix("-") != column:
            return ""
        return "descending" if first.startswith("-") else "ascending"

    def only(self, dimension: str, value: str | None) -> CostQuestion:
        """Ask for one value of a dimension, instead of what was asked of it before."""
        return self.anything(dimension).also(dimension, value)

    def also(self, dimension: str, value: str | None) -> CostQuestion:
        """Ask for one more value of a dimension."""
        chosen = next((e.values for e in self.query.filters if e.dimension == dimension), ())
        kept = [condition for condition in self.query.filters if condition.dimension != dimension]
        values = tuple(sorted({*chosen, value}, key=_none_first))
        return self._with(filters=_sorted([*kept, Filter(dimension, values)]))

    def anything(self, dimension: str) -> CostQuestion:
        """Take the filters of one dimension back."""
        kept = (condition for condition in self.query.filters if condition.dimension != dimension)
        return self._with(filters=tuple(kept))

    def only_group(self, group: Group) -> CostQuestion:
        """Ask for one group."""
        question = self
        for dimension, value in zip(self.query.group_by, group, strict=True):
            question = question.only(dimension, value)
        return question

    def opened(self, group: Group) -> CostQuestion:
        """Ask for one group alone, by what drives its cost."""
        chosen = {e.dimension for e in self.query.filters} | set(self.query.group_by)
        drivers = (dimension for dimension in DRIVERS if dimension not in chosen)
        return self.only_group(group).grouped(next(drivers, DRIVERS[-1]))

    def without(self, dimension: str, value: str | None, *, excluded: bool = False) -> CostQuestion:
        """Take one filter value back (of the exclusions, when ``excluded``)."""
        name = "exclusions" if excluded else "filters"
        return self._with(**{name: _dropped(getattr(self.query, name), dimension, value)})

    def excluding(self, dimension: str, value: str | None) -> CostQuestion:
        """Ask for all but one more value of a dimension."""
        chosen = next((e.values for e in self.query.exclusions if e.dimension == dimension), ())
        kept = [
            condition for condition in self.query.exclusions if condition.dimension != dimension
        ]
        values = tuple(sorted({*chosen, value}, key=_none_first))
        return self._with(exclusions=_sorted([*kept, Filter(dimension, values)]))

    def unfiltered(self) -> CostQuestion:
        """Take all filters back."""
        return self._with(filters=(), exclusions=())

    def _with(self, **changes: object) -> CostQuestion:
        return replace(self, query=replace(self.query, **changes))  # type: ignore[arg-type]


def is_page_column(name: str) -> bool:
    """Tell whether a table is ordered by this on the page alone; a bucket is named by its day."""
    return name in PAGE_COLUMNS or _is_day(name)


def _is_day(text: str) -> bool:
    try:
        return bool(parse_day(text, "order_by"))
    except Invalid:
        return False


def _sorted(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    return tuple(sorted(filters, key=lambda condition: condition.dimension))


def _none_first(value: str | None) -> tuple[bool, str]:
    return value is not None, value or ""


def _dropped(filters: Iterable[Filter], dimension: str, value: str | None) -> tuple[Filter, ...]:
    kept = (
        replace(condition, values=tuple(v for v in condition.values if v != value))
        if condition.dimension == dimension
        else condition
        for condition in filters
    )
    return tuple(condition for condition in kept if condition.values)


def url_with(endpoint: str, pairs: Pairs) -> str:
    """Return a page's address with a query string."""
    return f"{url_for(endpoint)}?{urlencode(pairs)}" if pairs else url_for(endpoint)


def given_pairs() -> Pairs:
    """Return the request's parameters; what a form left empty is absent."""
    return [(k, v) for k, v in request.args.items(multi=True) if v or k not in OPTIONAL]


def take(pairs: Pairs, name: str) -> str:
    """Take a page's own parameter out of the pairs; "" when it is absent.

    Raises:
        Invalid: it was given twice.
    """
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise Invalid(f"{name} must be given once.")
    pairs[:] = [pair for pair in pairs if pair[0] != name]
    return values[0] if values else ""


def default_metric() -> str:
    """Return what pages show where no metric is named: the choice of the reader's organization."""
    metric: str = current_user.organization.metric
    return metric


def take_metric(pairs: Pairs) -> str:
    """Take ``metric`` out of the pairs; the organization's where none is given.

    Raises:
        Invalid: it is not one of the four.
    """
    metric = take(pairs, "metric") or default_metric()
    if metric not in METRICS:
        raise Invalid(f"metric must be one of {', '.join(METRICS)}.")
    return metric


def take_compare(pairs: Pairs) -> Compare:
    """Take ``compare`` out of the pairs; pages compare with the period before unless asked.

    Raises:
        Invalid: it is none of what one can compare with.
    """
    text = take(pairs, "compare") or Compare.PREVIOUS.value
    if text not in [compare.value for compare in Compare]:
        raise Invalid(f"compare must be one of {', '.join(Compare)}.")
    return Compare(text)


def cost_store() -> CostStore:
    """Return the application's cost store."""
    store: CostStore = current_app.extensions["cost_store"]
    return store


def asker() -> Ask:
    """Return what answers queries for the organization of whoever is signed in."""
    return asking.asker(db.session(), current_user.organization, cost_store())


def tag_dimensions() -> list[str]:
    """List ``tag:<key>`` for the keys in the bills of whoever is signed in."""
    names = report.dimension_names(db.session(), current_user.organization, cost_store())
    return [name for name in names if is_tag(name)]
