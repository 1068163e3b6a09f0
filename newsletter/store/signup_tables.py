"""The tables of those who sign up: forms that wait for their answer, the answers, and how often is too often."""

import sqlalchemy as sa

from newsletter.signup import AnswerKind
from newsletter.store.kinds import Instant, id_, one_of, ref, text


def signup_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table]:
    #: when each may happen again; what it is about, as a keyed hash
    limits = sa.Table(
        "limits",
        metadata,
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("free_at", Instant, nullable=False),
    )
    return _signups(metadata), _answers(metadata), limits


def _signups(metadata: sa.MetaData) -> sa.Table:
    #: as they were filled in, for some seconds: the one place beside `subscribers` where an address stands
    return sa.Table(
        "signups",
        metadata,
        id_(),
        sa.Column("newsletter", sa.Text, nullable=False),
        #: as in `subscribers`
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        text("name"),
        text("language"),
        #: JSON list
        sa.Column("interests", sa.Text, nullable=False, server_default="[]"),
        text("wording"),
        text("network"),
        sa.Column("asked_at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )


def _answers(metadata: sa.MetaData) -> sa.Table:
    #: mails to those who signed up, and what they asked for, until it is confirmed or too late
    return sa.Table(
        "answers",
        metadata,
        id_(),
        #: 16 random bytes: what the link carries
        sa.Column("public_id", sa.LargeBinary(16), nullable=False, unique=True),
        ref("subscription_id", "subscriptions.id"),
        sa.Column("kind", sa.Text, nullable=False),
        text("name"),
        text("language"),
        sa.Column("interests", sa.Text, nullable=False, server_default="[]"),
        text("wording"),
        sa.Column("asked_at", Instant, nullable=False),
        #: when it is to be mailed; NULL when it was, or will not be
        sa.Column("due_at", Instant),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("used_at", Instant),
        one_of("kind", AnswerKind),
        sa.Index(None, "subscription_id"),
        sa.Index(None, "due_at"),
        sqlite_autoincrement=True,
    )
