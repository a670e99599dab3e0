"""A real server with four workers, and organizations on it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config import Config
from costoptix import clock, create_app
from costoptix.access import api_keys, organizations
from costoptix.access.permissions import Permission, command_line
from costoptix.extensions import db, quota_storage
from costoptix.models import Organization
from tests.quota.burst import Caller
from tests.support.server import Server, gunicorn

NOON = "2026-03-10T12:00:00Z"


@dataclass
class Seat:
    """An organization on a server, and one key of it."""

    server: Server
    organization_id: str
    key: str

    @property
    def call(self) -> Caller:
        """Something that calls with the key."""
        return Caller(self.server.port, self.key)

    def set_tier(self, tier: str) -> None:
        """Put the organization on another tier, from another process than the server's."""
        self._on_installation(
            lambda: organizations.set_tier(
                db.session(), db.session.get_one(Organization, self.organization_id), tier
            )
        )

    def used(self) -> int:
        """Return what the storage has counted today."""
        return self._on_installation(
            lambda: quota_storage().used(self.organization_id, clock.utc_today())
        )

    def by_key(self) -> int:
        """Return the same, as the sum over keys."""
        return self._on_installation(
            lambda: sum(
                found.calls
                for found in quota_storage().calls(self.organization_id, clock.utc_today())
            )
        )

    def get(self, path: str = "/api/v1/auth/info") -> tuple[int, dict[str, str], Any]:
        """Call once; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("GET", path, headers={"X-API-Key": self.key})
        response = connection.getresponse()
        body = json.loads(response.read())
        connection.close()
        return response.status, dict(response.headers), body

    def _on_installation(self, action: Callable[[], Any]) -> Any:
        return on_installation(self.server, action)


def on_installation(server: Server, action: Callable[[], Any]) -> Any:
    """Do something in this process on the server's installation."""
    app = create_app(Config.from_environ(server.environment))
    with app.app_context():
        try:
            return action()
        finally:
            db.session.remove()
            db.engine.dispose()
            quota_storage().close()


def take_seat(server: Server, tier: str, permission: str = "read") -> Seat:
    """Make an organization of that tier with one key."""

    def make() -> Seat:
        organization = Organization(name=f"{tier} {id(object())}", tier=tier)
        db.session.add(organization)
        db.session.commit()
        draft = api_keys.KeyDraft(name="ci", permission=Permission(permission))
        _, text = api_keys.create(db.session(), organization, command_line(organization.id), draft)
        return Seat(server, organization.id, text)

    seat: Seat = on_installation(server, make)
    return seat


def serve(data_dir: Path, **environment: str) -> Any:
    """Serve with four workers; the clock starts at noon, far from any midnight."""
    return gunicorn(data_dir, **({"WEB_CONCURRENCY": "4", "COSTOPTIX_NOW": NOON} | environment))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of a module share; each has organizations of its own."""
    with serve(tmp_path_factory.mktemp("quota") / "instance") as server:
        yield server
