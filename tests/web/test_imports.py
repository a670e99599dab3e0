"""The imports pages: a bill in by a form, its reconciliation, its rejected rows, its undoing."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config import Config
from costoptix import create_app, worker
from costoptix.extensions import db
from costoptix.models import Import, User
from tests.bills.bill import write
from tests.web.conftest import Browser, latest

SAMPLE = Path(__file__).parents[1] / "data" / "focus" / "focus_1_0_sample.csv"
HEADER, *ROWS = SAMPLE.read_text().splitlines()[:41]


def send(browser: Browser, content: bytes, name: str = "bill.csv", **fields: str) -> TestResponse:
    return browser.post("/imports", form="/imports", file=(io.BytesIO(content), name), **fields)


def work(app: Flask, config: Config) -> None:
    with app.app_context():
        engine = db.engine
    worker.run(lambda: Session(engine, expire_on_commit=False), config, once=True)


def with_broken_row() -> bytes:
    """A bill in which one row's amount is a formula."""
    column = next(csv.reader([HEADER])).index("BilledCost")
    cells = next(csv.reader([ROWS[-1]]))
    cells[column] = "=1+1"
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return "\n".join([HEADER, *ROWS[:-1], line.getvalue()]).encode()


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


def test_an_import_can_be_withdrawn(app: Flask, config: Config, alice_browser: Browser) -> None:
    detail = send(alice_browser, SAMPLE.read_bytes()).headers["Location"]
    early = alice_browser.post(f"{detail}/withdraw", form="/imports")
    assert early.status_code == 409
    work(app, config)
    assert alice_browser.post(f"{detail}/withdraw", form="/imports").status_code == 302
    assert ">withdrawn<" in alice_browser.get(detail).text


def test_a_file_that_is_no_bill_is_refused_in_words(
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    detail = send(alice_browser, b"%PDF-1.7 nothing").headers["Location"]
    work(app, config)
    page = alice_browser.get(detail).text
    assert ">refused<" in page
    assert 'class="notice error"' in page


def test_several_files_come_in_at_once(alice_browser: Browser) -> None:
    files = [(io.BytesIO(b"a"), "one.csv"), (io.BytesIO(b"b"), "two.csv")]
    answer = alice_browser.post("/imports", form="/imports", file=files)
    assert answer.headers["Location"] == "/imports"
    page = alice_browser.get("/imports").text
    assert "one.csv" in page
    assert "two.csv" in page


@pytest.mark.parametrize(
    ("fields", "word"), [({"currency": "dollars"}, "currency"), ({"source": "x" * 201}, "source")]
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


def test_s45_a_file_over_the_limit_is_refused(config: Config, alice: User) -> None:
    """S45: with the limit in words."""
    small = create_app(dataclasses.replace(config, max_upload_bytes=1 << 20))
    browser = Browser(small)
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
    app: Flask, config: Config, alice_browser: Browser
) -> None:
    rows = [{"BilledCost": "7"}, {"BilledCost": "3", "SubAccountId": "222"}]
    send(alice_browser, write(rows))
    work(app, config)
    detail = send(alice_browser, write(rows[:1])).headers["Location"]
    work(app, config)
    page = alice_browser.get(detail).text
    assert "waits for a decision" in page
    assert "222" in page
    answer = alice_browser.post(f"{detail}/decide", form=detail, decision="replace")
    assert answer.status_code == 302
    work(app, config)
    assert ">live<" in alice_browser.get(detail).text
    changes = alice_browser.get(f"{detail}/changes").text
    assert "Restated: -3 USD" in changes
    assert "222" in changes
