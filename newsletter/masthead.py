"""A newsletter's declaration: its title, kind, zone, List-Id, and what its issues leave out."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from newsletter.fields import Frozen, Line, MailAddress, Prose, Slug, shown
from newsletter.issue import Contact, Kind, Language, Sender

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PydanticCustomError(
            "zone", "'{value}' is not a time zone", {"value": shown(value), "fix": "write it as Asia/Singapore"}
        ) from error
    return value


def _list_id(value: str) -> str:
    labels = value.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise PydanticCustomError(
            "list_id",
            "'{value}' is not a list id",
            {"value": shown(value), "fix": "write it as china-brief.example.com"},
        )
    return value


class Archiving(StrEnum):
    """Who may look at what a newsletter has sent."""

    OFF = "off"
    #: whoever was given the link; no search engine
    SHARED = "shared"
    PUBLIC = "public"


class Masthead(Frozen):
    """One entry of `templates/newsletters.yaml`."""

    name: Slug
    title: Line
    kind: Kind | None = None
    #: a folder under `templates/`; the one named like the kind when absent
    template: Slug | None = None
    language: Language = "en"
    zone: Annotated[str, AfterValidator(_zone)]
    #: RFC 2919: a label in a domain of ours, stable for ever
    list_id: Annotated[str, AfterValidator(_list_id)]
    subject_label: Line | None = None
    sender: Sender | None = None
    reply_to: MailAddress | None = None
    postal_address: Line | None = None
    unsubscribe_address: MailAddress | None = None
    #: whether anybody may sign up for it, by the page
    sign_up: bool = False
    contacts: dict[Slug, Contact] = Field(default_factory=dict)
    team: Line | None = None
    contact: Slug | None = None
    greeting: Line | None = None
    closing: Prose | None = None
    sign_off: Line | None = None
    signature: Line | None = None
    archive: Archiving = Archiving.OFF

    def defaults(self, language: str | None = None) -> dict[str, Any]:
        """
        Fields of an issue that count when its file leaves them out.

        An issue in another language than the newsletter's gets none of its sentences: half a Chinese mail in English
        is worse than the template's own words.
        """
        names = ["language", "subject_label", "sender", "reply_to", "contact"]
        if language in (None, self.language):
            names += ["team", "greeting", "closing", "sign_off", "signature"]
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def today(self, now: datetime) -> date:
        """Today is the newsletter's zone's today."""
        return now.astimezone(ZoneInfo(self.zone)).date()

    def issued_at(self, day: date) -> datetime:
        """
        The instant that the Date header of an issue names: six in the morning of its day, in the newsletter's zone.

        From the issue and not from the clock, so that a build is the same every time.
        """
        return datetime.combine(day, time(6), tzinfo=ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """Who answers for a mail: what its headers and footers must name."""

    sender: Sender
    reply_to: str | None
    postal_address: str
    #: a mailbox that a reader can write to in order to leave
    unsubscribe_address: str
    #: where everybody may read what was sent before; "" when that is nowhere. Not of the mail's parts.
    archive_url: str = field(default="", repr=False)
    #: names of the settings that are missing, so that their fields above hold placeholders
    placeholders: tuple[str, ...] = ()
