"""From `send` to a real Postfix, whose bounces come back to addresses of their own, and are read."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store import open_store
from newsletter.subscriber import SuppressionReason
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.integration.test_delivery_proof import smtp_settings
from tests.postfix import Postfix, postfix
from tests.smtpd import Manners, smtp_server
from tests.stores import address_of

SAYS = {
    "gone@example.org": "550 5.1.1 no such user gone",
    "full@example.org": "552 5.2.2 mailbox full",
    "blocked@example.org": "550 5.7.1 refused by policy",
    "soft@example.org": "451 4.3.0 try later",
}


@pytest.fixture
def server() -> Iterator[Postfix]:
    with tempfile.TemporaryDirectory() as name, smtp_server(Manners(to_recipient=SAYS)) as next_hop:
        Path(name).chmod(0o755)
        with postfix(Path(name), next_hop) as running:
            yield running


def test_what_a_real_postfix_returns_is_known_by_its_address(command: Command, tmp_path: Path, server: Postfix) -> None:
    readers = [*SAYS, "mei@example.org"]
    (tmp_path / "readers.csv").write_text("\n".join(["email", *readers]), encoding="utf-8")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", *consent).code == 0
    settings = smtp_settings(server.port) | {"NEWSLETTER_BOUNCE_ADDRESS": "bounce@news.example.com"}
    sent = command("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json", **settings)
    assert sent.document["deliveries"]["accepted"] == len(readers)
    server.wait_for(len(SAYS))

    found = command("bounces", "read", str(server.maildir), "--json").document

    assert (found["read"], found["bounced"], found["blocked"], found["applied"]) == (4, 3, 1, 4)
    with open_store(address_of(tmp_path)) as store:
        suppressed = {it.email: it.suppressed_for for it in store.readers.stream("china-team")}
        assert suppressed == dict.fromkeys(readers) | {"gone@example.org": SuppressionReason.BOUNCED}
        with store._database.reading() as connection:
            told = connection.exec_driver_sql("SELECT kind, bounce, code, detail FROM events ORDER BY code").all()
    assert [tuple(row[:3]) for row in told] == [
        ("bounced", "temporary", "4.3.0"),
        ("bounced", "dead", "5.1.1"),
        ("bounced", "full", "5.2.2"),
        ("blocked", "policy", "5.7.1"),
    ]
    assert "@" not in str(told)
    assert "gone" not in str(told)
