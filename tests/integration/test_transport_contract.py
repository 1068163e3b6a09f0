"""What every transport owes the core, whatever stands behind it."""

import email
import email.policy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.dispatch import Transport
from newsletter.edition import Edition, Field, Links
from newsletter.errors import TransportError
from newsletter.message import Letter
from newsletter.providers.outbox import OutboxTransport
from newsletter.providers.sendgrid import SendGridTransport
from newsletter.providers.smtp import SmtpTransport
from tests.builders import a_letterhead, a_recipient, an_edition
from tests.fakes.sendgrid import Delivered, FakeSendGrid, fake_sendgrid
from tests.smtpd import Manners, smtp_server


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail as its reader sees it, with the headers that every transport sets itself."""

    name: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    transport: Transport
    #: what arrived so far, by address; fails when an address got two
    arrived: Callable[[], dict[str, Seen]]

    def send(self, *recipients: Recipient, edition: Edition | None = None) -> dict[int, Receipt]:
        shown = edition or an_edition()
        letters = iter([Letter(shown, recipient) for recipient in recipients])
        at_risk: set[int] = set()
        receipts: list[Receipt] = []
        with self.transport as transport:
            for some in transport.send(letters, at_risk.update):
                receipts += some
        found = {receipt.delivery_id: receipt for receipt in receipts}
        assert len(found) == len(receipts), "two receipts for one delivery"
        taken = {number for number, receipt in found.items() if receipt.outcome is Outcome.ACCEPTED}
        assert taken <= at_risk, "handed over without a word"
        return found


OURS = (
    "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Precedence", "X-Auto-Response-Suppress",
    "Content-Language", "Message-ID",
)  # fmt: skip


def by_address(found: list[tuple[str, Seen]]) -> dict[str, Seen]:
    assert len(dict(found)) == len(found), "an address got two mails"
    return dict(found)


def read(content: bytes) -> tuple[str, Seen]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    (to,) = message["To"].addresses
    headers = {name: str(message[name]) for name in OURS if message[name]}
    return to.addr_spec, Seen(to.display_name, str(message["Subject"]), text, html, headers)


@contextmanager
def outbox(folder: Path) -> Iterator[Case]:
    def arrived() -> dict[str, Seen]:
        return by_address([read(path.read_bytes()) for path in sorted(folder.glob("*.eml"))])

    yield Case(OutboxTransport(folder), arrived)


@contextmanager
def smtp(folder: Path) -> Iterator[Case]:
    manners = Manners()
    with smtp_server(manners) as port:
        yield Case(
            SmtpTransport("127.0.0.1", port, security="none", timeout=5),
            lambda: by_address([read(arrived.content) for arrived in manners.arrived]),
        )


@contextmanager
def sendgrid(folder: Path) -> Iterator[Case]:
    with fake_sendgrid("SG.x") as fake:
        yield Case(SendGridTransport("SG.x", url=fake.url, timeout=5), lambda: seen_by_sendgrids_readers(fake))


def seen_by_sendgrids_readers(fake: FakeSendGrid) -> dict[str, Seen]:
    def seen(mail: Delivered) -> Seen:
        ours = {name: mail.headers[name] for name in OURS if name in mail.headers}
        return Seen(mail.name, mail.subject, mail.text, mail.html, ours)

    return by_address([(mail.address, seen(mail)) for mail in fake.delivered])


CASES = [outbox, smtp, sendgrid]


@pytest.fixture(params=CASES, ids=lambda make: make.__name__)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    make: Callable[[Path], AbstractContextManager[Case]] = request.param
    with make(tmp_path) as made:
        yield made


def test_every_reader_gets_one_receipt_and_one_mail_of_their_own(case: Case) -> None:
    recipients = [a_recipient(number, name="陈美" if number % 2 else "") for number in range(1, 8)]
    receipts = case.send(*recipients)
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.ACCEPTED}
    assert set(receipts) == set(range(1, 8))
    arrived = case.arrived()
    assert set(arrived) == {recipient.address for recipient in recipients}
    for number in range(1, 8):
        mail = arrived[f"reader{number}@example.com"]
        assert mail.name == ("陈美" if number % 2 else "")
        assert f"https://news.example.com/u/token{number}\n" in mail.text
        assert f"/u/token{number}>" in mail.headers["List-Unsubscribe"]


def test_a_value_with_a_line_break_refuses_its_reader_alone(case: Case) -> None:
    bad = a_recipient(2, name="Chen\r\nBcc: spy@example.org")
    receipts = case.send(a_recipient(1), bad, a_recipient(3))
    assert {number: receipt.outcome for number, receipt in receipts.items()} == {
        1: Outcome.ACCEPTED, 2: Outcome.REFUSED, 3: Outcome.ACCEPTED,
    }  # fmt: skip
    assert "the name holds a line break" in receipts[2].detail
    assert set(case.arrived()) == {"reader1@example.com", "reader3@example.com"}


def test_braces_quotes_and_markup_in_a_value_are_printed_as_they_are(case: Case) -> None:
    value = """{{ 7*7 }} <b>"O'Neil" & 陈</b> %s ${x} NLxNL"""
    case.send(a_recipient(1, name="{{ 7*7 }}", values=dict(a_recipient(1).values) | {Field.GREETING: value}))
    (mail,) = case.arrived().values()
    assert mail.name == "{{ 7*7 }}"
    assert f"greeting: {value}\n" in mail.text
    assert "greeting: {{ 7*7 }} &lt;b&gt;&quot;O&#x27;Neil&quot; &amp; 陈&lt;/b&gt; %s ${x} NLxNL" in mail.html


def test_no_receipt_holds_an_address(case: Case) -> None:
    receipts = case.send(a_recipient(1), a_recipient(2, name="a\nb"), a_recipient(3, address="not an address"))
    assert not [receipt for receipt in receipts.values() if "@" in receipt.detail + receipt.provider_id]
    assert receipts[3].outcome is Outcome.REFUSED


def test_an_edition_that_cannot_be_sent_at_all_gives_no_receipt(case: Case) -> None:
    edition = an_edition(subject="a\r\nBcc: spy@example.org")
    with pytest.raises(TransportError, match="subject holds a line break"):
        case.send(a_recipient(), edition=edition)
    assert case.arrived() == {}


def test_nobody_to_send_to_is_nothing_to_do(case: Case) -> None:
    assert case.send() == {}
    assert case.arrived() == {}


def test_a_mailing_without_a_web_face_names_the_mailbox_alone(case: Case) -> None:
    case.send(a_recipient(), edition=an_edition(letterhead=a_letterhead(links=Links.MAILBOX)))
    (mail,) = case.arrived().values()
    assert mail.headers["List-Unsubscribe"] == "<mailto:leave@example.com?subject=unsubscribe%20token1>"
    assert "List-Unsubscribe-Post" not in mail.headers


def test_all_transports_show_a_reader_the_same_mail(tmp_path: Path) -> None:
    shown = []
    for make in CASES:
        with make(tmp_path) as made:
            made.send(a_recipient(name="O'Neil, 陈"))
            shown.append(made.arrived()["reader1@example.com"])
    by_outbox, by_smtp, by_sendgrid = shown
    assert by_outbox == by_smtp
    assert (by_sendgrid.text, by_sendgrid.html, by_sendgrid.subject) == (by_smtp.text, by_smtp.html, by_smtp.subject)
    assert by_sendgrid.headers == by_smtp.headers


def test_a_letter_that_is_not_there_yet_holds_up_nothing(case: Case) -> None:
    """None stands for "not now": what was given before is answered, and whoever sends is heard in between."""

    def slowly() -> Iterator[Letter | None]:
        yield Letter(an_edition(), a_recipient(1))
        while 1 not in answered:
            yield None
        yield Letter(an_edition(), a_recipient(2))

    answered: set[int] = set()
    with case.transport as transport:
        for receipts in transport.send(slowly(), lambda _: None):
            answered |= {receipt.delivery_id for receipt in receipts}
    assert answered == {1, 2}
    assert len(case.arrived()) == 2


def test_nobody_is_at_risk_before_they_could_be(case: Case) -> None:
    at_risk: set[int] = set()
    letters = [Letter(an_edition(), a_recipient(number)) for number in range(1, 6)]
    with case.transport as transport:
        handed = transport.send(iter(letters), at_risk.update)
        assert at_risk == set()
        assert transport.window >= 1
        for receipts in handed:
            assert {receipt.delivery_id for receipt in receipts} <= at_risk
    assert at_risk == {1, 2, 3, 4, 5}
