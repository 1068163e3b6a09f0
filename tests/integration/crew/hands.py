"""Workers of a crew, each with a transport of its own, and a mailing for them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter.delivery import Mailing, MailingStatus
from newsletter.logline import log_line
from newsletter.mailing.sending import Terms
from newsletter.store import Store
from newsletter.worker import Crew
from tests.builders import NOW, a_compiled_issue
from tests.fakes.transport import FakeTransport
from tests.integration.test_mailing import VOCABULARY
from tests.planning import plan_for_everyone
from tests.stores import CONSENT, NEWSLETTER, an_entry


@dataclass
class Hand:
    """One worker, by a transport of its own."""

    store: Store
    name: str
    transport: FakeTransport = field(default_factory=FakeTransport)
    now: datetime = NOW
    said: list[str] = field(default_factory=list)
    told: list[MailingStatus] = field(default_factory=list)
    crew: Crew = field(init=False)

    def note(self, event: str, /, **values: object) -> None:
        self.said.append(log_line(NOW, event, **values).partition(" ")[2])

    def __post_init__(self) -> None:
        self.crew = Crew(
            store=self.store,
            name=self.name,
            terms_for=lambda _: replace(terms_with(self.transport), now=lambda: self.now),
            log=self.note,
            now=lambda: self.now,
            should_stop=lambda: False,
            skip_link_check=True,
            tell=lambda mailing: self.told.append(mailing.status),
        )


def under_way(store: Store, readers: int = 6) -> Mailing:
    entries = [an_entry(number, consent=CONSENT) for number in range(readers)]
    store.readers.take_in(NEWSLETTER, entries, update=False, actor="mei", now=NOW)
    mailing = plan_for_everyone(store, a_compiled_issue(), VOCABULARY, actor="mei")
    return store.mailings.begin(mailing.id, transport="fake", actor="mei", now=NOW)


def terms_with(transport: FakeTransport) -> Terms:
    return Terms(transport=transport, keys=[b"k" * 32], base_url="", actor="test", now=lambda: NOW)


def wait_for(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return False
