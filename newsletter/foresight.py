"""Look ahead with this workspace's files and settings: what a plan would come to, and what a test would go out by."""

from typing import TYPE_CHECKING

from newsletter import wiring
from newsletter.errors import RefusedError
from newsletter.settings import Settings, TransportName
from newsletter.wiring.transports import transport_for

if TYPE_CHECKING:
    from newsletter.dispatch import Transport
    from newsletter.mailing.outline import Outline
    from newsletter.mailing.prepare import Prepared
    from newsletter.subscriber import Subscriber


def foreseen(prepared: "Prepared", segment: str) -> "Outline":
    """What a plan for a segment would come to today; nothing is saved, and the issue may still be unfit."""
    from datetime import UTC, datetime

    from newsletter.mailing.outline import outline_of_plan
    from newsletter.mailing.planning import foresee

    order = wiring.order_of(prepared, segment)
    with wiring.load_store(wiring.load_settings()) as store:
        return outline_of_plan(foresee(store, order, now=datetime.now(UTC)))


def transport_for_test(prepared: "Prepared", name: TransportName | None = None) -> "Transport":
    """
    What a test of this issue goes out by: the one named, else the settings'.

    :raises RefusedError: it would leave this machine without saying who writes
    :raises SettingsError: the transport lacks a setting
    """
    from newsletter.mailing.prepare import insist_imprint

    settings = wiring.load_settings()
    name = name or settings.transport
    if name is not TransportName.OUTBOX:
        insist_imprint(prepared)
    return transport_of_test(settings, name)


def transport_of_test(settings: Settings, name: TransportName) -> "Transport":
    """Never in exact mode: whoever waits for a test does not wait a quarter of an hour, and nothing is written down."""
    return transport_for(settings.model_copy(update={"sendgrid_exact": False}), name)


def destination_of_test() -> str:
    """Where a test goes, in words."""
    settings = wiring.load_settings()
    if settings.transport is TransportName.OUTBOX:
        return f"the folder {settings.outbox} (nothing leaves this machine)"
    return str(settings.transport)


def has_store() -> bool:
    """Whether there is a database to look into; looking neither makes one nor brings it up to date."""
    from newsletter.store.looking import look

    return look(wiring.load_settings().database_url).is_current


def insist_store() -> None:
    """
    :raises RefusedError: there is no database to look into
    """
    if not has_store():
        raise RefusedError(
            "there are no readers yet, or the database is an older version's",
            fix="newsletter subscribers import brings them in",
        )


def readers_like(newsletter: str, text: str, *, limit: int = 12) -> "list[Subscriber]":
    """Readers whose address or name holds the text."""
    with wiring.load_store(wiring.load_settings()) as store:
        return store.readers.like(newsletter, text, limit=limit)
