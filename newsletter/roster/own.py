"""What readers do themselves, by the links in their mails."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from newsletter.errors import RefusedError
from newsletter.fields import Line
from newsletter.store import Store
from newsletter.subscriber import Subscriber, SubscriptionStatus
from newsletter.tags import Vocabulary

#: whoever left by mistake may come back for so long; after that they sign up anew
SECOND_THOUGHTS = timedelta(hours=24)
_LINE: TypeAdapter[str] = TypeAdapter(Line)
#: weeks for which one may pause
PAUSES = (2, 4, 8)
#: characters of a name
LONGEST_NAME = 200
#: in the audit
READER = "reader"


def linked_reader(store: Store, public_id: bytes) -> Subscriber:
    """
    :raises RefusedError: they were forgotten
    """
    found = store.linked.reader(public_id)
    if found is None:
        raise RefusedError("nobody is known by this link any more")
    return found


def leave(store: Store, reader: Subscriber, *, everywhere: bool, now: datetime) -> list[str]:
    """Let the reader go, at once; the newsletters that they read no more. A second time is no error."""
    going = _theirs(store, reader, everywhere=everywhere)
    store.linked.leave([one.public_id for one in going], actor=READER, now=now)
    return [one.newsletter for one in going]


def come_back(store: Store, reader: Subscriber, *, everywhere: bool, now: datetime) -> list[str]:
    """
    Undo that; the newsletters that they read again.

    :raises RefusedError: it is too long ago, or their address must not be mailed
    """
    if reader.suppressed_for:
        raise RefusedError("this address must not be mailed", fix="sign up again")
    back = [
        one.newsletter
        for one in _theirs(store, reader, everywhere=everywhere)
        if store.linked.come_back(one.subscription_id, left_after=now - SECOND_THOUGHTS, actor=READER, now=now)
    ]
    if not back and linked_reader(store, reader.public_id).status is SubscriptionStatus.UNSUBSCRIBED:
        raise RefusedError("that was more than a day ago", fix="sign up again")
    return back


def choose(
    store: Store, reader: Subscriber, chosen: Iterable[str] | None, *, vocabulary: Vocabulary, now: datetime
) -> Subscriber:
    """
    Give the reader these interests of the offered ones, and no other of those; None: every story.

    What an adviser has noted, and readers are not offered, stays.
    """
    offered = vocabulary.stored_as(slug for slug, tag in vocabulary.tags.items() if tag.offered)
    wanted = set(chosen or ()) & offered
    gone = reader.interests - wanted if chosen is None else (reader.interests & offered) - wanted
    if gone:
        store.readers.remove_interests(reader.subscription_id, gone, actor=READER, now=now)
    if wanted - reader.interests:
        store.readers.add_interests(reader.subscription_id, wanted, actor=READER, now=now)
    return linked_reader(store, reader.public_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a reader has chosen for themselves, so that it can be chosen again."""

    interests: frozenset[str]
    name: str
    language: str

    @classmethod
    def of(cls, reader: Subscriber) -> "Preferences":
        return cls(interests=reader.interests, name=reader.name, language=reader.language)


def restore(store: Store, reader: Subscriber, before: Preferences, *, now: datetime) -> Subscriber:
    """Undo a change of preferences: what an adviser had noted comes back, too."""
    gone, new = reader.interests - before.interests, before.interests - reader.interests
    if gone:
        store.readers.remove_interests(reader.subscription_id, gone, actor=READER, now=now)
    if new:
        store.readers.add_interests(reader.subscription_id, new, actor=READER, now=now)
    return introduce(store, reader, name=before.name, language=before.language, now=now)


def introduce(store: Store, reader: Subscriber, *, name: str, language: str, now: datetime) -> Subscriber:
    """
    What the reader says of themselves, in all newsletters: how we call them, and in which language we write.

    :raises RefusedError: the name is none
    """
    own = {"name": checked_name(name), "language": language}
    store.linked.describe(reader.subscription_id, own, actor=READER, now=now)
    return linked_reader(store, reader.public_id)


def checked_name(written: str) -> str:
    """
    A name as it may stand in a mail; "" for none.

    :raises RefusedError: it is longer than a name, or holds a line break or a control character
    """
    if not written.strip():
        return ""
    try:
        name = _LINE.validate_python(written)
    except ValidationError as error:
        raise RefusedError("that name holds a line break or a control character") from error
    if len(name) > LONGEST_NAME:
        raise RefusedError(f"that name is longer than {LONGEST_NAME} characters")
    return name


def pause(store: Store, reader: Subscriber, weeks: int, *, now: datetime) -> Subscriber:
    """
    No mail of this newsletter for so many weeks, and then again, by itself; 0: mail again, at once.

    :raises RefusedError: that is none of the spans that we offer
    """
    if weeks not in (0, *PAUSES):
        raise RefusedError(f"a pause lasts {', '.join(map(str, PAUSES))} weeks")
    until = now + timedelta(weeks=weeks) if weeks else None
    store.linked.pause(reader.subscription_id, until, actor=READER, now=now)
    return linked_reader(store, reader.public_id)


def _theirs(store: Store, reader: Subscriber, *, everywhere: bool) -> list[Subscriber]:
    return store.readers.find(reader.email) if everywhere else [reader]
