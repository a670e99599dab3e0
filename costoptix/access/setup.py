"""The first start: whether the installation is set up yet, and who may do it."""

from __future__ import annotations

import base64
import hashlib
import hmac

from sqlalchemy.orm import Session

from costoptix.access import organizations, throttle
from costoptix.errors import refused_field

_CODE_BYTES = 10  # 80 bits: sixteen letters and digits


def is_needed(session: Session) -> bool:
    """Tell whether there is no organization yet."""
    return organizations.count(session) == 0


def code(secret_key: str) -> str:
    """Return the code that shows that somebody can read the server's log.

    It follows from the secret key, so that every process knows it; it is good once, because
    after the set-up there is nothing more to set up.
    """
    mac = hmac.digest(secret_key.encode(), b"costoptix set-up code", hashlib.sha256)
    text = base64.b32encode(mac[:_CODE_BYTES]).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def check_code(session: Session, secret_key: str, given: str, address: str) -> None:
    """Let pass who gives the code of the log; case, blanks and dashes do not matter.

    Raises:
        Invalid: it is another code.
        TooManyRequests: too many tries.
    """
    with throttle.attempt(session, "set-up", "first", address) as tried:
        typed = "".join(c for c in given.upper() if c.isalnum()).encode()
        if not hmac.compare_digest(typed, code(secret_key).replace("-", "").encode()):
            raise refused_field("code", "This is not the code that the server printed in its log.")
        tried.succeeded()
