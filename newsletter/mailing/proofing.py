"""Gather what an approver has to see of a planned mailing: everything that would go out, to whom, and what is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.approval import Approval, Outgoing
from newsletter.delivery import Mailing
from newsletter.edition import CompiledIssue, Part, cut_edition
from newsletter.errors import Finding
from newsletter.mailing.approving import insist_as_planned, outgoing_of
from newsletter.mailing.building import fill_part
from newsletter.mailing.changes import ContentChanges, content_changes, same_stories
from newsletter.mailing.rehearsal import Rehearsed, example_recipient
from newsletter.plan import PlannedEdition
from newsletter.store import Store
from newsletter.store.rows import Departed, MailingReader, Person, SkippedReader

#: more are listed without their picture: nobody looks at them, and the page must open
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEdition:
    number: int
    planned: PlannedEdition
    headlines: tuple[str, ...]
    preheader: str
    readers: tuple[MailingReader, ...]
    #: as the first of its readers gets it; None where there are too many editions to show each
    html: str | None = None
    text: str | None = None
    shown_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Since the last proof of this issue for this segment."""

    before: Mailing
    content: ContentChanges
    #: numbers of editions that are new, and the headlines of those that are gone
    new_editions: tuple[int, ...]
    gone_editions: tuple[tuple[str, ...], ...]
    joined: tuple[Person, ...]
    left: tuple[Person, ...]
    other_stories: tuple[Person, ...]

    def __bool__(self) -> bool:
        editions = self.new_editions or self.gone_editions
        return bool(self.content or editions or self.joined or self.left or self.other_stories)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSheet:
    """All that stands on a proof page."""

    mailing: Mailing
    compiled: CompiledIssue
    outgoing: Outgoing
    made_by: str
    made_at: datetime
    editions: tuple[ShownEdition, ...]
    left_out: tuple[SkippedReader, ...]
    departed: tuple[Departed, ...]
    #: None when nobody wrote down what `check` said
    findings: tuple[Finding, ...] | None
    #: None for the first proof
    changes: Changes | None
    approvals: tuple[Approval, ...]

    @property
    def readers(self) -> int:
        return sum(len(edition.readers) for edition in self.editions)


def proof_of(store: Store, mailing: Mailing, *, actor: str, now: datetime, base_url: str) -> ProofSheet:
    """
    Everything as it stands now, and what has changed since a proof of the issue was shown before.

    :raises RefusedError: it would not go out as it was planned
    """
    compiled = store.mailings.compiled(mailing.id)
    outgoing = outgoing_of(store, mailing, compiled)
    insist_as_planned(mailing, outgoing)
    editions = _editions(store, mailing, compiled, base_url)
    findings = store.mailings.findings(mailing.id)
    before = store.proofs.before(mailing)
    return ProofSheet(
        mailing=mailing,
        compiled=compiled,
        outgoing=outgoing,
        made_by=actor,
        made_at=now,
        editions=editions,
        left_out=tuple(store.mailings.skipped(mailing.id)),
        departed=tuple(store.approvals.departed(mailing.id, now)),
        findings=None if findings is None else tuple(findings),
        changes=_changes(store, mailing, compiled, before, editions) if before else None,
        approvals=tuple(store.approvals.of(mailing.id)),
    )


def _editions(store: Store, mailing: Mailing, compiled: CompiledIssue, base_url: str) -> tuple[ShownEdition, ...]:
    """The one that most readers get comes first."""
    readers: dict[str, list[MailingReader]] = {}
    for reader in store.mailings.readers(mailing.id):
        readers.setdefault(reader.edition_hash, []).append(reader)
    planned = [edition for _, edition, _ in store.mailings.editions(mailing.id)]
    planned.sort(key=lambda edition: (-len(readers.get(edition.hash, ())), edition.hash))
    return tuple(
        _edition(store, compiled, edition, number, tuple(readers.get(edition.hash, ())), base_url)
        for number, edition in enumerate(planned, start=1)
    )


def _edition(
    store: Store,
    compiled: CompiledIssue,
    planned: PlannedEdition,
    number: int,
    readers: tuple[MailingReader, ...],
    base_url: str,
) -> ShownEdition:
    edition = cut_edition(compiled, planned.stories)
    headlines = _headlines(compiled, edition.stories)
    if number > MOST_SHOWN:
        return ShownEdition(
            number=number, planned=planned, headlines=headlines, preheader=edition.preheader, readers=readers
        )
    rehearsed = _first_of(store, compiled, readers)
    values = example_recipient(compiled, rehearsed, base_url=base_url).values
    return ShownEdition(
        number=number,
        planned=planned,
        headlines=headlines,
        preheader=edition.preheader,
        readers=readers,
        html=fill_part(edition, Part.HTML, values),
        text=fill_part(edition, Part.TEXT, values),
        shown_to=rehearsed.name or rehearsed.address,
    )


def _first_of(store: Store, compiled: CompiledIssue, readers: Sequence[MailingReader]) -> Rehearsed:
    found = store.readers.find(readers[0].email, compiled.letterhead.newsletter) if readers else []
    return Rehearsed.of(found[0]) if found else Rehearsed()


def _headlines(compiled: CompiledIssue, stories: Sequence[str]) -> tuple[str, ...]:
    known = {story.id: story.headline for story in compiled.stories}
    return tuple(known[story] for story in stories)


def _changes(
    store: Store, mailing: Mailing, compiled: CompiledIssue, before: Mailing, editions: Sequence[ShownEdition]
) -> Changes:
    then = store.mailings.compiled(before.id)
    was = same_stories(then, compiled)
    old = {edition.hash: edition.stories for _, edition, _ in store.mailings.editions(before.id)}
    # In the ids of then, so that a new headline alone makes no new edition.
    now = {one.planned.hash: tuple(was.get(story, "") for story in one.planned.stories) for one in editions}
    both = store.proofs.readers_of_both(mailing.id, before.id)
    return Changes(
        before=before,
        content=content_changes(then, compiled),
        new_editions=tuple(one.number for one in editions if now[one.planned.hash] not in old.values()),
        gone_editions=tuple(_headlines(then, stories) for stories in old.values() if stories not in now.values()),
        joined=tuple(store.proofs.readers_only_in(mailing.id, before.id)),
        left=tuple(store.proofs.readers_only_in(before.id, mailing.id)),
        other_stories=tuple(person for person, hash_now, hash_then in both if now[hash_now] != old[hash_then]),
    )
