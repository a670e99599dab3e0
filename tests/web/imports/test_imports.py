"""The imports pages: a bill in by a form, its reconciliation, its rejected rows, its undoing."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config import Config
from costoptix import queue, worker
from costoptix.bills.intake import inbox
from costoptix.clock import utc_now
from costoptix.extensions import db
from costoptix.models import Budget, Import, Job, Organization, User, WorkerHeartbeat
from costoptix.web.imports.listing import COLUMNS
from tests.bills.bill import write
from tests.support.fetched import counted
from tests.support.pages import Browser, latest

pytestmark = pytest.mark.usefixtures("judged_here")

SAMPLE = Path(__file__).parents[2] / "data" / "focus" / "focus_1_0_sample.csv"
AZURE = SAMPLE.parents[1] / "azure" / "EA_ActualCost_Small.csv"
HEADER, *ROWS = SAMPLE.read_text().splitlines()[:41]


def send(browser: Browser, content: bytes, name: str = "bill.csv", **fields: str) -> TestResponse:
    return browser.post("/imports", form="/imports", file=(io.BytesIO(content), name), **fields)


def work(app: Flask, config: Config) -> None:
    with app.app_context():
        engine = db.engine
    worker.run(lambda: Session(engine, expire_on_commit=False), config, once=True)


def bring(app: Flask, config: Config, browser: Browser, *bills: list[dict[str, str]]) -> str:
    """Import one bill after the other; return the page of the last."""
    detail = ""
    for rows in bills:
        detail = send(browser, write(rows)).headers["Location"]
        work(app, config)
    return detail


def said(page: str, role: str = "status") -> str:
    """Return what a page tells in its notices."""
    return " ".join(re.findall(f'role="{role}">(.*?)</div>', page, re.DOTALL))


def with_broken_row() -> bytes:
    """A bill in which one row's amount is a formula."""
    column = next(csv.reader([HEADER])).index("BilledCost")
    cells = next(csv.reader([ROWS[-1]]))
    cells[column] = "=1+1"
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return "\n".join([HEADER, *ROWS[:-1], line.getvalue()]).encode()


def test_a_period_that_is_no_month_is_named_by_its_days(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    week = {"BillingPeriodStart": "2026-03-02", "BillingPeriodEnd": "2026-03-09"}
    detail = bring(app, config, alice_browser, [week], [week | {"BilledCost": "0.9"}])
    pages = [detail, f"{detail}/changes", f"{detail}/withdraw"]
    assert ["2026-03-02/2026-03-08" in alice_browser.get(page).text for page in pages] == [True] * 3


def test_a_bill_comes_in_by_the_form(app: Flask, config: Config, alice_browser: Browser) -> None:
    """The sums are those of the file, to the last digit; the same file again changes nothing."""
    answer = send(alice_browser, SAMPLE.read_bytes())
    assert answer.status_code == 302
    detail = answer.headers["Location"]
    waiting = alice_browser.get(detail).text
    assert "received" in waiting
    assert 'http-equiv="refresh"' in waiting
    work(app, config)
    page = alice_browser.get(detail).text
    assert 'http-equiv="refresh"' not in page
    assert "1,000 read = 1,000 kept + 0 rejected" in page
    for amount in ("20.52022672899", "14.97651418586", "20.39090575119", "14.97626039326"):
        assert amount in page
    listed = alice_browser.get("/imports").text
    assert ">live<" in listed
    again = send(alice_browser, SAMPLE.read_bytes()).headers["Location"]
    work(app, config)
    assert "already imported, nothing changed" in alice_browser.get(again).text.lower()


def test_a_duplicate_leads_to_the_import_it_repeats_and_says_what_became_of_it(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    first, again = (
        send(alice_browser, write([{}]), name).headers["Location"]
        for name in ("march.csv", "copy.csv")
    )
    work(app, config)
    assert ">duplicate<" in alice_browser.get("/imports").text
    notice = said(alice_browser.get(again).text)
    assert f'href="{first}"' in notice
    assert "march.csv" in notice
    assert "already imported, nothing changed" in notice.lower()
    confirm = alice_browser.get(f"{again}/withdraw").text
    assert "march.csv" in confirm
    assert "Undo the import" not in confirm
    assert alice_browser.post(f"{again}/withdraw", form=f"{first}/withdraw").status_code == 409
    alice_browser.post(f"{first}/withdraw", form=f"{first}/withdraw")
    notice = said(alice_browser.get(again).text)
    assert "withdrawn" in notice


@pytest.mark.sqlite  # rows are counted by sqlite3's own hook
def test_a_page_of_20000_imports_fetches_that_page_alone(
    app: Flask, alice_browser: Browser, session: Session, acme: Organization
) -> None:
    newest = utc_now()
    session.execute(
        insert(Import),
        [
            {"organization_id": acme.id, "state": "older", "file_name": f"{number}.csv",
             "stored_name": "a", "size_bytes": 1 + number % 9, "sha256": "s", "created_by": "me",
             "created_at": newest - timedelta(minutes=number)}
            for number in range(20_000)
        ],
    )  # fmt: skip
    session.commit()
    with counted(db.engine) as fetched:
        first = alice_browser.get("/imports").text
        last = alice_browser.get("/imports?page=400").text
    assert fetched.rows < 150
    assert ">0.csv<" in first
    assert ">19999.csv<" in last
    assert 'rel="next"' not in last


def test_rejected_rows_are_shown_and_safe_in_a_spreadsheet(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    """S43: text that a spreadsheet would compute is guarded."""
    detail = send(alice_browser, with_broken_row()).headers["Location"]
    work(app, config)
    assert "BilledCost" in alice_browser.get(detail).text
    answer = alice_browser.get(f"{detail}/rejections.csv")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["line"], row["column"], row["value"]) for row in rows] == [
        ("41", "BilledCost", "'=1+1")
    ]


def test_the_file_of_a_rejected_row_is_named_in_a_drop_of_several(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    """S43: the name of a file is guarded, too."""
    good = write([{}] * 40)
    bad = write([{"BilledCost": "much"}])
    files = [(io.BytesIO(good), "good.csv"), (io.BytesIO(bad), "=cmd.csv")]
    answer = alice_browser.post("/imports", form="/imports", file=files)
    detail = answer.headers["Location"]
    work(app, config)
    assert "=cmd.csv" in alice_browser.get(detail).text
    rows = list(csv.DictReader(io.StringIO(alice_browser.get(f"{detail}/rejections.csv").text)))
    assert [row["file"] for row in rows] == ["'=cmd.csv"]


def test_an_import_can_be_withdrawn(app: Flask, config: Config, alice_browser: Browser) -> None:
    detail = send(alice_browser, SAMPLE.read_bytes()).headers["Location"]
    early = alice_browser.post(f"{detail}/withdraw", form="/imports")
    assert early.status_code == 409
    assert "cannot be undone" in alice_browser.get(f"{detail}/withdraw").text
    work(app, config)
    assert "so nothing comes back" in alice_browser.get(f"{detail}/withdraw").text
    answer = alice_browser.post(f"{detail}/withdraw", form=f"{detail}/withdraw")
    assert answer.status_code == 302
    assert ">withdrawn<" in alice_browser.get(detail).text


def test_undoing_says_beforehand_what_it_changes(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = bring(app, config, alice_browser, [{"BilledCost": "7"}], [{"BilledCost": "9.50"}])
    page = alice_browser.get(f"{detail}/withdraw").text
    assert "the delivery of" in page
    assert "What it replaced comes back" in page
    assert '<data value="-2.5">' in page  # without a colour: that costs go is not good


def test_an_older_import_can_be_made_current_and_says_beforehand_what_that_changes(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    older = bring(app, config, alice_browser, [{"BilledCost": "7"}])
    newer = bring(app, config, alice_browser, [{"BilledCost": "9.50"}])
    assert "Make this one current" in alice_browser.get(older).text
    path = f"{older}/make-current"
    assert 'value="-2.5"' in alice_browser.get(path).text
    answer = alice_browser.post(path, form=path)
    assert answer.status_code == 302
    assert ">live<" in alice_browser.get(older).text
    assert ">older<" in alice_browser.get(newer).text
    again = alice_browser.post(path, form="/imports")
    assert again.status_code == 409
    assert "it was not replaced" in alice_browser.get(path).text


def test_an_import_that_another_source_replaced_names_what_counts_instead(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    older = bring(app, config, alice_browser, [{"BillingAccountId": "/billing/PAYER"}])
    newer = send(alice_browser, write([{}]), "copy.csv", source="copy").headers["Location"]
    work(app, config)
    answer = alice_browser.post(f"{newer}/decide", form=newer, decision="replace")
    assert answer.status_code == 302
    work(app, config)
    told = said(alice_browser.get(older).text)
    assert f'href="{newer}"' in told
    assert "is used instead" in told
    assert "Make this one current" not in told
    path = f"{older}/make-current"
    assert alice_browser.post(path, form=path).status_code == 409
    page = alice_browser.get(f"{newer}/withdraw").text
    assert 'value="-1"' in page
    assert 'value="1"' in page
    alice_browser.post(f"{newer}/withdraw", form=f"{newer}/withdraw")
    assert ">live<" in alice_browser.get(older).text


def test_a_file_that_is_no_bill_is_refused_in_words(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = send(alice_browser, b"%PDF-1.7 nothing").headers["Location"]
    work(app, config)
    page = alice_browser.get(detail).text
    assert ">refused<" in page
    assert 'class="notice error"' in page


def test_one_drop_of_several_files_is_one_delivery(
    app: Flask, config: Config, alice_browser: Browser, session: Session
) -> None:
    files = [
        (io.BytesIO(write([{"BilledCost": cost}])), name)
        for cost, name in (("7", "one.csv"), ("3", "two.csv"))
    ]
    answer = alice_browser.post("/imports", form="/imports", file=files)
    work(app, config)
    page = alice_browser.get(answer.headers["Location"]).text
    assert "one.csv and 1 more" in page
    assert "2 read = 2 kept + 0 rejected" in page
    assert latest(session).scalar(select(func.count()).select_from(Import)) == 1


def test_files_of_different_kinds_in_one_drop_are_a_delivery_each(
    app: Flask, config: Config, alice_browser: Browser, session: Session
) -> None:
    files = [
        (io.BytesIO(content), name)
        for content, name in (
            (write([{"BilledCost": "7"}]), "one.csv"),
            (AZURE.read_bytes(), "azure.csv"),
            (write([{"BilledCost": "3", "ResourceId": "i-2"}]), "two.csv"),
            (b"a,b", "notes.csv"),
        )
    ]
    answer = alice_browser.post("/imports", form="/imports", file=files)
    assert answer.headers["Location"] == "/imports"
    assert "4 files make 3 deliveries" in said(alice_browser.get("/imports").text)
    work(app, config)
    rows = latest(session).scalars(select(Import).order_by(Import.file_name)).all()
    assert [(row.file_name, row.state, row.rows_kept) for row in rows] == [
        ("azure.csv", "live", 11),
        ("notes.csv", "refused", 0),
        ("one.csv and 1 more", "live", 2),
    ]
    assert not list(config.uploads_dir.iterdir())


def words(page: str) -> str:
    """Return the text of a page without its elements."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_cost_that_no_row_has_is_missing_and_charges_are_told_apart(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    data = AZURE.parents[1]
    pages = []
    for path in ("oci/cost_report.csv", "gcp/flattened.csv"):
        detail = send(alice_browser, (data / path).read_bytes()).headers["Location"]
        work(app, config)
        pages.append(words(alice_browser.get(detail).text))
    assert "list – · contracted 0.00003825" in pages[0]
    assert "6 read = 6 kept + 0 rejected Charges 9, made of the rows that were kept" in pages[1]


def test_of_rejected_rows_it_is_said_how_many_have_no_amount_that_can_be_read(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    rows = [{}] * 48 + [{"BilledCost": "$2"}, {"ChargePeriodStart": "x", "BilledCost": "5"}]
    detail = send(alice_browser, write(rows)).headers["Location"]
    work(app, config)
    assert "5 and 1 not readable" in words(alice_browser.get(detail).text)


def test_the_same_file_twice_in_one_drop_is_refused(
    alice_browser: Browser, session: Session
) -> None:
    """R16: as parts of one delivery they would count twice."""
    files = [(io.BytesIO(write([{}])), name) for name in ("one.csv", "copy.csv")]
    answer = alice_browser.post("/imports", form="/imports", file=files)
    assert answer.status_code == 400
    assert "are the same" in said(answer.text, "alert")
    assert latest(session).scalar(select(func.count()).select_from(Import)) == 0


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"currency": "dollars"}, "currency"),
        ({"source": "x" * 201}, "source"),
        ({"encoding": "rot13"}, "encoding"),
    ],
)
def test_a_wrong_field_is_named(
    alice_browser: Browser, session: Session, fields: dict[str, str], word: str
) -> None:
    answer = send(alice_browser, b"a", **fields)
    assert answer.status_code == 400
    assert word in answer.text.split('role="alert">')[1].split("</div>")[0]
    assert latest(session).scalar(select(func.count()).select_from(Import)) == 0


def test_a_form_without_a_file_says_so(alice_browser: Browser) -> None:
    answer = alice_browser.post("/imports", form="/imports")
    assert answer.status_code == 400
    assert "Choose a billing file" in answer.text


def test_s45_nobody_but_an_admin_may_send_much(
    app: Flask, stranger: Browser, bob_browser: Browser
) -> None:
    """S45: a stranger's large form is refused before it is read."""
    large = b"x" * (2 << 20)
    for browser, form in ((stranger, "/login"), (bob_browser, "/imports")):
        answer = browser.post("/imports", form=form, file=(io.BytesIO(large), "bill.csv"))
        assert answer.status_code == 413
    assert stranger.post("/login", email="a" * (2 << 20), password="x").status_code == 413


def test_s45_a_file_over_the_limit_is_refused(make_app: Callable[..., Flask], alice: User) -> None:
    """S45: with the limit in words."""
    browser = Browser(make_app(max_upload_bytes=1 << 20))
    browser.sign_in(alice.email)
    answer = send(browser, b"x" * ((1 << 20) + 1))
    assert answer.status_code == 413
    assert "larger than" in answer.text


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "a" * 300 + ".csv", "日本.csv", "\u202egnp.csv",
     "<img src=x onerror=alert(1)>.csv"],
)  # fmt: skip
def test_s44_a_file_name_is_for_people_only(
    config: Config, alice_browser: Browser, session: Session, name: str
) -> None:
    """S44: what is stored has a name of ours, and the page shows theirs as text."""
    detail = send(alice_browser, b"a", name).headers["Location"]
    stored = latest(session).scalars(select(Import.stored_name)).one()
    assert [file.name for file in config.uploads_dir.iterdir()] == [stored]
    assert "<img src=x" not in alice_browser.get(detail).text


def test_a_long_list_is_paged(alice_browser: Browser, session: Session, alice: User) -> None:
    for number in range(51):
        session.add(
            Import(
                organization_id=alice.organization_id, file_name=f"bill-{number}.csv",
                stored_name="x", size_bytes=1, sha256=f"{number}", created_by="alice",
                state="older",
            )
        )  # fmt: skip
    session.commit()
    first, second = (alice_browser.get(f"/imports?page={number}").text for number in (1, 2))
    assert first.count("bill-") == 50
    assert second.count("bill-") == 1
    assert 'href="/imports?page=2"' in first


def test_what_waits_is_asked_with_its_effect_and_decided(
    app: Flask, config: Config, alice_browser: Browser, bob_browser: Browser
) -> None:
    rows = [{"BilledCost": "7"}, {"BilledCost": "3", "SubAccountId": "222"}]
    detail = bring(app, config, alice_browser, rows, rows[:1])
    page = alice_browser.get(detail).text
    assert "waits for a decision" in page
    for amount in ("10", "7", "-3"):
        assert f'value="{amount}"' in page
    assert "to $17.00" in page
    assert "removed if replaced: <bdi>222</bdi>" in page
    assert "An admin of your team decides" in bob_browser.get(detail).text
    refused = bob_browser.post(f"{detail}/decide", form="/imports", decision="replace")
    assert refused.status_code == 403
    answer = alice_browser.post(f"{detail}/decide", form=detail, decision="replace")
    assert answer.status_code == 302
    work(app, config)
    assert ">live<" in alice_browser.get(detail).text
    again = alice_browser.post(f"{detail}/decide", form="/imports", decision="replace")
    assert again.status_code == 409


def test_a_file_of_either_export_is_asked_about_with_buttons(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    send(alice_browser, AZURE.read_bytes())
    header, *rows = AZURE.read_bytes().splitlines(keepends=True)
    detail = send(alice_browser, header + b"".join(rows[1:])).headers["Location"]
    work(app, config)
    page = alice_browser.get(detail).text
    assert "does not show whether this is the actual or the amortized" in page
    assert "If replaced" not in page
    assert re.findall(r'name="decision"\s+value="([a-z]+)"', page) == [
        "actual",
        "amortized",
        "discard",
    ]
    wrong = alice_browser.post(f"{detail}/decide", form=detail, decision="add")
    assert wrong.status_code == 400
    alice_browser.post(f"{detail}/decide", form=detail, decision="actual")
    work(app, config)
    assert "would remove charges" in alice_browser.get(detail).text


@pytest.mark.parametrize(
    ("decision", "state"), [("add", "live"), ("discard", "withdrawn"), ("perhaps", "waiting")]
)
def test_a_waiting_import_can_be_added_or_discarded(
    app: Flask, config: Config, alice_browser: Browser, decision: str, state: str
) -> None:
    rows = [{"BilledCost": "7"}, {"BilledCost": "3", "SubAccountId": "222"}]
    detail = bring(app, config, alice_browser, rows, rows[:1])
    answer = alice_browser.post(f"{detail}/decide", form=detail, decision=decision)
    assert answer.status_code == (400 if state == "waiting" else 302)
    work(app, config)
    assert f">{state}<" in alice_browser.get(detail).text


def test_many_unreadable_rows_ask_before_they_are_left_out(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = bring(app, config, alice_browser, [{}, {"BilledCost": "much"}])
    assert "Import anyway" in alice_browser.get(detail).text
    alice_browser.post(f"{detail}/decide", form=detail, decision="replace")
    work(app, config)
    page = alice_browser.get(detail).text
    assert "2 read = 1 kept + 1 rejected" in page
    assert "much" in page


def test_the_page_of_changes_has_them_by_service_account_and_category(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    before = [{"BilledCost": "7"}, {"ServiceName": "Cloud Storage", "BilledCost": "2"}]
    after = [{"BilledCost": "219.40"}, {"ServiceName": "Cloud Storage", "BilledCost": "2"}]
    detail = bring(app, config, alice_browser, before, after)
    page = alice_browser.get(f"{detail}/changes").text
    assert "+$212.40</data></b>, 1 service." in page
    assert page.count("+$212.40") == 5  # in all; by service, account, category; side by side
    assert "Cloud Storage" not in page


def test_the_reconciliation_has_what_was_there_before(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    bills = [[{"BilledCost": "1000.25"}], [{"BilledCost": "13101.75"}]]
    detail = bring(app, config, alice_browser, *bills)
    page = alice_browser.get(detail).text
    billed = page.split("Billed cost</summary>")[1].split("</details>")[0]
    (usage,) = re.findall("(?s)<tr>(.*?)</tr>", billed)[1:]
    assert re.findall("<td[^>]*>(.*?)</td>", usage) == [
        "Mar 2026", "Usage", "USD", "1", "13,101.75", "13,101.75", "0", "0", "0", "1,000.25",
    ]  # fmt: skip


def test_progress_tells_rows_bytes_and_time_left(
    alice_browser: Browser, session: Session, at: Callable[[str], None]
) -> None:
    at("2026-03-20T12:00:00Z")
    detail = send(alice_browser, b"a" * 1_000).headers["Location"]
    assert "Waiting to be read" in alice_browser.get(detail).text
    row = latest(session).scalars(select(Import)).one()
    row.state, row.bytes_done, row.rows_read = "running", 250, 1_234
    row.started_at = utc_now() - timedelta(seconds=60)
    session.commit()
    for path in (detail, "/imports"):
        page = alice_browser.get(path).text
        assert "1,234 rows · 250 B of 1.0 kB · 4 B/s · about 3 min left" in page
        assert "25 percent of the file read" in page


def test_it_says_when_no_worker_was_seen_for_a_minute(
    alice_browser: Browser, session: Session, at: Callable[[str], None]
) -> None:
    at("2026-03-20T12:00:00Z")
    detail = send(alice_browser, b"a").headers["Location"]
    for path in ("/imports", detail):
        assert "No worker has been seen" in said(alice_browser.get(path).text)
    session.add(WorkerHeartbeat(id="host:1"))
    session.commit()
    for path in ("/imports", detail):
        assert "No worker" not in alice_browser.get(path).text
    at("2026-03-20T12:01:01Z")
    assert "No worker has been seen" in said(alice_browser.get("/imports").text)
    job = latest(session).scalars(select(Job).where(Job.kind == "import")).one()
    assert queue.claim(session, job.id) is not None
    assert "No worker" not in alice_browser.get("/imports").text  # it is at a long job


def test_an_empty_list_tells_how_to_get_bills(alice_browser: Browser) -> None:
    page = alice_browser.get("/imports").text
    assert "No bills yet" in page
    for cloud in ("AWS", "Microsoft Azure", "Google Cloud", "Oracle Cloud"):
        assert f"<b>{cloud}</b>" in page


def test_a_file_of_no_bytes_is_refused_in_words(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = send(alice_browser, b"").headers["Location"]
    work(app, config)
    page = alice_browser.get(detail).text
    assert ">refused<" in page
    assert "empty" in said(page)


# What the parser had of the file so far is a temporary file that ends with the request.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile")
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
def test_an_upload_that_is_cancelled_leaves_nothing(
    config: Config, alice_browser: Browser, session: Session
) -> None:
    """R8: the browser promised more bytes than it sent."""
    token = alice_browser.token("/imports")
    boundary = "x" * 20
    begun = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        "BilledCost,"
    ).encode()
    answer = alice_browser.send(
        "POST", "/imports", input_stream=io.BytesIO(begun), content_length=len(begun) + 1_000,
        content_type=f'multipart/form-data; boundary="{boundary}"',
    )  # fmt: skip
    assert answer.status_code == 400
    assert latest(session).scalar(select(func.count()).select_from(Import)) == 0
    assert not config.uploads_dir.exists() or not list(config.uploads_dir.iterdir())


def test_two_drops_of_the_same_file_at_once_count_once(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    """R16: the second one arrives before the first one is read."""
    details = [send(alice_browser, write([{}])).headers["Location"] for _ in range(2)]
    work(app, config)
    first, second = (alice_browser.get(detail).text for detail in details)
    assert ">live<" in first
    assert "already imported, nothing changed" in said(second).lower()


@pytest.mark.parametrize(
    ("name", "shown"),
    [("<script>alert(1).csv", "&lt;script&gt;alert(1).csv"), ("\u202egnp.csv", "�gnp.csv"),
     ("x" * 300 + ".csv", "x" * 300 + ".csv"), ("💸🧾.csv", "💸🧾.csv")],
)  # fmt: skip
def test_s44_every_page_of_an_import_shows_its_name_as_text(
    app: Flask, config: Config, alice_browser: Browser, name: str, shown: str
) -> None:
    """S44: markup stays text, a change of direction ends with the name."""
    detail = send(alice_browser, write([{}]), name).headers["Location"]
    work(app, config)
    for path in (detail, f"{detail}/changes", f"{detail}/withdraw", "/imports"):
        page = alice_browser.get(path).text
        assert "<script>alert" not in page
        assert f"<bdi>{shown}</bdi>" in page


def test_what_the_inbox_could_not_take_in_is_shown_with_its_reason(
    config: Config, alice: User, alice_browser: Browser, session: Session
) -> None:
    assert "Not taken in" not in alice_browser.get("/imports").text
    folder = config.inbox / alice.organization_id / "aws"
    folder.mkdir(parents=True)
    (folder / "<b>march.csv").write_bytes(b"x" * ((1 << 20) + 1))
    small = dataclasses.replace(config, max_upload_bytes=1 << 20)
    inbox.scan(session, small, quiet_seconds=-1)
    page = alice_browser.get("/imports").text
    assert "aws/&lt;b&gt;march.csv" in page
    assert "The file is larger than 1 MB." in page


def test_a_month_of_one_export_says_which_cost_lacks_what(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = send(alice_browser, AZURE.read_bytes()).headers["Location"]
    work(app, config)
    days = "start_date=2023-09-01&end_date=2023-09-30"
    pages = (detail, f"/?{days}", f"/costs?{days}")
    sentence = "Effective (amortised) cost lacks what reservations and savings plans cost"
    assert all(sentence in alice_browser.get(path).text for path in pages)
    send(alice_browser, AZURE.with_name("EA_AmortizedCost_Small.csv").read_bytes())
    work(app, config)
    assert not any(sentence in alice_browser.get(path).text for path in pages)


def test_the_page_of_an_import_shows_its_notes(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = bring(app, config, alice_browser, [{"Tags": "<five>"}])
    assert "Tags of 1 row could not be read: line 2." in said(alice_browser.get(detail).text)


def column(page: str, label: str) -> list[str]:
    """Return the texts of a column of the list, row by row."""
    cells = re.findall(f'<td[^>]*data-label="{label}">(.*?)</td>', page, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", "", cell).split()) for cell in cells]


def test_the_list_says_what_came_and_what_it_replaced_and_sorts_by_it(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    april = {"BillingPeriodStart": "2026-04-01", "BillingPeriodEnd": "2026-05-01"}
    april |= {"ChargePeriodStart": "2026-04-02", "ChargePeriodEnd": "2026-04-03"}
    for source, amount, month in (("B", "7", {}), ("A", "2100.5", april), ("B", "9.50", {})):
        bill = write([{"BilledCost": amount, **month}])
        send(alice_browser, bill, name=f"{amount}.csv", source=source)
        work(app, config)

    def costs(query: str = "") -> list[str]:
        return column(alice_browser.get(f"/imports{query}").text, "Billed cost")

    assert costs() == ["$9.50", "$2,100.50", "$7.00"]
    assert costs("?order_by=billed_cost") == ["$7.00", "$9.50", "$2,100.50"]
    assert costs("?order_by=-billed_cost") == ["$2,100.50", "$9.50", "$7.00"]
    assert costs("?order_by=-replaced")[0] == "$9.50"
    assert costs("?order_by=-period")[0] == "$2,100.50"
    grouped = alice_browser.get("/imports?by_source=1&order_by=billed_cost").text
    assert column(grouped, "Source") == ["A", "B", "B"]
    assert column(grouped, "Billed cost") == ["$2,100.50", "$7.00", "$9.50"]
    assert column(grouped, "Replaced") == ["–", "–", "$7.00"]
    assert column(grouped, "Billing period") == ["Apr 2026", "Mar 2026", "Mar 2026"]
    for order in COLUMNS:
        assert len(costs(f"?order_by={order}")) == len(costs(f"?order_by=-{order}")) == 3
    for wrong in ("?order_by=tier", "?page=0", "?page=x", "?by_source=2", "?limit=9"):
        assert alice_browser.get(f"/imports{wrong}").status_code == 400, wrong


def test_the_page_of_an_import_leads_on(
    app: Flask, config: Config, alice_browser: Browser, session: Session, acme: Organization
) -> None:
    first = bring(app, config, alice_browser, [{"BilledCost": "7"}])
    page = alice_browser.get(first).text
    assert page.index("What next") < page.index("Facts")
    for words in (
        "See March 2026&#39;s costs",
        "Set a budget",
        "Invite a colleague",
        "Make an API key",
    ):
        assert words in page
    session.add(
        Budget(
            organization_id=acme.id, name="All of it", amount=Decimal(9), currency="USD",
            period="monthly", warning_threshold=Decimal(80), critical_threshold=Decimal(95),
            metric="billed_cost", charge_categories=[], tag_rules=[], created_by="alice",
        )
    )  # fmt: skip
    session.commit()
    second = bring(app, config, alice_browser, [{"EffectiveCost": "9", "SubAccountId": "222"}])
    april = alice_browser.get(second).text
    assert "What next" not in april
    assert "All of it" in april.split("What it touched")[1]
    href = re.search(r'class="btn primary" href="([^"]+)">See Mar', april)
    assert href is not None
    explorer = alice_browser.get(unescape(href[1]))
    assert explorer.status_code == 200
    assert "$9.00" in explorer.text
