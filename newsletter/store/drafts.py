"""
Plan for all readers at once: the database says how everybody stands, `newsletter.plan` what each standing gets.

Readers are noted in the order of how they stand, so that all who stand alike are copied by one statement.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.audience import Rules, Standing
from newsletter.delivery import DeliveryState, Mailing, MailingStatus
from newsletter.edition import CompiledIssue
from newsletter.errors import Finding, StoreError
from newsletter.issue import Choice
from newsletter.plan import Draft, audience_hash_of_stretches, draft_of
from newsletter.segment import Everyone
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.kinds import Id
from newsletter.store.plans import HOLDING, insert_edition, insert_mailing, note_findings
from newsletter.store.rows import the_mailing
from newsletter.store.segments import held_clause, needs_people, unindexed
from newsletter.store.ways import in_one_word, insert_new, sorted_by
from newsletter.subscriber import Skip, SubscriptionStatus
from newsletter.tags import Vocabulary

_subscription, _interest, _delivery = schema.subscriptions.c, schema.interests.c, schema.deliveries.c
_mailing = schema.mailings.c

_passing = sa.MetaData()


def _passing_table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, _passing, *parts, prefixes=["TEMPORARY"], sqlite_with_rowid=False)


#: by tag, and by the story's place in the issue
_brings = _passing_table(
    "brings", sa.Column("tag", sa.Text, primary_key=True), sa.Column("story", sa.Integer, primary_key=True)
)
#: which story fits whom
_fits = _passing_table(
    "fits", sa.Column("subscription_id", Id, primary_key=True), sa.Column("story", sa.Integer, primary_key=True)
)
#: all stories that fit one reader, as their places with spaces between; once for all whom the same ones fit
_choices = sa.Table(
    "choices",
    _passing,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("stories", sa.Text, nullable=False, unique=True),
    prefixes=["TEMPORARY"],
)
_chosen = _passing_table(
    "chosen", sa.Column("subscription_id", Id, primary_key=True), sa.Column("choice_id", sa.Integer)
)
#: readers by how they stand: in that order in SQLite, elsewhere to be `sorted_by` it
_standings = _passing_table(
    "standings",
    sa.Column("facts", sa.Integer, nullable=False),
    sa.Column("subscriber_id", Id, nullable=False),
    sa.Column("subscription_id", Id, nullable=False),
    sa.PrimaryKeyConstraint("facts", "subscriber_id", "subscription_id").ddl_if(dialect="sqlite"),
)

# What is known of a reader, as one number.
_STATUSES = tuple(SubscriptionStatus)
_SUPPRESSED, _OUTSIDE, _HOLDER, _INTERESTED, _PAUSED = 4, 8, 16, 32, 64
#: times the id of the choice of stories
_CHOICE = 128
#: SQLite takes some thousand parameters
_FACTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be planned."""

    rules: Rules
    #: as written
    segment: str
    #: readers who already hold this issue get it once more
    again: bool = False


class Drafts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def foresee(self, wanted: Wanted, *, now: datetime) -> Draft:
        """What a plan would come to; nothing is saved."""
        with self._database.reading() as connection, _stood(connection, wanted, now) as alike:
            return _draft(alike, wanted)

    def plan(
        self, wanted: Wanted, *, actor: str, now: datetime, findings: Sequence[Finding] | None = None
    ) -> tuple[Draft, Mailing | None]:
        """
        Decide about every reader as they stand at this instant, and write the mailing, every delivery and every skip.

        Nothing is written when nobody is left to get it: then there is no mailing.
        """
        with self._database.planning() as connection, _stood(connection, wanted, now) as alike:
            draft = _draft(alike, wanted)
            if not draft.planned:
                return draft, None
            mailing_id = insert_mailing(connection, draft, status=MailingStatus.DRAFT, actor=actor, now=now)
            note_findings(connection, mailing_id, findings)
            told = {"planned": draft.planned, "skipped": sum(draft.skipped.values())}
            if _write_readers(connection, mailing_id, draft, alike) != tuple(told.values()):
                raise StoreError("the database wrote others than were planned", fix="please report this")
            _note_audience(connection, mailing_id, draft)
            write_audit(connection, audit_row("planned", actor=actor, at=now, mailing_id=mailing_id, detail=told))
            return draft, the_mailing(connection, mailing_id)


class _Alike(NamedTuple):
    """Readers who stand alike, and by what they are found again."""

    facts: int
    standing: Standing
    number: int


def _draft(alike: Sequence[_Alike], wanted: Wanted) -> Draft:
    counted: Counter[Standing] = Counter()
    for found in alike:
        counted[found.standing] += found.number
    return draft_of(counted, wanted.rules.compiled, segment=wanted.segment, again=wanted.again)


@contextmanager
def _stood(connection: sa.Connection, wanted: Wanted, now: datetime) -> Iterator[list[_Alike]]:
    """Write down for a while how every reader of the newsletter stands."""
    _passing.create_all(connection, checkfirst=False)
    compiled = wanted.rules.compiled
    choices = {} if compiled.choice is Choice.ALL else _note_choices(connection, wanted.rules)
    _note_standings(connection, wanted, now)
    counted = sa.select(_standings.c.facts, sa.func.count()).group_by(_standings.c.facts)
    rows = connection.execute(counted.order_by(_standings.c.facts)).all()
    yield [_Alike(facts, _standing(facts, choices), number) for facts, number in rows]
    # Not after an error: the transaction takes them along.
    _passing.drop_all(connection, checkfirst=False)


def _note_choices(connection: sa.Connection, rules: Rules) -> dict[int, frozenset[str]]:
    """Which stories fit whom; yields the ids of stories by the id of the choice."""
    stories = rules.compiled.stories
    brought = [
        {"tag": tag, "story": place}
        for place, story in enumerate(stories)
        for tag in sorted(_bringing(story.tags, rules.vocabulary))
    ]
    if not brought:
        return {}
    connection.execute(sa.insert(_brings), brought)
    # Few tags bring a story: their readers are taken from the index, instead of asking what every interest brings.
    joined = _brings.join(schema.interests, _interest.tag == unindexed(_brings.c.tag))
    pairs = sa.select(_interest.subscription_id, _brings.c.story).select_from(joined)
    # Two interests of a reader may bring the same story.
    connection.execute(insert_new(connection, _fits).from_select(["subscription_id", "story"], pairs))
    told = in_one_word(connection, _fits.c.story).label("stories")
    each = sa.select(_fits.c.subscription_id, told).group_by(_fits.c.subscription_id).subquery("each")
    connection.execute(sa.insert(_choices).from_select(["stories"], sa.select(each.c.stories).distinct()))
    theirs = sa.select(each.c.subscription_id, _choices.c.id).join(_choices, _choices.c.stories == each.c.stories)
    connection.execute(sa.insert(_chosen).from_select(["subscription_id", "choice_id"], theirs))
    rows = connection.execute(sa.select(_choices.c.id, _choices.c.stories))
    return {number: frozenset(stories[int(place)].id for place in told.split()) for number, told in rows}


def _bringing(tags: Sequence[str], vocabulary: Vocabulary) -> frozenset[str]:
    """Interests that bring a story with these tags: those, and all above them; retired ones included."""
    current = {vocabulary.current(tag) for tag in tags}
    return vocabulary.stored_as(current.union(*map(vocabulary.ancestors, current)))


def _note_standings(connection: sa.Connection, wanted: Wanted, now: datetime) -> None:
    newsletter = wanted.rules.compiled.letterhead.newsletter
    expression = wanted.rules.segment
    tables: sa.FromClause = schema.subscriptions
    if needs_people(expression):
        tables = tables.join(schema.subscribers)
    facts = _facts(connection, wanted, now)
    if wanted.rules.compiled.choice is not Choice.ALL:
        tables = tables.outerjoin(_chosen, _chosen.c.subscription_id == _subscription.id)
        facts = facts + sa.func.coalesce(_chosen.c.choice_id, 0) * _CHOICE
    chosen = sa.select(facts, _subscription.subscriber_id, _subscription.id)
    chosen = chosen.select_from(tables).where(_subscription.newsletter == newsletter)
    connection.execute(sa.insert(_standings).from_select(list(_standings.c.keys()), chosen))
    sorted_by(connection, _standings.c.facts)


def _facts(connection: sa.Connection, wanted: Wanted, now: datetime) -> sa.ColumnElement[int]:
    """Of those outside the segment nobody asks what they hold or follow."""
    status = sa.case({str(word): number for number, word in enumerate(_STATUSES)}, value=_subscription.status)
    suppressed = sa.exists().where(schema.suppressions.c.subscriber_id == _subscription.subscriber_id)
    follows = sa.exists().where(_interest.subscription_id == _subscription.id)
    inside: sa.ColumnElement[int] = sa.case((follows, _INTERESTED), else_=0)
    mailings = [] if wanted.again else _mailings_of(connection, wanted.rules.compiled)
    if mailings:
        theirs = (_delivery.subscriber_id == _subscription.subscriber_id, _delivery.mailing_id.in_(mailings))
        holds = sa.exists().where(*theirs, _delivery.state.in_(HOLDING))
        inside = inside + sa.case((holds, _HOLDER), else_=0)
    facts = status + sa.case((suppressed, _SUPPRESSED), else_=0)
    facts = facts + sa.case((_subscription.paused_until > now, _PAUSED), else_=0)
    if isinstance(wanted.rules.segment, Everyone):
        return facts + inside
    return facts + sa.case((held_clause(connection, wanted.rules.asked), inside), else_=_OUTSIDE)


def _mailings_of(connection: sa.Connection, compiled: CompiledIssue) -> list[int]:
    """Earlier ones of the same issue."""
    head = compiled.letterhead
    same = (_mailing.newsletter == head.newsletter, _mailing.slug == head.slug)
    return list(connection.execute(sa.select(_mailing.id).where(*same)).scalars())


def _standing(facts: int, choices: Mapping[int, frozenset[str]]) -> Standing:
    return Standing(
        status=_STATUSES[facts % 4],
        is_suppressed=bool(facts & _SUPPRESSED),
        is_paused=bool(facts & _PAUSED),
        is_in_segment=not facts & _OUTSIDE,
        holds_issue=bool(facts & _HOLDER),
        has_interests=bool(facts & _INTERESTED),
        fitting=choices.get(facts // _CHOICE, frozenset()),
    )


def _write_readers(
    connection: sa.Connection, mailing_id: int, draft: Draft, alike: Sequence[_Alike]
) -> tuple[int, int]:
    """
    Every delivery and every skip; an edition's deliveries stand together, so that a claim of them reads neighbours.

    :return: how many of each the database has written
    """
    facts: defaultdict[str | Skip, list[int]] = defaultdict(list)
    for found in alike:
        facts[draft.verdicts[found.standing]].append(found.facts)
    reader, subscription, mailing = _standings.c.subscriber_id, _standings.c.subscription_id, sa.literal(mailing_id)
    state, planned, skipped = sa.literal(DeliveryState.PLANNED.value), 0, 0
    for edition, _ in draft.editions:
        edition_id = sa.literal(insert_edition(connection, mailing_id, edition))
        rows = sa.select(mailing, edition_id, reader, subscription, state)
        planned += _copy(connection, schema.deliveries, _DELIVERY, rows, facts[edition.hash])
    for reason in draft.skipped:
        rows = sa.select(mailing, reader, sa.literal(reason.value))
        skipped += _copy(connection, schema.skips, _SKIP, rows, facts[reason])
    return planned, skipped


_DELIVERY = ("mailing_id", "edition_id", "subscriber_id", "subscription_id", "state")
_SKIP = ("mailing_id", "subscriber_id", "reason")


def _copy(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: sa.Select[Any], facts: Sequence[int]
) -> int:
    """Into the table, of all who stand so."""
    written = 0
    for start in range(0, len(facts), _FACTS_AT_ONCE):
        these = rows.where(_standings.c.facts.in_(facts[start : start + _FACTS_AT_ONCE]))
        made = sa.insert(table).from_select(list(names), these, include_defaults=False)
        written += connection.execute(made, execution_options={"preserve_rowcount": True}).rowcount
    return written


def _note_audience(connection: sa.Connection, mailing_id: int, draft: Draft) -> None:
    """
    The hash over the deliveries as they were just written: in the order of the editions, their ids in one row.

    :raises StoreError: they are not
    """
    theirs = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED)
    first, last = (connection.execute(sa.select(end(_delivery.id)).where(*theirs)).scalar_one() for end in _ENDS)
    if last - first + 1 != draft.planned:
        raise StoreError("the database did not number deliveries in a row", fix="please report this")
    ends = list(accumulate((readers for _, readers in draft.editions), initial=first))
    stretches = zip(
        (range(*pair) for pair in pairwise(ends)), (edition.hash for edition, _ in draft.editions), strict=True
    )
    found = audience_hash_of_stretches(stretches)
    connection.execute(sa.update(schema.mailings).where(_mailing.id == mailing_id).values(audience_hash=found))


_ENDS = (sa.func.min, sa.func.max)
