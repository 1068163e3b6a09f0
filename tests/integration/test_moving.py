"""`newsletter migrate-store`: everything arrives, nobody's no falls in between, and only one of the two can be used."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError, StoreError
from newsletter.store import Store, open_store, schema
from newsletter.store.database import connect
from newsletter.store.moving import Move, Moved
from newsletter.store.ways import ways_of
from newsletter.subscriber import SubscriptionStatus
from tests import postgres
from tests.builders import NOW
from tests.integration.conftest import Command
from tests.integration.test_store_upgrades import AT, filled
from tests.stores import NEWSLETTER, a_mailing, a_plan, an_entry, take_in

#: on the way nobody is asked what differs, so that no word of a mark, and none of a machine, is compared
OWN = ("store_id", "moved_to", "moved_as", "copy_of")
ODD = """
UPDATE subscribers SET name = '陈美 👩‍👩‍👧 ‮ "quoted" \\N \\ ; --',
  company = char(9) || 'a' || char(10) || 'b' || char(13), created_at = '2026-06-10 01:30:00.000001' WHERE id = 1;
UPDATE subscribers SET name = 'é', company = 'é', manager = '', zone = ' ' WHERE id = 2;
UPDATE subscribers SET created_at = '1999-12-31 23:59:59.999999' WHERE id = 3;
UPDATE subscriptions SET public_id = x'00ff00ff00ff00ff00ff00ff00ff5c27', paused_until = '@AT@' WHERE id = 1;
UPDATE events SET is_machine = 1, url = 'https://example.com/?a=%41&b={}', applied_at = '2026-06-11 00:00:00.000000';
INSERT INTO consents (subscriber_id, newsletter, event, at, actor, cross_border, wording)
  VALUES (1, '', 'added', '@AT@', 'mei', 1, '条款'), (2, '', 'added', '@AT@', 'mei', 0, '');
INSERT INTO interests VALUES (1, 'Z'), (1, 'a-b'), (1, 'ab'), (1, 'é'), (1, '人工智能'), (1, '👍');
INSERT INTO limits VALUES ('Z', '@AT@'), ('a', '@AT@'), ('B', '@AT@');
INSERT INTO runs (id, mailing_id, started_at, beat_at) VALUES (40, 1, '@AT@', '@AT@');
DELETE FROM runs WHERE id = 40;
INSERT INTO audit (id, at, actor, action) VALUES (9000, '@AT@', 'mei', 'added');
DELETE FROM audit WHERE id = 9000
"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    yield postgres.empty_for(tmp_path)
    postgres.drop_for(tmp_path)


def file(folder: Path, name: str = "newsletter.db") -> str:
    return f"sqlite:///{folder / name}"


def a_full_store(folder: Path) -> str:
    """With rows in every table, of every type and state; its sender is dead."""
    filled(folder, "0010")
    with closing(sqlite3.connect(folder / "newsletter.db")) as connection:
        connection.executescript(ODD.replace("@AT@", AT))
    with open_store(file(folder)) as store:
        store.mailings.recover(1, NOW)
    return file(folder)


def a_small_store(folder: Path, readers: int = 3) -> str:
    with open_store(file(folder)) as store:
        take_in(store, *(an_entry(number) for number in range(1, readers + 1)))
    return file(folder)


def everything(address: str) -> dict[str, list[tuple[Any, ...]]]:
    database = connect(address, wait_seconds=1, is_moving=True)
    with closing(database), database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in schema.metadata.sorted_tables
            if table is not schema.workers
        }


def insist_same(before: dict[str, list[tuple[Any, ...]]], address: str) -> None:
    after = everything(address)
    marks = [row for row in after["meta"] if row[0] in OWN]
    assert [key for key, _ in marks] == ["store_id"]
    assert [row for row in after.pop("meta") if row[0] not in OWN] == [r for r in before["meta"] if r[0] not in OWN]
    # The one word that is new.
    added = [row for row in after["audit"] if row[3] == "moved"]
    after["audit"] = [row for row in after["audit"] if row[3] != "moved"]
    assert len(added) == 1 + len([row for row in before["audit"] if row[3] == "moved"])
    for table, rows in after.items():
        assert rows == [row for row in before[table] if table != "audit" or row[3] != "moved"], table


def moved(source: str, target: str, *, tell: Any = lambda *_: None) -> Moved:
    with closing(Move(source, target, wait_seconds=1)) as move:
        return move.run(tell, actor="mei", now=NOW)


def is_usable(address: str) -> bool:
    try:
        open_store(address).close()
    except StoreError:
        return False
    return True


def test_every_row_of_every_table_arrives_and_comes_back(tmp_path: Path, url: str) -> None:
    before = everything(a_full_store(tmp_path))
    assert all(before.values()), "a table without rows proves nothing"

    found = moved(file(tmp_path), url)

    insist_same(before, url)
    assert {one.table: one.rows for one in found.tables} == {
        table: len(rows) for table, rows in before.items() if table != "meta"
    }
    before = everything(url)
    back = moved(url, file(tmp_path, "back.db"))
    insist_same(before, file(tmp_path, "back.db"))
    differ = {one.table for one, other in zip(found.tables, back.tables, strict=True) if one != other}
    assert differ == {"audit"}


def test_a_server_of_any_language_gives_rows_in_the_order_of_a_file(url: str) -> None:
    """The tests' own server knows no language but C, so that the words themselves are looked at."""
    database = connect(url, wait_seconds=1)
    with closing(database), database.reading() as connection:
        keys = [ways_of(connection).by_bytes(key) for key in schema.interests.primary_key]
        said = [str(key.compile(dialect=connection.dialect)) for key in keys]
    assert said == ["interests.subscription_id", 'interests.tag COLLATE "C"']


def test_no_number_is_given_a_second_time(tmp_path: Path, url: str) -> None:
    a_full_store(tmp_path)
    for source, target in ((file(tmp_path), url), (url, file(tmp_path, "back.db"))):
        moved(source, target)
    with open_store(file(tmp_path, "back.db")) as store:
        assert store.mailings.open_run(1, NOW) == 41
        store.readers.take_in(NEWSLETTER, [an_entry(99)], update=False, actor="mei", now=NOW)
        with store._database.reading() as connection:
            assert connection.execute(sa.select(sa.func.max(schema.audit.c.id))).scalar_one() > 9001


def test_a_store_that_was_moved_says_where_to_and_never_a_password(tmp_path: Path, url: str) -> None:
    path = tmp_path / "newsletter.db"
    a_small_store(tmp_path)
    moved(file(tmp_path), url.replace("postgres:@", "postgres:secret@") + "&password=secret&application_name=secret")
    with pytest.raises(StoreError) as caught:
        open_store(file(tmp_path))
    said = str(caught.value)
    assert said.startswith(f"{path}: this store was moved to postgresql://")
    assert said.endswith("; set NEWSLETTER_DATABASE_URL to it")
    assert "secret" not in said
    assert "secret" not in str(everything(file(tmp_path)))
    again = pytest.raises(StoreError, match="this store was moved to")
    with again:
        moved(file(tmp_path), url)


@pytest.mark.parametrize("is_back", [False, True])
def test_whoever_has_it_open_already_is_refused_whatever_they_write(tmp_path: Path, url: str, is_back: bool) -> None:
    a_small_store(tmp_path)
    source, target = file(tmp_path), url
    if is_back:
        moved(source, target)
        source, target = url, file(tmp_path, "back.db")
    with open_store(source) as store:
        (reader, *_) = store.readers.stream(NEWSLETTER)
        moved(source, target)
        # One that it holds, and one that only the new store can know of.
        for public_id in (reader.public_id, b"0" * 16):
            with pytest.raises(StoreError, match="this store was moved to"):
                store.linked.leave({public_id}, actor="reader", now=NOW)
        with pytest.raises(StoreError, match="this store was moved to"):
            store.workers.beat("somewhere:1", NOW)
        with pytest.raises(StoreError, match="this store was moved to"):
            take_in(store, an_entry(7))
    with open_store(target) as store:
        assert [one.status for one in store.readers.stream(NEWSLETTER)] == [SubscriptionStatus.CONFIRMED] * 3


def test_a_program_that_knows_no_marks_changes_no_row_either(tmp_path: Path, url: str) -> None:
    a_small_store(tmp_path)
    moved(file(tmp_path), url)
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        for change in (
            "UPDATE subscriptions SET status = 'unsubscribed'",
            "DELETE FROM subscribers",
            "INSERT OR IGNORE INTO limits VALUES ('x', '2026-06-10')",
            "INSERT OR REPLACE INTO meta VALUES ('moved_to', 'x')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="this store was moved"):
                connection.execute(change)


def test_a_copy_that_is_not_whole_cannot_be_used(tmp_path: Path, url: str) -> None:
    a_small_store(tmp_path)
    for target in (url, file(tmp_path, "other.db")):
        with pytest.raises(ZeroDivisionError):
            moved(
                file(tmp_path), target, tell=lambda said, _: "deliveries" in said or 1 / ("subscriptions" not in said)
            )
        with pytest.raises(StoreError, match="a store is being moved here, and is not here as a whole"):
            open_store(target)
        assert is_usable(file(tmp_path))


def test_an_earlier_try_is_gone_on_with(tmp_path: Path, url: str) -> None:
    before = everything(a_full_store(tmp_path))
    for table in ("copying subscribers", "copying deliveries", "verifying audit", "verifying interests"):
        with pytest.raises(ZeroDivisionError):
            moved(file(tmp_path), url, tell=lambda said, _, table=table: 1 / (said != table))
        assert is_usable(file(tmp_path))
        assert not is_usable(url)
    assert not moved(file(tmp_path), url).began_anew
    insist_same(before, url)


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
@pytest.mark.parametrize("change", ["left", "joined", "deleted"])
def test_what_changed_since_an_earlier_try_is_copied_anew(tmp_path: Path, url: str, change: str, kind: str) -> None:
    a_small_store(tmp_path)
    target = url if kind == "postgresql" else file(tmp_path, "other.db")
    with pytest.raises(ZeroDivisionError):
        moved(file(tmp_path), target, tell=lambda said, _: 1 / ("verifying" not in said))
    with open_store(file(tmp_path)) as store:
        reader = next(iter(store.readers.stream(NEWSLETTER)))
        if change == "left":
            store.linked.leave({reader.public_id}, actor="reader", now=NOW)
        elif change == "joined":
            take_in(store, an_entry(7))
        else:
            store.forgetting.forget(reader.email, actor="mei", now=NOW)
    before = everything(file(tmp_path))

    found = moved(file(tmp_path), target)

    assert found.began_anew is (change != "joined")
    insist_same(before, target)


def test_when_only_the_last_step_was_missing_it_is_made(tmp_path: Path, url: str) -> None:
    """Between the two commits the old one is closed, and the new one not yet open."""
    before = everything(a_small_store(tmp_path))
    moved(file(tmp_path), url)
    store_id = dict(before["meta"])["store_id"]
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM audit WHERE action = 'moved'")
        connection.execute("INSERT INTO meta VALUES ('copy_of', %s)", [store_id])
    assert not is_usable(url)
    assert not is_usable(file(tmp_path))

    assert not moved(file(tmp_path), url).began_anew

    insist_same(before, url)
    assert is_usable(url)
    assert not is_usable(file(tmp_path))


def test_a_second_copy_is_not_ended_once_the_store_has_moved(tmp_path: Path, url: str) -> None:
    a_small_store(tmp_path)
    with pytest.raises(ZeroDivisionError):
        moved(file(tmp_path), file(tmp_path, "other.db"), tell=lambda said, _: 1 / ("verifying" not in said))
    moved(file(tmp_path), url)
    with pytest.raises(StoreError, match="this store was moved to postgresql"):
        moved(file(tmp_path), file(tmp_path, "other.db"))
    assert not is_usable(file(tmp_path, "other.db"))


def test_what_arrives_otherwise_is_seen_and_nothing_is_moved(tmp_path: Path, url: str) -> None:
    before = everything(a_full_store(tmp_path))

    def meddle(said: str, _: int) -> None:
        if said == "copying interests":
            with psycopg.connect(url) as connection:
                connection.execute("UPDATE subscribers SET name = name || ' ' WHERE id = 3")
                connection.execute("DELETE FROM limits WHERE key = 'Z'")

    with pytest.raises(StoreError, match="subscribers: 7 rows were sent, 7 are there, and they differ") as caught:
        moved(file(tmp_path), url, tell=meddle)
    assert [found.message.partition(":")[0] for found in caught.value.findings] == ["limits", "subscribers"]
    assert everything(file(tmp_path)) == before
    assert is_usable(file(tmp_path))
    assert not is_usable(url)
    assert moved(file(tmp_path), url).began_anew
    insist_same(before, url)


def a_used_one(target: str) -> None:
    with open_store(target) as store:
        take_in(store, an_entry(50))


def a_worker_there(target: str) -> None:
    with open_store(target) as store:
        store.workers.beat("somewhere:1", NOW)


def another_program(target: str) -> None:
    with psycopg.connect(target) as connection:
        connection.execute("CREATE TABLE orders (id int)")


def another_copy(target: str) -> None:
    with open_store(target) as store, store._database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('copy_of', 'another')")


def one_that_was_moved(target: str) -> None:
    with open_store(target) as store, store._database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('moved_to', 'postgresql://elsewhere/news')")


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (a_used_one, "there is a store already; name an empty database"),
        (a_worker_there, "there is a store already; name an empty database"),
        (another_program, "is a database of another program"),
        (another_copy, "another store is being moved there; name an empty database"),
        (one_that_was_moved, "this store was moved to postgresql://elsewhere/news"),
    ],
)
def test_a_target_that_holds_something_is_left_as_it_is(
    tmp_path: Path, url: str, command: Command, fill: Any, said: str
) -> None:
    fill(url)
    a_small_store(tmp_path)
    for words in (("--yes",), ("--dry-run",)):
        refused = command("migrate-store", "sqlite:///newsletter.db", url, *words)
        assert refused.code == 1
        assert len(refused.errors) == 1
        assert said in refused.errors[0]
    with pytest.raises((StoreError, RefusedError)):
        moved(file(tmp_path), url)
    assert is_usable(file(tmp_path))


def test_a_store_that_was_made_there_but_never_used_is_an_empty_one(tmp_path: Path, url: str) -> None:
    open_store(url).close()
    before = everything(a_small_store(tmp_path))
    moved(file(tmp_path), url)
    insist_same(before, url)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("sqlite:///newsletter.db", "sqlite:///newsletter.db", "FROM and TO are one and the same"),
        ("sqlite:///newsletter.db", "sqlite:///./newsletter.db", "FROM and TO are one and the same"),
        ("sqlite:///typo.db", "sqlite:///other.db", "typo.db: there is no database"),
        ("sqlite:///newsletter.db", "sqlite://", "a database in memory cannot be moved"),
        ("sqlite://", "sqlite:///other.db", "a database in memory cannot be moved"),
        ("sqlite:///newsletter.db", "mysql://mei:secret@127.0.0.1/x", "databases of the kind mysql cannot be used"),
        ("sqlite:///newsletter.db", "postgresql://mei:secret@127.0.0.1:1/x", "the database cannot be reached"),
        ("sqlite:///newsletter.db", "sqlite:///nowhere/other.db", "there is no folder nowhere"),
        ("sqlite:///empty.db", "sqlite:///other.db", "there is no store yet"),
        ("sqlite:///linked.db", "sqlite:///newsletter.db", "FROM and TO are one and the same"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, command: Command, source: str, target: str, said: str
) -> None:
    a_small_store(tmp_path)
    (tmp_path / "empty.db").touch()
    (tmp_path / "linked.db").symlink_to(tmp_path / "newsletter.db")
    refused = command("migrate-store", source, target, "--yes")
    assert refused.code == 1
    assert len(refused.errors) == 1
    assert said in refused.errors[0]
    assert "secret" not in refused.out + refused.err
    assert not (tmp_path / "typo.db").exists()
    assert is_usable(file(tmp_path))


def a_mailing_at_work(store: Store) -> int:
    mailing = a_mailing(store, a_plan(take_in(store, an_entry(1), an_entry(2))))
    run_id = store.mailings.open_run(mailing.id, NOW)
    store.mailings.claim(mailing.id, run_id=run_id, limit=1, now=NOW)
    return mailing.id


def test_a_living_sender_is_not_interrupted(tmp_path: Path, url: str, command: Command) -> None:
    with open_store(file(tmp_path)) as store:
        mailing_id = a_mailing_at_work(store)
        with store.mailings.lock(mailing_id):
            refused = command("migrate-store", "sqlite:///newsletter.db", url, "--yes")
        (said,) = refused.errors
        assert said == (
            "error: mailing 1 (harbour-2026-06-10) is being sent; let it end, or stop it with "
            "newsletter mailings pause 1; then say the same again"
        )
        assert store.mailings.counts(mailing_id)[DeliveryState.CLAIMED] == 1
    assert is_usable(file(tmp_path))


def test_what_a_dead_sender_held_is_settled_before_the_move(tmp_path: Path, url: str, command: Command) -> None:
    with open_store(file(tmp_path)) as store:
        mailing_id = a_mailing_at_work(store)
    found = command("migrate-store", "sqlite:///newsletter.db", url, "--yes", "--json")
    assert found.code == 0, found.err
    assert found.document["settled"] == {"1": {"unknown": 1}}
    with open_store(url) as store:
        assert {str(state): n for state, n in store.mailings.counts(mailing_id).items() if n} == {
            "unknown": 1,
            "planned": 1,
        }


def put_a_nul_byte(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "newsletter.db", isolation_level=None)) as connection:
        connection.execute("UPDATE subscribers SET company = 'a' || char(0) || 'b\\x00', name = '' WHERE id = 2")


def test_a_nul_byte_becomes_a_picture_of_one_and_that_is_said(tmp_path: Path, url: str, command: Command) -> None:
    a_small_store(tmp_path)
    put_a_nul_byte(tmp_path)
    found = command("migrate-store", "sqlite:///newsletter.db", url, "--yes", "--json")
    assert found.code == 0, found.err
    assert "texts held a NUL byte, which PostgreSQL cannot keep (1 of subscribers); now it is a ␀" in found.err
    assert {one["table"]: one["replaced"] for one in found.document["tables"]}["subscribers"] == 1
    with open_store(url) as store:
        assert store.readers.find("reader2@example.com")[0].company == "a␀b\\x00"


def test_two_files_keep_a_nul_byte(tmp_path: Path) -> None:
    a_small_store(tmp_path)
    put_a_nul_byte(tmp_path)
    before = everything(file(tmp_path))
    moved(file(tmp_path), file(tmp_path, "other.db"))
    insist_same(before, file(tmp_path, "other.db"))


def test_an_older_store_is_brought_up_to_date_and_moved(tmp_path: Path, url: str, command: Command) -> None:
    filled(tmp_path, "0006")
    assert command("migrate-store", "sqlite:///newsletter.db", url, "--yes").code == 0
    with open_store(url) as store:
        assert len(list(store.readers.stream(NEWSLETTER))) == 7


def test_a_dry_run_counts_and_changes_nothing(tmp_path: Path, url: str, command: Command) -> None:
    before = everything(a_small_store(tmp_path))
    for target in (url, "sqlite:///other.db"):
        found = command("migrate-store", "sqlite:///newsletter.db", target, "--dry-run", "--json")
        counts = {one["table"]: one["rows"] for one in found.document["tables"]}
        assert (counts["subscribers"], found.document["dry_run"]) == (3, True)
    assert "would move to" in command("migrate-store", "sqlite:///newsletter.db", url, "--dry-run").out
    assert not (tmp_path / "other.db").exists()
    assert everything(file(tmp_path)) == before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_where_nobody_sits_nothing_is_moved(tmp_path: Path, url: str, command: Command) -> None:
    a_small_store(tmp_path)
    refused = command("migrate-store", "sqlite:///newsletter.db", url)
    assert refused.errors == ["error: nobody is there to confirm it, so nothing was moved; say --yes if a person has"]
    assert is_usable(file(tmp_path))


def test_a_worker_that_is_alive_is_named(tmp_path: Path, url: str, command: Command) -> None:
    a_small_store(tmp_path)
    with open_store(file(tmp_path)) as store:
        store.workers.beat("somewhere:1", datetime.now(UTC))
    found = command("migrate-store", "sqlite:///newsletter.db", url, "--yes")
    assert found.code == 0
    assert "warning: somewhere:1 is a worker of it" in found.err
    with open_store(url) as store:
        assert store.workers.alive(datetime.now(UTC)) == []


def test_what_is_shown_names_every_table_and_the_next_step(tmp_path: Path, url: str, command: Command) -> None:
    a_small_store(tmp_path)
    found = command("migrate-store", "sqlite:///newsletter.db", url, "--yes")
    assert found.code == 0
    shown = {line.split()[0]: line.split()[1:] for line in found.out.splitlines() if line.strip()}
    assert shown["subscribers"][0] == "3"
    assert len(shown["subscribers"][1]) == 17
    assert "set NEWSLETTER_DATABASE_URL to the new one" in found.err
    assert f"this store was moved to {url.split('@')[0][:13]}" in command("doctor").out
