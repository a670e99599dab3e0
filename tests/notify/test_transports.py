"""How messages leave: what an answer means is the platform's to say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from config import Config, MailServer
from costoptix import drafts
from costoptix.access.permissions import Caller
from costoptix.clock import utc_now
from costoptix.models import Dispatch, Organization
from costoptix.notify import channels
from costoptix.notify.deliver import RETRY_AFTER_MOST
from costoptix.notify.drafts import ChannelDraft
from costoptix.notify.mail import NO_TLS
from tests.notify.conftest import Happen, MakeChannel, Post
from tests.support.endpoint import Endpoint, saying
from tests.support.mail_server import open_mail_server


@pytest.mark.parametrize("kind", ["slack", "teams", "discord"])
def test_each_platform_gets_its_message(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, kind: str
) -> None:
    make_channel(kind=kind)
    happen()
    post()
    (dispatch,) = post.dispatches
    assert dispatch.state == "delivered"
    assert "webhook-signature" not in endpoint.received[0].headers


def test_what_slack_refuses_under_200_has_not_arrived(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint
) -> None:
    make_channel(kind="slack")
    endpoint.speak = saying(200, b"invalid_blocks", content_type="text/plain")
    happen()
    post()
    (dispatch,) = post.dispatches
    assert (dispatch.state, dispatch.status, dispatch.excerpt) == (
        "waiting", 200, "invalid_blocks",
    )  # fmt: skip


def test_who_asks_for_a_day_is_asked_after_six_hours(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint
) -> None:
    make_channel(kind="slack")
    endpoint.speak = saying(429, b"rate_limited", retry_after="100000")
    happen()
    post()
    (dispatch,) = post.dispatches
    waits = dispatch.next_attempt_at - utc_now()
    most = timedelta(seconds=RETRY_AFTER_MOST)
    assert most - timedelta(minutes=5) < waits <= most


def test_an_event_goes_out_by_mail_over_tls_or_not_at_all(
    session: Session,
    acme: Organization,
    admin: Caller,
    happen: Happen,
    reaching: Config,
    at: Callable[[str], None],
) -> None:
    with open_mail_server() as server:
        for scheme, state in (("smtp", "waiting"), ("smtp+plain", "delivered")):
            config = dataclasses.replace(
                reaching,
                mail_server=MailServer(scheme, "127.0.0.1", server.port),
                mail_from="costs@acme.com",
                private_hosts=frozenset({"127.0.0.1"}),
            )
            values = {"name": scheme, "kind": "email", "address": "ann@acme.com"}
            draft = drafts.read(ChannelDraft, values)
            channel, _ = channels.create(session, acme, admin, draft, config)
            happen(key=scheme)
            Post(session, config, at)()
            (sent,) = session.query(Dispatch).filter_by(channel_id=channel.id, key=scheme)
            assert sent.state == state
            assert (NO_TLS in sent.excerpt) is (state == "waiting")
            channels.delete(session, acme, admin, channel.id)
        assert len(server.received) == 1
