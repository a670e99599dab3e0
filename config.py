"""Configuration: the only reader of the environment.

A wrong value stops the start with one line that names the variable.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from costoptix.environment import ConfigError, MailServer, Variables, strong

__all__ = ["Config", "ConfigError", "MailServer"]

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})

_PRIVATE = 0o700
_STORES = ("lake", "uploads", "tmp")
_OWN = frozenset(("costoptix.db", "quota.db", "secret_key", "inbox", "lost+found", *_STORES))
"""What lies in a data folder, some of it in each; the last is of the file system."""


@dataclass(frozen=True)
class Config:
    """Everything that differs between installations; its ``repr`` shows nothing secret."""

    data_dir: Path
    database_url: str = field(repr=False)
    quota_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    public_url: str
    host: str
    port: int
    web_concurrency: int
    threads: int
    forwarded_hops: int
    max_upload_bytes: int
    registration: str
    inbox: Path
    allow_private_webhooks: bool
    private_hosts: frozenset[str]
    audit_days: int
    metrics_token: str = field(repr=False)
    mail_server: MailServer | None
    mail_from: str
    testing: bool
    now: str | None
    cheap_passwords: bool

    @property
    def lake_dir(self) -> Path:
        """Folder of the cost store's Parquet files."""
        return self.data_dir / "lake"

    @property
    def uploads_dir(self) -> Path:
        """Folder of files as they were sent, until their import is done."""
        return self.data_dir / "uploads"

    @property
    def temp_dir(self) -> Path:
        """Folder for what may be deleted at any start."""
        return self.data_dir / "tmp"

    @property
    def is_https(self) -> bool:
        """Tell whether browsers reach the application over TLS."""
        return self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """Host and port as browsers send them in the Host header."""
        return urlsplit(self.public_url).netloc

    @property
    def is_for_this_machine(self) -> bool:
        """Tell whether browsers reach the application by a loopback address alone."""
        host = urlsplit(self.public_url).hostname or ""
        return host in LOOPBACK_HOSTS or host == "::1"

    @property
    def trusted_hosts(self) -> list[str]:
        """Host names that requests may carry."""
        host = urlsplit(self.public_url).hostname or ""
        return sorted(LOOPBACK_HOSTS) if self.is_for_this_machine else [host]

    @property
    def listens_on_loopback_only(self) -> bool:
        """Tell whether only this machine can reach the server."""
        return self.host in LOOPBACK_HOSTS

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read the environment, make the data folder (0700) and, once, the secret key (0600).

        Raises:
            ConfigError: a variable has a wrong value; the message names it.
        """
        read = Variables(environ)
        data_dir = read.data_dir("COSTOPTIX_DATA_DIR")
        testing = read.flag("COSTOPTIX_TESTING")
        port = read.integer("PORT", 8000, 1, 65535)
        database_url = read.database_url("DATABASE_URL", data_dir)
        private_hosts = read.hosts("COSTOPTIX_PRIVATE_HOSTS")
        mail_server = read.mail_server("SMTP_URL", private_hosts)
        _make_private(data_dir)
        return cls(
            data_dir=data_dir,
            database_url=database_url,
            quota_url=read.quota_url("COSTOPTIX_QUOTA_URL", database_url, data_dir),
            secret_key=read.secret("SECRET_KEY") or _generated_secret(data_dir),
            secret_key_fallbacks=read.secrets("SECRET_KEY_FALLBACKS"),
            public_url=read.public_url(f"http://127.0.0.1:{port}"),
            host=read.host("HOST", "127.0.0.1"),
            port=port,
            web_concurrency=read.integer("WEB_CONCURRENCY", 2, 1, 64),
            threads=read.integer("THREADS", 4, 1, 64),
            forwarded_hops=read.integer("FORWARDED_HOPS", 0, 0, 10),
            max_upload_bytes=read.integer("MAX_UPLOAD_MB", 1024, 1, 1024 * 1024) * 1024 * 1024,
            registration=read.choice("REGISTRATION", "first", ("first", "open", "closed")),
            inbox=read.inbox(
                "COSTOPTIX_INBOX", data_dir, tuple(data_dir / name for name in _STORES)
            ),
            allow_private_webhooks=read.flag("ALLOW_PRIVATE_WEBHOOKS"),
            audit_days=read.integer("AUDIT_DAYS", 730, 1, 36_500),
            metrics_token=read.token("METRICS_TOKEN"),
            private_hosts=private_hosts,
            mail_server=mail_server,
            mail_from=read.mail_from("MAIL_FROM", mail_server),
            testing=testing,
            now=read.now(testing),
            cheap_passwords=read.cheap_passwords(testing),
        )


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != _PRIVATE:
            _require_own(folder)
            folder.chmod(_PRIVATE)
        with tempfile.TemporaryFile(dir=folder):  # not of a read-only disk
            pass
    except OSError as error:
        raise ConfigError(_unusable(folder, error)) from None


def _require_own(folder: Path) -> None:
    """Return when the folder may be closed to others: /etc or /tmp named by mistake must not."""
    names = {path.name for path in folder.iterdir()}
    if names and not names & _OWN:
        raise ConfigError(
            f"COSTOPTIX_DATA_DIR: {folder} holds other things, and other accounts may look into "
            "it: name a new folder, or chmod 700 it yourself."
        )


def _unusable(path: Path, error: OSError) -> str:
    return f"COSTOPTIX_DATA_DIR: {path} cannot be used: {error.strerror or error}."


def _generated_secret(data_dir: Path) -> str:
    """Return the secret of this data folder; of processes that start together, one makes it."""
    path = data_dir / "secret_key"
    try:
        if not path.exists():
            _write_secret(path)
        return _existing_secret(path)
    except OSError as error:
        raise ConfigError(_unusable(path, error)) from None


def _write_secret(path: Path) -> None:
    """Write a new secret under another name first: whoever finds the file finds all of it."""
    descriptor, aside = tempfile.mkstemp(prefix="secret_key.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(descriptor)
        os.link(aside, path)  # fails where another process was first: then its secret is the one
    except FileExistsError:
        pass
    finally:
        Path(aside).unlink()


def _existing_secret(path: Path) -> str:
    try:
        return strong("SECRET_KEY", path.read_text().strip())
    except ConfigError:
        raise ConfigError(
            f"SECRET_KEY: the file {path} is damaged; restore it or set SECRET_KEY."
        ) from None
