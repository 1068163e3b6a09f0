"""What a provider said, made fit for a record."""

import pytest

from newsletter.providers.words import words_of
from tests.builders import a_recipient


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"5.1.1 <reader1@example.com> unknown", "5.1.1 <(address)> unknown"),
        (b"READER1@EXAMPLE.COM: no such user", "(address): no such user"),
        (b"user reader1 is over quota", "user (address) is over quota"),
        (b"bounce to reader1=example.com@relay.example.net", "bounce to (address)"),
        (b"first line\nsecond\tline\r\n", "first line second line"),
        (b"\xff\xfe odd", "\ufffd\ufffd odd"),
        ("已满 用户", "已满 用户"),
        ("see https://example.com/a b", "see https://example.com/a b"),
    ],
)
def test_one_line_without_the_readers_address(said: str | bytes, kept: str) -> None:
    assert words_of(said, a_recipient(1)) == kept


def test_long_speeches_are_cut() -> None:
    assert len(words_of("no " * 1_000)) == 300


@pytest.mark.parametrize("address", [".*@example.com", "a+b@example.com", "(@example.com"])
def test_an_address_is_not_a_pattern(address: str) -> None:
    assert words_of(f"no {address} here; all is well", a_recipient(address=address)) == "no (address) here; all is well"
