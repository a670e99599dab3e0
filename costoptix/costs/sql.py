"""A plan as one SELECT for DuckDB. Names come from our own tables; values are bound, always."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from costoptix.costs.plan import QueryPart, Side
from costoptix.costs.query import (
    ACCOUNT,
    CURRENCY,
    PERIOD_START,
    CostQuery,
    Filter,
    Order,
    Sides,
    is_tag,
)
from costoptix.costs.spellings import SPELLED, Spellings
from costoptix.costs.sql_sums import SIDE, by_side, charge_column, side_sums, sum_to_order, sums_of
from costoptix.costs.sql_tags import cleaned_sets, joined_tags, tag_value
from costoptix.costs.sql_values import Locate, Statement, Values
from costoptix.lake.layout import CHARGE_COUNT, CHARGES, METRICS, MISSING
from costoptix.lake.providers import NAMES, canonical_value, same_account
from costoptix.periods import Granularity

_CHARGE_TIME = "charge_period_start"

_SUMMED = (*METRICS, *MISSING.values())
_BUCKET_UNIT = {
    Granularity.WEEKLY: "week",  # ISO: from Monday
    Granularity.MONTHLY: "month",
    Granularity.QUARTERLY: "quarter",
}


def rows_statement(
    query: CostQuery, parts: tuple[QueryPart, ...], locate: Locate, limit: int | None, offset: int
) -> Statement:
    """Write the SELECT of the rows, in order.

    Columns: the bucket's first day (not for TOTAL), the groups, currency, METRICS as text, the
    MISSING counts, the count of the charges; METRICS as text and the count of the charges of
    both sides of a comparison; and the count of all rows, whatever the limit.
    """
    values = Values(locate)
    keys = [*_bucket_key(query), *group_keys(query), CURRENCY]
    sums = [*sums_of(query, CHARGE_COUNT), *side_sums(query), "count(*) OVER ()"]
    by_group = [chosen for chosen in query.filters if chosen.dimension in _grouped_tags(query)]
    before = replace(
        query, filters=tuple(condition for condition in query.filters if condition not in by_group)
    )
    columns = [*_SUMMED, CHARGE_COUNT]
    union = source(before, parts, columns, values)
    union = by_side(keys, columns, union) if query.sides else union
    clauses = ["SELECT", ", ".join([*keys, *sums]), "FROM", union, "GROUP BY", ", ".join(keys)]
    if by_group:
        having = [_is_group_any_of(query, chosen, values) for chosen in by_group]
        clauses += ["HAVING", " AND ".join(having)]
    clauses += ["ORDER BY", ", ".join(_ordering(query))]
    if limit is not None:
        clauses += ["LIMIT", values.bind(limit), "OFFSET", values.bind(offset)]
    return Statement(" ".join(clauses), values.bound)


def totals_statement(query: CostQuery, parts: tuple[QueryPart, ...], locate: Locate) -> Statement:
    """Write the SELECT of the totals by currency: METRICS as text, and the MISSING counts.

    Of a comparison then the count of the charges, and METRICS as text and that count of both sides.
    """
    values = Values(locate)
    counted = [CHARGE_COUNT] if query.sides else []
    columns = [*_SUMMED, *counted]
    union = source(query, parts, columns, values)
    union = by_side([CURRENCY], columns, union) if query.sides else union
    sums = [*sums_of(query, *counted), *side_sums(query)]
    clauses = ["SELECT", ", ".join([CURRENCY, *sums]), "FROM", union]
    clauses += ["GROUP BY", CURRENCY, "ORDER BY", CURRENCY]
    return Statement(" ".join(clauses), values.bound)


def series_statement(
    query: CostQuery,
    metric: str,
    parts: tuple[QueryPart, ...],
    locate: Locate,
    number: int,
    of: int,
) -> Statement:
    """Write the SELECT of one of ``of`` portions of a daily query's series, each one whole.

    Columns: the groups, currency, the day and the sum of the metric as text; series after series,
    the days of each in order.
    """
    values = Values(locate)
    series = ", ".join([*group_keys(query), CURRENCY])
    union = source(query, parts, [metric], values)
    portion = f"hash({series}) % {values.bind(of)} = {values.bind(number)}"
    clauses = [f"SELECT {series}, {PERIOD_START}, CAST(sum({metric}) AS VARCHAR) FROM", union]
    clauses += ["WHERE", portion, "GROUP BY", series, ",", PERIOD_START]
    clauses += ["ORDER BY", series, ",", PERIOD_START]
    return Statement(" ".join(clauses), values.bound)


def days_statement(query: CostQuery, parts: tuple[QueryPart, ...], locate: Locate) -> Statement:
    """Write the SELECT of the days with charges, for a daily query by at least two dimensions.

    Columns: all groups but the last, the last's newest value, and the list of the days.
    """
    values = Values(locate)
    *keys, last = group_keys(query)
    union = source(query, parts, (), values)
    newest_and_days = [f"arg_max({last}, {PERIOD_START})", f"list(DISTINCT {PERIOD_START})"]
    clauses = [
        "SELECT",
        ", ".join([*keys, *newest_and_days]),
        "FROM",
        union,
        "GROUP BY",
        ", ".join(keys),
    ]
    return Statement(" ".join(clauses), values.bound)


def charges_statement(
    query: CostQuery, parts: tuple[QueryPart, ...], locate: Locate, *, is_cleaned: bool = False
) -> Statement:
    """Write the SELECT of every column of the charges that a question selects.

    ``is_cleaned`` has the rules of tags applied to the column ``tags``, too. The parts are charges;
    without any there is no statement to write.
    """
    values = Values(locate)
    selects = []
    for part in parts:
        files, days = values.files(part.paths), _within(part, _CHARGE_TIME, values)
        of_files, of_tags = _conditions(query, part.spellings, values)
        tags = joined_tags(query, files, [*days, *of_files], values)
        where = " AND ".join([*days, *of_files, *of_tags])
        columns = "charges.*"
        if is_cleaned:
            tags += " " + cleaned_sets(query.tag_rules, files, [*days, *of_files], values)
            columns += " REPLACE (coalesce(cleaned_set, tags) AS tags)"
        selects.append(f"SELECT {columns} FROM {files} AS charges {tags} WHERE {where}")  # noqa: S608
    return Statement(" UNION ALL ".join(selects), values.bound)


def tag_keys_statement(paths: list[str], locate: Locate, limit: int) -> Statement:
    """Write the SELECT of the distinct tag keys in files that have the column ``tags``."""
    values = Values(locate)
    clauses = ["SELECT DISTINCT unnest(json_keys(tags)) AS key FROM (SELECT DISTINCT tags FROM"]
    clauses += [values.files(paths), "WHERE tags IS NOT NULL) ORDER BY key"]
    clauses += ["LIMIT", values.bind(limit)]
    return Statement(" ".join(clauses), values.bound)


def spellings_statement(paths: list[str], locate: Locate) -> Statement:
    """Write the SELECT of how the dimensions SPELLED are written in files.

    Columns: the file's name as it was located, and these dimensions.
    """
    values = Values(locate)
    columns = ", ".join(("filename", *SPELLED))
    return Statement(
        f"SELECT DISTINCT {columns} FROM {values.files(paths, named=True)}",  # noqa: S608
        values.bound,
    )


def source(
    query: CostQuery, parts: tuple[QueryPart, ...], columns: Sequence[str], values: Values
) -> str:
    """Write the union of the parts, with the same columns whatever kind they are of."""
    selects = [_select(query, part, columns, values) for part in parts]
    return "(" + " UNION ALL ".join(selects) + ")"


def _select(query: CostQuery, part: QueryPart, columns: Sequence[str], values: Values) -> str:
    is_charges = part.kind == CHARGES
    time, currency = (_CHARGE_TIME, "billing_currency") if is_charges else ("day", CURRENCY)
    groups = [_dimension(query, name, part.spellings, values) for name in query.group_by]
    conditions, of_tags = _conditions(query, part.spellings, values)
    days = _within(part, time, values)
    bucket, standing = _bucket(query, time), ""
    if query.sides and part.side is Side.BEFORE and bucket:
        bucket, standing = _standing(query.sides, bucket, values)
    selected = [f"{expression} AS {name}" for name, expression in bucket]
    selected += [f"{int(part.side)} AS {SIDE}"] if query.sides else []
    selected += [f"{group} AS {key}" for key, group in zip(group_keys(query), groups, strict=True)]
    selected += [f"{currency} AS {CURRENCY}"]
    selected += [charge_column(name) for name in columns] if is_charges else columns
    files = values.files(part.paths)
    where = [*days, *conditions, *of_tags]
    clauses = ["SELECT", ", ".join(selected), "FROM", files]
    clauses += [joined_tags(query, files, [*days, *conditions], values)]
    clauses += [_spelled(name, part.spellings.of(name), values) for name in query.group_by]
    return " ".join([*clauses, standing, "WHERE", " AND ".join(where)])


def _within(part: QueryPart, time: str, values: Values) -> list[str]:
    first, after = values.bind(part.days.first), values.bind(part.days.after)
    return [f"{time} >= {first}", f"{time} < {after}"]


def _spelled(name: str, shown: Mapping[str, str], values: Values) -> str:
    """Write the join with how a dimension's values are shown, where any is written otherwise."""
    if not shown:
        return ""
    written, spelled = values.bind(list(shown)), values.bind(list(shown.values()))
    lists = f"unnest({written}) AS {name}_written, unnest({spelled}) AS {name}_shown"
    return f"LEFT JOIN (SELECT {lists}) ON {name} = {name}_written"


def _standing(
    sides: Sides, bucket: list[tuple[str, str]], values: Values
) -> tuple[list[tuple[str, str]], str]:
    """Write the bucket that an earlier one stands against, and the join that finds it."""
    ((_, expression),) = bucket
    earlier, places = (values.bind(list(days)) for days in zip(*sides.places, strict=True))
    lists = f"unnest({earlier}) AS bucket_before, unnest({places}) AS bucket_now"
    joined = f"JOIN (SELECT {lists}) ON {expression} = CAST(bucket_before AS DATE)"
    return [(PERIOD_START, "CAST(bucket_now AS DATE)")], joined


def _bucket_key(query: CostQuery) -> list[str]:
    return [] if query.granularity is Granularity.TOTAL else [PERIOD_START]


def _bucket(query: CostQuery, time: str) -> list[tuple[str, str]]:
    if query.granularity is Granularity.TOTAL:
        return []
    if query.granularity is Granularity.DAILY:
        return [(PERIOD_START, f"CAST({time} AS DATE)")]
    unit = _BUCKET_UNIT[query.granularity]
    return [(PERIOD_START, f"CAST(date_trunc('{unit}', {time}) AS DATE)")]


def group_keys(query: CostQuery) -> list[str]:
    """Return what the groups of a query are called in a statement."""
    return [f"group_{index}" for index in range(len(query.group_by))]


def _dimension(query: CostQuery, name: str, spellings: Spellings, values: Values) -> str:
    """Write the value of a dimension."""
    if is_tag(name):
        return tag_value(query, name, values)
    return f"coalesce({name}_shown, {name})" if spellings.of(name) else name


def _conditions(
    query: CostQuery, spellings: Spellings, values: Values
) -> tuple[list[str], list[str]]:
    """Write the conditions of a query: those on columns of files, and those on tags or groups."""
    of_files: list[str] = []
    of_tags: list[str] = []
    for chosen in query.filters:
        condition = _is_any_of(query, chosen, spellings, values)
        (of_tags if is_tag(chosen.dimension) else of_files).append(condition)
    for chosen in query.exclusions:
        condition = f"NOT coalesce({_is_any_of(query, chosen, spellings, values)}, false)"
        (of_tags if is_tag(chosen.dimension) else of_files).append(condition)
    if query.search:
        searched = _dimension(query, query.group_by[0], spellings, values)
        # What is shown is searched, so that all of a value is found or nothing of it.
        texts = {query.search, canonical_value(query.group_by[0], query.search) or ""}
        options = (
            f"contains(lower({searched}), lower({values.bind(text)}))" for text in sorted(texts)
        )
        of_tags.append(f"({' OR '.join(options)})")
    return of_files, of_tags


def _is_any_of(query: CostQuery, chosen: Filter, spellings: Spellings, values: Values) -> str:
    """Write a condition, plain enough that whole row groups can be skipped by it."""
    if chosen.dimension == ACCOUNT:
        options = [_is_account(value or "", spellings, values) for value in chosen.values]
        return "(" + " OR ".join(options) + ")"
    if is_tag(chosen.dimension):
        return _is_tag_any_of(tag_value(query, chosen.dimension, values), chosen, values)
    return _is_value(chosen.dimension, chosen.values, spellings, values)


def _is_value(
    column: str, chosen: Iterable[str | None], spellings: Spellings, values: Values
) -> str:
    written = spellings.written(column, chosen)
    named = [values.bind(value) for value in written if value is not None]
    options = [f"{column} IN ({', '.join(named)})"] if named else []
    if None in written:
        options.append(f"{column} IS NULL")
    return "(" + " OR ".join(options) + ")"


def _grouped_tags(query: CostQuery) -> list[str]:
    return [name for name in query.group_by if is_tag(name)]


def _is_group_any_of(query: CostQuery, chosen: Filter, values: Values) -> str:
    """Write a condition on the groups of a tag, which spares reading each row's JSON twice.

    The ``min`` of equal values keeps DuckDB from asking it of the rows after all.
    """
    group = group_keys(query)[query.group_by.index(chosen.dimension)]
    return _is_tag_any_of(f"min({group})", chosen, values)


def _is_tag_any_of(value: str, chosen: Filter, values: Values) -> str:
    """Write a condition on a tag that names it once: no tag and an empty one are the same."""
    options = ", ".join(values.bind(option or "") for option in chosen.values)
    return f"coalesce({value}, '') IN ({options})"


def _is_account(account: str, spellings: Spellings, values: Values) -> str:
    slug, _, account_id = same_account(account).partition(":")
    if slug in NAMES:
        provider = _is_value("provider_name", NAMES[slug][:1], spellings, values)
    else:
        provider = f"replace(lower(provider_name), ' ', '-') = {values.bind(slug)}"
    number = _is_value("sub_account_id", [account_id or None], spellings, values)
    return f"({provider} AND {number})"


def _ordering(query: CostQuery) -> list[str]:
    """Write the order asked for, then by all keys of a row, so that the order is total."""
    ties = [Order(PERIOD_START), *(Order(name) for name in query.group_by), Order(CURRENCY)]
    steps = {step.column: step for step in reversed([*query.order_by, *ties])}
    order = list(dict.fromkeys(step.column for step in [*query.order_by, *ties]))
    if query.granularity is Granularity.TOTAL:
        order.remove(PERIOD_START)  # the same for every row
    keys = dict(zip(query.group_by, group_keys(query), strict=True))
    keys |= {metric: sum_to_order(query, metric) for metric in METRICS}
    return [
        f"{keys.get(column, column)} {'DESC' if steps[column].descending else 'ASC'} NULLS LAST"
        for column in order
    ]
