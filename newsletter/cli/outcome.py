"""What became of a sending, told on the terminal and by mail."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from newsletter.cli import show

if TYPE_CHECKING:
    from newsletter.mailing.telling import Told
    from newsletter.report import Report
    from newsletter.settings import Settings, TransportName
    from newsletter.store import Store


def show_result(store: "Store", mailing_id: int, *, as_json: bool) -> "Report":
    from newsletter.cli.mailings import show_report
    from newsletter.report import report_on

    found = report_on(store.mailings, mailing_id)
    if as_json:
        show.document(found.as_json())
    else:
        show_report(found)
    return found


def go_on(store: "Store", found: "Report") -> None:
    """Name the next step, and end with 3 while somebody must be looked after."""
    show.next_step(_next_step(store, found))
    if found.refused or found.unknown or found.waiting:
        raise typer.Exit(3)


def _next_step(store: "Store", found: "Report") -> str:
    from newsletter.mailing.sending import INTERRUPTED

    mailing = found.mailing
    if mailing.pause_reason and mailing.pause_reason != INTERRUPTED:
        return f"newsletter mailings resume {mailing.id}"
    if not found.waiting:
        return f"newsletter report {mailing.id}"
    waiting = show.count(found.waiting, "waiting delivery", "waiting deliveries")
    due = store.mailings.next_due(mailing.id)
    when = f", from {due:%H:%M} UTC on" if due else ""
    return f"newsletter send {mailing.id}  (takes up the {waiting}{when})"


def tell_schedule(store: "Store", mailing_id: int, at: datetime, *, as_json: bool) -> None:
    from newsletter.report import report_on

    if as_json:
        show.document(report_on(store.mailings, mailing_id).as_json())
    else:
        show.line(f"Mailing {mailing_id} is scheduled for {at:%Y-%m-%d %H:%M} UTC.")
    if not store.workers.alive(datetime.now(UTC)):
        show.note("No worker is running, and no provider holds it: unless one is started, nothing leaves at that time.")
        show.next_step("newsletter worker")
    else:
        show.next_step(f"newsletter mailings show {mailing_id}")


def mail_result(
    store: "Store", settings: "Settings", mailing_id: int, name: "TransportName", *, asked: bool | None
) -> "Told":
    """
    Tell by mail those who answer for the mailing; by the same transport, once it has come to an end.

    :param asked: None: nobody has said, and the outbox tells nobody
    """
    from newsletter.mailing.telling import Told, tell_result
    from newsletter.wiring.transports import transport_for

    if asked is False or (asked is None and name == "outbox"):
        return Told()
    return tell_result(
        store,
        mailing_id,
        to=settings.result_to or (),
        make_transport=lambda: transport_for(settings, name),
        now=datetime.now(UTC),
    )


def show_told(mailed: "Told") -> None:
    if mailed.reached:
        show.note(f"The result was mailed to {', '.join(mailed.reached)}.")
    if mailed.missed:
        address, why = mailed.missed[0]
        others = f" and {len(mailed.missed) - 1} more" if len(mailed.missed) > 1 else ""
        show.note(f"The result could not be mailed to {address}{others}: {' '.join(why.split())}")
