"""Approve what was planned, as somebody else than its author; and what ends an approval in a real store."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.audience import Rules
from newsletter.delivery import Mailing
from newsletter.errors import Finding, RefusedError, Severity
from newsletter.mailing.approving import Yes, approve, insist_approvable, insist_approved, outgoing_of
from newsletter.segment.grammar import parse_segment
from newsletter.store import Store, schema
from newsletter.subscriber import SuppressionReason
from tests.builders import NOW, a_compiled_issue
from tests.integration.conftest import Command
from tests.integration.test_cli import BRIEF, NOTE, with_sample
from tests.planning import planned_one_by_one
from tests.stores import NEWSLETTER, a_store, a_vocabulary, an_entry, take_in

SOON = NOW + timedelta(minutes=10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def mailing(store: Store) -> Mailing:
    readers = take_in(store, *(an_entry(number) for number in range(5)))
    vocabulary = a_vocabulary()
    expression = parse_segment("everyone", vocabulary, {})
    rules = Rules(compiled=a_compiled_issue(), segment=expression, vocabulary=vocabulary, language="en")
    plan = planned_one_by_one(readers[:4], rules, segment="everyone")
    warned = Finding(message="a word", fix="another", line=3, severity=Severity.WARNING)
    return store.mailings.save_plan(plan, actor="mei", now=NOW, findings=[warned])


def say_yes(store: Store, mailing: Mailing, by: str = "lin") -> None:
    approve(store, mailing, outgoing_of(store, mailing), Yes(by=by, now=SOON, note="read on the train"))


def change(store: Store, statement: sa.Executable) -> None:
    with store._database.writing() as connection:
        connection.execute(statement)


def test_what_would_go_out_is_what_was_planned(store: Store, mailing: Mailing) -> None:
    found = outgoing_of(store, mailing)
    assert (found.content_hash, found.audience_hash) == (mailing.content_hash, mailing.audience_hash)


def test_an_approval_is_on_record_and_in_the_audit(store: Store, mailing: Mailing) -> None:
    say_yes(store, mailing)

    [kept] = store.approvals.of(mailing.id)
    assert (kept.approved_by, kept.approved_at, kept.note) == ("lin", SOON, "read on the train")
    assert insist_approved(store, mailing) == kept
    with store._database.reading() as connection:
        rows = connection.execute(sa.select(schema.audit).where(schema.audit.c.action == "approved")).all()
    assert [(row.actor, row.mailing_id) for row in rows] == [("lin", mailing.id)]
    assert mailing.content_hash in rows[0].detail
    assert "train" not in rows[0].detail


def test_what_check_said_is_kept_with_the_plan(store: Store, mailing: Mailing) -> None:
    [found] = store.mailings.findings(mailing.id) or []
    assert (found.message, found.line, found.severity) == ("a word", 3, Severity.WARNING)


@pytest.mark.parametrize("by", ["mei", "Mei "])
def test_the_word_of_the_author_is_not_enough(store: Store, mailing: Mailing, by: str) -> None:
    say_yes(store, mailing, by)
    with pytest.raises(RefusedError, match="only mei, who planned it, has approved it; ask somebody other than mei"):
        insist_approved(store, mailing)
    with pytest.raises(RefusedError, match="whoever plans one cannot approve it"):
        insist_approvable(mailing, outgoing_of(store, mailing), Yes(by=by, now=SOON), by_another=True)


def test_who_leaves_is_named_and_voids_nothing(store: Store, mailing: Mailing) -> None:
    say_yes(store, mailing)
    first, second, third, *_ = store.readers.stream(NEWSLETTER)
    store.readers.suppress(first.subscriber_id, SuppressionReason.MANUAL, actor="mei", now=SOON)
    store.mailings.withdraw_departed(mailing.id, now=SOON)
    theirs = schema.subscriptions.c.id == second.subscription_id
    change(store, sa.update(schema.subscriptions).where(theirs).values(status="unsubscribed"))

    assert insist_approved(store, mailing).approved_by == "lin"
    departed = {one.email: one.reason for one in store.approvals.departed(mailing.id, NOW)}
    assert departed == {first.email: "suppressed", second.email: "unsubscribed"}
    assert third.email not in departed


def test_whoever_is_added_voids_it(store: Store, mailing: Mailing) -> None:
    say_yes(store, mailing)
    *_, last = store.readers.stream(NEWSLETTER)
    edition, *_ = (id_ for id_, _, _ in store.mailings.editions(mailing.id))
    values = {"mailing_id": mailing.id, "edition_id": edition, "state": "planned"}
    ids = {"subscriber_id": last.subscriber_id, "subscription_id": last.subscription_id}
    change(store, sa.insert(schema.deliveries).values(values | ids))

    with pytest.raises(RefusedError, match="somebody was added, or gets another edition"):
        insist_approved(store, mailing)
    with pytest.raises(RefusedError, match="would not go out as it was planned"):
        insist_approvable(mailing, outgoing_of(store, mailing), Yes(by="lin", now=SOON), by_another=True)


def test_another_word_in_what_is_stored_voids_it(store: Store, mailing: Mailing) -> None:
    import zlib

    say_yes(store, mailing)
    other = zlib.compress(a_compiled_issue(preheader="Something else").to_json().encode())
    change(store, sa.update(schema.mailings).values(compiled=other))

    with pytest.raises(RefusedError, match="what it says has changed"):
        insist_approved(store, mailing)


def test_what_is_over_cannot_be_approved(store: Store, mailing: Mailing) -> None:
    store.mailings.cancel(mailing.id, actor="mei", now=SOON)
    with pytest.raises(RefusedError, match="was cancelled; there is nothing left to approve"):
        say_yes(store, mailing)
    assert store.approvals.of(mailing.id) == []


def plan_of(command: Command, tmp_path: Path) -> dict[str, str]:
    with_sample(command, "china-team")
    issue = tmp_path / "note.md"
    issue.write_text(NOTE.read_text(encoding="utf-8"), encoding="utf-8")
    document: dict[str, str] = command("plan", issue, "--segment", "everyone", "--json").document
    return document


ASKED = {"NEWSLETTER_REQUIRE_APPROVAL": "yes"}
OTHER = {**ASKED, "NEWSLETTER_ACTOR": "lin"}


def test_nothing_leaves_without_an_approval_by_somebody_else(command: Command, tmp_path: Path) -> None:
    plan = plan_of(command, tmp_path)
    by_number = command("send", str(plan["mailing"]), "--yes", **ASKED)
    by_file = command("send", "note.md", "--segment", "everyone", "--yes", **ASKED)
    by_author = command("approve", str(plan["mailing"]), "--yes", **ASKED)

    for said in (by_number, by_file):
        assert said.code == 1
        assert said.errors[0] == (
            "error: mailing 1 must be approved before it leaves: nobody has yet; ask somebody other than test to look "
            "at it and to call newsletter approve 1"
        )
    assert by_author.code == 1
    assert "test planned mailing 1, and whoever plans one cannot approve it" in by_author.errors[0]
    assert not (tmp_path / "outbox").exists()


def test_an_approved_mailing_leaves(command: Command, tmp_path: Path) -> None:
    plan = plan_of(command, tmp_path)
    codes = ("--content", plan["content_hash"][:12], "--audience", plan["audience_hash"][:12])
    given = command("approve", "1", *codes, "--note", "fine", "--yes", "--json", **OTHER)
    sent = command("send", "1", "--yes", "--json", **ASKED)

    assert given.document["approved_by"] == "lin"
    assert given.document["content_hash"] == plan["content_hash"]
    assert sent.document["deliveries"]["accepted"] == plan["planned"]


def test_a_code_of_another_proof_is_refused_and_nothing_is_written_down(command: Command, tmp_path: Path) -> None:
    plan_of(command, tmp_path)
    said = command("approve", "1", "--content", "0000-0000-0000", "--yes", **OTHER)
    sent = command("send", "1", "--yes", **ASKED)

    assert said.code == 1
    assert "look at a fresh proof before you approve" in said.errors[0]
    assert "nobody has yet" in sent.errors[0]


def test_approve_shows_what_it_is_about_and_asks(command: Command, tmp_path: Path) -> None:
    plan = plan_of(command, tmp_path)
    said = command("approve", "note", **OTHER)

    assert said.code == 1
    assert "as lin? [y/N]" in said.err
    assert f"{plan['content_hash'][:4]}-{plan['content_hash'][4:8]}" in said.out
    assert "the mail will be dated" in said.err


def test_a_proof_compares_with_the_last_one(command: Command, tmp_path: Path) -> None:
    plan_of(command, tmp_path)
    issue = tmp_path / "note.md"
    first = command("mailings", "proof", "1", "one.html")
    issue.write_text(issue.read_text(encoding="utf-8").replace("subject: ", "subject: Changed "), encoding="utf-8")
    words = ("add", "new@example.com", "-n", "china-team", "--name", "Ada Newcomer")
    command("subscribers", *words, "--consent-basis", "asked", "--consent-on", date(2026, 3, 1).isoformat())
    second = command("plan", issue, "--segment", "everyone", "--proof", "two.html")

    assert (first.code, second.code) == (0, 0)
    one, two = (Path(tmp_path, name).read_text(encoding="utf-8") for name in ("one.html", "two.html"))
    assert "This is the first proof" in one
    changes = two[two.index('id="changes"') : two.index('id="findings"')]
    assert "<ins>Changed " in changes
    assert "Ada Newcomer" in changes
    assert changes.count("@example.") == 1


def test_a_page_of_another_name_is_refused_before_anything_is_planned(command: Command) -> None:
    said = command("plan", BRIEF, "--segment", "everyone", "--proof", "proof.txt")
    assert said.code == 2
    assert command("mailings", "list", "--json").document == []
