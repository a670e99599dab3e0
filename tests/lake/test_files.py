"""Folders of the lake are named by our own ids, never by a word of a bill or a person."""

from __future__ import annotations

from datetime import date

from costoptix.lake import files
from costoptix.models import new_id


def test_a_delivery_lies_in_the_open_layout_below_its_organization() -> None:
    organization, delivery = new_id(), new_id()
    folder = files.delivery_folder(organization, date(2026, 3, 1), delivery)
    assert folder == (f"organization={organization}/billing_period=2026-03/delivery={delivery}")
    assert folder.startswith(files.organization_folder(organization) + "/")
