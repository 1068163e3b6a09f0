"""Read a mailbox of mails that came back: keep what counts, and say what became of the rest."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from newsletter.event import Event
from newsletter.ingest.mails import Verdict, judge
from newsletter.ingest.sources import Mail, mark_read
from newsletter.store import Store

#: written down together
_PAGE = 100


@dataclass(slots=True)
class Read:
    """What was in it."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    #: by which a person finds what was not understood
    not_understood: list[str] = field(default_factory=list)


def read_mails(
    store: Store, mails: Iterable[Mail], *, keys: Sequence[bytes], now: datetime, is_rehearsal: bool = False
) -> Read:
    """
    The events that they tell of are kept, and have yet to take effect.

    :param is_rehearsal: keep nothing, and leave every mail where it lies
    """
    read, source = Read(), iter(mails)
    while some := list(islice(source, _PAGE)):
        events = list(_judged(store, some, read, keys, now))
        if is_rehearsal:
            continue
        store.events.add(events)
        for mail in some:
            mark_read(mail)
    return read


def _judged(store: Store, mails: Sequence[Mail], read: Read, keys: Sequence[bytes], now: datetime) -> Iterator[Event]:
    for mail in mails:
        verdict, event = judge(store, mail.raw, keys=keys, now=now)
        read.verdicts[verdict] += 1
        if verdict is Verdict.NOT_UNDERSTOOD:
            read.not_understood.append(mail.name)
        if event:
            yield event
