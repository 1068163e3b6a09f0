"""
The body of a mail/send request: the edition once, and for each reader a personalization with substitutions.

Limits and names: SendGrid's OpenAPI description of v3 mail/send, and its pages on personalizations and substitutions.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.delivery import Recipient
from newsletter.edition import Edition, Field, Part
from newsletter.message import (
    RefusedValueError,
    checked_values,
    escaped,
    list_headers,
    plain_address,
    plain_message_id,
    plain_value,
    thread_headers,
    unsubscribe_headers,
)

#: of one reader's substitutions together; counted here as JSON, which is the longest that SendGrid may count
SUBSTITUTION_BYTES = 10_000
#: the name by which every later event names our delivery
DELIVERY_ARG = "delivery"
#: by name, since the account's defaults would rewrite our links, and put a footer and a header beside our own
_NO_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One reader's part of a request."""

    recipient: Recipient
    personalization: dict[str, Any]


def copy_for(edition: Edition, slots: dict[str, tuple[Part, Field]], recipient: Recipient) -> Copy:
    """
    What differs for one reader.

    :raises RefusedValueError: a value that must not go out, or more of them than SendGrid takes
    """
    values = checked_values(recipient, [field for _, field in slots.values()])
    substitutions = {
        token: escaped(part, value) for (token, (part, _)), value in zip(slots.items(), values, strict=True)
    }
    _check_substitutions(edition, substitutions)
    personalization: dict[str, Any] = {
        "to": [_mailbox(plain_address(recipient.address), recipient.name)],
        "headers": unsubscribe_headers(edition.letterhead, recipient)
        | {"Message-ID": f"<{plain_message_id(recipient.message_id)}>"}
        | {name: value.replace("\r\n", "") for name, value in thread_headers(recipient).items()},
        "custom_args": {DELIVERY_ARG: str(recipient.delivery_id)},
    }
    if substitutions:
        personalization["substitutions"] = substitutions
    return Copy(recipient, personalization)


def body_of(edition: Edition, copies: Iterable[Copy]) -> dict[str, Any]:
    """The whole request."""
    head = edition.letterhead
    body: dict[str, Any] = {
        "personalizations": [copy.personalization for copy in copies],
        "from": _mailbox(plain_address(head.sender.address), plain_value(head.sender.name, "sender's name")),
        "subject": plain_value(edition.subject, "subject"),
        "content": [
            {"type": "text/plain", "value": edition.text},
            {"type": "text/html", "value": edition.html},
        ],
        "headers": {name: value.replace("\r\n", "") for name, value in list_headers(head).items()},
        "tracking_settings": _NO_TRACKING,
    }
    if head.reply_to:
        body["reply_to"] = {"email": plain_address(head.reply_to)}
    return body


def without_doubles(copies: Sequence[Copy]) -> list[list[Copy]]:
    """As few lists as it takes for no address to stand twice in one: SendGrid refuses such a request as a whole."""
    lists: list[list[Copy]] = []
    seen: dict[str, int] = {}
    for copy in copies:
        address = copy.recipient.address.lower()
        number = seen[address] = seen.get(address, -1) + 1
        if number == len(lists):
            lists.append([])
        lists[number].append(copy)
    return lists


def _check_substitutions(edition: Edition, substitutions: dict[str, str]) -> None:
    size = len(json.dumps(substitutions, ensure_ascii=False).encode())
    if size > SUBSTITUTION_BYTES:
        raise RefusedValueError(f"{size:,} bytes of values, and SendGrid takes {SUBSTITUTION_BYTES:,} a reader")
    # SendGrid does not say in which order it substitutes; a value with a slot in it could be filled in its turn.
    if any(token in value for token in substitutions for value in substitutions.values()):
        raise RefusedValueError(f"a value holds a slot of this edition ({edition.source})")


def _mailbox(address: str, name: str) -> dict[str, str]:
    """An address object. A comma or semicolon in a name needs quotes (sendgrid-python issue 578)."""
    if not name:
        return {"email": address}
    if "," in name or ";" in name:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return {"email": address, "name": name}
