"""Files that no row names are removed, and no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import organizations
from costoptix.bills.ledger import housekeeping, orphans
from costoptix.lake.files import STAGING
from costoptix.models import Delivery, Organization
from tests.bills.bill import bill, write
from tests.support.bills import TakeIn


def files_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


UNREADABLE = write([{"BilledCost": "1"}] * 40 + [{"BilledCost": "NaN"}])


def test_the_sweep_leaves_no_file_of_an_organization_that_is_gone(
    take_in: TakeIn, session: Session, acme: Organization, config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its deletion was killed before it came to the files."""
    assert take_in(UNREADABLE).state == "live"
    organizations.remove(session, acme)
    monkeypatch.setattr(orphans, "GRACE", timedelta(0))
    housekeeping.sweep(session, config)
    assert files_below(config.lake_dir) == [config.lake_dir / STAGING]
    assert files_below(config.uploads_dir) == []


def test_the_sweep_leaves_no_empty_folder_of_a_month(
    take_in: TakeIn, session: Session, acme: Organization, config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    take_in(bill("1"))
    session.execute(delete(Delivery))
    session.commit()
    monkeypatch.setattr(orphans, "GRACE", timedelta(0))
    housekeeping.sweep(session, config)
    housekeeping.sweep(session, config)
    assert list(config.lake_dir.glob("organization=*/billing_period=*")) == []
