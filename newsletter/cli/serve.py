"""`serve`: the pages that the links in the mails lead to."""

from typing import Annotated

import typer

from newsletter.cli import options, show


def add_to(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0: any free one.")] = 8000,
    templates: options.Templates = None,
) -> None:
    """
    Serve the pages that the links in the mails lead to.

    There readers unsubscribe, choose subjects, and see their mail in the browser. With
    NEWSLETTER_SENDGRID_WEBHOOK_KEY set, SendGrid reports at /events/sendgrid what became of our mail.

    Put a web server with a certificate before it, and set NEWSLETTER_BASE_URL to its address: the links in the mails
    lead there. It needs the same database and the same NEWSLETTER_SECRET_KEY as send does. Stop it with Ctrl-C.

    Example: newsletter serve --port 8000
    """
    from datetime import UTC, datetime
    from threading import Lock

    from newsletter import wiring
    from newsletter.ingest import apply_waiting
    from newsletter.ingest.background import Background
    from newsletter.web.face.serving import run_face
    from newsletter.web.face.visits import EventDoor, House
    from newsletter.wiring.events import webhook_key_for

    settings = wiring.load_settings()
    keys, materials = wiring.keys_for(settings, "serve"), wiring.load_materials(templates)
    signer = webhook_key_for(settings)

    turn = Lock()

    def now() -> datetime:
        return datetime.now(UTC)

    if not settings.base_url:
        show.note("NEWSLETTER_BASE_URL is not set, so no mail leads here yet.")
    with (
        wiring.load_store(settings) as store,
        Background(lambda stop: apply_waiting(store, now, should_stop=stop, turn=turn), show.note) as background,
    ):
        house = House(
            store=store,
            mastheads=materials.mastheads,
            vocabulary=materials.vocabulary,
            keys=keys,
            base_url=settings.base_url or "",
            mailbox_of=lambda masthead: wiring.imprint_for(settings, masthead).unsubscribe_address,
            now=now,
            events=EventDoor(key=signer, turn=turn, stored=background.wake) if signer else None,
        )
        run_face(house, host=host, port=port, ready=_say)
    show.note("\nThe pages are no longer served.")


def _say(address: str) -> None:
    show.line(address)
    show.note("Serving readers' pages. Ctrl-C stops.")
