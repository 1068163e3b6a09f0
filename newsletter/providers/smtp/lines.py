"""All connections to one server: as many as are worth it, as many as it allows."""

import selectors
import smtplib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.errors import TransportError
from newsletter.providers.smtp.connection import Server
from newsletter.providers.smtp.dial import Dial
from newsletter.providers.smtp.line import Line

#: letters that one more connection must be good for
_WORTH_ONE = 8
#: seconds for which no further one is tried after the server refused it
_ENOUGH_FOR = 60.0
#: seconds that servers get to answer our goodbye
_GOODBYE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long one connection is used, and how many there are."""

    connections: int
    messages: int
    seconds: float


class Lines:
    def __init__(self, server: Server, bounds: Bounds) -> None:
        self.at_risk: Callable[[Sequence[int]], None] = lambda _: None
        self._server = server
        self._bounds = bounds
        self._selector = selectors.DefaultSelector()
        self._lines: list[Line] = []
        self._dial: Dial | None = None
        self._enough_until = 0.0

    def __iter__(self) -> Iterator[Line]:
        return iter(tuple(self._lines))

    @property
    def are_busy(self) -> bool:
        return any(line.conversation.is_busy for line in self._lines)

    @property
    def are_open(self) -> bool:
        return any(line.conversation.is_open for line in self._lines)

    def ready(self, wait: float) -> list[tuple[Line, int]]:
        """Those where something can be read or written; at the latest after so many seconds."""
        if not self._lines:
            return []
        return [(key.data, events) for key, events in self._selector.select(wait)]

    def watch(self, line: Line) -> None:
        """What it waits for may have changed."""
        if self._selector.get_key(line).events != line.interest:
            self._selector.modify(line, line.interest, line)

    def drop(self, line: Line) -> None:
        self._selector.unregister(line)
        self._lines.remove(line)
        line.close()

    def drop_busy(self) -> None:
        """Whatever came next on these would be read as part of a message."""
        for line in self:
            if line.conversation.is_busy:
                self.drop(line)

    def could_use_another(self, given: int) -> bool:
        """Whether one more is worth dialling, when so many letters went out and there are more."""
        open_lines = sum(line.conversation.is_open for line in self._lines)
        if self._dial or open_lines >= self._bounds.connections:
            return False
        return not open_lines or (given >= open_lines * _WORTH_ONE and time.monotonic() >= self._enough_until)

    def dial(self, our_domain: str) -> None:
        self._dial = Dial(self._server, our_domain)

    def answered(self, wait: float) -> Line | None:
        """
        A new line, when one has been found within so many seconds.

        :raises TransportError: there is none at all
        """
        if not self._dial:
            return None
        try:
            client = self._dial.result(wait)
        except TransportError:
            self._dial = None
            if not self.are_open:
                raise
            self._enough_until = time.monotonic() + _ENOUGH_FOR
            return None
        if client is None:
            return None
        self._dial = None
        return self._add(client)

    def retire(self, now: float) -> None:
        """Leave those that are old or worn out, as soon as nothing is under way on them."""
        for line in self._lines:
            if now - line.opened_at > self._bounds.seconds:
                line.conversation.wear_out()
            if not line.conversation.is_open:
                line.conversation.say_goodbye()

    def close(self) -> None:
        """Politely where nothing is under way."""
        if self._dial:
            self._dial.abandon()
        self.drop_busy()
        for line in self:
            line.conversation.say_goodbye()
            line.write()
        until = time.monotonic() + _GOODBYE
        while self._lines and (left := until - time.monotonic()) > 0:
            for line, _ in self.ready(left):
                line.read()
                line.write()
                if line.conversation.over:
                    self.drop(line)
        for line in self:
            self.drop(line)
        self._selector.close()

    def _add(self, client: smtplib.SMTP) -> Line:
        line = Line(client, self._announce, most=self._bounds.messages, timeout=self._server.timeout)
        self._selector.register(line, line.interest, line)
        self._lines.append(line)
        return line

    def _announce(self, delivery_ids: Sequence[int]) -> None:
        self.at_risk(delivery_ids)
