"""Settings → Organization: what is chosen holds on every page, and what is wrong is marked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from costoptix import choices, drafts
from costoptix.access.permissions import Caller
from costoptix.choices import ChoicesDraft
from costoptix.models import Organization
from tests.support.cost_pages import text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

PAGE = "/settings/organization"
CHOICES = f"{PAGE}/choices"
SEEN = {
    "seen_metric": "effective_cost", "seen_time_zone": "UTC", "seen_report_weekday": "monday",
}  # fmt: skip
CHOSEN = {"metric": "billed_cost", "time_zone": "Europe/Berlin", "report_weekday": "friday"}


def test_the_metric_is_the_same_on_every_page_and_named_there(
    alice_browser: Browser, lake: Lake, session: Session, acme: Organization, admin: Caller
) -> None:
    lake.deliver(
        Charge(
            day=date(2026, 3, 18), billed_cost=Decimal("700.25"), effective_cost=Decimal("31.75")
        )
    )
    pages = ("/", "/costs", "/daily", "/portfolio", "/portfolio?tab=accounts", "/quarterly",
             "/accounts")  # fmt: skip
    for metric, title, amount in (
        ("effective_cost", "amortised cost", "$31.75"),
        ("billed_cost", "billed cost", "$700.25"),
    ):
        draft = drafts.read(ChoicesDraft, {"metric": metric})
        choices.change(session, acme, admin, draft)
        for page in pages:
            shown = text(alice_browser.get(page).text)
            assert title in shown.lower(), page
            assert amount in shown, page
    # Another cost is shown where the address names it.
    assert "$31.75" in text(alice_browser.get("/costs?metric=effective_cost").text)


def test_choices_are_saved(alice_browser: Browser, session: Session, acme: Organization) -> None:
    fields = {**SEEN, **CHOSEN}
    assert alice_browser.post(CHOICES, form=PAGE, **fields).status_code == 302
    latest(session)
    chosen = choices.current(acme)
    assert {name: str(chosen[name]) for name in CHOSEN} == CHOSEN


def test_what_somebody_else_chose_meanwhile_is_not_overwritten_unseen(
    alice_browser: Browser, session: Session, acme: Organization, admin: Caller
) -> None:
    choices.change(session, acme, admin, drafts.read(ChoicesDraft, {"time_zone": "Asia/Tokyo"}))
    refused = alice_browser.post(CHOICES, form=PAGE, **{**SEEN, **CHOSEN})
    assert refused.status_code == 409
    assert "Time zone of reports: somebody else has changed it meanwhile" in text(refused.text)
    assert 'value="Europe/Berlin"' in refused.text  # as it was typed
    assert 'name="seen_time_zone"\n    value="Asia/Tokyo"' in refused.text
    again = {**SEEN, **CHOSEN, "seen_time_zone": "Asia/Tokyo"}
    assert alice_browser.post(CHOICES, form=PAGE, **again).status_code == 302
    # A setting that was not touched stays as the other left it.
    choices.change(session, acme, admin, drafts.read(ChoicesDraft, {"metric": "effective_cost"}))
    seen = {f"seen_{name}": value for name, value in CHOSEN.items()}
    fields = {**seen, **CHOSEN, "report_weekday": "sunday"}
    assert alice_browser.post(CHOICES, form=PAGE, **fields).status_code == 302
    latest(session)
    assert (acme.metric, acme.report_weekday) == ("effective_cost", "sunday")


@pytest.mark.parametrize(
    ("path", "fields", "field", "words"),
    [
        (CHOICES, {**SEEN, **CHOSEN, "time_zone": "Mars"}, "time_zone", "Time zone of reports: "),
        (CHOICES, {**SEEN, **CHOSEN, "metric": "list_cost"}, "metric", "Cost that is shown: "),
        (CHOICES, {**SEEN, **CHOSEN, "report_weekday": ""}, "report_weekday", "Report day: "),
        (f"{PAGE}/floors", {"currency": "US", "floor": "5"}, "currency", "Currency: "),
        (f"{PAGE}/floors", {"currency": "USD", "floor": "9.000,5"}, "floor", "Floor: 9.000,5 can"),
        (f"{PAGE}/floors", {"currency": "USD", "floor": "-1"}, "floor", "Floor: it must not be"),
        (f"{PAGE}/floors", {"currency": "USD", "floor": "1" * 40}, "floor", "Floor: "),
        (PAGE, {"name": " "}, "name", "New name: "),
        (PAGE, {"name": "x" * 300}, "name", "New name: "),
    ],
)
def test_the_wrong_field_is_marked_and_keeps_what_was_typed(
    alice_browser: Browser, path: str, fields: dict[str, str], field: str, words: str
) -> None:
    refused = alice_browser.post(path, form=PAGE, **fields)
    assert refused.status_code == 400
    assert words in text(refused.text)
    assert f'aria-describedby="{field}-error' in refused.text
    assert f'id="{field}-error"' in refused.text
    assert refused.text.count('aria-invalid="true"') == 1
    typed = fields[field]
    assert field in ("metric", "report_weekday") or f'value="{typed}"' in refused.text


def test_a_floor_may_have_commas_between_thousands(
    alice_browser: Browser, session: Session, acme: Organization
) -> None:
    fields = {"currency": "usd", "floor": "9,000"}
    assert alice_browser.post(f"{PAGE}/floors", form=PAGE, **fields).status_code == 302
    latest(session)
    assert acme.anomaly_floors == {"USD": "9000"}


def test_a_floor_that_somebody_else_set_meanwhile_is_not_overwritten_unseen(
    alice_browser: Browser, session: Session, acme: Organization, admin: Caller
) -> None:
    for currency in ("USD", "EUR"):
        floors = {"anomaly_floor": {currency: "5"}}
        choices.change(session, acme, admin, drafts.read(ChoicesDraft, floors))
    path, fields = f"{PAGE}/floors", {"currency": "USD", "floor": "7"}
    refused = alice_browser.post(path, form=PAGE, **fields, seen="EUR=5")
    assert refused.status_code == 409
    assert "Floor: somebody else has changed it meanwhile" in text(refused.text)
    assert 'name="seen" value="USD=5 EUR=5"' in refused.text
    assert alice_browser.post(path, form=PAGE, **fields, seen="USD=5 EUR=4").status_code == 302
    latest(session)
    assert acme.anomaly_floors == {"USD": "7", "EUR": "5"}


def test_a_member_reads_the_choices(bob_browser: Browser) -> None:
    page = bob_browser.get(PAGE).text
    assert "Amortised cost" in text(page)
    assert f'action="{CHOICES}"' not in page
