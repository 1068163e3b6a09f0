"""One message as it travels: its envelope, and its bytes as they go over the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from newsletter.delivery import Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the server can do beyond the least (RFC 2920, 1870, 6531, 6152)."""

    pipelining: bool = False
    size: bool = False
    utf8: bool = False
    eight_bit: bool = False

    @classmethod
    def of(cls, features: Mapping[str, str]) -> Self:
        """:param features: as smtplib keeps them"""
        return cls(
            pipelining="pipelining" in features,
            size="size" in features,
            utf8="smtputf8" in features,
            eight_bit="8bitmime" in features,
        )


@dataclass(slots=True)
class Parcel:
    sender: str
    recipient: Recipient
    message: bytes
    #: a line of it may begin with a dot
    is_dotted: bool = True
    #: new connections that broke before it could be handed over
    tries: int = 0
    #: true for nearly all: bodies and names are encoded, so that only an address can need more
    is_plain: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_plain = self.recipient.address.isascii() and self.sender.isascii() and self.message.isascii()

    @property
    def delivery_id(self) -> int:
        return self.recipient.delivery_id

    def lacks(self, offers: Offers) -> str:
        """Why this server cannot carry it; empty when it can."""
        if not self.is_plain:
            if self._needs_utf8() and not offers.utf8:
                return "an address needs SMTPUTF8, which the SMTP server does not offer"
            if not (offers.utf8 or offers.eight_bit):
                return "the message needs 8BITMIME, which the SMTP server does not offer"
        return ""

    def commands(self, offers: Offers) -> tuple[bytes, bytes]:
        """MAIL and RCPT, with what is needed and offered."""
        size = f" SIZE={len(self.message)}" if offers.size else ""
        more = "" if self.is_plain else self._options(offers)
        mail = f"MAIL FROM:<{self.sender}>{size}{more}\r\n"
        return mail.encode(), f"RCPT TO:<{self.recipient.address}>\r\n".encode()

    def stuffed(self) -> bytes:
        """The message with lines that begin with a dot given another one, and with a line break at its end."""
        message = self.message if self.message.endswith(b"\r\n") else self.message + b"\r\n"
        if not self.is_dotted:
            return message
        message = message.replace(b"\r\n.", b"\r\n..")
        return b"." + message if message.startswith(b".") else message

    def _needs_utf8(self) -> bool:
        header, _, _ = self.message.partition(b"\r\n\r\n")
        return not ((self.sender + self.recipient.address).isascii() and header.isascii())

    def _options(self, offers: Offers) -> str:
        # Whoever offers SMTPUTF8 takes eight bits too (RFC 6531 section 3.1).
        eight_bit = "" if self.message.isascii() else " BODY=8BITMIME"
        return f" SMTPUTF8{eight_bit}" if self._needs_utf8() and offers.utf8 else eight_bit
