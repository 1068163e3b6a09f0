"""Workers on one server: one leads, all send, one tells; and the commands that they run as."""

import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.delivery import DeliveryState, Mailing, MailingStatus
from newsletter.errors import AwayError, PermanentError, RefusedError, TransientError
from newsletter.store import Store, open_store
from newsletter.worker import Engine, crew
from tests import postgres
from tests.builders import NOW, a_compiled_issue
from tests.integration.at_work import environ
from tests.integration.crew.hands import Hand, under_way
from tests.integration.test_mailing import VOCABULARY
from tests.planning import plan_for_everyone
from tests.stores import CONSENT, NEWSLETTER, an_entry


def scheduled(store: Store, readers: int = 6, *, at: datetime = NOW) -> Mailing:
    entries = [an_entry(number, consent=CONSENT) for number in range(readers)]
    store.readers.take_in(NEWSLETTER, entries, update=False, actor="mei", now=NOW)
    mailing = plan_for_everyone(store, a_compiled_issue(), VOCABULARY, actor="mei")
    return store.mailings.schedule(mailing.id, at, transport="fake", actor="mei", now=NOW)


def states(store: Store, mailing: Mailing) -> dict[str, int]:
    return {str(state): count for state, count in store.mailings.counts(mailing.id).items() if count}


def test_one_leads_all_send_and_one_tells(store: Store, hands: list[Hand], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "BATCH", 2)
    mailing = scheduled(store)
    waiting = [hand.crew.tend() for hand in hands]
    assert waiting == [{mailing.id: 3}, {}, {}]
    for hand in hands:
        hand.crew.send(mailing.id)
    assert [len(hand.transport.inboxes) for hand in hands] == [2, 2, 2]
    everybody = Counter(address for hand in hands for address in hand.transport.inboxes)
    assert set(everybody.values()) == {1}
    for _ in range(2):
        for hand in hands:
            hand.crew.tend()
    assert states(store, mailing) == {"accepted": 6}
    assert [status for hand in hands for status in hand.told] == [MailingStatus.SENT]
    actions = [act.action for act in store.mailings.acts(mailing.id)]
    assert [actions.count(each) for each in ("begun", "finished", "told")] == [1, 1, 1]


def test_when_the_leader_is_gone_another_one_leads(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store)
    first, second, _ = hands
    assert first.crew.tend()
    assert not second.crew.tend()
    first.crew.leave()
    assert second.crew.tend() == {mailing.id: 1}


def test_a_leader_whose_server_was_started_anew_leads_again_or_another_does() -> None:
    with postgres.a_server() as server, open_store(server.get_uri()) as store:
        mailing = scheduled(store)
        hands = [Hand(store, f"hand {number}") for number in range(2)]
        assert hands[0].crew.tend()
        server.stop()
        server.start()
        found: dict[int, int] = {}
        for _ in range(3):
            for hand in hands:
                with suppress(AwayError):
                    found |= hand.crew.tend()
        assert found == {mailing.id: 1}


def test_a_batch_has_an_end_and_no_more_than_the_next_seconds_wait(
    store: Store, hands: list[Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "BATCH", 2)
    monkeypatch.setattr(crew, "AHEAD", 2)
    mailing = scheduled(store, readers=9)
    assert hands[0].crew.tend() == {mailing.id: 2}
    hands[0].crew.send(mailing.id)
    assert states(store, mailing) == {"accepted": 2, "planned": 7}


@pytest.mark.parametrize("what", ["pause", "cancel"])
def test_what_is_paused_or_cancelled_is_taken_by_nobody(store: Store, hands: list[Hand], what: str) -> None:
    mailing = scheduled(store)
    hands[0].crew.tend()
    if what == "pause":
        store.mailings.pause(mailing.id, "wait", actor="mei", now=NOW)
    else:
        store.mailings.cancel(mailing.id, actor="mei", now=NOW)
    for hand in hands:
        assert hand.crew.tend() == {}
        hand.crew.send(mailing.id)
    assert not any(hand.transport.inboxes for hand in hands)
    if what == "pause":
        store.mailings.resume(mailing.id, actor="mei", now=NOW)
        # A nudge from before: nobody has looked yet whether it may leave.
        hands[1].crew.send(mailing.id)
        assert not hands[1].transport.inboxes
        assert hands[0].crew.tend() == {mailing.id: 1}
        hands[1].crew.send(mailing.id)
        assert len(hands[1].transport.inboxes) == 6


def test_a_provider_that_takes_nothing_is_left_alone_by_all(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store)
    leader, other, _ = hands
    leader.crew.tend()
    other.transport.failures += [TransientError("busy", retry_after=90)]
    other.crew.send(mailing.id)
    assert f"event=rests mailing={mailing.id} seconds=90 why=busy" in other.said
    for hand in hands:
        hand.crew.send(mailing.id)
        assert hand.crew.tend() == {}
    assert states(store, mailing) == {"planned": 6}
    for hand in hands:
        hand.now = NOW + timedelta(seconds=91)
    assert leader.crew.tend() == {mailing.id: 1}


def test_a_provider_that_refuses_us_pauses_the_mailing_for_a_person(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store)
    leader, other, _ = hands
    leader.crew.tend()
    other.transport.failures += [PermanentError("wrong password")]
    other.crew.send(mailing.id)
    for hand in hands:
        hand.crew.tend()
    assert store.mailings.find(mailing.id).status is MailingStatus.PAUSED
    assert [status for hand in hands for status in hand.told] == [MailingStatus.PAUSED]


def test_a_mailing_whose_time_has_long_passed_waits_for_a_person(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store, at=NOW + timedelta(minutes=1))
    assert hands[0].crew.tend() == {}
    hands[0].now = NOW + timedelta(hours=3)
    assert hands[0].crew.tend() == {}
    assert store.mailings.find(mailing.id).status is MailingStatus.PAUSED


def test_whoever_sends_by_hand_is_alone(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store)
    with store.mailings.lock(mailing.id):
        assert hands[0].crew.tend() == {}
        hands[1].crew.send(mailing.id)
    assert not [act for act in store.mailings.acts(mailing.id) if act.action == "begun"]
    assert states(store, mailing) == {"planned": 6}
    refused = pytest.raises(RefusedError, match="another sender is at work")
    shared = [store.mailings.lock(mailing.id, is_shared=True) for _ in range(2)]
    with shared[0], shared[1], refused, store.mailings.lock(mailing.id):
        pass


def test_what_a_dead_worker_held_goes_on_at_once(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store)
    dying, healthy, _ = hands
    dying.transport.dies_after = 2
    dying.crew.tend()
    with pytest.raises(KeyboardInterrupt):
        dying.crew.send(mailing.id)
    assert healthy.crew.tend() == {}
    assert states(store, mailing) == {"accepted": 1, "unknown": 1, "planned": 4}
    healthy.crew.send(mailing.id)
    dying.crew.tend()
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT
    assert store.mailings.counts(mailing.id)[DeliveryState.ACCEPTED] == 5
    assert dying.transport.inboxes.keys().isdisjoint(healthy.transport.inboxes)
    assert store.mailings.open_runs() == []


def test_claims_of_several_hands_do_not_overlap(store: Store, hands: list[Hand], url: str) -> None:
    mailing = scheduled(store, readers=300)
    hands[0].crew.tend()
    threads = [threading.Thread(target=hand.crew.send, args=(mailing.id,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = Counter(address for hand in hands for address, copies in hand.transport.inboxes.items() for _ in copies)
    assert (len(taken), set(taken.values())) == (300, {1})


def test_the_engine_hands_out_what_waits_and_ends_when_nothing_does(store: Store, hands: list[Hand]) -> None:
    mailing = scheduled(store, readers=2_500)
    hand = hands[0]
    hand.transport.window = 100
    engine = Engine(store=store, send=hand.crew.send, tend=hand.crew.tend, should_stop=lambda: False, log=hand.note)
    engine.run(once=True)
    assert states(store, mailing) == {"accepted": 2_500}
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT
    assert not [line for line in hand.said if "lost" in line]


def test_two_versions_of_the_engine_have_tables_of_their_own(store: Store, url: str) -> None:
    store.workers.room_for_engine("newsletter_jobs_3_9", "CREATE TABLE jobs (percent text DEFAULT '%'); SELECT 1")
    store.workers.room_for_engine("newsletter_jobs_4_0", "CREATE TABLE jobs (id int)")
    store.workers.room_for_engine("newsletter_jobs_4_0", "this is not SQL, and not needed")
    with store._database.reading() as connection:
        found = connection.exec_driver_sql("SELECT schemaname FROM pg_tables WHERE tablename = 'jobs' ORDER BY 1")
        assert [row[0] for row in found] == ["newsletter_jobs_3_9", "newsletter_jobs_4_0"]
    with open_store(url) as again:
        assert again.id == store.id, "the store's own tables are told apart from them"


def test_a_worker_that_looks_once_sends_what_is_due_and_ends(store: Store, url: str, tmp_path: Path) -> None:
    mailing = scheduled(store, readers=1_200, at=datetime.now(UTC))
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE mailings SET transport = 'outbox'")
    words = [sys.executable, "-m", "newsletter", "worker", "--once", "--no-result-mail"]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=environ(tmp_path, 1, NEWSLETTER_DATABASE_URL=url),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "event=ended" in done.stderr
    assert f"mailing={mailing.id} status=sent" in done.stderr
    assert states(store, mailing) == {"accepted": 1_200}
    assert store.workers.alive(datetime.now(UTC)) == []
    assert not list(tmp_path.glob("*.flight"))


def test_a_fault_of_ours_pauses_the_mailing_and_names_nobody(
    store: Store, hands: list[Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = scheduled(store)
    hand = hands[0]
    hand.crew.tend()

    def fail(*_: object) -> None:
        raise KeyError("reader1@example.com")

    monkeypatch.setattr(hand.transport, "_one", fail)
    hand.crew.send(mailing.id)
    found = store.mailings.find(mailing.id)
    assert (found.status, found.pause_reason) == (
        MailingStatus.PAUSED,
        "a fault of this program stopped it (KeyError); please report it",
    )
    assert any("event=fault mailing=1 kind=KeyError where=test_crew.py:" in line for line in hand.said)
    assert "reader1" not in "".join(hand.said)
    hands[1].crew.tend()
    assert states(store, mailing) == {"planned": 6}


def test_the_end_is_told_by_a_leader_who_came_after_all_was_sent(store: Store, hands: list[Hand]) -> None:
    """Those who were at work on it were stopped before anybody had said that it ended."""
    mailing = under_way(store)
    first, second, _ = hands
    first.crew.send(mailing.id)
    assert store.mailings.find(mailing.id).status is MailingStatus.SENDING
    for _ in range(3):
        second.crew.tend()
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT
    assert second.told == [MailingStatus.SENT]
