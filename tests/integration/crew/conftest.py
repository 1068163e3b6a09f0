"""A server on which a crew works, and its hands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.delivery import DeliveryState, Mailing, Outcome, Receipt
from newsletter.store import Store, open_store
from newsletter.store.flight import Flight
from tests import postgres
from tests.builders import NOW
from tests.integration.crew.hands import Hand, under_way


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


@pytest.fixture
def hands(store: Store) -> Iterator[list[Hand]]:
    made = [Hand(store, f"hand {number}") for number in range(3)]
    yield made
    for hand in made:
        hand.crew.leave()


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
