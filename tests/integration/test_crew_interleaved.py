"""What several senders on one PostgreSQL do at the same instant; each scene holds one of them where it hurts."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Outcome, Receipt, Recipient
from newsletter.dispatch import ledger
from newsletter.edition import Edition
from newsletter.errors import AwayError, NewsletterError, SettingsError, StoreError, TransientError
from newsletter.mailing import sending
from newsletter.roster.one import unsubscribe
from newsletter.store import Store, advisory, open_store
from newsletter.store.flight import Flight
from newsletter.store.paces import Paces
from newsletter.worker import Engine
from tests import postgres
from tests.builders import NOW, a_compiled_issue
from tests.fakes.transport import FakeTransport
from tests.integration.test_crew import Hand
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


def terms_with(transport: FakeTransport) -> sending.Terms:
    return sending.Terms(transport=transport, keys=[b"k" * 32], base_url="", actor="test", now=lambda: NOW)


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


def test_a_settlement_of_which_nobody_heard_counts_its_bounces_once(store: Store) -> None:
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    claimed = [found.delivery_id for found in mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)]
    said = [Receipt(number, Outcome.REFUSED, "452 4.2.2 mailbox full") for number in claimed]
    settled = [mailings.settle(said, run_id=run, now=NOW, due_at=NOW) for _ in range(2)]
    assert settled == [2, 0]
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM bounces").scalar_one() == 2


@pytest.mark.parametrize(("writing", "limit"), [("writing", "_NOBODY_SLEEPS"), ("together", "_NOBODY_DOZES")])
def test_whoever_slept_in_the_middle_of_a_transaction_may_try_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, writing: str, limit: str
) -> None:
    monkeypatch.setattr(advisory, limit, "set_config('idle_in_transaction_session_timeout', '200ms', true)")

    def sleep() -> None:
        with getattr(store._database, writing)() as connection:
            time.sleep(0.6)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(AwayError):
        sleep()


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


@pytest.mark.parametrize("recorder", ["/etc/passwd/newsletter.db.1.1.flight", ""])
def test_a_silent_run_ends_though_its_recorder_lies_where_nobody_gets_at_it(store: Store, recorder: str) -> None:
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET recorder = %s", (recorder,))
    moved = mailings.recover(mailing.id, NOW, silent=[run])
    assert moved == {DeliveryState.UNKNOWN: 2}
    assert mailings.open_runs() == []


@pytest.fixture
def given_up(store: Store) -> tuple[Mailing, Flight]:
    """Its run is alive, but nobody has heard of it: of six, one left unanswered, one was taken, one put off."""
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    flight = mailings.flight(mailing.id, run, size=8)
    assert isinstance(flight, Flight)
    numbers = [found.delivery_id for found in mailings.claim(mailing.id, run_id=run, limit=6, now=NOW)]
    own = Receipt(numbers[4], Outcome.UNKNOWN, "the line was cut")
    mailings.settle([own], run_id=run, now=NOW, due_at=NOW)
    flight.at_risk(numbers[:4])
    flight.answered(numbers[1], Outcome.ACCEPTED)
    flight.answered(numbers[2], Outcome.DEFERRED)
    flight.answered(numbers[3], Outcome.REFUSED)
    assert mailings.recover(mailing.id, NOW, silent=[run]) == {DeliveryState.UNKNOWN: 5}
    mailings.finish(mailing.id, now=NOW)
    return mailing, flight


def test_what_a_given_up_run_knew_is_not_lost_when_it_dies_later(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    """Until then its recorder is its own. What it had called unknown itself stays so."""
    mailing, flight = given_up
    assert store.mailings.dead_runs(mailing.id) == frozenset()
    flight.let_go()
    assert store.mailings.recorded() == {mailing.id}
    assert store.mailings.dead_runs(mailing.id)
    one_each = (DeliveryState.PLANNED, DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.REFUSED)
    assert store.mailings.recover(mailing.id, NOW) == dict.fromkeys(one_each, 1)
    assert store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN] == 2
    assert store.mailings.find(mailing.id).status is MailingStatus.SENDING
    assert (store.mailings.recorded(), store.mailings.dead_runs(mailing.id)) == (set(), frozenset())


def test_what_it_never_handed_over_is_not_sent_a_day_later_by_itself(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    mailing, flight = given_up
    flight.let_go()
    facts = dict.fromkeys((DeliveryState.ACCEPTED, DeliveryState.REFUSED), 1)
    assert store.mailings.recover(mailing.id, NOW + timedelta(days=1)) == facts
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT


def test_an_answer_from_before_says_nothing_of_a_batch_that_others_tried_to_take_back(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    mailing, flight = given_up
    with store._database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO batches (id, mailing_id, run_id, send_at, state)"
            " SELECT 'one', mailing_id, id, beat_at, 'unsure' FROM runs"
        )
        connection.exec_driver_sql("UPDATE deliveries SET batch_id = 'one'")
    flight.let_go()
    assert store.mailings.recover(mailing.id, NOW) == {}
    assert store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN] == 6


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


class Sleepy(FakeTransport):
    """Others give up its run while it has a letter in the air."""

    nightmare: Callable[[], object]

    def asleep(self, store: Store, mailing: Mailing) -> None:
        self.nightmare = lambda: store.mailings.recover(
            mailing.id, NOW, silent=[run.id for run in store.mailings.open_runs()]
        )

    def _one(self, edition: Edition, recipient: Recipient, at_risk: Callable[[Sequence[int]], None]) -> Receipt:
        found = super()._one(edition, recipient, at_risk)
        if len(self.inboxes) == 2:
            self.nightmare()
        return found


def test_whoever_sends_by_hand_goes_on_after_others_gave_up_their_run(store: Store) -> None:
    mailing, transport = under_way(store), Sleepy()
    transport.asleep(store, mailing)
    list(sending.send_mailing(store, mailing, terms_with(transport)))
    assert store.mailings.counts(mailing.id)[DeliveryState.ACCEPTED] == 6
    assert {len(copies) for copies in transport.inboxes.values()} == {1}
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT


def test_what_was_handed_over_is_written_down_however_long_that_takes_though_the_mailing_was_paused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more leaves, but nobody has told the sender itself to be quick."""
    monkeypatch.setattr(sending, "LOOK", 0.0)
    mailing, transport, settle, tries = under_way(store), Sleepy(), store.mailings.settle, 0
    transport.nightmare = lambda: store.mailings.pause(mailing.id, "typo", actor="mei", now=NOW)

    def settle_in_the_end(*receipts: Any, **terms: Any) -> int:
        nonlocal tries
        tries += 1
        if tries <= 30:
            raise AwayError("it is away")
        return settle(*receipts, **terms)

    monkeypatch.setattr(store.mailings, "settle", settle_in_the_end)
    list(sending.send_mailing(store, mailing, replace(terms_with(transport), sleep=lambda _: None)))
    counts = store.mailings.counts(mailing.id)
    assert (counts[DeliveryState.ACCEPTED], counts[DeliveryState.PLANNED]) == (2, 4)


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


def test_a_recorder_of_an_earlier_life_of_the_database_speaks_of_no_run_of_this_one(tmp_path: Path, url: str) -> None:
    """It was brought back from a copy and counts runs anew; machines of a crew are alike, down to their folders."""
    for life in ("earlier", "this"):
        postgres.copy_for(tmp_path)
        with open_store(url) as store:
            mailing, mailings = under_way(store), store.mailings
            run = mailings.open_run(mailing.id, NOW)
            mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)
            if life == "earlier":
                mailings.flight(mailing.id, run, size=8).let_go()
            else:
                # Its own recorder lies on another machine, under the same way there.
                assert mailings.dead_runs(mailing.id) == frozenset()


def test_whoever_rests_as_its_provider_asked_is_not_taken_for_dead(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BEAT", 0.0)
    mailing, transport, slept = under_way(store), FakeTransport(), 0.0
    transport.failures.append(TransientError("busy", retry_after=45))
    signs: set[datetime] = set()

    def sleep(seconds: float) -> None:
        nonlocal slept
        slept += seconds
        time.sleep(0.01)
        signs.update(run.beat_at for run in store.mailings.open_runs())

    terms = replace(terms_with(transport), sleep=sleep, now=lambda: NOW + timedelta(seconds=slept))
    list(sending.send_mailing(store, mailing, terms))
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT
    assert len(signs) > 10


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


def test_whoever_slept_in_the_middle_of_many_rows_does_not_hold_up_all_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the rows of one settlement the server is not idle in its eyes, and waits as long as its client lives."""
    monkeypatch.setattr(advisory, "_NOBODY_DOZES", "set_config('idle_in_transaction_session_timeout', '200ms', true)")
    monkeypatch.setattr(advisory, "_NOBODY_LINGERS", "set_config('transaction_timeout', '200ms', true)", raising=False)

    def sleep() -> None:
        with store._database.together() as connection:
            driver: Any = connection.connection.driver_connection
            with driver.pipeline():
                driver.execute("SELECT 1")
                driver.pgconn.flush()
                time.sleep(0.8)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises((AwayError, psycopg.OperationalError, psycopg.InternalError)):
        sleep()


@pytest.mark.parametrize("wrong_by", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_wrong_neither_holds_up_other_machines_nor_its_own(store: Store, wrong_by: timedelta) -> None:
    """They share a rate and a rest by the server's clock; each is told by its own when to come back."""

    def wrong_clock() -> datetime:
        return datetime.now(UTC) + wrong_by

    wrong, right = Paces(store._database, wrong_clock), Paces(store._database)
    second, given = timedelta(seconds=1), []
    for paces, now in ((wrong, wrong_clock), (right, lambda: datetime.now(UTC)), (wrong, wrong_clock)):
        count, again_at = paces.take("smtp", interval=10 * second, most=1, now=now())
        assert 8 * second <= again_at - now() <= 10 * second
        given.append(count)
    assert given == [1, 0, 0]

    wrong.rest("mailing 1", wrong_clock() + 60 * second)
    seen = [right.rests("mailing 1", datetime.now(UTC) + after * second) for after in (0, 50, 70)]
    assert seen == [wrong.rests("mailing 1", wrong_clock() + after * second) for after in (0, 50, 70)]
    assert seen == [True, True, False]
