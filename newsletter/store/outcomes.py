"""What became of a mailing's deliveries, counted by the database: in one look at it, so that all figures agree."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from string import ascii_lowercase, digits
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState, Mailing
from newsletter.event import EventKind
from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.kinds import Id, Instant
from newsletter.subscriber import Skip, SubscriptionStatus

#: after the end of a mailing: who leaves later than that leaves for another reason
LEFT_WITHIN = timedelta(days=7)

_delivery, _event, _person = schema.deliveries.c, schema.events.c, schema.subscribers.c
_ACCEPTED = _delivery.state == DeliveryState.ACCEPTED
_REFUSED = _delivery.state == DeliveryState.REFUSED
#: the mail did not stay where it was delivered
_CAME_BACK = (EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED)
#: what may stand in a domain as we keep it: what is left of an address without them ends in its @
_IN_DOMAINS = f"{ascii_lowercase}{digits}.-"
#: "2026-06-10 01" of an instant as databases write it
_HOUR = 13
#: rows read at a time
_PAGE = 5_000
_FIRST_HOUR = "%Y-%m-%d %H"


def _instants(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, Instant) for name in names]


#: of one mailing, for as long as somebody looks; by delivery, for an event may come often and in any order
_told = sa.Table(
    "told",
    sa.MetaData(),
    sa.Column("delivery_id", Id, primary_key=True),
    *_instants("delivered_at", "bounced_at", "complained_at", "opened_at", "clicked_at"),
    sa.Column("is_opened_by_machine", sa.Boolean),
    sa.Column("is_clicked_by_machine", sa.Boolean),
    sa.Column("bounce", sa.Text),
    sa.Column("bounce_detail", sa.Text),
    prefixes=["TEMPORARY"],
)
_RETURNED = sa.and_(_ACCEPTED, _told.c.bounced_at.is_not(None))
_AND_TOLD = schema.deliveries.outerjoin(_told, _told.c.delivery_id == _delivery.id)


class Standing(NamedTuple):
    """How some deliveries stand: their state, and what was told of them since."""

    state: DeliveryState
    is_bounced: bool
    is_delivered: bool


class Share(NamedTuple):
    """So many deliveries of one edition, or at one domain, stand so."""

    of: Any
    standing: Standing
    deliveries: int


class Reached(NamedTuple):
    """One reader of the plan."""

    email: str
    edition_hash: str
    standing: Standing
    #: why it was refused or came back; "" when it did neither
    bounce: str
    #: in the words of whoever said so last
    detail: str


class Tracked(NamedTuple):
    """Readers who opened or clicked, and readers of whom only a machine did."""

    opened: int
    opened_by_machine: int
    clicked: int
    clicked_by_machine: int


class Look:
    """One state of the database, for as long as it is open."""

    def __init__(self, connection: sa.Connection, mailing: Mailing, now: datetime) -> None:
        self._connection = connection
        self._mailing = mailing
        self._these = _delivery.mailing_id == mailing.id
        self._now = now

    def by_edition(self) -> list[Share]:
        return self._shares(_delivery.edition_id, _AND_TOLD)

    def by_domain(self) -> list[Share]:
        """By the domain of the reader's address; "" of those who were forgotten."""
        at = sa.func.length(sa.func.rtrim(_person.email, _IN_DOMAINS))
        domain = sa.case((at > 0, sa.func.substr(_person.email, at + 1)), else_="")
        return self._shares(domain, _AND_TOLD.join(schema.subscribers, _person.id == _delivery.subscriber_id))

    def skipped(self) -> dict[Skip, int]:
        skip = schema.skips.c
        counted = sa.select(skip.reason, sa.func.count()).where(skip.mailing_id == self._mailing.id)
        return {Skip(row.reason): row[1] for row in self._connection.execute(counted.group_by(skip.reason))}

    def bounces(self) -> dict[BounceKind, int]:
        """Why mail was refused at the door, or came back later."""
        counted = sa.select(_bounce().label("why"), sa.func.count()).select_from(_AND_TOLD)
        counted = counted.where(self._these, _REFUSED | _RETURNED).group_by("why")
        return {BounceKind(row[0]): row[1] for row in self._connection.execute(counted)}

    def hours(self) -> Mapping[str, Mapping[datetime, int]]:
        """How many were accepted, delivered, came back, complained and left, by the hour (UTC)."""
        stayed = sa.and_(_ACCEPTED, _told.c.bounced_at.is_(None))
        return {
            "accepted": self._by_hour(_delivery.settled_at, schema.deliveries, _ACCEPTED),
            "delivered": self._by_hour(_told.c.delivered_at, _AND_TOLD, stayed),
            "bounced": self._by_hour(_told.c.bounced_at, _AND_TOLD, _ACCEPTED),
            "complained": self._by_hour(_told.c.complained_at, _AND_TOLD),
            "left": self._by_hour(schema.subscriptions.c.unsubscribed_at, *self._left()),
        }

    def tracked(self) -> Tracked:
        """Only of readers who agreed to it: nobody else has such events."""
        person, machine = {}, {}
        for what, at in (("opened", _told.c.opened_at), ("clicked", _told.c.clicked_at)):
            by_machine = _told.c[f"is_{what}_by_machine"]
            person[what] = sa.func.count(at)
            machine[what] = sa.func.count(sa.case((sa.and_(at.is_(None), by_machine), 1)))
        counted = sa.select(person["opened"], machine["opened"], person["clicked"], machine["clicked"])
        row = self._connection.execute(counted.select_from(_AND_TOLD).where(self._these)).one()
        return Tracked(*row)

    def persons(self) -> Iterator[Reached]:
        """In the order in which they were sent to; read as they are asked for."""
        joined = _AND_TOLD.join(schema.subscribers, _person.id == _delivery.subscriber_id).join(schema.editions)
        bounce = sa.case((_REFUSED | _RETURNED, _bounce()), else_="")
        detail = sa.case((_RETURNED, sa.func.coalesce(_told.c.bounce_detail, "")), else_=_delivery.detail)
        told = (_delivery.state, _told.c.bounced_at.is_not(None), _told.c.delivered_at.is_not(None))
        wanted = sa.select(_person.address, schema.editions.c.hash, *told, bounce, detail).select_from(joined)
        wanted = wanted.where(self._these).order_by(_delivery.id).execution_options(yield_per=_PAGE)
        for row in self._connection.execute(wanted):
            yield Reached(row[0], row[1], Standing(DeliveryState(row[2]), bool(row[3]), bool(row[4])), row[5], row[6])

    def followed(self, tags: Collection[str]) -> frozenset[str]:
        """Those of the tags that a reader of the newsletter has chosen."""
        interest, subscription = schema.interests.c, schema.subscriptions.c
        reads = (
            subscription.newsletter == self._mailing.newsletter,
            subscription.status == SubscriptionStatus.CONFIRMED,
        )
        joined = schema.interests.join(schema.subscriptions, subscription.id == interest.subscription_id)
        # One reader is enough, so that a tag that everybody follows costs no more than another.
        asked = {tag: sa.select(1).select_from(joined).where(interest.tag == tag, *reads).limit(1) for tag in tags}
        return frozenset(tag for tag, wanted in asked.items() if self._connection.execute(wanted).first())

    def _shares(self, of: sa.ColumnElement[Any], joined: sa.FromClause) -> list[Share]:
        told = (_told.c.bounced_at.is_not(None), _told.c.delivered_at.is_not(None))
        counted = sa.select(of.label("whose"), _delivery.state, *told, sa.func.count()).select_from(joined)
        rows = self._connection.execute(counted.where(self._these).group_by("whose", _delivery.state, *told))
        return [Share(row[0], Standing(DeliveryState(row[1]), bool(row[2]), bool(row[3])), row[4]) for row in rows]

    def _left(self) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
        """Whoever got it, and has left the newsletter since; not for an older reason, and not long after."""
        subscription, mailing = schema.subscriptions.c, self._mailing
        until = (mailing.finished_at or self._now) + LEFT_WITHIN
        gone = (
            subscription.newsletter == mailing.newsletter,
            subscription.status == SubscriptionStatus.UNSUBSCRIBED,
            subscription.unsubscribed_at >= _delivery.settled_at,
            subscription.unsubscribed_at <= until,
        )
        joined = schema.deliveries.join(schema.subscriptions, subscription.id == _delivery.subscription_id)
        return joined, sa.and_(_ACCEPTED, *gone)

    def _by_hour(
        self, at: sa.ColumnElement[Any], joined: sa.FromClause, only: sa.ColumnElement[bool] | None = None
    ) -> dict[datetime, int]:
        # Grouped by its name: PostgreSQL does not know two expressions for one when each has parameters of its own.
        hour = sa.func.substr(sa.cast(at, sa.Text), 1, _HOUR).label("hour")
        counted = sa.select(hour, sa.func.count()).select_from(joined).where(self._these, at.is_not(None))
        if only is not None:
            counted = counted.where(only)
        found = self._connection.execute(counted.group_by("hour"))
        return {datetime.strptime(f"{row[0]} +0000", f"{_FIRST_HOUR} %z"): row[1] for row in found}


class Since(NamedTuple):
    """Readers whose mail came back, and who complained, after it was taken."""

    bounced: int
    complained: int


class Outcomes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, mailing_id: int) -> Since:
        """Two figures for a list of mailings, without a look at every delivery."""
        joined = schema.events.join(schema.deliveries, _delivery.id == _event.delivery_id)
        readers = sa.select(sa.func.count(_event.delivery_id.distinct())).select_from(joined)
        ours = (_event.mailing_id == mailing_id, _delivery.mailing_id == mailing_id)
        with self._database.reading() as connection:
            bounced = connection.execute(readers.where(*ours, _event.kind.in_(_CAME_BACK), _ACCEPTED)).scalar_one()
            complained = connection.execute(readers.where(*ours, _event.kind == EventKind.COMPLAINED)).scalar_one()
        return Since(bounced, complained)

    @contextmanager
    def look(self, mailing: Mailing, now: datetime) -> Iterator[Look]:
        """Every figure in it is of the same instant."""
        with self._database.reading() as connection:
            # Of the connection alone: the database itself is not written.
            _told.create(connection)
            try:
                connection.execute(_gathering(mailing.id))
                yield Look(connection, mailing, now)
            finally:
                _told.drop(connection)


def _bounce() -> sa.ColumnElement[str]:
    """Of a delivery that was refused, or came back: what that says about the address."""
    bounce = schema.bounces.c
    theirs = (bounce.subscriber_id == _delivery.subscriber_id, bounce.mailing_id == _delivery.mailing_id)
    last = sa.select(bounce.kind).where(*theirs, bounce.event_id.is_(None)).order_by(bounce.id.desc()).limit(1)
    kind = sa.case((_REFUSED, last.correlate(schema.deliveries).scalar_subquery()), else_=_told.c.bounce)
    return sa.func.coalesce(kind, BounceKind.OTHER.value)


def _gathering(mailing_id: int) -> sa.Insert:
    """The first of each kind counts; of several reasons to come back, any."""

    def first(*kinds: EventKind, by_machine: bool | None = None) -> sa.ColumnElement[Any]:
        such = [_event.kind.in_(kinds)]
        if by_machine is not None:
            such.append(_event.is_machine.is_(by_machine))
        return sa.func.min(sa.case((sa.and_(*such), _event.happened_at)))

    values = {
        "delivery_id": _event.delivery_id,
        "delivered_at": first(EventKind.DELIVERED),
        "bounced_at": first(*_CAME_BACK),
        "complained_at": first(EventKind.COMPLAINED),
        "opened_at": first(EventKind.OPENED, by_machine=False),
        "clicked_at": first(EventKind.CLICKED, by_machine=False),
        "is_opened_by_machine": first(EventKind.OPENED, by_machine=True).is_not(None),
        "is_clicked_by_machine": first(EventKind.CLICKED, by_machine=True).is_not(None),
        "bounce": sa.func.min(sa.case((_event.kind.in_(_CAME_BACK), _event.bounce))),
        "bounce_detail": sa.func.min(sa.case((_event.kind.in_(_CAME_BACK), _event.detail))),
    }
    ours = (_event.mailing_id == mailing_id, _event.delivery_id.is_not(None))
    found = sa.select(*values.values()).where(*ours).group_by(_event.delivery_id)
    return sa.insert(_told).from_select(list(values), found)
