"""Which storage counts the calls: the one that ``COSTOPTIX_QUOTA_URL`` names.

A storage becomes known to the library when its module is imported. That of Redis is imported only
when it is named: its package is optional, and takes a while to import.
"""

from __future__ import annotations

from importlib import import_module

from limits.storage import storage_from_string

from config import ConfigError
from costoptix.access.quota import SCHEME, QuotaStorage

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


def open_storage(url: str) -> QuotaStorage:
    """Open the storage of this URL beside the application's own; the caller closes it.

    Raises:
        ConfigError: its package is not installed, or its file cannot be used.
    """
    load(url)
    storage = storage_from_string(SCHEME + url)
    if not isinstance(storage, QuotaStorage):
        raise TypeError(f"{type(storage).__name__} is no storage of the quota")
    return storage
