"""GET /costs and its dimensions, at the door."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

import duckdb
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import api_keys
from costoptix.access.permissions import Caller, Permission
from costoptix.models import Organization
from costoptix.periods import DateRange
from tests.costs.test_query import SQL_PAYLOADS
from tests.support.lake import Charge, Lake, on, open_writer

Get = Callable[..., object]


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        yield Lake(session, app.extensions["cost_store"], writer, acme)


@pytest.fixture
def get(client: FlaskClient, session: Session, acme: Organization, admin: Caller) -> Get:
    """GET with a key that may read."""
    draft = api_keys.KeyDraft(name="reader", permission=Permission.READ, expires_at=None)
    _, key = api_keys.create(session, acme, admin, draft)

    def get(path: str, headers: dict[str, str] | None = None):
        return client.get(f"/api/v1{path}", headers={"X-API-Key": key, **(headers or {})})

    return get


MARCH = "start_date=2026-03-01&end_date=2026-03-19"


def _bill(lake: Lake) -> None:
    lake.deliver(
        Charge(billed_cost=Decimal("20.52022672899"), contracted_cost=None),
        Charge(service_name="S3", tags='{"team/x":"platform"}'),
        Charge(service_name=None, provider_name="Microsoft", billed_cost=Decimal("-0.5")),
    )


def test_an_answer_has_totals_rows_and_what_they_are_about(lake, get):
    _bill(lake)
    answer = get(f"/costs?{MARCH}&group_by=service_name&provider_name=AWS").get_json()
    assert answer["success"] is True
    assert answer["data"]["totals"] == [
        {
            "currency": "USD",
            "billed_cost": "21.52022672899",
            "effective_cost": "2",
            "list_cost": "2",
            "contracted_cost": "1",
        }
    ]
    assert answer["data"]["rows"][0] == {
        "period_start": "2026-03-01",
        "period_end": "2026-03-19",
        "service_name": "EC2",
        "currency": "USD",
        "billed_cost": "20.52022672899",
        "effective_cost": "1",
        "list_cost": "1",
        "contracted_cost": None,
    }
    assert answer["meta"] == {
        "start_date": "2026-03-01",
        "end_date": "2026-03-19",
        "granularity": "total",
        "group_by": ["service_name"],
        "filters": {"provider_name": ["AWS"]},
        "timezone": "UTC",
        "data_as_of": {"complete_through": "2026-03-01", "imported_at": "2026-03-20T09:00:00Z"},
        "missing": {"USD": {"contracted_cost": 1}},
        "row_count": 2,
        "next_cursor": None,
    }


def test_nothing_is_two_empty_lists(lake, get):
    answer = get("/costs").get_json()
    assert answer["data"] == {"totals": [], "rows": []}
    assert answer["meta"]["data_as_of"] == {"complete_through": None, "imported_at": None}
    assert answer["meta"]["row_count"] == 0


def test_a_stranger_sees_nothing_of_it(lake, elsewhere, get):
    lake.organization = elsewhere
    _bill(lake)
    assert get(f"/costs?{MARCH}").get_json()["data"] == {"totals": [], "rows": []}


def test_pages_follow_each_other_by_cursor(lake, get):
    _bill(lake)
    path = f"/costs?{MARCH}&group_by=service_name&limit=2"
    first = get(path).get_json()
    second = get(f"{path}&cursor={first['meta']['next_cursor']}").get_json()
    names = [row["service_name"] for page in (first, second) for row in page["data"]["rows"]]
    assert names == ["EC2", "S3", None]
    assert second["meta"]["next_cursor"] is None
    assert second["data"]["totals"] == first["data"]["totals"]


def test_a_cursor_dies_with_the_data_that_it_was_for(lake, get):
    _bill(lake)
    path = f"/costs?{MARCH}&group_by=service_name&limit=2"
    cursor = get(path).get_json()["meta"]["next_cursor"]
    _bill(lake)
    answer = get(f"{path}&cursor={cursor}")
    assert answer.status_code == 409
    assert answer.get_json()["error"] == "The data changed; start again."


def test_a_cursor_serves_its_own_question_only(lake, get):
    _bill(lake)
    path = f"/costs?{MARCH}&group_by=service_name&limit=2"
    cursor = get(path).get_json()["meta"]["next_cursor"]
    assert get(f"/costs?{MARCH}&group_by=region_id&cursor={cursor}").status_code == 400
    assert get(f"{path}&cursor={cursor[:-1]}").status_code == 400
    assert get(f"{path}&cursor=x").status_code == 400


def test_csv_holds_every_row_verbatim(lake, get):
    charges = [Charge(service_name=f"=service {number}") for number in range(1200)]
    lake.deliver(*charges, Charge(service_name='a,"b'))
    answer = get(f"/costs?{MARCH}&group_by=service_name&format=csv&order_by=service_name")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["X-Row-Count"] == "1201"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="costs_2026-03-01_2026-03-19.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
    assert len(rows) == 1201
    assert rows[0]["service_name"] == "=service 0"
    assert rows[-1]["service_name"] == 'a,"b'
    assert rows[0]["billed_cost"] == "1"


def _two_months(lake: Lake) -> None:
    """What a service cost on each day of February and March, one that went, one that came."""
    for first, cost in ((date(2026, 2, 1), "1.25"), (date(2026, 3, 1), "2")):
        days = DateRange(first, first.replace(day=20))
        lake.deliver(
            *on(Charge(billed_cost=Decimal(cost), contracted_cost=None), *days),
            Charge(day=first, service_name="gone" if first.month == 2 else "new", list_cost=None),
        )


SO_FAR = "start_date=2026-03-01&end_date=2026-03-20"
METRIC = "billed_cost"


def test_each_row_and_total_has_both_sides_and_the_change(lake, get):
    _two_months(lake)
    answer = get(f"/costs?{SO_FAR}&group_by=service_name&compare=previous").get_json()
    assert answer["meta"]["compared"] == {
        "now": ["2026-03-01", "2026-03-19"], "before": ["2026-02-01", "2026-02-19"],
    }  # fmt: skip
    rows = {row["service_name"]: row for row in answer["data"]["rows"]}
    assert list(rows) == ["EC2", "new", "gone"]
    sides = ("compared", "before", "change")
    assert [rows["EC2"][side][METRIC] for side in sides] == ["38", "23.75", "14.25"]
    assert rows["EC2"][METRIC] == "40"  # with today, which is not compared
    assert [rows["gone"][side][METRIC] for side in sides] == ["0", "1", "-1"]
    assert rows["gone"][METRIC] == "0"
    assert [rows["new"][side][METRIC] for side in sides] == ["1", "0", "1"]
    assert [rows["new"][side]["list_cost"] for side in sides] == [None, "0", None]
    assert rows["EC2"]["compared"]["contracted_cost"] is None
    (total,) = answer["data"]["totals"]
    assert [total[side][METRIC] for side in sides] == ["39", "24.75", "14.25"]
    assert total["compared"]["list_cost"] == "19"
    assert "compared" not in get(f"/costs?{SO_FAR}").get_json()["data"]["totals"][0]
    assert "compared" not in get(f"/costs?{SO_FAR}").get_json()["meta"]


def test_days_stand_against_days_and_what_is_gone_at_its_counterpart(lake, get):
    _two_months(lake)
    asked = f"/costs?{SO_FAR}&compare=previous&granularity=daily&group_by=service_name&limit=1000"
    rows = get(asked).get_json()["data"]["rows"]
    (gone,) = [row for row in rows if row["service_name"] == "gone"]
    assert (gone["period_start"], gone["period_end"]) == ("2026-03-01", "2026-03-01")
    (today,) = [row for row in rows if row["period_start"] == "2026-03-20"]
    assert (today[METRIC], today["compared"][METRIC], today["before"][METRIC]) == ("2", "0", "0")
    (second,) = [row for row in rows if row["period_start"] == "2026-03-02"]
    assert second["change"][METRIC] == "0.75"
    months = get(f"/costs?{SO_FAR}&compare=previous&granularity=monthly").get_json()["data"]["rows"]
    assert [row["change"][METRIC] for row in months] == ["14.25"]


def test_pages_and_csv_of_a_comparison_have_the_same_rows(lake, get):
    _two_months(lake)
    path = f"/costs?{SO_FAR}&group_by=service_name&compare=previous"
    whole = get(path).get_json()["data"]
    first = get(f"{path}&limit=2").get_json()
    second = get(f"{path}&limit=2&cursor={first['meta']['next_cursor']}").get_json()
    assert first["data"]["rows"] + second["data"]["rows"] == whole["rows"]
    assert first["data"]["totals"] == second["data"]["totals"] == whole["totals"]
    found = get(f"{path}&format=csv").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(found, newline="")))
    assert [row["change_billed_cost"] for row in rows] == [
        row["change"][METRIC] for row in whole["rows"]
    ]
    cursor = first["meta"]["next_cursor"]
    lake.deliver(Charge(day=date(2026, 3, 21)))
    assert get(f"{path}&limit=2&cursor={cursor}").status_code == 409


def test_nothing_to_compare_with_is_null_and_not_an_error(lake, get):
    _two_months(lake)
    answer = get(f"/costs?{SO_FAR}&compare=last_year").get_json()
    assert answer["meta"]["compared"] is None
    (total,) = answer["data"]["totals"]
    assert total[METRIC] == "41"
    assert set(total["change"].values()) == set(total["compared"].values()) == {None}
    empty = get("/costs?start_date=2020-01-01&end_date=2020-01-31&compare=previous").get_json()
    assert (empty["data"], empty["meta"]["compared"]) == ({"totals": [], "rows": []}, None)


def test_csv_takes_no_page(lake, get):
    assert get("/costs?format=csv&limit=5").status_code == 400


@pytest.mark.parametrize("path", ["/costs", "/costs?format=csv", "/costs/dimensions"])
def test_what_the_caller_holds_is_not_sent_again_until_the_data_change(lake, get, path):
    _bill(lake)
    first = get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = get(path, {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert "X-RateLimit-Limit" in again.headers
    _bill(lake)
    assert get(path, {"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_an_etag_is_of_one_day(lake, get):
    tag = get("/costs").headers["ETag"]
    clock.configure("2026-03-21T12:00:00Z")
    assert get("/costs", {"If-None-Match": tag}).status_code == 200


def test_dimensions_are_listed_with_the_tags_of_the_bills(lake, get):
    _bill(lake)
    names = [row["name"] for row in get("/costs/dimensions").get_json()["data"]]
    assert names[0] == "provider_name"
    assert names[-1] == "tag:team/x"


def test_dimensions_come_in_pages(lake, get):
    lake.deliver(*(Charge(tags=f'{{"k{number}":"x"}}') for number in range(30)))
    names, cursor = [], ""
    while cursor is not None:
        answer = get(f"/costs/dimensions?limit=20{cursor and '&cursor='}{cursor}").get_json()
        names += [row["name"] for row in answer["data"]]
        cursor = answer["meta"]["next_cursor"]
    assert len(set(names)) == len(names) == 14 + 30


def test_the_values_of_a_dimension_come_with_their_cost(lake, get):
    _bill(lake)
    answer = get(f"/costs/dimensions/service_name?{MARCH}").get_json()
    assert [(row["value"], row["billed_cost"]) for row in answer["data"]] == [
        ("EC2", "20.52022672899"),
        ("S3", "1"),
        (None, "-0.5"),
    ]
    found = get(f"/costs/dimensions/service_name?{MARCH}&q=s").get_json()
    assert [row["value"] for row in found["data"]] == ["S3"]
    tagged = get(f"/costs/dimensions/tag:team/x?{MARCH}").get_json()
    assert [row["value"] for row in tagged["data"]] == [None, "platform"]


def test_values_come_in_pages(lake, get):
    _bill(lake)
    path = f"/costs/dimensions/service_name?{MARCH}&limit=1"
    first = get(path).get_json()
    second = get(f"{path}&cursor={first['meta']['next_cursor']}").get_json()
    assert [first["data"][0]["value"], second["data"][0]["value"]] == ["EC2", "S3"]


def test_an_unknown_dimension_is_not_found(lake, get):
    assert get("/costs/dimensions/nope").status_code == 404


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("start_date=2025-13-01", "start_date"),
        ("start_date=2026-03-02&end_date=2026-03-01", "end_date"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=5&limit=6", "limit"),
        ("format=xml", "format"),
        ("group_by=nope", "group_by"),
        ("nope=1", "nope"),
        ("compare=ever", "compare"),
        ("compare=", "compare"),
        ("compare=none&compare=previous", "compare"),
        ("compare=previous&granularity=weekly", "compare"),
        ("compare=last_year&granularity=quarterly", "compare"),
        ("exclude_nope=1", "exclude_nope"),
        ("tag:=1", "tag"),
        ("account=1", "account"),
        ("service_name=%00", "service_name"),
    ],
)
def test_a_wrong_parameter_is_named(lake, get, parameters, named):
    answer = get(f"/costs?{parameters}")
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]


def test_sql_in_a_value_is_a_value(lake, get):
    """S41: values are bound: they select nothing, and break nothing."""
    _bill(lake)
    for payload in SQL_PAYLOADS:
        parameters = urlencode({"q": payload, "service_name": payload})
        answer = get(f"/costs/dimensions/service_name?{parameters}")
        assert answer.status_code == 200
        assert answer.get_json()["data"] == []
    assert get(f"/costs?{MARCH}").get_json()["data"]["totals"]


def test_sql_in_a_name_is_refused(lake, get):
    """S41: 60 payloads, in each place that takes a name."""
    for payload in SQL_PAYLOADS:
        for name in ("group_by", "order_by", "granularity", "range"):
            assert get(f"/costs?{urlencode({name: payload})}").status_code == 400


def test_sums_beyond_all_digits_are_refused_in_words(lake, get):
    for _ in range(2):
        lake.deliver(Charge(billed_cost=Decimal(10) ** 20 - 1))
    answer = get(f"/costs?{MARCH}")
    assert answer.status_code == 400
    assert "20 digits" in answer.get_json()["error"]


def test_the_engine_reads_the_lake_and_nothing_else(lake, tmp_path):
    _bill(lake)
    outside = tmp_path / "outside.parquet"
    with duckdb.connect() as writer:
        writer.execute(f"COPY (SELECT 1 AS one) TO '{outside}' (FORMAT parquet)")
    for statement in [
        f"SELECT * FROM read_parquet('{outside}')",
        f"SELECT * FROM read_parquet('{lake.store.engine.path('..')}/outside.parquet')",
        "SELECT * FROM read_csv('/etc/passwd')",
        f"COPY (SELECT 1) TO '{tmp_path}/written.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ]:
        with pytest.raises(duckdb.Error):
            list(lake.store.engine.read(statement, {}))


@pytest.mark.parametrize("path", ["/costs", "/costs?format=csv", "/accounts"])
def test_an_unchanged_answer_may_be_kept_as_the_whole_one(lake, get, path):
    """304 with ``no-store`` would have the caller throw away what it just confirmed."""
    _bill(lake)
    whole = get(path)
    unchanged = get(path, {"If-None-Match": whole.headers["ETag"]})
    assert unchanged.status_code == 304
    assert unchanged.headers["ETag"] == whole.headers["ETag"]
    assert unchanged.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Type" not in unchanged.headers
