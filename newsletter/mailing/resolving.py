"""Settle deliveries of which nobody knows whether they arrived: by a provider's or a person's word, by no guess."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery import ENDED, DeliveryState, Mailing
from newsletter.errors import RefusedError
from newsletter.ingest import apply_waiting
from newsletter.mailing.recovering import recover_from_the_dead
from newsletter.store import Store
from newsletter.tokens import message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """A reader who may have the mail or not."""

    email: str
    delivery_id: int
    since: datetime
    #: the same for every try: what to look for in the provider's log, or in the reader's mailbox
    message_id: str


def unsure_of(store: Store, mailing: Mailing, key: bytes) -> list[Unsure]:
    domain = store.mailings.compiled(mailing.id).letterhead.sender.address.rpartition("@")[2]
    return [
        Unsure(
            email=found.email,
            delivery_id=found.delivery_id,
            since=found.since,
            message_id=message_id(key, mailing_id=mailing.id, delivery_id=found.delivery_id, domain=domain),
        )
        for found in store.mailings.unknown(mailing.id)
    ]


def those_named(unsure: Sequence[Unsure], emails: Sequence[str]) -> list[Unsure]:
    """
    :raises RefusedError: a reader is named who is not unsure
    """
    by_email = {found.email.lower(): found for found in unsure}
    strange = [email for email in emails if email.strip().lower() not in by_email]
    if strange:
        raise RefusedError(
            f"{strange[0]} has no unknown delivery in this mailing", fix="see newsletter mailings resolve MAILING"
        )
    return [by_email[email.strip().lower()] for email in dict.fromkeys(emails)]


def settle_by_what_was_told(
    store: Store, mailing: Mailing, *, now: Callable[[], datetime], tell: Callable[[str], None]
) -> int:
    """
    What is stored of events takes effect, and settles what it speaks of; how many were unknown until then. So does what
    a run of this machine knew that others had given up.

    :param tell: a line about each event that cannot
    """
    before = store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN]
    if mailing.status in ENDED:
        recover_from_the_dead(store, mailing.id, now=now())
    apply_waiting(store, now, tell=tell)
    store.events.settle_told(mailing.id, now=now())
    return before - store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN]


def settle_as_sent(store: Store, mailing: Mailing, chosen: Sequence[Unsure], *, actor: str, now: datetime) -> int:
    """Somebody knows that these have it; how many were still unknown."""
    word = (DeliveryState.ACCEPTED, f"unknown until {actor} said that it arrived")
    found = {one.delivery_id: word for one in chosen}
    return store.mailings.settle_unknown(mailing.id, found, actor=actor, now=now)


def send_again(store: Store, mailing: Mailing, chosen: Sequence[Unsure], *, actor: str, now: datetime) -> int:
    """Plan these again, though some of them may have it already; how many were still unknown."""
    numbers = [one.delivery_id for one in chosen]
    return store.mailings.resend_unknown(mailing.id, numbers, actor=actor, now=now)
