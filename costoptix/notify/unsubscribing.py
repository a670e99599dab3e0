"""Unsubscribing from a channel of mail, by the link in each: no sign-in, and nobody else's address.

The link names the channel and, by a digest, the address, under a MAC: it holds as long as the
channel is there, and tells a stranger nothing.
"""

from __future__ import annotations

import hmac
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.orm import Session

from config import Config
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission
from costoptix.access.secrets import SealingKeys
from costoptix.database import writing
from costoptix.errors import NotFound
from costoptix.models import Channel, ChannelState
from costoptix.notify import channels
from costoptix.notify.addresses import joined, read_addresses

_ID_BYTES, _ADDRESS_BYTES, _MAC_BYTES = 16, 8, 16
_PURPOSE = b"costoptix/unsubscribe/v1:"
LAST_LEFT = "Its last reader has unsubscribed: {}."


@dataclass(frozen=True)
class Subscription:
    """What a link is about; ``address`` is empty where it was unsubscribed before."""

    channel_id: str
    channel_name: str
    address: str


def url(config: Config, channel_id: str, address: str) -> str:
    """Return the link by which one reader of a channel unsubscribes."""
    named = uuid.UUID(channel_id).bytes + _digest(address)
    mac = next(_macs(config, named))
    return f"{config.public_url}/unsubscribe/{_written(named + mac)}"


def subscription(session: Session, config: Config, token: str) -> Subscription:
    """Return what a link is about.

    Raises:
        NotFound: it is none of ours, or its channel is gone.
    """
    channel, digest = _read(session, config, token)
    addresses = read_addresses(channels.target_of(channel, SealingKeys.of(config)))
    mine = [address for address in addresses if _digest(address) == digest]
    return Subscription(channel.id, channel.name, mine[0] if mine else "")


def unsubscribe(session: Session, config: Config, token: str, *, network: str) -> Subscription:
    """Take the reader of a link off its channel; one without readers is switched off.

    Doing it again changes nothing. ``network`` is the network address that asked.

    Raises:
        NotFound: as ``subscription``.
    """
    keys = SealingKeys.of(config)
    with writing(session):
        channel, digest = _read(session, config, token)
        addresses = read_addresses(channels.target_of(channel, keys))
        left = [address for address in addresses if _digest(address) != digest]
        mine = [address for address in addresses if address not in left]
        if not mine or (not left and channel.state != ChannelState.ACTIVE):
            return Subscription(channel.id, channel.name, "")
        before = channels.facts_of(channel)
        if left:
            channels.set_target(channel, joined(left), keys)
        else:
            channels.disable(session, channel, LAST_LEFT.format(mine[0]))
        caller = Caller(channel.organization_id, Permission.READ, mine[0], address=network)
        audit.record(
            session, caller, "channel.unsubscribed", subject=channel.name, subject_id=channel.id,
            before=before, after=channels.facts_of(channel),
        )  # fmt: skip
        return Subscription(channel.id, channel.name, mine[0])


def _read(session: Session, config: Config, token: str) -> tuple[Channel, bytes]:
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"==")
    except ValueError:
        raise NotFound from None
    if _written(raw) != token:  # what base64 overlooks would make many links of one
        raise NotFound
    named, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    is_ours = any(hmac.compare_digest(mac, expected) for expected in _macs(config, named))
    if len(named) != _ID_BYTES + _ADDRESS_BYTES or not is_ours:
        raise NotFound
    channel = session.get(Channel, str(uuid.UUID(bytes=named[:_ID_BYTES])))
    if channel is None:
        raise NotFound
    return channel, named[_ID_BYTES:]


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(address: str) -> bytes:
    return sha256(address.encode()).digest()[:_ADDRESS_BYTES]


def _macs(config: Config, named: bytes) -> Iterator[bytes]:
    """Yield the MAC under SECRET_KEY, then under each fallback: links live as long as mail does."""
    for secret in (config.secret_key, *config.secret_key_fallbacks):
        yield hmac.digest(secret.encode(), _PURPOSE + named, sha256)[:_MAC_BYTES]
