"""What the store must plan, decided reader by reader; and plans as the commands make them."""

from collections.abc import Container, Iterable
from datetime import datetime

import sqlalchemy as sa

from newsletter.audience import Rules, Standing, verdict
from newsletter.delivery import Mailing
from newsletter.edition import CompiledIssue, cut_edition
from newsletter.plan import Plan, PlannedDelivery, PlannedEdition, PlannedSkip, planned_edition
from newsletter.segment import Everyone, matches
from newsletter.store import Store, schema
from newsletter.store.drafts import Wanted
from newsletter.store.plans import HOLDING
from newsletter.subscriber import Skip, Subscriber
from newsletter.tags import Vocabulary, fits
from tests.builders import NOW


def plan_for_everyone(
    store: Store, compiled: CompiledIssue, vocabulary: Vocabulary, *, now: datetime = NOW, actor: str = "mei"
) -> Mailing:
    """As `newsletter plan` does it."""
    rules = Rules(compiled=compiled, segment=Everyone(), vocabulary=vocabulary, language="en")
    _, mailing = store.drafts.plan(Wanted(rules=rules, segment="everyone"), actor=actor, now=now)
    assert mailing, "nobody to plan for"
    return mailing


def planned_one_by_one(
    readers: Iterable[Subscriber], rules: Rules, *, segment: str, again: bool = False, holders: Container[int] = ()
) -> Plan:
    """What the database must come to, too, which never sees a reader alone."""
    editions: dict[tuple[str, ...], PlannedEdition] = {}
    deliveries: list[PlannedDelivery] = []
    skips: list[PlannedSkip] = []
    without_interests = 0
    for reader in readers:
        found = verdict(standing_of(reader, rules, holders), rules.compiled)
        if isinstance(found, Skip):
            skips.append(PlannedSkip(reader.subscriber_id, found))
            continue
        if found not in editions:
            editions[found] = planned_edition(cut_edition(rules.compiled, found))
        deliveries.append(PlannedDelivery(reader.subscriber_id, reader.subscription_id, editions[found].hash))
        without_interests += not reader.interests
    return Plan(
        compiled=rules.compiled,
        segment=segment,
        again=again,
        editions=tuple({edition.hash: edition for edition in editions.values()}.values()),
        deliveries=tuple(deliveries),
        skips=tuple(skips),
        without_interests=without_interests,
    )


def standing_of(reader: Subscriber, rules: Rules, holders: Container[int]) -> Standing:
    stories = rules.compiled.stories
    return Standing(
        status=reader.status,
        is_suppressed=reader.suppressed_for is not None,
        is_paused=reader.is_paused(NOW),
        is_in_segment=matches(rules.segment, reader, rules.home),
        holds_issue=reader.subscriber_id in holders,
        has_interests=bool(reader.interests),
        fitting=frozenset(story.id for story in stories if fits(rules.vocabulary, reader.interests, story.tags)),
    )


def holders_of(store: Store, newsletter: str, slug: str) -> frozenset[int]:
    """Ids of the people who have the issue, or may have it, from any mailing."""
    delivery, mailing = schema.deliveries.c, schema.mailings.c
    wanted = sa.select(delivery.subscriber_id).select_from(schema.deliveries.join(schema.mailings))
    wanted = wanted.where(mailing.newsletter == newsletter, mailing.slug == slug, delivery.state.in_(HOLDING))
    with store._database.reading() as connection:
        return frozenset(connection.execute(wanted).scalars())
