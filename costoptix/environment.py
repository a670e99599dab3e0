"""Single variables of the environment, read and refused; ``config.py`` says which there are.

Every refusal is one line that names its variable and shows no secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

SMTP_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
"""Ways to hand over mail, with the port of each."""
MIN_SECRET_LENGTH = 32
MIN_SECRET_CHARACTERS = 8
"""How many different ones a secret has at least; of 32 random hex digits, one in 20 million has
fewer."""
MAX_TOKEN_LENGTH = 1_000
"""Of a token that a header carries, within the limit of every proxy and server."""

NOT_BLANK = frozenset({"WEB_CONCURRENCY"})
"""What gunicorn reads as well, before any code of ours: set and blank, it ends it with a trace."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_MAIL_ADDRESS = r"[!-;=?A-~]{1,64}@[A-Za-z0-9.-]{1,253}"
_MAX_HOST_LENGTH = 253
_YEARS = range(1970, 9000)


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


class Variables:
    """Reads single variables; each refusal names its variable."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        """Return a value on one line of text that can be shown; the default where it is blank."""
        value = self._raw(name) or default
        if not value.isprintable():
            raise ConfigError(f"{name} holds a control character or a space that is not ASCII's.")
        return value

    def _raw(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        try:
            value.encode()
        except UnicodeEncodeError:  # a byte that stands for no character
            raise ConfigError(f"{name} is not text in UTF-8.") from None
        return value

    def flag(self, name: str) -> bool:
        """Read whether something is on; it is off unless said."""
        value = self.text(name, "0").lower()
        if value not in ("0", "1", "on", "off", "true", "false", "yes", "no"):
            raise ConfigError(f"{name} must be on or off, not {value!r}.")
        return value in ("1", "on", "true", "yes")

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Read a whole number from ``low`` to ``high``, both inclusive."""
        is_blank = name in NOT_BLANK and name in self._environ
        value = self.text(name, "" if is_blank else str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
        return int(value)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Read one of a few words."""
        value = self.text(name, default)
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def secret(self, name: str) -> str:
        """Read a secret that nobody guesses; empty where none is set."""
        value = self._raw(name)
        return strong(name, value) if value else ""

    def token(self, name: str) -> str:
        """Read a secret that comes back in a header."""
        value = self.secret(name)
        if value and not re.fullmatch(rf"[!-~]{{1,{MAX_TOKEN_LENGTH}}}", value):
            raise ConfigError(
                f"{name} must be at most {MAX_TOKEN_LENGTH} ASCII characters without a space: a "
                "header carries it."
            )
        return value

    def secrets(self, name: str) -> tuple[str, ...]:
        """Read a comma list of such secrets."""
        parts = (part.strip() for part in self._raw(name).split(","))
        return tuple(strong(name, part) for part in parts if part)

    def folder(self, name: str, default: Path) -> Path:
        """Read a folder, which need not be there yet."""
        folder = Path(self.text(name, str(default))).absolute()
        for path in (folder, *folder.parents):
            if _exists(name, path) and not path.is_dir():
                raise ConfigError(f"{name} must be a folder, and {path} is a file.")
        return folder

    def data_dir(self, name: str) -> Path:
        """Read the data folder, whose path stands in the URL of a database and names of files."""
        folder = self.folder(name, Path("instance"))
        if wrong := sorted(set(str(folder)) & set("?%*[")):
            raise ConfigError(f"{name} must not contain {wrong[0]}: {str(folder)[:200]}.")
        return folder

    def inbox(self, name: str, data_dir: Path, stores: tuple[Path, ...]) -> Path:
        """Read the watched folder: what lies there is taken in, so nothing of ours may."""
        folder = self.folder(name, data_dir / "inbox")
        place = folder.resolve()
        is_around = data_dir.resolve().is_relative_to(place)
        if is_around or any(place.is_relative_to(store.resolve()) for store in stores):
            raise ConfigError(
                f"{name} must be a folder of its own: {folder} holds what Cost Optix stores."
            )
        return folder

    def host(self, name: str, default: str) -> str:
        """Read an address or a host name."""
        value = self.text(name, default)
        if not _is_host(value):
            raise ConfigError(
                f"{name} must be an address or a host name, such as 127.0.0.1, not {value[:100]!a}."
            )
        return value

    def database_url(self, name: str, data_dir: Path) -> str:
        """Read where the SQL database is."""
        value = self.text(name, f"sqlite:///{data_dir / 'costoptix.db'}")
        if value.startswith("postgresql+psycopg://"):
            return _postgresql_url(name, value)
        if not value.startswith("sqlite:///"):
            raise ConfigError(f"{name} must begin with postgresql+psycopg:// or sqlite:///.")
        return self._sqlite_url(name, value, data_dir)

    def _sqlite_url(self, name: str, value: str, data_dir: Path) -> str:
        text = value.removeprefix("sqlite:///")
        path = Path(text).absolute()
        if text.endswith("/") or Path(text).name in ("", ":memory:"):
            raise ConfigError(f"{name} must name a file: sqlite:////folder/name.db.")
        if {"?", "%"} & set(text):
            raise ConfigError(f"{name} must be sqlite:////folder/name.db, without ? and %.")
        if path.parent != data_dir and not (_exists(name, path.parent) and path.parent.is_dir()):
            raise ConfigError(f"{name}: the folder {path.parent} is not there.")
        if _exists(name, path) and not path.is_file():
            raise ConfigError(f"{name} must name a file, and {path} is none.")
        return value

    def quota_url(self, name: str, database_url: str, data_dir: Path) -> str:
        """Read where calls are counted: in a file of its own, or where the server is."""
        value = self.text(name, "")
        if not value:
            is_server = database_url.startswith("postgresql")
            return database_url if is_server else f"sqlite:///{data_dir / 'quota.db'}"
        if value.startswith("sqlite:///"):
            if Path(value[10:]).resolve() == Path(database_url.partition(":///")[2]).resolve():
                raise ConfigError(f"{name} must name another file than DATABASE_URL.")
            return self._sqlite_url(name, value, data_dir)
        if value.startswith("postgresql+psycopg://"):
            return _postgresql_url(name, value)
        is_redis = re.fullmatch(r"rediss?://[^/?#]+(/[0-9]*)?(\?.*)?", value)
        if not is_redis or not _has_good_port(value) or not _is_host(urlsplit(value).hostname):
            raise ConfigError(
                f"{name} must begin with redis://host:port/n, rediss://, postgresql+psycopg:// or "
                "sqlite:///."
            )
        return value

    def public_url(self, default: str) -> str:
        """Read the address that browsers use, without a slash at its end."""
        value = self.text("PUBLIC_URL", default).rstrip("/")
        is_address = re.fullmatch(r"https?://[^/?#@\s]+", value) and _has_good_port(value)
        if not is_address or not _is_host(_host_in(value)):
            raise ConfigError("PUBLIC_URL must be http(s)://host[:port] without a path.")
        return value

    def hosts(self, name: str) -> frozenset[str]:
        """Read a comma list of hosts with or without a port, in lower case."""
        hosts = [part.strip().lower() for part in self.text(name, "").split(",") if part.strip()]
        for host in hosts:
            name_and_port = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{0,4})?"
            if not (
                re.fullmatch(name_and_port, host, re.ASCII)
                and _has_good_port(f"//{host}")
                and _is_host(host.partition(":")[0])
            ):
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
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
        except (ValueError, KeyError):
            host = user = password = ""
        is_login = (user + password).isprintable() and (user or not password)
        if (
            not _is_host(host)
            or not _has_good_port(text)
            or not is_login
            or parts.path.strip("/")
            or parts.query
            or parts.fragment
        ):
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
        return MailServer(parts.scheme, host, port, user, password)

    def mail_from(self, name: str, server: MailServer | None) -> str:
        """Read the sender of mail; without one it is the user of the server, or of its domain."""
        if server is None:
            default = ""
        else:
            is_address = re.fullmatch(_MAIL_ADDRESS, server.user)
            default = server.user if is_address else f"costoptix@{server.host}"
        value = self.text(name, default)
        form = rf"{_MAIL_ADDRESS}|[ -;=?-~]{{0,100}}<{_MAIL_ADDRESS}>"
        domain = value.rpartition("@")[2].removesuffix(">")
        if value and not (re.fullmatch(form, value) and _is_host(domain)):
            raise ConfigError(
                f"{name} must be an address, or Name <name@example.com>, not {value[:100]!a}."
            )
        return value

    def now(self, testing: bool) -> str | None:
        """Read the instant at which a test begins."""
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
        """Read whether a test hashes passwords at little cost."""
        value = self.flag("COSTOPTIX_CHEAP_PASSWORDS")
        if value and not testing:
            raise ConfigError(
                "COSTOPTIX_CHEAP_PASSWORDS is for tests only: set COSTOPTIX_TESTING=1 with it."
            )
        return value


def _exists(name: str, path: Path) -> bool:
    """Tell whether there is something at a path, which may be too long, or not be looked at."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"{name}: {str(path)[:200]} cannot be used: {reason}.") from None
    return True


def _is_host(text: str | None) -> bool:
    """Tell whether a text is an address, of version 6 in brackets or not, or a host name."""
    if not text:
        return False
    bare = text[1:-1] if text[0] == "[" and text[-1] == "]" and ":" in text else text
    if ":" in bare or re.fullmatch(r"[0-9.]+", bare):
        try:
            return bool(ip_address(bare))
        except ValueError:
            return False
    labels = text.removesuffix(".").split(".")
    return len(text) <= _MAX_HOST_LENGTH and all(re.fullmatch(_LABEL, part) for part in labels)


def _host_in(url: str) -> str:
    """Return the host of a URL as it stands there, with its brackets."""
    return re.sub(r":[0-9]+$", "", urlsplit(url).netloc, flags=re.ASCII)


def _has_good_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:  # of an address in brackets that is none, too
        return False


def _postgresql_url(name: str, value: str) -> str:
    """Return a URL that SQLAlchemy and libpq understand."""
    import psycopg  # here: an installation on SQLite needs no driver
    from sqlalchemy.engine import make_url

    try:
        options = make_url(value).query
        if not _has_good_port(value):
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"{name} must be postgresql+psycopg://user:password@host:port/name with a port up to "
            "65535; special characters in user and password are written as %XX."
        ) from None
    try:
        psycopg.conninfo.make_conninfo("", **{key: str(text) for key, text in options.items()})
    except psycopg.Error:
        raise ConfigError(f"{name} has an option behind ? that libpq does not know.") from None
    return value


def _is_instant(value: str) -> bool:
    try:
        text = Path(value[1:]).read_text() if value.startswith("@") else value
        instant = datetime.fromisoformat(text.strip())
    except (OSError, ValueError):
        return False
    return instant.tzinfo is not None and instant.year in _YEARS


def strong(name: str, secret: str) -> str:
    """Return a secret that nobody guesses: long, and not a few characters again and again."""
    is_repeated = secret in (secret + secret)[1:-1]
    if len(secret) < MIN_SECRET_LENGTH or is_repeated or len(set(secret)) < MIN_SECRET_CHARACTERS:
        raise ConfigError(
            f"{name} is too easy to guess: use at least {MIN_SECRET_LENGTH} random characters, "
            "such as openssl rand -hex 32 prints."
        )
    return secret
