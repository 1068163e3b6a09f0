"""
The tables. Addresses and names live in `subscribers` alone: forgetting a person touches one place.

`tests/integration/test_store_migrations.py` holds this file and the migrations together.
"""

import sqlalchemy as sa

from newsletter.bounce import BounceKind
from newsletter.delivery import BatchState, DeliveryState, MailingStatus
from newsletter.store.consent_tables import consent_tables
from newsletter.store.event_tables import event_table
from newsletter.store.kinds import Id, Instant, id_, often_one_of, one_of, ref, text
from newsletter.store.signup_tables import signup_tables
from newsletter.subscriber import Skip, SubscriptionStatus, SuppressionReason

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: 'store_id': a random word by which a health page and a database know each other
#: 'suppression_key': what the hashes in `forgotten` are keyed with; it never changes, or a no would be lost
#: 'works_from': the oldest revision whose program may work with this store (see migrations/env.py)
#: and the marks of a store that was moved, or is being moved (`store/marks.py`)
meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

subscribers = sa.Table(
    "subscribers",
    metadata,
    id_(),
    #: the address in lower case, domain in ASCII: what makes two spellings one person
    sa.Column("email", sa.Text, nullable=False, unique=True),
    #: as it is to be mailed
    sa.Column("address", sa.Text, nullable=False),
    text("name"),
    text("salutation"),
    text("language"),
    text("company"),
    text("manager"),
    text("zone"),
    sa.Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    id_(),
    #: 16 random bytes: what links carry instead of an id or an address
    sa.Column("public_id", sa.LargeBinary(16), nullable=False, unique=True),
    ref("subscriber_id", "subscribers.id"),
    sa.Column("newsletter", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    text("consent_basis"),
    sa.Column("consent_on", sa.Date),
    sa.Column("joined_at", Instant, nullable=False),
    sa.Column("unsubscribed_at", Instant),
    #: no mail before then; one that has passed says nothing
    sa.Column("paused_until", Instant),
    often_one_of("status", SubscriptionStatus),
    sa.UniqueConstraint("subscriber_id", "newsletter"),
    #: holds all that a plan asks of every reader
    sa.Index(None, "newsletter", "status", "subscriber_id", "paused_until"),
    sqlite_autoincrement=True,
)

interests = sa.Table(
    "interests",
    metadata,
    ref("subscription_id", "subscriptions.id", primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    #: where there are no rowids, it names the subscriptions too
    sa.Index(None, "tag"),
    sqlite_with_rowid=False,
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    ref("subscriber_id", "subscribers.id", primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("suppressed_at", Instant, nullable=False),
    one_of("reason", SuppressionReason),
)

consents, forgotten = consent_tables(metadata)
events = event_table(metadata)
signups, answers, limits = signup_tables(metadata)

#: who did what; `detail` is JSON never an address or a name. No foreign keys: a row outlives what it tells of.
audit = sa.Table(
    "audit",
    metadata,
    id_(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subscriber_id", Id),
    sa.Column("mailing_id", Id),
    sa.Column("detail", sa.Text, nullable=False, server_default="{}"),
    sa.Index(None, "subscriber_id"),
    sa.Index(None, "mailing_id"),
    sqlite_autoincrement=True,
)

mailings = sa.Table(
    "mailings",
    metadata,
    id_(),
    sa.Column("newsletter", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("segment", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("again", sa.Boolean, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("audience_hash", sa.Text, nullable=False),
    #: zlib of the compiled issue's JSON: what was planned is what is sent, whatever becomes of the file
    sa.Column("compiled", sa.LargeBinary, nullable=False),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("planned_by", sa.Text, nullable=False),
    sa.Column("transport", sa.Text),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("without_interests", sa.Integer),
    sa.Column("send_at", Instant),
    sa.Column("pause_reason", sa.Text),
    sa.Column("corrects_id", Id),
    #: JSON list of what `check` said when it was planned; NULL when nobody wrote it down
    sa.Column("findings", sa.Text),
    one_of("status", MailingStatus),
    sa.Index(None, "newsletter", "slug"),
    sqlite_autoincrement=True,
)

editions = sa.Table(
    "editions",
    metadata,
    id_(),
    ref("mailing_id", "mailings.id"),
    sa.Column("hash", sa.Text, nullable=False),
    #: JSON list of story ids, in the order in which they stand
    sa.Column("stories", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.UniqueConstraint("mailing_id", "hash"),
)

#: one row per reader per mailing: the queue, the idempotency key, the audit log and the report. PostgreSQL does not
#: look up its keys nor those of skips, but refuses to delete what they lead to (migration 0012): plans do not wait.
deliveries = sa.Table(
    "deliveries",
    metadata,
    id_(),
    ref("mailing_id", "mailings.id"),
    ref("edition_id", "editions.id"),
    ref("subscriber_id", "subscribers.id"),
    ref("subscription_id", "subscriptions.id"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    #: the run that claimed it; kept when nobody knows the outcome, for that run may still learn it
    sa.Column("run_id", Id),
    sa.Column("claimed_at", Instant),
    #: a deferred one waits until then
    sa.Column("due_at", Instant),
    sa.Column("settled_at", Instant),
    text("detail"),
    text("provider_id"),
    #: by which its run handed it over, where the provider holds mail
    sa.Column("batch_id", sa.Text),
    often_one_of("state", DeliveryState),
    #: also answers who holds an issue already, which is asked for every reader at every claim
    sa.UniqueConstraint("subscriber_id", "mailing_id"),
    sa.Index(None, "mailing_id", "state", "id"),
    sqlite_autoincrement=True,
)

#: a sender at work on a mailing. The number only grows: a sender that was given up settles nothing but its own.
runs = sa.Table(
    "runs",
    metadata,
    id_(),
    ref("mailing_id", "mailings.id"),
    #: machine and process
    text("place"),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("beat_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    #: the file in which it notes what is in the air, where several runs may share a mailing
    text("recorder"),
    sa.Index(None, "mailing_id"),
    sqlite_autoincrement=True,
)

#: mail that a provider holds for a while; written down before it leaves, so that it can be taken back
batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    ref("mailing_id", "mailings.id"),
    ref("run_id", "runs.id"),
    sa.Column("send_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    one_of("state", BatchState),
    sa.Index(None, "mailing_id"),
)

#: what a mailbox refused for good, to be counted
bounces = sa.Table(
    "bounces",
    metadata,
    id_(),
    ref("subscriber_id", "subscribers.id"),
    ref("mailing_id", "mailings.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("bounced_at", Instant, nullable=False),
    #: by which we know; NULL: it was refused while we sent it
    sa.Column("event_id", Id),
    one_of("kind", BounceKind),
    sa.Index(None, "subscriber_id"),
    sa.Index(None, "mailing_id"),
    sqlite_autoincrement=True,
)

#: a rate that all senders share: when its next message is free to go
paces = sa.Table(
    "paces",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("free_at", Instant, nullable=False),
)

#: who sends what is due; one that has not been seen for a while is dead
workers = sa.Table(
    "workers",
    metadata,
    #: machine and process
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

skips = sa.Table(
    "skips",
    metadata,
    ref("mailing_id", "mailings.id", primary_key=True),
    ref("subscriber_id", "subscribers.id", primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    often_one_of("reason", Skip),
    sqlite_with_rowid=False,
)

#: who approved which content for which audience; rows are added, never changed
approvals = sa.Table(
    "approvals",
    metadata,
    id_(),
    ref("mailing_id", "mailings.id"),
    sa.Column("approved_by", sa.Text, nullable=False),
    sa.Column("approved_at", Instant, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("audience_hash", sa.Text, nullable=False),
    text("note"),
    sa.Index(None, "mailing_id"),
    sqlite_autoincrement=True,
)

#: of which mailings a proof was shown, so that the next one can say what has changed; rows are added, never changed
proofs = sa.Table(
    "proofs",
    metadata,
    id_(),
    ref("mailing_id", "mailings.id"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Index(None, "mailing_id"),
    sqlite_autoincrement=True,
)
