"""One reader at a time: add, look up, change interests, let go."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from newsletter.errors import Finding, InputError, RefusedError
from newsletter.roster.cells import BadCellError, Reader, Reading
from newsletter.store import Store
from newsletter.subscriber import Consent, Subscriber, SubscriptionStatus
from newsletter.tags import Vocabulary


def find_everywhere(store: Store, email: str) -> list[Subscriber]:
    """
    All subscriptions of an address.

    :raises RefusedError: if there is none
    """
    found = store.readers.find(email)
    if not found:
        was_known = store.forgetting.kept_away(email) is not None
        said = "; the address was forgotten, and is kept away by its hash" if was_known else ""
        raise RefusedError(
            f"nobody is known by the address {email}{said}", fix="newsletter subscribers list shows readers"
        )
    return found


def everything_on(store: Store, email: str) -> dict[str, Any]:
    """
    All that is held on one person, as JSON values; of somebody who was forgotten, why they stay away.

    :raises RefusedError: nobody is known by that address, nor was
    """
    found = store.holdings.of(email)
    if found:
        return found
    reason = store.forgetting.kept_away(email)
    if reason is None:
        find_everywhere(store, email)
    return {"person": None, "suppression": {"reason": str(reason), "known_by": "a keyed hash of the address"}}


def add_reader(
    store: Store,
    cells: Mapping[str, str | None],
    *,
    newsletter: str,
    vocabulary: Vocabulary,
    consent: Consent | None,
    actor: str,
    now: datetime,
) -> Subscriber:
    """
    Add one reader, named by the same fields as a list has; one who is pending is confirmed by a consent.

    :raises InputError: a field is wrong, or an interest is not in the vocabulary
    :raises RefusedError: they read it already, or unsubscribed
    """
    written = {name: value for name, value in cells.items() if value}
    if consent:
        written |= {"consent_basis": consent.basis, "consent_on": consent.on.isoformat()}
    reading = _read(Reader(vocabulary, None, now), written, vocabulary)
    standing = store.readers.find(reading.entry.email, newsletter)
    if not standing:
        store.readers.take_in(newsletter, [reading.entry], update=False, actor=actor, now=now)
    elif standing[0].status is SubscriptionStatus.PENDING and consent:
        store.readers.confirm(standing[0].subscription_id, consent, actor=actor, now=now)
    else:
        raise RefusedError(
            f"{standing[0].email} is on the list of {newsletter} already: {standing[0].status}",
            fix=f"see newsletter subscribers show {standing[0].email}",
        )
    return store.readers.find(reading.entry.email, newsletter)[0]


def change_interests(
    store: Store,
    reader: Subscriber,
    tags: Iterable[str],
    *,
    vocabulary: Vocabulary,
    adding: bool,
    actor: str,
    now: datetime,
) -> Subscriber:
    """
    Give a reader interests, or take them away; the reader as it is then.

    :raises InputError: a word is not in the vocabulary
    """
    # What a reader holds can be taken away even after the vocabulary has lost it.
    slugs = {raw: raw if not adding and raw in reader.interests else vocabulary.resolve(raw) for raw in tags}
    unknown = [raw for raw, slug in slugs.items() if slug is None]
    if unknown:
        raise InputError(*(_unknown_tag(raw, vocabulary) for raw in unknown))
    known = [slug for slug in slugs.values() if slug]
    change = store.readers.add_interests if adding else store.readers.remove_interests
    change(reader.subscription_id, known, actor=actor, now=now)
    return find_reader(store, reader.email, reader.newsletter)


def known_interests(names: Iterable[str], vocabulary: Vocabulary) -> frozenset[str]:
    """
    The tags that these words mean.

    :raises InputError: naming each word that is not in the vocabulary
    """
    slugs = {name.strip(): vocabulary.resolve(name) for name in names if name.strip()}
    unknown = [name for name, slug in slugs.items() if slug is None]
    if unknown:
        raise InputError(*(_unknown_tag(name, vocabulary) for name in unknown))
    return frozenset(slug for slug in slugs.values() if slug)


def unsubscribe(store: Store, email: str, *, newsletter: str | None, actor: str, now: datetime) -> list[str]:
    """
    Let a reader go; from which newsletters. A second time is no error.

    :raises RefusedError: nobody of that address reads it
    """
    found = [find_reader(store, email, newsletter)] if newsletter else find_everywhere(store, email)
    for reader in found:
        store.readers.unsubscribe(reader.subscription_id, actor=actor, now=now)
    return [reader.newsletter for reader in found]


def find_reader(store: Store, email: str, newsletter: str) -> Subscriber:
    """
    :raises RefusedError: nobody of that address reads the newsletter
    """
    found = store.readers.find(email, newsletter)
    if not found:
        raise RefusedError(
            f"{email} is not among the readers of {newsletter}", fix="newsletter subscribers list shows them"
        )
    return found[0]


def _read(reader: Reader, cells: Mapping[str, str], vocabulary: Vocabulary) -> Reading:
    try:
        reading = reader.read({name: value.strip() for name, value in cells.items()})
    except BadCellError as error:
        raise InputError(error.message, fix=error.fix) from None
    findings = [
        _unknown_tag(remark.written, vocabulary)
        if remark.column == "interests"
        else Finding(message=f"{remark.column}: {remark.written!r} is not known", fix=_FIXES.get(remark.column, ""))
        for remark in reading.remarks
    ]
    if findings:
        raise InputError(*findings)
    return reading


_FIXES = {"language": "write en or zh-Hans", "zone": "write it as Asia/Singapore"}


def _unknown_tag(raw: str, vocabulary: Vocabulary) -> Finding:
    near = vocabulary.nearest(raw, 1)
    fix = f"did you mean {near[0]}?" if near else "see newsletter tags list"
    return Finding(message=f"{raw!r} is not in the vocabulary", fix=fix, rule="unknown-tag")
