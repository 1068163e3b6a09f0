"""The whole examination, part by part, in the order in which things are needed."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from newsletter import wiring
from newsletter.diagnosis import provider, workspace
from newsletter.diagnosis.domain import Domains, answered, examine_domains, examine_pointers
from newsletter.diagnosis.names import Names
from newsletter.diagnosis.verdict import Verdict, refused, softened
from newsletter.errors import NewsletterError, SettingsError
from newsletter.mailing.prepare import Materials
from newsletter.masthead import Imprint
from newsletter.settings import Settings, TransportName
from newsletter.wiring.transports import transport_for

if TYPE_CHECKING:
    from newsletter.providers.sendgrid import SendGridTransport
    from newsletter.providers.smtp import SmtpTransport

_SENDGRID_SELECTORS = ("s1", "s2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user said about how to look."""

    templates: Path | None = None
    #: of DKIM keys
    selectors: tuple[str, ...] = ()
    #: whom to ask instead of the machine's own resolver
    resolver: str | None = None


def examine(wish: Wish, *, now: datetime) -> Iterator[Verdict]:
    """
    Everything, as it is found; nothing is changed and no mail is sent.

    :raises InputError: the resolver is not an address
    """
    names = Names(wish.resolver)
    settings, said = workspace.attempt("settings", wiring.load_settings)
    yield from said
    if settings:
        yield from workspace.examine_env_file(Path(".env"))
        yield workspace.examine_key(settings.keys)
    materials, said = _materials(wish)
    yield from said
    imprints = _imprints(materials, settings or Settings())
    if materials:
        yield from _newsletters(materials, imprints, now.date(), is_set=settings is not None)
    if settings:
        look, verdict = workspace.examine_database(settings.database_url)
        yield verdict
        if look:
            yield from workspace.examine_events(look, now)
        yield from provider.examine_pages(settings.base_url, look.store_id if look else None)
        yield from _way_out(settings, imprints)
        yield from _domains(settings, imprints, wish, names)


def _materials(wish: Wish) -> tuple[Materials | None, list[Verdict]]:
    vocabulary, said = workspace.examine_vocabulary(wiring.load_vocabulary)
    if vocabulary is None:
        return None, said
    said += workspace.examine_segments(partial(wiring.load_segments, vocabulary))
    materials, trouble = workspace.attempt("newsletters", partial(wiring.load_materials, wish.templates))
    return materials, said + trouble


def _imprints(materials: Materials | None, settings: Settings) -> dict[str, Imprint]:
    mastheads = materials.mastheads if materials else {}
    return {name: wiring.imprint_for(settings, masthead) for name, masthead in mastheads.items()}


def _newsletters(materials: Materials, imprints: dict[str, Imprint], today: date, *, is_set: bool) -> Iterator[Verdict]:
    yield from workspace.examine_declarations(materials.mastheads)
    for name, masthead in materials.mastheads.items():
        if is_set:
            yield workspace.examine_imprint(masthead, imprints[name])
        yield from workspace.examine_newsletter(
            masthead, imprints[name], templates=materials.templates, vocabulary=materials.vocabulary, day=today
        )


def _way_out(settings: Settings, imprints: dict[str, Imprint]) -> Iterator[Verdict]:
    try:
        transport = transport_for(settings, settings.transport)
    except NewsletterError as error:
        yield from refused("transport", error)
        return
    if settings.transport is TransportName.OUTBOX:
        yield from provider.examine_outbox(settings.outbox)
    elif settings.transport is TransportName.SMTP:
        domain = next((_domain(imprint.sender.address) for imprint in imprints.values()), "localhost")
        yield from provider.examine_smtp(cast("SmtpTransport", transport), domain)
    else:
        yield from provider.examine_sendgrid(cast("SendGridTransport", transport))


def _domains(settings: Settings, imprints: dict[str, Imprint], wish: Wish, names: Names) -> Iterator[Verdict]:
    """Each sender's domain once; as long as mails go to the outbox, what is wrong there harms nobody."""
    found = dict.fromkeys(_domains_of(settings, imprint, wish) for imprint in imprints.values() if not _lacks(imprint))
    for domains in found:
        said = examine_domains(domains, names)
        yield from softened(said) if settings.transport is TransportName.OUTBOX else said
    host = settings.smtp_host
    if settings.transport is TransportName.SMTP and host:
        yield from answered("ptr", partial(examine_pointers, host, names))


def _lacks(imprint: Imprint) -> bool:
    return any(name.endswith("_ADDRESS") and "POSTAL" not in name for name in imprint.placeholders)


def _domains_of(settings: Settings, imprint: Imprint, wish: Wish) -> Domains:
    sender = _domain(imprint.sender.address)
    bounces = settings.bounce_address or imprint.sender.address
    mailboxes = (imprint.unsubscribe_address, imprint.reply_to or "", bounces)
    is_sendgrid = settings.transport is TransportName.SENDGRID
    own = () if is_sendgrid or wish.selectors else _own_selectors(settings, sender)
    return Domains(
        sender=sender,
        mailboxes=tuple(dict.fromkeys(_domain(mailbox) for mailbox in mailboxes if mailbox)),
        envelope=None if is_sendgrid else _domain(bounces),
        selectors=wish.selectors or (_SENDGRID_SELECTORS if is_sendgrid else own),
        key=_own_key(settings) if own else "",
    )


def _own_selectors(settings: Settings, sender: str) -> tuple[str, ...]:
    """Of the key that we sign with; one that stands at another domain would not be found at the sender's."""
    selector = settings.dkim_selector
    return (selector,) if selector and settings.dkim_domain == sender else ()


def _own_key(settings: Settings) -> str:
    """Empty when it is of no use, which is said of the transport."""
    from newsletter.providers.smtp.signing import signer_for

    with suppress(SettingsError):
        signer = signer_for(settings.dkim_domain, settings.dkim_selector, settings.dkim_key_file)
        return signer.published if signer else ""
    return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
