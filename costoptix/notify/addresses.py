"""The addresses that a channel of mail goes to."""

from __future__ import annotations

from costoptix.access.users import normalize_address
from costoptix.errors import Invalid, wrong_field

MOST_ADDRESSES = 10
MOST_CHARACTERS = 254
"""What a mail server takes as an address, at most."""


def read_addresses(text: str) -> list[str]:
    """Return the addresses that a text names, commas between them, each once.

    Raises:
        Invalid: one has not the form of an address, or there are too many.
    """
    addresses = dict.fromkeys(_address(part) for part in text.split(",") if part.strip())
    if not 0 < len(addresses) <= MOST_ADDRESSES:
        raise wrong_field("address", f"it names 1 to {MOST_ADDRESSES} addresses")
    return list(addresses)


def _address(text: str) -> str:
    try:
        address = normalize_address(text)
        local, _, domain = address.partition("@")
        sent = f"{local}@{domain.encode('idna').decode()}"
    except (Invalid, UnicodeError):
        sent = ""
    if not sent or not sent.isascii() or ".." in sent or len(sent) > MOST_CHARACTERS:
        raise wrong_field(
            "address",
            f"{text.strip()[:60]!a} is no e-mail address; name@example.com is one",
        )
    return sent


def joined(addresses: list[str]) -> str:
    """Return addresses as a channel keeps them."""
    return ", ".join(addresses)
