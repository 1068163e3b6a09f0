"""Opening a store: new, old, newer, somebody else's, full, locked; each failure is one line that says what to do."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from newsletter.errors import StoreError
from newsletter.store import Store, open_store
from newsletter.store.opening import HEAD
from tests.builders import NOW
from tests.stores import NEWSLETTER, a_store, address_of, an_entry, take_in


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url, wait_seconds=0.1)
    assert len(caught.value.findings) == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_new_store_is_made_and_keeps_its_id(tmp_path: Path) -> None:
    with open_store(address_of(tmp_path)) as store:
        made = store.id
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    with open_store(address_of(tmp_path)) as store:
        assert store.id == made


def test_two_new_stores_have_different_ids() -> None:
    with open_store("sqlite://") as one, open_store("sqlite://") as two:
        assert one.id != two.id


def test_a_new_database_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    with open_store(address_of(tmp_path)) as store:
        take_in(store, an_entry())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) == {"newsletter.db", "newsletter.db-wal", "newsletter.db-shm"}
    assert set(modes.values()) == {0o600}


def test_an_up_to_date_store_opens_without_alembic_and_at_once(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    program = """
import sys, time
from newsletter.store import open_store
started = time.perf_counter()
open_store(sys.argv[1]).close()
print(time.perf_counter() - started, "alembic" in sys.modules)
"""
    said = subprocess.run(
        [sys.executable, "-c", program, address_of(tmp_path)], capture_output=True, text=True, check=True
    )
    took, has_alembic = said.stdout.split()
    assert has_alembic == "False"
    assert float(took) < 1


def test_a_store_in_a_folder_with_a_percent_sign_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "100%d of it"
    folder.mkdir()
    open_store(address_of(folder)).close()


def test_many_can_open_a_new_store_at_once(tmp_path: Path) -> None:
    ids: list[str] = []

    def work() -> None:
        with open_store(address_of(tmp_path)) as store:
            ids.append(store.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_the_driver_keeps_what_was_promised(tmp_path: Path) -> None:
    with a_store(tmp_path) as store, store._database.reading() as connection:
        settings = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in settings] == ["wal", 2, 1]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("newsletter.db", "the database address is not an address; write it as sqlite:///newsletter.db"),
        ("", "the database address is not an address; write it as sqlite:///newsletter.db"),
        (
            "mysql://mei:secret@db.example.com/news",
            "databases of the kind mysql cannot be used; set NEWSLETTER_DATABASE_URL to sqlite:///newsletter.db or ",
        ),
        ("nosuch://x", "databases of the kind nosuch cannot be used; "),
    ],
)
def test_an_address_that_is_none_of_ours_is_refused_without_its_password(url: str, said: str) -> None:
    assert refusal(url).startswith(said)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(address_of(tmp_path / "nowhere")).endswith("create it, or correct the database address")


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    assert "is a folder" in refusal(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    path.write_text("minutes of the meeting\n" * 100)
    assert refusal(address_of(tmp_path)).endswith(": is not a database; name another file, or move this one away")
    assert path.read_text() == "minutes of the meeting\n" * 100


def test_a_database_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "newsletter.db") as other:
        other.execute("CREATE TABLE accounts (id INTEGER)")
    other.close()
    assert refusal(address_of(tmp_path)).endswith(": is a database of another program; name another file")
    with sqlite3.connect(tmp_path / "newsletter.db") as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("accounts",)]
    other.close()


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    newer = f"{int(HEAD) + 1:04}"
    with sqlite3.connect(tmp_path / "newsletter.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (newer,))
        database.execute("UPDATE meta SET value = ? WHERE key = 'works_from'", (newer,))
    database.close()
    assert "was written by a newer version of newsletter; update this program" in refusal(address_of(tmp_path))


def test_a_database_without_its_revision_is_told(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "newsletter.db") as database:
        database.execute("DELETE FROM alembic_version")
    database.close()
    assert refusal(address_of(tmp_path)).endswith("the database is damaged; bring back the last copy of it")


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        take_in(store, *(an_entry(number) for number in range(500)))
    path = tmp_path / "newsletter.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="the database is damaged; bring back the last copy of it"):
        Store.close(open_store(address_of(tmp_path)))


def test_a_database_that_another_program_writes_to_is_told_after_the_wait(tmp_path: Path) -> None:
    with a_store(tmp_path, wait_seconds=0.1) as store:
        other = sqlite3.connect(tmp_path / "newsletter.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreError, match=r"another program is writing to the database; wait until it is done"):
            take_in(store, an_entry())
        assert time.monotonic() - started < 5
        assert list(store.readers.stream(NEWSLETTER)) == []
        other.execute("ROLLBACK")
        other.close()
        assert len(take_in(store, an_entry())) == 1


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    said = as_nobody("from newsletter.store import open_store; open_store(sys.argv[1])", tmp_path)
    assert "StoreError" in said
    assert "the database cannot be created (Permission denied); allow writing to its folder" in said


def as_nobody(program: str, folder: Path) -> str:
    """What a program says that runs without the rights of root."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*drop, sys.executable, "-c", f"import sys; {program}", address_of(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


FULL_DISK = """
import resource, sys
from newsletter.errors import StoreError
from newsletter.store import open_store
from tests.builders import NOW
from tests.stores import NEWSLETTER, an_entry
store = open_store(sys.argv[1])
room = int(sys.argv[2])
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    entries = (an_entry(number) for number in range(20_000))
    store.readers.take_in(NEWSLETTER, entries, update=False, actor="mei", now=NOW)
except StoreError as error:
    print(error)
print(store.readers.count(NEWSLETTER))
"""


def on_a_full_disk(folder: Path, room: int) -> list[str]:
    command = [sys.executable, "-c", FULL_DISK, address_of(folder), str(room)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.stderr == ""
    return said.stdout.splitlines()


def insist_intact(folder: Path) -> None:
    with open_store(address_of(folder)) as store:
        assert [reader.email for reader in store.readers.stream(NEWSLETTER)] == ["reader1@example.com"]
        assert len(take_in(store, an_entry(2))) == 2
        with store._database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_disk_that_takes_no_more_loses_nothing_and_is_told_in_one_line(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        take_in(store, an_entry(1))
    message, count = on_a_full_disk(tmp_path, 1 << 20)
    assert re.search(
        r"newsletter\.db: the disk (is full|does not take .*); nothing of this step was written; ", message
    )
    assert count == "1"
    insist_intact(tmp_path)


def test_a_full_disk_loses_nothing_and_is_told_in_one_line(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of its own cannot be mounted here")
    try:
        with a_store(disk) as store:
            take_in(store, an_entry(1))
        message, count = on_a_full_disk(disk, 0)
        assert message.endswith("the disk is full; nothing of this step was written; make room, and try again")
        assert count == "1"
        insist_intact(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_naive_instant_is_a_mistake_of_ours_and_is_not_stored(tmp_path: Path) -> None:
    with a_store(tmp_path) as store, pytest.raises(Exception, match="an instant must be aware"):
        store.readers.take_in(NEWSLETTER, [an_entry()], update=False, actor="mei", now=NOW.replace(tzinfo=None))
