"""At the end of a sending, those who answer for it get its result by mail."""

import email
import email.policy
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.dispatch import Transport
from newsletter.errors import TransientError
from newsletter.mailing.sending import SENDER
from newsletter.mailing.telling import Told, tell_result
from newsletter.store import open_store
from tests.builders import NOW
from tests.fakes.sendgrid import fake_sendgrid
from tests.integration.conftest import Command, Said
from tests.integration.test_cli import NOTE
from tests.integration.test_delivery_proof import a_reader, smtp_settings
from tests.smtpd import HANG_UP, Arrived, Manners, smtp_server
from tests.stores import a_mailing, a_plan, a_store, address_of, an_entry, take_in

WORDS = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check")
TO = {"NEWSLETTER_RESULT_TO": "desk@example.com, partner@example.com"}


def sent(command: Command, manners: Manners, *more: str, **settings: str) -> Said:
    a_reader(command, "chen@example.com", "li@example.com", "wang@example.com")
    with smtp_server(manners) as port:
        return command(*WORDS, *more, **smtp_settings(port) | settings)


def results(manners: Manners) -> list[Arrived]:
    return [mail for mail in manners.arrived if b"Subject: [Result]" in mail.content]


def text_of(mail: Arrived) -> str:
    found = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    body = found.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_it_names_the_refused_and_the_unsure(command: Command) -> None:
    manners = Manners(to_recipient={"li@example.com": "550 5.2.2 full"}, to_message={"wang@example.com": HANG_UP})

    said = sent(command, manners, **TO, NEWSLETTER_ACTOR="mei.lin@example.com")

    assert said.code == 3
    told = results(manners)
    assert [mail.recipient for mail in told] == ["desk@example.com", "partner@example.com", "mei.lin@example.com"]
    assert "- li@example.com: 550 5.2.2 full" in text_of(told[0])
    assert "- wang@example.com: since" in text_of(told[0])
    assert "newsletter mailings resolve 1" in text_of(told[0])
    assert "The result was mailed to desk@example.com, partner@example.com, mei.lin@example.com." in said.err


@pytest.mark.parametrize(
    ("more", "settings"),
    [(("--no-result-mail",), TO), ((), {}), ((), {"NEWSLETTER_ACTOR": "mei.lin"})],
    ids=["not wanted", "nobody is named", "a login name"],
)
def test_nobody_is_told_who_need_not_be(command: Command, more: tuple[str, ...], settings: dict[str, str]) -> None:
    manners = Manners()

    assert sent(command, manners, *more, **settings).code == 0
    assert results(manners) == []
    assert len(manners.arrived) == 3


def test_what_is_sent_already_is_told_once(command: Command) -> None:
    manners = Manners()
    sent(command, manners, **TO)
    with smtp_server(manners) as port:
        command("send", "1", "--yes", "--skip-link-check", **smtp_settings(port) | TO)

    assert Counter(mail.recipient for mail in results(manners)) == {"desk@example.com": 1, "partner@example.com": 1}


def test_a_mail_that_cannot_be_sent_is_one_line_and_changes_nothing_else(command: Command) -> None:
    manners = Manners(to_recipient={"desk@example.com": "550 5.1.1 nobody here"})

    said = sent(command, manners, "--json", **TO)

    assert said.code == 0
    assert said.document["status"] == "sent"
    assert "The result could not be mailed to desk@example.com: 550 5.1.1 nobody here" in said.err
    assert "The result was mailed to partner@example.com." in said.err


def test_a_server_that_hangs_up_on_it_is_one_line(command: Command) -> None:
    manners = Manners(to_message={"desk@example.com": HANG_UP, "partner@example.com": HANG_UP})

    said = sent(command, manners, **TO)

    assert said.code == 0
    (line,) = [line for line in said.err.splitlines() if "could not be mailed" in line]
    assert line.startswith("The result could not be mailed to desk@example.com and 1 more: ")


def test_by_sendgrid_too(command: Command) -> None:
    a_reader(command, "chen@example.com")
    with fake_sendgrid() as fake:
        settings = {
            "NEWSLETTER_TRANSPORT": "sendgrid",
            "SENDGRID_API_KEY": "SG.right",
            "NEWSLETTER_SENDGRID_URL": fake.url,
        }
        assert command(*WORDS, **settings | TO).code == 0
        told = [mail for mail in fake.delivered if "planned in all" in mail.text]

    assert [mail.address for mail in told] == ["desk@example.com", "partner@example.com"]


def test_the_outbox_tells_nobody_unless_asked(command: Command, tmp_path: Path) -> None:
    a_reader(command, "chen@example.com")
    command(*WORDS, **TO)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    a_reader(command, "li@example.com")

    command(*WORDS, "--again", "--result-mail", **TO)

    names = [path.name for path in (tmp_path / "outbox").glob("*.eml")]
    assert sum("desk@example.com" in name for name in names) == 1


def test_a_sending_that_waits_for_somebody_is_not_over(command: Command) -> None:
    manners = Manners(to_recipient={"li@example.com": "450 4.2.1 later"})

    assert sent(command, manners, **TO).code == 3
    assert results(manners) == []


def test_a_worker_tells_too_and_logs_no_address(command: Command, tmp_path: Path) -> None:
    a_reader(command, "chen@example.com")
    plan = command("plan", NOTE, "-s", "everyone", "--json").document
    schedule(tmp_path, plan["mailing"], datetime.now(UTC) - timedelta(minutes=1))
    manners = Manners(to_recipient={"partner@example.com": "550 5.1.1 nobody here"})

    with smtp_server(manners) as port:
        worked = command("worker", "--once", "--skip-link-check", **smtp_settings(port) | TO)

    assert [mail.recipient for mail in results(manners)] == ["desk@example.com"]
    assert 'mailed=1 missed=1 why="550 5.1.1 nobody here"' in worked.err
    assert "@" not in worked.err


def test_a_worker_tells_of_a_mailing_that_it_found_too_late(command: Command, tmp_path: Path) -> None:
    a_reader(command, "chen@example.com")
    plan = command("plan", NOTE, "-s", "everyone", "--json").document
    schedule(tmp_path, plan["mailing"], datetime.now(UTC) - timedelta(minutes=31))
    manners = Manners()

    with smtp_server(manners) as port:
        for _ in range(2):
            command("worker", "--once", "--skip-link-check", **smtp_settings(port) | TO)

    assert sorted(mail.recipient for mail in manners.arrived) == ["desk@example.com", "partner@example.com"]
    assert "It is paused: its time was" in text_of(manners.arrived[0])


def test_a_provider_that_is_gone_by_then_is_part_of_the_answer(tmp_path: Path) -> None:
    def gone() -> Transport:
        raise TransientError("the SMTP server does not answer", fix="try again")

    with a_store(tmp_path) as store:
        mailing = a_mailing(store, a_plan(take_in(store, an_entry())))
        under_way = tell_result(store, mailing.id, to=["desk@example.com"], make_transport=gone, now=NOW)
        store.mailings.pause(mailing.id, "a wrong link", actor="mei", now=NOW)
        by_hand = tell_result(store, mailing.id, to=["desk@example.com"], make_transport=gone, now=NOW)
        store.mailings.resume(mailing.id, actor="mei", now=NOW)
        store.mailings.pause(mailing.id, "look at SPF", actor=SENDER, now=NOW)
        by_itself = tell_result(store, mailing.id, to=["desk@example.com"], make_transport=gone, now=NOW)

    assert (under_way, by_hand) == (Told(), Told())
    assert by_itself.missed == (("desk@example.com", "the SMTP server does not answer; try again"),)


def schedule(folder: Path, mailing: int, at: datetime) -> None:
    with open_store(address_of(folder)) as store:
        store.mailings.schedule(mailing, at, transport="smtp", actor="test", now=at)
