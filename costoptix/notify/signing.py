"""Signatures of custom webhooks by the scheme of Standard Webhooks.

Signed is ``id.timestamp.body``; the id is the same at every attempt, so that a receiver can tell a
repetition, and the timestamp is of the attempt, so that it can refuse an old one. While a secret is
changed, the former one signs as well.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES, MADE_BYTES = 24, 64, 32
WRONG = (
    f"a signing secret is {PREFIX} and the base64 of {LEAST_BYTES} to {MOST_BYTES} random bytes, "
    "as openssl rand -base64 32 prints"
)


def new_secret() -> str:
    """Make a secret of random bytes."""
    return PREFIX + b64encode(secrets.token_bytes(MADE_BYTES)).decode()


def read_secret(text: str) -> bytes:
    """Return the bytes of a secret.

    Raises:
        ValueError: it is not base64, too short to be safe or too long.
    """
    try:
        secret = b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):  # ValueError: a letter that is no ASCII
        raise ValueError(WRONG) from None
    if not LEAST_BYTES <= len(secret) <= MOST_BYTES:
        raise ValueError(WRONG)
    return secret


def headers(
    secret_texts: Iterable[str], message_id: str, timestamp: int, body: bytes
) -> Mapping[str, str]:
    """Return the headers of a message; ``timestamp`` is Unix seconds."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (
        "v1," + b64encode(hmac.digest(read_secret(text), signed, sha256)).decode()
        for text in secret_texts
    )
    named = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    joined = " ".join(signatures)
    return {**named, "webhook-signature": joined} if joined else named
