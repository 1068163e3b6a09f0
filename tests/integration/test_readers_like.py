"""Readers are found by a part of their address or name, whatever stands in it."""

from pathlib import Path

import pytest

from tests.stores import NEWSLETTER, a_store, an_entry, take_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["100%_sure@example.com", "a.chen@example.com", "b@example.com"]),
        ("CHEN", ["a.chen@example.com"]),
        ("示", ["b@example.com"]),
        ("%", ["100%_sure@example.com"]),
        ("0%_", ["100%_sure@example.com"]),
        ("_", ["100%_sure@example.com"]),
        ("' or 1=1 --", []),
    ],
)
def test_a_part_of_the_address_or_the_name_is_enough(text: str, found: list[str], tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        take_in(
            store,
            an_entry(email="b@example.com", name="示例"),
            an_entry(email="a.chen@example.com", name="A"),
            an_entry(email="100%_sure@example.com", name="S"),
        )
        take_in(store, an_entry(email="other.chen@example.com", name="O"), newsletter="another")
        assert [reader.email for reader in store.readers.like(NEWSLETTER, text, limit=10)] == found
        assert len(store.readers.like(NEWSLETTER, text, limit=1)) == min(1, len(found))
