"""Every schema that there was, filled with data and brought up to date: nothing is lost, and all of it works."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError, StoreError
from newsletter.store import open_store, opening
from newsletter.store.database import connect
from newsletter.subscriber import SubscriptionStatus, SuppressionReason
from tests.builders import NOW, a_compiled_issue, a_letterhead
from tests.stores import CONSENT, NEWSLETTER, address_of

REVISIONS = sorted(path.name[:4] for path in Path(opening.__file__).parent.glob("migrations/versions/[0-9]*.py"))
AT = "2026-06-10 01:30:00.000000"
STATES = [state.value for state in DeliveryState]
#: by table, rows with everything that any schema has asked of them; what a schema lacks is left away
PEOPLE = [
    {"id": number, "email": f"reader{number}@example.com", "address": f"Reader{number}@example.com",
     "name": f"读者 {number}", "language": "zh-Hans",
     "company": "Harbour", "manager": "Li", "zone": "Asia/Shanghai", "salutation": "Ms",
     "created_at": AT}
    for number in range(1, 8)
]  # fmt: skip
STATUSES = ["confirmed", "pending", "unsubscribed", "confirmed", "confirmed", "confirmed", "confirmed"]


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from (("subscribers", row) for row in PEOPLE)
    for number, status in enumerate(STATUSES, 1):
        left = {"unsubscribed_at": AT} if status == "unsubscribed" else {}
        agreed = {} if status == "pending" else {"consent_basis": CONSENT.basis, "consent_on": str(CONSENT.on)}
        yield "subscriptions", {
            "id": number, "public_id": bytes([number]) * 16, "subscriber_id": number, "newsletter": NEWSLETTER,
            "status": status, "joined_at": AT, **agreed, **left,
        }  # fmt: skip
        yield from (("interests", {"subscription_id": number, "tag": tag}) for tag in ("ai", "crypto"))
    for number, reason in ((4, "complained"), (5, "bounced"), (6, "manual")):
        yield "suppressions", {"subscriber_id": number, "reason": reason, "suppressed_at": AT}
    yield "audit", {"at": AT, "actor": "mei", "action": "added", "subscriber_id": 1, "detail": '{"status":"confirmed"}'}
    compiled = a_compiled_issue(letterhead=a_letterhead(slug="harbour-2026-06-10"))
    yield "mailings", {
        "id": 1, "newsletter": NEWSLETTER, "slug": "harbour-2026-06-10", "title": "Harbour", "segment": "everyone",
        "status": "sending", "again": False, "content_hash": "c", "audience_hash": "a", "planned_at": AT,
        "planned_by": "mei", "compiled": zlib.compress(compiled.to_json().encode()),
        "transport": "outbox", "started_at": AT,
    }  # fmt: skip
    yield "editions", {"id": 1, "mailing_id": 1, "hash": "h", "stories": '["grid"]', "subject": "S"}
    for number, state in enumerate(STATES, 1):
        yield "deliveries", {
            "id": number, "mailing_id": 1, "edition_id": 1, "subscriber_id": number, "subscription_id": number,
            "state": state, "holder": "somebody", "run_id": 1, "claimed_at": AT, "due_at": AT, "settled_at": AT,
            "detail": "said", "provider_id": "p", "tries": 1, "batch_id": "b",
        }  # fmt: skip
    yield "skips", {"mailing_id": 1, "subscriber_id": 2, "reason": "pending"}
    yield "runs", {"id": 1, "mailing_id": 1, "place": "here", "started_at": AT, "beat_at": AT}
    yield "bounces", {"subscriber_id": 5, "mailing_id": 1, "kind": "dead", "bounced_at": AT}
    yield "paces", {"name": "outbox", "free_at": AT}
    yield "workers", {"name": "here", "started_at": AT, "seen_at": AT}
    approval = {"approved_by": "li", "approved_at": AT, "content_hash": "c", "audience_hash": "a", "note": "fine"}
    yield "approvals", {"mailing_id": 1, **approval}
    yield "proofs", {"mailing_id": 1, "made_by": "li", "made_at": AT}
    yield "batches", {"id": "b", "mailing_id": 1, "run_id": 1, "send_at": AT, "state": "open"}
    for number in range(1, 8):
        yield "consents", {
            "subscriber_id": number, "newsletter": NEWSLETTER, "event": "added", "at": AT, "actor": "mei",
            "basis": CONSENT.basis, "given_on": str(CONSENT.on), "source": "sha256:0",
        }  # fmt: skip
    yield "events", {
        "key": "sg:1", "kind": "bounced", "bounce": "dead", "happened_at": AT, "received_at": AT, "delivery_id": 5,
        "mailing_id": 1, "subscriber_id": 5, "subscription_id": 5, "code": "5.1.1", "detail": "no such mailbox",
    }  # fmt: skip
    asked = {"newsletter": NEWSLETTER, "language": "en", "interests": '["ai"]', "wording": "form 1, en", "asked_at": AT}
    yield "signups", {"email": "new@example.com", "address": "New@example.com", "name": "New", **asked}
    for number, kind in ((2, "confirm"), (4, "known")):
        yield "answers", {"public_id": bytes([number]) * 16, "subscription_id": number, "kind": kind, **asked}
    yield "limits", {"key": "0" * 64, "free_at": AT}
    yield "forgotten", {"hash": "0" * 64, "reason": "complained", "forgotten_at": AT}


def filled(folder: Path, revision: str) -> dict[str, list[dict[str, Any]]]:
    """A database of that schema with rows in every table of it; what it holds."""
    database = connect(address_of(folder), wait_seconds=1)
    with database.writing() as connection:
        opening._upgrade(connection, revision)
        found = sa.MetaData()
        found.reflect(connection)
        for name, row in rows():
            table = found.tables.get(name)
            if table is not None:
                connection.exec_driver_sql(*_insert(table, row))
        held = _held(connection, found)
        assert all(held.values()), "a table without rows proves nothing"
    database.close()
    return held


def _insert(table: sa.Table, row: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    names = [name for name in row if name in table.c]
    said = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    return said, tuple(row[name] for name in names)


def _held(connection: sa.Connection, found: sa.MetaData) -> dict[str, list[dict[str, Any]]]:
    held = {}
    for name, table in found.tables.items():
        keys = ", ".join(column.name for column in table.primary_key) or "rowid"
        answer = connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY {keys}")  # noqa: S608
        held[name] = [dict(row._mapping) for row in answer]
    return held


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_every_schema_is_brought_up_to_date_with_all_that_it_holds(tmp_path: Path, revision: str) -> None:
    before = filled(tmp_path, revision)
    open_store(address_of(tmp_path)).close()
    database = connect(address_of(tmp_path), wait_seconds=1)
    with database.reading() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        after = _held(connection, found)
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    database.close()
    del before["alembic_version"]
    # Who may work with it, every migration says anew.
    for held in (before, after):
        held["meta"] = [row for row in held["meta"] if row["key"] != "works_from"]
    for name, rows_before in before.items():
        kept = [
            {key: row[key] for key in row if key in old} for row, old in zip(after[name], rows_before, strict=False)
        ]
        # A delivery's holder was a name until runs had numbers.
        assert kept == [{key: value for key, value in old.items() if key != "holder"} for old in rows_before], name


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_every_schema_works(tmp_path: Path, revision: str) -> None:
    filled(tmp_path, revision)
    with open_store(address_of(tmp_path)) as store:
        readers = {reader.subscription_id: reader for reader in store.readers.stream(NEWSLETTER)}
        assert [reader.status for reader in readers.values()] == [SubscriptionStatus(status) for status in STATUSES]
        assert readers[1].consent == CONSENT
        assert readers[1].interests == {"ai", "crypto"}
        assert readers[4].suppressed_for is SuppressionReason.COMPLAINED
        # The consent that was on record is in the log, and so is every no.
        assert [record.basis for record in store.consents.of(1)] == [CONSENT.basis]
        assert store.mailings.counts(1)[DeliveryState.PLANNED] == 1
        assert store.mailings.compiled(1).letterhead.slug == "harbour-2026-06-10"
        run_id = store.mailings.open_run(1, NOW)
        assert [it.address for it in store.mailings.claim(1, run_id=run_id, limit=5, now=NOW)] == [
            "Reader1@example.com"
        ]
        store.mailings.release([1], run_id=run_id)
        with pytest.raises(RefusedError, match="on its way to them"):
            store.forgetting.forget("reader2@example.com", actor="mei", now=NOW)
        assert store.forgetting.forget("reader4@example.com", actor="mei", now=NOW) is not None
        assert store.forgetting.kept_away("reader4@example.com") is SuppressionReason.COMPLAINED


@pytest.mark.parametrize("revision", [it for it in REVISIONS if it < "0008"])
def test_what_was_known_before_there_was_a_log_is_in_it(tmp_path: Path, revision: str) -> None:
    filled(tmp_path, revision)
    with open_store(address_of(tmp_path)) as store:
        said = {number: [str(record.event) for record in store.consents.of(number)] for number in range(1, 8)}
    assert said == {
        1: ["added"], 2: ["added"], 3: ["added", "unsubscribed"], 4: ["added", "complained"], 5: ["added"],
        6: ["added", "suppressed"], 7: ["added"],
    }  # fmt: skip


def test_a_schema_in_the_future_is_left_as_it_is(tmp_path: Path) -> None:
    filled(tmp_path, opening.HEAD)
    database = connect(address_of(tmp_path), wait_seconds=1)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("UPDATE meta SET value = '9998' WHERE key = 'works_from'")
    database.close()
    with pytest.raises(StoreError, match="was written by a newer version of newsletter"):
        open_store(address_of(tmp_path))
