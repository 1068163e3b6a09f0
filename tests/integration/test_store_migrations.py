"""The migrations and the schema in code are one and the same."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsletter.store import open_store, opening, schema
from newsletter.store.database import connect
from tests.builders import NOW
from tests.stores import a_store, address_of


def statements(engine: sa.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {name: re.sub(r"\s+", " ", said) for name, said in rows if name != "alembic_version"}


def columns_and_constraints(said: str) -> set[str]:
    """The parts of a CREATE TABLE, whatever their order."""
    inner = said[said.index("(") + 1 : said.rindex(")")]
    return {part.strip() for part in re.split(r",(?![^(]*\))", inner)}


@pytest.fixture
def migrated(tmp_path: Path) -> sa.Engine:
    a_store(tmp_path).close()
    return sa.create_engine(address_of(tmp_path), poolclass=sa.NullPool)


def test_alembic_finds_nothing_to_migrate(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_every_column_check_key_and_index_is_the_same(migrated: sa.Engine) -> None:
    made = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    schema.metadata.create_all(made)
    found, wanted = statements(migrated), statements(made)
    assert found.keys() == wanted.keys()
    for name, said in wanted.items():
        assert columns_and_constraints(found[name]) == columns_and_constraints(said), name
        assert ("AUTOINCREMENT" in found[name]) == ("AUTOINCREMENT" in said), name
    made.dispose()


def test_the_revision_in_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(opening.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == opening.HEAD


def test_revisions_sort_as_text_so_that_a_newer_one_is_known_as_newer() -> None:
    assert re.fullmatch(r"\d{4}", opening.HEAD)


def test_a_database_of_the_first_schema_keeps_its_mailings(tmp_path: Path) -> None:
    database = connect(address_of(tmp_path), wait_seconds=1)
    texts = ("newsletter", "slug", "title", "segment", "content_hash", "audience_hash", "planned_by")
    others = {"status": "draft", "again": False, "compiled": b"", "planned_at": NOW}
    with database.writing() as connection:
        opening._upgrade(connection, "0001")
        connection.execute(sa.insert(schema.mailings), dict.fromkeys(texts, "x") | others)
    database.close()

    with open_store(address_of(tmp_path)) as store:
        [mailing] = store.mailings.recent()
        assert (mailing.slug, mailing.without_interests) == ("x", None)


def test_a_migration_that_fails_leaves_an_empty_database(tmp_path: Path) -> None:
    database = connect(address_of(tmp_path), wait_seconds=1)

    def upgrade() -> None:
        with database.writing() as connection:
            opening._upgrade(connection)
            assert "subscribers" in sa.inspect(connection).get_table_names()
            raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError, match="the power goes"):
        upgrade()
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == []
    database.close()


def test_tables_that_are_built_anew_keep_their_rows_and_their_next_number(tmp_path: Path) -> None:
    database = connect(address_of(tmp_path), wait_seconds=1)
    with database.writing() as connection:
        opening._upgrade(connection, "0006")
        for said in ROWS_OF_0006.split(";"):
            connection.exec_driver_sql(said)
    database.close()

    with open_store(address_of(tmp_path)) as store, store._database.writing() as connection:
        tags = connection.exec_driver_sql("SELECT * FROM interests ORDER BY tag").all()
        assert [tuple(row) for row in tags] == [(1, "ai"), (1, "china")]
        assert [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM skips")] == [(1, 1, "pending")]
        wanted = "SELECT id, subscriber_id, subscription_id, state, tries, detail, batch_id FROM deliveries"
        kept = connection.exec_driver_sql(wanted).all()
        assert [tuple(row) for row in kept] == [(1, 1, 1, "unknown", 2, "no answer", "b")]
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        connection.exec_driver_sql(A_DELIVERY.format("NULL", 2, 2))
        assert connection.exec_driver_sql("SELECT max(id) FROM deliveries").scalar() == 3
        for refused in (A_DELIVERY.format(9, 1, 1), A_DELIVERY.format(9, 9, 1)):
            with pytest.raises(sa.exc.IntegrityError):
                connection.exec_driver_sql(refused)


A_DELIVERY = """
INSERT INTO deliveries (id, mailing_id, edition_id, subscriber_id, subscription_id, state)
  VALUES ({}, 1, 1, {}, {}, 'planned')
"""
#: a delivery's number is never given again, though it was deleted
ROWS_OF_0006 = """
INSERT INTO subscribers (id, email, address, created_at)
  VALUES (1, 'one@example.com', '', '2026-03-01'), (2, 'two@example.com', '', '2026-03-01');
INSERT INTO subscriptions (id, public_id, subscriber_id, newsletter, status, joined_at)
  VALUES (1, x'01', 1, 'harbour-brief', 'confirmed', '2026-03-01'),
    (2, x'02', 2, 'harbour-brief', 'confirmed', '2026-03-01');
INSERT INTO interests VALUES (1, 'china'), (1, 'ai');
INSERT INTO mailings (id, newsletter, slug, title, segment, status, again, content_hash, audience_hash, compiled,
  planned_at, planned_by) VALUES (1, '', '', '', '', 'sent', 0, '', '', x'', '2026-03-01', 'mei');
INSERT INTO editions (id, mailing_id, hash, stories, subject) VALUES (1, 1, '', '[]', '');
INSERT INTO deliveries (id, mailing_id, edition_id, subscriber_id, subscription_id, state, tries, detail, batch_id)
  VALUES (1, 1, 1, 1, 1, 'unknown', 2, 'no answer', 'b'), (2, 1, 1, 2, 2, 'unknown', 2, '', '');
DELETE FROM deliveries WHERE id = 2;
INSERT INTO skips VALUES (1, 1, 'pending')
"""
