"""Channels of acme that lead to an endpoint on this machine, and what sends to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import drafts, events
from costoptix.access.permissions import Caller
from costoptix.models import Channel, Dispatch, Organization
from costoptix.notify import channels, deliver, dispatches
from costoptix.notify.drafts import ChannelDraft
from tests.conftest import make_config
from tests.notify.examples import EXAMPLES
from tests.support.endpoint import Endpoint, open_endpoint

NOON = "2026-03-20T12:00:00Z"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with open_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def reaching(config: Config) -> Config:
    """The configuration of an installation that may call this machine."""
    return make_config(config.data_dir, allow_private_webhooks=True, **_databases(config))


def _databases(config: Config) -> dict[str, Any]:
    return {"database_url": config.database_url, "quota_url": config.quota_url}


MakeChannel = Callable[..., Channel]


@pytest.fixture
def make_channel(
    session: Session, acme: Organization, admin: Caller, reaching: Config, endpoint: Endpoint
) -> MakeChannel:
    def make(**values: Any) -> Channel:
        usual = {"name": "Ops", "kind": "custom", "url": endpoint.url}
        draft = drafts.read(ChannelDraft, usual | values)
        return channels.create(session, acme, admin, draft, reaching)[0]

    return make


Happen = Callable[..., None]


@pytest.fixture
def happen(session: Session, acme: Organization) -> Happen:
    """Raise an event of acme's."""

    def raise_event(name: str = "budget.warning", key: str = "k", **changes: Any) -> None:
        data = {**EXAMPLES[name], **changes}
        events.raise_once(session, acme, name, key=key, subject_id="x", data=data)

    return raise_event


class Post:
    """Hands on and sends, in this thread, what is due."""

    def __init__(self, session: Session, config: Config, at: Callable[[str], None]) -> None:
        self._session, self._config, self._at = session, config, at

    def __call__(self, at: str | None = None) -> int:
        """Send what is due, at a time if one is given; return how many attempts there were."""
        if at is not None:
            self._at(at)
        while dispatches.hand_on(self._session):
            pass
        attempts, done = 0, set[str]()
        while lane := deliver.next_lane(self._session, done):
            done.add(lane.channel_id)
            attempts += deliver.send_due(self._session, lane, self._config)
        return attempts

    @property
    def dispatches(self) -> list[Dispatch]:
        self._session.rollback()
        rows = select(Dispatch).order_by(Dispatch.created_at, Dispatch.key)
        return list(self._session.scalars(rows.execution_options(populate_existing=True)))


@pytest.fixture
def post(session: Session, reaching: Config, at: Callable[[str], None]) -> Post:
    """The clock stands at noon."""
    at(NOON)
    return Post(session, reaching, at)
