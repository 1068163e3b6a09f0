"""
Mails that came back, as events. Anybody can write one, so that it counts only with a token that we gave.

A bounce has it in the address that it came to, for every delivery has a sender of its own; whoever wants to leave has
it in the subject, from the link in the mail.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from newsletter.delivery import Recipient
from newsletter.errors import TokenError
from newsletter.event import Event, EventKind
from newsletter.ingest.understanding import MailKind, Understood, understand
from newsletter.providers.words import words_of
from newsletter.store import Store
from newsletter.store.events import Owner
from newsletter.tokens import Purpose, delivery_of, is_bounce_token, read_token

#: what a mail says of when it was written is believed for so long
_OLDEST = timedelta(days=60)


class Verdict(StrEnum):
    """What became of a mail; in the order in which they are shown."""

    BOUNCED = "bounced"
    BLOCKED = "blocked"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    AUTO_REPLY = "auto-reply"
    #: a report from which nothing follows
    NO_MATTER = "no-matter"
    #: read before
    KNOWN = "known"
    #: a report, or a wish to leave, of which nothing shows that it is about mail of ours
    WITHOUT_TOKEN = "without-token"  # noqa: S105 - a word
    NOT_UNDERSTOOD = "not-understood"


_VERDICTS = {
    EventKind.BOUNCED: Verdict.BOUNCED,
    EventKind.BLOCKED: Verdict.BLOCKED,
    EventKind.DEFERRED: Verdict.DELAYED,
    EventKind.DELIVERED: Verdict.DELIVERED,
    EventKind.COMPLAINED: Verdict.COMPLAINED,
    EventKind.UNSUBSCRIBED: Verdict.UNSUBSCRIBED,
}
Counted = Counter[Verdict]


def judge(store: Store, raw: bytes, *, keys: Sequence[bytes], now: datetime) -> tuple[Verdict, Event | None]:
    """What a mail comes to, and the event to keep when there is one. It changes nothing."""
    key = f"mail:{hashlib.sha256(raw).hexdigest()}"
    if store.events.knows(key):
        return Verdict.KNOWN, None
    found = understand(raw)
    if found.kind is MailKind.NOT_UNDERSTOOD:
        return Verdict.NOT_UNDERSTOOD, None
    if found.kind is MailKind.AUTO_REPLY:
        return Verdict.AUTO_REPLY, None
    if found.told.kind is None:
        return Verdict.NO_MATTER, None
    owner = _owner(store, found, keys)
    if owner is None:
        return Verdict.WITHOUT_TOKEN, None
    return _VERDICTS[found.told.kind], _event(key, found, owner, now)


def _owner(store: Store, found: Understood, keys: Sequence[bytes]) -> Owner | None:
    ours = _leaver if found.kind is MailKind.LEAVING else _addressee
    owners = (ours(store, token, keys) for token in found.tokens)
    return next((owner for owner in owners if owner), None)


def _addressee(store: Store, token: str, keys: Sequence[bytes]) -> Owner | None:
    """Of the delivery that a bounce token names, if we made it."""
    number = delivery_of(token)
    owner = store.events.addressee(number) if number else None
    if owner is None or owner.mailing_id is None or owner.delivery_id is None:
        return None
    ours = is_bounce_token(keys, token, mailing_id=owner.mailing_id, delivery_id=owner.delivery_id)
    return owner if ours else None


def _leaver(store: Store, token: str, keys: Sequence[bytes]) -> Owner | None:
    """Whom a link for leaving names, if we made it."""
    try:
        link = read_token(keys, Purpose.UNSUBSCRIBE, token)
    except TokenError:
        return None
    return store.events.subscriber_of(link.subscription, link.mailing_id)


def _event(key: str, found: Understood, owner: Owner, now: datetime) -> Event | None:
    told = found.told
    if told.kind is None:
        return None
    reader = Recipient(delivery_id=owner.delivery_id or 0, address=owner.address, name="", message_id="")
    return Event(
        key=key,
        kind=told.kind,
        bounce=told.bounce,
        happened_at=_written_at(found.date, now),
        received_at=now,
        delivery_id=owner.delivery_id,
        mailing_id=owner.mailing_id,
        subscriber_id=owner.subscriber_id,
        subscription_id=owner.subscription_id,
        code=told.code,
        detail=words_of(told.words, *([reader] if "@" in reader.address else [])),
    )


def _written_at(date: str, now: datetime) -> datetime:
    """By the mail's own word, if that may be."""
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return now
    return at if at.tzinfo and now - _OLDEST <= at <= now else now
