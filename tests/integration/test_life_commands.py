"""A mailing's life on the command line: paused, resumed, scheduled, sent by a worker, tried again, corrected."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.store import open_store
from tests.integration.conftest import Command
from tests.integration.test_cli import BRIEF, recipients, with_sample
from tests.stores import address_of


def planned(command: Command, segment: str = "ai and not crypto") -> tuple[str, int]:
    with_sample(command)
    plan = command("plan", BRIEF, "--segment", segment, "--json").document
    return str(plan["mailing"]), plan["planned"]


def set_time(folder: Path, mailing: str, at: datetime) -> None:
    """As if it had been scheduled earlier: nobody can be asked to wait."""
    with open_store(address_of(folder)) as store:
        store.mailings.schedule(int(mailing), at, transport="outbox", actor="test", now=at)


def test_a_draft_cannot_be_paused_and_says_so_in_one_line(command: Command) -> None:
    mailing, _ = planned(command)

    assert command("mailings", "pause", mailing).errors == [
        f"error: mailing {mailing} is not under way; newsletter send {mailing} sends it"
    ]
    assert "is not paused: it is draft" in command("mailings", "resume", mailing).errors[0]


def test_without_a_person_nothing_is_sent_unless_yes_was_said(command: Command, tmp_path: Path) -> None:
    mailing, _ = planned(command)

    refused = command("send", mailing)

    assert refused.code == 1
    assert "nobody is there to confirm it" in refused.errors[0]
    assert not (tmp_path / "outbox").exists()


def test_a_scheduled_mailing_is_sent_by_a_worker_when_its_time_has_come(command: Command, tmp_path: Path) -> None:
    mailing, readers = planned(command)
    scheduled = command("send", mailing, "--at", "2099-12-01 07:30", "--zone", "Europe/Berlin", "--yes")
    early = command("worker", "--once")
    shown = command("mailings", "show", mailing, "--json").document
    set_time(tmp_path, mailing, datetime.now(UTC) - timedelta(minutes=5))

    worked = command("worker", "--once")

    assert "scheduled for 2099-12-01 06:30 UTC" in scheduled.out
    assert "No worker is running" in scheduled.err
    assert (early.code, shown["status"], shown["deliveries"]["accepted"]) == (0, "scheduled", 0)
    assert f"mailing={mailing} status=sent accepted={readers}" in worked.err
    assert "@" not in worked.err
    assert len(recipients(tmp_path / "outbox")) == readers


@pytest.mark.parametrize(
    ("at", "what", "readings"),
    [
        (
            "2099-03-29 02:30",
            "does not exist",
            ("2099-03-29 01:30+01:00", "2099-03-29 03:30+02:00"),
        ),
        (
            "2099-10-25 02:30",
            "comes twice",
            ("2099-10-25 02:30+02:00", "2099-10-25 02:30+01:00"),
        ),
    ],
    ids=["skipped", "repeated"],
)
def test_a_time_that_a_change_of_clocks_skips_or_repeats_is_refused_with_both_readings(
    command: Command, at: str, what: str, readings: tuple[str, str]
) -> None:
    mailing, _ = planned(command)

    refused = command("send", mailing, "--at", at, "--zone", "Europe/Berlin", "--yes")
    chosen = [command("send", mailing, "--at", reading, "--yes") for reading in readings]
    acts = command("mailings", "show", mailing, "--json").document["acts"]

    assert refused.code == 1
    told = f"{readings[0]} (00:30 UTC) or {readings[1]} (01:30 UTC)"
    assert refused.errors == [f"error: {at} {what} in Europe/Berlin on that day: {told}; write one of them"]
    assert [said.code for said in chosen] == [0, 0]
    day = at.partition(" ")[0]
    assert [act["detail"]["send_at"] for act in acts if act["act"] == "scheduled"] == [
        f"{day}T00:30:00+00:00",
        f"{day}T01:30:00+00:00",
    ]


def under_embargo(command: Command, folder: Path) -> str:
    """A mailing planned today, which must not leave before December 2099."""
    with_sample(command)
    issue = folder / BRIEF.name
    issue.write_text(BRIEF.read_text(encoding="utf-8").replace("---\n", "---\nembargo: 2099-12-01\n", 1), "utf-8")
    return str(command("plan", issue, "--segment", "everyone", "--json").document["mailing"])


def test_no_time_breaks_an_embargo(command: Command, tmp_path: Path) -> None:
    mailing = under_embargo(command, tmp_path)
    zone = ("--zone", "Asia/Singapore", "--yes")

    now = command("send", mailing, "--yes")
    early = command("send", mailing, "--at", "2099-11-30 23:59", *zone)
    # As if somebody had scheduled it by another way: the worker does not break it either.
    set_time(tmp_path, mailing, datetime.now(UTC) - timedelta(minutes=1))
    worked = command("worker", "--once")
    resumed = command("mailings", "resume", mailing)
    again = command("send", mailing, "--yes")

    for refused in (now, early, again):
        assert refused.code == 1
        assert f"mailing {mailing} is under embargo until 2099-11-30 16:00 UTC" in refused.errors[0]
    assert f'mailing={mailing} status=paused why="mailing {mailing} is under embargo' in worked.err
    assert resumed.code == 0
    assert not (tmp_path / "outbox").exists()


def test_after_its_embargo_a_mailing_may_be_scheduled(command: Command, tmp_path: Path) -> None:
    mailing = under_embargo(command, tmp_path)

    scheduled = command("send", mailing, "--at", "2099-12-01 00:00", "--zone", "Asia/Singapore", "--yes")

    assert scheduled.code == 0
    assert f"Mailing {mailing} is scheduled for 2099-11-30 16:00 UTC." in scheduled.out


def test_a_mailing_that_is_half_an_hour_late_waits_for_a_person(command: Command, tmp_path: Path) -> None:
    mailing, readers = planned(command)
    set_time(tmp_path, mailing, datetime.now(UTC) - timedelta(minutes=31))

    command("worker", "--once")
    listed = command("mailings", "list").out
    refused = command("send", mailing, "--yes")
    resumed = command("mailings", "resume", mailing)
    sent = command("send", mailing, "--yes", "--json")

    assert "no worker was there" in listed
    assert (refused.code, "is paused: its time was" in refused.errors[0]) == (1, True)
    assert f"newsletter send {mailing}" in resumed.err
    assert (sent.document["status"], sent.document["deliveries"]["accepted"]) == ("sent", readers)
    acts = command("mailings", "show", mailing, "--json").document["acts"]
    assert [act["act"] for act in acts] == ["planned", "scheduled", "paused", "resumed", "begun", "finished"]
    assert [act["by"] for act in acts][2:4] == ["newsletter worker", "test"]


def test_a_scheduled_mailing_can_be_cancelled(command: Command, tmp_path: Path) -> None:
    mailing, readers = planned(command)
    set_time(tmp_path, mailing, datetime.now(UTC) - timedelta(minutes=1))

    assert f"{readers} deliveries withdrawn" in command("mailings", "cancel", mailing, "--yes").out
    command("worker", "--once")
    assert not (tmp_path / "outbox").exists()


def test_a_correction_reaches_those_whose_copy_held_the_story_and_nobody_else(command: Command, tmp_path: Path) -> None:
    mailing, readers = planned(command)
    command("send", mailing, "--yes")
    originals = {mail["To"].addresses[0].addr_spec: mail["Message-ID"] for mail in mails(tmp_path / "outbox")}
    text = BRIEF.read_text(encoding="utf-8")
    fixed = tmp_path / BRIEF.name
    fixed.write_text(text, encoding="utf-8")
    unsaid = command("correct", mailing, fixed, "--yes")
    said = text.replace("---\n", "---\ncorrection: The **sum** was wrong.\n", 1)
    fixed.write_text(said, encoding="utf-8")
    unchanged = command("correct", mailing, fixed, "--yes")
    fixed.write_text(said.replace("Summary: ", "Summary: Put right. ", 1), encoding="utf-8")

    first = command("correct", mailing, fixed, "--yes", "--json", NEWSLETTER_OUTBOX="second")
    assert first.errors == []
    corrected = first.document
    again = command("correct", mailing, fixed, "--yes", NEWSLETTER_OUTBOX="third")

    assert "does not say what was wrong" in unsaid.errors[0]
    assert "no story of mailing" in unchanged.errors[0]
    assert (corrected["corrects"], corrected["planned"]) == (int(mailing), readers)
    assert corrected["skipped"]["unaffected"] > 0
    for mail in mails(tmp_path / "second"):
        assert mail["In-Reply-To"] == mail["References"] == originals[mail["To"].addresses[0].addr_spec]
        body = mail.get_body(("plain",))
        assert body is not None
        assert "Correction: The sum was wrong." in body.get_content()
    assert len(mails(tmp_path / "second")) == readers
    assert again.code == 0


def mails(folder: Path) -> list[email.message.EmailMessage]:
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in folder.rglob("*.eml")]
