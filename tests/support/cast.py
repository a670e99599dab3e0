"""One password for everybody, hashed once: hashing is meant to be slow."""

from __future__ import annotations

from costoptix.access import passwords

PASSWORD = "correct horse battery staple"
PASSWORD_HASH = passwords.hash_password(PASSWORD)
