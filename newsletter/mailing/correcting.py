"""Plan a correction: for those whose copy held a story that has changed or vanished, and for nobody else."""

from collections.abc import Callable, Collection
from datetime import datetime

from newsletter.audience import Rules, choose_stories, skip_reason
from newsletter.delivery import ENDED, PLANNED_ONLY, Mailing
from newsletter.edition import CompiledIssue, Part, cut_edition
from newsletter.errors import RefusedError
from newsletter.mailing.prepare import Prepared, insist_ready
from newsletter.plan import Plan, PlannedDelivery, PlannedEdition, PlannedSkip, planned_edition
from newsletter.segment import Everyone
from newsletter.store import Store
from newsletter.subscriber import Skip, Subscriber


def plan_correction(store: Store, mailing: Mailing, prepared: Prepared, *, now: datetime) -> Plan:
    """
    Who gets the correction of a mailing, and who does not.

    :raises RefusedError: there is nothing to correct, or no word about what was wrong
    """
    insist_ready(prepared)
    head = prepared.compiled.letterhead
    if head.newsletter != mailing.newsletter:
        raise RefusedError(f"mailing {mailing.id} is one of {mailing.newsletter}, and this file of {head.newsletter}")
    if not prepared.issue.correction:
        raise RefusedError("the file does not say what was wrong", fix="add a line: correction: what was wrong")
    before = store.mailings.compiled(mailing.id)
    changed = changed_stories(before, prepared.compiled)
    if before.stories and not changed:
        raise RefusedError(f"no story of mailing {mailing.id} differs in this file", fix="correct it there first")
    held = [
        edition_id
        for edition_id, edition, _ in store.mailings.editions(mailing.id)
        if not before.stories or changed.intersection(edition.stories)
    ]
    return _plan(store, mailing, prepared, store.mailings.holding(mailing.id, held), now=now)


def changed_stories(before: CompiledIssue, after: CompiledIssue) -> frozenset[str]:
    """
    Ids of stories that readers of the one would find told otherwise in the other, or not at all.

    By the text part, which holds every word and every link of a story and nothing of its looks.
    """
    new = _told(after)
    return frozenset(story for story, said in _told(before).items() if new.get(story) != said)


def _told(compiled: CompiledIssue) -> dict[str, str]:
    told: dict[str, str] = {}
    for piece in compiled.text:
        if piece.story is not None:
            told[piece.story] = told.get(piece.story, "") + piece.content.replace(
                f"NL{compiled.source}{Part.TEXT}", "NL"
            )
    return told


def saved_correction(
    store: Store,
    mailing: Mailing,
    prepared: Prepared,
    *,
    save: Callable[[Plan], Mailing],
    drop: Callable[[Mailing], object],
    now: datetime,
) -> Mailing | None:
    """
    The correction that is under way already, or a new one; None when nobody is to get it.

    :raises RefusedError: another one of this file is under way
    """
    plan = plan_correction(store, mailing, prepared, now=now)
    head = plan.compiled.letterhead
    earlier = store.mailings.open_for(head.newsletter, head.slug, plan.segment)
    if earlier and store.mailings.compiled(earlier.id) == plan.compiled:
        return earlier
    if earlier and earlier.status not in PLANNED_ONLY | ENDED:
        fix = f"newsletter send {earlier.id} finishes it; newsletter mailings cancel {earlier.id} drops it"
        raise RefusedError(f"mailing {earlier.id}, an earlier correction, is under way", fix=fix)
    if earlier:
        drop(earlier)
    return save(plan) if plan.deliveries else None


def _plan(store: Store, mailing: Mailing, prepared: Prepared, affected: Collection[int], *, now: datetime) -> Plan:
    compiled = prepared.compiled
    rules = Rules(
        compiled=compiled,
        segment=Everyone(),
        vocabulary=prepared.vocabulary,
        language=prepared.masthead.language,
        zone=prepared.masthead.zone,
    )
    editions: dict[tuple[str, ...], PlannedEdition] = {}
    deliveries: list[PlannedDelivery] = []
    skips: list[PlannedSkip] = []
    without_interests = 0
    for reader in store.readers.stream(mailing.newsletter):
        reason = skip_reason(reader, rules, now) or (None if reader.subscriber_id in affected else Skip.UNAFFECTED)
        if reason:
            skips.append(PlannedSkip(reader.subscriber_id, reason))
            continue
        stories = _stories(rules, reader)
        if stories not in editions:
            editions[stories] = planned_edition(cut_edition(compiled, stories))
        deliveries.append(PlannedDelivery(reader.subscriber_id, reader.subscription_id, editions[stories].hash))
        without_interests += not reader.interests
    return Plan(
        compiled=compiled,
        segment=f"correction of mailing {mailing.id}",
        # They hold the issue: that is why they get it.
        again=True,
        editions=tuple({edition.hash: edition for edition in editions.values()}.values()),
        deliveries=tuple(deliveries),
        skips=tuple(skips),
        without_interests=without_interests,
        corrects_id=mailing.id,
    )


def _stories(rules: Rules, reader: Subscriber) -> tuple[str, ...]:
    """As for any mailing; whom too few fit now gets them all, for nobody affected may be left out."""
    chosen = choose_stories(rules.compiled, reader.interests, rules.vocabulary)
    return tuple(story.id for story in rules.compiled.stories) if chosen is None else chosen
