"""What a mail that came back is: by its status first, then by a complaint, then by whatever words there are."""

import email.policy
import time
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.bounce import BounceKind
from newsletter.event import EventKind
from newsletter.ingest.understanding import MailKind, understand
from tests.bounced import ELSEWHERE, away, complaint, leaving, mail, status_report, vague

BOUNCED, BLOCKED, DEFERRED = EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DEFERRED
TOKEN = "0123456789abcdef0123456789abcdef1f"
OURS = f"bounce+{TOKEN}@news.example.com"


@pytest.mark.parametrize(
    ("status", "action", "said", "kind", "bounce", "code"),
    [
        ("5.1.1", "failed", "smtp; 550 5.1.1 no such user", BOUNCED, BounceKind.DEAD, "5.1.1"),
        ("5.1.1", "", "", BOUNCED, BounceKind.DEAD, "5.1.1"),
        ("5.1.1 (unknown user)", "FAILED (for good)", "", BOUNCED, BounceKind.DEAD, "5.1.1"),
        ("5.2.2", "failed", "smtp; 550 5.1.1 no such user", BOUNCED, BounceKind.FULL, "5.2.2"),
        ("4.3.0", "failed", "smtp; 550 user unknown", BOUNCED, BounceKind.TEMPORARY, "4.3.0"),
        ("4.4.7", "failed", "X-Postfix; connect timed out", BOUNCED, BounceKind.TEMPORARY, "4.4.7"),
        ("4.4.1", "delayed", "smtp; 451 busy", DEFERRED, None, "4.4.1"),
        ("5.1.1", "delayed", "", DEFERRED, None, "5.1.1"),
        ("5.7.1", "failed", "smtp; 550 no such user", BLOCKED, BounceKind.POLICY, "5.7.1"),
        ("4.7.0", "failed", "", BLOCKED, BounceKind.POLICY, "4.7.0"),
        ("5.2.3", "failed", "", BOUNCED, BounceKind.OURS, "5.2.3"),
        ("5.3.4", "failed", "", BOUNCED, BounceKind.OURS, "5.3.4"),
        ("5.6.7", "failed", "", BOUNCED, BounceKind.OURS, "5.6.7"),
        ("5.0.0", "failed", "smtp; 550-5.1.1 gone", BOUNCED, BounceKind.DEAD, "5.1.1"),
        ("5.0.0", "failed", "smtp; 550 user unknown", BOUNCED, BounceKind.DEAD, "5.0.0"),
        ("5.0.0", "failed", "smtp; 550 over quota", BOUNCED, BounceKind.FULL, "5.0.0"),
        ("5.0.0", "failed", "smtp; 554 listed as spam, user unknown", BLOCKED, BounceKind.POLICY, "5.0.0"),
        ("5.0.0", "failed", "smtp; no", BOUNCED, BounceKind.OTHER, "5.0.0"),
        ("4.0.0", "failed", "", BOUNCED, BounceKind.TEMPORARY, "4.0.0"),
        ("", "failed", "smtp; 550 5.1.1 gone", BOUNCED, BounceKind.DEAD, "5.1.1"),
        ("", "failed", "smtp; 550 no", BOUNCED, BounceKind.OTHER, ""),
        ("nonsense", "failed", "", BOUNCED, BounceKind.OTHER, ""),
        ("2.0.0", "relayed", "", None, None, ""),
        ("2.1.5", "", "", None, None, ""),
        ("2.0.0", "delivered", "", EventKind.DELIVERED, None, ""),
        ("5.1.1", "expanded", "", None, None, ""),
    ],
)
def test_the_status_beats_everything(
    status: str, action: str, said: str, kind: EventKind | None, bounce: BounceKind | None, code: str
) -> None:
    found = understand(status_report(OURS, status=status, action=action, said=said))
    assert (found.kind, found.told.kind, found.told.bounce, found.told.code) == (MailKind.REPORT, kind, bounce, code)
    assert found.tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", EventKind.COMPLAINED),
        ("Abuse ", EventKind.COMPLAINED),
        ("fraud", EventKind.COMPLAINED),
        ("opt-out", EventKind.UNSUBSCRIBED),
        ("not-spam", None),
        ("auth-failure", None),
        ("other", None),
        ("x" * 500, None),
    ],
)
def test_a_complaint_by_its_kind(kind: str, expected: EventKind | None) -> None:
    found = understand(complaint(kind=kind, origin=OURS))
    assert (found.kind, found.told.kind, found.tokens) == (MailKind.REPORT, expected, (TOKEN,))


@pytest.mark.parametrize(
    ("words", "bounce"),
    [
        ("<a@example.com>: 550 5.2.2 full", BounceKind.FULL),
        ("<a@example.com>: 451 4.3.0 busy, given up", BounceKind.TEMPORARY),
        ("<a@example.com>: no such user", BounceKind.DEAD),
        ("<a@example.com>: refused as spam", BounceKind.POLICY),
        ("<a@example.com>: no", BounceKind.OTHER),
    ],
)
def test_words_of_servers_that_know_no_standard(words: str, bounce: BounceKind) -> None:
    found = understand(vague(OURS, words))
    assert (found.kind, found.told.bounce, found.tokens) == (MailKind.REPORT, bounce, (TOKEN,))


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (away(OURS), MailKind.AUTO_REPLY),
        (away(OURS, "Auto-Submitted: auto-replied", subject="thanks"), MailKind.AUTO_REPLY),
        (away(OURS, "Auto-Submitted: no", subject="thanks"), MailKind.NOT_UNDERSTOOD),
        (leaving("unsubscribe " + "A" * 48), MailKind.LEAVING),
        (leaving("unsubscribe " + "A" * 49), MailKind.NOT_UNDERSTOOD),
        (leaving("unsubscribe"), MailKind.NOT_UNDERSTOOD),
        (mail("Subject: Re: brief", body="user unknown"), MailKind.NOT_UNDERSTOOD),
        (b"", MailKind.NOT_UNDERSTOOD),
    ],
)
def test_what_else_comes_into_such_a_mailbox(raw: bytes, kind: MailKind) -> None:
    assert understand(raw).kind is kind


def test_the_status_in_an_attached_mail_is_not_that_of_ours() -> None:
    outer = EmailMessage(policy=email.policy.SMTP)
    outer["From"], outer["To"], outer["Subject"] = "mei@example.com", OURS, "look at this"
    outer.set_content("Is that one of yours?")
    outer.add_attachment(email.message_from_bytes(status_report(OURS), policy=email.policy.SMTP))
    assert understand(bytes(outer)).told.bounce is not BounceKind.DEAD


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3_000)),
        b"Subject: " + b"=?utf-8?q?=80?=" * 100_000,
        b"Subject: x\n\n" + b"\n" * 2_000_000,
        mail(kind="multipart/report; boundary=b", body="--b\n\nx\n" * 200_000),
        mail(kind="multipart/report; boundary=b",
             body="--b\nContent-Type: message/delivery-status\n\n" + "Action: failed\n\n" * 100_000),
        b"To: " + b"+" + b"0" * 2_000_000 + b"@x\n\n",
        b"Subject: x\n\n" + b"<" * 200_000 + b"@" * 200_000,
    ],
    ids=["deep", "encoded", "empty lines", "parts", "groups", "digits", "brackets"],
)  # fmt: skip
def test_a_mail_that_is_made_to_take_long_does_not(raw: bytes) -> None:
    began = time.process_time()
    understand(raw)
    assert time.process_time() - began < 6


LINES = st.sampled_from([
    "From: MAILER-DAEMON@example.com", "From:",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    "Content-Type: message/delivery-status", "Content-Type: message/feedback-report", "Content-Type: message/rfc822",
    "Content-Type: text/rfc822-headers", "Content-Transfer-Encoding: base64",
    "Content-Type: text/plain; charset=utf-99",
    "--b", "--b--", "", "", "Status: 5.1.1", "Status: 4.", "Action: failed", "Action: delayed", "Feedback-Type: abuse",
    "Diagnostic-Code: smtp; 550 5.1.1", f"To: {OURS}", f"Original-Mail-From: <{OURS}>", "Subject: =?utf-8?b?////?=",
    "<a@example.com>: user unknown", "Auto-Submitted: auto-replied", "MIME-Version: 1.0", "\x00\xff", "é" * 20,
    "Final-Recipient: rfc822; a@example.com", "Date: never", "Subject: unsubscribe " + "A" * 48,
])  # fmt: skip


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(LINES, max_size=40).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogateescape")))
def test_whatever_lines_a_mail_is_made_of_it_is_read(raw: bytes) -> None:
    found = understand(raw)
    assert len(found.tokens) <= 5
    # What only status and complaint may say, is said only where there is one.
    if found.told.kind is EventKind.COMPLAINED:
        assert b"Feedback-Type: abuse" in raw


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000), st.integers(0, 3_000))
def test_whatever_bytes_stand_in_a_report_it_is_read(noise: bytes, place: int) -> None:
    raw = status_report(ELSEWHERE)
    assert understand(raw[:place] + noise + raw[place:]).kind in set(MailKind)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=3_000))
def test_whatever_bytes_come_they_are_read(raw: bytes) -> None:
    assert understand(raw).kind in set(MailKind)
