"""Two versions of the program on one store: which may stay, and that a migration neither hangs nor breaks anybody."""

import importlib.util
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.store import open_store, opening
from newsletter.store.database import Database, connect
from newsletter.store.looking import look
from newsletter.store.marks import meta_of
from tests import postgres
from tests.builders import NOW
from tests.integration.at_work import started
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.smtpd import Manners, smtp_server
from tests.stores import NEWSLETTER, an_entry

LATER = "9000"
#: what a later version may add without locking this one out
ADDED = (
    "ALTER TABLE deliveries ADD COLUMN carrier TEXT",
    "ALTER TABLE mailings ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE carriers (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE INDEX ix_deliveries_carrier ON deliveries (carrier)",
)
READERS = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new store, on both kinds of database."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'newsletter.db'}"
        open_store(address).close()
        yield address
        return
    address = postgres.empty_for(tmp_path)
    open_store(address).close()
    yield address
    postgres.drop_for(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A new store on PostgreSQL alone."""
    address = postgres.empty_for(tmp_path)
    open_store(address).close()
    yield address
    postgres.drop_for(tmp_path)


def change(url: str, *statements: str) -> None:
    database = connect(url, wait_seconds=5)
    with database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    database.close()


def later(url: str, *, works_from: str | None) -> None:
    """As if a program of a later version had migrated it."""
    forgotten = "DELETE FROM meta WHERE key = 'works_from'"
    change(url, *ADDED, f"UPDATE alembic_version SET version_num = '{LATER}'", forgotten)  # noqa: S608
    if works_from:
        change(url, f"INSERT INTO meta (key, value) VALUES ('works_from', '{works_from}')")  # noqa: S608


def take_in_readers(command: Command, folder: Path, **on: str) -> set[str]:
    addresses = [f"reader{number}@example.com" for number in range(READERS)]
    (folder / "readers.csv").write_text("\n".join(["email", *addresses]), encoding="utf-8")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", *consent, **on).code == 0
    return set(addresses)


def test_a_new_store_says_who_may_work_with_it(url: str) -> None:
    database = connect(url, wait_seconds=1)
    with database.reading() as connection:
        assert meta_of(connection)["works_from"] == "0013"
    database.close()


def test_a_later_store_that_only_adds_is_opened_planned_and_sent(command: Command, tmp_path: Path, url: str) -> None:
    on = {"NEWSLETTER_DATABASE_URL": url}
    later(url, works_from=opening.HEAD)
    take_in_readers(command, tmp_path, **on)

    sent = command("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json", **on).document

    assert (sent["status"], sent["deliveries"]["accepted"]) == ("sent", READERS)
    seen = look(url)
    assert (seen.version, seen.is_current) == (LATER, True)
    assert seen.store_id
    database = connect(url, wait_seconds=1)
    with database.reading() as connection:
        assert opening.version_of(connection, None) == LATER, "nobody has taken it back"
    database.close()


@pytest.mark.parametrize("works_from", [LATER, f"{int(opening.HEAD) + 1:04}", None])
def test_a_later_store_that_this_program_cannot_live_with_is_refused(
    command: Command, url: str, works_from: str | None
) -> None:
    later(url, works_from=works_from)

    said = command("mailings", "list", NEWSLETTER_DATABASE_URL=url)

    assert said.code == 1
    (line,) = said.errors
    assert line.endswith(
        "was written by a newer version of newsletter; update this program; the database stays as it is"
    )


def test_every_migration_says_which_programs_may_stay() -> None:
    """Whoever writes one has to think of it: the word of the one before, or its own."""
    said: dict[str, str | None] = {}
    for path in sorted(Path(opening.__file__).parent.glob("migrations/versions/[0-9]*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        said[module.revision] = getattr(module, "works_from", None)
    before = "0013"
    for revision, word in said.items():
        if revision >= "0013":
            assert word in (before, revision), f"{revision} is to say works_from: {before}, or {revision} if it breaks"
            before = word


def test_many_programs_bring_one_store_up_to_date_at_once(url: str) -> None:
    with open_store(url) as store:
        made = store.id
    change(url, "UPDATE alembic_version SET version_num = '0012'", "DELETE FROM meta WHERE key = 'works_from'")
    ids: list[str] = []

    def work() -> None:
        with open_store(url) as store:
            ids.append(store.id)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids == [made] * 5
    assert look(url).version == opening.HEAD


def test_tables_change_under_a_sender_at_work_and_every_reader_gets_one_mail(
    command: Command, tmp_path: Path, server: str
) -> None:
    on = {"NEWSLETTER_DATABASE_URL": server}
    everybody = take_in_readers(command, tmp_path, **on)
    command("plan", NOTE, "-s", "everyone", **on)
    manners = Manners()
    send = ("send", "1", "--yes", "--skip-link-check", "--rate", "20/second")
    with smtp_server(manners) as port, started(tmp_path, send, port, **on) as sender:
        sender.wait_for(manners, 5)
        migrate_again(server)
        for number in range(4):
            alter(
                server, f"ALTER TABLE deliveries ADD COLUMN note_{number} TEXT", f"CREATE TABLE extra_{number} (id INT)"
            )
            alter(server, f"CREATE INDEX ix_note_{number} ON deliveries (note_{number})")
        under_way = len(manners.arrived)
        code = sender.ended()
    shown = command("mailings", "show", "1", "--json", **on).document

    assert under_way < READERS, "the tables were to change while it was sent"
    assert (code, shown["status"], shown["deliveries"]["accepted"]) == (0, "sent", READERS)
    assert Counter(mail.recipient for mail in manners.arrived) == dict.fromkeys(everybody, 1)


def migrate_again(url: str) -> None:
    """The migrations behind 0012 change no row that a sender looks at, so that they can be run once more."""
    change(url, "UPDATE alembic_version SET version_num = '0012'", "DELETE FROM meta WHERE key = 'works_from'")
    open_store(url, wait_seconds=20).close()
    assert look(url).version == opening.HEAD


def alter(url: str, *statements: str) -> None:
    """As `open_schema` does it: try until there is a moment."""
    database = connect(url, wait_seconds=5)
    deadline = time.monotonic() + 20
    while True:
        try:
            with database.altering() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)
            break
        except StoreError as error:
            if not database.was_busy(error) or time.monotonic() > deadline:
                raise
    database.close()


def test_a_migration_gives_up_behind_somebody_who_reads_for_long_and_says_so(server: str) -> None:
    change(server, "UPDATE alembic_version SET version_num = '0012'")
    with open_elsewhere(server) as reader, reader.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM subscribers")
        begun = time.monotonic()
        with pytest.raises(StoreError, match="another program is writing to the database; wait until it is done"):
            open_store(server, wait_seconds=2)
        assert time.monotonic() - begun < 10
        assert opening.version_of(connection, None) == "0012"
    open_store(server).close()
    assert look(server).version == opening.HEAD


def test_whoever_reads_meanwhile_waits_for_a_moment_only(server: str) -> None:
    with open_store(server) as store:
        store.readers.take_in(NEWSLETTER, [an_entry(1)], update=False, actor="mei", now=NOW)
    change(server, "UPDATE alembic_version SET version_num = '0012'")
    waits: list[float] = []
    over = threading.Event()
    with open_elsewhere(server) as longest, longest.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM subscribers")
        reading = threading.Thread(target=read_often, args=(server, over, waits))
        reading.start()
        with pytest.raises(StoreError):
            open_store(server, wait_seconds=3)
        over.set()
        reading.join()
    assert len(waits) > 10
    assert max(waits) < 1.5


def read_often(url: str, over: threading.Event, waits: list[float]) -> None:
    with open_elsewhere(url) as database:
        while not over.is_set():
            begun = time.monotonic()
            with database.reading() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM subscribers")
            waits.append(time.monotonic() - begun)
            time.sleep(0.01)


def test_whoever_holds_one_table_and_wants_another_is_not_the_one_who_is_broken_off(server: str) -> None:
    """A knot: a migration has `deliveries` and wants `subscribers`, which somebody has who wants `deliveries`."""
    gave_up: list[bool] = []

    def migrate() -> None:
        with open_elsewhere(server) as database:
            try:
                with database.altering():
                    pass
            except StoreError as error:
                gave_up.append(database.was_busy(error))

    for _ in range(3):
        with open_elsewhere(server) as worker, worker.reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM subscribers")
            migrating = threading.Thread(target=migrate)
            migrating.start()
            wait_for_lock(server)
            assert connection.exec_driver_sql("SELECT count(*) FROM deliveries").scalar() == 0
            migrating.join()
    assert gave_up == [True] * 3


def wait_for_lock(url: str) -> None:
    """Until somebody waits for a table."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
    deadline = time.monotonic() + 5
    with open_elsewhere(url) as database:
        while time.monotonic() < deadline:
            with database.reading() as connection:
                if connection.execute(waiting).scalar():
                    return
            time.sleep(0.005)
    pytest.fail("nobody waits")


@contextmanager
def open_elsewhere(url: str) -> Iterator[Database]:
    """By connections of its own."""
    database = connect(url, wait_seconds=5)
    try:
        yield database
    finally:
        database.close()
