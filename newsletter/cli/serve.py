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

    There readers unsubscribe, choose subjects, and see their mail in the browser.

    Put a web server with a certificate before it, and set NEWSLETTER_BASE_URL to its address: the links in the mails
    lead there. It needs the same database and the same NEWSLETTER_SECRET_KEY as send does. Stop it with Ctrl-C.

    Example: newsletter serve --port 8000
    """
    from datetime import UTC, datetime

    from newsletter import wiring
    from newsletter.web.face.serving import run_face
    from newsletter.web.face.visits import House

    settings = wiring.load_settings()
    keys, materials = wiring.keys_for(settings, "serve"), wiring.load_materials(templates)
    if not settings.base_url:
        show.note("NEWSLETTER_BASE_URL is not set, so no mail leads here yet.")
    with wiring.load_store(settings) as store:
        house = House(
            store=store,
            mastheads=materials.mastheads,
            vocabulary=materials.vocabulary,
            keys=keys,
            base_url=settings.base_url or "",
            mailbox_of=lambda masthead: wiring.imprint_for(settings, masthead).unsubscribe_address,
            now=lambda: datetime.now(UTC),
        )
        run_face(house, host=host, port=port, ready=_say)
    show.note("\nThe pages are no longer served.")


def _say(address: str) -> None:
    show.line(address)
    show.note("Serving readers' pages. Ctrl-C stops.")
