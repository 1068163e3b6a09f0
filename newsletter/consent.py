"""What a reader said to us, and when: the words of the consent log. Rows are added and never changed."""

import ipaddress
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from newsletter.subscriber import SuppressionReason


class ConsentEvent(StrEnum):
    """In the order of a life."""

    #: came in by a list, or by hand; the basis is empty when nobody named one
    ADDED = "added"
    #: signed up, and is asked to confirm
    REQUESTED = "requested"
    #: said yes themselves; nothing else lifts a no
    CONFIRMED = "confirmed"
    #: a list or one of us named the consent of somebody who was pending
    RECORDED = "recorded"
    UNSUBSCRIBED = "unsubscribed"
    #: took that back at once: it had been a mistake
    CAME_BACK = "came-back"
    #: called our mail spam
    COMPLAINED = "complained"
    #: one of us decided that they get no mail
    SUPPRESSED = "suppressed"
    FORGOTTEN = "forgotten"


#: a no to everything, and the event that tells of it. That a mailbox is dead is no word of its reader.
NO_TO_ALL = {
    SuppressionReason.COMPLAINED: ConsentEvent.COMPLAINED,
    SuppressionReason.MANUAL: ConsentEvent.SUPPRESSED,
    SuppressionReason.FORGOTTEN: ConsentEvent.FORGOTTEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """One row of the log."""

    event: ConsentEvent
    #: "" when it is about all of them
    newsletter: str
    at: datetime
    #: how the consent was given, and on which day
    basis: str = ""
    given_on: date | None = None
    #: by what it reached us: a form, or the SHA-256 of the list's file
    source: str = ""
    wording: str = ""
    cross_border: bool | None = None
    #: cut: it names a network, not a person
    ip: str = ""
    actor: str

    def as_json(self) -> dict[str, Any]:
        """The form of `subscribers show --json` and `subscribers export --person`."""
        return {
            "event": str(self.event),
            "newsletter": self.newsletter,
            "at": self.at.isoformat(),
            "basis": self.basis,
            "given_on": self.given_on and self.given_on.isoformat(),
            "source": self.source,
            "wording": self.wording,
            "cross_border": self.cross_border,
            "ip": self.ip,
            "actor": self.actor,
        }


def truncated(ip: str) -> str:
    """
    The network of an address: the first 24 bits of IPv4, the first 48 of IPv6; "" for what is no address.

    One that is cut already stays as it is. An IPv4 address in IPv6 clothes (RFC 4291 section 2.5.5.2) is cut as what
    it is.
    """
    try:
        address = ipaddress.ip_address(ip.strip().partition("%")[0].partition("/")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    network = ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    return str(network)
