"""The bytes of a mail: read back by Python's own parser, which shares no code with what wrote them."""

import email
import email.policy
import html
import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.delivery import Recipient
from newsletter.edition import Edition, Field, Links, Part, slot
from newsletter.errors import PermanentError
from newsletter.issue import Sender
from newsletter.message import RefusedValueError, prebuild, unsubscribe_headers
from tests.builders import SOURCE, a_letterhead, a_recipient, an_edition

#: everything that some program takes for the end of a line, alone and dressed up as a header
BREAKS = [
    "\n",
    "\r",
    "\r\n",
    "\n\r",
    "\v",
    "\f",
    "\x00",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\x7f",
    "\x1b",
]
ATTACKS = [before + mark + after for mark in BREAKS for before, after in (("x", ""), ("", "Bcc: spy@example.org"))] + [
    "a\r\n b", "a\r\n\tb", "a\r\n\r\n<p>body", "a\n.\r\nMAIL FROM:<x>", "\r\n", "a\r\n--=_0", "a\x00\r\nTo: b",
    "=?utf-8?q?x?=\r\nBcc: spy@example.org", "a\u2028Bcc: spy@example.org", "a%\r\nb",
]  # fmt: skip

#: one line each, with what encoders trip over: four-byte characters, `=`, dots, quotes, long words
values = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), st.sampled_from("=.\"'<>&,;@?_ -\\é九😀\u3000")
    ),
    max_size=120,
)


def parsed(message: bytes) -> EmailMessage:
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def parts(message: bytes) -> tuple[str, str]:
    """Text and HTML as a mail program shows them."""
    text, formatted = parsed(message).iter_parts()
    return text.get_content().replace("\r\n", "\n"), formatted.get_content().replace("\r\n", "\n")


def filled(edition: Edition, recipient: Recipient) -> tuple[str, str]:
    """The same without any mail: slots replaced in the edition."""
    text, formatted = edition.text, edition.html
    for field in Field:
        value = recipient.values[field]
        text = text.replace(slot(SOURCE, Part.TEXT, field), value)
        formatted = formatted.replace(slot(SOURCE, Part.HTML, field), html.escape(value))
    return text, formatted


def altered(thing: Any, **details: Any) -> Any:
    """A copy with details that its own types would not allow."""
    return replace(thing, **details)


def with_value(value: str) -> Recipient:
    return a_recipient(values=dict(a_recipient().values) | {Field.GREETING: value, Field.SINCE: value})


@settings(max_examples=250)
@given(values)
def test_any_value_is_read_back_as_it_was_in_both_parts(value: str) -> None:
    edition, recipient = an_edition(), with_value(value)
    assert parts(prebuild(edition).fill(recipient)) == filled(edition, recipient)


@settings(max_examples=200)
@given(values, values)
def test_any_text_around_a_slot_is_read_back_as_it_was(before: str, after: str) -> None:
    token = slot(SOURCE, Part.TEXT, Field.SINCE)
    edition = replace(an_edition(), text=f"{before}\n.{before}{token}{after}{token}\n{after}\n", html=before + after)
    text, formatted = parts(prebuild(edition).fill(a_recipient()))
    assert text == edition.text.replace(token, " (since 1 March 2026)")
    assert formatted == before + after


@settings(max_examples=200)
@given(values)
def test_any_name_stands_in_the_to_header_and_adds_no_address(name: str) -> None:
    message = prebuild(an_edition()).fill(a_recipient(name=name))
    assert [found.addr_spec for found in parsed(message)["To"].addresses] == ["reader1@example.com"]
    # Python 3.11 puts a space between the encoded words of a phrase; its older parser does not.
    ((shown, _),) = getaddresses([email.message_from_bytes(message)["To"]])
    assert str(make_header(decode_header(shown))) == " ".join(name.split())


@settings(max_examples=200)
@given(values.filter(str.strip))
@example(" 0")
@example("0 ")
def test_any_subject_is_read_back_as_it_was(subject: str) -> None:
    message = prebuild(replace(an_edition(), subject=subject)).fill(a_recipient())
    assert str(parsed(message)["Subject"]) == subject


@settings(max_examples=50)
@given(values, values)
def test_lines_are_short_and_end_in_crlf_whatever_stands_in_them(name: str, value: str) -> None:
    recipient = replace(with_value(value), name=name)
    lines = prebuild(an_edition()).fill(recipient).split(b"\r\n")
    assert max(len(line) for line in lines) <= 78
    assert not any(b"\r" in line or b"\n" in line for line in lines)


def test_encoded_lines_stay_within_76_characters_at_every_width() -> None:
    token = slot(SOURCE, Part.TEXT, Field.SINCE)
    for width in range(60, 90):
        edition = replace(an_edition(), text=f"{'x' * width}{token}{'y' * width}{token}\n")
        message = prebuild(edition).fill(with_value("z" * width))
        body = message.partition(b"quoted-printable\r\n\r\n")[2]
        assert max(len(line) for line in body.split(b"\r\n")) <= 76


@pytest.mark.parametrize("text", ["=?utf-8?q?x?=", "a =?utf-8?b?QQ==?= b", "=?utf-8?q?x?= =?utf-8?q?y?="])
def test_what_looks_like_an_encoded_word_is_printed_as_it_is(text: str) -> None:
    edition = replace(an_edition(), subject=text)
    message = email.message_from_bytes(prebuild(edition).fill(a_recipient(name=text)))
    ((shown, _),) = getaddresses([message["To"]])
    assert str(make_header(decode_header(shown))) == text
    assert str(make_header(decode_header(message["Subject"]))) == text


@pytest.mark.parametrize("where", ["name", "address", "message_id", *Field])
def test_a_line_break_in_a_readers_value_refuses_the_reader(where: str) -> None:
    for attack in ATTACKS:
        recipient = a_recipient()
        is_merge_value = where in set(Field)
        value = dict(recipient.values) | {where: attack} if is_merge_value else attack
        recipient = altered(recipient, **{"values" if is_merge_value else where: value})
        with pytest.raises(RefusedValueError) as caught:
            prebuild(an_edition()).fill(recipient)
        assert "\n" not in str(caught.value)
        assert "spy@" not in str(caught.value)


@pytest.mark.parametrize("where", ["title", "reply_to", "list_id", "slug", "language", "sender"])
def test_a_line_break_in_a_letterhead_stops_the_edition(where: str) -> None:
    for attack in ATTACKS:
        value = Sender.model_construct(name=attack, address="brief@example.com") if where == "sender" else attack
        edition = replace(an_edition(), letterhead=altered(a_letterhead(), **{where: value}))
        with pytest.raises(PermanentError):
            prebuild(edition)


def test_a_line_break_in_a_subject_stops_the_edition() -> None:
    for attack in ATTACKS:
        with pytest.raises(PermanentError, match="subject holds a line break"):
            prebuild(replace(an_edition(), subject=attack))


@pytest.mark.parametrize(
    "address",
    ["", "x", "@example.com", "a@", "a b@example.com", "<a@example.com>", "a@example.com, b@example.com",
     '"a"@example.com', "a@example.com>", "a@b@example.com", "a:b@example.com", "a" * 65 + "@example.com"],
)  # fmt: skip
def test_an_address_that_could_be_read_as_two_is_refused(address: str) -> None:
    with pytest.raises(RefusedValueError, match="not a mail address"):
        prebuild(an_edition()).fill(a_recipient(address=address))


def test_braces_and_slots_in_a_value_are_printed_as_they_are() -> None:
    token = slot(SOURCE, Part.TEXT, Field.SINCE)
    text, formatted = parts(prebuild(an_edition()).fill(with_value("{{ 7*7 }} " + token)))
    assert text.count("{{ 7*7 }} " + token) == 2
    assert "{{ 7*7 }} " + token in formatted


def test_a_value_is_escaped_in_html_and_raw_in_text() -> None:
    text, formatted = parts(prebuild(an_edition()).fill(with_value("""<b>"O'Neil" & co</b>""")))
    assert """greeting: <b>"O'Neil" & co</b>""" in text
    assert "greeting: &lt;b&gt;&quot;O&#x27;Neil&quot; &amp; co&lt;/b&gt;" in formatted
    assert "<b>" not in formatted


def test_the_headers_are_those_that_inbox_providers_want() -> None:
    message = parsed(prebuild(an_edition()).fill(a_recipient()))
    assert dict(message.items()) == {
        "From": "Harbour Advisers <brief@example.com>",
        "To": "Chen Mei <reader1@example.com>",
        "Reply-To": "advisers@example.com",
        "Subject": "Harbour: Harbour City funds a computing grid",
        "Date": "Tue, 09 Jun 2026 22:00:00 +0000",
        "Message-ID": "<id1@example.com>",
        "MIME-Version": "1.0",
        "List-Unsubscribe": (
            "<https://news.example.com/u/token1>, <mailto:leave@example.com?subject=unsubscribe%20token1>"
        ),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "Harbour Brief <harbour-brief.example.com>",
        "Feedback-ID": message["Feedback-ID"],
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Content-Language": "en",
        "Content-Type": message["Content-Type"],
    }
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_the_feedback_id_has_four_fields_and_a_sender_that_stays() -> None:
    one, other = (
        prebuild(an_edition(letterhead=a_letterhead(slug=slug))).fill(a_recipient()) for slug in ("first", "second")
    )
    fields, others = (str(parsed(message)["Feedback-ID"]).split(":") for message in (one, other))
    assert len(fields) == 4
    assert 5 <= len(fields[-1]) <= 15
    assert fields[-1] == others[-1]
    assert fields[0] != others[0]


def test_unsubscribe_links_are_folded_after_the_comma_and_never_encoded() -> None:
    long = "https://news.example.com/u/" + "x" * 300
    recipient = a_recipient(values=dict(a_recipient().values) | {Field.UNSUBSCRIBE_URL: long})
    message = prebuild(an_edition()).fill(recipient)
    assert b"List-Unsubscribe: <" + long.encode() + b">,\r\n <mailto:leave@" in message


@pytest.mark.parametrize(
    ("link", "written"),
    [
        ("https://news.example.com/u?a=1,2", "https://news.example.com/u?a=1%2C2"),
        ("https://news.example.com/é", "https://news.example.com/%C3%A9"),
        ("https://news.example.com/a b>c%20", "https://news.example.com/a%20b%3Ec%20"),
    ],
)
def test_a_link_that_would_end_early_is_percent_encoded(link: str, written: str) -> None:
    recipient = a_recipient(values={Field.UNSUBSCRIBE_URL: link})
    assert unsubscribe_headers(a_letterhead(), recipient)["List-Unsubscribe"] == f"<{written}>"


def test_one_click_is_promised_only_with_a_secure_page() -> None:
    plain = a_recipient(values={Field.UNSUBSCRIBE_URL: "http://127.0.0.1:8000/u/x"})
    assert "List-Unsubscribe-Post" not in unsubscribe_headers(a_letterhead(), plain)


def test_without_a_web_face_only_the_mailbox_is_named() -> None:
    message = parsed(prebuild(an_edition(letterhead=a_letterhead(links=Links.MAILBOX))).fill(a_recipient()))
    assert message["List-Unsubscribe"] == "<mailto:leave@example.com?subject=unsubscribe%20token1>"
    assert message["List-Unsubscribe-Post"] is None


def test_a_mail_without_any_way_out_is_refused() -> None:
    with pytest.raises(RefusedValueError, match="no link and no mailbox"):
        unsubscribe_headers(a_letterhead(links=Links.MAILBOX), a_recipient(values={}))


def test_a_slot_without_a_value_refuses_the_reader() -> None:
    values = {name: value for name, value in a_recipient().values.items() if name != Field.VIEW_URL}
    with pytest.raises(RefusedValueError, match="no value for the slot view"):
        prebuild(an_edition()).fill(a_recipient(values=values))


def test_encoded_words_are_at_most_75_characters() -> None:
    edition = replace(an_edition(), subject="九款芯片通过审查" * 30)
    message = prebuild(edition).fill(a_recipient(name="😀陈" * 60))
    words = re.findall(rb"=\?utf-8\?b\?[^?]*\?=", message)
    assert len(words) > 20
    assert max(len(word) for word in words) <= 75


def test_a_long_ascii_subject_is_folded_and_not_encoded() -> None:
    edition = replace(an_edition(), subject="What the draft rules ask of providers " * 5 + "now")
    message = prebuild(edition).fill(a_recipient())
    assert b"Subject: What the draft rules ask of providers What the draft rules ask\r\n of" in message


def test_an_address_beyond_ascii_stands_in_utf8() -> None:
    message = prebuild(an_edition()).fill(a_recipient(address="用户@example.com", name=""))
    assert "To: 用户@example.com\r\n".encode() in message


def test_the_same_edition_and_reader_give_the_same_bytes() -> None:
    prebuild.cache_clear()
    once = prebuild(an_edition()).fill(a_recipient())
    prebuild.cache_clear()
    assert prebuild(an_edition()).fill(a_recipient()) == once


def test_no_boundary_can_stand_in_a_part() -> None:
    boundary = parsed(prebuild(an_edition()).fill(a_recipient())).get_boundary()
    assert boundary
    text, formatted = parts(prebuild(an_edition()).fill(with_value(f"--{boundary}--")))
    assert f"--{boundary}--" in text
    assert f"--{boundary}--" in formatted
