"""Which storage counts the calls: the one that ``COSTOPTIX_QUOTA_URL`` names.

A storage becomes known to the library when its module is imported. That of Redis is imported only
when it is named: its package is optional, and takes a while to import.
"""

from __future__ import annotations

from importlib import import_module

from config import ConfigError

_REDIS = ("redis://", "rediss://")
_MISSING = (
    "COSTOPTIX_QUOTA_URL is redis://, and the package redis is missing: "
    ".venv/bin/pip install --require-hashes -r requirements-redis.txt"
)


def load(url: str) -> None:
    """Make the storage of this URL known to the library.

    Raises:
        ConfigError: its package is not installed; the message says how to install it.
    """
    if not url.startswith(_REDIS):
        import_module("costoptix.access.quota_sql")
        return
    try:
        import_module("costoptix.access.quota_redis")
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise ConfigError(_MISSING) from None
