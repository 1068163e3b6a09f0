"""A transport that behaves: it keeps what it accepted, refuses whom it was told to, and can go dead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import PermanentError, TransientError


@dataclass
class FakeTransport:
    """
    Accepts everything but what it was told otherwise.

    `dies_after` accepted messages the process is as good as killed: what was accepted stays without a receipt.
    """

    name: str = "fake"
    batch_size: int = 2
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

    def send(self, edition: Edition, recipients: Sequence[Recipient]) -> Iterator[Receipt]:
        if self.failures:
            raise self.failures.pop(0)
        for recipient in recipients:
            yield self._one(edition, recipient)

    def _one(self, edition: Edition, recipient: Recipient) -> Receipt:
        address = recipient.address
        if address in self.refuses:
            return Receipt(recipient.delivery_id, Outcome.REFUSED, "550 5.1.1 no such mailbox")
        if address in self.defers:
            return Receipt(recipient.delivery_id, Outcome.DEFERRED, "450 4.2.1 later")
        self.inboxes.setdefault(address, []).append(edition.hash)
        if self.dies_after is not None and sum(map(len, self.inboxes.values())) >= self.dies_after:
            raise KeyboardInterrupt
        if address in self.silent_about:
            return Receipt(recipient.delivery_id, Outcome.UNKNOWN, "no answer in time")
        return Receipt(recipient.delivery_id, Outcome.ACCEPTED, "250 2.0.0 ok")
