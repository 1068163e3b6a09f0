"""One open connection: its socket, which never blocks, and what is said over it."""

import selectors
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from newsletter.delivery import Receipt
from newsletter.providers.smtp.connection import hang_up
from newsletter.providers.smtp.conversation import Conversation
from newsletter.providers.smtp.parcel import Offers, Parcel

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_CHUNK = 65_536
#: how much longer than any other answer the one to the final dot may take: RFC 5321 section 4.5.3.2 asks for ten
#: minutes there, since giving up early leaves a reader of whom nobody knows whether they got it
_LAST_WORD = 10
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_TIMED_OUT = "timed out"


class Line:
    """Reads and writes as much as goes without waiting. `interest` is what to wait for."""

    def __init__(
        self, client: smtplib.SMTP, at_risk: Callable[[Sequence[int]], None], *, most: int, timeout: float
    ) -> None:
        if client.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        offers = Offers.of(client.esmtp_features if client.does_esmtp else {})
        self.conversation = Conversation(offers, at_risk, most=most)
        self.opened_at = time.monotonic()
        self.interest = READ
        self._client = client
        self._socket = client.sock
        self._timeout = timeout
        self._moved_at = self.opened_at
        self._socket.setblocking(False)
        with suppress(OSError):
            # Else a lone envelope waits until the message before it has been acknowledged.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> list[Receipt]:
        conversation = self.conversation
        try:
            received = self._socket.recv(_CHUNK)
            while received and isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                received += self._socket.recv(_CHUNK)
        except _NOT_NOW:
            return []
        except OSError as error:
            return conversation.lost(_said(error))
        if not received:
            return conversation.lost("the server hung up")
        receipts = conversation.heard(received)
        self._moved_at = time.monotonic()
        return receipts

    def write(self) -> list[Receipt]:
        conversation = self.conversation
        try:
            while leaving := conversation.output():
                count = self._socket.send(leaving)
                conversation.written(count)
                self._moved_at = time.monotonic()
        except ssl.SSLWantReadError:
            self.interest = READ
        except _NOT_NOW:
            self.interest = READ | WRITE
        except OSError as error:
            return self._last_words(error)
        else:
            self.interest = READ
        return []

    def expired(self, now: float) -> list[Receipt]:
        """Receipts, and the end, when the server has been silent for too long."""
        conversation = self.conversation
        patience = self._timeout * (_LAST_WORD if conversation.awaits_last_word else 1)
        if conversation.is_waiting and now - self._moved_at > patience:
            return conversation.lost(_TIMED_OUT)
        return []

    def take(self, parcel: Parcel) -> Receipt | None:
        if not self.conversation.is_waiting:
            # It has been idle; the server's time starts now.
            self._moved_at = time.monotonic()
        return self.conversation.take(parcel)

    def close(self) -> None:
        hang_up(self._client, politely=False)

    def _last_words(self, error: OSError) -> list[Receipt]:
        """Whoever hangs up on us may have said why before."""
        receipts = self.read()
        return receipts + self.conversation.lost(_said(error))


def _said(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
