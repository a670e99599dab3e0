"""Handing mail over: TLS or nothing, one deadline, and every refusal in words."""

from __future__ import annotations

import dataclasses
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config import Config, MailServer
from costoptix.clock import utc_now
from costoptix.models import ChannelKind
from costoptix.notify.mail import NO_TLS, NotSent, connected
from costoptix.notify.receipt import Receipt
from costoptix.notify.transports import Letter, by_mail
from tests.notify.examples import notification
from tests.notify.test_picture import chart
from tests.support.mail_server import MailServerOfTests, open_mail_server

CHANNEL = "00000000-0000-4000-8000-000000000009"


@pytest.fixture
def server() -> Iterator[MailServerOfTests]:
    with open_mail_server() as server:
        yield server


Configured = Callable[..., Config]


@pytest.fixture
def configured(config: Config, server: MailServerOfTests) -> Configured:
    """An installation that hands its mail to the server, in one way or another."""

    def make(scheme: str = "smtp+plain", user: str = "", password: str = "") -> Config:
        mail_server = MailServer(scheme, "127.0.0.1", server.port, user, password)
        return dataclasses.replace(
            config,
            mail_server=mail_server,
            mail_from="Costs <costs@acme.com>",
            private_hosts=frozenset({"127.0.0.1"}),
        )

    return make


def send(config: Config, target: str = "ann@acme.com") -> Receipt:
    letter = Letter("d1", CHANNEL, ChannelKind.EMAIL, target, (), notification())
    return by_mail(letter, config)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What speaks TLS for 127.0.0.1, by a certificate that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now() - timedelta(days=20_000))
        .not_valid_after(utc_now() + timedelta(days=20_000))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return context


def test_each_reader_gets_a_mail_of_their_own(
    server: MailServerOfTests, configured: Configured
) -> None:
    receipt = send(configured(), "ann@acme.com, bob@acme.com")
    assert receipt == Receipt(
        is_delivered=True, status=250, excerpt="Taken by the mail server for 2 addresses."
    )
    assert [mail["To"] for mail in server.mails] == ["ann@acme.com", "bob@acme.com"]
    links = {mail["List-Unsubscribe"] for mail in server.mails}
    assert len(links) == 2
    ids = {mail["Message-ID"] for mail in server.mails}
    send(configured(), "ann@acme.com, bob@acme.com")
    assert {mail["Message-ID"] for mail in server.mails} == ids  # a repetition can be told


def test_a_report_has_its_chart_within(server: MailServerOfTests, configured: Configured) -> None:
    report = notification("report.weekly", chart=chart())
    letter = Letter("d1", CHANNEL, ChannelKind.EMAIL, "ann@acme.com", (), report)
    assert by_mail(letter, configured()).is_delivered
    kinds = [part.get_content_type() for part in server.mails[0].walk()]
    assert kinds[-2:] == ["text/html", "image/png"]


def test_tls_is_begun_before_the_password_is_given(
    server: MailServerOfTests, configured: Configured, tls: ssl.SSLContext
) -> None:
    server.tls = tls
    assert send(configured("smtp", "ann", "geheim")).is_delivered
    verbs = [command.split()[0].upper() for command in server.commands]
    assert verbs.index("STARTTLS") < verbs.index("AUTH") < verbs.index("MAIL")


def test_a_server_without_tls_gets_nothing(
    server: MailServerOfTests, configured: Configured
) -> None:
    receipt = send(configured("smtp", "ann", "geheim"))
    assert (receipt.is_delivered, receipt.excerpt, receipt.is_down) == (False, NO_TLS, True)
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_a_certificate_of_another_is_refused(
    server: MailServerOfTests, configured: Configured, tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server.tls = tls
    monkeypatch.delenv("SSL_CERT_FILE")
    receipt = send(configured("smtp"))
    assert "certificate is not good" in receipt.excerpt
    assert server.received == []


def test_a_server_that_speaks_no_tls_at_once_is_not_smtps(
    server: MailServerOfTests, configured: Configured
) -> None:
    assert "TLS" in send(configured("smtps")).excerpt


@pytest.mark.parametrize("how", ["silent", "drips", "hangs"])
def test_a_server_that_never_ends_is_left_at_the_deadline(
    server: MailServerOfTests, configured: Configured, how: str
) -> None:
    server.is_silent, server.drips = how == "silent", how == "drips"
    server.hangs_at = "EHLO" if how == "hangs" else ""
    begun = time.monotonic()
    with pytest.raises(NotSent, match=r"within 0\.3 seconds"), connected(configured(), 0.3):
        pass
    assert time.monotonic() - begun < 10


def test_who_is_refused_for_good_does_not_hold_up_the_others(
    server: MailServerOfTests, configured: Configured
) -> None:
    server.refused = frozenset({"gone@acme.com"})
    receipt = send(configured(), "gone@acme.com, bob@acme.com")
    assert receipt.is_delivered
    assert "550 no such box (1 of 2 addresses)" in receipt.excerpt
    assert [recipient for recipient, _ in server.received] == ["bob@acme.com"]
    receipt = send(configured(), "gone@acme.com")
    assert (receipt.is_delivered, receipt.status) == (False, 550)


def test_a_refusal_for_now_is_tried_again(
    server: MailServerOfTests, configured: Configured
) -> None:
    server.replies = {"MAIL": "451 greylisted\x00, come later"}
    receipt = send(configured())
    assert (receipt.is_delivered, receipt.status) == (False, 451)
    assert receipt.excerpt == "The mail server refuses it: 451 greylisted , come later"


def test_a_wrong_password_is_named_and_never_shown(
    server: MailServerOfTests, configured: Configured, tls: ssl.SSLContext
) -> None:
    server.tls, server.replies = tls, {"AUTH": "535 no"}
    receipt = send(configured("smtp", "ann", "geheim"))
    assert "refuses the user name and password" in receipt.excerpt
    assert receipt.is_down


def test_a_private_host_is_reached_only_where_it_is_named(
    server: MailServerOfTests, configured: Configured
) -> None:
    closed = dataclasses.replace(configured(), private_hosts=frozenset())
    assert "private or reserved" in send(closed).excerpt
    assert server.commands == []


def test_without_a_server_nothing_is_sent(config: Config) -> None:
    assert "SMTP_URL" in send(config).excerpt
