"""
Plans at the pace of the disk: rows in the order of their keys, fewer indexes, checks that cost nothing.

SQLite has to build these tables anew. No key leads to any of them, so that the old one can go.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)
_STATES = ("planned", "claimed", "deferred", "accepted", "refused", "unknown", "withdrawn")
_REASONS = (
    "unsubscribed",
    "pending",
    "suppressed",
    "not-in-segment",
    "already-sent",
    "too-few-stories",
    "unaffected",
)
_PARENTS = {"mailing": "mailings", "edition": "editions", "subscriber": "subscribers", "subscription": "subscriptions"}


def upgrade() -> None:
    op.drop_index("ix_subscriptions_newsletter_status", "subscriptions")
    columns = ["newsletter", "status", "subscriber_id"]
    op.create_index("ix_subscriptions_newsletter_status_subscriber_id", "subscriptions", columns)
    if op.get_bind().dialect.name == "sqlite":
        _anew("interests", _interests, order="subscription_id, tag")
        _anew("skips", _skips, order="mailing_id, subscriber_id")
        _anew("deliveries", _deliveries, order="id")
    else:
        _in_place()


def _in_place() -> None:
    op.drop_index("ix_deliveries_subscriber_id", "deliveries")
    op.drop_constraint("uq_deliveries_mailing_id_subscriber_id", "deliveries", type_="unique")
    columns = ["subscriber_id", "mailing_id"]
    op.create_unique_constraint("uq_deliveries_subscriber_id_mailing_id", "deliveries", columns)


def _anew(name: str, create: Any, *, order: str) -> None:
    """The table in its new form, with its rows in that order, and with the number that the next row would have got."""
    connection = op.get_bind()
    for index in sa.inspect(connection).get_indexes(name):
        op.drop_index(str(index["name"]), name)
    before = f"{name}_before"
    op.rename_table(name, before)
    create()
    columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns(name))
    said = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {before} ORDER BY {order}"  # noqa: S608
    connection.exec_driver_sql(said)
    _keep_the_next_number(connection, name, before)
    op.drop_table(before)
    _indexes(name)


def _keep_the_next_number(connection: sa.Connection, name: str, before: str) -> None:
    found = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (before,)).scalar()
    if found is not None:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, found))


def _interests() -> None:
    op.create_table(
        "interests",
        sa.Column("subscription_id", _Id, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "tag", name=op.f("pk_interests")),
        _points_to("interests", "subscription_id", "subscriptions"),
        sqlite_with_rowid=False,
    )


def _skips() -> None:
    op.create_table(
        "skips",
        sa.Column("mailing_id", _Id, nullable=False),
        sa.Column("subscriber_id", _Id, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "subscriber_id", name=op.f("pk_skips")),
        _points_to("skips", "mailing_id", "mailings"),
        _points_to("skips", "subscriber_id", "subscribers"),
        _check("skips", "reason", _REASONS),
        sqlite_with_rowid=False,
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        *(sa.Column(f"{parent}_id", _Id, nullable=False) for parent in _PARENTS),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("run_id", _Id),
        *(sa.Column(name, _Instant) for name in ("claimed_at", "due_at", "settled_at")),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("detail", "provider_id")),
        sa.Column("batch_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("subscriber_id", "mailing_id", name=op.f("uq_deliveries_subscriber_id_mailing_id")),
        *(_points_to("deliveries", f"{parent}_id", table) for parent, table in _PARENTS.items()),
        _check("deliveries", "state", _STATES),
        sqlite_autoincrement=True,
    )


def _indexes(name: str) -> None:
    if name == "interests":
        op.create_index("ix_interests_tag", "interests", ["tag"])
    elif name == "deliveries":
        op.create_index("ix_deliveries_mailing_id_state_id", "deliveries", ["mailing_id", "state", "id"])


def _check(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    said = " OR ".join(f"{column} = '{word}'" for word in words)
    return sa.CheckConstraint(said, name=op.f(f"ck_{table}_{column}"))


def _points_to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
