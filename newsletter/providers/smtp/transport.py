"""The SMTP transport: one connection, kept as long as the server likes it."""

import smtplib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from typing import Self

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import TransientError, TransportError
from newsletter.message import RefusedValueError, plain_address, prebuild
from newsletter.providers.smtp.connection import Security, Server, connect, hang_up
from newsletter.providers.smtp.handover import GoneError, Letter, hand_over
from newsletter.providers.words import refused

#: how much longer than any other answer the one to the final dot may take: RFC 5321 asks for ten minutes there,
#: since giving up early leaves a reader of whom nobody knows whether they got it
_LAST_WORD = 10


@dataclass(slots=True)
class SmtpTransport:
    """A batch is one message, so that a killed process leaves at most one unsure."""

    host: str
    port: int
    _: KW_ONLY
    security: Security | str = Security.TLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    #: where bounces go; the sender when absent
    bounce_address: str | None = None
    #: seconds that the server may take for any one answer; ten times as many for the last one
    timeout: float = 30
    _server: Server = field(init=False, repr=False)
    _client: smtplib.SMTP | None = field(default=None, init=False, repr=False)

    name = "smtp"
    batch_size = 1

    def __post_init__(self) -> None:
        self._server = Server(
            host=self.host,
            port=self.port,
            security=Security(self.security),
            username=self.username or "",
            password=self.password or "",
            timeout=self.timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._drop(politely=True)

    def send(self, edition: Edition, recipients: Sequence[Recipient]) -> Iterator[Receipt]:
        """
        A message and a receipt for each recipient.

        :raises TransportError: the server cannot be reached, or takes nothing from us
        """
        prebuilt = prebuild(edition)
        sender = plain_address(self.bounce_address or edition.letterhead.sender.address)
        for recipient in recipients:
            try:
                letter = Letter(sender, recipient, prebuilt.fill(recipient))
            except RefusedValueError as error:
                yield refused(recipient, error)
            else:
                yield self._deliver(letter)

    def _deliver(self, letter: Letter) -> Receipt:
        if self._client:
            # A kept connection may have been closed or worn out meanwhile; only a new one has the last word.
            with suppress(GoneError, TransportError):
                return self._hand_over(self._client, letter)
        try:
            client = self._client = connect(self._server, letter.sender.rpartition("@")[2])
            return self._hand_over(client, letter)
        except GoneError as error:
            raise TransientError(f"{self._server} broke off: {error}", fix="try later") from error

    def _hand_over(self, client: smtplib.SMTP, letter: Letter) -> Receipt:
        try:
            receipt = hand_over(client, letter, patience=self.timeout * _LAST_WORD)
        except BaseException:
            # Also when we are interrupted: whatever came next on this line would be read as part of the message.
            self._drop()
            raise
        if receipt.outcome is Outcome.UNKNOWN:
            self._drop()
        elif receipt.outcome is not Outcome.ACCEPTED:
            self._reset(client)
        return receipt

    def _reset(self, client: smtplib.SMTP) -> None:
        """Forget the transaction that the server declined."""
        try:
            client.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self, *, politely: bool = False) -> None:
        client, self._client = self._client, None
        if client:
            hang_up(client, politely=politely)
