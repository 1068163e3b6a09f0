"""The command line end to end, as a user runs it: each case in a folder of its own, with a real SQLite store."""

import email
import email.policy
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.conftest import SETTINGS, Command

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SAMPLE = Path(__file__).parents[2] / "subscribers" / "sample.csv"
BRIEF = EXAMPLES / "china-ai-brief.md"
NOTE = EXAMPLES / "china-team-note.md"


def with_sample(command: Command, newsletter: str = "china-ai-brief") -> None:
    assert command("subscribers", "import", SAMPLE, "--newsletter", newsletter, "--yes").code == 0


def recipients(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in folder.rglob("*.eml"):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found[message["To"].addresses[0].addr_spec] += 1
    return found


@pytest.mark.parametrize("example", [BRIEF, NOTE], ids=["brief", "note"])
def test_an_example_builds_to_the_same_bytes_twice(command: Command, tmp_path: Path, example: Path) -> None:
    first, second = command("build", example, "-o", "one", "--json"), command("build", example, "-o", "two", "--json")

    assert (first.code, first.errors) == (0, [])
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [f"{example.stem}.{suffix}" for suffix in ("eml", "html", "json", "txt")]
    for name in names[:2] + names[3:]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert first.document | {"files": []} == second.document | {"files": []}


def test_a_build_needs_no_settings_and_says_what_it_put_in_their_place(command: Command, tmp_path: Path) -> None:
    nothing = dict.fromkeys(
        (
            "NEWSLETTER_SECRET_KEY", "NEWSLETTER_SENDER_NAME", "NEWSLETTER_SENDER_ADDRESS", "NEWSLETTER_REPLY_TO",
            "NEWSLETTER_POSTAL_ADDRESS", "NEWSLETTER_UNSUBSCRIBE_ADDRESS", "NEWSLETTER_BASE_URL", "NEWSLETTER_ACTOR",
        )
    )  # fmt: skip

    built = command("build", BRIEF, **nothing)
    named = dict(nothing, NEWSLETTER_SECRET_KEY=SETTINGS["NEWSLETTER_SECRET_KEY"])
    sent = command("send", BRIEF, "--segment", "everyone", "--yes", **named)
    keyless = command("send", BRIEF, "--segment", "everyone", "--yes", NEWSLETTER_SECRET_KEY=None)

    assert built.code == 0
    assert "placeholders stand for NEWSLETTER_SENDER_NAME" in built.err
    assert sent.code == 1
    assert "nobody has said who writes and how to leave" in sent.errors[0]
    assert "NEWSLETTER_SECRET_KEY is missing" in keyless.errors[0]
    assert not (tmp_path / "outbox").exists()


def test_a_plan_counts_those_who_named_no_interests(command: Command, tmp_path: Path) -> None:
    readers = ["a@example.com,", "b@example.com,", "c@example.com,ai-chips", "d@example.com,crypto"]
    lines = [f"{line},confirmed,asked for it,2026-03-01" for line in readers]
    columns = "email,interests,status,consent_basis,consent_on"
    (tmp_path / "list.csv").write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
    assert command("subscribers", "import", tmp_path / "list.csv", "--newsletter", "china-ai-brief").code == 0

    planned = command("plan", BRIEF, "--segment", "everyone", "--json").document
    shown = command("plan", BRIEF, "--segment", "everyone")

    assert (planned["planned"], planned["without_interests"]) == (4, 2)
    assert "2 without interests, who get every story" in " ".join(shown.out.split())


def test_the_whole_path_reaches_whom_the_plan_names_and_nobody_twice(command: Command, tmp_path: Path) -> None:
    with_sample(command)

    plan = command("plan", BRIEF, "--segment", "ai and not crypto", "--json").document
    first = command("send", str(plan["mailing"]), "--yes", "--json")
    again = command("send", BRIEF, "--segment", "ai and not crypto", "--yes", "--json")
    other = command("send", BRIEF, "--segment", "everyone", "--yes", "--json").document

    assert first.code == again.code == 0
    assert first.document["deliveries"]["accepted"] == plan["planned"] > 20
    assert plan["planned"] + sum(plan["skipped"].values()) == 200
    assert again.document["mailing"] is None
    assert again.document["skipped"]["already-sent"] == plan["planned"]
    assert other["skipped"]["already-sent"] == plan["planned"]
    reached = recipients(tmp_path / "outbox")
    assert set(reached.values()) == {1}
    assert len(reached) == plan["planned"] + other["planned"]


def test_a_plan_counts_as_the_segment_counts(command: Command) -> None:
    with_sample(command)
    for segment in ("ai", "=ai", "china and (ai-governance or ai-policy) and not crypto", "language:zh-Hans"):
        count = command("segments", "count", segment, "--newsletter", "china-ai-brief", "--json").document
        plan = command("plan", BRIEF, "--segment", segment, "--json").document

        assert count == {"expression": segment, "count": plan["planned"]}


def test_mail_goes_out_as_planned_though_the_file_has_changed(command: Command, tmp_path: Path) -> None:
    with_sample(command, "china-team")
    issue = tmp_path / "note.md"
    issue.write_text(NOTE.read_text(encoding="utf-8"), encoding="utf-8")
    plan = command("plan", issue, "--segment", "everyone", "--json").document
    issue.write_text(issue.read_text(encoding="utf-8").replace("subject: ", "subject: Changed "), encoding="utf-8")

    by_file = command("send", issue, "--segment", "everyone", "--yes")
    by_number = command("send", str(plan["mailing"]), "--yes", "--json")

    assert by_file.code == 1
    assert "planned from another version of this file" in by_file.errors[0]
    assert by_number.document["content_hash"] == plan["content_hash"]
    mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in tmp_path.rglob("*.eml")]
    assert len(mails) == plan["planned"]
    assert not any("Changed" in mail["Subject"] for mail in mails)


def test_explain_says_why_for_everyone(command: Command) -> None:
    with_sample(command)
    rows = command("subscribers", "list", "--newsletter", "china-ai-brief", "--json").document
    command("plan", BRIEF, "--segment", "ai")
    reasons: Counter[str] = Counter()
    for row in (rows[0], *(r for r in rows if r["status"] != "confirmed")):
        found = command("explain", "china-ai-brief", row["email"], "--json").document
        reasons[found["reason"]] += 1
        assert found["in_audience"] == (found["delivery"] is not None)

    assert reasons["pending"] > 0
    assert reasons["unsubscribed"] > 0


def test_build_for_one_reader_shows_that_readers_copy(command: Command, tmp_path: Path) -> None:
    words = ("add", "chen@example.com", "-n", "china-ai-brief", "--name", "{{ 7*7 }}", "--interests", "AI chips")
    added = command("subscribers", *words, "--consent-basis", "asked by mail", "--consent-on", "2026-03-01")

    built = command("build", BRIEF, "--for", "chen@example.com", "-o", "out", "--json")

    assert (added.code, built.code) == (0, 0)
    text = (tmp_path / "out" / "china-ai-brief.txt").read_text(encoding="utf-8")
    assert "{{ 7*7 }}" in text
    assert "49" not in text.split("\n\n")[1]
    assert "1 March 2026" in text


def test_a_test_mail_is_marked_and_writes_nothing_down(command: Command, tmp_path: Path) -> None:
    sent = command("test-send", BRIEF, "--to", "me@example.com", "--json")

    assert sent.document == [{"email": "me@example.com", "outcome": "accepted", "detail": sent.document[0]["detail"]}]
    (path,) = tmp_path.rglob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Subject"].startswith("[Test] ")
    assert message["List-Unsubscribe"].startswith("<https://news.example.com/u/example>")
    assert command("mailings", "list", "--json").document == []


def test_a_mailbox_only_mailing_names_no_page(command: Command, tmp_path: Path) -> None:
    with_sample(command, "china-team")

    command("send", NOTE, "--segment", "language:zh-Hans", "--yes", NEWSLETTER_BASE_URL=None)

    mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in tmp_path.rglob("*.eml")]
    assert mails
    for mail in mails:
        assert mail["List-Unsubscribe"].startswith("<mailto:leave@example.com?subject=unsubscribe%20")
        assert "List-Unsubscribe-Post" not in mail
        text, html = (part.get_content() for part in mail.iter_parts())
        assert "leave@example.com" in text
        assert "/u/" not in html


def test_cancelling_withdraws_what_has_not_left(command: Command) -> None:
    with_sample(command)
    plan = command("plan", BRIEF, "--segment", "ai", "--json").document

    cancelled = command("mailings", "cancel", str(plan["mailing"]), "--yes")
    sent = command("send", str(plan["mailing"]), "--yes")

    assert f"{plan['planned']} deliveries withdrawn" in cancelled.out
    assert sent.code == 1
    assert "was cancelled" in sent.errors[0]


def test_without_an_answer_nothing_is_sent(command: Command, tmp_path: Path) -> None:
    with_sample(command)

    asked = command("send", BRIEF, "--segment", "ai")

    assert asked.code == 1
    assert not (tmp_path / "outbox").exists()


def test_the_demo_ends_with_a_table_and_files_that_are_there(command: Command, tmp_path: Path) -> None:
    shown = command("demo", "--folder", "demo", NEWSLETTER_SECRET_KEY=None, NEWSLETTER_TRANSPORT="smtp")

    assert shown.code == 0, shown.err
    table = shown.out.partition("What became of it")[2]
    assert "not-in-segment" in table
    for line in table.partition("Look at:")[2].splitlines():
        if "demo/" in line:
            assert (tmp_path / line.strip()).is_file()
    assert recipients(tmp_path / "demo" / "outbox")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["send", "no-such-file.md", "--segment", "everyone"], 1, "no-such-file.md"),
        (["send", "999"], 1, "999"),
        (["send", str(BRIEF)], 2, "--segment"),
        (["send", str(BRIEF), "--segment", "everyone", "--transport", "pigeon"], 2, "pigeon"),
        (["plan", str(BRIEF), "--segment", "china and cryptto"], 1, "1:11: "),
        (["plan", str(BRIEF), "--segment", "china and ("], 1, "segment:1:"),
        (["plan", str(BRIEF), "--segment", "segment:nowhere"], 1, "nowhere"),
        (["subscribers", "import", "none.csv", "-n", "china-team"], 1, "none.csv"),
        (["subscribers", "import", "x.csv", "-n", "nope"], 1, "there is no newsletter 'nope'"),
        (["subscribers", "show", "nobody@example.com"], 1, "nobody@example.com"),
        (["subscribers", "tag", "nobody@example.com", "ai", "-n", "china-team"], 1, "nobody@example.com"),
        (["build", str(BRIEF), "--templates", "nowhere"], 1, "nowhere"),
        (["build", str(BRIEF), "--for", "a@example.com", "--interests", "ai"], 2, "--interests"),
        (["build", str(BRIEF), "--interests", "squirrell"], 1, "squirrell"),
        (["frobnicate"], 2, "frobnicate"),
        (["report", "nothing"], 1, "nothing"),
        (["explain", "nothing", "a@example.com"], 1, "nothing"),
    ],
)
def test_a_mistake_ends_in_one_clear_line_and_the_right_code(
    command: Command, words: list[str], code: int, said: str
) -> None:
    answer = command(*words)

    assert answer.code == code, answer
    assert said in answer.err
    if code == 1:
        assert len(answer.errors) == 1


def test_json_is_the_only_thing_on_standard_output(command: Command, tmp_path: Path) -> None:
    with_sample(command)
    (tmp_path / "raw.txt").write_text("AI goverance\n人工智能\n", encoding="utf-8")
    for words in (
        ("check", BRIEF, "--json"),
        ("build", BRIEF, "--json"),
        ("plan", BRIEF, "--segment", "ai", "--json"),
        ("send", BRIEF, "--segment", "ai", "--yes", "--json"),
        ("mailings", "list", "--json"),
        ("mailings", "show", "1", "--readers", "--json"),
        ("report", "1", "--json"),
        ("segments", "list", "--json"),
        ("tags", "list", "--json"),
        ("tags", "resolve", "raw.txt", "--json"),
        ("subscribers", "show", "reader@example.com", "--json"),
        ("schema",),
    ):
        answer = command(*words)
        assert answer.code in (0, 1), answer
        if answer.code == 0:
            json.loads(answer.out)
