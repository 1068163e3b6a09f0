"""
What a list may do to somebody who is already there. Decided without I/O.

An import never lifts an unsubscription or a suppression, and never replaces or weakens a consent that is on record:
that is the proof. A no, on the other hand, is taken from every list.
"""

from dataclasses import dataclass, field
from typing import Any

from newsletter.subscriber import Consent, Entry, SubscriptionStatus, SuppressionReason

PERSON_FIELDS = ("name", "salutation", "language", "company", "manager", "zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What becomes of readers whom both the list and the store know."""

    #: what the list says replaces what is on record; interests are added
    update: bool = False
    #: the interests that the list names are all they have
    replace_interests: bool = False


@dataclass(slots=True)
class TakenIn:
    """What became of the entries; the first three and the duplicates add up to them."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    #: how many of them stand as pending now
    pending: int = 0
    #: how many the list would have mailed, but they said no before
    kept_away: int = 0
    #: lines whose reader stands on an earlier line, with that line
    duplicates: list[tuple[int, int]] = field(default_factory=list)

    def add(self, other: "TakenIn") -> None:
        """The counts of another batch; its duplicates are its own."""
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.pending += other.pending
        self.kept_away += other.kept_away


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who is already there; without a subscription id only as a reader of other newsletters."""

    person: dict[str, Any]
    subscription_id: int | None = None
    status: SubscriptionStatus = SubscriptionStatus.PENDING
    consent: Consent | None = None
    interests: frozenset[str] = frozenset()
    suppressed_for: SuppressionReason | None = None
    #: said no to everything, and has not said yes to this newsletter since
    has_refused: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What to write for one entry; nothing at all leaves the reader as they stand."""

    person: dict[str, Any] = field(default_factory=dict)
    subscription: dict[str, Any] = field(default_factory=dict)
    interests: frozenset[str] | None = None
    suppression: SuppressionReason | None = None

    def __bool__(self) -> bool:
        return bool(self.person or self.subscription or self.suppression) or self.interests is not None


def first_status(entry: Entry, *, has_refused: bool = False) -> SubscriptionStatus:
    """The status with which somebody comes in: nobody is confirmed without a consent, nor against their own word."""
    if has_refused:
        return SubscriptionStatus.UNSUBSCRIBED
    wanted = entry.status or SubscriptionStatus.CONFIRMED
    if wanted is SubscriptionStatus.CONFIRMED and entry.consent is None:
        return SubscriptionStatus.PENDING
    return wanted


def decide(standing: Standing, entry: Entry, overlap: Overlap) -> Change:
    """What an entry changes about somebody who is already a reader."""
    suppression = entry.suppressed_for if standing.suppressed_for is None else None
    interests = _interests(standing, entry, overlap)
    if not overlap.update:
        return Change(interests=interests) if overlap.replace_interests else Change()
    return Change(
        person_change(standing.person, entry, update=True),
        _subscription_change(standing, entry),
        interests,
        suppression,
    )


def _interests(standing: Standing, entry: Entry, overlap: Overlap) -> frozenset[str] | None:
    if entry.interests is None:
        return None
    wanted = entry.interests if overlap.replace_interests else entry.interests | standing.interests
    return wanted if wanted != standing.interests else None


def person_change(person: dict[str, Any], entry: Entry, *, update: bool) -> dict[str, Any]:
    """Without `update` only gaps are filled."""
    written = {name: getattr(entry, name) for name in PERSON_FIELDS}
    change = {name: value for name, value in written.items() if value is not None and value != person[name]}
    if not update:
        return {name: value for name, value in change.items() if person[name] == ""}
    return change | ({"address": entry.email} if entry.email != person["address"] else {})


def _subscription_change(standing: Standing, entry: Entry) -> dict[str, Any]:
    if standing.status is SubscriptionStatus.UNSUBSCRIBED:
        return {}
    change: dict[str, Any] = {}
    consent = standing.consent or entry.consent
    if consent is not standing.consent and consent is not None:
        change |= {"consent_basis": consent.basis, "consent_on": consent.on}
    wanted = entry.status or (SubscriptionStatus.CONFIRMED if entry.consent else None)
    leaves = wanted is SubscriptionStatus.UNSUBSCRIBED
    rises = wanted is SubscriptionStatus.CONFIRMED and consent is not None and not standing.has_refused
    if leaves or (rises and standing.status is SubscriptionStatus.PENDING):
        change["status"] = wanted
    return change
