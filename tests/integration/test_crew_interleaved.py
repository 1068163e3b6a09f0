"""What several senders on one PostgreSQL do at the same instant; each scene holds one of them where it hurts."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from newsletter.delivery import DeliveryState, Mailing
from newsletter.roster.one import unsubscribe
from newsletter.store import Store, open_store
from tests import postgres
from tests.builders import NOW, a_compiled_issue
from tests.integration.test_mailing import VOCABULARY
from tests.planning import plan_for_everyone
from tests.stores import CONSENT, NEWSLETTER, an_entry


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # Where senders leave their recorders.
    monkeypatch.chdir(tmp_path)
    postgres.copy_for(tmp_path)
    yield postgres.address_of(tmp_path)
    postgres.drop_for(tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def under_way(store: Store, readers: int = 6) -> Mailing:
    entries = [an_entry(number, consent=CONSENT) for number in range(readers)]
    store.readers.take_in(NEWSLETTER, entries, update=False, actor="mei", now=NOW)
    mailing = plan_for_everyone(store, a_compiled_issue(), VOCABULARY, actor="mei")
    return store.mailings.begin(mailing.id, transport="fake", actor="mei", now=NOW)


def state_of(store: Store, delivery_id: int) -> str:
    with store._database.reading() as connection:
        told = "SELECT state FROM deliveries WHERE id = %s"
        return str(connection.exec_driver_sql(told, (delivery_id,)).scalar_one())


@contextmanager
def held_delivery(url: str, number: int) -> Iterator[None]:
    """Whoever changes that row waits until the end."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1 FROM deliveries WHERE id = %s FOR UPDATE", (number,))
        yield
        connection.rollback()


def somebody_waits(url: str, how: str) -> bool:
    with psycopg.connect(url) as connection:
        told = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s"
        found = connection.execute(told, (how,)).fetchone()
    return bool(found and found[0])


def wait_for(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def test_what_is_given_back_during_a_claim_is_not_taken_unseen(store: Store, url: str) -> None:
    """Of two readers who leave, one is held by another sender, who gives them back in the middle of a claim."""
    mailing, mailings = under_way(store), store.mailings
    one, other = (mailings.open_run(mailing.id, NOW) for _ in range(2))
    held = [found.delivery_id for found in mailings.claim(mailing.id, run_id=one, limit=6, now=NOW)]
    first, given_back, *rest = held
    mailings.release([first, *rest], run_id=one)
    for email in ("reader0@example.com", "reader1@example.com"):
        unsubscribe(store, email, newsletter=NEWSLETTER, actor="themselves", now=NOW)
    taken: list[int] = []

    def claim() -> None:
        taken.extend(found.delivery_id for found in mailings.claim(mailing.id, run_id=other, limit=6, now=NOW))

    claiming = threading.Thread(target=claim)
    giving = threading.Thread(target=mailings.release, args=([given_back],), kwargs={"run_id": one})
    with held_delivery(url, first):
        # It has seen who left, and cannot withdraw the first of them yet.
        claiming.start()
        assert wait_for(lambda: somebody_waits(url, "transactionid"))
        giving.start()
        giving.join(timeout=1)
    claiming.join()
    giving.join()
    assert taken == rest
    assert [found.delivery_id for found in mailings.claim(mailing.id, run_id=other, limit=6, now=NOW)] == []
    assert state_of(store, given_back) == DeliveryState.WITHDRAWN
