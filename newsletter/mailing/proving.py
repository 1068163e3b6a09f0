"""Settle deliveries of which nobody is sure by what the provider itself reports of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from newsletter.delivery import DeliveryState, Mailing
from newsletter.providers.sendgrid.events import Event, proof_of
from newsletter.store import Store
from newsletter.tokens import is_message_id

Proofs = dict[int, tuple[DeliveryState, str]]


def settle_by_events(
    store: Store, mailing: Mailing, events: Iterable[Event], *, keys: Sequence[bytes], actor: str, now: datetime
) -> int:
    """
    How many deliveries were unknown until an event proved what became of them.

    An event counts only when its message is ours of that very delivery: another database numbers its own from 1, too.

    :param keys: all of ours, for the mailing may have left before the newest was made
    """
    proofs = _proofs(mailing.id, events, keys)
    return store.mailings.settle_unknown(mailing.id, proofs, actor=actor, now=now) if proofs else 0


def _proofs(mailing_id: int, events: Iterable[Event], keys: Sequence[bytes]) -> Proofs:
    found: Proofs = {}
    for event in events:
        state = proof_of(event.kind)
        if state is None or not _is_ours(event, mailing_id, keys):
            continue
        # Taken stays taken: of two mails with one Message-ID, the one that was dropped says nothing of the other.
        if event.delivery_id not in found or state is DeliveryState.ACCEPTED:
            words = f": {event.detail}" if event.detail else ""
            found[event.delivery_id] = state, f"unknown until SendGrid reported {event.kind}{words}"
    return found


def _is_ours(event: Event, mailing_id: int, keys: Sequence[bytes]) -> bool:
    return is_message_id(keys, event.message, mailing_id=mailing_id, delivery_id=event.delivery_id)
