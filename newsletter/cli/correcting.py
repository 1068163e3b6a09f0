"""`correct`: tell those who hold a wrong copy what was wrong."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import ahead, options, show


def add_to(app: typer.Typer) -> None:
    app.command()(correct)


def correct(  # noqa: PLR0917 - a command has the options it has
    mailing: options.MailingName,
    issue: Annotated[Path, typer.Argument(metavar="ISSUE", help="The corrected issue file.")],
    transport: options.TransportChoice = None,
    skip_link_check: options.SkipLinkCheck = False,
    result_mail: options.ResultMail = None,
    yes: options.Yes = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Send a correction to those who hold a wrong copy.

    Only readers get it whose copy held a story that has changed or vanished in the file. The file says in the field
    correction what was wrong; mail programs show the mail below the first one. Shows the plan and asks.

    Example: newsletter correct 12 issues/china-2026-06-10.md
    """
    ahead.start_press()
    from newsletter import wiring
    from newsletter.cli.departure import Departure
    from newsletter.cli.planning import show_findings, show_planned
    from newsletter.mailing.correcting import saved_correction

    settings = wiring.load_settings()
    prepared = wiring.prepare_issue(issue, templates)
    actor, now = wiring.actor(settings), datetime.now(UTC)
    name = options.transport_name(settings, transport)
    departure = Departure(
        settings=settings,
        name=name,
        terms=wiring.terms_for(settings, name, "correct"),
        skip_link_check=skip_link_check,
        yes=yes,
        as_json=as_json,
        result_mail=result_mail,
    )
    show_findings(prepared, now)
    with wiring.load_store(settings) as store:
        found = saved_correction(
            store,
            store.mailings.find(mailing),
            prepared,
            save=lambda plan: store.mailings.save_plan(plan, actor=actor, now=now),
            drop=lambda earlier: store.mailings.cancel(earlier.id, actor=actor, now=now),
            now=now,
        )
        if found is None:
            show.note("Nobody holds a copy of what has changed, so nothing was saved.")
            return
        departure.leave(store, show_planned(store, found, as_json=as_json))
