"""Ask about one reader: does a segment hold them, and why?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from newsletter.roster.one import find_everywhere, find_reader
from newsletter.segment import Segment
from newsletter.segment.telling import Told, told_for
from newsletter.store import Store
from newsletter.subscriber import Subscriber, SubscriptionStatus
from newsletter.tags import Vocabulary


@dataclass(frozen=True, slots=True)
class Asked:
    """A reader of one newsletter, held against a segment."""

    reader: Subscriber
    tree: Told

    @property
    def is_in(self) -> bool:
        return bool(self.tree.holds)

    @property
    def hindrance(self) -> str:
        """What keeps mail from them whatever the segment says."""
        if self.reader.status is not SubscriptionStatus.CONFIRMED:
            return str(self.reader.status)
        return f"suppressed: {self.reader.suppressed_for}" if self.reader.suppressed_for else ""

    @property
    def summary(self) -> str:
        where = "in" if self.is_in else "not in"
        but = f", but gets no mail ({self.hindrance})" if self.hindrance and self.is_in else ""
        return f"{self.reader.email} is {where} this segment of {self.reader.newsletter}{but}."

    def as_json(self) -> dict[str, Any]:
        """The form that `segments explain --json` promises."""
        return {
            "email": self.reader.email,
            "newsletter": self.reader.newsletter,
            "in_segment": self.is_in,
            "gets_no_mail": self.hindrance or None,
            "tree": self.tree.as_json(),
        }


def ask_about(
    store: Store,
    email: str,
    newsletter: str | None,
    *,
    segment_for: Callable[[str], Segment],
    vocabulary: Vocabulary,
) -> list[Asked]:
    """
    :param newsletter: None: all that they read
    :param segment_for: the segment in the hands of a newsletter
    :raises RefusedError: nobody of that address reads it
    """
    readers = [find_reader(store, email, newsletter)] if newsletter else find_everywhere(store, email)
    return [Asked(reader, told_for(segment_for(reader.newsletter), reader, vocabulary)) for reader in readers]
