"""Hand over some letters that are no mailing: whatever goes wrong is in the answer."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from newsletter.delivery import Receipt
from newsletter.errors import NewsletterError
from newsletter.message import Letter

if TYPE_CHECKING:
    from newsletter.dispatch import Transport


def post(
    letters: Sequence[Letter],
    make_transport: "Callable[[], Transport]",
    at_risk: Callable[[Sequence[int]], None] = lambda _: None,
) -> tuple[list[Receipt], str]:
    """
    Receipts for those of which the provider has spoken, and why there are none for the others.

    :param at_risk: told of the ids of letters before the first byte of them leaves
    """
    receipts: list[Receipt] = []
    try:
        with make_transport() as transport:
            for some in transport.send(iter(letters), at_risk):
                receipts += some
    except (NewsletterError, OSError) as error:
        return receipts, str(error)
    return receipts, "no answer"
