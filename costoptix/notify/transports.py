"""How a message leaves: one attempt, by HTTP as the channel's platform wants it, or by mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256

import orjson

from config import Config
from costoptix import outbound
from costoptix.clock import unix_now, utc_now
from costoptix.errors import Invalid
from costoptix.models import ChannelKind
from costoptix.notify import picture, signing, unsubscribing
from costoptix.notify.addresses import read_addresses
from costoptix.notify.channels import reach
from costoptix.notify.mail import NotSent, connected
from costoptix.notify.messages import PLATFORMS, email
from costoptix.notify.messages.email import Envelope
from costoptix.notify.notification import Notification
from costoptix.notify.receipt import MOST_EXCERPT, Receipt, excerpt_of, retry_after
from costoptix.version import __version__
from costoptix.written import counted

GONE = 410
SMTP_OK = 250
OVERLOADED = frozenset({408, 425, 429})


@dataclass(frozen=True, repr=False)
class Letter:
    """One event for one channel, ready to be sent: its id is the same at every attempt."""

    id: str
    channel_id: str
    kind: ChannelKind
    target: str
    secrets: tuple[str, ...]
    notification: Notification
    problem: str = ""  # why it cannot be sent, whatever the network says


def by_http(letter: Letter, config: Config) -> Receipt:
    """Post a message; what the platform's answer means is in its table (``messages``)."""
    platform = PLATFORMS[letter.kind]
    body = orjson.dumps(platform.render(letter.notification))
    try:
        reply = outbound.send("POST", letter.target, body, _headers(letter, body), reach(config))
    except Invalid as refusal:
        return Receipt(is_delivered=False, status=None, excerpt=refusal.sentence, is_down=True)
    except outbound.Unreachable as error:
        return Receipt(is_delivered=False, status=None, excerpt=str(error), is_down=True)
    return Receipt(
        is_delivered=platform.is_accepted(reply.status, reply.body),
        status=reply.status,
        excerpt=excerpt_of(reply.body),
        is_gone=reply.status == GONE,
        is_down=reply.status >= 500 or reply.status in OVERLOADED,
        retry_after=retry_after(reply.headers, utc_now()),
    )


def _headers(letter: Letter, body: bytes) -> Mapping[str, str]:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"CostOptix/{__version__}",
    }
    if PLATFORMS[letter.kind].is_signed:
        headers |= signing.headers(letter.secrets, letter.id, int(unix_now()), body)
    return headers


def by_mail(letter: Letter, config: Config) -> Receipt:
    """Send a mail to each reader, in one exchange with the mail server.

    It counts as delivered when the server took one and refused the others for good; where one may
    pass later, all are sent again, under the same ids.
    """
    refused = list[NotSent]()
    addresses = read_addresses(letter.target)
    chart = picture.png(letter.notification.data.get("chart"))
    try:
        with connected(config) as mailer:
            for address in addresses:
                try:
                    mailer.send(_mail(letter, address, chart, config), address)
                except NotSent as error:
                    refused.append(error)
    except NotSent as error:
        return Receipt(
            is_delivered=False, status=error.status, excerpt=error.sentence, is_down=error.is_down
        )
    is_taken = len(refused) < len(addresses) and all(error.is_final for error in refused)
    first = refused[0] if refused else None
    return Receipt(
        is_delivered=is_taken,
        status=first.status if first else SMTP_OK,
        excerpt=_excerpt(len(addresses), refused),
    )


def _mail(letter: Letter, address: str, chart: bytes | None, config: Config) -> EmailMessage:
    reader = sha256(address.encode()).hexdigest()[:12]
    envelope = Envelope(
        sender=config.mail_from,
        recipient=address,
        message_id=f"<{letter.id}.{reader}@{config.mail_from.rpartition('@')[2].rstrip('>')}>",
        unsubscribe_url=unsubscribing.url(config, letter.channel_id, address),
    )
    return email.render(letter.notification, envelope, chart)


def _excerpt(count: int, refused: list[NotSent]) -> str:
    if not refused:
        return f"Taken by the mail server for {counted(count, 'address')}."
    rest = f" ({len(refused)} of {count} addresses)" if count > 1 else ""
    return f"{refused[0].sentence}{rest}"[:MOST_EXCERPT]


TRANSPORTS: dict[ChannelKind, Callable[[Letter, Config], Receipt]] = {
    kind: by_mail if kind is ChannelKind.EMAIL else by_http for kind in ChannelKind
}
"""By the kind of a channel. A transport answers in words and raises nothing that it can say."""
