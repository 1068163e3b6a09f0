"""One reader at a time, in a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.errors import InputError, RefusedError
from newsletter.roster import add_reader, change_interests, find_everywhere, find_reader, unsubscribe
from newsletter.store import Store
from newsletter.subscriber import Consent, Subscriber
from tests.builders import NOW
from tests.stores import CONSENT, NEWSLETTER, a_store, a_vocabulary, an_entry, take_in


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def add(store: Store, consent: Consent | None = CONSENT, **cells: str | None) -> Subscriber:
    written = {"email": "mei@example.com", "name": None} | cells
    return add_reader(
        store, written, newsletter=NEWSLETTER, vocabulary=a_vocabulary(), consent=consent, actor="mei", now=NOW
    )


def tag(store: Store, *tags: str, adding: bool = True, email: str = "reader1@example.com") -> set[str]:
    reader = change_interests(
        store,
        find_reader(store, email, NEWSLETTER),
        tags,
        vocabulary=a_vocabulary(),
        adding=adding,
        actor="mei",
        now=NOW,
    )
    return set(reader.interests)


def test_one_reader_is_added_with_everything_that_was_said(store: Store) -> None:
    reader = add(store, name=" Chen Mei ", language="zh-CN", interests="AI policy, crypto")
    assert (reader.name, reader.language, reader.interests) == (
        "Chen Mei",
        "zh-Hans",
        frozenset({"ai-policy", "crypto"}),
    )
    assert (reader.status, reader.consent) == ("confirmed", CONSENT)


def test_one_reader_without_a_consent_is_pending_until_it_is_given(store: Store) -> None:
    assert add(store, consent=None).status == "pending"
    with pytest.raises(RefusedError, match=f"mei@example.com is on the list of {NEWSLETTER} already: pending"):
        add(store, consent=None)
    assert add(store).status == "confirmed"


def test_somebody_who_is_on_the_list_is_not_added_again(store: Store) -> None:
    add(store)
    with pytest.raises(RefusedError, match=r"already: confirmed; see newsletter subscribers show mei@example\.com"):
        add(store, name="Other")
    unsubscribe(store, "mei@example.com", newsletter=NEWSLETTER, actor="mei", now=NOW)
    with pytest.raises(RefusedError, match="already: unsubscribed"):
        add(store)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"email": "mei"}, "email: is not a mail address; write it as name@example.com"),
        ({"interests": "AI polcy, crypto"}, "'AI polcy' is not in the vocabulary; did you mean ai-policy?"),
        ({"language": "tlh"}, "language: 'tlh' is not known; write en or zh-Hans"),
    ],
)
def test_one_reader_with_a_fault_is_not_added(store: Store, cells: dict[str, str | None], said: str) -> None:
    with pytest.raises(InputError) as caught:
        add(store, None, **cells)
    assert str(caught.value) == said
    assert store.readers.count(NEWSLETTER) == 0


def test_interests_change_by_any_of_their_names(store: Store) -> None:
    take_in(store, an_entry(interests=frozenset({"ai"})))
    assert tag(store, "人工智能政策", "Crypto") == {"ai", "ai-policy", "crypto"}
    assert tag(store, "AI", "ai chips", adding=False) == {"ai-policy", "crypto"}


def test_unknown_words_are_all_told_and_nothing_changes(store: Store) -> None:
    take_in(store, an_entry())
    with pytest.raises(InputError) as caught:
        tag(store, "AI polcy", "crypto", "zzz")
    assert [finding.message for finding in caught.value.findings] == [
        "'AI polcy' is not in the vocabulary",
        "'zzz' is not in the vocabulary",
    ]
    assert store.readers.find("reader1@example.com")[0].interests == set()


def test_an_interest_that_the_vocabulary_has_lost_can_be_taken_away(store: Store) -> None:
    take_in(store, an_entry(interests=frozenset({"telegraphs", "ai"})))
    assert tag(store, "telegraphs", adding=False) == {"ai"}


def test_a_reader_leaves_one_newsletter_or_all(store: Store) -> None:
    take_in(store, an_entry())
    take_in(store, an_entry(), newsletter="harbour-team")
    assert unsubscribe(store, "READER1@example.com", newsletter="harbour-team", actor="mei", now=NOW) == [
        "harbour-team"
    ]
    assert {r.newsletter: r.status for r in find_everywhere(store, "reader1@example.com")} == {
        NEWSLETTER: "confirmed",
        "harbour-team": "unsubscribed",
    }
    left = unsubscribe(store, "reader1@example.com", newsletter=None, actor="mei", now=NOW)
    assert left == [NEWSLETTER, "harbour-team"]
    assert {reader.status for reader in find_everywhere(store, "reader1@example.com")} == {"unsubscribed"}


def test_somebody_who_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(RefusedError, match=r"nobody is known by the address ghost@"):
        find_everywhere(store, "ghost@example.com")
    with pytest.raises(RefusedError, match=f"is not among the readers of {NEWSLETTER}"):
        tag(store, "ai", email="ghost@example.com")
    with pytest.raises(RefusedError, match="is not among the readers"):
        unsubscribe(store, "ghost@example.com", newsletter=NEWSLETTER, actor="mei", now=NOW)
