"""What the words of a report mean, in a sentence for the adviser."""

from collections.abc import Mapping

from newsletter.bounce import BounceKind
from newsletter.report.fates import Fate

FATES: Mapping[Fate, str] = {
    Fate.DELIVERED: "the reader's mail server has it",
    Fate.ACCEPTED: "the provider took it; nothing bad was heard since",
    Fate.BOUNCED: "taken at first, and came back",
    Fate.REFUSED: "not taken",
    Fate.UNKNOWN: "nobody knows whether it was taken",
    Fate.WITHDRAWN: "taken back before it left",
    Fate.WAITING: "has not left yet",
}
BOUNCES: Mapping[BounceKind, str] = {
    BounceKind.DEAD: "there is no such mailbox",
    BounceKind.FULL: "the mailbox is full",
    BounceKind.TEMPORARY: "the server asked to come again, until nobody did",
    BounceKind.POLICY: "it is about us: content, authentication or reputation",
    BounceKind.OURS: "our mail does not fit there",
    BounceKind.OTHER: "for another reason, or for none that was named",
}
