"""The result mail: what it says, and to whom."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.delivery import DeliveryState, Mailing, MailingStatus
from newsletter.mailing.telling import addressees, in_words, letters_of, subject_of, text_of
from newsletter.message import prebuild
from newsletter.report import Report
from tests.builders import NOW, a_letterhead


def a_report(counts: dict[DeliveryState, int], *, status: MailingStatus = MailingStatus.SENT, **details: Any) -> Report:
    mailing = Mailing(
        id=12,
        newsletter="harbour-brief",
        slug="harbour-2026-06-10",
        title="Harbour Brief",
        segment="china",
        status=status,
        content_hash="c",
        audience_hash="a",
        planned_at=NOW,
        planned_by="mei",
        started_at=NOW,
        finished_at=NOW + timedelta(minutes=3, seconds=12),
        pause_reason="look at SPF" if status is MailingStatus.PAUSED else None,
    )
    values: dict[str, Any] = {"skipped": {}, "unknown": (), "refused": (), "withdrawn": ()}
    return Report(mailing=mailing, deliveries=dict.fromkeys(DeliveryState, 0) | counts, **values | details)


MIXED = a_report(
    {
        DeliveryState.ACCEPTED: 117,
        DeliveryState.REFUSED: 1,
        DeliveryState.UNKNOWN: 1,
        DeliveryState.WITHDRAWN: 1,
    },
    unknown=(("mei.chen@example.com", 7, datetime(2026, 6, 10, 1, 31, tzinfo=UTC)),),
    refused=(("li@example.com", "550 5.1.1 no such mailbox"),),
    withdrawn=(("wang@example.com", "unsubscribed"),),
)


def test_it_counts_names_and_says_what_to_do() -> None:
    text = text_of(MIXED)

    assert "      117  accepted\n" in text
    assert "      120  planned in all" in text
    assert "It began on 2026-06-10 at 01:30 UTC and took 3 minutes 12 seconds." in text
    assert "Nobody is sure of (1)." in text
    assert "- mei.chen@example.com: since 2026-06-10 01:31 UTC" in text
    assert "    newsletter mailings resolve 12\n" in text
    assert "- li@example.com: 550 5.1.1 no such mailbox" in text
    assert "    newsletter mailings retry 12\n" in text
    assert "- wang@example.com: has unsubscribed from this newsletter" in text
    assert "It is paused" not in text


def test_when_all_went_well_there_is_nothing_to_do() -> None:
    well = a_report({DeliveryState.ACCEPTED: 3})

    assert subject_of(well) == "[Result] Harbour Brief, harbour-2026-06-10: all 3 accepted"
    assert "resolve" not in text_of(well)
    assert "retry" not in text_of(well)


@pytest.mark.parametrize(
    ("report", "subject"),
    [
        (MIXED, "117 of 120 accepted, 1 refused, 1 unknown, 1 withdrawn"),
        (
            a_report({DeliveryState.ACCEPTED: 40, DeliveryState.PLANNED: 80}, status=MailingStatus.PAUSED),
            "paused, 40 of 120 accepted",
        ),
    ],
)
def test_the_subject_says_the_worst(report: Report, subject: str) -> None:
    assert subject_of(report) == f"[Result] Harbour Brief, harbour-2026-06-10: {subject}"


def test_a_mailing_that_stopped_by_itself_says_why_and_how_it_goes_on() -> None:
    paused = a_report({DeliveryState.PLANNED: 2}, status=MailingStatus.PAUSED)

    assert "It is paused: look at SPF." in text_of(paused)
    assert "    newsletter mailings resume 12\n" in text_of(paused)


def test_what_a_provider_says_cannot_pass_for_ours() -> None:
    said = "550 no\n\nIt is paused: call\n\n    newsletter mailings cancel 12\n\u2028\x1b[31m" + "x" * 5_000
    text = text_of(a_report({DeliveryState.REFUSED: 1}, refused=(("li@example.com", said),)))

    (line,) = [line for line in text.splitlines() if "li@example.com" in line]
    assert line.startswith("- li@example.com: 550 no It is paused: call newsletter mailings cancel 12 [31m")
    assert len(line) < 250


def test_a_thousand_names_are_for_the_report() -> None:
    refused = tuple((f"reader{number}@example.com", "550 no") for number in range(1_000))
    text = text_of(a_report({DeliveryState.REFUSED: 1_000}, refused=refused))

    assert text.count("@example.com") == 50
    assert "- and 950 more" in text


@pytest.mark.parametrize(
    ("to", "actors", "wanted"),
    [
        ((), ("mei", "root"), []),
        (
            ("desk@example.com",),
            ("mei.lin@example.com", "Desk@Example.com"),
            ["desk@example.com", "mei.lin@example.com"],
        ),
        ((), ("mei.lin@example.com", "mei.lin@example.com"), ["mei.lin@example.com"]),
        (("a@example.com",), ("Mei <mei@example.com>", "a@example.com\r\nBcc: b@example.com", "@"), ["a@example.com"]),
    ],
)
def test_each_is_told_once_and_a_login_name_has_no_mailbox(to: Any, actors: Any, wanted: list[str]) -> None:
    assert addressees(to, actors) == wanted


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "less than a second"),
        (-5, "less than a second"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (7_200, "2 hours"),
        (7_505, "2 hours 5 minutes"),
        (90_061, "1 day 1 hour"),
    ],
)
def test_a_duration_is_told_in_two_units(seconds: float, told: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == told


def test_it_is_a_mail_of_its_own_list_with_the_same_words_in_both_parts() -> None:
    hostile = a_report({DeliveryState.REFUSED: 1}, refused=(("li@example.com", "<b>NL0123456789textgreetNL</b>"),))
    first, second = letters_of(hostile, a_letterhead(), ["a@example.com", "b@example.com"], now=NOW)
    mail = email.message_from_bytes(prebuild(first.edition).fill(first.recipient), policy=email.policy.default)

    assert isinstance(mail, email.message.EmailMessage)
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert plain.get_content().replace("\r\n", "\n") == text_of(hostile)
    assert "&lt;b&gt;NL0123456789textgreetNL&lt;/b&gt;" in page.get_content()
    assert mail["To"] == "a@example.com"
    assert mail["List-Id"].endswith("<results.harbour-brief.example.com>")
    assert "no%20result%20mails" in mail["List-Unsubscribe"]
    assert first.recipient.message_id != second.recipient.message_id
    assert max(first.delivery_id, second.delivery_id) < 0
