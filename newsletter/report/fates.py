"""What has become of one delivery, by its state and by what was told of it since."""

from enum import StrEnum

from newsletter.delivery import DeliveryState
from newsletter.store.outcomes import Standing


class Fate(StrEnum):
    """Each delivery has exactly one, so that they add up to the plan."""

    #: the reader's mail server has it
    DELIVERED = "delivered"
    #: the provider has it, and nothing bad was heard since
    ACCEPTED = "accepted"
    #: taken at first, and given back later
    BOUNCED = "bounced"
    #: not taken
    REFUSED = "refused"
    #: nobody knows whether it was taken
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    #: has not left yet
    WAITING = "waiting"


#: as far as anybody knows, the reader has it
REACHED = frozenset({Fate.DELIVERED, Fate.ACCEPTED})
#: the reader does not have it, for what a mail server said
FAILED = frozenset({Fate.BOUNCED, Fate.REFUSED})
_BY_STATE = {
    DeliveryState.REFUSED: Fate.REFUSED,
    DeliveryState.UNKNOWN: Fate.UNKNOWN,
    DeliveryState.WITHDRAWN: Fate.WITHDRAWN,
}


def fate_of(standing: Standing) -> Fate:
    """A mail that came back was not delivered, whatever was said of it before; events come in any order."""
    if standing.state is not DeliveryState.ACCEPTED:
        return _BY_STATE.get(standing.state, Fate.WAITING)
    if standing.is_bounced:
        return Fate.BOUNCED
    return Fate.DELIVERED if standing.is_delivered else Fate.ACCEPTED
