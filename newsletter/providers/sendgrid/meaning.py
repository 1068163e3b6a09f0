"""SendGrid's events in our words: what happened, and what it says about the address."""

from newsletter.bounce import BounceKind, kind_of
from newsletter.event import EventKind
from newsletter.providers.sendgrid.events import Event

_KINDS = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.DROPPED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED_FROM_ALL,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "group_resubscribe": EventKind.RESUBSCRIBED,
}
#: bounce types, and classifications of bounces, that are about us; and those that are about the way there
_BLOCKED = "blocked"
_ABOUT_US, _ABOUT_THE_WAY = frozenset({"reputation", "content", "frequency or volume too high"}), "technical"
#: what a code that says nothing of the mailbox leaves open
_OPEN = frozenset({BounceKind.DEAD, BounceKind.OTHER})
#: drop reasons by which SendGrid knows an address to be wrong
_WRONG = ("bounced address", "invalid")


def kind_told(event: Event) -> EventKind | None:
    """None for what we have no use for."""
    kind = _KINDS.get(event.kind)
    return EventKind.BLOCKED if kind is EventKind.BOUNCED and event.type == _BLOCKED else kind


def bounce_told(event: Event) -> BounceKind | None:
    """
    What a refusal says about the address. A code that names the mailbox or us beats SendGrid's own classes.

    SendGrid calls a bounce what it will not try again.
    """
    if event.kind == "dropped":
        said = event.detail.lower()
        return BounceKind.DEAD if any(words in said for words in _WRONG) else None
    if event.kind != "bounce":
        return None
    kind, said = kind_of(event.detail), event.classification.lower()
    if kind not in _OPEN:
        return kind
    if said in _ABOUT_US:
        return BounceKind.POLICY
    if said == _ABOUT_THE_WAY:
        return BounceKind.TEMPORARY
    return BounceKind.DEAD if event.type == "bounce" else kind
