"""What readers said is written down and never changed; a no ends by their own yes and by nothing else."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.consent import ConsentEvent, truncated
from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError, StoreError
from newsletter.store import Store, schema
from newsletter.store.consents import Occasion
from newsletter.subscriber import Consent, Subscriber, SubscriptionStatus, SuppressionReason
from newsletter.worker import UNCONFIRMED
from tests.builders import NOW
from tests.stores import CONSENT, NEWSLETTER, a_mailing, a_plan, a_store, an_entry, take_in

EMAIL = "reader1@example.com"
FORM = Occasion(at=NOW, source="form: spring forum", wording="2026-03", ip="203.0.113.77")
OWN = Consent(basis="confirmed by link", on=date(2026, 6, 10), cross_border=True)
PENDING, CONFIRMED, UNSUBSCRIBED = SubscriptionStatus


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def the_reader(store: Store, newsletter: str = NEWSLETTER) -> Subscriber:
    return store.readers.find(EMAIL, newsletter)[0]


def events(store: Store, newsletter: str = NEWSLETTER) -> list[str]:
    return [str(record.event) for record in store.consents.of(the_reader(store, newsletter).subscriber_id)]


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        (" 203.0.113.77 ", "203.0.113.0/24"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_of_an_ip_address_only_the_network_is_kept(ip: str, kept: str) -> None:
    assert truncated(ip) == kept


def test_a_sign_up_waits_for_its_confirmation_and_both_are_in_the_log(store: Store) -> None:
    number = store.consents.sign_up(EMAIL, NEWSLETTER, FORM, name="Chen Mei")
    assert (the_reader(store).status, the_reader(store).name) == (PENDING, "Chen Mei")
    assert store.consents.confirm(number, OWN, FORM)
    assert not store.consents.confirm(number, OWN, FORM)
    reader = the_reader(store)
    assert (reader.status, reader.consent) == (CONFIRMED, Consent(basis=OWN.basis, on=OWN.on))
    [asked, said] = store.consents.of(reader.subscriber_id)
    assert (asked.event, asked.source, asked.wording, asked.ip) == (
        "requested",
        FORM.source,
        "2026-03",
        "203.0.113.0/24",
    )
    assert (said.event, said.basis, said.given_on, said.cross_border) == ("confirmed", OWN.basis, OWN.on, True)
    assert (said.newsletter, said.at, said.actor, said.wording) == (NEWSLETTER, NOW, "reader", "2026-03")


def test_signing_up_again_changes_nothing_before_the_confirmation(store: Store) -> None:
    [reader] = take_in(store, an_entry())
    store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
    number = store.consents.sign_up("Reader1@EXAMPLE.com", NEWSLETTER, FORM)
    assert (number, the_reader(store).status) == (reader.subscription_id, UNSUBSCRIBED)
    assert store.consents.confirm(number, OWN, FORM)
    assert the_reader(store).status is CONFIRMED
    assert events(store) == ["added", "unsubscribed", "requested", "confirmed"]


def test_every_way_in_and_out_is_in_the_log(store: Store) -> None:
    [reader] = take_in(store, an_entry(consent=None))
    store.readers.confirm(reader.subscription_id, CONSENT, actor="mei", now=NOW)
    store.readers.unsubscribe(reader.subscription_id, actor="mei", now=NOW)
    store.readers.suppress(reader.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
    log = store.consents.of(reader.subscriber_id)
    assert [record.event for record in log] == ["added", "recorded", "unsubscribed", "complained"]
    assert [record.basis for record in log] == ["", CONSENT.basis, "", ""]
    assert [record.newsletter for record in log] == [NEWSLETTER, NEWSLETTER, NEWSLETTER, ""]


@pytest.mark.parametrize("change", ["UPDATE consents SET basis = 'better'", "DELETE FROM consents"])
def test_the_log_of_a_reader_is_never_changed(store: Store, change: str) -> None:
    take_in(store, an_entry())
    with pytest.raises(StoreError), store._database.writing() as connection:
        connection.exec_driver_sql(change)
    assert events(store) == ["added"]


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.MANUAL])
def test_a_no_to_everything_ends_by_their_own_yes_and_only_for_that_newsletter(
    store: Store, reason: SuppressionReason
) -> None:
    take_in(store, an_entry())
    take_in(store, an_entry(), newsletter="other")
    store.readers.suppress(the_reader(store).subscriber_id, reason, actor="provider", now=NOW)
    assert store.consents.confirm(the_reader(store).subscription_id, OWN, FORM)
    assert (the_reader(store).status, the_reader(store).suppressed_for) == (CONFIRMED, None)
    assert (the_reader(store, "other").status, the_reader(store, "other").suppressed_for) == (UNSUBSCRIBED, None)


def test_nobody_else_confirms_a_newsletter_that_was_among_what_they_said_no_to(store: Store) -> None:
    take_in(store, an_entry())
    store.readers.suppress(the_reader(store).subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
    store.consents.confirm(the_reader(store).subscription_id, OWN, FORM)
    take_in(store, an_entry(), newsletter="by list")
    assert the_reader(store, "by list").status is UNSUBSCRIBED
    number = store.consents.sign_up(EMAIL, "by hand", FORM)
    with pytest.raises(RefusedError, match="this reader unsubscribed; only they can come back"):
        store.readers.confirm(number, CONSENT, actor="mei", now=NOW)
    store.readers.take_in("by hand", [an_entry()], update=True, actor="mei", now=NOW)
    assert the_reader(store, "by hand").status is PENDING
    assert store.consents.confirm(number, OWN, FORM)
    assert the_reader(store, "by hand").status is CONFIRMED


def test_a_dead_mailbox_that_answers_again_is_no_no_to_anything(store: Store) -> None:
    take_in(store, an_entry())
    take_in(store, an_entry(), newsletter="other")
    store.readers.suppress(the_reader(store).subscriber_id, SuppressionReason.BOUNCED, actor="provider", now=NOW)
    store.consents.confirm(the_reader(store).subscription_id, OWN, FORM)
    assert (the_reader(store, "other").status, the_reader(store, "other").suppressed_for) == (CONFIRMED, None)


def test_forgetting_keeps_a_keyed_hash_by_which_they_stay_away_until_their_own_yes(store: Store) -> None:
    take_in(store, an_entry())
    gone = store.forgetting.forget("READER1@example.com", actor="mei", now=NOW)
    assert gone is not None
    assert gone.newsletters == (NEWSLETTER,)
    assert store.readers.find(EMAIL) == []
    assert store.forgetting.kept_away(EMAIL) is SuppressionReason.FORGOTTEN
    take_in(store, an_entry())
    assert (the_reader(store).status, the_reader(store).suppressed_for) == (CONFIRMED, SuppressionReason.FORGOTTEN)
    assert events(store) == ["forgotten", "added"]
    store.consents.confirm(the_reader(store).subscription_id, OWN, FORM)
    assert the_reader(store).suppressed_for is None
    assert store.forgetting.kept_away(EMAIL) is None


def test_a_complaint_is_remembered_as_one_beyond_forgetting(store: Store) -> None:
    [reader] = take_in(store, an_entry())
    store.readers.suppress(reader.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
    for _ in range(2):
        store.forgetting.forget(EMAIL, actor="mei", now=NOW)
        take_in(store, an_entry())
        assert the_reader(store).suppressed_for is SuppressionReason.COMPLAINED


def test_the_hash_says_nothing_without_its_key(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with a_store(tmp_path / "other") as other:
        # Two stores of one template have one key; a store of one's own does not.
        with other._database.writing() as connection:
            key = schema.meta.c.key == "suppression_key"
            connection.execute(sa.update(schema.meta).where(key).values(value="00" * 32))
        hashes = set()
        for opened in (store, other):
            take_in(opened, an_entry())
            opened.forgetting.forget(EMAIL, actor="mei", now=NOW)
            with opened._database.reading() as connection:
                hashes.add(connection.execute(sa.select(schema.forgotten.c.hash)).scalar_one())
    assert len(hashes) == 2


def test_a_waiting_delivery_to_somebody_who_is_forgotten_is_taken_back(store: Store) -> None:
    readers = take_in(store, an_entry(1), an_entry(2))
    mailing = a_mailing(store, a_plan(readers))
    store.forgetting.forget(EMAIL, actor="mei", now=NOW)
    assert store.mailings.counts(mailing.id) == {"planned": 1, "withdrawn": 1} | dict.fromkeys(
        ("claimed", "deferred", "accepted", "refused", "unknown"), 0
    )
    run_id = store.mailings.open_run(mailing.id, NOW)
    claimed = store.mailings.claim(mailing.id, run_id=run_id, limit=5, now=NOW)
    assert [delivery.address for delivery in claimed] == ["reader2@example.com"]
    with pytest.raises(RefusedError, match=f"mailing {mailing.id} is on its way to them this moment, so nothing was"):
        store.forgetting.forget("reader2@example.com", actor="mei", now=NOW)


def test_whoever_does_not_confirm_is_purged_after_thirty_days(store: Store) -> None:
    for number, days in ((1, 31), (2, 29), (3, 31)):
        at = NOW - timedelta(days=days)
        store.consents.sign_up(f"reader{number}@example.com", NEWSLETTER, Occasion(at=at, source="form"))
    store.consents.sign_up("reader3@example.com", NEWSLETTER, Occasion(at=NOW - timedelta(days=2), source="form"))
    take_in(store, an_entry(4), an_entry(5, status=UNSUBSCRIBED))
    assert store.forgetting.purge(NOW - UNCONFIRMED, now=NOW) == 1
    assert [reader.email[6] for reader in store.readers.stream(NEWSLETTER)] == ["2", "3", "4", "5"]
    with store._database.reading() as connection:
        known = connection.execute(sa.select(schema.subscribers.c.email)).scalars().all()
    assert "reader1@example.com" not in known
    assert store.forgetting.kept_away(EMAIL) is None, "they never said no"
    assert store.forgetting.purge(NOW - UNCONFIRMED, now=NOW) == 0


def test_a_purge_takes_a_subscription_and_not_a_reader_of_something_else(store: Store) -> None:
    [reader] = take_in(store, an_entry(interests=frozenset({"ai"})))
    other = store.consents.sign_up(EMAIL, "other", Occasion(at=NOW - timedelta(days=40), source="form"))
    mailing = a_mailing(store, a_plan(take_in(store, an_entry(2))))
    assert store.forgetting.purge(NOW - UNCONFIRMED, now=NOW) == 1
    assert other not in [found.subscription_id for found in store.readers.find(EMAIL)]
    assert the_reader(store).interests == reader.interests
    assert store.mailings.counts(mailing.id)[DeliveryState.PLANNED] == 2


def test_a_purge_keeps_the_hash_of_somebody_who_must_stay_away(store: Store) -> None:
    take_in(store, an_entry(consent=None, suppressed_for=SuppressionReason.COMPLAINED))
    assert store.forgetting.purge(NOW + timedelta(days=1), now=NOW) == 1
    assert store.forgetting.kept_away(EMAIL) is SuppressionReason.COMPLAINED


def test_all_events_have_a_place_in_the_log(store: Store) -> None:
    checks = str(next(iter(sa.inspect(store._database._engine).get_check_constraints("consents")))["sqltext"])
    assert all(f"'{event}'" in checks for event in ConsentEvent)
