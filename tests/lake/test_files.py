"""Folders of the lake are named by our own ids, never by a word of a bill or a person."""

from __future__ import annotations

from datetime import date

from costoptix.lake import files
from costoptix.models import new_id
from costoptix.periods import BillingPeriod


def test_a_delivery_lies_in_the_open_layout_below_its_organization() -> None:
    organization, delivery = new_id(), new_id()
    folder = files.delivery_folder(organization, BillingPeriod.month(date(2026, 3, 1)), delivery)
    assert folder == (f"organization={organization}/billing_period=2026-03/delivery={delivery}")
    assert folder.startswith(files.organization_folder(organization) + "/")


def test_the_folder_of_a_period_that_is_no_month_names_both_of_its_days() -> None:
    week = BillingPeriod(date(2026, 3, 8), date(2026, 3, 14))
    assert files.delivery_folder("o", week, "d") == (
        "organization=o/billing_period=2026-03-08_2026-03-14/delivery=d"
    )
