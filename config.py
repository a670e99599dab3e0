"""Configuration: the only reader of the environment.

A wrong value stops the start with one line that names the variable.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
SMTP_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
"""Ways to hand over mail, with the port of each."""
MIN_SECRET_LENGTH = 32
MIN_SECRET_CHARACTERS = 8
"""How many different ones a secret has at least; of 32 random hex digits, one in 20 million has
fewer."""


_PRIVATE = 0o700
_HOST_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"


class ConfigError(Exception):
    """A variable has a value that the application cannot start with."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, as SMTP_URL says.

    With ``smtp`` TLS is begun by STARTTLS and demanded; ``smtps`` begins with it; ``smtp+plain``
    has none, for a relay on a private host.
    """

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


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
        read = _Reader(environ)
        data_dir = Path(read.text("COSTOPTIX_DATA_DIR", "instance")).absolute()
        testing = read.flag("COSTOPTIX_TESTING")
        port = read.integer("PORT", 8000, 1, 65535)
        database_url = read.database_url("DATABASE_URL", data_dir)
        private_hosts = read.hosts("COSTOPTIX_PRIVATE_HOSTS")
        mail_server = read.mail_server("SMTP_URL", private_hosts)
        _make_private(data_dir)
        return cls(
            data_dir=data_dir,
            database_url=database_url,
            quota_url=read.quota_url(database_url, data_dir),
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
            inbox=read.folder("COSTOPTIX_INBOX", data_dir / "inbox"),
            allow_private_webhooks=read.flag("ALLOW_PRIVATE_WEBHOOKS"),
            audit_days=read.integer("AUDIT_DAYS", 730, 1, 36_500),
            metrics_token=read.secret("METRICS_TOKEN"),
            private_hosts=private_hosts,
            mail_server=mail_server,
            mail_from=read.mail_from("MAIL_FROM", mail_server),
            testing=testing,
            now=read.now(testing),
            cheap_passwords=read.cheap_passwords(testing),
        )


class _Reader:
    """Reads single variables; each refusal names its variable."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def flag(self, name: str) -> bool:
        value = self.text(name, "0").lower()
        if value not in ("0", "1", "on", "off", "true", "false", "yes", "no"):
            raise ConfigError(f"{name} must be on or off, not {value!r}.")
        return value in ("1", "on", "true", "yes")

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
        return int(value)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def secret(self, name: str) -> str:
        value = self.text(name, "")
        return _strong(name, value) if value else ""

    def secrets(self, name: str) -> tuple[str, ...]:
        parts = (part.strip() for part in self.text(name, "").split(","))
        return tuple(_strong(name, part) for part in parts if part)

    def folder(self, name: str, default: Path) -> Path:
        folder = Path(self.text(name, str(default))).absolute()
        for path in (folder, *folder.parents):
            if path.exists() and not path.is_dir():
                raise ConfigError(f"{name} must be a folder, and {path} is a file.")
        return folder

    def host(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            if re.fullmatch(r"[0-9.]+", value) or ":" in value:
                ip_address(value.removeprefix("[").removesuffix("]"))
            elif not re.fullmatch(_HOST_NAME, value):
                raise ValueError
        except ValueError:
            raise ConfigError(
                f"{name} must be an address or a host name, such as 127.0.0.1, not {value[:100]!a}."
            ) from None
        return value

    def database_url(self, name: str, data_dir: Path) -> str:
        value = self.text(name, f"sqlite:///{data_dir / 'costoptix.db'}")
        if value.startswith("postgresql+psycopg://") and _has_good_port(value):
            return value
        if not value.startswith("sqlite:///"):
            raise ConfigError(
                f"{name} must begin with postgresql+psycopg:// or sqlite:///, and its port be a "
                "number up to 65535."
            )
        return self._sqlite_url(name, value, data_dir)

    def _sqlite_url(self, name: str, value: str, data_dir: Path) -> str:
        path = Path(value.removeprefix("sqlite:///").partition("?")[0])
        if path.name in ("", ":memory:"):
            raise ConfigError(f"{name} must name a file: sqlite:////folder/name.db.")
        if path.absolute().parent != data_dir and not path.absolute().parent.is_dir():
            raise ConfigError(f"{name}: the folder {path.absolute().parent} is not there.")
        return value

    def quota_url(self, database_url: str, data_dir: Path) -> str:
        value = self.text("COSTOPTIX_QUOTA_URL", "")
        if not value:
            is_server = database_url.startswith("postgresql")
            return database_url if is_server else f"sqlite:///{data_dir / 'quota.db'}"
        if value.startswith("sqlite:///"):
            return self._sqlite_url("COSTOPTIX_QUOTA_URL", value, data_dir)
        is_redis = re.fullmatch(r"rediss?://[^/?#]+(/[0-9]*)?(\?.*)?", value)
        if not (is_redis or value.startswith("postgresql+psycopg://")) or not _has_good_port(value):
            raise ConfigError(
                "COSTOPTIX_QUOTA_URL must begin with redis://host:port/n, rediss://, "
                "postgresql+psycopg:// or sqlite:///."
            )
        return value

    def public_url(self, default: str) -> str:
        value = self.text("PUBLIC_URL", default).rstrip("/")
        is_address = re.fullmatch(
            rf"https?://({_HOST_NAME}|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?", value, re.ASCII
        )
        if not is_address or not _has_good_port(value):
            raise ConfigError("PUBLIC_URL must be http(s)://host[:port] without a path.")
        return value

    def hosts(self, name: str) -> frozenset[str]:
        hosts = [part.strip().lower() for part in self.text(name, "").split(",") if part.strip()]
        for host in hosts:
            name_and_port = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{0,4})?"
            if not re.fullmatch(name_and_port, host, re.ASCII) or not _has_good_port(f"//{host}"):
                raise ConfigError(
                    f"{name} must be a comma list of host or host:port, not {host!r}."
                )
        return frozenset(hosts)

    def mail_server(self, name: str, private_hosts: frozenset[str]) -> MailServer | None:
        """Read where mail goes; no refusal shows the password."""
        text = self.text(name, "")
        if not text:
            return None
        try:
            parts = urlsplit(text)
            port = parts.port or SMTP_PORTS[parts.scheme]
            host = (parts.hostname or "").encode("idna").decode()
        except (ValueError, KeyError):
            host = ""
        if not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise ConfigError(
                f"{name} must be smtp://user:password@host:port (TLS by STARTTLS), smtps://… (TLS "
                "from the start) or, without TLS, smtp+plain://host of COSTOPTIX_PRIVATE_HOSTS; "
                "special characters in user and password are written as %XX."
            )
        if parts.scheme == "smtp+plain" and (
            parts.username or not {host, f"{host}:{port}"} & private_hosts
        ):
            raise ConfigError(
                f"{name}: smtp+plain:// has no user and password, and its host must stand in "
                "COSTOPTIX_PRIVATE_HOSTS."
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return MailServer(parts.scheme, host, port, user, password)

    def mail_from(self, name: str, server: MailServer | None) -> str:
        """Read the sender of mail; without one it is the user of the server, or of its domain."""
        if server is None:
            default = ""
        else:
            default = server.user if "@" in server.user else f"costoptix@{server.host}"
        value = self.text(name, default)
        address = r"[!-;=?A-~]{1,64}@[A-Za-z0-9.-]{1,253}"
        if value and not re.fullmatch(rf"{address}|[ -;=?-~]{{0,100}}<{address}>", value):
            raise ConfigError(
                f"{name} must be an address, or Name <name@example.com>, not {value[:100]!a}."
            )
        return value

    def now(self, testing: bool) -> str | None:
        value = self.text("COSTOPTIX_NOW", "")
        if value and not testing:
            raise ConfigError("COSTOPTIX_NOW is for tests only: set COSTOPTIX_TESTING=1 with it.")
        if value and not _is_instant(value):
            raise ConfigError(
                f"COSTOPTIX_NOW must be an ISO instant with its zone, or @ and a file that holds "
                f"one, not {value[:100]!a}."
            )
        return value or None

    def cheap_passwords(self, testing: bool) -> bool:
        value = self.flag("COSTOPTIX_CHEAP_PASSWORDS")
        if value and not testing:
            raise ConfigError(
                "COSTOPTIX_CHEAP_PASSWORDS is for tests only: set COSTOPTIX_TESTING=1 with it."
            )
        return value


def _has_good_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:  # of an address in brackets that is none, too
        return False


def _is_instant(value: str) -> bool:
    try:
        text = Path(value[1:]).read_text() if value.startswith("@") else value
        return datetime.fromisoformat(text.strip()).tzinfo is not None
    except (OSError, ValueError):
        return False


def _strong(name: str, secret: str) -> str:
    """Return a secret that nobody guesses: long, and not a few characters again and again."""
    is_repeated = secret in (secret + secret)[1:-1]
    if len(secret) < MIN_SECRET_LENGTH or is_repeated or len(set(secret)) < MIN_SECRET_CHARACTERS:
        raise ConfigError(
            f"{name} is too easy to guess: use at least {MIN_SECRET_LENGTH} random characters, "
            "such as openssl rand -hex 32 prints."
        )
    return secret


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != _PRIVATE:
            folder.chmod(_PRIVATE)
        with tempfile.TemporaryFile(dir=folder):  # not of a read-only disk
            pass
    except OSError as error:
        raise ConfigError(_unusable(folder, error)) from None


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
        return _strong("SECRET_KEY", path.read_text().strip())
    except ConfigError:
        raise ConfigError(
            f"SECRET_KEY: the file {path} is damaged; restore it or set SECRET_KEY."
        ) from None
