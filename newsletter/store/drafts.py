"""
Plan for all readers at once: the database says how everybody stands, `newsletter.plan` what each standing gets.

Who stands alike is one row of a table of verdicts, so that a million deliveries are two statements.
"""

import functools
import operator
from collections.abc import Iterator, Sequence
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
from newsletter.store.plans import HOLDING, insert_edition, insert_mailing, note_findings
from newsletter.store.rows import the_mailing
from newsletter.store.segments import held_clause, needs_people
from newsletter.subscriber import Skip, SubscriptionStatus
from newsletter.tags import Vocabulary

_subscription, _interest, _delivery = schema.subscriptions.c, schema.interests.c, schema.deliveries.c
_mailing = schema.mailings.c

_passing = sa.MetaData()


def _passing_table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, _passing, *columns, prefixes=["TEMPORARY"])


#: which stories fit whom, one sign a story; readers whom none fits are left out
_fitting = _passing_table(
    "fitting", sa.Column("subscription_id", sa.Integer, primary_key=True), sa.Column("stories", sa.Text)
)
_standings = _passing_table(
    "standings",
    sa.Column("subscription_id", sa.Integer),
    sa.Column("subscriber_id", sa.Integer),
    sa.Column("facts", sa.Integer),
    sa.Column("stories", sa.Text),
)
_verdicts = _passing_table(
    "verdicts",
    sa.Column("facts", sa.Integer, primary_key=True),
    sa.Column("stories", sa.Text, primary_key=True),
    sa.Column("edition_id", sa.Integer),
    sa.Column("reason", sa.Text),
)
#: by tag, and by the story's place in the issue
_brings = _passing_table(
    "brings", sa.Column("tag", sa.Text, primary_key=True), sa.Column("story", sa.Integer, primary_key=True)
)

# What is known of a reader, as one number.
_STATUSES = tuple(SubscriptionStatus)
_SUPPRESSED, _OUTSIDE, _HOLDER, _INTERESTED = 4, 8, 16, 32


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

    def foresee(self, wanted: Wanted) -> Draft:
        """What a plan would come to; nothing is saved."""
        with self._database.reading() as connection, _stood(connection, wanted) as alike:
            return _draft(alike, wanted)

    def plan(
        self, wanted: Wanted, *, actor: str, now: datetime, findings: Sequence[Finding] | None = None
    ) -> tuple[Draft, Mailing | None]:
        """
        Decide about every reader as they stand at this instant, and write the mailing, every delivery and every skip.

        Nothing is written when nobody is left to get it: then there is no mailing.
        """
        with self._database.copying() as connection, _stood(connection, wanted) as alike:
            draft = _draft(alike, wanted)
            if not draft.planned:
                return draft, None
            mailing_id = insert_mailing(connection, draft, status=MailingStatus.DRAFT, actor=actor, now=now)
            note_findings(connection, mailing_id, findings)
            _note_verdicts(connection, mailing_id, draft, alike)
            _write_readers(connection, mailing_id, draft)
            told = {"planned": draft.planned, "skipped": sum(draft.skipped.values())}
            write_audit(connection, audit_row("planned", actor=actor, at=now, mailing_id=mailing_id, detail=told))
            return draft, the_mailing(connection, mailing_id)


class _Alike(NamedTuple):
    """Readers who stand alike, and by what they are found again."""

    facts: int
    stories: str
    standing: Standing
    number: int


def _draft(alike: Sequence[_Alike], wanted: Wanted) -> Draft:
    counted = {found.standing: found.number for found in alike}
    return draft_of(counted, wanted.rules.compiled, segment=wanted.segment, again=wanted.again)


@contextmanager
def _stood(connection: sa.Connection, wanted: Wanted) -> Iterator[list[_Alike]]:
    """Write down for a while how every reader of the newsletter stands."""
    _passing.create_all(connection, checkfirst=False)
    compiled = wanted.rules.compiled
    if compiled.choice is not Choice.ALL:
        _note_fitting(connection, wanted.rules)
    _note_standings(connection, wanted)
    columns = (_standings.c.facts, _standings.c.stories)
    rows = connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns).order_by(*columns)).all()
    yield [_Alike(facts, stories, _standing(facts, stories, compiled), number) for facts, stories, number in rows]
    # Not after an error: the transaction takes them along.
    _passing.drop_all(connection, checkfirst=False)


def _note_fitting(connection: sa.Connection, rules: Rules) -> None:
    stories = rules.compiled.stories
    brought = [
        {"tag": tag, "story": place}
        for place, story in enumerate(stories)
        for tag in sorted(_bringing(story.tags, rules.vocabulary))
    ]
    if not brought:
        return
    connection.execute(sa.insert(_brings), brought)
    signs = [
        sa.func.max(sa.case((_brings.c.story == place, "1"), else_="0"), type_=sa.Text) for place in range(len(stories))
    ]
    joined = sa.join(_interest.tag.table, _brings, _brings.c.tag == _interest.tag)
    word: sa.ColumnElement[str] = functools.reduce(operator.add, signs)
    each = sa.select(_interest.subscription_id, word).select_from(joined).group_by(_interest.subscription_id)
    connection.execute(sa.insert(_fitting).from_select(["subscription_id", "stories"], each))


def _bringing(tags: Sequence[str], vocabulary: Vocabulary) -> frozenset[str]:
    """Interests that bring a story with these tags: those, and all above them; retired ones included."""
    current = {vocabulary.current(tag) for tag in tags}
    return vocabulary.stored_as(current.union(*map(vocabulary.ancestors, current)))


def _note_standings(connection: sa.Connection, wanted: Wanted) -> None:
    newsletter = wanted.rules.compiled.letterhead.newsletter
    expression = wanted.rules.segment
    tables: sa.FromClause = schema.subscriptions
    if needs_people(expression):
        tables = tables.join(schema.subscribers)
    stories: sa.ColumnElement[str] = sa.literal("")
    if wanted.rules.compiled.choice is not Choice.ALL:
        tables = tables.outerjoin(_fitting, _fitting.c.subscription_id == _subscription.id)
        stories = sa.func.coalesce(_fitting.c.stories, "")
    chosen = sa.select(_subscription.id, _subscription.subscriber_id, _facts(connection, wanted), stories)
    chosen = chosen.select_from(tables).where(_subscription.newsletter == newsletter)
    connection.execute(sa.insert(_standings).from_select(list(_standings.c.keys()), chosen))


def _facts(connection: sa.Connection, wanted: Wanted) -> sa.ColumnElement[int]:
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
    if isinstance(wanted.rules.segment, Everyone):
        return facts + inside
    return facts + sa.case((held_clause(connection, wanted.rules.asked), inside), else_=_OUTSIDE)


def _mailings_of(connection: sa.Connection, compiled: CompiledIssue) -> list[int]:
    """Earlier ones of the same issue."""
    head = compiled.letterhead
    same = (_mailing.newsletter == head.newsletter, _mailing.slug == head.slug)
    return list(connection.execute(sa.select(_mailing.id).where(*same)).scalars())


def _standing(facts: int, stories: str, compiled: CompiledIssue) -> Standing:
    fitting = (story.id for story, sign in zip(compiled.stories, stories, strict=False) if sign == "1")
    return Standing(
        status=_STATUSES[facts % 4],
        is_suppressed=bool(facts & _SUPPRESSED),
        is_in_segment=not facts & _OUTSIDE,
        holds_issue=bool(facts & _HOLDER),
        has_interests=bool(facts & _INTERESTED),
        fitting=frozenset(fitting),
    )


def _note_verdicts(connection: sa.Connection, mailing_id: int, draft: Draft, alike: Sequence[_Alike]) -> None:
    edition_ids = {edition.hash: insert_edition(connection, mailing_id, edition) for edition, _ in draft.editions}
    rows = []
    for found in alike:
        said = draft.verdicts[found.standing]
        is_skip = isinstance(said, Skip)
        told = {"edition_id": None if is_skip else edition_ids[said], "reason": said if is_skip else None}
        rows.append({"facts": found.facts, "stories": found.stories} | told)
    connection.execute(sa.insert(_verdicts), rows)


def _write_readers(connection: sa.Connection, mailing_id: int, draft: Draft) -> None:
    same = (_verdicts.c.facts == _standings.c.facts, _verdicts.c.stories == _standings.c.stories)
    joined = _standings.join(_verdicts, sa.and_(*same))
    reader, mailing = _standings.c.subscriber_id, sa.literal(mailing_id)
    state = sa.literal(DeliveryState.PLANNED.value)
    chosen = sa.select(mailing, _verdicts.c.edition_id, reader, _standings.c.subscription_id, state)
    chosen = chosen.select_from(joined).where(_verdicts.c.edition_id.is_not(None))
    if len(draft.editions) > 1:
        # An edition's deliveries stand together: claiming a batch of one edition then reads neighbours.
        chosen = chosen.order_by(_verdicts.c.edition_id)
    names = ["mailing_id", "edition_id", "subscriber_id", "subscription_id", "state"]
    connection.execute(sa.insert(schema.deliveries).from_select(names, chosen, include_defaults=False))
    left_out = sa.select(mailing, reader, _verdicts.c.reason).select_from(joined)
    left_out = left_out.where(_verdicts.c.reason.is_not(None))
    names = ["mailing_id", "subscriber_id", "reason"]
    connection.execute(sa.insert(schema.skips).from_select(names, left_out, include_defaults=False))
    this = _mailing.id == mailing_id
    found = _audience_hash(connection, mailing_id, draft)
    connection.execute(sa.update(schema.mailings).where(this).values(audience_hash=found))


def _audience_hash(connection: sa.Connection, mailing_id: int, draft: Draft) -> str:
    """
    Over the deliveries as they were just written: in the order of the editions, their ids in one row.

    :raises StoreError: they are not
    """
    columns = (sa.func.min(_delivery.id), sa.func.max(_delivery.id), sa.func.count())
    first, last, number = connection.execute(sa.select(*columns).where(_delivery.mailing_id == mailing_id)).one()
    if not number == draft.planned == last - first + 1:
        raise StoreError("the database wrote other deliveries than were planned", fix="please report this")
    ends = accumulate((readers for _, readers in draft.editions), initial=first)
    hashes = (edition.hash for edition, _ in draft.editions)
    return audience_hash_of_stretches(zip((range(*ends) for ends in pairwise(ends)), hashes, strict=True))
