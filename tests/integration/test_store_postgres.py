"""What a server does that a file does not: it is elsewhere, it stops, and it tells more than it should."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from newsletter.errors import AwayError, RefusedError, StoreError
from newsletter.store import open_store, schema
from newsletter.store.looking import look
from newsletter.store.ways import insist_no_plan
from newsletter.subscriber import Entry, Skip
from tests import postgres
from tests.builders import NOW
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.stores import CONSENT, NEWSLETTER, PlannedSkip, a_mailing, a_plan, an_entry, take_in

CSV = "email,name,consent_basis,consent_on\n" + "".join(
    f"reader{number}@example.com,Reader {number},signed up at the fair,2026-03-01\n" for number in range(3)
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    yield postgres.empty_for(tmp_path)
    postgres.drop_for(tmp_path)


def test_a_store_is_made_on_a_server_and_keeps_its_id(url: str) -> None:
    assert not look(url).is_there
    with open_store(url) as store:
        made = store.id
    with open_store(url) as store:
        assert store.id == made
    seen = look(url)
    assert (seen.is_current, seen.store_id) == (True, made)


def test_many_can_open_a_new_store_at_once(url: str) -> None:
    ids: list[str] = []

    def work() -> None:
        with open_store(url) as store:
            ids.append(store.id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://mei:secret@127.0.0.1:1/news", "the database cannot be reached"),
        ("postgresql://mei:secret@nowhere.invalid/news", "the database cannot be reached"),
        ("postgresql+psycopg://mei:secret@127.0.0.1:1/news", "the database cannot be reached"),
        ("mysql://mei:secret@127.0.0.1/news", "databases of the kind mysql cannot be used"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_without_its_password(address: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        open_store(address)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(StoreError, match=r"the database cannot be reached; check .* and has such a database"):
        open_store(url.replace("/test_", "/other_"))


def test_a_refusal_of_the_server_quotes_no_reader(url: str) -> None:
    with open_store(url) as store:
        store.readers.take_in(NEWSLETTER, [an_entry(1)], update=False, actor="mei", now=NOW)
        with pytest.raises(StoreError) as caught, store._database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO subscribers SELECT * FROM subscribers")
    assert "reader1" not in str(caught.value)


def test_two_senders_on_two_connections_are_one_too_many(url: str) -> None:
    with open_store(url) as one, open_store(url) as other:
        with one.mailings.lock(7), pytest.raises(RefusedError, match="another sender"), other.mailings.lock(7):
            pass
        with other.mailings.lock(7):
            pass


def test_a_server_that_was_started_anew_is_spoken_to_again() -> None:
    with postgres.a_server() as server, open_store(server.get_uri()) as store:
        store.readers.take_in(NEWSLETTER, [an_entry(1)], update=False, actor="mei", now=NOW)
        server.stop()
        with pytest.raises(StoreError, match=r"the database (cannot be reached|server was stopped)"):
            store.readers.newsletters()
        server.start()
        assert store.readers.newsletters() == [NEWSLETTER]
        store.readers.take_in(NEWSLETTER, [an_entry(2)], update=False, actor="mei", now=NOW)
        assert store.readers.count(NEWSLETTER) == 2


def test_a_first_mailing_leaves_from_a_server_as_it_does_from_a_file(
    url: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "readers.csv").write_text(CSV)
    on = {"NEWSLETTER_DATABASE_URL": url}
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", **on).code == 0
    found = command("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json", **on).document
    assert (found["status"], found["deliveries"]["accepted"]) == ("sent", 3)
    assert not list(tmp_path.glob("*.db*"))
    assert not list(tmp_path.glob("*.flight"))
    again = command("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json", **on)
    assert "already" in again.out + again.err


def test_whoever_is_forgotten_leaves_no_row_behind(url: str) -> None:
    with open_store(url) as store:
        entry = Entry(email="gone@example.com", name="Gone Tomorrow", consent=CONSENT)
        store.readers.take_in(NEWSLETTER, [entry], update=False, actor="mei", now=NOW)
        store.forgetting.forget("gone@example.com", actor="mei", now=NOW)
        assert store.forgetting.rewrite()
        assert store.readers.find("gone@example.com") == []


@pytest.mark.parametrize(
    ("table", "number"),
    [("mailings", 1), ("editions", 1), ("subscribers", 1), ("subscriptions", 1), ("subscribers", 2)],
    ids=["mailing", "edition", "reader", "subscription", "who was left out"],
)
def test_what_a_plan_points_to_cannot_be_deleted(url: str, table: str, number: int) -> None:
    with open_store(url) as store:
        chosen, left_out = take_in(store, an_entry(1), an_entry(2))
        skip = PlannedSkip(left_out.subscriber_id, Skip.PENDING)
        a_mailing(store, replace(a_plan([chosen]), skips=(skip,)))
        connecting = psycopg.connect(url)
    # Before the keys of other tables are asked, which would refuse most of these as well.
    refused = pytest.raises(psycopg.errors.ForeignKeyViolation, match=f"a plan points to that row of {table}")
    with connecting as connection, refused:
        connection.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier(table)), [number])


def test_what_no_plan_points_to_can_be_deleted(url: str) -> None:
    with open_store(url) as store:
        planned, _ = take_in(store, an_entry(1), an_entry(2))
        a_mailing(store, a_plan([planned]))
        store.forgetting.forget("reader2@example.com", actor="mei", now=NOW)
        store.forgetting.forget("reader1@example.com", actor="mei", now=NOW)
        with store._database.reading() as connection:
            left = connection.execute(sa.text("SELECT email FROM subscribers")).scalars().all()
    assert left == ["forgotten-1"]


def test_readers_leave_and_senders_write_while_a_plan_is_written(url: str) -> None:
    with open_store(url) as planner, open_store(url, wait_seconds=0.5) as other:
        leaving, staying = take_in(planner, an_entry(1), an_entry(2))
        with planner._database.planning() as connection:
            asked = sa.select(sa.func.count()).select_from(schema.subscriptions)
            confirmed = asked.where(schema.subscriptions.c.status == "confirmed")
            assert connection.execute(confirmed).scalar_one() == 2
            assert other.readers.unsubscribe(leaving.subscription_id, actor="themselves", now=NOW)
            take_in(other, an_entry(3))
            # A plan is about one instant, and the claim withdraws who has left since.
            assert connection.execute(confirmed).scalar_one() == 2
        assert other.readers.find(staying.email)[0].status == "confirmed"
        assert other.readers.find(leaving.email)[0].status == "unsubscribed"


def test_nobody_plans_or_deletes_readers_while_a_plan_is_written(url: str) -> None:
    with open_store(url) as planner, open_store(url, wait_seconds=0.5) as other:
        readers = take_in(planner, an_entry(1), an_entry(2))
        with planner._database.planning():
            with pytest.raises(AwayError, match="a mailing is being planned"):
                other.forgetting.forget("reader1@example.com", actor="mei", now=NOW)
            with pytest.raises(AwayError, match="a mailing is being planned"):
                other.mailings.save_plan(a_plan(readers), actor="mei", now=NOW)
            with pytest.raises(AwayError), other._database.planning():
                pass
        with pytest.raises(ZeroDivisionError), planner._database.planning():
            1 / 0  # noqa: B018
        with planner._database.planning():
            pass
        assert other.forgetting.forget("reader1@example.com", actor="mei", now=NOW)
        other.mailings.save_plan(a_plan(readers[1:]), actor="mei", now=NOW)


def test_a_plan_that_waited_for_a_deletion_knows_of_it(url: str) -> None:
    with open_store(url) as one, open_store(url) as other:
        take_in(one, an_entry(1), an_entry(2))
        seen: list[int] = []

        def work() -> None:
            with other._database.planning() as connection:
                seen.append(connection.execute(sa.text("SELECT count(*) FROM subscriptions")).scalar_one())

        waiting = threading.Thread(target=work)
        with one._database.writing() as connection:
            insist_no_plan(connection)
            waiting.start()
            time.sleep(0.3)
            connection.execute(sa.text("DELETE FROM subscriptions WHERE subscriber_id = 1"))
        waiting.join()
        assert seen == [1]


def test_a_nul_is_looked_for_in_vain_and_upsets_nothing(url: str) -> None:
    """The server keeps no text with one, and anybody may put one into a link or a form."""
    with open_store(url) as store:
        store.readers.take_in(NEWSLETTER, [an_entry(1)], update=False, actor="mei", now=NOW)
        assert store.readers.find("reader1\0@example.com") == store.readers.find("\0") == []
        assert store.events.knows("sg:\0") is False
        assert len(store.readers.find("reader1@example.com")) == 1


def test_nothing_that_was_confirmed_is_forgotten_whatever_a_database_was_told(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
    with open_store(url) as store, store._database.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
