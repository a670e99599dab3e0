"""``/costs``: the cost query as JSON or CSV, and what one can ask by."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from decimal import Decimal
from typing import Any, Literal, TypeVar

from flask import Response
from pydantic import Field

from costoptix import drafts
from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.comparing import compare_parameter, compared_meta
from costoptix.api.endpoint import Call, Parameter, operation
from costoptix.api.paging import DEFAULT_LIMIT, LARGEST_LIMIT, PageQuery, page, sign, unsign
from costoptix.api.views import OF_VIEW, opened
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.answers import CostReport, CostRow, CurrencyTotal, Cursor, SideSums
from costoptix.costs.query import (
    ACCOUNT,
    EXCLUDE_PREFIX,
    MAX_VALUE_LENGTH,
    RAW_PREFIX,
    TAG_PREFIX,
    CostQuery,
    check_dimension,
)
from costoptix.errors import Invalid, NotFound
from costoptix.figures.comparison import (
    COMPARABLE,
    Compare,
    ComparedDays,
    against,
    compared_days,
)
from costoptix.lake.layout import DIMENSIONS, METRICS
from costoptix.money import EXACT, to_text
from costoptix.periods import Granularity, Preset

ROWS_PER_CHUNK = 500
_CSV_SIDES = ("compared", "before", "change")
_CURSOR = "costs"
_NO_SIDE = SideSums(None, None, None, None, 0)
_DAY = {"type": "string", "format": "date"}


class CostsForm(PageQuery):
    """How the answer is wanted."""

    compare: Compare = Compare.NONE
    format: Literal["json", "csv"] = "json"


class ValuesForm(PageQuery):
    """Which values are wanted."""

    q: str = Field("", max_length=MAX_VALUE_LENGTH)


Form = TypeVar("Form", bound=drafts.Draft)

SELECTION = (
    Parameter("start_date", "First day, UTC, inclusive; the first of this month if absent.", _DAY),
    Parameter("end_date", "Last day, UTC, inclusive; today if absent.", _DAY),
    Parameter(
        "range",
        "A range that moves with the calendar, instead of the two dates.",
        {"type": "string", "enum": [preset.value for preset in Preset]},
    ),
    Parameter(ACCOUNT, "slug:sub_account_id, for example aws:123456789012.", repeatable=True),
    *(
        Parameter(prefix + name, f"{verb} this {name}; empty is 'has none'.", repeatable=True)
        for prefix, verb in (("", "Only"), (EXCLUDE_PREFIX, "Without"))
        for name in DIMENSIONS
    ),
    Parameter(EXCLUDE_PREFIX + ACCOUNT, "Exclude this account.", repeatable=True),
    Parameter(f"{TAG_PREFIX}*", "Only charges whose tag has this value.", repeatable=True),
    Parameter(f"{EXCLUDE_PREFIX}{TAG_PREFIX}*", "Exclude such charges.", repeatable=True),
    Parameter(
        f"{RAW_PREFIX}*",
        "Only charges whose tag was written so, whatever the rules.",
        repeatable=True,
    ),
    Parameter(f"{EXCLUDE_PREFIX}{RAW_PREFIX}*", "Exclude such charges.", repeatable=True),
)
"""What selects charges: days and filters."""

QUESTION = (
    *SELECTION,
    Parameter(
        "granularity",
        "How wide the buckets are; weeks are ISO weeks.",
        {"type": "string", "enum": [choice.value for choice in Granularity], "default": "total"},
    ),
    Parameter(
        "group_by",
        "Up to 4 dimensions, tag:<key> and raw:<key> among them: a comma list.",
        repeatable=True,
    ),
    Parameter(
        "order_by",
        "Grouped dimensions, period_start, currency or metrics, - in front for descending.",
        {"type": "string", "default": "period_start,-billed_cost"},
        repeatable=True,
    ),
)


PAGE = (
    Parameter(
        "limit",
        "Rows on this page.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
    ),
    Parameter("cursor", "Where to go on: meta.next_cursor of the page before."),
)


@operation(
    "GET",
    "/costs",
    permission=Permission.READ,
    summary="Ask for costs, grouped and filtered",
    parameters=(
        OF_VIEW,
        *QUESTION,
        compare_parameter(
            Compare.NONE,
            " Adds compared, before and change to every row and total, each of the four metrics;"
            " what was there only before is a row, too. Needs granularity total, daily or monthly.",
        ),
        *PAGE,
        Parameter(
            "format",
            "csv streams all rows as an attachment, without limit and cursor.",
            {"type": "string", "enum": ["json", "csv"], "default": "json"},
        ),
    ),
    media_types=("text/csv",),
)
def costs(call: Call) -> Answer | Response:
    """Answer the cost query."""
    view, args = opened(call)
    form, query = read(CostsForm, args)
    named = None if view is None else {"id": view.id, "name": view.name}
    call.check_etag("costs", query.fingerprint, form, named)
    compared = _compared(call, query, form.compare)
    query = against(query, compared)
    if form.format == "csv":
        return _csv(call, query, form)
    answer = report.run(
        call.session,
        call.organization,
        query,
        call.store,
        limit=form.limit,
        cursor=_cursor(form),
    )
    is_compared = form.compare is not Compare.NONE
    totals = [
        {"currency": total.currency, **_costs(total), **(_sides(total) if is_compared else {})}
        for total in answer.totals
    ]
    rows = [_row(row, query) | (_sides(row) if is_compared else {}) for row in answer.rows]
    meta = {"granularity": query.granularity.value, "group_by": list(query.group_by)}
    meta |= compared_meta(compared, form.compare) | ({"view": named} if named else {})
    return Answer({"totals": totals, "rows": rows}, meta=meta | _meta(answer))


def _compared(call: Call, query: CostQuery, compare: Compare) -> ComparedDays | None:
    """Work out which days of a question are compared.

    Raises:
        Invalid: its buckets are of a granularity that does not stand against others.
    """
    if compare is Compare.NONE:
        return None
    if query.granularity not in COMPARABLE:
        raise Invalid(f"compare needs granularity {', '.join(COMPARABLE)}.")
    days = query.date_range
    since, as_of = report.days_as_of(call.session, call.organization, days, call.store)
    return compared_days(days, since, as_of.complete_through, compare)


@operation(
    "GET",
    "/costs/dimensions",
    permission=Permission.READ,
    summary="List what one can group and filter by",
    query=PageQuery,
    data=list[dict[str, Any]],
)
def cost_dimensions(call: Call, query: PageQuery) -> Answer:
    """List the names, ``tag:<key>`` of every tag in the bills among them."""
    call.check_etag("dimensions", query)
    names = report.dimension_names(call.session, call.organization, call.store)
    purpose = f"dimensions:{call.organization.id}"
    listed, following = page(purpose, names, query, lambda name: name)
    return Answer([{"name": name} for name in listed], meta={"next_cursor": following})


@operation(
    "GET",
    "/costs/dimensions/<path:name>",
    permission=Permission.READ,
    summary="List the values of a dimension with their cost in the range",
    parameters=(
        *SELECTION,
        Parameter("q", "Only values that contain this text, whatever the case."),
        *PAGE,
    ),
)
def cost_dimension_values(call: Call, name: str) -> Answer:
    """List values, most expensive first; one row per value and currency."""
    try:
        check_dimension(name, "name")
    except Invalid as error:
        raise NotFound(f"There is no such dimension. {error.sentence}") from None
    form, query = read(ValuesForm, call.args)
    call.check_etag("values", name, query.fingerprint, form)
    answer = report.dimension_values(
        call.session,
        call.organization,
        name,
        query,
        call.store,
        search=form.q,
        limit=form.limit,
        cursor=_cursor(form),
    )
    data = [{"value": row.group[0], "currency": row.currency, **_costs(row)} for row in answer.rows]
    return Answer(data, meta={"dimension": name, **_meta(answer)})


def read(model: type[Form], args: list[tuple[str, str]]) -> tuple[Form, CostQuery]:
    """Part the parameters of the answer's form from those of the question, and read both.

    Raises:
        Invalid: one is wrong; the sentence names it.
    """
    form = [(name, value) for name, value in args if name in model.model_fields]
    question = [(name, value) for name, value in args if name not in model.model_fields]
    return drafts.read_pairs(model, form), CostQuery.from_params(question, utc_today())


def _cursor(form: PageQuery) -> Cursor | None:
    return None if form.cursor is None else Cursor(*unsign(_CURSOR, form.cursor))


def _meta(answer: CostReport) -> dict[str, Any]:
    following = answer.next_cursor
    position = following and list(astuple(following))
    return question_meta(answer) | {
        "row_count": answer.row_count,
        "next_cursor": position and sign(_CURSOR, position),
    }


def question_meta(answer: CostReport) -> dict[str, Any]:
    """Say what was asked, and how fresh and whole the data behind the answer are."""
    query = answer.query
    filters = {chosen.dimension: list(chosen.values) for chosen in query.filters}
    filters |= {EXCLUDE_PREFIX + f.dimension: list(f.values) for f in query.exclusions}
    return {
        "start_date": query.date_range.first,
        "end_date": query.date_range.last,
        "filters": filters,
        "timezone": "UTC",
        "data_as_of": {
            "complete_through": answer.data_as_of.complete_through,
            "imported_at": answer.data_as_of.imported_at,
        },
        "missing": answer.missing,
    }


def _row(row: CostRow, query: CostQuery) -> dict[str, Any]:
    return {
        "period_start": row.period_start,
        "period_end": row.period_end,
        **dict(zip(query.group_by, row.group, strict=True)),
        "currency": row.currency,
        **_costs(row),
    }


def _costs(row: CostRow | CurrencyTotal | SideSums) -> dict[str, str | None]:
    amounts = ((metric, getattr(row, metric)) for metric in METRICS)
    return {metric: None if amount is None else to_text(amount) for metric, amount in amounts}


def _sides(row: CostRow | CurrencyTotal) -> dict[str, dict[str, str | None]]:
    """Write both sides of a comparison, and the change; all null where nothing is compared."""
    now, before = row.compared or _NO_SIDE, row.before or _NO_SIDE
    changes = {metric: _change(now.of(metric), before.of(metric)) for metric in METRICS}
    return {"compared": _costs(now), "before": _costs(before), "change": changes}


def _change(now: Decimal | None, before: Decimal | None) -> str | None:
    return None if now is None or before is None else to_text(EXACT.subtract(now, before))


def _csv(call: Call, query: CostQuery, form: CostsForm) -> Response:
    """Stream all rows, verbatim: scripts read the names as they are."""
    if form.model_fields_set & {"limit", "cursor"}:
        raise Invalid("limit and cursor are for format=json; csv holds all rows.")
    stream = report.stream(call.session, call.organization, query, call.store)
    days = query.date_range
    is_compared = form.compare is not Compare.NONE
    chunks = _csv_chunks(query, stream.rows, is_compared=is_compared)
    response = Response(chunks, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="costs_{days.first}_{days.last}.csv"'
    )
    response.headers["X-Row-Count"] = str(stream.row_count)
    return response


def _csv_chunks(query: CostQuery, rows: Iterable[CostRow], *, is_compared: bool) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = ["period_start", "period_end", *query.group_by, "currency", *METRICS]
    if is_compared:
        names += [f"{side}_{metric}" for side in _CSV_SIDES for metric in METRICS]
    writer.writerow(names)
    for count, row in enumerate(rows, start=1):
        sides = _sides(row).values() if is_compared else ()
        compared = [amount for side in sides for amount in side.values()]
        writer.writerow([*row[:2], *row.group, row.currency, *_costs(row).values(), *compared])
        if count % ROWS_PER_CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
