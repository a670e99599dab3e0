"""Handing mail over to a server: by TLS, within one deadline, to no private host unless allowed."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from socket import socket
from urllib.parse import urlsplit

from config import Config, MailServer
from costoptix import outbound
from costoptix.errors import Invalid
from costoptix.notify.channels import NO_SERVER
from costoptix.notify.messages.email import POLICY

NO_TLS = "The mail server speaks no TLS, so that nothing was sent."
NO_LOGIN = "The mail server refuses the user name and password of SMTP_URL."


class NotSent(Exception):
    """A mail was not taken; the sentence says why.

    ``is_final`` says that trying again would not help, ``is_down`` that the server takes nothing.
    """

    def __init__(
        self, sentence: str, status: int | None = None, *, is_final: bool = False,
        is_down: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(sentence)
        self.sentence, self.status = sentence, status
        self.is_final, self.is_down = is_final, is_down


@dataclass(frozen=True)
class Mailer:
    """A connection to the mail server, ready to take mail."""

    server: smtplib.SMTP
    sender: str

    def send(self, mail: EmailMessage, recipient: str) -> None:
        """Hand over one mail to one reader.

        Raises:
            NotSent: the server did not take it.
        """
        try:
            self.server.sendmail(self.sender, [recipient], mail.as_bytes(policy=POLICY))
        except smtplib.SMTPRecipientsRefused as error:
            ((code, reason),) = error.recipients.values()
            raise _refusal(code, reason) from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error) from None


@contextmanager
def connected(config: Config, seconds: float = outbound.DEADLINE_SECONDS) -> Iterator[Mailer]:
    """Connect to the mail server; all that is done with it ends within so many seconds.

    Raises:
        NotSent: there is none, it may not be called, or speaks no TLS, or broke off meanwhile.
    """
    server = config.mail_server
    if server is None:
        raise NotSent(NO_SERVER, is_down=True)
    with outbound.Deadline(seconds) as deadline, _in_words(deadline):
        reach = outbound.Reach(hosts=config.private_hosts, any_port=True)
        smtp = _Smtp(outbound.connect(server.host, server.port, reach, deadline), server, config)
        try:
            smtp.begin()
            yield Mailer(smtp, parseaddr(config.mail_from)[1])
        finally:
            smtp.close()


class _Smtp(smtplib.SMTP):
    """An SMTP client on a connection that is there already: its address was checked."""

    def __init__(self, connection: socket, server: MailServer, config: Config) -> None:
        self._connection, self._server = connection, server
        self._tls = ssl.create_default_context()
        host = urlsplit(config.public_url).hostname or "localhost"
        is_name = any(letter.isalpha() for letter in host) and ":" not in host
        super().__init__(local_hostname=host if is_name else "localhost")
        self._host = server.host  # whose certificate starttls() asks for

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        if self._server.scheme == "smtps":
            return self._tls.wrap_socket(self._connection, server_hostname=self._host)
        return self._connection

    def begin(self) -> None:
        """Greet, begin TLS where it did not begin with it, and sign in."""
        self.connect(self._server.host, self._server.port)
        self.ehlo_or_helo_if_needed()
        if self._server.scheme == "smtp":
            self.starttls(context=self._tls)
            self.ehlo_or_helo_if_needed()
        if self._server.user:
            self.login(self._server.user, self._server.password)


@contextmanager
def _in_words(deadline: outbound.Deadline) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        words = NO_TLS if "STARTTLS" in str(error) else NO_LOGIN
        raise NotSent(words, is_down=True) from None
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(NO_LOGIN, error.smtp_code, is_down=True) from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error, is_down=True) from None
    except Invalid as refusal:
        raise NotSent(refusal.sentence, is_down=True) from None
    except outbound.Unreachable as error:
        raise NotSent(str(error), is_down=True) from None
    except (OSError, smtplib.SMTPException) as error:
        sentence = str(deadline.passed()) if deadline.is_over else outbound.in_words(error)
        raise NotSent(sentence, is_down=True) from None


def _refusal(code: int, reason: bytes | str, *, is_down: bool = False) -> NotSent:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    words = "".join(sign if sign.isprintable() else " " for sign in text)[:200]
    sentence = f"The mail server refuses it: {code} {' '.join(words.split())}".rstrip()
    return NotSent(sentence, code, is_final=code >= 500, is_down=is_down)
