"""A month to be delivered while something goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
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


MakeKey = Callable[..., str]


@pytest.fixture
def make_key(session: Session, acme: Organization) -> MakeKey:
    """Make a key of acme; returns its text."""

    def make(permission: str, **values: Any) -> str:
        draft = api_keys.KeyDraft(name="ci", permission=Permission(permission), **values)
        return api_keys.create(session, acme, command_line(acme.id), draft)[1]

    return make
