"""Events that SendGrid reports: those of our own deliveries, as they are kept."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from newsletter.bounce import code_of
from newsletter.event import Event, EventKind
from newsletter.providers.sendgrid.events import Event as Reported
from newsletter.providers.sendgrid.meaning import bounce_told, kind_told
from newsletter.store import Store
from newsletter.store.events import Owner
from newsletter.tokens import is_message_id

_ID = re.compile(r"[A-Za-z0-9_.=+/-]{1,200}")
#: no clock goes that wrong
_AHEAD = timedelta(minutes=5)
#: what only a reader who agreed to being watched may be kept of. Nobody is asked for that, so none of it is kept.
_WATCHING = frozenset({EventKind.OPENED, EventKind.CLICKED})


class Taken(NamedTuple):
    """Of what was reported, how many were kept; and how many not, for they are not ours, or of no use."""

    kept: int
    #: they were told before
    known: int
    passed_over: int


def take_in(store: Store, reported: Sequence[Reported], *, keys: Sequence[bytes], now: datetime) -> Taken:
    """
    Keep those of our own deliveries, each once; they take effect later.

    An event counts only when its message is ours of that very delivery: another database numbers its own from 1, too.
    """
    owners = store.events.owners(event.delivery_id for event in reported)
    events = list(_ours(reported, owners, keys, now))
    kept = store.events.add(events)
    return Taken(kept, len(events) - kept, len(reported) - len(events))


def _ours(
    reported: Iterable[Reported], owners: Mapping[int, Owner], keys: Sequence[bytes], now: datetime
) -> Iterable[Event]:
    for event in reported:
        owner, kind = owners.get(event.delivery_id), kind_told(event)
        if owner is None or owner.mailing_id is None or kind is None or kind in _WATCHING:
            continue
        if is_message_id(keys, event.message, mailing_id=owner.mailing_id, delivery_id=event.delivery_id):
            yield _kept(event, kind, owner, now)


def _kept(event: Reported, kind: EventKind, owner: Owner, now: datetime) -> Event:
    code = code_of(event.detail)
    return Event(
        key=_key(event),
        kind=kind,
        bounce=bounce_told(event),
        happened_at=event.at if event.at and event.at <= now + _AHEAD else now,
        received_at=now,
        delivery_id=owner.delivery_id,
        mailing_id=owner.mailing_id,
        subscriber_id=owner.subscriber_id,
        subscription_id=owner.subscription_id,
        code=".".join(map(str, code)) if code else "",
        detail=event.detail,
        is_machine=event.is_machine,
    )


def _key(event: Reported) -> str:
    """SendGrid's own number of it; where it gives none, what it says."""
    if _ID.fullmatch(event.sg_event_id):
        return f"sg:{event.sg_event_id}"
    told = repr((event.delivery_id, event.kind, event.at, event.sg_event_id, event.detail))
    return f"sg:{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()}"
