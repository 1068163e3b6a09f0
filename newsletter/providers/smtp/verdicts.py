"""What an answer of the server means for a reader, or for all of them."""

import re

from newsletter.delivery import Outcome, Receipt
from newsletter.errors import PermanentError, TransientError, TransportError
from newsletter.providers.smtp.parcel import Parcel
from newsletter.providers.smtp.replies import Reply
from newsletter.providers.words import words_of

CLOSING = 421
LOGIN_WANTED = frozenset({530, 538})
_TOO_BIG = 552
_QUEUE_ID = re.compile(r"(?:queued as |\bid=)(?P<id>[A-Za-z0-9._-]+)")


def accepted(parcel: Parcel, reply: Reply) -> Receipt:
    text = words_of(reply.text, parcel.recipient)
    found = _QUEUE_ID.search(text)
    return Receipt(parcel.delivery_id, Outcome.ACCEPTED, f"{reply.code} {text}", found["id"] if found else "")


def declined(parcel: Parcel, reply: Reply) -> Receipt:
    """A no about this reader, for now or for good; the words hold the server's enhanced code (RFC 3463)."""
    outcome = Outcome.DEFERRED if reply.code < 500 else Outcome.REFUSED
    return Receipt(parcel.delivery_id, outcome, f"{reply.code} {words_of(reply.text, parcel.recipient)}")


def unknown(parcel: Parcel, why: str) -> Receipt:
    said = f"handed over, but no answer came: {words_of(why, parcel.recipient)}"
    return Receipt(parcel.delivery_id, Outcome.UNKNOWN, said)


def cut_short(parcel: Parcel, why: str) -> Receipt:
    """The final dot never left us, so that nobody can have taken it for a message (RFC 5321 section 4.1.1.4)."""
    said = f"the connection broke in the middle of the message: {words_of(why, parcel.recipient)}"
    return Receipt(parcel.delivery_id, Outcome.DEFERRED, said)


def kept_breaking(parcel: Parcel, why: str) -> Receipt:
    said = f"the connection broke {parcel.tries} times before the message: {words_of(why, parcel.recipient)}"
    return Receipt(parcel.delivery_id, Outcome.DEFERRED, said)


def login_wanted(reply: Reply) -> TransportError:
    return PermanentError(
        f"the SMTP server wants a login first ({reply.code})",
        fix="set NEWSLETTER_SMTP_USERNAME and NEWSLETTER_SMTP_PASSWORD",
    )


def sender_refused(parcel: Parcel, reply: Reply) -> TransportError:
    """A no to MAIL, which names nobody but us."""
    said = f"{reply.code} {words_of(reply.text)}"
    if reply.code == _TOO_BIG:
        size = f"{len(parcel.message):,} bytes"
        return PermanentError(f"the SMTP server takes no mail of {size}: {said}", fix="shorten the issue")
    if reply.code < 500:
        return TransientError(f"the SMTP server refuses our sender for now: {said}", fix="try later")
    return PermanentError(
        f"the SMTP server refuses our sender: {said}",
        fix="check NEWSLETTER_SENDER_ADDRESS and NEWSLETTER_BOUNCE_ADDRESS",
    )


def in_words(reply: Reply) -> str:
    """As the reason for leaving a connection."""
    return f"{reply.code} {words_of(reply.text)}" if reply.code else "an answer that is none"
