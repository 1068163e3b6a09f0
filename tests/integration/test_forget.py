"""Forgetting, as a person does it: afterwards no byte of the workspace names them."""

import re
from pathlib import Path

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, Outcome, Receipt
from newsletter.store import open_store
from newsletter.store.consents import Occasion
from newsletter.store.schema import deliveries
from newsletter.subscriber import SuppressionReason
from tests.builders import NOW
from tests.integration.conftest import Command
from tests.integration.test_cli import BRIEF
from tests.stores import address_of, bytes_of

EMAIL = "Zephyrine.Quillfeather@example.org"
#: nothing else in the workspace holds any of these
WORDS = (b"quillfeather", b"zephyrine", "泽菲琳".encode(), b"featherbed holdings", b"madam q", b"198.51.100")
LIST = f"""email,name,salutation,company,consent_basis,consent_on,interests
{EMAIL},Zephyrine 泽菲琳,Madam Q,Featherbed Holdings,met Zephyrine at the forum,2026-03-01,
mia.{EMAIL},Somebody else,,,form,2026-03-01,
other@example.com,Other,,,form,2026-03-01,
"""
REJECTED = f"""email,name
{EMAIL};other@example.com,Both
bad,Bad
"{EMAIL}
",Twice
"""
ADDRESSES = re.compile(rb"(?<![\w.])" + re.escape(EMAIL.lower().encode()))


def traces(folder: Path) -> list[tuple[str, bytes]]:
    """Where a word of theirs stands, in the bytes of any file: the database, its log and its free pages, too."""
    held = bytes_of(folder).lower().replace(b"mia.zephyrine.quillfeather", b"")
    found = [("newsletter", word) for word in WORDS if word in held]
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes().lower().replace(b"mia.zephyrine.quillfeather", b"") if path.is_file() else b""
        found += [(path.name, word) for word in WORDS if word in content]
    return found


def a_workspace_that_knows_them(command: Command, folder: Path) -> None:
    (folder / "list.csv").write_text(LIST, encoding="utf-8")
    (folder / "old.csv").write_text(REJECTED, encoding="utf-8")
    for newsletter in ("china-ai-brief", "china-team"):
        assert command("subscribers", "import", "list.csv", "-n", newsletter).code == 0
    assert command("subscribers", "import", "old.csv", "-n", "china-team").code == 0
    command("subscribers", "tag", EMAIL, "crypto", "-n", "china-team")
    sent = command("send", BRIEF, "--segment", "everyone", "--yes", "--transport", "outbox")
    assert sent.code == 0, sent.err
    with open_store(address_of(folder)) as store:
        reader = store.readers.find(EMAIL)[0]
        occasion = Occasion(at=NOW, source="form of Zephyrine", ip="198.51.100.7")
        store.consents.sign_up(EMAIL, "another", occasion)
        store.readers.suppress(reader.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
        # As a server says it: with the address.
        mailing = store.mailings.recent()[0]
        with store._database.writing() as connection:
            said = {"detail": f"550 5.1.1 <{EMAIL}> unknown", "provider_id": f"<1.{EMAIL}>"}
            theirs = sa.update(deliveries).where(deliveries.c.subscriber_id == reader.subscriber_id)
            connection.execute(theirs.values(state="refused", **said))
        assert store.mailings.counts(mailing.id)[DeliveryState.REFUSED] == 1
    for name in ("list.csv", "old.csv"):
        (folder / name).unlink()


def test_no_byte_of_the_workspace_names_whoever_was_forgotten(command: Command, tmp_path: Path) -> None:
    a_workspace_that_knows_them(command, tmp_path)
    before = {word for _, word in traces(tmp_path)}
    assert before >= set(WORDS[:3]), "else there is nothing to forget"
    assert list((tmp_path / "outbox").glob("*uillfeather*"))

    done = command("subscribers", "forget", EMAIL.lower(), "--yes")

    assert (done.code, done.errors) == (0, [])
    assert "Forgotten (read another, china-ai-brief, china-team)" in done.out
    assert traces(tmp_path) == []
    assert [path for path in tmp_path.rglob("*") if ADDRESSES.search(str(path).lower().encode())] == []
    # The next list does not bring them back, and the others are as they were.
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    again = command("subscribers", "import", "list.csv", "-n", "china-team", "--json")
    assert again.document["kept_away"] == 1
    with open_store(address_of(tmp_path)) as store:
        assert store.readers.find(EMAIL)[0].suppressed_for is SuppressionReason.COMPLAINED
        assert store.readers.find(f"mia.{EMAIL}")[0].name == "Somebody else"
    assert "bad,Bad" in (tmp_path / "old.rejects.csv").read_text("utf-8-sig")
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2


def test_the_ledger_adds_up_without_them(command: Command, tmp_path: Path) -> None:
    a_workspace_that_knows_them(command, tmp_path)
    before = command("report", "1", "--json").document
    assert command("subscribers", "forget", EMAIL, "--yes").code == 0
    after = command("report", "1", "--json").document
    # The domain of their address is forgotten with it.
    changed = dict.fromkeys(("refused", "domains", "made_at"))
    assert after | changed == before | changed
    assert {one["domain"] for one in after["domains"]} >= {""}
    for figure in ("planned", "reached", "failed"):
        assert sum(one[figure] for one in after["domains"]) == sum(one[figure] for one in before["domains"])
    assert after["refused"] == [{"email": "forgotten-1", "detail": ""}]
    shown = command("mailings", "show", "1", "--readers")
    assert shown.code == 0
    assert "forgotten-" in shown.out
    assert "forgotten" not in command("subscribers", "list", "-n", "china-team").out


def test_files_that_are_not_ours_are_named_and_left(command: Command, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    (tmp_path / "wide.txt").write_text(EMAIL, encoding="utf-16-le")
    (tmp_path / "mia.txt").write_text(f"mia.{EMAIL}", encoding="utf-8")
    command("subscribers", "import", "list.csv", "-n", "china-team")

    done = command("subscribers", "forget", EMAIL, "--yes")

    named = sorted(line for line in done.err.splitlines() if line.startswith("still named in"))
    assert named == ["still named in list.csv", "still named in wide.txt"]
    assert (tmp_path / "list.csv").read_text("utf-8") == LIST


def test_a_second_time_looks_for_traces_once_more_and_a_stranger_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    command("subscribers", "import", "list.csv", "-n", "china-team")
    with open_store(address_of(tmp_path)) as store, store._database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM subscribers").one()
        first = command("subscribers", "forget", EMAIL, "--yes")
    second = command("subscribers", "forget", EMAIL, "--yes")

    assert first.code == 0
    assert "Another program has the database open" in first.err
    assert (second.code, "Another program" in second.err) == (0, False)
    assert second.out.startswith("Forgotten before; looked for traces once more")
    assert [name for name, _ in traces(tmp_path) if name != "list.csv"] == []
    stranger = command("subscribers", "forget", "nobody@example.com", "--yes")
    assert stranger.code == 1
    assert stranger.errors == [
        "error: nobody is known by the address nobody@example.com; newsletter subscribers list shows readers"
    ]


def test_nobody_is_forgotten_without_a_yes(command: Command, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    command("subscribers", "import", "list.csv", "-n", "china-team")
    assert command("subscribers", "forget", EMAIL).code != 0
    assert command("subscribers", "show", EMAIL).code == 0


def test_a_late_word_about_somebody_forgotten_is_not_kept(command: Command, tmp_path: Path) -> None:
    """A sender that was given up may still learn what became of their mail."""
    a_workspace_that_knows_them(command, tmp_path)
    with open_store(address_of(tmp_path)) as store:
        [delivery] = [it for it in store.mailings.readers(1) if it.email == EMAIL]
        with store._database.writing() as connection:
            theirs = sa.update(deliveries).where(deliveries.c.detail == f"550 5.1.1 <{EMAIL}> unknown")
            connection.execute(theirs.values(state="unknown", run_id=1))
            number = connection.exec_driver_sql("SELECT id FROM deliveries WHERE state = 'unknown'").scalar_one()
        assert delivery.state == "refused"
        store.forgetting.forget(EMAIL, actor="mei", now=NOW)
        said = [Receipt(number, Outcome.REFUSED, f"550 5.1.1 <{EMAIL}> unknown")]
        store.mailings.settle(said, run_id=1, now=NOW, due_at=NOW)
        store.forgetting.rewrite()
    assert [name for name, word in traces(tmp_path) if word == b"quillfeather" and name.startswith("newsletter")] == []
