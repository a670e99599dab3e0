"""How a message leaves: one attempt, by HTTP, as the channel's platform wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from config import Config
from costoptix import outbound
from costoptix.clock import unix_now, utc_now
from costoptix.errors import Invalid
from costoptix.models import ChannelKind
from costoptix.notify import signing
from costoptix.notify.channels import reach
from costoptix.notify.messages import PLATFORMS
from costoptix.notify.notification import Notification
from costoptix.notify.receipt import Receipt, excerpt_of, retry_after
from costoptix.version import __version__

GONE = 410
OVERLOADED = frozenset({408, 425, 429})


@dataclass(frozen=True, repr=False)
class Letter:
    """One event for one channel, ready to be sent: its id is the same at every attempt."""

    id: str
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


TRANSPORTS: dict[ChannelKind, Callable[[Letter, Config], Receipt]] = {
    kind: by_http for kind in ChannelKind if kind is not ChannelKind.EMAIL
}
"""By the kind of a channel. A transport answers in words and raises nothing that it can say."""
