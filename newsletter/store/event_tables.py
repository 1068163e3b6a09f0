"""The table of what is told of our mail after it has left."""

import sqlalchemy as sa

from newsletter.bounce import BounceKind
from newsletter.event import EventKind
from newsletter.store.kinds import Id, Instant, id_, often_one_of, text


def event_table(metadata: sa.MetaData) -> sa.Table:
    """
    Rows are added; nothing of them is changed but `applied_at`, once, and the words when a reader is forgotten.

    No foreign key: a row outlives whom it tells of. No address: of people it holds ids.
    """
    return sa.Table(
        "events",
        metadata,
        id_(),
        #: by which a second telling of the same is known
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        #: what a refusal says about the address
        sa.Column("bounce", sa.Text),
        sa.Column("happened_at", Instant, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("delivery_id", Id),
        sa.Column("mailing_id", Id),
        sa.Column("subscriber_id", Id),
        sa.Column("subscription_id", Id),
        text("code"),
        text("detail"),
        sa.Column("url", sa.Text),
        sa.Column("is_machine", sa.Boolean, nullable=False, server_default=sa.false()),
        #: when it took effect; NULL: not yet
        sa.Column("applied_at", Instant),
        often_one_of("kind", EventKind),
        often_one_of("bounce", BounceKind),
        #: those that have yet to take effect, in the order in which they came
        sa.Index("ix_events_unapplied", "id", sqlite_where=sa.text("applied_at IS NULL")),
        sa.Index(None, "mailing_id", "kind"),
        sa.Index(None, "subscriber_id"),
        sqlite_autoincrement=True,
    )
