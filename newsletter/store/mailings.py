"""All that the store knows about mailings; and that a mailing is never sent by two at once."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from newsletter.errors import RefusedError
from newsletter.store.clerk import clerk_of
from newsletter.store.database import Database
from newsletter.store.life import Life
from newsletter.store.locks import ProcessLocks, file_lock
from newsletter.store.plans import Plans
from newsletter.store.queue import Queue
from newsletter.store.resolving import Resolving
from newsletter.store.retrying import Retrying
from newsletter.store.rows import ClaimedDelivery, DeliveryRecord
from newsletter.store.runs import Runs
from newsletter.store.tally import Tally

__all__ = ["ClaimedDelivery", "DeliveryRecord", "Mailings"]


class Mailings(Plans, Life, Queue, Runs, Resolving, Retrying, Tally):
    """Parted by noun in the modules of its parts."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        Queue.__init__(self, database)
        self._locks = ProcessLocks()

    @property
    def have_room_for_many(self) -> bool:
        """Several senders may be at work on one mailing."""
        return self._database.is_shared

    @contextmanager
    def lock(self, mailing_id: int, *, is_shared: bool = False) -> Iterator[None]:
        """
        Be the only sender of a mailing; or on a server, where `have_room_for_many`, one of those who share it.

        :raises RefusedError: while another one is at work, and one of the two wants to be alone
        """
        otherwise = RefusedError(f"another sender is at work on mailing {mailing_id}", fix="wait for it, or stop it")
        path = self._database.path
        if self._database.is_shared:
            with self._database.held(mailing_id, otherwise=otherwise, is_shared=is_shared):
                yield
        elif path is None:
            with self._locks.lock(mailing_id, otherwise=otherwise):
                yield
        else:
            with file_lock(path.with_name(f"{path.name}.{mailing_id}.lock"), otherwise=otherwise):
                yield

    def clerk(self) -> Executor:
        """Who writes in the ledger while letters leave."""
        return clerk_of(self._database)
