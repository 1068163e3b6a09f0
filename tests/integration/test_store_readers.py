"""Readers in a real database: what an import may do to them, and what it may never do."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import RefusedError
from newsletter.segment import Home, InLanguage, Segment
from newsletter.store import Store, schema
from newsletter.store.deciding import Overlap
from newsletter.store.intake import Intake
from newsletter.subscriber import Consent, Entry, Subscriber, SubscriptionStatus, SuppressionReason
from tests.builders import NOW
from tests.stores import CONSENT, NEWSLETTER, a_store, an_entry, take_in

LATER = datetime(2026, 7, 1, tzinfo=UTC)
PENDING, CONFIRMED, UNSUBSCRIBED = SubscriptionStatus


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def the_reader(store: Store, email: str = "reader1@example.com") -> Subscriber:
    return store.readers.find(email, NEWSLETTER)[0]


def update(store: Store, *entries: Entry) -> tuple[int, int, int]:
    found = store.readers.take_in(NEWSLETTER, entries, update=True, actor="mei", now=LATER)
    return found.added, found.updated, found.unchanged


def audits(store: Store) -> list[sa.RowMapping]:
    with store._database.reading() as connection:
        return list(connection.execute(sa.select(schema.audit).order_by(schema.audit.c.id)).mappings())


def test_everything_that_an_entry_says_comes_back(store: Store) -> None:
    entry = an_entry(
        email="Mei.Chen@example.com",
        name="陈梅",
        salutation="陈女士",
        language="zh-Hans",
        company="Harbour",
        manager="Li",
        zone="Asia/Shanghai",
        interests=frozenset({"ai", "crypto"}),
    )
    [reader] = take_in(store, entry)
    assert reader.email == "Mei.Chen@example.com"
    assert (reader.name, reader.salutation, reader.language) == ("陈梅", "陈女士", "zh-Hans")
    assert (reader.company, reader.manager, reader.zone) == ("Harbour", "Li", "Asia/Shanghai")
    assert reader.interests == {"ai", "crypto"}
    assert reader.status is CONFIRMED
    assert reader.consent == CONSENT
    assert reader.joined_at == NOW
    assert len(reader.public_id) == 16
    assert reader.suppressed_for is None


@pytest.mark.parametrize(
    ("status", "consent", "stands"),
    [
        (None, CONSENT, CONFIRMED),
        (None, None, PENDING),
        (CONFIRMED, None, PENDING),
        (CONFIRMED, CONSENT, CONFIRMED),
        (PENDING, CONSENT, PENDING),
        (UNSUBSCRIBED, CONSENT, UNSUBSCRIBED),
        (UNSUBSCRIBED, None, UNSUBSCRIBED),
    ],
)
def test_nobody_comes_in_as_confirmed_without_a_consent(
    store: Store, status: SubscriptionStatus | None, consent: Consent | None, stands: SubscriptionStatus
) -> None:
    [reader] = take_in(store, an_entry(status=status, consent=consent))
    assert reader.status is stands


def test_the_same_list_again_changes_nothing(store: Store) -> None:
    entries = [an_entry(number, interests=frozenset({"ai"})) for number in range(3)]
    before = take_in(store, *entries)
    found = store.readers.take_in(NEWSLETTER, entries, update=False, actor="mei", now=LATER)
    assert (found.added, found.updated, found.unchanged) == (0, 0, 3)
    assert update(store, *entries) == (0, 0, 3)
    assert list(store.readers.stream(NEWSLETTER)) == before


def test_one_address_in_two_spellings_is_one_person(store: Store) -> None:
    found = store.readers.take_in(
        NEWSLETTER,
        [an_entry(email="A@example.com", name="First"), an_entry(email="a@EXAMPLE.com", name="Second")],
        update=False,
        actor="mei",
        now=NOW,
    )
    assert (found.added, found.unchanged) == (1, 1)
    assert the_reader(store, "a@Example.com").name == "First"


def test_nothing_is_overwritten_unless_asked_for(store: Store) -> None:
    [before] = take_in(store, an_entry(interests=frozenset({"ai"})))
    [after] = take_in(store, an_entry(name="Other", company="New", interests=frozenset({"crypto"})))
    assert after == before


def test_an_update_overwrites_what_the_entry_says_and_nothing_else(store: Store) -> None:
    take_in(store, an_entry(company="Old", manager="Li", interests=frozenset({"ai"})))
    assert update(store, an_entry(name="New", company=None, manager="", consent=None)) == (0, 1, 0)
    reader = the_reader(store)
    assert (reader.name, reader.company, reader.manager) == ("New", "Old", "")
    assert reader.interests == {"ai"}
    assert reader.consent == CONSENT


def test_an_update_adds_interests_and_replaces_them_only_when_asked(store: Store) -> None:
    take_in(store, an_entry(1, interests=frozenset({"ai"})), an_entry(2, interests=frozenset({"ai"})))
    update(store, an_entry(1, interests=frozenset({"crypto", "china"})))
    assert the_reader(store).interests == {"ai", "crypto", "china"}
    assert the_reader(store, "reader2@example.com").interests == {"ai"}
    overlap = Overlap(replace_interests=True)
    with store.readers.intake(Intake(NEWSLETTER, overlap, "mei", NOW)) as opened:
        opened.take([(1, an_entry(1, name="Other", interests=frozenset({"china"}))), (2, an_entry(2, interests=None))])
    assert (the_reader(store).name, the_reader(store).interests) == ("Reader 1", frozenset({"china"}))
    assert the_reader(store, "reader2@example.com").interests == {"ai"}


def test_readers_that_change_in_different_fields_are_all_updated(store: Store) -> None:
    take_in(store, *(an_entry(number) for number in range(4)))
    changed = update(
        store, an_entry(0, name="A"), an_entry(1, company="B"), an_entry(2, name="C", company="D"), an_entry(3)
    )
    assert changed == (0, 3, 1)
    found = [(reader.name, reader.company) for reader in store.readers.stream(NEWSLETTER)]
    assert found == [("A", ""), ("Reader 1", "B"), ("C", "D"), ("Reader 3", "")]


@pytest.mark.parametrize("status", [None, CONFIRMED, PENDING])
def test_no_import_brings_back_somebody_who_unsubscribed(store: Store, status: SubscriptionStatus | None) -> None:
    [reader] = take_in(store, an_entry())
    store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
    update(store, an_entry(status=status, consent=Consent(basis="list bought", on=date(2026, 6, 1))))
    assert the_reader(store).status is UNSUBSCRIBED
    assert the_reader(store).consent == CONSENT


def test_an_unsubscribed_reader_is_left_as_they_are_by_every_list(store: Store) -> None:
    take_in(store, an_entry(status=UNSUBSCRIBED, consent=None))
    assert update(store, an_entry(status=UNSUBSCRIBED, consent=CONSENT)) == (0, 0, 1)
    assert the_reader(store).consent is None


def test_no_import_lifts_a_suppression(store: Store) -> None:
    [reader] = take_in(store, an_entry())
    store.readers.suppress(reader.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
    update(store, an_entry(name="New", status=CONFIRMED))
    assert the_reader(store).suppressed_for is SuppressionReason.COMPLAINED


@pytest.mark.parametrize(
    ("entry", "stands"),
    [
        (an_entry(consent=None, status=CONFIRMED), PENDING),
        (an_entry(consent=None), PENDING),
        (an_entry(consent=CONSENT, status=PENDING), PENDING),
        (an_entry(consent=CONSENT), CONFIRMED),
        (an_entry(consent=CONSENT, status=CONFIRMED), CONFIRMED),
        (an_entry(consent=None, status=UNSUBSCRIBED), UNSUBSCRIBED),
    ],
)
def test_a_pending_reader_rises_only_with_a_consent(store: Store, entry: Entry, stands: SubscriptionStatus) -> None:
    take_in(store, an_entry(consent=None))
    update(store, entry)
    assert the_reader(store).status is stands


def test_without_update_a_pending_reader_stays_pending(store: Store) -> None:
    take_in(store, an_entry(consent=None))
    take_in(store, an_entry(consent=CONSENT))
    assert the_reader(store).status is PENDING


@pytest.mark.parametrize("status", [None, PENDING])
def test_a_confirmed_reader_keeps_status_and_consent(store: Store, status: SubscriptionStatus | None) -> None:
    take_in(store, an_entry())
    update(store, an_entry(status=status, consent=Consent(basis="list bought", on=date(2026, 6, 1))))
    assert the_reader(store).status is CONFIRMED
    assert the_reader(store).consent == CONSENT


def test_a_reader_of_another_newsletter_is_added_and_only_gaps_are_filled(store: Store) -> None:
    take_in(store, an_entry(company=""), newsletter="harbour-team")
    found = store.readers.take_in(
        NEWSLETTER, [an_entry(name="Other", company="New")], update=False, actor="mei", now=LATER
    )
    assert (found.added, found.updated) == (1, 0)
    both = store.readers.find("reader1@example.com")
    assert [reader.newsletter for reader in both] == [NEWSLETTER, "harbour-team"]
    assert {reader.subscriber_id for reader in both} == {both[0].subscriber_id}
    assert len({reader.public_id for reader in both}) == 2
    assert (both[0].name, both[0].company) == ("Reader 1", "New")
    assert store.readers.newsletters() == [NEWSLETTER, "harbour-team"]


def test_an_import_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    def entries() -> object:
        yield from (an_entry(number) for number in range(5_000))
        raise RuntimeError("the list ends early")

    with pytest.raises(RuntimeError):
        store.readers.take_in(NEWSLETTER, entries(), update=False, actor="mei", now=NOW)  # type: ignore[arg-type]
    assert store.readers.count(NEWSLETTER) == 0
    assert audits(store) == []


def test_an_intake_that_is_undone_counts_and_writes_nothing(store: Store) -> None:
    take_in(store, an_entry(1))
    entries = [an_entry(1, name="New"), an_entry(2), an_entry(3, consent=None)]
    with store.readers.intake(Intake(NEWSLETTER, Overlap(update=True), "mei", NOW)) as opened:
        found = opened.take(list(enumerate(entries, 1)))
        opened.undo()
    assert (found.added, found.updated, found.unchanged, found.pending) == (2, 1, 0, 1)
    assert [reader.name for reader in store.readers.stream(NEWSLETTER)] == ["Reader 1"]


def test_a_stream_crosses_pages_in_order_and_each_reader_once(store: Store) -> None:
    taken = take_in(store, *(an_entry(number, interests=frozenset({f"t{number}"})) for number in range(4_001)))
    assert len(taken) == 4_001
    assert [reader.subscription_id for reader in taken] == sorted({reader.subscription_id for reader in taken})
    assert all(reader.interests == {f"t{reader.name.split()[1]}"} for reader in taken)


def test_a_store_can_be_written_while_it_is_streamed(store: Store) -> None:
    take_in(store, *(an_entry(number) for number in range(3)))
    for reader in store.readers.stream(NEWSLETTER):
        store.readers.unsubscribe(reader.subscription_id, actor="mei", now=NOW)
    assert {reader.status for reader in store.readers.stream(NEWSLETTER)} == {UNSUBSCRIBED}


def test_a_segment_chooses_readers_for_stream_and_count(store: Store) -> None:
    take_in(store, an_entry(1), an_entry(2, consent=None), an_entry(3), an_entry(4, language="zh-Hans"))
    store.readers.suppress(the_reader(store).subscriber_id, SuppressionReason.MANUAL, actor="mei", now=NOW)
    segment = Segment(InLanguage("en"), Home("en"))
    assert [reader.name for reader in store.readers.stream(NEWSLETTER, segment)] == ["Reader 1", "Reader 2", "Reader 3"]
    assert store.readers.count(NEWSLETTER, segment) == 3
    assert store.readers.count(NEWSLETTER, segment, mailable=True) == 1
    assert store.readers.count(NEWSLETTER) == 4
    assert store.readers.count("nobody-reads-this") == 0


def test_interests_are_added_and_removed_once(store: Store) -> None:
    [reader] = take_in(store, an_entry(interests=frozenset({"ai"})))
    number = reader.subscription_id
    assert store.readers.add_interests(number, ["ai", "crypto", "crypto"], actor="mei", now=NOW) == 1
    assert store.readers.add_interests(number, ["crypto"], actor="mei", now=NOW) == 0
    assert the_reader(store).interests == {"ai", "crypto"}
    assert store.readers.remove_interests(number, ["ai", "china"], actor="mei", now=NOW) == 1
    assert the_reader(store).interests == {"crypto"}


def test_unsubscribing_twice_is_no_error_and_leaves_one_trace(store: Store) -> None:
    [reader] = take_in(store, an_entry())
    assert store.readers.unsubscribe(reader.subscription_id, actor="mei", now=NOW)
    assert not store.readers.unsubscribe(reader.subscription_id, actor="mei", now=LATER)
    assert [row["action"] for row in audits(store)] == ["unsubscribed"]
    assert [record.event for record in store.consents.of(reader.subscriber_id)] == ["added", "unsubscribed"]


def test_a_consent_confirms_a_pending_reader(store: Store) -> None:
    [reader] = take_in(store, an_entry(consent=None))
    assert store.readers.confirm(reader.subscription_id, CONSENT, actor="reader", now=NOW)
    assert not store.readers.confirm(
        reader.subscription_id, Consent(basis="other", on=date(2026, 5, 1)), actor="reader", now=NOW
    )
    assert (the_reader(store).status, the_reader(store).consent) == (CONFIRMED, CONSENT)


def test_a_consent_does_not_bring_back_somebody_who_unsubscribed(store: Store) -> None:
    [reader] = take_in(store, an_entry())
    store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
    with pytest.raises(RefusedError, match="unsubscribed"):
        store.readers.confirm(reader.subscription_id, CONSENT, actor="mei", now=NOW)


def test_the_first_reason_of_a_suppression_stays_but_a_word_of_theirs_beats_a_bounce(store: Store) -> None:
    [reader] = take_in(store, an_entry())
    assert store.readers.suppress(reader.subscriber_id, SuppressionReason.BOUNCED, actor="provider", now=NOW)
    assert store.readers.suppress(reader.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
    assert not store.readers.suppress(reader.subscriber_id, SuppressionReason.MANUAL, actor="mei", now=NOW)
    assert not store.readers.suppress(reader.subscriber_id, SuppressionReason.BOUNCED, actor="mei", now=NOW)
    assert the_reader(store).suppressed_for is SuppressionReason.COMPLAINED


def test_a_subscription_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(RefusedError, match=r"there is no subscription 99; see newsletter subscribers list"):
        store.readers.unsubscribe(99, actor="mei", now=NOW)


def test_every_change_leaves_a_trace_without_address_or_name(store: Store) -> None:
    [reader] = take_in(store, an_entry(name="Chen Mei", consent=None))
    update(store, an_entry(name="Mei Chen", company="Harbour"))
    store.readers.add_interests(reader.subscription_id, ["ai"], actor="mei", now=NOW)
    store.readers.remove_interests(reader.subscription_id, ["ai"], actor="mei", now=NOW)
    store.readers.suppress(reader.subscriber_id, SuppressionReason.MANUAL, actor="mei", now=NOW)
    store.readers.unsubscribe(reader.subscription_id, actor="mei", now=NOW)
    found = audits(store)
    actions = ["updated", "interests-added", "interests-removed", "suppressed", "unsubscribed"]
    assert [row["action"] for row in found] == actions
    assert {row["subscriber_id"] for row in found} == {reader.subscriber_id}
    assert {row["actor"] for row in found} == {"mei"}
    assert json.loads(found[0]["detail"]) == {
        "newsletter": NEWSLETTER,
        "fields": ["company", "consent_basis", "consent_on", "name", "status"],
        "status": "confirmed",
    }
    told = " ".join(row["detail"] for row in found)
    assert "example.com" not in told
    assert "Mei" not in told
    assert "Harbour" not in told


def test_an_address_of_a_chinese_domain_is_found_in_both_forms(store: Store) -> None:
    take_in(store, an_entry(email="mei@xn--fiqs8s.example"))
    assert the_reader(store, "Mei@中国.example").name == "Reader 1"
