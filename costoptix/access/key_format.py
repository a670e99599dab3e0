"""The text of an API key: ``cc_``, 40 random base62 characters (238 bits), six that check them."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MARK = "cc_"
SECRET_LENGTH = 40
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = len(MARK) + 8

_FORM = re.compile(rf"{MARK}[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}")


def mint() -> str:
    """Make a new key."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return MARK + secret + checksum(secret)


def checksum(secret: str) -> str:
    """Return the CRC32 of the random part as six base62 characters."""
    number = zlib.crc32(secret.encode())
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def is_well_formed(text: str) -> bool:
    """Tell whether a text could be a key, by form and checksum: a typo needs no look-up."""
    if _FORM.fullmatch(text) is None:
        return False
    return checksum(text[len(MARK) : -CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]


def prefix(text: str) -> str:
    """Return the public beginning, by which people recognise a key."""
    return text[:PREFIX_LENGTH]


def digest(text: str) -> str:
    """Return what is stored: this much randomness needs no salt and no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()
