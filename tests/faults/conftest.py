"""A month to be delivered while something goes wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix.bills.ledger import orphans
from costoptix.models import Organization
from tests.faults.month import Month


@pytest.fixture
def month(
    app: Flask, session: Session, acme: Organization, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Month:  # fmt: skip
    """The month of acme; the sweep takes orphans at once."""
    monkeypatch.setattr(orphans, "GRACE", timedelta(0))
    return Month(app, session, acme, tmp_path / "now")
