"""A wrong value stops the start with one line that names the variable."""

from __future__ import annotations

import os
import re
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import Config, ConfigError, MailServer
from tests.support.server import ROOT, environment_for, run_flask

INSTANT_0 = "0001-01-01T00:00:00+14:00"
SOURCE = (ROOT / "config.py").read_text() + (ROOT / "costoptix" / "environment.py").read_text()
VARIABLES = sorted(set(re.findall(r'"((?:COSTOPTIX_)?[A-Z]+(?:_[A-Z]+)*)"', SOURCE)))


def read(tmp_path: Path, **environment: str) -> Config:
    return Config.from_environ({"COSTOPTIX_DATA_DIR": str(tmp_path / "data"), **environment})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", "\uff18\uff10"),
        ("HOST", "http://127.0.0.1"),
        ("HOST", "127.0.0.1:80"),
        ("HOST", "999.1.1.1"),
        ("HOST", "a b"),
        ("COSTOPTIX_DATA_DIR", "/dev/null/instance"),
        ("COSTOPTIX_INBOX", "/dev/null"),
        ("COSTOPTIX_INBOX", "/dev/null/inbox"),
        ("AUDIT_DAYS", "0"),
        ("SECRET_KEY_FALLBACKS", "short"),
        ("DATABASE_URL", "postgresql+psycopg://ann:geheim@host:port/costs"),
        ("DATABASE_URL", "postgresql+psycopg://ann:geheim@host:99999/costs"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all/costs.db"),
        ("COSTOPTIX_QUOTA_URL", "redis://"),
        ("COSTOPTIX_QUOTA_URL", "redis://:geheim@host:port/0"),
        ("COSTOPTIX_QUOTA_URL", "redis://host/first"),
        ("COSTOPTIX_QUOTA_URL", "sqlite:////nowhere/at/all/quota.db"),
        ("PUBLIC_URL", "http://[::1"),
        ("PUBLIC_URL", "https://example.com:99999"),
        ("PUBLIC_URL", "https://ann:geheim@example.com"),
        ("PUBLIC_URL", "https://example.com?a=b"),
        ("COSTOPTIX_PRIVATE_HOSTS", "mail.lan:99999"),
        ("WEB_CONCURRENCY", "0"),
        ("THREADS", "-1"),
        ("FORWARDED_HOPS", "11"),
        ("MAX_UPLOAD_MB", "1.5"),
        ("REGISTRATION", "everyone"),
        ("SECRET_KEY", "short"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_TOKEN", "a" * 40),
        ("DATABASE_URL", "mysql://x"),
        ("COSTOPTIX_QUOTA_URL", "memory://"),
        ("PUBLIC_URL", "cost.example.com"),
        ("PUBLIC_URL", "https://example.com/costs"),
        ("COSTOPTIX_NOW", "2026-01-01T00:00:00Z"),
        ("COSTOPTIX_TESTING", "perhaps"),
        ("COSTOPTIX_CHEAP_PASSWORDS", "1"),
        ("ALLOW_PRIVATE_WEBHOOKS", "maybe"),
        ("COSTOPTIX_PRIVATE_HOSTS", "https://mail.lan"),
        ("COSTOPTIX_PRIVATE_HOSTS", "mail.lan,b:0"),
        ("SMTP_URL", "mail.example.com:25"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://mail.example.com:x"),
        ("SMTP_URL", "smtp://mail.example.com/path"),
        ("SMTP_URL", "smtp+plain://mail.example.com"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "Costs <a@b@example.com>"),
        ("MAIL_FROM", "a@example.com\nBcc: b@example.com"),
        ("MAIL_FROM", "a@example..com"),
        ("WEB_CONCURRENCY", ""),
        ("WEB_CONCURRENCY", " "),
        ("HOST", "[::1"),
        ("HOST", "::1]"),
        ("HOST", "[127.0.0.1]"),
        ("HOST", "a..b"),
        ("HOST", "a" * 300),
        ("COSTOPTIX_DATA_DIR", "/tmp/costs?"),
        ("COSTOPTIX_DATA_DIR", "/tmp/cos[t]s"),
        ("COSTOPTIX_DATA_DIR", "/tmp/cos%20ts"),
        ("COSTOPTIX_DATA_DIR", "/tmp/cos\nts"),
        ("COSTOPTIX_DATA_DIR", "/tmp/" + "a" * 300),
        ("COSTOPTIX_INBOX", "a" * 300),
        ("COSTOPTIX_INBOX", "/"),
        ("DATABASE_URL", "sqlite:////tmp"),
        ("DATABASE_URL", "sqlite:////dev/null"),
        ("DATABASE_URL", "sqlite:////tmp/costs.db/"),
        ("DATABASE_URL", "sqlite:////tmp/costs.db?timeout=long"),
        ("DATABASE_URL", "sqlite:////tmp/" + "a" * 300),
        ("DATABASE_URL", "postgresql+psycopg://ann:geheim@host:/costs"),
        ("DATABASE_URL", "postgresql+psycopg://ann:geheim@host/costs?colour=red"),
        ("COSTOPTIX_QUOTA_URL", "postgresql+psycopg://ann:geheim@host/costs?colour=red"),
        ("COSTOPTIX_QUOTA_URL", "redis://:geheim@/0"),
        ("COSTOPTIX_QUOTA_URL", "redis://:geheim@ho st/0"),
        ("PUBLIC_URL", "https://a..b"),
        ("PUBLIC_URL", "https://999.1.1.1"),
        ("PUBLIC_URL", "https://" + "a" * 300),
        ("COSTOPTIX_PRIVATE_HOSTS", "10.0.0.256"),
        ("METRICS_TOKEN", "Bearer 0123456789abcdefghijklmnopqrstuvwxyz"),
        ("METRICS_TOKEN", "\u00e4 0123456789abcdefghijklmnopqrstuvwxyz"),
        ("METRICS_TOKEN", "0123456789abcdefghijklmnopqrstuvwxyz" * 100),
        ("SMTP_URL", "smtp://mail.example.com:0"),
        ("SMTP_URL", "smtp://ann:geheim@mail example.com"),
        ("SMTP_URL", "smtp://ann%0D%0A:geheim@mail.example.com"),
        ("SMTP_URL", "smtp://:geheim@mail.example.com"),
        ("SMTP_URL", "smtp://mail,example"),
    ],
)
def test_a_wrong_value_names_its_variable(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}\b") as refusal:
        read(tmp_path, **{name: value})
    assert "\n" not in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_each_variable_that_has_wrong_values_is_tried_with_one() -> None:
    """A variable that is added must be added above; what a sentence says of any text is right."""
    (marker,) = test_a_wrong_value_names_its_variable.pytestmark
    assert set(VARIABLES) - {name for name, _ in marker.args[1]} == set()


@pytest.mark.parametrize("name", VARIABLES)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, name: str) -> None:
    value = os.fsdecode(b"0123456789abcdefghijklmnopqrstuvwxyz\xff")
    with pytest.raises(ConfigError, match=rf"^{name} is not text in UTF-8\.$"):
        read(tmp_path, **{name: value})


@pytest.mark.parametrize("folder", ["", "lake", "lake/organization=x", "uploads", "tmp", ".."])
def test_what_is_stored_is_never_taken_in_as_an_inbox(tmp_path: Path, folder: str) -> None:
    place = tmp_path / "data" / folder
    (tmp_path / "link").symlink_to(place.resolve())
    for inbox in (place, tmp_path / "link"):
        with pytest.raises(ConfigError, match=r"^COSTOPTIX_INBOX must be a folder of its own"):
            read(tmp_path, COSTOPTIX_INBOX=str(inbox))
    own = tmp_path / "data" / "in"
    assert read(tmp_path, COSTOPTIX_INBOX=str(own)).inbox == own


def test_the_counter_is_no_file_of_another(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'costoptix.db'}"
    with pytest.raises(ConfigError, match=r"^COSTOPTIX_QUOTA_URL must name another file"):
        read(tmp_path, COSTOPTIX_QUOTA_URL=url)


def test_a_folder_of_others_is_not_closed_to_them(tmp_path: Path) -> None:
    """Named by mistake, /etc or /tmp would be shut for every other account."""
    shared = tmp_path / "data"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "passwd").touch()
    with pytest.raises(ConfigError, match=r"^COSTOPTIX_DATA_DIR: .*holds other things"):
        read(tmp_path)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert [path.name for path in shared.iterdir()] == ["passwd"]
    (shared / "lake").mkdir()
    read(tmp_path)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700


@pytest.mark.parametrize("value", ["now", "2026-01-01T00:00:00", "@/nowhere/at/all", INSTANT_0])
def test_a_wrong_instant_of_a_test_names_its_variable(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match=r"^COSTOPTIX_NOW must"):
        read(tmp_path, COSTOPTIX_TESTING="1", COSTOPTIX_NOW=value)


def test_addresses_of_every_form_are_taken(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "[::1]", "localhost", "cost-1.lan"):
        assert read(tmp_path, HOST=host).host == host
    for url in ("http://[::1]:8000", "https://cost.example.com:8443", "http://localhost"):
        assert read(tmp_path, PUBLIC_URL=url).public_url == url
    for url in ("redis://h:6379/1", "redis://:a%2Fb@h/0", "rediss://h", "redis://[::1]:6379/0"):
        assert read(tmp_path, COSTOPTIX_QUOTA_URL=url).quota_url == url
    for url in (
        "postgresql+psycopg:///costs",
        "postgresql+psycopg://ann@[::1]:5433/costs?sslmode=disable",
    ):
        assert read(tmp_path, DATABASE_URL=url).database_url == url


def test_private_hosts_are_names_with_or_without_a_port(tmp_path: Path) -> None:
    config = read(tmp_path, COSTOPTIX_PRIVATE_HOSTS=" Mail.lan:25, idp.lan ,")
    assert config.private_hosts == {"mail.lan:25", "idp.lan"}
    assert read(tmp_path).private_hosts == frozenset()
    assert not read(tmp_path).allow_private_webhooks


def test_mail_demands_tls_by_its_scheme(tmp_path: Path) -> None:
    config = read(tmp_path, SMTP_URL="smtp://costs%40acme.com:p%2Fss@mail.acme.com")
    assert config.mail_server == MailServer("smtp", "mail.acme.com", 587, "costs@acme.com", "p/ss")
    assert config.mail_from == "costs@acme.com"
    assert "p/ss" not in repr(config)
    config = read(tmp_path, SMTP_URL="smtps://mail.acme.com", MAIL_FROM="Costs <costs@acme.com>")
    assert config.mail_server == MailServer("smtps", "mail.acme.com", 465)
    assert config.mail_from == "Costs <costs@acme.com>"
    assert (read(tmp_path).mail_server, read(tmp_path).mail_from) == (None, "")


def test_mail_without_tls_is_for_private_hosts_and_no_password(tmp_path: Path) -> None:
    hosts = {"COSTOPTIX_PRIVATE_HOSTS": "relay.lan:25"}
    config = read(tmp_path, SMTP_URL="smtp+plain://relay.lan", **hosts)
    assert config.mail_server == MailServer("smtp+plain", "relay.lan", 25)
    with pytest.raises(ConfigError, match="SMTP_URL") as refusal:
        read(tmp_path, SMTP_URL="smtp+plain://ann:geheim@relay.lan", **hosts)
    assert "geheim" not in str(refusal.value)


VARIED = "correct-horse-battery-staple-correct-horse"


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
@pytest.mark.parametrize(
    "value",
    ["short", "a" * 40, "abc" * 20, "0123456789" * 5, "changeme" * 5],
)  # fmt: skip
def test_s60_a_secret_that_can_be_guessed_is_refused(tmp_path: Path, name: str, value: str) -> None:
    """S60: too short, or a few characters again and again; for the one in use and older ones."""
    for given in (value, f"{VARIED},{value}") if name == "SECRET_KEY_FALLBACKS" else (value,):
        with pytest.raises(ConfigError, match=f"^{name} .*openssl rand") as refusal:
            read(tmp_path, **{name: given})
        assert "\n" not in str(refusal.value)
        assert value.strip() not in str(refusal.value)


def test_s60_a_secret_that_was_made_by_chance_is_taken(tmp_path: Path) -> None:
    for made in (secrets.token_hex(16), secrets.token_urlsafe(24), secrets.token_hex(64), VARIED):
        found = read(tmp_path, SECRET_KEY=made, SECRET_KEY_FALLBACKS=f"{made}, {VARIED}")
        assert found.secret_key == made
        assert found.secret_key_fallbacks == (made, VARIED)


def test_the_refusal_of_a_quota_url_names_every_kind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="COSTOPTIX_QUOTA_URL") as refusal:
        read(tmp_path, COSTOPTIX_QUOTA_URL="memory://")
    for scheme in ("redis://", "rediss://", "postgresql+psycopg://", "sqlite:///"):
        assert scheme in str(refusal.value)


def test_the_secret_is_made_once_and_for_this_account_only(tmp_path: Path) -> None:
    """S59"""
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_a_damaged_secret_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text("cut")
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        read(tmp_path)


def test_the_quota_lives_in_a_file_of_its_own_or_with_the_server(tmp_path: Path) -> None:
    assert read(tmp_path).quota_url.endswith("/data/quota.db")
    url = "postgresql+psycopg://localhost/costs"
    assert read(tmp_path, DATABASE_URL=url).quota_url == url


def test_a_loopback_public_url_allows_every_loopback_name(tmp_path: Path) -> None:
    assert {"localhost", "127.0.0.1", "[::1]"} <= set(read(tmp_path).trusted_hosts)
    assert read(tmp_path, PUBLIC_URL="https://cost.example.com").trusted_hosts == [
        "cost.example.com"
    ]


def test_the_start_stops_with_one_line(tmp_path: Path) -> None:
    """S60"""
    done = run_flask(environment_for(tmp_path, PORT="eighty"), "routes")
    assert done.returncode != 0
    assert done.stderr.strip().count("\n") == 0
    assert "PORT" in done.stderr


def test_two_first_starts_at_once_agree_on_a_whole_secret(tmp_path: Path) -> None:
    """Whoever finds the file finds all of it: it is written aside, and then gets its name."""
    with ThreadPoolExecutor(8) as starts:
        keys = set(starts.map(lambda _: read(tmp_path).secret_key, range(16)))
    assert len(keys) == 1
    folder = tmp_path / "data"
    assert [path.name for path in folder.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600


def test_a_secret_is_never_there_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start that comes while the first one writes finds nothing, and writes its own."""
    link, during = os.link, []

    def link_late(aside: str, path: Path) -> None:
        monkeypatch.setattr("os.link", link)
        during.append(read(tmp_path).secret_key)
        link(aside, path)

    monkeypatch.setattr("os.link", link_late)
    assert [read(tmp_path).secret_key] == during
