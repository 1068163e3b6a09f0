"""The SendGrid transport against a server that keeps the rules of mail/send."""

import logging
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition, Field, Part, slot
from newsletter.errors import PermanentError, SettingsError, TransientError
from newsletter.issue import Sender
from newsletter.message import Letter
from newsletter.providers.sendgrid import SendGridTransport
from tests.builders import SOURCE, a_letterhead, a_recipient, an_edition
from tests.fakes.sendgrid import (
    DROP_IN_THE_MIDDLE,
    HANG,
    RESET_AFTER_TAKING,
    RESET_BEFORE_TAKING,
    FakeSendGrid,
    Script,
    fake_sendgrid,
)
from tests.smtpd import free_port

KEY = "SG.right"


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    with fake_sendgrid(KEY) as running:
        yield running


def send(fake: FakeSendGrid, *recipients: Recipient, key: str = KEY, **options: Any) -> list[Receipt]:
    with SendGridTransport(key, url=fake.url, **{"timeout": 5, **options}) as transport:
        return handed(transport, *recipients)


def handed(transport: SendGridTransport, *recipients: Recipient, edition: Edition | None = None) -> list[Receipt]:
    letters = [Letter(edition or an_edition(), recipient) for recipient in recipients]
    return [receipt for some in transport.send(iter(letters), unheard) for receipt in some]


def unheard(ids: Sequence[int]) -> None:
    """For tests in which nobody asks who was at risk."""


def readers(count: int) -> list[Recipient]:
    return [a_recipient(number) for number in range(1, count + 1)]


def outcomes(receipts: list[Receipt]) -> dict[int, Outcome]:
    return {receipt.delivery_id: receipt.outcome for receipt in receipts}


def with_value(number: int, value: str) -> Recipient:
    return a_recipient(number, values=dict(a_recipient(number).values) | {Field.GREETING: value})


def test_a_hundred_readers_are_one_request_and_a_receipt_each(fake: FakeSendGrid) -> None:
    receipts = send(fake, *readers(100))
    assert outcomes(receipts) == dict.fromkeys(range(1, 101), Outcome.ACCEPTED)
    assert {receipt.provider_id for receipt in receipts} == {"fake-1"}
    assert len(fake.requests) == 1
    assert [found.address for found in fake.delivered] == [f"reader{number}@example.com" for number in range(1, 101)]


def test_each_reader_gets_their_own_links_and_our_delivery_id(fake: FakeSendGrid) -> None:
    send(fake, *readers(2))
    second = fake.delivered[1]
    assert second.custom_args == {"delivery": "2", "message": "id2"}
    assert second.headers["List-Unsubscribe"] == (
        "<https://news.example.com/u/token2>, <mailto:leave@example.com?subject=unsubscribe%20token2>"
    )
    assert second.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert second.headers["Message-ID"] == "<id2@example.com>"
    assert "https://news.example.com/u/token2" in second.html
    assert "https://news.example.com/u/token2" in second.text
    assert SOURCE not in second.html + second.text


def test_the_request_holds_what_is_the_same_for_all_once_and_no_tracking(fake: FakeSendGrid) -> None:
    send(fake, *readers(3))
    (request,) = fake.requests
    assert request["from"] == {"email": "brief@example.com", "name": "Harbour Advisers"}
    assert request["reply_to"] == {"email": "advisers@example.com"}
    assert [part["type"] for part in request["content"]] == ["text/plain", "text/html"]
    assert request["headers"]["List-Id"] == "Harbour Brief <harbour-brief.example.com>"
    assert set(request["headers"]) == {
        "List-Id", "Feedback-ID", "Precedence", "X-Auto-Response-Suppress", "Content-Language",
    }  # fmt: skip
    tracking = request["tracking_settings"]
    assert {"click_tracking", "open_tracking", "subscription_tracking"} <= set(tracking)
    assert not any(value for settings in tracking.values() for value in settings.values())
    assert "asm" not in request


def test_no_address_and_no_name_stands_in_what_sendgrid_keeps(fake: FakeSendGrid) -> None:
    send(fake, *readers(1))
    assert fake.requests[0]["personalizations"][0]["custom_args"] == {"delivery": "1", "message": "id1"}
    assert "categories" not in fake.requests[0]


def test_one_address_twice_becomes_two_requests(fake: FakeSendGrid) -> None:
    receipts = send(fake, a_recipient(1), a_recipient(2), a_recipient(3, address="READER1@example.com"))
    assert outcomes(receipts) == dict.fromkeys((1, 2, 3), Outcome.ACCEPTED)
    assert [len(request["personalizations"]) for request in fake.requests] == [2, 1]


def test_a_reader_with_too_many_values_is_refused_and_the_others_go_on(fake: FakeSendGrid) -> None:
    receipts = send(fake, a_recipient(1), with_value(2, "九" * 2_000), a_recipient(3))
    assert outcomes(receipts) == {1: Outcome.ACCEPTED, 2: Outcome.REFUSED, 3: Outcome.ACCEPTED}
    refusal = next(receipt for receipt in receipts if receipt.delivery_id == 2)
    assert "SendGrid takes 10,000 a reader" in refusal.detail


def test_a_value_that_holds_a_slot_is_refused_and_never_filled(fake: FakeSendGrid) -> None:
    token = slot(SOURCE, Part.TEXT, Field.UNSUBSCRIBE_URL)
    receipts = send(fake, with_value(1, f"Dear {token},"))
    assert outcomes(receipts) == {1: Outcome.REFUSED}
    assert fake.requests == []


def test_a_name_with_a_comma_is_one_name(fake: FakeSendGrid) -> None:
    send(fake, a_recipient(1, name='Chen, "Mei"'), a_recipient(2, name=""))
    to = [person["to"] for person in fake.requests[0]["personalizations"]]
    assert to[0] == [{"email": "reader1@example.com", "name": '"Chen, \\"Mei\\""'}]
    assert to[1] == [{"email": "reader2@example.com"}]


def test_a_title_beyond_ascii_is_encoded_in_one_line(fake: FakeSendGrid) -> None:
    letterhead = a_letterhead(title="中国人工智能每日简报" * 6, sender=Sender(name="陈", address="brief@example.com"))
    with SendGridTransport(KEY, url=fake.url) as transport:
        (receipt,) = handed(transport, a_recipient(), edition=an_edition(letterhead=letterhead))
    assert receipt.outcome is Outcome.ACCEPTED
    assert fake.requests[0]["headers"]["List-Id"].startswith("=?utf-8?b?")


@pytest.mark.parametrize(
    "script", [HANG, RESET_AFTER_TAKING, RESET_BEFORE_TAKING, DROP_IN_THE_MIDDLE, Script(500), Script(503), Script(502)]
)
def test_a_lost_answer_leaves_the_whole_batch_unknown_and_is_not_repeated(
    fake: FakeSendGrid, script: Script | str
) -> None:
    fake.scripts.append(script)
    receipts = send(fake, *readers(3), timeout=0.2 if script == HANG else 5)
    assert outcomes(receipts) == dict.fromkeys((1, 2, 3), Outcome.UNKNOWN)
    assert all(receipt.detail.startswith("handed over, but") for receipt in receipts)
    assert len(fake.delivered) in {0, 3}
    assert not fake.scripts


def test_an_answer_other_than_202_is_not_taken_for_one(fake: FakeSendGrid) -> None:
    fake.scripts.append(Script(200))
    assert outcomes(send(fake, a_recipient())) == {1: Outcome.UNKNOWN}


def test_a_wrong_key_is_told_and_never_shown(fake: FakeSendGrid) -> None:
    with pytest.raises(PermanentError, match=r"401.*check SENDGRID_API_KEY") as caught:
        send(fake, *readers(2), key="SG.wrong-and-secret")
    assert "secret" not in str(caught.value)
    assert fake.delivered == []


@pytest.mark.parametrize(("status", "fix"), [(403, "Mail Send"), (404, "NEWSLETTER_SENDGRID_URL"), (415, "URL")])
def test_a_no_to_the_whole_request_says_what_to_do(fake: FakeSendGrid, status: int, fix: str) -> None:
    fake.scripts.append(Script(status, message="access forbidden for reader1@example.com"))
    with pytest.raises(PermanentError, match=fix) as caught:
        send(fake, a_recipient())
    assert f"{status} access forbidden for (address)" in str(caught.value)


def test_a_redirect_is_not_followed_with_the_mail(fake: FakeSendGrid) -> None:
    fake.scripts.append(Script(307, {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(PermanentError, match="leads elsewhere"):
        send(fake, a_recipient())


@pytest.mark.parametrize(
    ("name", "seconds", "is_a_date", "least", "most"),
    [
        ("Retry-After", 7, False, 7, 7),
        ("X-RateLimit-Reset", 400, True, 100, 400),
        ("X-RateLimit-Reset", -40, True, 1, 1),
        ("X-RateLimit-Reset", 12, False, 12, 12),
    ],
)
def test_too_many_requests_says_when_to_come_back(
    fake: FakeSendGrid, name: str, seconds: int, is_a_date: bool, least: float, most: float
) -> None:
    fake.scripts.append(Script(429, {name: str(seconds + int(time.time()) if is_a_date else seconds)}))
    with pytest.raises(TransientError) as caught:
        send(fake, a_recipient())
    assert caught.value.retry_after is not None
    assert least <= caught.value.retry_after <= most


def test_too_many_requests_without_a_time_leaves_it_to_the_sender(fake: FakeSendGrid) -> None:
    fake.scripts.append(Script(429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    with pytest.raises(TransientError) as caught:
        send(fake, a_recipient())
    assert caught.value.retry_after is None


def test_a_reader_whom_sendgrid_names_is_refused_and_the_rest_go_out(fake: FakeSendGrid) -> None:
    receipts = send(fake, a_recipient(1), a_recipient(2, address="x@localhost"), a_recipient(3), a_recipient(4))
    assert outcomes(receipts) == {
        1: Outcome.ACCEPTED, 2: Outcome.REFUSED, 3: Outcome.ACCEPTED, 4: Outcome.ACCEPTED,
    }  # fmt: skip
    assert len(fake.requests) == 2
    assert [found.address[:7] for found in fake.delivered] == ["reader1", "reader3", "reader4"]


def test_a_bad_request_that_names_nobody_stops_the_batch(fake: FakeSendGrid) -> None:
    fake.scripts.append(Script(400, message="The from object must be provided", place="from.email"))
    with pytest.raises(PermanentError, match="400 The from object must be provided"):
        send(fake, *readers(2))


def test_a_number_that_is_none_of_ours_is_believed_of_nobody(fake: FakeSendGrid) -> None:
    fake.scripts.append(Script(400, place="personalizations.7.to"))
    with pytest.raises(PermanentError):
        send(fake, *readers(2))


def test_a_request_that_is_too_large_is_halved_until_it_fits(fake: FakeSendGrid) -> None:
    fake.largest_request = 6_000
    receipts = send(fake, *readers(9))
    assert outcomes(receipts) == dict.fromkeys(range(1, 10), Outcome.ACCEPTED)
    assert len(fake.requests) > 2
    assert sorted(found.address for found in fake.delivered) == [
        f"reader{number}@example.com" for number in range(1, 10)
    ]


def test_a_mail_that_is_too_large_for_one_reader_is_refused(fake: FakeSendGrid) -> None:
    fake.largest_request = 100
    receipts = send(fake, *readers(3))
    assert outcomes(receipts) == dict.fromkeys((1, 2, 3), Outcome.REFUSED)
    assert fake.delivered == []


def test_receipts_given_before_an_error_stand(fake: FakeSendGrid) -> None:
    twice = [a_recipient(1), a_recipient(2, address="reader1@example.com")]
    with SendGridTransport(KEY, url=fake.url) as transport:
        receipts = transport.send(iter([Letter(an_edition(), recipient) for recipient in twice]), unheard)
        assert [receipt.outcome for receipt in next(some for some in receipts if some)] == [Outcome.ACCEPTED]
        fake.scripts.append(Script(429))
        with pytest.raises(TransientError):
            list(receipts)
    assert len(fake.delivered) == 1


def test_a_server_that_is_down_took_nothing() -> None:
    with pytest.raises(TransientError, match="cannot be reached: Connection refused"):
        send(FakeSendGrid(KEY, f"http://127.0.0.1:{free_port()}"), a_recipient())


def test_silence_while_connecting_is_not_silence_after_the_hand_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        secure = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(TransientError, match=r"cannot be reached: .*timed out"):
            send(FakeSendGrid(KEY, secure), a_recipient(), timeout=0.1)
        plain = secure.replace("https", "http")
        assert outcomes(send(FakeSendGrid(KEY, plain), a_recipient(), timeout=0.1)) == {1: Outcome.UNKNOWN}


@pytest.mark.parametrize("key", ["", "SG.secret with space", "SG.secret\r\nX: y", "SG.secret–dash"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        SendGridTransport(key)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://sendgrid.example.com", "sendgrid.example.com", "https://", ""])
def test_the_key_is_sent_over_https_only(url: str) -> None:
    with pytest.raises(SettingsError, match="NEWSLETTER_SENDGRID_URL"):
        SendGridTransport(KEY, url=url)


def test_neither_key_nor_addresses_reach_the_log(fake: FakeSendGrid, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        send(fake, a_recipient())
    assert "reader1" not in caplog.text
    assert KEY not in caplog.text
    assert KEY not in repr(vars(SendGridTransport(KEY)))


def test_a_line_break_in_a_subject_is_not_handed_over(fake: FakeSendGrid) -> None:
    with SendGridTransport(KEY, url=fake.url) as transport, pytest.raises(PermanentError, match="subject"):
        handed(transport, a_recipient(), edition=replace(an_edition(), subject="a\nBcc: b"))
    assert fake.requests == []
