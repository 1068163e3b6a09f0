"""A server on which a crew works, and its hands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store import Store, open_store
from tests import postgres
from tests.integration.crew.hands import Hand


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
