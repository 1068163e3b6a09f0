"""The only place that knows which store, transport and files the settings mean."""

import os
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.checks import Confidential, read_confidential
from newsletter.edition import Links
from newsletter.errors import InputError, SegmentError, SettingsError, TemplateError, VocabularyError
from newsletter.issue import AnyIssue, Sender
from newsletter.mailing.prepare import Materials
from newsletter.masthead import Archiving, Imprint, Masthead
from newsletter.reader import read_mastheads
from newsletter.segment import Home, Segment
from newsletter.settings import Settings, TransportName, read_settings, setting_name
from newsletter.tags import Vocabulary, read_vocabulary
from newsletter.wiring.archives import archive_url
from newsletter.wiring.transports import transport_for
from newsletter.workspace import confidential_file, segments_file, templates_folder, vocabulary_file

if TYPE_CHECKING:
    from newsletter.mailing.planning import Order
    from newsletter.mailing.prepare import Prepared
    from newsletter.mailing.rehearsal import Rehearsed
    from newsletter.mailing.sending import Terms
    from newsletter.roster import Asked
    from newsletter.segment.grammar import SavedSegment
    from newsletter.store import Store
    from newsletter.subscriber import Subscriber

#: what stands in a build for what nobody has set; `send` refuses it
_PLACEHOLDERS = {
    "sender_name": "SENDER NAME",
    "sender_address": "sender@example.com",
    "postal_address": "POSTAL ADDRESS",
    "unsubscribe_address": "unsubscribe@example.com",
}


def load_settings() -> Settings:
    return read_settings(os.environ, Path(".env"))


def load_materials(templates: Path | None = None) -> Materials:
    folder = templates_folder(templates)
    declared = folder / "newsletters.yaml"
    return Materials(
        folder,
        read_mastheads(_text(declared, TemplateError), path=_shown(declared)),
        load_vocabulary(),
        load_confidential(),
    )


def load_confidential() -> Confidential:
    """Names that are nobody's but one client's; without the file there are none."""
    path = confidential_file()
    return read_confidential(_text(path, InputError), path=_shown(path)) if path.exists() else Confidential()


def load_vocabulary() -> Vocabulary:
    path = vocabulary_file()
    return _vocabulary(_text(path, VocabularyError), _shown(path))


@lru_cache(maxsize=2)
def _vocabulary(text: str, path: str) -> Vocabulary:
    """Kept for the preview, which asks after every save: of all that an issue needs, this takes longest to read."""
    return read_vocabulary(text, path=path)


def load_segments(vocabulary: Vocabulary) -> "dict[str, SavedSegment]":
    from newsletter.segment.saved import read_segments

    path = segments_file()
    return read_segments(_text(path, SegmentError), path=_shown(path), vocabulary=vocabulary)


def _text(path: Path, error: type[TemplateError] | type[InputError]) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as caught:
        raise error(f"{_shown(path)}: cannot be read", fix="it must be a UTF-8 file that you may read") from caught


def _shown(path: Path) -> str:
    """Relative to where the user stands, when it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def load_store(settings: Settings) -> "Store":
    # SQLAlchemy takes a quarter of a second to import, and a build needs none of it.
    from newsletter.store import open_store

    return open_store(settings.database_url)


def imprint_for(settings: Settings, masthead: Masthead, issue: AnyIssue | None = None) -> Imprint:
    """The issue's word, else the newsletter's, else the settings', else a placeholder that is named."""
    missing: list[str] = []

    def one(field: str, declared: str | None) -> str:
        found = declared or getattr(settings, field)
        if found:
            return str(found)
        missing.append(setting_name(field))
        return _PLACEHOLDERS[field]

    declared = (issue and issue.sender) or masthead.sender
    sender = declared or Sender(name=one("sender_name", None), address=one("sender_address", None))
    return Imprint(
        sender=sender,
        reply_to=(issue and issue.reply_to) or masthead.reply_to or settings.reply_to,
        postal_address=one("postal_address", masthead.postal_address),
        unsubscribe_address=one("unsubscribe_address", masthead.unsubscribe_address),
        archive_url=archive_url(settings, masthead) if masthead.archive is Archiving.PUBLIC else "",
        placeholders=tuple(missing),
    )


def links_for(settings: Settings) -> Links:
    """Without a web face, the mailbox is the only way out that can be promised."""
    return Links.WEB if settings.base_url else Links.MAILBOX


def keys_for(settings: Settings, command: str) -> tuple[bytes, ...]:
    if not settings.secret_key:
        import secrets

        line = f"NEWSLETTER_SECRET_KEY={secrets.token_urlsafe(36)}"
        raise SettingsError(
            f"NEWSLETTER_SECRET_KEY is missing; {command} signs links with it",
            fix=f"put a line like this into .env, once: {line}",
        )
    return settings.keys


def terms_for(settings: Settings, name: TransportName, command: str, *, rate: float | None = None) -> "Terms":
    """
    What a sending by that transport needs.

    :param rate: instead of the one that is set
    """
    from newsletter.dispatch import DOMAIN_RATES
    from newsletter.mailing.sending import Terms

    return Terms(
        transport=transport_for(settings, name),
        keys=keys_for(settings, command),
        base_url=settings.base_url or "",
        actor=actor(settings),
        rate=rate or settings.rate,
        # SendGrid keeps such limits itself, and the outbox has none.
        domain_rates={**DOMAIN_RATES, **(settings.domain_rates or {})} if name is TransportName.SMTP else {},
        require_approval=settings.require_approval,
        names_bounces=name is TransportName.SMTP and settings.bounce_address is not None,
    )


def prepare_issue(path: Path, templates: Path | None = None) -> "Prepared":
    """Read, compile and check an issue with this workspace's files and settings."""
    from functools import partial

    from newsletter.mailing.prepare import prepare

    settings = load_settings()
    return prepare(
        path,
        load_materials(templates),
        imprint_for=partial(imprint_for, settings),
        links=links_for(settings),
        now=datetime.now(UTC),
    )


def order_for(path: Path, templates: Path | None, segment: str, *, again: bool) -> "Order":
    """What was asked to be planned, read and understood."""
    return order_of(prepare_issue(path, templates), segment, again=again)


def order_of(prepared: "Prepared", segment: str, *, again: bool = False) -> "Order":
    from newsletter.mailing.planning import Order
    from newsletter.segment.grammar import parse_segment

    saved = load_segments(prepared.vocabulary)
    return Order(
        prepared=prepared,
        segment=" ".join(segment.split()),
        expression=parse_segment(segment, prepared.vocabulary, saved),
        again=again,
    )


def rehearsed_for(prepared: "Prepared", reader: str | None, interests: str | None) -> "Rehearsed":
    """Whose copy is shown: a reader of the store, somebody with these interests, or anybody."""
    from newsletter.mailing.rehearsal import Rehearsed

    if reader:
        from newsletter.roster import find_reader

        with load_store(load_settings()) as store:
            return Rehearsed.of(find_reader(store, reader, prepared.issue.newsletter))
    if interests:
        from newsletter.roster import known_interests

        return Rehearsed(interests=known_interests(interests.split(","), prepared.vocabulary))
    return Rehearsed()


def example_base_url() -> str:
    """Where example links point: our own pages when there are any, else a place that cannot exist."""
    return load_settings().base_url or "https://newsletter.example.com"


def actor(settings: Settings) -> str:
    """Who acts, for the audit: NEWSLETTER_ACTOR, else the login name. Nobody has proved it."""
    import getpass

    try:
        return settings.actor or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def worker_name() -> str:
    """Machine and process: no two workers that live at the same time have the same."""
    import platform

    return f"{platform.node()}:{os.getpid()}"


def zone_of(newsletter: str) -> str:
    """The newsletter's own zone, in which people name times."""
    return insist_newsletter(load_materials(), newsletter).zone


def insist_newsletter(materials: Materials, name: str) -> Masthead:
    """
    :raises TemplateError: no newsletter of that name is declared
    """
    try:
        return materials.mastheads[name]
    except KeyError:
        known = ", ".join(sorted(materials.mastheads))
        raise TemplateError(f"there is no newsletter {name!r}", fix=f"choose one of: {known}") from None


def readers_in(newsletter: str, segment: str | None) -> "list[Subscriber]":
    """All readers of a newsletter, or those whom a segment's rule fits, whatever their status."""
    rule = segment_for(newsletter, segment) if segment is not None else None
    with load_store(load_settings()) as store:
        return list(store.readers.stream(newsletter, rule))


def count_readers(newsletter: str | None, segment: str) -> int:
    """Confirmed readers whom a segment's rule fits and who may be mailed; None: of each newsletter, added up."""
    with load_store(load_settings()) as store:
        names = [newsletter] if newsletter else store.readers.newsletters()
        # The rule is read even where there is nobody yet, so that its faults are told.
        rules = {name: segment_for(name, segment) for name in names or load_materials().mastheads}
        return sum(store.readers.count(name, rule, mailable=True) for name, rule in rules.items())


def explain_segment(segment: str, email: str, newsletter: str | None) -> "list[Asked]":
    """Why a saved segment or an expression holds a reader, or why not."""
    from functools import partial

    from newsletter.roster import ask_about

    vocabulary = load_vocabulary()
    rule = segment_named(segment, vocabulary).rule
    # Its faults are told before anybody is looked for.
    asked = partial(segment_for, segment=rule)
    with load_store(load_settings()) as store:
        return ask_about(store, email, newsletter, segment_for=asked, vocabulary=vocabulary)


def segment_named(segment: str, vocabulary: Vocabulary) -> "SavedSegment":
    """A saved segment by its name; any other expression as one without a name."""
    from newsletter.segment.grammar import SavedSegment, parse_segment

    saved = load_segments(vocabulary)
    name = segment.strip().removeprefix("segment:")
    return saved.get(name) or SavedSegment("", "", segment, parse_segment(segment, vocabulary, saved))


def segment_for(newsletter: str, segment: str) -> Segment:
    """An expression as this newsletter's readers are asked about it."""
    from newsletter.segment.grammar import parse_segment

    materials = load_materials()
    masthead = insist_newsletter(materials, newsletter)
    expression = parse_segment(segment, materials.vocabulary, load_segments(materials.vocabulary))
    return Segment(expression, Home(masthead.language, masthead.zone))
