"""
Hand one message to an SMTP server, step by step.

What matters is the final dot. An error before it has been handed to the network means that the server certainly did
not take the message; silence after it means that nobody knows (RFC 5321 section 4.5.3.2.6, RFC 1047).
"""

import re
import smtplib
from dataclasses import dataclass

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.errors import PermanentError, TransientError
from newsletter.providers.words import words_of

_GO_AHEAD = 354
_CLOSING = 421
_LOGIN_WANTED = frozenset({530, 538})
_QUEUE_ID = re.compile(r"(?:queued as |\bid=)(?P<id>[A-Za-z0-9._-]+)")


class GoneError(Exception):
    """The connection is of no use any more, and the message was certainly not taken."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message and its envelope."""

    sender: str
    recipient: Recipient
    message: bytes

    @property
    def needs_utf8(self) -> bool:
        """Bodies are quoted-printable, so that only an address beyond ASCII (RFC 6531) can need more."""
        return not (self.sender + self.recipient.address).isascii() or not self.message.isascii()


def hand_over(client: smtplib.SMTP, letter: Letter, *, patience: float) -> Receipt:
    """
    The server's word on the letter; UNKNOWN when it says nothing for `patience` seconds after the final dot.

    :raises GoneError: the connection broke before the dot
    :raises TransportError: the server refuses our sender, whoever the reader is
    """
    try:
        declined = _announce(client, letter)
        if declined:
            return declined
        client.send(dot_stuffed(letter.message))
    except (OSError, smtplib.SMTPException) as error:
        raise GoneError(words_of(str(error), letter.recipient)) from error
    return _last_word(client, letter.recipient, patience)


def dot_stuffed(message: bytes) -> bytes:
    """The data as they travel: lines that begin with a dot get another one, and the dot that ends them."""
    lined = message if message.endswith(b"\r\n") else message + b"\r\n"
    stuffed = lined.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


def _announce(client: smtplib.SMTP, letter: Letter) -> Receipt | None:
    """MAIL, RCPT and DATA; a receipt when the server does not want to go on."""
    options = [f"SIZE={len(letter.message)}"] if client.has_extn("size") else []
    if letter.needs_utf8:
        if not client.has_extn("smtputf8"):
            said = "an address needs SMTPUTF8, which the SMTP server does not offer"
            return Receipt(letter.recipient.delivery_id, Outcome.REFUSED, said)
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    _check_sender(*client.mail(letter.sender, options))
    code, answer = client.docmd("RCPT", f"TO:<{letter.recipient.address}>")
    if not _is_yes(code):
        return _declined(code, answer, letter.recipient)
    code, answer = client.docmd("DATA")
    return None if code == _GO_AHEAD else _declined(code, answer, letter.recipient)


def _check_sender(code: int, said: bytes) -> None:
    if _is_yes(code):
        return
    _check_usable(code, said)
    if code < 500:
        raise TransientError(f"the SMTP server refuses our sender for now: {code} {words_of(said)}", fix="try later")
    raise PermanentError(
        f"the SMTP server refuses our sender: {code} {words_of(said)}",
        fix="check NEWSLETTER_SENDER_ADDRESS and NEWSLETTER_BOUNCE_ADDRESS",
    )


def _declined(code: int, said: bytes, recipient: Recipient) -> Receipt:
    _check_usable(code, said)
    outcome = Outcome.DEFERRED if code < 500 else Outcome.REFUSED
    return Receipt(recipient.delivery_id, outcome, f"{code} {words_of(said, recipient)}")


def _check_usable(code: int, said: bytes) -> None:
    """Answers that are about the connection, and not about a reader."""
    if code in _LOGIN_WANTED:
        raise PermanentError(
            f"the SMTP server wants a login first ({code})",
            fix="set NEWSLETTER_SMTP_USERNAME and NEWSLETTER_SMTP_PASSWORD",
        )
    if code == _CLOSING or not 400 <= code < 600:
        raise GoneError(f"{code} {words_of(said)}")


def _last_word(client: smtplib.SMTP, recipient: Recipient, patience: float) -> Receipt:
    try:
        code, said = _wait(client, patience)
    except (OSError, smtplib.SMTPException) as error:
        return _unknown(recipient, words_of(str(error), recipient))
    if _is_yes(code):
        text = words_of(said, recipient)
        found = _QUEUE_ID.search(text)
        return Receipt(recipient.delivery_id, Outcome.ACCEPTED, f"{code} {text}", found["id"] if found else "")
    if 400 <= code < 600:
        outcome = Outcome.DEFERRED if code < 500 else Outcome.REFUSED
        return Receipt(recipient.delivery_id, outcome, f"{code} {words_of(said, recipient)}")
    return _unknown(recipient, "an answer that is none")


def _wait(client: smtplib.SMTP, patience: float) -> tuple[int, bytes]:
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    usual = client.sock.gettimeout()
    client.sock.settimeout(patience)
    reply = client.getreply()
    client.sock.settimeout(usual)
    return reply


def _unknown(recipient: Recipient, why: str) -> Receipt:
    return Receipt(recipient.delivery_id, Outcome.UNKNOWN, f"handed over, but no answer came: {why}")


def _is_yes(code: int) -> bool:
    return 200 <= code < 300
