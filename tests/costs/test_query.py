"""The cost query: what is allowed, what is refused, and how it reads back."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.costs.query import (
    MAX_VALUE_LENGTH,
    MAX_VALUES,
    CostQuery,
    Filter,
    Order,
    is_tag_key,
)
from costoptix.errors import Invalid
from costoptix.lake.layout import DIMENSIONS, METRICS
from costoptix.periods import DateRange, Granularity, Preset
from tests.support.lake import TODAY, query

SQL_PAYLOADS = [
    "' OR '1'='1", "'; DROP TABLE charges; --", '" OR ""="', "1; SELECT 1", "1 UNION SELECT NULL",
    "billed_cost; --", "billed_cost--", "billed_cost/*", "(SELECT 1)", "sum(billed_cost)",
    "provider_name)", "provider_name) OR (1=1", "provider_name' --", 'provider_name"',
    "provider_name AS x", "provider_name DESC", "provider_name COLLATE NOCASE", "1", "*", "1=1",
    "NULL", "$v0", "?", ":x", "{}", "%s", "{0}", "\\", "\\'", "''", '""', "`provider_name`",
    "[provider_name]", "read_csv('/etc/passwd')", "read_text('/etc/passwd')",
    "getenv('SECRET_KEY')", "current_setting('memory_limit')", "duckdb_settings()",
    "COPY charges TO '/tmp/x'", "ATTACH '/tmp/x'", "INSTALL httpfs", "LOAD httpfs",
    "PRAGMA database_list", "SET threads=64", "CALL pragma_version()", "EXPORT DATABASE '/tmp/x'",
    "case when 1=1 then 1 else 1/0 end", "exists(select 1)", "row_number() over ()",
    "provider_name,(select 1)", "provider_name||chr(0)", "x' AND sleep(9)='", "0x27", "%27",
    "＇ OR 1=1", "provider_name\n;drop", "provider_name\t--", "tag:", "tag",
    "exclude_provider_name", "PROVIDER_NAME", " provider_name;", "provider_name.x", "main.charges",
    "rowid", "filename",
]  # fmt: skip


def refusal(*params: tuple[str, str]) -> str:
    with pytest.raises(Invalid) as caught:
        query(*params)
    return caught.value.sentence


def test_there_are_at_least_sixty_payloads():
    assert len(set(SQL_PAYLOADS)) >= 60


@pytest.mark.parametrize("payload", SQL_PAYLOADS)
@pytest.mark.parametrize("name", ["group_by", "order_by", "granularity", "range", "start_date"])
def test_a_name_that_is_not_on_the_list_is_refused(name, payload):
    """S41: what becomes part of a statement is looked up, never passed through."""
    assert name in refusal((name, payload))


@pytest.mark.parametrize("payload", SQL_PAYLOADS)
def test_a_parameter_that_is_not_on_the_list_is_refused(payload):
    """S41: the same for names of parameters; but for those that are dimensions."""
    if payload == "exclude_provider_name":
        assert query((payload, "x")).exclusions
    else:
        refusal((payload, "x"))


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ([("start_date", "2025-13-01")], "start_date"),
        ([("end_date", "2025-02-30")], "end_date"),
        ([("start_date", "")], "start_date"),
        ([("start_date", "20250101")], "start_date"),
        ([("start_date", "2026-03-02"), ("end_date", "2026-03-01")], "end_date"),
        ([("start_date", "1969-12-31")], "start_date"),
        ([("start_date", "0001-01-01")], "start_date"),
        ([("end_date", "9999-12-31")], "end_date"),
        ([("start_date", "2016-01-01")], "5 years"),
        ([("range", "last_7_days"), ("start_date", "2026-03-01")], "range"),
        ([("range", "last_7_days"), ("range", "last_30_days")], "range"),
        ([("start_date", "2026-03-01")] * 2, "start_date"),
        ([("range", "yesterday")], "last_7_days"),
        ([("granularity", "hourly")], "daily"),
        ([("granularity", "")], "granularity"),
        ([("group_by", "nope")], "provider_name"),
        ([("group_by", "")], "group_by"),
        ([("group_by", "service_name,service_name")], "group_by"),
        ([("group_by", ",".join(DIMENSIONS[:5]))], "4"),
        ([("group_by", ",".join(DIMENSIONS[:4])), ("group_by", "sku_id")], "4"),
        ([("group_by", ",".join(["service_name"] * 50))], "group_by"),
        ([("group_by", "tag:" + "k" * 300)], "tag key"),
        ([("group_by", "tag:a\x07")], "tag key"),
        ([("tag:", "x")], "tag key"),
        ([("order_by", "service_name")], "order_by"),
        ([("order_by", "billed_cost,-billed_cost")], "order_by"),
        ([("order_by", "--billed_cost")], "order_by"),
        ([("account", "123456789012")], "account"),
        ([("account", ":1")], "account"),
        ([("exclude_account", "aws")], "exclude_account"),
        ([("account", "")], "account"),
        ([("service_name", "x" * (MAX_VALUE_LENGTH + 1))], "service_name"),
        ([("service_name", "\0")], "service_name"),
        ([("service_name", "\ud800")], "service_name"),
        ([("service_name", str(n)) for n in range(10_000)], str(MAX_VALUES)),
        ([("limit", "5")], "limit"),
        ([("exclude_tag:", "x")], "tag"),
        ([("exclude_start_date", "x")], "exclude_start_date"),
    ],
)
def test_a_wrong_parameter_is_named_in_the_refusal(params, named):
    """S49: too much is refused like what is wrong, at once."""
    assert named in refusal(*params)


def test_an_unknown_parameter_is_refused_with_what_is_allowed():
    assert "service_name" in refusal(("servicename", "EC2"))
    assert "tag:<key>" in refusal(("servicename", "EC2"))


def test_the_default_is_this_month_to_today():
    asked = query()
    assert asked.date_range == DateRange(date(2026, 3, 1), TODAY)
    assert asked.granularity is Granularity.TOTAL
    assert asked.order_by == (Order("period_start"), Order("billed_cost", descending=True))


def test_one_date_leaves_the_other_at_its_default():
    assert query(("start_date", "2026-01-15")).date_range == DateRange(date(2026, 1, 15), TODAY)
    assert query(("end_date", "2026-03-05")).date_range.first == date(2026, 3, 1)


def test_the_same_question_is_the_same_value_however_it_is_written():
    asked = query(
        ("service_name", "S3"), ("service_name", "EC2"), ("service_name", "EC2"),
        ("group_by", "service_name"), ("group_by", " region_id"), ("provider_name", ""),
    )  # fmt: skip
    again = query(
        ("group_by", "service_name,region_id"), ("provider_name", ""),
        ("service_name", "EC2"), ("service_name", "S3"),
    )  # fmt: skip
    assert asked == again
    assert asked.fingerprint == again.fingerprint
    assert asked.filters == (
        Filter("provider_name", (None,)),
        Filter("service_name", ("EC2", "S3")),
    )


def test_a_preset_is_the_same_question_as_its_days_and_stays_alive_in_links():
    asked = query(("range", "last_7_days"))
    spelt = query(("start_date", "2026-03-14"), ("end_date", "2026-03-20"))
    assert asked == spelt
    assert asked.fingerprint == spelt.fingerprint
    assert asked.to_params() == [("range", "last_7_days")]


def test_other_questions_have_other_fingerprints():
    asked = query(("group_by", "service_name"))
    others = [
        query(),
        replace(asked, search="e"),
        query(("group_by", "service_name"), ("end_date", "2026-03-19")),
        query(("group_by", "service_name"), ("service_name", "")),
        query(("group_by", "service_name"), ("exclude_service_name", "")),
        query(("group_by", "service_name"), ("granularity", "daily")),
        query(("group_by", "service_name"), ("order_by", "billed_cost")),
    ]
    assert len({other.fingerprint for other in [asked, *others]}) == len(others) + 1


tag_names = st.text(max_size=20).filter(is_tag_key).map(lambda key: f"tag:{key}")
dimensions = st.sampled_from(DIMENSIONS) | tag_names.filter(lambda name: name == name.strip())
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.lists(st.none() | texts.filter(bool), min_size=1, max_size=3, unique=True)


def _filters(found):
    return tuple(
        Filter(name, tuple(sorted(chosen, key=lambda v: (v is not None, v or ""))))
        for name, chosen in sorted(found.items())
    )


@st.composite
def queries(draw):
    first = draw(st.dates(date(2020, 1, 1), date(2026, 1, 1)))
    group_by = tuple(draw(st.lists(dimensions, max_size=4, unique=True)))
    columns = st.sampled_from(["period_start", "currency", *METRICS, *group_by])
    ordering = draw(st.lists(columns, min_size=1, max_size=3, unique=True))
    return CostQuery(
        date_range=DateRange(first, first + timedelta(days=draw(st.integers(0, 700)))),
        granularity=draw(st.sampled_from(Granularity)),
        group_by=group_by,
        filters=_filters(draw(st.dictionaries(dimensions, values, max_size=3))),
        exclusions=_filters(draw(st.dictionaries(dimensions, values, max_size=3))),
        order_by=tuple(Order(column, draw(st.booleans())) for column in ordering),
    )


@given(queries())
def test_every_query_reads_back_from_its_own_parameters(asked):
    assert CostQuery.from_params(asked.to_params(), TODAY) == asked


@given(st.lists(st.tuples(texts, texts), max_size=5))
def test_whatever_is_sent_is_a_query_or_a_refusal(params):
    with contextlib.suppress(Invalid):
        assert CostQuery.from_params(params, TODAY).date_range


@pytest.mark.parametrize("preset", Preset)
def test_every_preset_is_accepted(preset):
    assert query(("range", preset.value)).preset is preset
