"""``/imports`` at the door: sent, watched, read, undone."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config import Config
from costoptix.access import api_keys
from costoptix.access.permissions import Caller, Permission
from costoptix.bills.read import rejections
from costoptix.clock import utc_now
from costoptix.extensions import db
from costoptix.models import Import, Organization
from tests.bills.bill import ORDINARY, write
from tests.support.bills import DATA, SAMPLE
from tests.support.bills import work as do_imports
from tests.support.fetched import counted, most_memory

Ask = Callable[..., TestResponse]


def _key(session: Session, organization: Organization, admin: Caller, permission: str) -> str:
    draft = api_keys.KeyDraft(name="k", permission=Permission(permission), expires_at=None)
    return api_keys.create(session, organization, admin, draft)[1]


@pytest.fixture
def ask(client: FlaskClient, session: Session, acme: Organization, admin: Caller) -> Ask:
    """Call the API with a key of acme, by default one that may write."""

    def ask(
        method: str, path: str, permission: str = "write", headers: dict[str, str] | None = None,
        **said: object,
    ) -> TestResponse:  # fmt: skip
        known = {"X-API-Key": _key(session, acme, admin, permission), **(headers or {})}
        return client.open(f"/api/v1{path}", method=method, headers=known, **said)

    return ask


@pytest.fixture
def work(session: Session, config: Config) -> Callable[[], None]:
    """Do what is due, without child processes."""

    return partial(do_imports, session, config)


def test_a_bill_is_sent_read_and_shown(ask: Ask, work: Callable[[], None]) -> None:
    sent = ask("POST", "/imports", data=SAMPLE.read_bytes(), content_type="text/csv")
    assert sent.status_code == 202
    received = sent.json["data"]
    assert received["state"] == "received"
    assert sent.headers["Location"].endswith(f"/imports/{received['id']}")
    work()
    shown = ask("GET", f"/imports/{received['id']}", "read").json["data"]
    assert shown["state"] == "live"
    assert shown["format"] == "FOCUS 1.0"
    assert shown["rows"] == {"read": 1000, "kept": 1000, "rejected": 0, "charges": 1000}
    assert {period["billing_period"] for period in shown["periods"]} == {"2024-09", "2024-10"}
    assert all(
        set(line)
        >= {"metric", "currency", "sum_file", "sum_stored", "sum_rejected", "sum_rounding"}
        for line in shown["reconciliation"]
    )
    costs = ask("GET", "/costs?start_date=2024-09-01&end_date=2024-10-31", "read").json["data"]
    assert costs["totals"][0]["billed_cost"] == "20.52022672899"


def test_rows_are_those_of_the_file_and_a_cost_that_none_has_is_null(
    ask: Ask, work: Callable[[], None]
) -> None:
    content = {path.stem: path.read_bytes() for path in (DATA / "gcp").glob("*.jsonl")} | {
        "oci": (DATA / "oci" / "cost_report.csv").read_bytes()
    }
    shown = {}
    for name, sent in content.items():
        row = ask("POST", "/imports", data=sent, content_type="text/csv").json["data"]
        work()
        shown[name] = ask("GET", f"/imports/{row['id']}", "read").json["data"]
    google = next(value for name, value in shown.items() if name != "oci")
    assert google["rows"] == {"read": 6, "kept": 6, "rejected": 0, "charges": 9}
    listed = [line for line in shown["oci"]["reconciliation"] if line["metric"] == "list_cost"]
    assert {(line["sum_file"], line["sum_stored"]) for line in listed} == {(None, None)}


def test_what_rejected_rows_cost_is_told_where_it_can_be_read(
    ask: Ask, work: Callable[[], None]
) -> None:
    rows = [{}] * 58 + [{"ChargePeriodStart": "x", "BilledCost": "5"}, {"BilledCost": "$2"}]
    content = write(rows) + b"only,three,cells\n"
    sent = ask("POST", "/imports", data=content, content_type="text/csv").json["data"]
    work()
    shown = ask("GET", f"/imports/{sent['id']}", "read").json["data"]
    assert shown["rows"] == {"read": 61, "kept": 58, "rejected": 3, "charges": 58}
    billed = [line for line in shown["reconciliation"] if line["metric"] == "billed_cost"]
    assert [(x["currency"], x["sum_rejected"], x["rows_unread"]) for x in billed] == [
        (None, "0", 1), ("USD", "5", 1),
    ]  # fmt: skip


def test_a_month_of_local_time_is_the_month_that_is_billed(
    ask: Ask, work: Callable[[], None]
) -> None:
    for name, period, billed in (("november", "2025-11", "12.5"), ("december", "2025-12", "10")):
        content = (DATA / "local-time" / f"{name}.csv").read_bytes()
        sent = ask("POST", "/imports", data=content, content_type="text/csv").json["data"]
        work()
        shown = ask("GET", f"/imports/{sent['id']}", "read").json["data"]
        assert [(one["billing_period"], one["state"]) for one in shown["periods"]] == [
            (period, "live")
        ]
        sums = {line["metric"]: line for line in shown["reconciliation"]}
        assert sums["billed_cost"]["billing_period"] == period
        assert sums["billed_cost"]["sum_stored"] == billed
    asked = "/costs?start_date=2025-11-01&end_date=2025-12-31"
    assert ask("GET", asked, "read").json["data"]["totals"][0]["billed_cost"] == "22.5"


def test_an_empty_billing_period_is_said_in_a_note(ask: Ask, work: Callable[[], None]) -> None:
    content = (DATA / "headers" / "EnterpriseCamel.csv").read_bytes()
    sent = ask("POST", "/imports", data=content, content_type="text/csv").json["data"]
    work()
    shown = ask("GET", f"/imports/{sent['id']}", "read").json["data"]
    assert (shown["state"], shown["rows"]["rejected"]) == ("live", 0)
    assert [one["billing_period"] for one in shown["periods"]] == ["2021-02"]
    assert shown["notes"] == [
        "The billing period of 1 row is empty: the month of the service period or date is taken"
        " (line 2)."
    ]


def test_a_period_that_is_no_month_is_shown_by_its_days(ask: Ask, work: Callable[[], None]) -> None:
    cells = {"BillingPeriodStart": "2026-03-08", "BillingPeriodEnd": "2026-04-07T23:59:59Z"}
    rows = [cells, {**cells, "BilledCost": "NaN"}, *[cells] * 30]
    sent = ask("POST", "/imports", data=write(rows), content_type="text/csv").json["data"]
    work()
    shown = ask("GET", f"/imports/{sent['id']}", "read").json["data"]
    assert [one["billing_period"] for one in shown["periods"]] == ["2026-03-08/2026-04-07"]
    assert {
        (line["billing_period"], line["rows_read"], line["rows_rejected"])
        for line in shown["reconciliation"]
    } == {("2026-03-08/2026-04-07", 32, 1)}


def test_a_form_may_name_source_and_currency(ask: Ask, work: Callable[[], None]) -> None:
    content = write([{}], [name for name in ORDINARY if name != "BillingCurrency"])
    form = {"file": (io.BytesIO(content), "März.csv"), "currency": "CHF", "source": "web shop"}
    sent = ask("POST", "/imports", data=form)
    assert sent.status_code == 202
    work()
    shown = ask("GET", sent.json["data"]["id"] and f"/imports/{sent.json['data']['id']}").json[
        "data"
    ]
    assert (shown["state"], shown["file_name"], shown["source"]) == ("live", "März.csv", "web shop")
    assert shown["reconciliation"][0]["currency"] == "CHF"


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_json_may_be_the_whole_body(ask: Ask, work: Callable[[], None], media_type: str) -> None:
    content = (DATA / "containers" / "array_pretty.json").read_bytes()
    sent = ask("POST", "/imports", data=content, content_type=media_type)
    assert sent.status_code == 202
    work()
    shown = ask("GET", f"/imports/{sent.json['data']['id']}").json["data"]
    assert (shown["state"], shown["rows"]["kept"]) == ("live", 3)


def test_text_that_is_not_utf_8_is_read_when_its_encoding_is_named(
    ask: Ask, work: Callable[[], None]
) -> None:
    content = (DATA / "containers" / "cp1252.csv").read_bytes()
    for path in ("/imports", "/imports?encoding=windows-1252"):
        assert ask("POST", path, data=content, content_type="text/csv").status_code == 202
        work()
    read, refused = ask("GET", "/imports").json["data"]
    assert "looks like cp1252 (“Büro”)" in refused["error"]
    assert refused["rows"]["kept"] == 0
    assert (read["state"], read["rows"]["kept"], read["rows"]["rejected"]) == ("live", 61, 0)


def test_an_encoding_that_is_none_is_named(ask: Ask) -> None:
    sent = ask("POST", "/imports?encoding=rot13", data=b"a", content_type="text/csv")
    assert sent.status_code == 400
    assert "'rot13'" in sent.json["error"]


def test_imports_are_listed_newest_first_and_paged(ask: Ask, work: Callable[[], None]) -> None:
    for amount in "123":
        ask("POST", "/imports", data=write([{"BilledCost": amount}]), content_type="text/csv")
    work()
    first = ask("GET", "/imports?limit=2", "read").json
    rest = ask("GET", f"/imports?limit=2&cursor={first['meta']['next_cursor']}", "read").json
    assert [row["state"] for row in first["data"] + rest["data"]] == ["live", "older", "older"]
    assert rest["meta"]["next_cursor"] is None


def test_rejected_rows_are_paged_with_their_reasons(ask: Ask, work: Callable[[], None]) -> None:
    rows = [{"BilledCost": "NaN"} if n in (3, 50, 90) else {} for n in range(100)]
    sent = ask("POST", "/imports", data=write(rows), content_type="text/csv").json["data"]
    work()
    path = f"/imports/{sent['id']}/rejections"
    first = ask("GET", f"{path}?limit=2", "read").json
    rest = ask("GET", f"{path}?limit=2&cursor={first['meta']['next_cursor']}", "read").json
    found = first["data"] + rest["data"]
    assert [row["line"] for row in found] == [5, 52, 92]
    assert {(row["column"], row["value"]) for row in found} == {("BilledCost", "NaN")}
    assert rest["meta"]["next_cursor"] is None


def test_each_page_of_rejected_rows_reads_its_own_part_of_the_file(
    ask: Ask, rejected: Import, config: Config, acme: Organization
) -> None:
    """However many were rejected, memory is constant and the last page as quick as the first."""
    path = f"/imports/{rejected.id}/rejections?limit=1000"
    cursor, lines = "", []
    with most_memory(4 << 20):
        for _ in range(3):
            answer = ask("GET", path + cursor, "read").json
            lines += [row["line"] for row in answer["data"]]
            cursor = f"&cursor={answer['meta']['next_cursor']}"
    assert lines == list(range(2, 3002))
    file = rejections.path(config.lake_dir, acme.id, rejected.id)
    blank = file.read_bytes()
    file.write_bytes(
        b"x" * (blank.index(b'{"line":3002,') - 1) + blank[blank.index(b'{"line":3002,') - 1 :]
    )
    (first, *_) = ask("GET", path + cursor, "read").json["data"]
    assert first["line"] == 3002


@pytest.mark.sqlite  # rows are counted by sqlite3's own hook
def test_a_page_of_20000_imports_fetches_that_page_alone(
    ask: Ask, session: Session, acme: Organization
) -> None:
    newest = utc_now()
    session.execute(
        insert(Import),
        [
            {"organization_id": acme.id, "state": "older", "file_name": f"{number}.csv",
             "stored_name": "a", "size_bytes": 1, "sha256": "s", "created_by": "me",
             "created_at": newest - timedelta(minutes=number // 3)}
            for number in range(20_000)
        ],
    )  # fmt: skip
    session.commit()
    ask("GET", "/imports", "read")
    with counted(db.engine) as fetched:
        first = ask("GET", "/imports", "read").json
        second = ask("GET", f"/imports?cursor={first['meta']['next_cursor']}", "read").json
    assert fetched.rows < 150
    shown = [row["id"] for row in first["data"] + second["data"]]
    assert len(set(shown)) == 100
    times = [row["created_at"] for row in first["data"] + second["data"]]
    assert times == sorted(times, reverse=True)


def test_an_import_that_comes_between_two_pages_moves_neither(
    ask: Ask, work: Callable[[], None]
) -> None:
    for amount in "123":
        ask("POST", "/imports", data=write([{"BilledCost": amount}]), content_type="text/csv")
    first = ask("GET", "/imports?limit=2", "read").json
    ask("POST", "/imports", data=write([{"BilledCost": "4"}]), content_type="text/csv")
    rest = ask("GET", f"/imports?limit=2&cursor={first['meta']['next_cursor']}", "read").json
    assert len({row["id"] for row in first["data"] + rest["data"]}) == 3


def test_withdrawing_is_delete(ask: Ask, work: Callable[[], None]) -> None:
    sent = ask("POST", "/imports", data=write([{}]), content_type="text/csv").json["data"]
    early = ask("DELETE", f"/imports/{sent['id']}")
    assert early.status_code == 409
    work()
    assert ask("DELETE", f"/imports/{sent['id']}").json["data"]["state"] == "withdrawn"
    assert ask("GET", "/costs?range=last_12_months", "read").json["data"]["totals"] == []


def test_r16_a_repeat_is_a_duplicate_that_leads_to_the_import_it_repeats(
    ask: Ask, work: Callable[[], None]
) -> None:
    first, again = (
        ask(
            "POST", "/imports", data={"file": (io.BytesIO(write([{}])), name)}
        ).json["data"]["id"]
        for name in ("march.csv", "copy.csv")
    )  # fmt: skip
    work()
    repeated = {"id": first, "file_name": "march.csv", "state": "live"}
    listed = ask("GET", "/imports", "read").json["data"]
    assert [(row["state"], row["repeats"]) for row in listed] == [
        ("duplicate", repeated), ("live", None),
    ]  # fmt: skip
    assert ask("GET", f"/imports/{again}").json["data"]["repeats"] == repeated
    refused = ask("DELETE", f"/imports/{again}")
    assert refused.status_code == 409
    assert "march.csv" in refused.json["error"]
    assert first in refused.json["error"]
    ask("DELETE", f"/imports/{first}")
    shown = ask("GET", f"/imports/{again}").json["data"]
    assert (shown["state"], shown["repeats"]["state"]) == ("duplicate", "withdrawn")
    assert ask("DELETE", f"/imports/{again}").status_code == 409


def test_an_older_import_is_made_current(ask: Ask, work: Callable[[], None]) -> None:
    first, second = (
        ask("POST", "/imports", data=write([{"BilledCost": amount}]), content_type="text/csv")
        for amount in "12"
    )
    work()
    path = f"/imports/{first.json['data']['id']}"
    assert ask("GET", path).json["data"]["state"] == "older"
    assert ask("POST", f"{path}/make-current", "read").status_code == 403
    assert ask("POST", f"{path}/make-current").json["data"]["state"] == "live"
    assert ask("GET", f"/imports/{second.json['data']['id']}").json["data"]["state"] == "older"
    assert ask("POST", f"{path}/make-current").status_code == 409


def test_a_stranger_s_import_is_not_found(
    ask: Ask, client: FlaskClient, session: Session, elsewhere: Organization, mallory: object
) -> None:
    sent = ask("POST", "/imports", data=write([{}]), content_type="text/csv").json["data"]
    caller = Caller(elsewhere.id, Permission.ADMIN, "mallory")
    key = _key(session, elsewhere, caller, "admin")
    for method, path in (("GET", ""), ("GET", "/rejections"), ("DELETE", "")):
        url = f"/api/v1/imports/{sent['id']}{path}"
        answer = client.open(url, method=method, headers={"X-API-Key": key})
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"data": b"a", "content_type": "application/pdf"}, 415, "text/csv"),
        ({"data": b"a", "content_type": "text/csv", "query_string": "colour=red"}, 400, "colour"),
        (
            {"data": b"a", "content_type": "text/csv", "query_string": "currency=usd"},
            400,
            "currency",
        ),
        ({"data": {"source": "x"}, "content_type": "multipart/form-data"}, 400, "file"),
    ],
)
def test_a_wrong_upload_is_refused_in_words(
    ask: Ask, said: dict[str, object], status: int, words: str
) -> None:
    answer = ask("POST", "/imports", **said)
    assert answer.status_code == status
    assert re.search(words, answer.json["error"])


@pytest.mark.own_app
def test_a_file_over_the_limit_is_413(ask: Ask, app: Flask) -> None:
    app.config["COSTOPTIX"] = dataclasses.replace(app.config["COSTOPTIX"], max_upload_bytes=10)
    answer = ask("POST", "/imports", data=b"a" * 100, content_type="text/csv")
    assert answer.status_code == 413
    assert answer.json["success"] is False


def test_a_person_decides_about_an_import_that_waits(ask: Ask, work: Callable[[], None]) -> None:
    rows = [{"BilledCost": "7"}, {"BilledCost": "3", "SubAccountId": "222"}]
    ask("POST", "/imports", data=write(rows), content_type="text/csv")
    work()
    sent = ask("POST", "/imports", data=write(rows[:1]), content_type="text/csv").json["data"]
    work()
    path = f"/imports/{sent['id']}"
    waiting = ask("GET", path).json["data"]
    assert (waiting["state"], waiting["question"]["kind"]) == ("waiting", "removal")
    (effect,) = waiting["question"]["effects"]
    assert (effect["live"], effect["delivered"], effect["sub_accounts"]) == ("10", "7", ["222"])
    assert ask("POST", f"{path}/decide", json={"decision": "perhaps"}).status_code == 400
    assert ask("POST", f"{path}/decide", json={"decision": "replace"}).status_code == 202
    work()
    assert ask("GET", path).json["data"]["state"] == "live"
    assert ask("POST", f"{path}/decide", json={"decision": "replace"}).status_code == 409


def test_an_import_shows_its_notes(ask: Ask, session: Session, acme: Organization) -> None:
    row = Import(
        organization_id=acme.id, state="live", file_name="a.csv", stored_name="a", size_bytes=1,
        sha256="s", created_by="me", notes=["Tags of 1 row could not be read: line 2."],
    )  # fmt: skip
    session.add(row)
    session.commit()
    shown = ask("GET", f"/imports/{row.id}").get_json()["data"]
    assert shown["notes"] == ["Tags of 1 row could not be read: line 2."]
