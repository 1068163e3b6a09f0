"""`mailings retry`: who was refused and may yet get it, is tried once more; nobody else is."""

from collections import Counter

from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.integration.test_delivery_proof import a_reader, smtp_settings
from tests.smtpd import Manners, smtp_server

SEND = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check")
FULL = {"chen@example.com": "552 5.2.2 full"}
GONE = {"li@example.com": "550 5.1.1 no such mailbox"}
ODD = {"wang@example.com": "550 no"}
UNTRUSTED = {"zhou@example.com": "550 5.7.26 not authenticated"}


def refused(command: Command) -> Manners:
    """A mailing to five readers, of whom four were refused."""
    manners = Manners(to_recipient=FULL | GONE | ODD | UNTRUSTED)
    a_reader(command, *manners.to_recipient, "sun@example.com")
    with smtp_server(manners) as port:
        assert command(*SEND, **smtp_settings(port)).code == 3
    return manners


def test_a_full_mailbox_and_a_policy_are_tried_again_a_wrong_address_is_not(command: Command) -> None:
    first = refused(command)
    tried = command("mailings", "retry", "1", "--json").document
    under_way = command("mailings", "show", "1", "--json").document
    manners = Manners()
    with smtp_server(manners) as port:
        final = command("send", "1", "--yes", "--skip-link-check", "--json", **smtp_settings(port)).document
        again = command("mailings", "retry", "1")

    assert sorted(tried["again"]) == ["chen@example.com", "zhou@example.com"]
    reasons = {row["email"]: row["reason"] for row in tried["left_out"]}
    assert reasons == {"li@example.com": "suppressed", "wang@example.com": "nothing says that another try would help"}
    assert (under_way["status"], under_way["deliveries"]["planned"]) == ("sending", 2)
    assert Counter(mail.recipient for mail in first.arrived) == {"sun@example.com": 1}
    assert Counter(mail.recipient for mail in manners.arrived) == {"chen@example.com": 1, "zhou@example.com": 1}
    assert (final["status"], final["deliveries"]["accepted"], final["deliveries"]["refused"]) == ("sent", 3, 2)
    assert "0 deliveries of mailing 1 planned again" in again.out
    acts = [act["act"] for act in command("mailings", "show", "1", "--json").document["acts"]]
    assert acts == ["planned", "begun", "suppressed", "finished", "retried", "begun", "finished"]


def test_one_reader_alone(command: Command) -> None:
    refused(command)
    unknown = command("mailings", "retry", "1", "--reader", "sun@example.com")
    command("subscribers", "unsubscribe", "zhou@example.com", "-n", "china-team")
    left = command("mailings", "retry", "1", "--reader", "zhou@example.com", "--json").document
    tried = command("mailings", "retry", "1", "--reader", "Chen@example.com")
    manners = Manners()
    with smtp_server(manners) as port:
        command("send", "1", "--yes", "--skip-link-check", **smtp_settings(port))

    assert (unknown.code, "has no refused delivery to sun@example.com" in unknown.errors[0]) == (1, True)
    assert (left["again"], left["left_out"][0]["reason"]) == ([], "unsubscribed")
    assert "1 delivery of mailing 1 planned again." in tried.out
    assert "newsletter send 1" in tried.err
    assert [mail.recipient for mail in manners.arrived] == ["chen@example.com"]
