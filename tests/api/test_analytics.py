"""/analytics, at the door: figures that are the cost query's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.models import Organization
from costoptix.money import to_text
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api, MakeKey
from tests.support.lake import TODAY, Charge, Lake, on, open_writer

PATHS = ("summary", "services", "daily", "quarterly", "portfolio", "movers", "forecast")
MARCH = "start_date=2026-03-01&end_date=2026-03-20"


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        yield Lake(session, app.extensions["cost_store"], writer, acme)


@pytest.fixture
def reader(make_key: MakeKey, as_key: Callable[[str], Api]) -> Api:
    """Call with a key that may read."""
    return as_key(make_key("read")[1])


@pytest.fixture
def billed(lake: Lake) -> Lake:
    """Four months of two services in two accounts."""
    every_day = DateRange(date(2025, 12, 1), TODAY)
    lake.deliver(
        *on(Charge(effective_cost=Decimal("20.52022672899")), *every_day),
        *on(Charge(service_name="S3", sub_account_id="222", effective_cost=Decimal(2)), *every_day),
    )
    return lake


def data(api: Api, path: str):
    answer = api.get(f"/analytics/{path}")
    assert answer.status_code == 200, answer.json
    return answer.json["data"]


@pytest.mark.parametrize("path", PATHS)
def test_without_bills_the_figures_are_empty_and_not_an_error(lake, reader, path):
    answer = reader.get(f"/analytics/{path}")
    assert answer.status_code == 200
    assert answer.json["meta"]["data_as_of"] == {"complete_through": None, "imported_at": None}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("metric=cost", "metric"),
        ("metric=billed_cost&metric=list_cost", "metric"),
        ("range=yesterday", "range"),
        ("start_date=2026-13-01", "start_date"),
        ("start_date=2026-03-02&end_date=2026-03-01", "end_date"),
        ("start_date=1999-01-01&end_date=2026-01-01", "5 years"),
        ("account=aws", "account"),
        ("granularity=daily", "granularity"),
        ("group_by=service_name", "group_by"),
        ("nonsense=1", "nonsense"),
    ],
)
def test_a_wrong_parameter_is_named(lake, reader, path, asked, named):
    answer = reader.get(f"/analytics/{path}?{asked}")
    assert answer.status_code == 400
    assert named in answer.json["error"]


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        ("daily", "range=last_6_months", "90 days"),
        ("forecast", "horizon=45", "horizon"),
        ("movers", "level=team", "level"),
        ("movers", "compare=before", "compare"),
        ("summary", "compare=", "compare"),
        ("daily", "compare=none&compare=none", "compare"),
        ("forecast", "compare=none", "compare"),
        ("quarterly", "compare=previous", "compare"),
        ("movers", "compare=previous&compare_account=aws:1", "compare_account"),
        ("movers", "compare_start_date=2026-01-01", "compare_end_date"),
        ("movers", "compare_start_date=2026-01-02&compare_end_date=2026-01-01", "compare_end"),
        ("movers", "compare_start_date=x&compare_end_date=2026-01-01", "compare_start_date"),
        ("movers", "compare_account=111", "compare_account"),
        ("movers", "limit=0", "limit"),
        ("movers", "cursor=x", "cursor"),
        (
            "movers",
            "compare_start_date=2026-01-01&compare_end_date=2026-01-02&compare_account=aws:1",
            "compare_account",
        ),
    ],
)
def test_a_wrong_option_is_named(billed, reader, path, asked, named):
    answer = reader.get(f"/analytics/{path}?{asked}")
    assert answer.status_code == 400
    assert named in answer.json["error"]


def test_the_totals_are_the_cost_query_s(billed, reader):
    (whole,) = reader.get(f"/costs?{MARCH}").json["data"]["totals"]
    expected = whole["effective_cost"]
    assert data(reader, f"summary?{MARCH}")["currencies"][0]["total"] == expected
    assert data(reader, f"daily?{MARCH}")[0]["total"] == expected
    assert data(reader, f"portfolio?{MARCH}")[0]["total"] == expected
    assert data(reader, f"quarterly?{MARCH}")[0]["total"] == expected
    services = data(reader, f"services?{MARCH}")["services"]
    assert to_text(sum(Decimal(line["total"]) for line in services)) == expected
    billed_cost = data(reader, f"summary?{MARCH}&metric=billed_cost")["currencies"][0]["total"]
    assert billed_cost == whole["billed_cost"]


def test_an_account_narrows_every_figure(billed, reader):
    asked = f"{MARCH}&account=aws:222"
    assert data(reader, f"summary?{asked}")["currencies"][0]["total"] == "40"
    assert data(reader, f"daily?{asked}")[0]["services"] == 1
    assert data(reader, f"portfolio?{asked}")[0]["active_accounts"] == 1
    assert data(reader, f"movers?{asked}")["totals"][0]["change"]["now"] == "38"
    assert data(reader, f"summary?{MARCH}&charge_category=Tax")["currencies"] == []


def test_the_summary_says_what_it_compares(billed, reader):
    found = data(reader, "summary?range=last_7_days")
    assert found["complete"] == {"start_date": "2026-03-14", "end_date": "2026-03-19"}
    assert found["compared_with"] == {"start_date": "2026-03-08", "end_date": "2026-03-13"}
    (spend,) = found["currencies"]
    assert spend["average_per_day"] == "22.52022672899"
    assert spend["change"]["amount"] == spend["change"]["percent"] == "0"
    month = found["this_month"]["currencies"][0]
    assert month["spent"] == "450.4045345798"
    assert month["projected"] == "698.12702859869"
    assert month["against_last_month"]["before"] == "630.56634841172"
    assert month["services_health"] == {"critical": 0, "watch": 0, "healthy": 2}
    assert month["forecast"]["method"] == "pattern"
    assert Decimal(month["ceiling"]["amount"]) >= Decimal(month["spent"])


COMPARED = {"now": ["2026-03-01", "2026-03-19"], "before": ["2026-02-01", "2026-02-19"]}


@pytest.mark.parametrize("path", ["summary", "services", "daily", "portfolio", "movers"])
def test_what_is_compared_is_said_and_is_the_same_everywhere(billed, reader, path):
    def meta(asked: str) -> dict[str, object]:
        return reader.get(f"/analytics/{path}?{asked}").json["meta"]

    assert meta(f"{MARCH}&compare=previous")["compared"] == COMPARED
    assert meta(f"{MARCH}&compare=last_year")["compared"] is None  # before the first bill
    assert "compared" not in meta(f"{MARCH}&compare=none")
    is_default = path in ("summary", "movers")
    assert meta(MARCH).get("compared") == (COMPARED if is_default else None)


def test_the_change_of_compared_days_is_one_number(billed, reader):
    billed.deliver(Charge(day=date(2026, 2, 3), effective_cost=Decimal("0.5")), source="more")
    billed.deliver(Charge(day=TODAY, effective_cost=Decimal(7)), source="more")
    asked = f"{MARCH}&compare=previous"
    (spend,) = data(reader, f"summary?{asked}")["currencies"]
    assert spend["change"]["before"] == "428.38430785081"
    assert spend["change"]["amount"] == "-0.5"
    assert spend["not_compared"] == "29.52022672899"
    assert spend["services_health"] == {"critical": 0, "watch": 0, "healthy": 2}
    assert Decimal(spend["change"]["now"]) + Decimal(spend["not_compared"]) == Decimal(
        spend["total"]
    )
    assert data(reader, f"daily?{asked}")[0]["comparison"] == spend["change"]
    assert data(reader, f"portfolio?{asked}")[0]["change"] == spend["change"]
    assert data(reader, f"movers?{MARCH}")["totals"][0]["change"] == spend["change"]
    services = data(reader, f"services?{asked}")["services"]
    moved = sum(Decimal(line["comparison"]["amount"]) for line in services)
    assert moved == Decimal("-0.5")


def test_a_service_that_was_there_only_before_is_a_row_of_the_compared_services(billed, reader):
    billed.deliver(
        Charge(day=date(2026, 2, 3), service_name="Gone", effective_cost=Decimal(9)), source="more"
    )
    billed.deliver(Charge(day=TODAY, effective_cost=Decimal(0)), source="more")
    services = data(reader, f"services?{MARCH}&compare=previous")["services"]
    last = services[-1]
    assert (last["service_name"], last["total"], last["peak"]) == ("Gone", "0", None)
    assert last["comparison"]["amount"] == "-9"
    moved = sum(Decimal(line["comparison"]["amount"]) for line in services)
    assert moved == Decimal(data(reader, f"movers?{MARCH}")["totals"][0]["change"]["amount"])
    assert len(data(reader, f"services?{MARCH}")["services"]) == 2


def test_nothing_is_compared_where_that_is_asked_for(billed, reader):
    assert data(reader, f"summary?{MARCH}&compare=none")["currencies"][0]["change"] is None
    assert data(reader, f"portfolio?{MARCH}")[0]["change"] is None
    assert data(reader, f"daily?{MARCH}")[0]["comparison"] is None
    movers = data(reader, f"movers?{MARCH}&compare=none")
    assert (movers["movers"], movers["note"]) == ([], "Nothing is compared: compare is none.")


def test_services_are_followed_over_their_full_months(billed, reader):
    found = data(reader, "services?range=last_3_months")
    assert found["partial_months"] == [{"month": "2026-03-01", "complete_days": 19, "days": 31}]
    first = found["services"][0]
    assert (first["service_name"], first["provider_name"]) == ("EC2", "AWS")
    assert first["peak_month"] == "2026-01-01"
    assert first["confidence"] == "medium"
    assert first["change"]["amount"] == "-61.56068018697"


def test_a_service_is_flagged_by_its_anomalies_of_the_range(billed, api, session, acme):
    make_anomaly(session, acme, severity="low", day=date(2026, 2, 3))
    row = make_anomaly(session, acme, severity="high", day=date(2026, 3, 9))
    make_anomaly(session, acme, severity="critical", day=date(2025, 3, 9))
    make_anomaly(session, acme, severity="critical", day=date(2026, 3, 5), currency="EUR")

    def flags(path: str) -> list[object]:
        return [each["anomaly_flag"] for each in data(api, path)["services"]]

    asked = "services?range=last_3_months"
    assert flags(asked) == [{"count": 2, "severity": "high"}, None]
    assert flags(f"{asked}&account=aws:222") == [None]
    assert flags(f"{asked}&exclude_service_name=S3") == [{"count": 2, "severity": "high"}]
    first = api.get(f"/analytics/{asked}")
    unchanged = api.get(f"/analytics/{asked}", headers={"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304
    api("PATCH", f"/anomalies/{row.id}", json={"status": "false_positive"})
    again = api.get(f"/analytics/{asked}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert flags(asked) == [{"count": 1, "severity": "low"}, None]


def test_days_are_marked_that_are_not_complete(billed, reader):
    (found,) = data(reader, "daily?range=last_7_days")
    assert [day["is_complete"] for day in found["days"]] == [True] * 6 + [False]
    assert found["average_per_day"] == "22.52022672899"
    assert found["services_for_80_percent"] == 1


def test_movers_are_paged_and_their_totals_are_of_all_pages(billed, reader):
    asked = "movers?range=last_7_days&level=account&limit=1"
    first = reader.get(f"/analytics/{asked}").json
    assert first["meta"]["row_count"] == 2
    following = first["meta"]["next_cursor"]
    second = reader.get(f"/analytics/{asked}&cursor={following}").json
    assert second["meta"]["next_cursor"] is None
    assert second["data"]["totals"] == first["data"]["totals"]
    groups = [answer["data"]["movers"][0]["group"] for answer in (first, second)]
    assert {group["sub_account_id"] for group in groups} == {"111", "222"}


def test_a_page_of_movers_ends_when_the_data_change(billed, reader):
    asked = "/analytics/movers?range=last_7_days&limit=1"
    following = reader.get(asked).json["meta"]["next_cursor"]
    billed.deliver(Charge(day=date(2026, 3, 2), service_name="RDS"))
    assert reader.get(f"{asked}&cursor={following}").status_code == 409


def test_movers_without_anything_to_compare_say_so(billed, reader):
    found = data(reader, "movers?range=last_12_months")
    assert found["movers"] == []
    assert "before the first bill" in found["note"]


def test_a_mover_has_the_parts_of_its_change_and_all_have_a_sentence(billed, reader):
    billed.deliver(
        Charge(day=date(2026, 3, 18), service_name="RDS", effective_cost=Decimal("7.5")),
        source="more",
    )
    billed.deliver(Charge(day=TODAY, effective_cost=Decimal(0)), source="more")
    found = data(reader, "movers?range=last_7_days")
    assert found["movers"][0]["state"] == "new"
    names = [
        "new", "gone", "usage", "list_price", "negotiated_rate", "commitment_coverage",
        "unused_commitment", "purchases", "credits", "tax", "other",
    ]  # fmt: skip
    assert found["movers"][0]["parts"] == dict.fromkeys(names, "0") | {"new": "7.5"}
    (whole,) = found["totals"]
    assert list(whole["parts"]) == names
    assert whole["restated"] == {"now": "0", "before": "0"}
    assert (whole["coverage"], whole["untold"]) == ([], [])
    assert (
        found["sentence"]
        == whole["sentence"]
        == ("14–19 Mar 2026 is $7.50 (5.6%) above 8–13 Mar 2026: RDS +$7.50 newly used.")
    )


def test_a_cursor_of_before_midnight_says_that_the_data_changed(billed, reader):
    following = {
        path: reader.get(f"{path}&limit=1").json["meta"]["next_cursor"]
        for path in (
            "/analytics/movers?range=last_7_days",
            "/analytics/movers?start_date=2026-03-14&end_date=2026-03-20",
            "/costs?group_by=service_name&range=last_7_days",
            "/costs?group_by=service_name&compare=previous&start_date=2026-03-14"
            "&end_date=2026-03-20",
        )
    }
    clock.configure("2026-03-21T00:00:01Z")
    for path, cursor in following.items():
        answer = reader.get(f"{path}&limit=1&cursor={cursor}")
        assert answer.status_code in (200, 409), path
        if answer.status_code == 409:
            assert answer.json["error"] == "The data changed; start again."
    path, cursor = next(iter(following.items()))
    assert reader.get(f"{path}&level=account&limit=1&cursor={cursor}").status_code == 400


@pytest.mark.parametrize(("horizon", "days"), [("month_end", 12), ("30", 30), ("90", 90)])
def test_the_forecast_has_a_day_for_each_day_to_come(billed, reader, horizon, days):
    (found,) = data(reader, f"forecast?horizon={horizon}")
    assert len(found["days"]) == days
    assert found["days"][0]["date"] == "2026-03-20"
    assert found["history"] == {"start_date": "2025-12-01", "end_date": "2026-03-19"}
    assert found["ceiling"]["end_date"] == "2026-03-31"
    for day in found["days"]:
        assert Decimal(day["low"]) <= Decimal(day["expected"]) <= Decimal(day["high"])


def test_a_short_history_is_said_in_words(billed, reader):
    (found,) = data(reader, "forecast?range=last_7_days")
    assert found["method"] == "average"
    assert "Only 6 complete days" in found["note"]


@pytest.mark.parametrize("path", ["portfolio", "quarterly"])
def test_starter_is_told_which_tier_has_the_report(billed, reader, acme, session, path):
    acme.tier = "starter"
    session.commit()
    answer = reader.get(f"/analytics/{path}")
    assert answer.status_code == 403
    assert "Professional" in answer.json["error"]
    acme.tier = "professional"
    session.commit()
    assert reader.get(f"/analytics/{path}").status_code == 200


def test_a_stranger_sees_nothing_of_it(billed, make_key, as_key, elsewhere):
    """S25: another organization's bills are not there."""
    stranger = as_key(make_key("admin", elsewhere)[1])
    for path in PATHS:
        answer = stranger.get(f"/analytics/{path}")
        assert b"EC2" not in answer.data
        assert b"20.5" not in answer.data


def test_the_same_figures_are_not_sent_twice(billed, reader):
    first = reader.get(f"/analytics/daily?{MARCH}")
    again = reader.get(
        f"/analytics/daily?{MARCH}", headers={"If-None-Match": first.headers["ETag"]}
    )
    other = reader.get(
        f"/analytics/daily?{MARCH}&metric=list_cost",
        headers={"If-None-Match": first.headers["ETag"]},
    )
    assert (again.status_code, other.status_code) == (304, 200)
