"""
What SendGrid tells of mail that it has taken: its event webhook's JSON, or the same kept as one event a line.

Source: SendGrid's page "Event Webhook Reference". Anybody may have written what is read here: a thing that is not an
event of ours is passed over, and counted.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from newsletter.delivery import Recipient
from newsletter.errors import InputError
from newsletter.providers.sendgrid.request import DELIVERY_ARG, MESSAGE_ARG
from newsletter.providers.words import words_of

#: bytes; a webhook brings at most a few thousand events, and a day's worth kept in a file is still below it
LONGEST = 100_000_000
_LONGEST_WORD = 200
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Event:
    #: our number of the delivery, and what stands before the @ in its Message-ID
    delivery_id: int
    message: str
    kind: str
    at: datetime | None
    #: the same when SendGrid reports an event twice
    sg_event_id: str
    #: the words of whoever said no; without an address
    detail: str
    #: of a bounce: "bounce" or "blocked"; and SendGrid's class of it
    type: str = ""
    classification: str = ""
    #: of a click
    url: str = ""
    #: SendGrid knows that no person opened it
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Events:
    found: tuple[Event, ...]
    #: entries that are no events of our mail
    passed_over: int


def read_events(content: bytes) -> Events:
    """
    Events of our mail, each once, in their order.

    :raises InputError: it is neither a list of events nor an event a line, or too long
    """
    if len(content) > LONGEST:
        raise InputError(f"more than {LONGEST // 1_000_000} MB of events", fix="hand them over in parts")
    found: dict[object, Event] = {}
    passed_over = 0
    for number, entry in enumerate(_entries(content)):
        event = _event(entry)
        if event is None:
            passed_over += 1
        else:
            found.setdefault(event.sg_event_id or number, event)
    return Events(tuple(found.values()), passed_over)


def _entries(content: bytes) -> Iterator[Any]:
    whole = _parsed(content)
    if isinstance(whole, list):
        yield from whole
        return
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        entry = _parsed(line)
        if not isinstance(entry, dict):
            raise InputError(f"line {number}: is not an event", fix="keep what SendGrid posts, as it is")
        yield entry


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _event(entry: Any) -> Event | None:
    if not isinstance(entry, dict):
        return None
    delivery_id, message, kind = _number(entry), _word(entry, MESSAGE_ARG), _word(entry, "event")
    if not (delivery_id and message and kind):
        return None
    said = " ".join(filter(None, (_word(entry, "status"), _word(entry, "reason") or _word(entry, "response"))))
    reader = Recipient(delivery_id=delivery_id, address=_word(entry, "email"), name="", message_id=message)
    return Event(
        delivery_id,
        message,
        kind,
        _instant(entry),
        _word(entry, "sg_event_id"),
        words_of(said, *([reader] if "@" in reader.address else [])),
        type=_word(entry, "type"),
        classification=_word(entry, "bounce_classification"),
        url=_word(entry, "url"),
        is_machine=entry.get("sg_machine_open") is True,
    )


def _number(entry: Mapping[str, Any]) -> int:
    """Ours, or 0: what an event says of a delivery that cannot be is of no use."""
    text = _word(entry, DELIVERY_ARG)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(_LARGEST_ID)) else 0
    return number if 0 < number <= _LARGEST_ID else 0


def _word(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    # Half of a pair of surrogates is no text that anybody could write down.
    return value[:_LONGEST_WORD].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _instant(entry: Mapping[str, Any]) -> datetime | None:
    value = entry.get("timestamp")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
