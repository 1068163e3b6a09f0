"""DKIM signatures, judged by dkimpy."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from newsletter.edition import Field, Links
from newsletter.message import prebuild
from tests.builders import a_letterhead, a_recipient, an_edition
from tests.dkim_keys import a_signer, verifies
from tests.unit.test_message import values


def signed(message: bytes) -> bytes:
    return a_signer()(message) + message


def a_message(links: Links = Links.WEB) -> bytes:
    return prebuild(an_edition(letterhead=a_letterhead(links=links))).fill(a_recipient(in_reply_to=("a@b.example",)))


@settings(max_examples=60, deadline=None)
@given(values, values, values.filter(str.strip))
def test_whatever_a_reader_is_called_and_told_the_signature_holds(name: str, value: str, subject: str) -> None:
    told = dict(a_recipient().values) | {Field.GREETING: value, Field.SINCE: value}
    message = prebuild(an_edition(subject=subject)).fill(a_recipient(name=name, values=told))

    assert verifies(signed(message))


def before(header: bytes) -> Callable[[bytes], bytes]:
    return lambda message: header + b"\r\n" + message


def after_the_others(header: bytes) -> Callable[[bytes], bytes]:
    return lambda message: message.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n", 1)


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(message: bytes) -> bytes:
        assert old in message
        return message.replace(old, new, 1)

    return change


_SPY = b"Spy <spy@example.org>"
_OUT = b"<https://spy.example.org/u>"
TAMPERED = {
    "a second From in front": before(b"From: " + _SPY),
    "a second From behind": after_the_others(b"From: " + _SPY),
    "a second To": before(b"To: " + _SPY),
    "a second Subject": before(b"Subject: Pay now"),
    "a second Reply-To": before(b"Reply-To: " + _SPY),
    "a second Content-Type": before(b"Content-Type: text/plain"),
    "a second List-Unsubscribe in front": before(b"List-Unsubscribe: " + _OUT),
    "a second List-Unsubscribe behind": after_the_others(b"List-Unsubscribe: " + _OUT),
    "a second List-Unsubscribe-Post": before(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
    "another From": replaced(b"From: Harbour Advisers", b"From: Harbour Adviser"),
    "another To": replaced(b"\r\nTo: Chen Mei", b"\r\nTo: Chen Mai"),
    "another Subject": replaced(b"Subject: Harbour", b"Subject: Arbour"),
    "another Date": replaced(b"Date: Tue, 09", b"Date: Tue, 02"),
    "another Message-ID": replaced(b"Message-ID: <id1@", b"Message-ID: <id2@"),
    "another Reply-To": replaced(b"Reply-To: advisers@", b"Reply-To: adviser@"),
    "another way out": replaced(b"/u/token1>", b"/u/token2>"),
    "no List-Unsubscribe-Post": replaced(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    "another In-Reply-To": replaced(b"In-Reply-To: <a@", b"In-Reply-To: <b@"),
    "another boundary": replaced(b'boundary="=_', b'boundary="=-'),
    "a letter of the body": replaced(b"Top Stories", b"Top stories"),
    "a blank of the body": replaced(b"Top Stories", b"Top  Stories"),
    "more body": lambda message: message + b"<p>Pay now</p>\r\n",
    "less body": lambda message: message[:-3] + b"\r\n",
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_what_was_tampered_with_does_not_verify(change: Callable[[bytes], bytes]) -> None:
    message = signed(a_message())

    assert verifies(message)
    assert not verifies(change(message))


def test_a_promise_of_one_click_cannot_be_added_where_there_is_none() -> None:
    message = signed(a_message(Links.MAILBOX))

    assert b"\r\nList-Unsubscribe-Post" not in message
    assert verifies(message)
    assert not verifies(before(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click")(message))


HARMLESS = {
    "Received on the way": before(b"Received: from here by there; Tue, 9 Jun 2026 22:00:00 +0000"),
    "folded anew": replaced(b"From: Harbour Advisers", b"From:\r\n\tHarbour   Advisers"),
    "another spelling of a name": replaced(b"Message-ID:", b"Message-Id:"),
    "empty lines at the end": lambda message: message + b"\r\n\r\n",
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_servers_do_on_the_way_leaves_it_valid(change: Callable[[bytes], bytes]) -> None:
    assert verifies(change(signed(a_message())))


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n", b"text", b"text\r\n", b"text\r\n\r\n\r\n", b" \r\n"])
def test_any_end_of_a_body_is_read_as_the_standard_does(body: bytes) -> None:
    assert verifies(signed(b"From: a@example.com\r\nSubject:  two \t words \r\n\r\n" + body))


def test_headers_of_one_name_are_signed_from_the_last_one_up() -> None:
    message = signed(b"From: a@example.com\r\nX-Step: one\r\nX-Step: two\r\n\r\ntext\r\n")

    assert verifies(message)
    assert not verifies(message.replace(b"X-Step: one\r\nX-Step: two", b"X-Step: two\r\nX-Step: one"))


def test_the_signature_is_the_same_every_time_and_tells_no_time_and_no_length() -> None:
    header = a_signer()(a_message())

    assert header == a_signer()(a_message())
    tags = dict(tag.strip().split("=", 1) for tag in header.decode().partition(":")[2].split(";"))
    assert (tags["a"], tags["c"], tags["d"], tags["s"]) == ("rsa-sha256", "relaxed/simple", "example.com", "n1")
    assert tags.keys() == {"v", "a", "c", "d", "s", "h", "bh", "b"}
    names = re.sub(r"\s", "", tags["h"]).split(":")
    assert [names.count(name) for name in ("from", "list-unsubscribe", "list-unsubscribe-post")] == [2, 2, 2]


def test_its_lines_are_as_short_as_those_of_other_headers() -> None:
    header = a_signer()(a_message())

    assert header.endswith(b"\r\n")
    first, *others = header.removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= 78 for line in [first, *others])
    assert all(line.startswith(b" ") and line.strip() for line in others)
