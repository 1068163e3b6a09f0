"""Approve a mailing, and insist that it was approved before anything of it leaves."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.approval import Approval, Outgoing, insist_same, is_same_person, standing_of
from newsletter.delivery import Mailing
from newsletter.edition import CompiledIssue, cut_edition
from newsletter.errors import RefusedError
from newsletter.plan import content_hash
from newsletter.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """What somebody says who approves: who, when, and what they looked at."""

    by: str
    now: datetime
    note: str = ""
    #: the beginnings of the hashes on the proof page; None: nobody compared
    content: str | None = None
    audience: str | None = None


def outgoing_of(store: Store, mailing: Mailing, compiled: CompiledIssue | None = None) -> Outgoing:
    """What would go out now, worked out afresh: cut by this version of the program, from the rows as they stand."""
    compiled = compiled or store.mailings.compiled(mailing.id)
    editions = (cut_edition(compiled, edition.stories) for _, edition, _ in store.mailings.editions(mailing.id))
    return Outgoing(content_hash(edition.hash for edition in editions), store.approvals.audience_hash(mailing.id))


def insist_as_planned(mailing: Mailing, outgoing: Outgoing) -> None:
    """
    :raises RefusedError: it would not go out as it was planned
    """
    if (mailing.content_hash, mailing.audience_hash) != (outgoing.content_hash, outgoing.audience_hash):
        raise RefusedError(
            f"mailing {mailing.id} would not go out as it was planned; another version of this program planned it, "
            "or somebody changed the database",
            fix=f"newsletter mailings cancel {mailing.id}, and plan the issue again",
        )


def insist_approved(store: Store, mailing: Mailing) -> Approval:
    """
    For a house that sends nothing without a second pair of eyes.

    :raises RefusedError: nobody but its author has approved what would go out now
    """
    approvals = store.approvals.of(mailing.id)
    # Without any there is nothing to compare with, and comparing takes a while.
    outgoing = outgoing_of(store, mailing) if approvals else Outgoing("", "")
    standing = standing_of(approvals, outgoing, author=mailing.planned_by)
    if standing.approval is None:
        raise RefusedError(
            f"mailing {mailing.id} must be approved before it leaves: {standing.reason}",
            fix=f"ask somebody other than {mailing.planned_by} to look at it and to call "
            f"newsletter approve {mailing.id}",
        )
    return standing.approval


def insist_approvable(mailing: Mailing, outgoing: Outgoing, yes: Yes, *, by_another: bool) -> None:
    """
    :param by_another: an author's own word is not enough
    :raises RefusedError: what was looked at is not what would go out, or the one who planned it approves it
    """
    insist_as_planned(mailing, outgoing)
    if yes.content is not None:
        insist_same("content", yes.content, outgoing.content_hash)
    if yes.audience is not None:
        insist_same("audience", yes.audience, outgoing.audience_hash)
    if by_another and is_same_person(yes.by, mailing.planned_by):
        raise RefusedError(
            f"{yes.by} planned mailing {mailing.id}, and whoever plans one cannot approve it",
            fix="ask somebody else; NEWSLETTER_ACTOR says who acts",
        )


def approve(store: Store, mailing: Mailing, outgoing: Outgoing, yes: Yes) -> Approval:
    """
    :param outgoing: what was shown to whoever says yes; if it changes meanwhile, the approval does not hold
    :raises RefusedError: nothing of the mailing is still to leave
    """
    approval = Approval(
        approved_by=yes.by,
        approved_at=yes.now,
        content_hash=outgoing.content_hash,
        audience_hash=outgoing.audience_hash,
        note=yes.note,
    )
    store.approvals.give(mailing.id, approval)
    return approval
