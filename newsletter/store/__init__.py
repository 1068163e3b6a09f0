"""The store: readers, mailings and their deliveries in one database. All SQL of the program is in this package."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from newsletter.errors import RefusedError
from newsletter.store.answers import Answers
from newsletter.store.approvals import Approvals
from newsletter.store.archive import Archive
from newsletter.store.batches import Batches
from newsletter.store.consents import Consents
from newsletter.store.database import Database, connect
from newsletter.store.drafts import Drafts
from newsletter.store.events import Events
from newsletter.store.forgetting import Forgetting
from newsletter.store.holdings import Holdings
from newsletter.store.interests import Interests
from newsletter.store.limiting import Limiting
from newsletter.store.linked import Linked
from newsletter.store.mailings import Mailings
from newsletter.store.opening import open_schema
from newsletter.store.outcomes import Outcomes
from newsletter.store.paces import Paces
from newsletter.store.proofs import Proofs
from newsletter.store.readers import Readers
from newsletter.store.signups import SignUps
from newsletter.store.workers import Workers

WAIT_SECONDS = 15.0
#: a number that is no mailing's
_LEADER = -1


class Store:
    """An open store. `id` is random and its own: by it a health page proves which store it serves."""

    def __init__(self, database: Database, store_id: str) -> None:
        self._database = database
        self.id = store_id
        self.readers = Readers(database)
        self.linked = Linked(database)
        self.signups = SignUps(database)
        self.answers = Answers(database)
        self.limits = Limiting(database)
        self.interests = Interests(database)
        self.consents = Consents(database)
        self.events = Events(database)
        self.forgetting = Forgetting(database)
        self.holdings = Holdings(database)
        self.mailings = Mailings(database)
        self.drafts = Drafts(database)
        self.paces = Paces(database)
        self.batches = Batches(database)
        self.workers = Workers(database)
        self.approvals = Approvals(database)
        self.proofs = Proofs(database)
        self.archive = Archive(database)
        self.outcomes = Outcomes(database)

    def measured(self, make: Callable[[Database], Mailings], *, missed: Callable[[], None]) -> None:
        """
        Let somebody look on at all that is done about mailings.

        :param missed: called each time that the database was away, and something has to be asked again
        """
        self.mailings = make(self._database)
        self._database.missed = missed

    def leading(self) -> AbstractContextManager[Callable[[], None]]:
        """
        Be the one worker of all on a server who looks after what is common to them.

        Whoever does not ask every few seconds whether they still are, loses it.

        :return: raises AwayError when it is lost
        :raises RefusedError: another one is
        """
        return self._database.leading(_LEADER, otherwise=RefusedError("another worker leads"))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, *, wait_seconds: float = WAIT_SECONDS) -> Store:
    """
    Open the store at a database address (`sqlite:///newsletter.db`); create or upgrade it where needed.

    :param wait_seconds: how long a write waits for another program's write
    :raises StoreError: in one line that says what to do
    """
    database = connect(url, wait_seconds=wait_seconds)
    try:
        return Store(database, open_schema(database, wait_seconds=wait_seconds))
    except BaseException:
        database.close()
        raise
