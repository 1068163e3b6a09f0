"""A reader follows the link in the mail: what it asks, and what becomes of it once they say yes."""

from collections.abc import Mapping
from datetime import datetime

from newsletter.errors import RefusedError
from newsletter.joining.filling import offered_tags
from newsletter.masthead import Masthead
from newsletter.signup import Asked, Confirmation
from newsletter.store import Store
from newsletter.store.consents import Occasion
from newsletter.store.signups import SOURCE
from newsletter.tags import Vocabulary


def asked_by(store: Store, public_id: bytes, *, now: datetime) -> Asked:
    """
    :raises RefusedError: nobody is known by the link any more
    """
    found = store.answers.asked(public_id, now)
    if found is None:
        raise RefusedError("nobody is known by this link any more")
    return found


def confirm(
    store: Store,
    public_id: bytes,
    *,
    mastheads: Mapping[str, Masthead],
    vocabulary: Vocabulary,
    network: str,
    now: datetime,
) -> Confirmation:
    """
    The reader's own yes, which alone lifts a complaint, a bounce, or a wish to be forgotten.

    :raises RefusedError: nobody is known by the link any more
    """
    masthead = mastheads.get(asked_by(store, public_id, now=now).newsletter)
    if masthead is None:
        raise RefusedError("the newsletter of this link is none of ours any more")
    occasion = Occasion(at=now, source=SOURCE, ip=network)
    offered = vocabulary.stored_as(offered_tags(vocabulary))
    found = store.answers.confirm(public_id, occasion, on=masthead.today(now), offered=offered)
    if found is None:
        raise RefusedError("nobody is known by this link any more")
    return found
