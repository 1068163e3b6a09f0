"""The first schema. History: never edited after a release, and it imports nothing that may change."""

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    _people()
    _mailings()
    _deliveries()
    meta = sa.table("meta", sa.column("key", sa.Text), sa.column("value", sa.Text))
    op.bulk_insert(meta, [{"key": "store_id", "value": secrets.token_hex(16)}])


def _people() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "subscribers",
        _id(),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        *(_text(name) for name in ("name", "salutation", "language", "company", "manager", "zone")),
        sa.Column("created_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("email", name=op.f("uq_subscribers_email")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscriptions",
        _id(),
        sa.Column("public_id", sa.LargeBinary(16), nullable=False),
        sa.Column("subscriber_id", _Id, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        _text("consent_basis"),
        sa.Column("consent_on", sa.Date),
        sa.Column("joined_at", _Instant, nullable=False),
        sa.Column("unsubscribed_at", _Instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_subscriptions_public_id")),
        sa.UniqueConstraint("subscriber_id", "newsletter", name=op.f("uq_subscriptions_subscriber_id_newsletter")),
        _points_to("subscriptions", "subscriber_id", "subscribers"),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'unsubscribed')", name=op.f("ck_subscriptions_status")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriptions_newsletter_status", "subscriptions", ["newsletter", "status"])
    op.create_table(
        "interests",
        sa.Column("subscription_id", _Id, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "tag", name=op.f("pk_interests")),
        _points_to("interests", "subscription_id", "subscriptions"),
    )
    op.create_index("ix_interests_tag", "interests", ["tag"])
    op.create_table(
        "suppressions",
        sa.Column("subscriber_id", _Id, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("suppressed_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_suppressions")),
        _points_to("suppressions", "subscriber_id", "subscribers"),
        sa.CheckConstraint("reason IN ('bounced', 'complained', 'manual')", name=op.f("ck_suppressions_reason")),
    )
    op.create_table(
        "audit",
        _id(),
        sa.Column("at", _Instant, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subscriber_id", _Id),
        sa.Column("mailing_id", _Id),
        sa.Column("detail", sa.Text, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_subscriber_id", "audit", ["subscriber_id"])
    op.create_index("ix_audit_mailing_id", "audit", ["mailing_id"])


def _mailings() -> None:
    op.create_table(
        "mailings",
        _id(),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("newsletter", "slug", "title", "segment", "status")),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("audience_hash", sa.Text, nullable=False),
        sa.Column("compiled", sa.LargeBinary, nullable=False),
        sa.Column("planned_at", _Instant, nullable=False),
        sa.Column("planned_by", sa.Text, nullable=False),
        sa.Column("transport", sa.Text),
        sa.Column("started_at", _Instant),
        sa.Column("finished_at", _Instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailings")),
        sa.CheckConstraint("status IN ('draft', 'sending', 'sent', 'cancelled')", name=op.f("ck_mailings_status")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mailings_newsletter_slug", "mailings", ["newsletter", "slug"])
    op.create_table(
        "editions",
        _id(),
        sa.Column("mailing_id", _Id, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("stories", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("mailing_id", "hash", name=op.f("uq_editions_mailing_id_hash")),
        _points_to("editions", "mailing_id", "mailings"),
    )


def _deliveries() -> None:
    parents = {"mailing": "mailings", "edition": "editions", "subscriber": "subscribers", "subscription": "subscriptions"}
    op.create_table(
        "deliveries",
        _id(),
        *(sa.Column(f"{parent}_id", _Id, nullable=False) for parent in parents),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("holder", sa.Text),
        *(sa.Column(name, _Instant) for name in ("claimed_at", "due_at", "settled_at")),
        _text("detail"),
        _text("provider_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("mailing_id", "subscriber_id", name=op.f("uq_deliveries_mailing_id_subscriber_id")),
        *(_points_to("deliveries", f"{parent}_id", table) for parent, table in parents.items()),
        sa.CheckConstraint(
            "state IN ('planned', 'claimed', 'deferred', 'accepted', 'refused', 'unknown', 'withdrawn')",
            name=op.f("ck_deliveries_state"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_mailing_id_state_id", "deliveries", ["mailing_id", "state", "id"])
    op.create_index("ix_deliveries_subscriber_id", "deliveries", ["subscriber_id"])
    op.create_table(
        "skips",
        sa.Column("mailing_id", _Id, nullable=False),
        sa.Column("subscriber_id", _Id, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "subscriber_id", name=op.f("pk_skips")),
        _points_to("skips", "mailing_id", "mailings"),
        _points_to("skips", "subscriber_id", "subscribers"),
        sa.CheckConstraint(
            "reason IN ('unsubscribed', 'pending', 'suppressed', 'not-in-segment', 'already-sent', 'too-few-stories')",
            name=op.f("ck_skips_reason"),
        ),
    )


def _id() -> sa.Column[Any]:
    return sa.Column("id", _Id, autoincrement=True, nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _points_to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
