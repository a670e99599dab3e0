"""The cost query: what is asked, checked against allow-lists, as one immutable value.

A query string, a form and a budget all become the same ``CostQuery``. Names are looked up, never
passed through; values are only ever bound as parameters.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from costoptix.errors import Invalid
from costoptix.lake.layout import DIMENSIONS, METRICS
from costoptix.lake.providers import canonical_value, same_account
from costoptix.lake.tag_rules import AS_WRITTEN, TagCleaning
from costoptix.periods import (
    DateRange,
    Granularity,
    Preset,
    month_start,
    parse_day,
    resolve_preset,
)

ACCOUNT = "account"
TAG_PREFIX = "tag:"
RAW_PREFIX = "raw:"
EXCLUDE_PREFIX = "exclude_"
PERIOD_START = "period_start"
CURRENCY = "currency"
SINGLE_PARAMETERS = ("start_date", "end_date", "range", "granularity")
LIST_PARAMETERS = ("group_by", "order_by")

MAX_GROUPS = 4
MAX_VALUES = 500
MAX_VALUE_LENGTH = 2048
MAX_TAG_KEY_LENGTH = 256

Parameters = Iterable[tuple[str, str]]
_Option = TypeVar("_Option", bound=StrEnum)


@dataclass(frozen=True, order=True)
class Filter:
    """The values of one dimension (or ``account``, ``tag:<key>``, ``raw:<key>``).

    None is "has none".
    """

    dimension: str
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class Order:
    """One step of the ordering: a grouped dimension, ``period_start``, ``currency`` or a metric."""

    column: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column


@dataclass(frozen=True)
class Sides:
    """Days of a question that stand against earlier ones.

    ``places`` pairs the first day of each earlier bucket with that of the bucket that it stands
    against; whole buckets, not clipped to the range. Without buckets there are none.
    """

    now: DateRange  # within the question's range
    before: DateRange  # not touching ``now``
    places: tuple[tuple[date, date], ...] = ()


DEFAULT_ORDER = (Order(PERIOD_START), Order("billed_cost", descending=True))


@dataclass(frozen=True)
class CostQuery:
    """A checked question about costs; equal questions are equal values.

    ``filters`` of different dimensions AND, the values of one OR; ``exclusions`` take away.
    ``search`` keeps the rows whose first ``group_by`` dimension contains that text, whatever
    the case. ``preset`` is how the range was said, for links that stay alive. With ``sides`` the
    answer also holds what both of these cost; a group that was there only before is a row, too.
    ``tag_rules`` are those of the moment in which it is answered.
    """

    date_range: DateRange
    granularity: Granularity = Granularity.TOTAL
    group_by: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    exclusions: tuple[Filter, ...] = ()
    order_by: tuple[Order, ...] = DEFAULT_ORDER
    search: str = ""
    preset: Preset | None = field(default=None, compare=False)
    sides: Sides | None = None
    tag_rules: TagCleaning = field(default=AS_WRITTEN, compare=False)

    @classmethod
    def from_params(cls, params: Parameters, today: date) -> CostQuery:
        """Read the contract's parameters, in any order; absent dates are this month to ``today``.

        Raises:
            Invalid: a parameter is unknown or wrong; the sentence names it and what is allowed.
        """
        given = _collect(params)
        date_range, preset = _date_range(given, today)
        group_by = _group_by(given.pop("group_by", []))
        order_by = _order_by(given.pop("order_by", []), group_by)
        granularity = _choice(given, "granularity", Granularity) or Granularity.TOTAL
        filters, exclusions = _filters(given)
        return cls(
            date_range=date_range,
            granularity=granularity,
            group_by=group_by,
            filters=filters,
            exclusions=exclusions,
            order_by=order_by,
            preset=preset,
        )

    def to_params(self) -> list[tuple[str, str]]:
        """Write the parameters from which ``from_params`` makes this query again."""
        params = self._range_params()
        if self.granularity is not Granularity.TOTAL:
            params.append(("granularity", self.granularity.value))
        if self.group_by:
            params.append(("group_by", ",".join(self.group_by)))
        for prefix, filters in (("", self.filters), (EXCLUDE_PREFIX, self.exclusions)):
            params += [(prefix + f.dimension, value or "") for f in filters for value in f.values]
        if self.order_by != DEFAULT_ORDER:
            params.append(("order_by", ",".join(str(order) for order in self.order_by)))
        return params

    def _range_params(self) -> list[tuple[str, str]]:
        if self.preset is not None:
            return [("range", self.preset.value)]
        days = self.date_range
        return [("start_date", days.first.isoformat()), ("end_date", days.last.isoformat())]

    @property
    def fingerprint(self) -> str:
        """Return a digest that is equal for equal questions, in every process."""
        resolved = replace(self, preset=None).to_params()
        parts = [self.search, resolved]
        if self.sides:
            parts.append(str(self.sides))
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    @property
    def columns(self) -> frozenset[str]:
        """Return the stored columns that grouping and filtering need, ``tags`` among them."""
        names = {*self.group_by, *(f.dimension for f in (*self.filters, *self.exclusions))}
        account = {"provider_name", "sub_account_id"} if ACCOUNT in names else set()
        return frozenset(account | {"tags" if is_tag(n) else n for n in names - {ACCOUNT}})


def is_tag(name: str) -> bool:
    """Tell whether a dimension is a tag: ``tag:<key>``, or ``raw:<key>`` as bills write it."""
    return name.startswith((TAG_PREFIX, RAW_PREFIX))


def is_raw_tag(name: str) -> bool:
    """Tell whether a dimension is a tag as bills write it, whatever the rules say."""
    return name.startswith(RAW_PREFIX)


def tag_key(name: str) -> str:
    """Return the key of ``tag:<key>`` or ``raw:<key>``."""
    return name.partition(":")[2]


def called_now(query: CostQuery, rules: TagCleaning) -> CostQuery:
    """Return a query whose filters name the values of tags as the rules call them.

    What was asked before there was a rule means the same costs.
    """

    def called(chosen: Filter) -> Filter:
        if not is_tag(chosen.dimension) or is_raw_tag(chosen.dimension):
            return chosen
        renamed = rules.values(tag_key(chosen.dimension))
        values = (renamed.get(value or "", value) for value in chosen.values)
        return replace(chosen, values=tuple(dict.fromkeys(values)))

    return replace(
        query,
        filters=tuple(map(called, query.filters)),
        exclusions=tuple(map(called, query.exclusions)),
    )


def is_tag_key(key: str) -> bool:
    """Tell whether one can ask for this tag key; a comma would end it in ``group_by``."""
    return 0 < len(key) <= MAX_TAG_KEY_LENGTH and key.isprintable() and "," not in key


def check_dimension(name: str, parameter: str) -> str:
    """Return ``name`` when it is a dimension, ``tag:<key>`` or ``raw:<key>``.

    Raises:
        Invalid: it is neither; the sentence names ``parameter`` and what is allowed.
    """
    if name in DIMENSIONS:
        return name
    if is_tag(name):
        if not is_tag_key(tag_key(name)):
            raise Invalid(
                f"{parameter}: a tag key has 1 to {MAX_TAG_KEY_LENGTH} printable characters"
                " and no comma."
            )
        return name
    raise Invalid(f"{parameter} must be one of {', '.join(DIMENSIONS)}, tag:<key>, raw:<key>.")


def _collect(params: Parameters) -> dict[str, list[str]]:
    given: dict[str, list[str]] = defaultdict(list)
    for count, (name, value) in enumerate(params, start=1):
        _check_name(name)
        if count > MAX_VALUES:
            raise Invalid(f"At most {MAX_VALUES} parameters and filter values are allowed.")
        if len(value) > MAX_VALUE_LENGTH:
            raise Invalid(f"{name} must have at most {MAX_VALUE_LENGTH} characters.")
        if not is_text(value):
            raise Invalid(f"{name} must be valid Unicode text.")
        if name in SINGLE_PARAMETERS and name in given:
            raise Invalid(f"{name} must be given once.")
        given[name].append(value)
    return given


def is_text(value: str) -> bool:
    """Tell whether the text can be encoded: lone surrogates and NUL cannot be compared."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _check_name(name: str) -> None:
    if name in SINGLE_PARAMETERS or name in LIST_PARAMETERS:
        return
    dimension = name.removeprefix(EXCLUDE_PREFIX)
    if dimension == ACCOUNT or dimension in DIMENSIONS:
        return
    if is_tag(dimension):
        check_dimension(dimension, "tag:<key>")
        return
    allowed = ", ".join((*SINGLE_PARAMETERS, *LIST_PARAMETERS, ACCOUNT, *DIMENSIONS))
    raise Invalid(
        f"Unknown parameter {name[:60]!r}. Allowed are {allowed}, tag:<key>, raw:<key>,"
        f" and {EXCLUDE_PREFIX}<dimension>."
    )


def _date_range(given: dict[str, list[str]], today: date) -> tuple[DateRange, Preset | None]:
    preset = _choice(given, "range", Preset)
    days = {name: given.pop(name)[0] for name in ("start_date", "end_date") if name in given}
    if preset is not None:
        if days:
            raise Invalid("range cannot be combined with start_date or end_date.")
        return resolve_preset(preset, today), preset
    first, last = (
        parse_day(days[name], name) if name in days else default
        for name, default in (("start_date", month_start(today)), ("end_date", today))
    )
    return DateRange.asked(first, last), None


def _choice(given: dict[str, list[str]], name: str, allowed: type[_Option]) -> _Option | None:
    values = given.pop(name, None)
    if values is None:
        return None
    if values[0] not in [option.value for option in allowed]:
        raise Invalid(f"{name} must be one of {', '.join(option.value for option in allowed)}.")
    return allowed(values[0])


def _split(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",")]


def _group_by(values: list[str]) -> tuple[str, ...]:
    names = [check_dimension(name, "group_by") for name in _split(values)]
    if len(names) > MAX_GROUPS:
        raise Invalid(f"group_by takes at most {MAX_GROUPS} dimensions.")
    if len(set(names)) < len(names):
        raise Invalid("group_by must name each dimension once.")
    return tuple(names)


def _order_by(values: list[str], group_by: tuple[str, ...]) -> tuple[Order, ...]:
    allowed = (PERIOD_START, *METRICS, CURRENCY, *group_by)
    order = [Order(name.removeprefix("-"), name.startswith("-")) for name in _split(values)]
    for step in order:
        if step.column not in allowed:
            raise Invalid(
                f"order_by must be of {', '.join(allowed)} (dimensions only when they are in"
                " group_by), with - in front for descending."
            )
    if len({step.column for step in order}) < len(order):
        raise Invalid("order_by must name each column once.")
    return tuple(order) or DEFAULT_ORDER


def _filters(given: dict[str, list[str]]) -> tuple[tuple[Filter, ...], tuple[Filter, ...]]:
    filters: list[Filter] = []
    exclusions: list[Filter] = []
    for name, values in given.items():
        dimension = name.removeprefix(EXCLUDE_PREFIX)
        spelled = {_spelled(dimension, value, name) for value in values}
        chosen = sorted(spelled, key=lambda v: (v is not None, v or ""))
        (filters if name == dimension else exclusions).append(Filter(dimension, tuple(chosen)))
    return tuple(sorted(filters, key=_by_dimension)), tuple(sorted(exclusions, key=_by_dimension))


def _spelled(dimension: str, value: str, name: str) -> str | None:
    """Return a value in its one spelling, so that equal questions are equal; "" is "has none"."""
    if dimension == ACCOUNT:
        return parse_account(value, name)
    return canonical_value(dimension, value or None)


def _by_dimension(chosen: Filter) -> str:
    return chosen.dimension


def parse_account(text: str, name: str) -> str:
    """Return an account in its one spelling; ``name`` is the parameter that refusals name.

    Raises:
        Invalid: it has another form.
    """
    slug, colon, _ = text.partition(":")
    if not slug or not colon:
        raise Invalid(f"{name} must be slug:sub_account_id, for example aws:123456789012.")
    return same_account(text)
