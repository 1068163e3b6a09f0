"""The SMTP transport: a few connections, opened as letters come and kept as long as the server likes them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Self

from newsletter.delivery import Receipt
from newsletter.message import Letter
from newsletter.providers.smtp.connection import Security, Server
from newsletter.providers.smtp.exchange import Exchange
from newsletter.providers.smtp.lines import Bounds, Lines
from newsletter.providers.smtp.supply import Supply


@dataclass(slots=True)
class SmtpTransport:
    """At any moment there is at most one message per connection of which nobody knows whether it was taken."""

    host: str
    port: int
    _: KW_ONLY
    security: Security | str = Security.TLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    #: where bounces go, with a token after a plus where a recipient has one; the sender when absent
    bounce_address: str | None = None
    #: seconds that the server may take for any one answer; ten times as many for the last one
    timeout: float = 30
    #: at most; a small mailing uses one
    connections: int = 4
    #: messages and seconds after which a connection is left for a new one
    messages_each: int = 1_000
    seconds_each: float = 300
    #: makes the DKIM header of a message
    sign: Callable[[bytes], bytes] | None = field(default=None, repr=False)
    _server: Server = field(init=False, repr=False)
    _lines: Lines | None = field(default=None, init=False, repr=False)

    name = "smtp"
    #: claimed and settled together; how much can be in doubt does not depend on it
    window = 512

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
        lines, self._lines = self._lines, None
        if lines:
            lines.close()

    def send(
        self, letters: Iterator[Letter | None], at_risk: Callable[[Sequence[int]], None]
    ) -> Iterator[Sequence[Receipt]]:
        """
        A message and a receipt for each letter.

        :raises TransportError: the server cannot be reached, or takes nothing from us
        """
        if self._lines is None:
            bounds = Bounds(connections=self.connections, messages=self.messages_each, seconds=self.seconds_each)
            self._lines = Lines(self._server, bounds)
        self._lines.at_risk = at_risk
        supply = Supply(letters, self.bounce_address, self.sign)
        yield from Exchange(self._lines, supply, str(self._server)).run()
