"""A transport that behaves: it keeps what it accepted, refuses whom it was told to, and can go dead."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import PermanentError, TransientError
from newsletter.message import Letter


@dataclass
class FakeTransport:
    """
    Accepts everything but what it was told otherwise.

    `dies_after` accepted messages the process is as good as killed: what was accepted stays without a receipt.
    """

    name: str = "fake"
    window: int = 2
    refuses: frozenset[str] = frozenset()
    defers: frozenset[str] = frozenset()
    silent_about: frozenset[str] = frozenset()
    dies_after: int | None = None
    failures: list[TransientError | PermanentError] = field(default_factory=list)
    inboxes: dict[str, list[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def send(
        self, letters: Iterator[Letter | None], at_risk: Callable[[Sequence[int]], None]
    ) -> Iterator[Sequence[Receipt]]:
        if self.failures:
            raise self.failures.pop(0)
        for letter in letters:
            if letter is None:
                yield []
            else:
                yield [self._one(letter.edition, letter.recipient, at_risk)]

    def _one(self, edition: Edition, recipient: Recipient, at_risk: Callable[[Sequence[int]], None]) -> Receipt:
        address = recipient.address
        if address in self.refuses:
            return Receipt(recipient.delivery_id, Outcome.REFUSED, "550 5.1.1 no such mailbox")
        if address in self.defers:
            return Receipt(recipient.delivery_id, Outcome.DEFERRED, "450 4.2.1 later")
        at_risk([recipient.delivery_id])
        self.inboxes.setdefault(address, []).append(edition.hash)
        if self.dies_after is not None and sum(map(len, self.inboxes.values())) >= self.dies_after:
            raise KeyboardInterrupt
        if address in self.silent_about:
            return Receipt(recipient.delivery_id, Outcome.UNKNOWN, "no answer in time")
        return Receipt(recipient.delivery_id, Outcome.ACCEPTED, "250 2.0.0 ok")
