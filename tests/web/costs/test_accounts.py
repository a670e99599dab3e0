"""The accounts pages, and the FOCUS export of the explorer."""

from __future__ import annotations

import gzip
from datetime import date

import pytest
from markupsafe import escape

from costoptix import clock
from costoptix.costs.accounts import account_id
from tests.bills.bill import ORDINARY, write
from tests.support.bills import TakeIn, operator, take_in
from tests.support.cost_pages import HOSTILE, text
from tests.support.pages import Browser

__all__ = ["operator", "take_in"]
COLUMNS = [*ORDINARY, "SubAccountName"]
PAGE = f"/accounts/{account_id('aws:111')}"


def row(day: date, **cells: str) -> dict[str, str]:
    return {"ChargePeriodStart": f"{day}T00:00:00Z", **cells}


@pytest.fixture
def _bill(take_in: TakeIn) -> None:
    clock.configure("2026-03-20T12:00:00Z")
    rows = [
        row(date(2026, 3, 2), BilledCost="1234.5", SubAccountName="shop"),
        row(date(2026, 3, 6)),
        row(date(2026, 3, 9), SubAccountId="222"),
    ]
    take_in(write(rows, COLUMNS))


def test_without_bills_the_page_leads_to_the_imports(bob_browser: Browser) -> None:
    page = bob_browser.get("/accounts").text
    assert "No accounts yet" in page
    assert 'href="/imports"' in page


@pytest.mark.usefixtures("_bill")
def test_the_list_tells_costs_days_and_what_is_missing(bob_browser: Browser) -> None:
    shown = text(bob_browser.get("/accounts").text)
    assert "shop 111 AWS $2.00 2 Mar 2026 – 6 Mar 2026 12 days behind through 8 Mar 2026 3" in shown
    assert "222 AWS $1.00 9 Mar 2026 – 9 Mar 2026 12 days behind through 8 Mar 2026 none" in shown


@pytest.mark.usefixtures("_bill")
def test_an_account_has_its_missing_days_and_leads_to_its_costs(bob_browser: Browser) -> None:
    page = bob_browser.get(PAGE).text
    assert "3–5 Mar 2026" in text(page)
    assert "account=aws%3A111" in page
    assert "<form class=" not in page  # members name nothing


@pytest.mark.usefixtures("_bill")
@pytest.mark.parametrize("name", ["Web shop", *HOSTILE[:2]])
def test_an_admin_names_an_account_and_takes_the_name_back(
    alice_browser: Browser, name: str
) -> None:
    assert alice_browser.post(PAGE, form=PAGE, name=name).status_code == 302
    listed = alice_browser.get("/accounts").text
    assert f"<bdi>{escape(name)}</bdi>" in listed
    alice_browser.post(PAGE, form=PAGE, name=" ")
    assert "shop" in text(alice_browser.get("/accounts").text)


@pytest.mark.usefixtures("_bill")
def test_a_name_that_is_too_long_is_refused_in_words(alice_browser: Browser) -> None:
    answer = alice_browser.post(PAGE, form=PAGE, name="n" * 101)
    assert answer.status_code == 400
    assert "100" in answer.text


@pytest.mark.usefixtures("_bill")
def test_the_explorer_exports_the_charges_behind_it(bob_browser: Browser) -> None:
    state = "start_date=2026-03-01&end_date=2026-03-31&group_by=service_name&account=aws:111"
    page = bob_browser.get(f"/costs?{state}").text
    assert "/costs/export?" in page
    answer = bob_browser.get(f"/costs/export?{state}&file=csv.gz")
    assert answer.headers["X-Row-Count"] == "2"
    assert len(gzip.decompress(answer.data).splitlines()) == 3
    assert bob_browser.get(f"/costs/export?{state}&file=parquet").data.startswith(b"PAR1")
    assert bob_browser.get("/costs/export?file=zip").status_code == 400


@pytest.mark.usefixtures("_bill")
def test_the_name_stands_wherever_the_account_is_chosen(alice_browser: Browser) -> None:
    alice_browser.post(PAGE, form=PAGE, name="Web shop")
    home = alice_browser.get("/").text
    assert '<option value="aws:111">Web shop</option>' in home
    assert "<bdi>Web shop</bdi>" in alice_browser.get("/costs?account=aws:111").text
    assert "Web shop (AWS)" in alice_browser.get("/budgets/new").text


@pytest.mark.usefixtures("_bill")
def test_the_bills_stay_as_they_are(alice_browser: Browser) -> None:
    alice_browser.post(PAGE, form=PAGE, name="Web shop")
    table = alice_browser.get("/costs.csv?group_by=sub_account_name").text
    assert "shop" in table
    assert "Web shop" not in table


@pytest.mark.usefixtures("_bill")
def test_a_name_that_may_not_be_one_is_marked_and_kept(alice_browser: Browser) -> None:
    refused = alice_browser.post(PAGE, form=PAGE, name="n" * 101)
    assert refused.status_code == 400
    assert "What your team calls it: at most 100 characters are allowed." in text(refused.text)
    assert 'aria-invalid="true" aria-describedby="name-error name-hint"' in refused.text
    assert f'value="{"n" * 101}"' in refused.text
