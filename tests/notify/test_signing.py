"""Signatures by Standard Webhooks, and which secrets are good."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from costoptix.notify import signing


def test_a_signature_is_what_the_library_makes() -> None:
    secret, body = signing.new_secret(), '{"event": "ü"}'
    at = datetime(2026, 3, 20, 12, tzinfo=UTC)
    headers = signing.headers([secret], "id", int(at.timestamp()), body.encode())
    assert headers["webhook-signature"] == Webhook(secret).sign("id", at, body)
    assert headers["webhook-timestamp"] == "1774008000"


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_good(length: int) -> None:
    text = b64encode(bytes(length)).decode()
    assert signing.read_secret(text) == signing.read_secret("whsec_" + text) == bytes(length)


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_!!!notb64", "whsec_a", "whsec_" + b64encode(bytes(3)).decode(),
     b64encode(bytes(23)).decode(), b64encode(bytes(65)).decode(), b64encode(bytes(300)).decode(),
     "ü" * 40, b64encode(bytes(32)).decode() + "\n", "whsec_" + "A" * 31],
)  # fmt: skip
def test_any_other_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes"):
        signing.read_secret(text)


def test_secrets_are_random() -> None:
    assert len({signing.new_secret() for _ in range(20)}) == 20
