"""One password for everybody, hashed as tests are configured to: hashing is meant to be slow."""

from __future__ import annotations

from costoptix.access import passwords

PASSWORD = "correct horse battery staple"
passwords.configure(cheap=True)
PASSWORD_HASH = passwords.hash_password(PASSWORD)
passwords.configure(cheap=False)
