"""Headers that make a mail one of a list, and name the reader's ways out of it."""

import hashlib

from newsletter.delivery import Recipient
from newsletter.edition import Field, Letterhead, Links
from newsletter.message.headers import RefusedValueError, named, phrase, plain_uris, plain_value

_ONE_CLICK = "List-Unsubscribe=One-Click"
_ONE_CLICK_LINE = f"List-Unsubscribe-Post: {_ONE_CLICK}\r\n"
_FOLDED = ">,\r\n <"
#: looked up once, for Python takes its time over the members of an enumeration
_PAGE, _MAILBOX, _WEB = Field.UNSUBSCRIBE_URL, Field.UNSUBSCRIBE_MAILTO, Links.WEB


def list_headers(head: Letterhead) -> dict[str, str]:
    """Headers that name the list and ask robots to be quiet; the same for all. An answer is of no list (RFC 3834)."""
    if head.is_answer:
        quiet = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
        return quiet | {"Content-Language": plain_value(head.language, "language")}
    archive = {"List-Archive": f"<{plain_uris([head.archive_url])[0]}>"} if head.archive_url else {}
    return {
        "List-Id": named(phrase(head.title), plain_value(head.list_id, "List-Id")),
        **archive,
        "Feedback-ID": plain_value(_feedback_id(head), "Feedback-ID"),
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Content-Language": plain_value(head.language, "language"),
    }


def unsubscribe_headers(head: Letterhead, recipient: Recipient) -> dict[str, str]:
    """One reader's ways out, and one click when there is https (RFC 8058); from an answer there is none."""
    if head.is_answer:
        return {}
    ways = _ways_out(head, recipient)
    found = {"List-Unsubscribe": f"<{'>, <'.join(ways)}>"}
    return found | {"List-Unsubscribe-Post": _ONE_CLICK} if _is_secure(ways) else found


def unsubscribe_lines(head: Letterhead, recipient: Recipient) -> str:
    """The same as they stand in a message: folded after the comma and nowhere else, and never encoded."""
    if head.is_answer:
        return ""
    ways = _ways_out(head, recipient)
    return f"List-Unsubscribe: <{_FOLDED.join(ways)}>\r\n{_ONE_CLICK_LINE if _is_secure(ways) else ''}"


def _ways_out(head: Letterhead, recipient: Recipient) -> list[str]:
    """
    The page first, then the mailbox (RFC 2369).

    :raises RefusedValueError: there is neither
    """
    values = recipient.values
    page = values.get(_PAGE, "") if head.links is _WEB else ""
    ways = [way for way in (page, values.get(_MAILBOX, "")) if way]
    if not ways:
        raise RefusedValueError("there is no link and no mailbox to unsubscribe", fix="set NEWSLETTER_BASE_URL")
    return plain_uris(ways)


def _is_secure(ways: list[str]) -> bool:
    return ways[0].startswith("https://")


def _feedback_id(head: Letterhead) -> str:
    """
    Up to four fields by which Gmail's Postmaster Tools count complaints, the right-most a stable id of the sender.

    None of them names a person.
    """
    domain = head.sender.address.rpartition("@")[2].lower()
    sender_id = hashlib.sha256(domain.encode()).hexdigest()[:12]
    return f"{head.slug}:{head.newsletter}:{head.language}:{sender_id}"
