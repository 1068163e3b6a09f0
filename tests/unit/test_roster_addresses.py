"""The short cut for plain addresses says what the library says, to the letter."""

from collections.abc import Callable

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from newsletter.fields import MailAddress
from newsletter.roster import addresses
from newsletter.roster.addresses import mail_address

_LIBRARY: TypeAdapter[str] = TypeAdapter(MailAddress)

PIECES = st.text(st.sampled_from("aZ0"), min_size=1, max_size=12)
PLAIN_LOCALS = st.lists(PIECES, min_size=1, max_size=4).map("+".join) | st.sampled_from(
    [spell(name) for name in CASE_INSENSITIVE_MAILBOX_NAMES for spell in (str.upper, str.title, str)]
)
ODD_LOCALS = st.text(st.sampled_from("abZ019._+-' \\é\u200b\r\n"), max_size=70)
LABELS = st.text(st.sampled_from("aZ0-"), min_size=1, max_size=66) | st.sampled_from(["xn--fiqs8s", "ab--c", "XN--a"])
PLAIN_DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ODD_DOMAINS = st.sampled_from(
    [
        *("example.com", "EXAMPLE.com", "中国.example", "-a.com", "a-.com", "a..com", "localhost", "", "a@b.com"),
        *("[127.0.0.1]", " a.com ", "example.com\n", "example.c0m", "example.1", "ＥＸＡＭＰＬＥ.com", "a。com"),
        *(name for name in SPECIAL_USE_DOMAIN_NAMES),
        *(f"a.{name.upper()}" for name in SPECIAL_USE_DOMAIN_NAMES),
        *(f"a.x{name}" for name in SPECIAL_USE_DOMAIN_NAMES),
    ]
) | st.text(st.sampled_from("aZ0.-中"), max_size=70)


def said(way: Callable[[str], str], address: str) -> str | None:
    try:
        return way(address)
    except ValidationError:
        return None


@settings(max_examples=1_500, deadline=None)
@given(PLAIN_LOCALS | ODD_LOCALS, PLAIN_DOMAINS | ODD_DOMAINS)
@example("a" * 64, "example.com")
@example("a" * 65, "example.com")
@example("a", "b" * 63 + ".com")
@example("a", "b" * 64 + ".com")
@example("a", "example.com" + ".a" * 120)
@example("Info", "example.com")
def test_the_short_cut_says_what_the_library_says(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert said(mail_address, address) == said(_LIBRARY.validate_python, address)


def test_plain_addresses_take_the_short_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_ADDRESS", None)
    assert mail_address("Mei.Chen+news@Mail.Example.COM") == "Mei.Chen+news@mail.example.com"
    assert mail_address("INFO@example.com") == "info@example.com"
