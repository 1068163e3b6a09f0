"""Reach an SMTP server: connect, encrypt, log in; and say in one line why it did not work."""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from newsletter.errors import PermanentError, SettingsError, TransientError, TransportError
from newsletter.providers.words import words_of

#: seconds that a server gets to answer our goodbye
_GOODBYE = 5.0


class Security(StrEnum):
    #: encrypted from the first byte (port 465)
    TLS = "tls"
    #: encrypted after a word in the clear (port 587)
    STARTTLS = "starttls"
    #: for a server on this machine
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to hand over, and as whom. Certificates are verified; SSL_CERT_FILE names a private authority's."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)
    timeout: float

    def __post_init__(self) -> None:
        if self.security is Security.NONE and self.password:
            raise SettingsError(
                "NEWSLETTER_SMTP_SECURITY is none, so the password would travel readable",
                fix="set it to tls or starttls",
            )

    def __str__(self) -> str:
        return f"the SMTP server {self.host}:{self.port}"


def connect(server: Server, our_domain: str) -> smtplib.SMTP:
    """
    A connection that is ready for mail.

    `our_domain` is told in EHLO: the local host's name is nobody's business, and finding it may wait for DNS.
    """
    try:
        client = _dial(server, our_domain)
    except (OSError, smtplib.SMTPException) as error:
        raise _why(server, error) from error
    try:
        client.ehlo_or_helo_if_needed()
        if server.security is Security.STARTTLS:
            client.starttls(context=ssl.create_default_context())
        _log_in(client, server)
    except (OSError, smtplib.SMTPException) as error:
        client.close()
        raise _why(server, error) from error
    except TransportError:
        client.close()
        raise
    return client


def hang_up(client: smtplib.SMTP, *, politely: bool) -> None:
    if politely:
        with suppress(OSError, smtplib.SMTPException):
            if client.sock:
                client.sock.settimeout(_GOODBYE)
            client.quit()
    client.close()


def _dial(server: Server, our_domain: str) -> smtplib.SMTP:
    if server.security is Security.TLS:
        return smtplib.SMTP_SSL(
            server.host, server.port, our_domain, timeout=server.timeout, context=ssl.create_default_context()
        )
    return smtplib.SMTP(server.host, server.port, our_domain, timeout=server.timeout)


def _log_in(client: smtplib.SMTP, server: Server) -> None:
    if not server.username:
        return
    check = "check NEWSLETTER_SMTP_USERNAME and NEWSLETTER_SMTP_PASSWORD"
    try:
        # EHLO again after STARTTLS comes with it.
        client.login(server.username, server.password)
    except smtplib.SMTPAuthenticationError as error:
        kind = TransientError if error.smtp_code < 500 else PermanentError
        raise kind(f"the SMTP server refused the login ({error.smtp_code})", fix=check) from None
    except smtplib.SMTPServerDisconnected:
        # Some servers hang up on a wrong password, others when they are busy.
        raise TransientError("the SMTP server hung up during the login", fix=check) from None
    except UnicodeError:
        raise PermanentError("the SMTP login holds a character beyond ASCII", fix=check) from None


def _why(server: Server, error: Exception) -> TransportError:
    look = "check NEWSLETTER_SMTP_HOST, NEWSLETTER_SMTP_PORT and NEWSLETTER_SMTP_SECURITY"
    match error:
        case ssl.SSLCertVerificationError():
            said = f"{server} shows a certificate that is not trusted ({error.verify_message})"
            return PermanentError(said, fix="check NEWSLETTER_SMTP_HOST, or name its authority in SSL_CERT_FILE")
        case ssl.SSLError() if not isinstance(error, ssl.SSLEOFError):
            return PermanentError(f"{server} does not speak TLS as asked ({error.reason})", fix=look)
        case socket.gaierror() if error.errno == socket.EAI_NONAME:
            return PermanentError(f"{server} does not exist: no such host", fix=look)
        case smtplib.SMTPNotSupportedError():
            return PermanentError(f"{server} cannot do what is asked: {words_of(str(error)).rstrip('.')}", fix=look)
        case smtplib.SMTPResponseException():
            kind = TransientError if error.smtp_code < 500 else PermanentError
            return kind(f"{server} answers {error.smtp_code} {words_of(error.smtp_error)}", fix=look)
        case _:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return TransientError(f"{server} cannot be reached: {words_of(said)}", fix=f"try later, or {look}")
