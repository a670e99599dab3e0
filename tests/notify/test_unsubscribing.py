"""Unsubscribing: by the link alone, one reader at a time, once."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config, MailServer
from costoptix import drafts
from costoptix.access.permissions import Caller
from costoptix.access.secrets import SealingKeys
from costoptix.errors import NotFound
from costoptix.models import AuditEntry, Channel, Organization
from costoptix.notify import channels, unsubscribing
from costoptix.notify.drafts import ChannelDraft


@pytest.fixture
def sending(config: Config) -> Config:
    return dataclasses.replace(config, mail_server=MailServer("smtp", "mail.example", 587))


@pytest.fixture
def channel(session: Session, acme: Organization, admin: Caller, sending: Config) -> Channel:
    values = {"name": "Mail", "kind": "email", "address": "ann@acme.com, bob@acme.com"}
    return channels.create(session, acme, admin, drafts.read(ChannelDraft, values), sending)[0]


def token(config: Config, channel: Channel, address: str) -> str:
    return unsubscribing.url(config, channel.id, address).rpartition("/")[2]


def test_a_reader_leaves_and_the_others_stay(
    session: Session, sending: Config, channel: Channel
) -> None:
    link = token(sending, channel, "ann@acme.com")
    assert unsubscribing.subscription(session, sending, link).address == "ann@acme.com"
    for address in ("ann@acme.com", ""):  # the second time there is nobody left to leave
        left = unsubscribing.unsubscribe(session, sending, link, network="192.0.2.1")
        assert (left.address, left.channel_name) == (address, "Mail")
    assert channels.target_of(channel, SealingKeys.of(sending)) == "bob@acme.com"
    assert channel.target_hint == "bob@acme.com"
    (entry,) = session.scalars(select(AuditEntry).filter_by(action="channel.unsubscribed"))
    assert (entry.actor, entry.address) == ("ann@acme.com", "192.0.2.1")


def test_a_channel_without_readers_is_switched_off(
    session: Session, sending: Config, channel: Channel
) -> None:
    for address in ("ann@acme.com", "bob@acme.com", "bob@acme.com"):
        link = token(sending, channel, address)
        unsubscribing.unsubscribe(session, sending, link, network="")
    assert channel.state == "disabled"
    assert channel.disabled_reason == "Its last reader has unsubscribed: bob@acme.com."


def test_a_link_holds_while_the_secret_key_is_changed(
    session: Session, sending: Config, channel: Channel
) -> None:
    link = token(sending, channel, "ann@acme.com")
    changed = dataclasses.replace(
        sending, secret_key="another" * 8, secret_key_fallbacks=(sending.secret_key,)
    )
    assert unsubscribing.subscription(session, changed, link).address == "ann@acme.com"


def test_a_link_that_is_none_of_ours_leads_nowhere(
    session: Session, sending: Config, channel: Channel
) -> None:
    link = token(sending, channel, "ann@acme.com")
    tampered = [
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        ("A" if link[0] != "A" else "B") + link[1:],
        link[4:],
        link + "AAAA",
        link + "=",
    ]
    for wrong in ("", "x", "é", "A" * 1_000, *tampered):
        with pytest.raises(NotFound):
            unsubscribing.subscription(session, sending, wrong)
        with pytest.raises(NotFound):
            unsubscribing.unsubscribe(session, sending, wrong, network="")
