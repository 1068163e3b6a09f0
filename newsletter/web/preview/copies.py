"""Whose copy is looked at, and what there is to see of it."""

import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

from newsletter import foresight, wiring
from newsletter.checks import HTML_CAUTION, HTML_LIMIT
from newsletter.mailing.building import Copy, copy_of
from newsletter.mailing.prepare import Prepared
from newsletter.mailing.rehearsal import Rehearsed, edition_of_stories, insist_edition


@dataclass(frozen=True, slots=True)
class Whose:
    """A reader of the store, somebody with these interests, one edition by its stories, or a reader of everything."""

    reader: str | None = None
    interests: str | None = None
    #: numbers in the order of the file: "1,3"; "" is the edition without stories, as a team update has
    stories: str | None = None

    @property
    def numbers(self) -> list[int] | None:
        if self.stories is None:
            return None
        return [int(number) if number.isdecimal() else 0 for number in self.stories.split(",") if number][:1000]


class Copies:
    """Three frames and the panel ask for the same copy at once: the last one asked for is kept."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: tuple[Prepared, Whose, tuple[Copy, Rehearsed]] | None = None

    def get(self, prepared: Prepared, whose: Whose) -> tuple[Copy, Rehearsed]:
        """
        :raises NewsletterError: there is no such reader, interest or edition, or such a reader gets nothing
        """
        with self._turn:
            kept = self._kept
            if kept is None or kept[0] is not prepared or kept[1] != whose:
                self._kept = kept = (prepared, whose, copy_for(prepared, whose))
            return kept[2]


def copy_for(prepared: Prepared, whose: Whose) -> tuple[Copy, Rehearsed]:
    """
    :raises NewsletterError: there is no such reader, interest or edition, or such a reader gets nothing
    """
    if whose.reader:
        foresight.insist_store()
    rehearsed = wiring.rehearsed_for(prepared, whose.reader, whose.interests)
    if whose.numbers is None:
        edition = insist_edition(prepared.compiled, rehearsed, prepared.vocabulary)
    else:
        edition = edition_of_stories(prepared.compiled, whose.numbers)
    return copy_of(prepared, edition, rehearsed, base_url=wiring.example_base_url()), rehearsed


def told(copy: Copy, rehearsed: Rehearsed) -> dict[str, Any]:
    """The copy in words and figures."""
    edition = copy.edition
    sender = edition.letterhead.sender
    return {
        "hash": edition.hash,
        "subject": edition.subject,
        "preheader": edition.preheader,
        "sender": sender.name,
        "address": sender.address,
        "name": rehearsed.name,
        "interests": sorted(rehearsed.interests),
        "stories": len(edition.stories),
        "html_bytes": len(copy.html.encode()),
        "html_caution": HTML_CAUTION,
        "html_limit": HTML_LIMIT,
        "text_characters": len(copy.text),
        "message_bytes": len(copy.message),
    }


def headers_of(message: bytes) -> list[tuple[str, str]]:
    """As a mail program reads them: unfolded and decoded."""
    parsed = message_from_bytes(message, policy=policy.default)
    return [(name, str(value)) for name, value in parsed.items()]
