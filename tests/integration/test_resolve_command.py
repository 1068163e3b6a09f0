"""`mailings resolve`, as an adviser uses it after a sending that ended in the dark."""

import json
import re
from pathlib import Path

import pytest

from newsletter.delivery import Outcome, Receipt
from newsletter.store import open_store
from tests.builders import NOW
from tests.integration.at_work import take_in
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.stores import address_of

EMAILS = [f"reader{number}@example.com" for number in range(3)]


@pytest.fixture
def unsure(command: Command, tmp_path: Path) -> Command:
    """Mailing 1 is sent, and of three readers nobody knows."""
    take_in(command, tmp_path, 60)
    assert command("plan", NOTE, "-s", "everyone").code == 0
    with open_store(address_of(tmp_path)) as store:
        mailings = store.mailings
        mailings.begin(1, transport="smtp", actor="test", now=NOW)
        run_id = mailings.open_run(1, NOW)
        batch = mailings.claim(1, run_id=run_id, limit=100, now=NOW)
        receipts = [Receipt(d.delivery_id, Outcome.UNKNOWN if d.address in EMAILS else Outcome.ACCEPTED) for d in batch]
        mailings.settle(receipts, run_id=run_id, now=NOW, due_at=NOW)
        mailings.finish(1, NOW)
    return command


def test_it_lists_them_with_the_message_id_to_look_for(unsure: Command) -> None:
    said = unsure("mailings", "resolve", "1")
    assert said.code == 0
    for email in EMAILS:
        assert re.search(rf"{email} +2026-06-10 01:30 UTC +[a-z2-7]{{26}}@example\.com", said.out)
    assert "--sent --reader reader0@example.com" in said.err


def test_a_reader_who_has_it_is_accepted_and_the_others_stay_unsure(unsure: Command) -> None:
    said = unsure("mailings", "resolve", "1", "--sent", "--reader", "Reader1@example.com", "--json").document
    assert (said["sent"], said["resent"]) == (1, 0)
    assert [row["email"] for row in said["unknown"]] == [EMAILS[0], EMAILS[2]]
    shown = unsure("mailings", "show", "1", "--json").document
    assert (shown["deliveries"]["accepted"], shown["deliveries"]["unknown"]) == (58, 2)
    assert "test said that it arrived" in unsure("explain", "1", EMAILS[1]).out


def test_sent_again_only_by_a_persons_word_and_with_the_same_message_id(unsure: Command, tmp_path: Path) -> None:
    before = {
        row["email"]: row["message_id"] for row in unsure("mailings", "resolve", "1", "--json").document["unknown"]
    }
    assert unsure("send", "1", "--yes", "--skip-link-check").code == 3
    assert not list(tmp_path.glob("outbox/*.eml"))
    asked = unsure("mailings", "resolve", "1", "--resend", "--all")
    assert asked.code == 1, "nobody was there to say yes"
    assert unsure("mailings", "resolve", "1", "--resend", "--all", "--yes", "--json").document["resent"] == 3
    sent = unsure("send", "1", "--yes", "--skip-link-check", "--json")
    assert (sent.code, sent.document["deliveries"]["accepted"], sent.document["status"]) == (0, 60, "sent")
    written = [path.read_text() for path in tmp_path.glob("outbox/*.eml")]
    assert {re.findall(r"^Message-ID: <(.*)>", mail, re.MULTILINE)[0] for mail in written} == set(before.values())


def test_what_sendgrid_reported_settles_those_it_speaks_of(unsure: Command, tmp_path: Path) -> None:
    rows = unsure("mailings", "resolve", "1", "--json").document["unknown"]
    taken, dropped, _ = ({"delivery": str(r["delivery"]), "message": r["message_id"].split("@")[0]} for r in rows)
    strange = {"delivery": str(rows[2]["delivery"]), "message": "a" * 26, "event": "delivered", "sg_event_id": "z"}
    events = [taken | {"event": "delivered", "sg_event_id": "x"}, dropped | {"event": "dropped"}, strange, "noise"]
    (tmp_path / "events.json").write_text(json.dumps(events))
    said = unsure("mailings", "resolve", "1", "--events", "events.json", "--json").document
    assert (said["proven"], [row["email"] for row in said["unknown"]]) == (2, [EMAILS[2]])
    assert said["events"] == {"kept": 2, "known": 0, "passed_over": 2}
    counts = unsure("mailings", "show", "1", "--json").document["deliveries"]
    assert (counts["accepted"], counts["refused"], counts["unknown"]) == (58, 1, 1)


def test_events_from_a_file_change_what_the_webhooks_would_and_once_only(unsure: Command, tmp_path: Path) -> None:
    row = unsure("mailings", "resolve", "1", "--json").document["unknown"][0]
    ours = {"delivery": str(row["delivery"]), "message": row["message_id"].split("@")[0]}
    told = ours | {"event": "bounce", "type": "bounce", "status": "5.1.1", "sg_event_id": "x"}
    (tmp_path / "events.json").write_text(json.dumps([told]))
    said = unsure("mailings", "resolve", "1", "--events", "events.json").out
    assert "1 event taken in; 0 known before, 0 not of our mail or of no use." in said
    assert "1 delivery settled by what SendGrid or a mail server reported." in said
    assert "1 known before" in unsure("mailings", "resolve", "1", "--events", "events.json").out
    assert "bounced" in unsure("subscribers", "show", EMAILS[0]).out
    assert unsure("mailings", "show", "1", "--json").document["deliveries"]["unknown"] == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--sent", "--resend", "--all"), "choose --sent or --resend"),
        (("--sent",), "say whom"),
        (("--sent", "--all", "--reader", EMAILS[0]), "say whom"),
        (("--all",), "say what became of it"),
        (("--events", "events.json", "--sent", "--all"), "leave the other options away"),
    ],
)
def test_half_a_word_is_not_enough(command: Command, words: tuple[str, ...], complaint: str) -> None:
    said = command("mailings", "resolve", "1", *words)
    assert said.code == 2
    assert complaint in " ".join(re.sub("[│╭╰─]", "", said.err).split())


def test_events_that_are_none_or_not_there_are_told(unsure: Command, tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text("hello")
    assert "is not an event" in unsure("mailings", "resolve", "1", "--events", "events.json").errors[0]
    assert "cannot be read (No such file" in unsure("mailings", "resolve", "1", "--events", "nowhere.json").errors[0]


def test_a_reader_who_is_not_unsure_is_told(unsure: Command) -> None:
    said = unsure("mailings", "resolve", "1", "--sent", "--reader", "reader40@example.com")
    assert said.code == 1
    assert said.errors == [
        "error: reader40@example.com has no unknown delivery in this mailing; see newsletter mailings resolve MAILING"
    ]
