"""`subscribers import`, `export`, `show`: as somebody at the keyboard, and as a program, has them."""

import csv
import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.store import open_store
from newsletter.store.consents import Occasion
from newsletter.subscriber import Consent
from tests.builders import NOW
from tests.integration.at_work import environ
from tests.integration.conftest import Command
from tests.stores import CONSENT as GIVEN
from tests.stores import a_store, address_of

CONSENT = ("--consent-basis", "contract", "--consent-on", "2026-03-01")
INTO = ("-n", "china-team")


def write(folder: Path, text: str, name: str = "list.csv") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def count(command: Command) -> int:
    return len(command("subscribers", "list", *INTO, "--json").document)


def a_list(readers: int) -> str:
    return "email\n" + "".join(f"reader{number}@example.com\n" for number in range(readers))


def test_a_file_and_its_columns_are_shown_before_anything_is_written(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "E-Mail;姓名;Notes\nmei@example.com;陈梅;x\n")
    said = command("subscribers", "import", "list.csv", *INTO, *CONSENT)
    assert said.code == 0
    assert said.err.splitlines()[:4] == [
        "list.csv: UTF-8, cells parted by semicolons",
        "  E-Mail  email (named)",
        "  姓名    name (named)",
        "  Notes   (not read)",
    ]
    assert count(command) == 1


def test_a_guess_is_not_acted_upon_while_nobody_is_there(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "Work mail address;Who\nmei@example.com;Mei\n")
    refused = command("subscribers", "import", "list.csv", *INTO)
    assert refused.code == 1
    message = "column 'Work mail address' is only guessed to be the email; nothing was imported"
    fix = "say --yes if that is right, or name it: --column email='Work mail address'"
    assert refused.errors == [f"error: {message}; {fix}"]
    assert count(command) == 0
    named = command(
        "subscribers", "import", "list.csv", *INTO, "--column", "email=Work mail address", "--column", "name=Who"
    )
    assert "  Who                name (chosen)" in named.err.splitlines()
    assert named.code == 0
    [reader] = command("subscribers", "list", *INTO, "--json").document
    assert (reader["email"], reader["name"]) == ("mei@example.com", "Mei")


@pytest.mark.parametrize(("answer", "readers"), [(b"y\n", 1), (b"\n", 1), (b"n\n", 0)])
def test_somebody_at_the_keyboard_is_asked(command: Command, tmp_path: Path, answer: bytes, readers: int) -> None:
    write(tmp_path, "Work mail address\nmei@example.com\n")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "newsletter", "subscribers", "import", "list.csv", *INTO]
    process = subprocess.Popen(
        words,
        cwd=tmp_path,
        env=environ(tmp_path, 25),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.write(ours, answer)
    said, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "Read the columns like this?" in said.decode()
    assert count(command) == readers


def test_more_than_fifty_new_readers_are_only_counted_until_somebody_says_yes(command: Command, tmp_path: Path) -> None:
    write(tmp_path, a_list(51))
    first = command("subscribers", "import", "list.csv", *INTO, *CONSENT, "--json")
    assert (first.code, first.document["added"], first.document["written"]) == (0, 51, False)
    assert "51 new readers: more than anybody adds by accident, so nothing was written." in first.err
    assert "say the same with --yes" in first.err
    assert count(command) == 0
    second = command("subscribers", "import", "list.csv", *INTO, *CONSENT, "--yes", "--json")
    assert (second.document["added"], second.document["written"]) == (51, True)
    assert count(command) == 51


def test_fifty_are_taken_in_at_once_and_known_ones_do_not_count(command: Command, tmp_path: Path) -> None:
    write(tmp_path, a_list(50))
    assert command("subscribers", "import", "list.csv", *INTO, "--json").document["written"]
    write(tmp_path, a_list(100))
    again = command("subscribers", "import", "list.csv", *INTO, "--json").document
    assert (again["added"], again["unchanged"], again["written"]) == (50, 50, True)


def test_what_becomes_of_readers_who_are_there_already_is_said_in_so_many_words(
    command: Command, tmp_path: Path
) -> None:
    write(tmp_path, "email,name,interests\nmei@example.com,Mei,crypto\n")
    command("subscribers", "import", "list.csv", *INTO)
    write(tmp_path, "email,name,interests\nmei@example.com,Chen Mei,AI governance\n")

    def after(*words: str) -> tuple[str, list[str]]:
        said = command("subscribers", "import", "list.csv", *INTO, *words)
        assert said.code == 0
        [reader] = command("subscribers", "list", *INTO, "--json").document
        hint = "stayed as they were; --update takes over what the file says" in said.err
        assert hint == (not words)
        return reader["name"], reader["interests"]

    assert after() == ("Mei", ["crypto"])
    assert after("--skip-existing") == ("Mei", ["crypto"])
    assert after("--update") == ("Chen Mei", ["ai-governance", "crypto"])
    assert after("--replace-interests") == ("Chen Mei", ["ai-governance"])
    both = command("subscribers", "import", "list.csv", *INTO, "--update", "--skip-existing")
    assert both.code == 2


@pytest.mark.parametrize("words", [("--column", "email"), ("--column", "=x"), ("--consent-basis", "form")])
def test_wrong_usage_is_told_with_exit_code_2(command: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    write(tmp_path, a_list(1))
    assert command("subscribers", "import", "list.csv", *INTO, *words).code == 2


def test_who_said_no_is_counted_and_named_as_such(command: Command, tmp_path: Path) -> None:
    write(tmp_path, a_list(3))
    command("subscribers", "import", "list.csv", *INTO, *CONSENT)
    command("subscribers", "unsubscribe", "reader1@example.com")
    said = command("subscribers", "import", "list.csv", *INTO, *CONSENT, "--update")
    assert "1 reader said no before, and get no mail whatever the list says." in said.err


def test_many_bad_rows_do_not_fill_the_screen(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "email\n" + "bad\n" * 100)
    said = command("subscribers", "import", "list.csv", *INTO)
    assert len(said.errors) == 40
    assert "… and 60 more rows that cannot be read" in said.err
    assert len((tmp_path / "list.rejects.csv").read_text("utf-8-sig").splitlines()) == 101


def test_a_list_comes_in_by_a_pipe(command: Command, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "newsletter", "subscribers", "import", "-", *INTO, "--json"]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=environ(tmp_path, 25),
        input=a_list(2).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b'"added": 2' in done.stdout


def test_an_export_is_private_and_comes_back(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "email,name,interests\nmei@example.com,=陈梅,crypto\nli@example.com,Li,\n")
    command("subscribers", "import", "list.csv", *INTO, *CONSENT)
    before = command("subscribers", "list", *INTO, "--json").document

    said = command("subscribers", "export", *INTO, "-o", "out.csv")

    assert (said.code, said.out) == (0, "")
    assert "2 readers of china-team are in out.csv. It holds addresses: keep it to yourself." in said.err
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfemail,")
    a_store(tmp_path).close()
    assert command("subscribers", "import", "out.csv", *INTO).code == 0
    assert command("subscribers", "list", *INTO, "--json").document == before


def test_an_export_to_a_pipe_is_csv_and_nothing_else(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "email,name,interests\nmei@example.com,陈梅,crypto\nli@example.com,Li,\n")
    command("subscribers", "import", "list.csv", *INTO)
    said = command("subscribers", "export", *INTO, "--segment", "crypto", PYTHONIOENCODING="ascii")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [(row["email"], row["name"]) for row in rows] == [("mei@example.com", "陈梅")]
    assert said.err.strip() == "1 reader"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "say --newsletter for a list, or --person for one reader"),
        ((*INTO, "--person", "mei@example.com"), 2, "say --newsletter for a list"),
        (("-n", "nope"), 1, "there is no newsletter 'nope'"),
        ((*INTO, "-o", "nowhere/out.csv"), 1, "nowhere/out.csv: cannot be written (No such file or directory)"),
        (("--person", "nobody@example.com"), 1, "nobody is known by the address nobody@example.com"),
    ],
)
def test_an_export_that_cannot_be_is_told(command: Command, words: tuple[str, ...], code: int, said: str) -> None:
    answer = command("subscribers", "export", *words)
    assert answer.code == code
    assert said in " ".join(answer.err.replace("│", " ").split())


def test_one_person_gets_everything_that_is_held_on_them(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "email,name,interests\nmei@example.com,陈梅,crypto\nli@example.com,Li,\n")
    for newsletter in ("china-team", "china-ai-brief"):
        command("subscribers", "import", "list.csv", "-n", newsletter, *CONSENT)
    command("subscribers", "untag", "mei@example.com", "crypto", *INTO)
    with open_store(address_of(tmp_path)) as store:
        reader = store.readers.find("mei@example.com", "china-team")[0]
        own = Consent(basis="by link", on=GIVEN.on, wording="v2", cross_border=True)
        store.consents.confirm(reader.subscription_id, own, Occasion(at=NOW, source="form", ip="203.0.113.5"))
        store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
    issue = Path(__file__).parents[2] / "docs" / "examples" / "china-ai-brief.md"
    assert command("send", issue, "--segment", "everyone", "--yes", "--transport", "outbox").code == 0

    held = command("subscribers", "export", "--person", "MEI@example.com").document

    assert (held["person"]["email"], held["person"]["name"]) == ("mei@example.com", "陈梅")
    assert {it["newsletter"]: it["status"] for it in held["subscriptions"]} == {
        "china-team": "unsubscribed",
        "china-ai-brief": "confirmed",
    }
    assert [it["event"] for it in held["consents"]] == ["added", "added", "unsubscribed"]
    [delivery] = held["deliveries"]
    assert (delivery["newsletter"], delivery["issue"], delivery["state"]) == (
        "china-ai-brief",
        "china-ai-brief",
        "accepted",
    )
    assert delivery["subject"]
    assert [it["action"] for it in held["changes"]] == ["interests-removed", "unsubscribed"]
    assert "li@example.com" not in str(held)
    private = command("subscribers", "export", "--person", "mei@example.com", "-o", "mei.json")
    assert private.code == 0
    assert (tmp_path / "mei.json").stat().st_mode & 0o077 == 0


def test_show_prints_the_consent_log(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "email,name\nmei@example.com,陈梅\n")
    command("subscribers", "import", "list.csv", *INTO, *CONSENT)
    command("subscribers", "unsubscribe", "mei@example.com")
    said = command("subscribers", "show", "mei@example.com").out
    log = said[said.index("Consent log") :]
    assert [word in log for word in ("added", "contract, 2026-03-01", "file ", "unsubscribed", "test")] == [True] * 5
    [form] = command("subscribers", "show", "mei@example.com", "--json").document
    assert [it["event"] for it in form["consents"]] == ["added", "unsubscribed"]
    assert form["consents"][0]["source"].startswith("sha256:")


def test_the_worker_purges_whoever_never_confirmed(command: Command, tmp_path: Path) -> None:
    with open_store(address_of(tmp_path)) as store:
        store.consents.sign_up("mei@example.com", "china-team", Occasion(at=NOW.replace(year=2025), source="form"))
    assert count(command) == 1
    said = command("worker", "--once")
    assert "event=purged" in said.err
    assert "unconfirmed=1" in said.err
    assert "mei@" not in said.err
    assert count(command) == 0
