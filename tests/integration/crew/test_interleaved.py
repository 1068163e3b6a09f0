"""What several senders on one PostgreSQL do at the same instant; each scene holds one of them where it hurts."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

from newsletter.delivery import DeliveryState, Mailing, Outcome, Receipt
from newsletter.dispatch.ledger import Ledger
from newsletter.errors import AwayError, NewsletterError, SettingsError, StoreError
from newsletter.mailing import sending
from newsletter.roster.one import unsubscribe
from newsletter.store import Store, advisory, open_store
from newsletter.worker import Engine
from tests import postgres
from tests.builders import NOW
from tests.fakes.transport import FakeTransport
from tests.integration.crew.hands import Hand, terms_with, under_way, wait_for
from tests.stores import NEWSLETTER


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


def test_a_settlement_of_which_nobody_heard_counts_its_bounces_once(store: Store) -> None:
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    claimed = [found.delivery_id for found in mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)]
    said = [Receipt(number, Outcome.REFUSED, "452 4.2.2 mailbox full") for number in claimed]
    settled = [mailings.settle(said, run_id=run, now=NOW, due_at=NOW) for _ in range(2)]
    assert settled == [2, 0]
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM bounces").scalar_one() == 2


def test_a_server_that_gave_up_its_lead_is_one_that_is_away(store: Store) -> None:
    """For a moment after another one took over, the old one still answers, and takes no writes."""
    numbers = []

    def write() -> None:
        with store._database.together() as connection:
            numbers.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.exec_driver_sql("UPDATE runs SET ended_at = NULL")

    for _ in range(2):
        with pytest.raises(AwayError):
            write()
    assert numbers[0] != numbers[1], "the next one may find the server that leads now"


def test_what_whoever_claims_has_read_is_the_last_word_whatever_the_server_was_told(store: Store, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"ALTER DATABASE {make_url(url).database} SET default_transaction_isolation = 'serializable'"
        )
    with open_store(url) as again, again._database.together() as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"


def test_two_who_pause_a_mailing_at_once_both_go_on_in_order(store: Store) -> None:
    """All senders see the same complaints, and so at the same time; who is second has letters in the air."""
    mailing, faults = under_way(store), []

    def pause() -> None:
        try:
            sending._pause(store, mailing.id, "too many complaints", terms_with(FakeTransport()))
        except NewsletterError as error:
            faults.append(error)

    pausing = threading.Thread(target=pause)
    with store._database.writing() as connection:
        pausing.start()
        assert wait_for(lambda: somebody_waits(str(store._database.address), "advisory"))
        connection.exec_driver_sql("UPDATE mailings SET status = 'paused', pause_reason = 'first'")
    pausing.join()
    assert faults == []
    assert store.mailings.find(mailing.id).pause_reason == "first"


def test_a_worker_tends_once_at_a_time_though_its_engine_is_started_anew(store: Store, url: str) -> None:
    at_once, most, begun = 0, 0, 0
    counting = threading.Lock()

    def tend() -> dict[int, int]:
        nonlocal at_once, most, begun
        with counting:
            at_once, begun = at_once + 1, begun + 1
            most = max(most, at_once)
        if begun == 1:
            break_off()
            time.sleep(4)
        with counting:
            at_once -= 1
        return {}

    def break_off() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            theirs = "datname = current_database() AND application_name <> 'newsletter' AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {theirs}")  # noqa: S608

    until = time.monotonic() + 20
    Engine(
        store=store,
        send=lambda _: None,
        tend=tend,
        should_stop=lambda: begun > 2 or time.monotonic() > until,
        log=lambda *_, **__: None,
    ).run()
    assert (begun > 2, most) == (True, 1)


def test_a_worker_leaves_though_its_database_is_away() -> None:
    with postgres.a_server() as server, open_store(server.get_uri()) as store:
        hand = Hand(store, "hand")
        hand.crew.tend()
        server.stop()
        hand.crew.leave()
        server.start()


def test_who_cannot_lead_as_we_do_does_not_keep_others_from_it(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisory, "_LEADERS_SILENCE", "a server that does not know it: ")
    with pytest.raises(StoreError), store.leading():
        pass
    monkeypatch.undo()
    with open_store(url) as other, other.leading() as insist:
        insist()


def test_an_engine_that_finds_no_room_for_its_connections_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the store may still be there."""
    # It would wait for half a minute each time.
    monkeypatch.setattr(AsyncConnectionPool.open, "__defaults__", (False, 0.5))
    with socket.socket() as deaf:
        # It is bound, and nobody listens.
        deaf.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://nobody@127.0.0.1:{deaf.getsockname()[1]}/nothing"
        said: list[str] = []
        Engine(
            store=cast("Store", SimpleNamespace(workers=SimpleNamespace(room_for_engine=lambda *_: nowhere))),
            send=lambda _: None,
            tend=dict,
            should_stop=lambda: len(said) > 1,
            log=lambda event, /, **_: said.append(event),
        ).run()
    assert said == ["engine-lost", "engine-lost"]


def test_without_the_engine_a_worker_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("procrastinate", "procrastinate.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    idle = Engine(store=store, send=lambda _: None, tend=dict, should_stop=lambda: False, log=lambda *_, **__: None)
    with pytest.raises(SettingsError, match="needs procrastinate"):
        idle.run(once=True)


def test_a_worker_that_lacks_what_one_mailing_needs_works_on_at_the_others(store: Store) -> None:
    mailing, hand = under_way(store), Hand(store, "hand")
    run = store.mailings.open_run(mailing.id, NOW)
    store.mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)
    store.mailings.flight(mailing.id, run, size=8).let_go()

    def no_key(_: Mailing) -> sending.Terms:
        raise SettingsError("SENDGRID_API_KEY is empty")

    hand.crew.terms_for = no_key
    assert hand.crew.tend() == {}
    assert store.mailings.find(mailing.id).pause_reason == "SENDGRID_API_KEY is empty"
    hand.crew.leave()


def test_what_one_run_hands_over_twice_keeps_its_word_until_the_second_answer_is_written_down(store: Store) -> None:
    """It was put off, and claimed once more before the sender had looked whether that was noted."""
    mailing, mailings = under_way(store, readers=1), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    recorder, clerk = mailings.flight(mailing.id, run, size=8), mailings.clerk()
    is_away = False

    def outlast(work: Callable[[], Any]) -> Any:
        if is_away:
            raise AwayError("it is away")
        return work()

    ledger = Ledger(mailings, clerk, recorder, run_id=run, outlast=outlast)

    def claimed() -> int:
        ledger.claim_ahead(mailing.id, limit=1, now=NOW)
        return ledger.claimed()[0][0].delivery_id

    def hand_over(number: int, outcome: Outcome) -> None:
        recorder.at_risk([number])
        recorder.answered(number, outcome)
        ledger.settle([Receipt(number, outcome, "said")], {number: 1}, now=NOW, chance=lambda: 0.0)

    hand_over(claimed(), Outcome.DEFERRED)
    assert wait_for(lambda: mailings.counts(mailing.id)[DeliveryState.DEFERRED] == 1)
    assert mailings.replan_due(mailing.id, NOW + timedelta(days=1)) == 1
    again = claimed()
    is_away = True
    # Its server has taken it, the database is away, and the sender is killed.
    hand_over(again, Outcome.ACCEPTED)
    clerk.shutdown()
    recorder.let_go()
    assert mailings.recover(mailing.id, NOW) == {DeliveryState.ACCEPTED: 1}
