"""The whole store moved to another database, once nobody sends with it any more."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from newsletter.delivery import DeliveryState
from newsletter.mailing.recovering import recover_from_the_dead
from newsletter.store import WAIT_SECONDS, open_store
from newsletter.store.moving import Foreseen, Move, Moved

#: by mailing, what became of what its dead sender had held
Settled = dict[int, Counter[DeliveryState]]


def foresee_move(source: str, target: str, *, now: datetime) -> Foreseen:
    """
    What there is to move; nothing is changed, but an older source is brought up to date.

    :raises NewsletterError: it cannot be moved, or not there
    """
    with closing(Move(source, target, wait_seconds=WAIT_SECONDS)) as move:
        return move.foresee(now)


def move_store(
    source: str, target: str, *, actor: str, now: Callable[[], datetime], tell: Callable[[str, int], None]
) -> tuple[Moved, Settled]:
    """
    Move everything; where an earlier try was cut off, go on.

    What a dead sender held is settled first, by its flight recorder, which does not move.

    :param tell: what is being done, and with how many rows it is done: each is copied, and verified
    :raises RefusedError: a sender is alive, or the target holds something else
    :raises StoreError: a database fails, or what arrived is not what was sent; then the source stays in use
    """
    with closing(Move(source, target, wait_seconds=WAIT_SECONDS)) as move:
        foreseen = move.foresee(now())
        settled = {} if foreseen.is_closed else _settle(source, foreseen, now())
        return move.run(tell, actor=actor, now=now()), settled


def _settle(source: str, foreseen: Foreseen, now: datetime) -> Settled:
    if not foreseen.held:
        return {}
    with open_store(source) as store:
        found = {mailing.id: recover_from_the_dead(store, mailing.id, now=now) for mailing in foreseen.held}
    return {mailing_id: states for mailing_id, states in found.items() if states}
