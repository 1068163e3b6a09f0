"""`serve`: the pages that the links in the mails lead to."""

import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.joining.answering import Answering
    from newsletter.mailing.prepare import Materials
    from newsletter.masthead import Imprint
    from newsletter.settings import Settings
    from newsletter.store import Store
    from newsletter.web.face.visits import House


def add_to(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0: any free one.")] = 8000,
    templates: options.Templates = None,
) -> None:
    """
    Serve the pages that the links in the mails lead to.

    There readers unsubscribe, choose subjects, pause, see their mail in the browser, and sign up for newsletters that
    are open to anybody (`sign_up: yes` in templates/newsletters.yaml). With NEWSLETTER_SENDGRID_WEBHOOK_KEY set,
    SendGrid reports at /events/sendgrid what became of our mail.

    Put a web server with a certificate before it, and set NEWSLETTER_BASE_URL to its address: the links in the mails
    lead there. It needs the same database and the same NEWSLETTER_SECRET_KEY as send does. Stop it with Ctrl-C.

    Example: newsletter serve --port 8000
    """
    from dataclasses import replace
    from threading import Lock

    from newsletter import wiring
    from newsletter.ingest import apply_waiting
    from newsletter.ingest.background import Background
    from newsletter.web.face.serving import run_face
    from newsletter.web.face.visits import EventDoor
    from newsletter.wiring.events import webhook_key_for

    # A service manager's word ends it in order, as a person's does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = wiring.load_settings()
    keys, materials = wiring.keys_for(settings, "serve"), wiring.load_materials(templates)
    signer, turn = webhook_key_for(settings), Lock()
    if not settings.base_url:
        show.note("NEWSLETTER_BASE_URL is not set, so no mail leads here yet.")
    with (
        wiring.load_store(settings) as store,
        Background(
            lambda stop: apply_waiting(store, _now, should_stop=stop, turn=turn, tell=show.note), show.note
        ) as background,
    ):
        events = EventDoor(key=signer, turn=turn, stored=background.wake) if signer else None
        house = replace(_house(settings, store, materials, keys), events=events)
        run_face(house, answering=_answering(settings, house), host=host, port=port, ready=_say)
    show.note("\nThe pages are no longer served.")


def _house(settings: "Settings", store: "Store", materials: "Materials", keys: "Sequence[bytes]") -> "House":
    from newsletter import wiring
    from newsletter.web.face.visits import Door, House

    door = Door(
        imprints=_open_to_all(settings, materials),
        per_network=settings.signups_per_network,
        in_all=settings.signups_in_all,
    )
    return House(
        store=store,
        mastheads=materials.mastheads,
        vocabulary=materials.vocabulary,
        keys=keys,
        base_url=settings.base_url or "",
        mailbox_of=lambda masthead: wiring.imprint_for(settings, masthead).unsubscribe_address,
        now=_now,
        door=door,
        forget=lambda email: _forget(settings, store, email),
        proxies=settings.trusted_proxies,
        metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else "",
    )


def _open_to_all(settings: "Settings", materials: "Materials") -> "dict[str, Imprint]":
    """Newsletters that anybody may sign up for, as long as the mail that this takes can be written."""
    from newsletter import wiring

    found = {
        name: wiring.imprint_for(settings, masthead)
        for name, masthead in materials.mastheads.items()
        if masthead.sign_up
    }
    if found and not settings.base_url:
        show.note("Nobody can sign up: the mail that asks them to confirm needs NEWSLETTER_BASE_URL.")
        return {}
    for name, imprint in found.items():
        if imprint.placeholders:
            show.note(f"Nobody can sign up for {name} as long as this is missing: {', '.join(imprint.placeholders)}.")
    if found and not settings.trusted_proxies:
        show.note(
            "If a web server stands before this one, set NEWSLETTER_TRUSTED_PROXIES=1, or all who come count as one."
        )
    return {name: imprint for name, imprint in found.items() if not imprint.placeholders}


def _answering(settings: "Settings", house: "House") -> "Answering":
    from newsletter.foresight import transport_of_test
    from newsletter.joining.answering import Answering

    mailed = house.figures.mailed
    return Answering(
        store=house.store,
        mastheads={name: house.mastheads[name] for name in house.door.imprints},
        imprint_for=lambda masthead: house.door.imprints[masthead.name],
        keys=house.keys,
        base_url=house.base_url,
        make_transport=lambda: transport_of_test(settings, settings.transport),
        by_domain=settings.signups_per_domain,
        now=house.now,
        tell=lambda outcome, number: mailed.labels(outcome).inc(number),
    )


def _forget(settings: "Settings", store: "Store", email: str) -> None:
    """As the command does it, but the file is written anew later: for a million readers that takes a while."""
    from newsletter.roster.forgetting import forget_person
    from newsletter.roster.own import READER

    done = forget_person(
        store, email, workspace=Path.cwd(), outbox=settings.outbox, actor=READER, now=_now(), rewrite=False
    )
    if done.named_in:
        named = ", ".join(map(str, done.named_in))
        show.note(f"A reader has asked to be forgotten. Files that name them still: {named}")


def _now() -> datetime:
    return datetime.now(UTC)


def _say(address: str) -> None:
    show.line(address)
    show.note("Serving readers' pages. Ctrl-C stops.")
