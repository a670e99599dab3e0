"""The lake that pages are about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import api_keys
from costoptix.access.permissions import Permission
from costoptix.models import Organization
from tests.support.lake import Lake, open_writer


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    """The lake of the application, as acme's, on 20 March 2026."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        yield Lake(session, app.extensions["cost_store"], writer, acme)


@pytest.fixture
def api(client, session, acme, admin):
    """GET below /api/v1 with a key that may read."""
    draft = api_keys.KeyDraft(name="reader", permission=Permission.READ, expires_at=None)
    _, key = api_keys.create(session, acme, admin, draft)
    return lambda path: client.get(path, headers={"X-API-Key": key}).get_json()
