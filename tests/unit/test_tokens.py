import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import TokenError
from newsletter.tokens import (
    Purpose,
    Token,
    bounce_token,
    delivery_of,
    is_bounce_token,
    is_message_id,
    make_token,
    message_id,
    read_token,
)

OLD, NEW = b"o" * 32, b"n" * 32
TOKEN = Token(bytes(range(16)), 70_000)


@given(st.binary(min_size=16, max_size=16), st.integers(0, (1 << 24) - 1), st.sampled_from(Purpose))
def test_what_was_signed_is_read_back(subscription: bytes, mailing_id: int, purpose: Purpose) -> None:
    text = make_token([NEW], purpose, Token(subscription, mailing_id))

    assert len(text) == 48
    assert read_token([NEW], purpose, text) == Token(subscription, mailing_id)


@given(st.integers(0, 47), st.characters(codec="ascii"))
def test_a_token_with_any_other_character_is_refused(place: int, character: str) -> None:
    text = make_token([NEW], Purpose.UNSUBSCRIBE, TOKEN)
    altered = text[:place] + character + text[place + 1 :]

    if altered != text:
        with pytest.raises(TokenError):
            read_token([NEW], Purpose.UNSUBSCRIBE, altered)


@pytest.mark.parametrize("other", [Purpose.PREFERENCES, Purpose.VIEW])
def test_a_token_made_for_one_purpose_is_worthless_for_another(other: Purpose) -> None:
    with pytest.raises(TokenError):
        read_token([NEW], other, make_token([NEW], Purpose.UNSUBSCRIBE, TOKEN))


def test_after_a_rotation_old_links_still_work_and_new_ones_use_the_new_key() -> None:
    old = make_token([OLD], Purpose.UNSUBSCRIBE, TOKEN)

    assert read_token([NEW, OLD], Purpose.UNSUBSCRIBE, old) == TOKEN
    assert make_token([NEW, OLD], Purpose.UNSUBSCRIBE, TOKEN) == make_token([NEW], Purpose.UNSUBSCRIBE, TOKEN)
    with pytest.raises(TokenError):
        read_token([NEW], Purpose.UNSUBSCRIBE, old)


@pytest.mark.parametrize("text", ["", "x", "é" * 48, "A" * 47, "A" * 49, "A" * 48, "=" * 48, " " * 48])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenError, match="not one of ours"):
        read_token([NEW], Purpose.UNSUBSCRIBE, text)


def test_only_the_canonical_spelling_counts() -> None:
    text = make_token([NEW], Purpose.UNSUBSCRIBE, TOKEN)
    padded = base64.urlsafe_b64encode(base64.urlsafe_b64decode(text)).decode()

    assert padded == text
    for spelling in (text + "=", text + "\n", text.replace("-", "+").replace("_", "/") + " "):
        with pytest.raises(TokenError):
            read_token([NEW], Purpose.UNSUBSCRIBE, spelling)


def test_a_message_id_is_the_same_for_every_try_and_differs_between_deliveries() -> None:
    first = message_id(NEW, mailing_id=1, delivery_id=2, domain="example.com")

    assert first == message_id(NEW, mailing_id=1, delivery_id=2, domain="example.com")
    others = {
        message_id(NEW, mailing_id=2, delivery_id=1, domain="example.com"),
        message_id(NEW, mailing_id=12, delivery_id=2, domain="example.com"),
        message_id(OLD, mailing_id=1, delivery_id=2, domain="example.com"),
    }
    assert first not in others
    assert len(others) == 3


@pytest.mark.parametrize(
    ("purpose", "signature"),
    [
        (Purpose.UNSUBSCRIBE, "C5crW93V72PeyshFV3LpvV"),
        (Purpose.PREFERENCES, "CUNfXIYS2RGrPc_muKwAau"),
        (Purpose.VIEW, "DONT8F83-YiAT8JACOFExF"),
    ],
)
def test_links_of_mails_that_have_left_stay_good(purpose: Purpose, signature: str) -> None:
    assert make_token([NEW], purpose, TOKEN) == f"-wABAgMEBQYHCAkKCwwNDg8BEX{signature}"


def test_a_message_id_of_a_mail_that_has_left_is_found_again() -> None:
    made = message_id(NEW, mailing_id=12, delivery_id=345, domain="example.com")
    assert made == "4zcraw2gjdmsf7cr7mzgyv3ngp@example.com"


@given(st.integers(1, 2**40), st.integers(1, 2**59))
def test_a_bounce_token_names_its_delivery_and_survives_a_change_of_case(mailing_id: int, delivery_id: int) -> None:
    text = bounce_token(OLD, mailing_id=mailing_id, delivery_id=delivery_id)
    assert len(text) <= 47
    for said in (text, text.upper()):
        assert delivery_of(said) == delivery_id
        assert is_bounce_token([NEW, OLD], said, mailing_id=mailing_id, delivery_id=delivery_id)
    assert not is_bounce_token([NEW], text, mailing_id=mailing_id, delivery_id=delivery_id)
    assert not is_bounce_token([OLD], text, mailing_id=mailing_id + 1, delivery_id=delivery_id)
    assert not is_bounce_token([OLD], text, mailing_id=mailing_id, delivery_id=delivery_id + 1)


@given(st.integers(0, 38), st.characters(codec="ascii"))
def test_a_bounce_token_with_any_other_character_is_refused(place: int, character: str) -> None:
    text = bounce_token(OLD, mailing_id=12, delivery_id=1_000_000)
    altered = text[:place] + character + text[place + 1 :]
    if altered.lower() != text:
        number = delivery_of(altered)
        assert number is None or not is_bounce_token([OLD], altered, mailing_id=12, delivery_id=number)


@pytest.mark.parametrize("text", ["", "0" * 32, "0" * 33, "g" * 34, "0" * 32 + "f" * 16, "٣" * 34, "0" * 5_000])
def test_what_names_no_delivery_is_no_bounce_token(text: str) -> None:
    assert delivery_of(text) is None


def test_a_message_id_is_known_by_any_of_our_keys() -> None:
    ours = message_id(OLD, mailing_id=12, delivery_id=7, domain="example.com").partition("@")[0]
    assert is_message_id([NEW, OLD], ours, mailing_id=12, delivery_id=7)
    assert not is_message_id([NEW], ours, mailing_id=12, delivery_id=7)
    assert not is_message_id([OLD], ours, mailing_id=12, delivery_id=8)
    assert not is_message_id([OLD], "", mailing_id=12, delivery_id=7)
