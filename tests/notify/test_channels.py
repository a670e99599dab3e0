"""Channels: made, changed, switched off and on, deleted; their secrets are sealed and not shown."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config import Config
from costoptix import drafts
from costoptix.access.permissions import Caller, Permission
from costoptix.access.secrets import SealingKeys
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound
from costoptix.models import AuditEntry, ChannelState, Organization
from costoptix.notify import channels
from costoptix.notify.drafts import ChannelChange, ChannelDraft, SecretRotation
from tests.notify.conftest import MakeChannel

URL = "https://hooks.example.com/services/T000/B000/xyzSECRET9876"


@pytest.fixture(autouse=True)
def _no_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", nowhere)


def draft(**values: Any) -> ChannelDraft:
    return drafts.read(ChannelDraft, {"name": "Ops", "kind": "custom", "url": URL} | values)


def test_url_and_secret_are_sealed_and_only_their_ends_are_shown(
    session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    channel, secret = channels.create(session, acme, admin, draft(), config)
    assert secret is not None
    assert secret.startswith("whsec_")
    assert channel.target_hint == "hooks.example.com/…9876"
    keys = SealingKeys.of(config)
    assert channels.target_of(channel, keys) == URL
    assert channels.secrets_of(channel, keys) == [secret]
    columns = session.execute(text("SELECT * FROM channels")).one()
    entries = [(e.before, e.after, e.subject) for e in session.scalars(select(AuditEntry))]
    everything = f"{columns} {json.dumps(entries)}"
    assert "xyzSECRET" not in everything
    assert secret.removeprefix("whsec_") not in everything


def test_a_secret_of_ones_own_is_taken(
    session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    own = "whsec_" + b64encode(bytes(range(32))).decode()
    _, secret = channels.create(session, acme, admin, draft(secret=own), config)
    assert secret == own


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "pager"}, "kind"),
        ({"url": "http://hooks.example.com/"}, "url is wrong.*https"),
        ({"url": "https://127.0.0.1/"}, "private or reserved"),
        ({"url": "https://user:pw@hooks.example.com/"}, "url is wrong"),
        ({"url": None}, "url is missing"),
        ({"url": " "}, "url"),
        ({"url": "https://a.example/" + "a" * 2_000}, "url"),
        ({"address": "a@example.com"}, "has no address"),
        ({"kind": "email", "url": URL}, "has no url"),
        ({"kind": "email", "url": None}, "address is missing"),
        ({"events": ["budget.unknown"]}, "no event"),
        ({"events": ["channel.disabled"]}, "no event"),
        ({"events": "budget.warning"}, "events"),
        ({"secret": "whsec_!!!notb64"}, "24 to 64"),
        ({"secret": b64encode(bytes(3)).decode()}, "24 to 64"),
        ({"secret": b64encode(bytes(300)).decode()}, "24 to 64"),
        ({"kind": "slack", "secret": b64encode(bytes(32)).decode()}, "only custom"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"filter": {"severity": "huge"}}, "severity"),
        ({"organization_id": "x"}, "Unknown field"),
    ],
)
def test_what_cannot_be_a_channel_is_refused_in_words(
    session: Session, acme: Organization, admin: Caller, config: Config,
    values: dict[str, Any], words: str,
) -> None:  # fmt: skip
    with pytest.raises(Invalid, match=words):
        channels.create(session, acme, admin, draft(**values), config)
    assert channels.of_organization(session, acme) == []


def test_two_channels_never_share_a_name(
    session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    channels.create(session, acme, admin, draft(), config)
    with pytest.raises(Conflict, match="already a channel called Ops"):
        channels.create(session, acme, admin, draft(), config)
    other, _ = channels.create(session, acme, admin, draft(name="Other"), config)
    with pytest.raises(Conflict, match="already a channel called Ops"):
        channels.change(session, acme, admin, other.id, ChannelChange(name="Ops"), config)


def test_there_are_so_many_channels_and_no_more(
    session: Session, acme: Organization, admin: Caller, config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(channels, "MOST_CHANNELS", 1)
    channels.create(session, acme, admin, draft(), config)
    with pytest.raises(Conflict, match="delete one first"):
        channels.create(session, acme, admin, draft(name="Other"), config)


def test_what_is_left_out_of_a_change_stays(
    session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    channel, _ = channels.create(session, acme, admin, draft(events=["key.expiring"]), config)
    url = "https://other.example.com/abcd1234"
    changed = drafts.read(ChannelChange, {"url": url, "filter": {"severity": "high"}})
    channels.change(session, acme, admin, channel.id, changed, config)
    assert (channel.name, channel.events) == ("Ops", ["key.expiring"])
    assert channel.filter["severity"] == "high"
    assert channel.target_hint == "other.example.com/…1234"
    assert channels.target_of(channel, SealingKeys.of(config)) == url
    for values in ({"url": "https://10.0.0.1/", "name": "X"}, {"address": "a@b.c"}):
        with pytest.raises(Invalid):
            channels.change(
                session, acme, admin, channel.id, drafts.read(ChannelChange, values),
                config,
            )  # fmt: skip
    assert channel.name == "Ops"


def test_switching_off_says_who_did_and_on_begins_anew(
    session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    channel, _ = channels.create(session, acme, admin, draft(), config)
    for state in (ChannelState.DISABLED, ChannelState.DISABLED):
        channels.change(session, acme, admin, channel.id, ChannelChange(state=state), config)
    assert channel.disabled_reason == f"It was switched off by {admin.label}."
    assert channels.switched_off_by_itself(session, acme) == []
    on = ChannelChange(state=ChannelState.ACTIVE)
    channels.change(session, acme, admin, channel.id, on, config)
    assert (channel.state, channel.disabled_reason) == ("active", None)


def test_only_who_may_write_changes_channels_and_only_their_own(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller, config: Config
) -> None:
    channel, _ = channels.create(session, acme, admin, draft(), config)
    reader = Caller(acme.id, Permission.READ, "reader")
    name = ChannelChange(name="Mine")
    rotation = SecretRotation()
    with pytest.raises(Forbidden):
        channels.create(session, acme, reader, draft(name="B"), config)
    for who, where, error in ((reader, acme, Forbidden), (admin, elsewhere, NotFound)):
        with pytest.raises(error):
            channels.change(session, where, who, channel.id, name, config)
        with pytest.raises(error):
            channels.rotate_secret(session, where, who, channel.id, rotation, config)
        with pytest.raises(error):
            channels.delete(session, where, who, channel.id)
    channels.delete(session, acme, admin, channel.id)
    assert channels.of_organization(session, acme) == []


def test_everything_is_in_the_audit_log(
    session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    channel, _ = channels.create(session, acme, admin, draft(), config)
    channels.change(session, acme, admin, channel.id, ChannelChange(name="New"), config)
    channels.rotate_secret(session, acme, admin, channel.id, SecretRotation(), config)
    channels.delete(session, acme, admin, channel.id)
    assert set(session.scalars(select(AuditEntry.action))) >= {
        "channel.created", "channel.changed", "channel.secret_rotated", "channel.deleted",
    }  # fmt: skip


def test_only_what_signs_has_a_secret_to_change(
    session: Session, acme: Organization, admin: Caller, config: Config, make_channel: MakeChannel
) -> None:
    channel, _ = channels.create(session, acme, admin, draft(), config)
    channel.secret = None
    session.commit()
    with pytest.raises(Conflict, match="Only custom"):
        channels.rotate_secret(session, acme, admin, channel.id, SecretRotation(), config)
