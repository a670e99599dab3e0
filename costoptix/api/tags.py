"""``/tags``: how much of the costs carries which tag, what lacks it, and what is likely one.

Tags are cleaned ones, as the rules of ``/tags/rules`` call them. Cost and untagged add up to the
total, per currency.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.costs import PAGE, SELECTION, read
from costoptix.api.endpoint import Call, Parameter, operation
from costoptix.api.paging import DATA_CHANGED, PageQuery, sign, unsign
from costoptix.api.writing import From, all_written, written
from costoptix.costs.answers import CostRow, Cursor
from costoptix.costs.query import TAG_PREFIX, CostQuery
from costoptix.costs.report import dimension_names
from costoptix.errors import Conflict, NotFound
from costoptix.figures.breakdown import amount_of
from costoptix.lake.tag_rules import read_tag_rules
from costoptix.periods import Preset
from costoptix.tags.coverage import UNTAGGED_BY, KeyCoverage, Tags
from costoptix.tags.near_duplicates import NearDuplicate

DEFAULT_RANGE = Preset.LAST_6_MONTHS
DAYS = ("range", "start_date", "end_date")
WORST = 10
"""How many accounts, services and resources without a tag are named; /costs has all."""


class TagsForm(PageQuery):
    """Which cost is meant, and in which order keys come."""

    metric: Literal["billed_cost", "effective_cost"] | None = None
    order_by: Literal["-cost", "cost", "key", "-key"] = "-cost"


class TagForm(PageQuery):
    """Which cost is meant, and in which order values come."""

    metric: Literal["billed_cost", "effective_cost"] | None = None
    order_by: Literal["-cost", "cost", "value", "-value"] = "-cost"


@dataclass(frozen=True)
class TagCoverageData:
    """What carries a tag and what lacks it, in one currency."""

    currency: str
    cost: Decimal
    untagged: Decimal
    total: Decimal
    coverage_percent: Annotated[Decimal | None, From("percent")]


@dataclass(frozen=True)
class MonthCoverageData(TagCoverageData):
    """The same of one calendar month, as far as the range holds it."""

    period_start: date


@dataclass(frozen=True)
class KeyData(TagCoverageData):
    """How much carries a key, in all and month by month."""

    key: str
    months: list[MonthCoverageData]


class RuleSuggestion(BaseModel):
    """A rule as ``POST /tags/rules`` takes it; nothing is merged by itself."""

    key: str | None
    names: list[str] = Field(serialization_alias="from")
    to: str


class NearDuplicateData(BaseModel):
    """Names that are likely one: ``case``, ``blanks``, ``separators`` or ``one letter`` differs."""

    names: list[str]
    difference: str
    rule: RuleSuggestion


class TagsData(BaseModel):
    """Keys with their coverage, what carries no tag at all, and keys that are likely one."""

    keys: list[KeyData]
    untagged: list[TagCoverageData]
    near_duplicates: list[NearDuplicateData]


@dataclass(frozen=True)
class ValueData:
    """What a value costs; null is what lacks the tag."""

    value: str | None
    currency: str
    cost: Decimal
    charge_count: int


class UntaggedData(BaseModel):
    """What lacks a tag, the worst first."""

    accounts: list[dict[str, Any]]
    services: list[dict[str, Any]]
    resources: list[dict[str, Any]]


class TagData(BaseModel):
    """A key: how much carries it, its values, what lacks it, and values that are likely one."""

    key: str
    coverage: list[TagCoverageData]
    values: list[ValueData]
    untagged: UntaggedData
    near_duplicates: list[NearDuplicateData]


ASKED = (
    *SELECTION,
    Parameter(
        "metric", "Which cost; if absent the metric of `GET /organization`.",
        {"type": "string", "enum": ["billed_cost", "effective_cost"]},
    ),
    *PAGE,
)  # fmt: skip


def _ordered(*names: str) -> Parameter:
    return Parameter(
        "order_by", "By what the list is ordered, - in front for descending.",
        {"type": "string", "enum": list(names), "default": "-cost"},
    )  # fmt: skip


@operation(
    "GET", "/tags", permission=Permission.READ, data=TagsData,
    parameters=(*ASKED, _ordered("-cost", "cost", "key", "-key")),
    summary="Say how much carries which tag, by month; in the last 6 months by default",
)  # fmt: skip
def get_tags(call: Call) -> Answer:
    """Answer the keys, the dearest first."""
    form, query = read(TagsForm, _with_days(call))
    call.check_etag("tags", query.fingerprint, form)
    metric = form.metric or call.organization.metric
    tags = Tags(call.session, call.organization, query, metric, call.store)
    purpose = f"tags:{call.organization.id}:{query.fingerprint}:{metric}:{form.order_by}"
    version, offset = call.data_version, 0
    if form.cursor is not None:
        version, offset = unsign(purpose, form.cursor)
    if version != call.data_version:
        raise Conflict(DATA_CHANGED)
    page = tags.keys(
        form.order_by.removeprefix("-"), descending=form.order_by.startswith("-"),
        limit=form.limit, offset=offset,
    )  # fmt: skip
    data = TagsData(
        keys=[_key(one) for one in page.keys],
        untagged=[written(TagCoverageData, one) for one in tags.any()],
        near_duplicates=[_alike(None, one) for one in tags.alike_keys()],
    )
    following = offset + len(page.keys)
    is_more = following < page.row_count
    cursor = sign(purpose, [version, following]) if is_more else None
    return _answer(query, metric, data, page.row_count, cursor)


@operation(
    "GET", "/tags/<tag_key:name>", permission=Permission.READ, data=TagData,
    parameters=(*ASKED, _ordered("-cost", "cost", "value", "-value")),
    summary="Show the values of a tag, and what lacks it, the worst first",
)  # fmt: skip
def get_tag(call: Call, name: str) -> Answer:
    """Answer a key; the list of its values is paged."""
    key = read_tag_rules(call.session, call.organization.id).key(name)
    if TAG_PREFIX + key not in dimension_names(call.session, call.organization, call.store):
        raise NotFound
    form, query = read(TagForm, _with_days(call))
    call.check_etag("tag", key, query.fingerprint, form)
    metric = form.metric or call.organization.metric
    tags = Tags(call.session, call.organization, query, metric, call.store)
    purpose = f"tag:{call.organization.id}:{key}:{metric}:{form.order_by}"
    cursor = None if form.cursor is None else Cursor(*unsign(purpose, form.cursor))
    values = tags.values(
        key, form.order_by.removeprefix("-"), descending=form.order_by.startswith("-"),
        limit=form.limit, cursor=cursor,
    )  # fmt: skip
    data = TagData(
        key=key,
        coverage=[written(TagCoverageData, one) for one in tags.of_key(key)],
        values=[
            ValueData(row.group[0], row.currency, _cost(row, metric), row.charge_count)
            for row in values.rows
        ],
        untagged=UntaggedData(**{by: _untagged(tags, key, by) for by in UNTAGGED_BY}),
        near_duplicates=[_alike(key, one) for one in tags.alike_values(key)],
    )
    following = values.next_cursor
    cursor_text = None if following is None else sign(purpose, list(astuple(following)))
    return _answer(query, metric, data, values.row_count, cursor_text)


def _with_days(call: Call) -> list[tuple[str, str]]:
    if any(name in DAYS for name, _ in call.args):
        return call.args
    return [*call.args, ("range", DEFAULT_RANGE.value)]


def _answer(
    query: CostQuery, metric: str, data: BaseModel, row_count: int, cursor: str | None
) -> Answer:
    days = query.date_range
    meta = {"metric": metric, "start_date": days.first, "end_date": days.last}
    return Answer(
        data.model_dump(by_alias=True),
        meta=meta | {"row_count": row_count, "next_cursor": cursor},
    )


def _key(one: KeyCoverage) -> KeyData:
    months = all_written(MonthCoverageData, one.months)
    return KeyData(**asdict(written(TagCoverageData, one.whole)), key=one.key, months=months)


def _alike(key: str | None, one: NearDuplicate) -> NearDuplicateData:
    rule = RuleSuggestion(key=key, names=list(one.others), to=one.to)
    return NearDuplicateData(names=list(one.names), difference=one.difference, rule=rule)


def _untagged(tags: Tags, key: str, by: str) -> list[dict[str, Any]]:
    return [
        dict(zip(UNTAGGED_BY[by], row.group, strict=True))
        | {"currency": row.currency, "cost": _cost(row, tags.metric)}
        for row in tags.untagged_by(key, by, WORST).rows
    ]


def _cost(row: CostRow, metric: str) -> Decimal:
    return amount_of(row, metric) or Decimal(0)
