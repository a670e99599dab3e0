"""The lake that pages are about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.models import Organization
from tests.support.lake import Lake, open_writer


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's, on 20 March 2026."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        yield Lake(session, app.extensions["cost_store"], writer, acme)
