"""A copy that is made while a sender is at work is whole, and can be worked with, as the operator's manual says."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from newsletter.delivery import DeliveryState, Outcome, Receipt
from newsletter.store import Store, open_store
from tests.builders import NOW
from tests.stores import NEWSLETTER, a_mailing, a_plan, a_store, address_of, an_entry, only_sqlite, take_in

#: a server is copied by its own programs
pytestmark = only_sqlite
READERS = 3_000
#: as in docs/operator.md
COPY = "import sqlite3; sqlite3.connect('newsletter.db').backup(sqlite3.connect('copy.db'))"


class Sender(threading.Thread):
    """Claims, hands over and settles, until nothing is left; tells when a third of it is done."""

    def __init__(self, folder: Path, mailing_id: int) -> None:
        super().__init__()
        self.folder, self.mailing_id = folder, mailing_id
        self.is_under_way = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with open_store(address_of(self.folder)) as store:
                self._send(store)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.failure = error

    def _send(self, store: Store) -> None:
        run_id = store.mailings.open_run(self.mailing_id, NOW)
        done = 0
        while batch := store.mailings.claim(self.mailing_id, run_id=run_id, limit=20, now=NOW):
            receipts = [Receipt(it.delivery_id, Outcome.ACCEPTED, "250 taken") for it in batch]
            store.mailings.settle(receipts, run_id=run_id, now=NOW, due_at=NOW)
            done += len(batch)
            if done > READERS // 3:
                self.is_under_way.set()


def copy_with_python(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", COPY], cwd=folder, check=True, timeout=60)


def copy_with_sqlite(folder: Path) -> None:
    subprocess.run(["sqlite3", "newsletter.db", ".backup 'copy.db'"], cwd=folder, check=True, timeout=60)


WAYS = [
    copy_with_python,
    pytest.param(copy_with_sqlite, marks=pytest.mark.skipif(not shutil.which("sqlite3"), reason="needs sqlite3")),
]


@pytest.mark.parametrize("make_copy", WAYS)
def test_a_copy_made_while_a_sender_writes_comes_back_whole(tmp_path: Path, make_copy: object) -> None:
    with a_store(tmp_path) as store:
        mailing = a_mailing(store, a_plan(take_in(store, *(an_entry(number) for number in range(READERS)))))
    sender = Sender(tmp_path, mailing.id)
    sender.start()
    sender.is_under_way.wait(timeout=60)
    make_copy(tmp_path)  # type: ignore[operator]
    was_at_work = sender.is_alive()
    sender.join(timeout=60)
    assert sender.failure is None, "the copy stopped the sender"
    assert was_at_work, "the sender was done before the copy; then this proves nothing"

    # To come back: the copy takes the place of the database, and nothing of the old one is left beside it.
    restored = tmp_path / "restored"
    restored.mkdir()
    (tmp_path / "copy.db").rename(restored / "newsletter.db")
    with sqlite3.connect(restored / "newsletter.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
    with open_store(address_of(restored)) as store:
        assert store.readers.count(NEWSLETTER) == READERS
        counts = store.mailings.counts(mailing.id)
        assert sum(counts.values()) == READERS
        assert READERS // 3 < counts[DeliveryState.ACCEPTED] <= READERS
        # What was on its way when the copy was made is settled, and nobody is lost or written to twice by it.
        store.mailings.recover(mailing.id, NOW)
        after = store.mailings.counts(mailing.id)
        assert after[DeliveryState.CLAIMED] == 0
        assert sum(after.values()) == READERS
        assert after[DeliveryState.ACCEPTED] == counts[DeliveryState.ACCEPTED]
        run_id = store.mailings.open_run(mailing.id, NOW)
        rest = store.mailings.claim(mailing.id, run_id=run_id, limit=READERS, now=NOW)
        assert len(rest) == after[DeliveryState.PLANNED]


def test_a_copy_knows_those_who_were_forgotten_before_it_was_made(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        take_in(store, an_entry())
        store.forgetting.forget("reader1@example.com", actor="mei", now=NOW)
    copy_with_python(tmp_path)
    assert b"reader1@example.com" not in (tmp_path / "copy.db").read_bytes()
    (tmp_path / "copy.db").replace(tmp_path / "newsletter.db")
    with open_store(address_of(tmp_path)) as store:
        [reader] = take_in(store, an_entry())
        assert reader.suppressed_for == "forgotten"
