"""`mailings resolve`: what nobody is sure of."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.delivery import Mailing
    from newsletter.ingest.reported import Taken
    from newsletter.mailing.resolving import Unsure
    from newsletter.store import Store


def add_to(mailings: typer.Typer) -> None:
    mailings.command()(resolve)


def resolve(  # noqa: PLR0917 - a command has the options it has
    mailing: options.MailingName,
    sent: Annotated[bool, typer.Option("--sent", help="They have it: count them as accepted.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Send it again; who has it already gets it twice.")] = False,
    reader: Annotated[
        list[str] | None, typer.Option("--reader", metavar="EMAIL", help="Only this reader; may be repeated.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All of whom nobody is sure.")] = False,
    events: Annotated[
        Path | None,
        typer.Option("--events", metavar="FILE", help="What SendGrid's event webhook posted, kept in a file."),
    ] = None,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Settle deliveries of which nobody knows whether they arrived.

    Without an option it lists them, each with the Message-ID to look for in the provider's log or in the reader's
    mailbox. What SendGrid has told of them settles them first; with --events, its events take effect as if the webhook
    had brought them now: bounces, complaints and wishes to leave among them, of whatever mailing. Nothing is ever sent
    again unless you say so here.

    Example: newsletter mailings resolve 12 --sent --reader mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.mailing import resolving

    _insist(sent=sent, resend=resend, names=bool(reader) + everyone, has_events=events is not None)
    settings = wiring.load_settings()
    keys = wiring.keys_for(settings, "mailings resolve")
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        taken, proven = _settled_by_itself(store, found, events, keys)
        unsure = resolving.unsure_of(store, found, keys[0])
        chosen = resolving.those_named(unsure, reader) if reader else unsure
        if resend and chosen and not yes:
            readers = show.count(len(chosen), "reader")
            typer.confirm(f"Send it again to {readers}, who may have it already?", abort=True, err=True)
        settled = 0
        if sent or resend:
            settle = resolving.settle_as_sent if sent else resolving.send_again
            settled = settle(store, found, chosen, actor=wiring.actor(settings), now=datetime.now(UTC))
        left = resolving.unsure_of(store, found, keys[0])
    if as_json:
        counted = {"sent": settled if sent else 0, "resent": settled if resend else 0, "proven": proven}
        more = {"events": taken._asdict()} if taken else {}
        show.document({"mailing": found.id, **counted, **more, "unknown": [_row(one) for one in left]})
        return
    _tell_told(taken, proven)
    _tell(found.id, left, done=_done(settled, sent=sent, resend=resend), is_resent=resend and settled > 0)


def _settled_by_itself(
    store: "Store", mailing: "Mailing", events: Path | None, keys: "Sequence[bytes]"
) -> "tuple[Taken | None, int]":
    """What became of the events in the file, and how many deliveries are settled before anybody says a word."""
    from newsletter.mailing.recovering import recover_from_the_dead
    from newsletter.mailing.resolving import settle_by_what_was_told

    if mailing.status == "cancelled":
        # No `send` will come to settle what a dead sender held.
        recover_from_the_dead(store, mailing.id, now=datetime.now(UTC))
    taken = _take_in(events, store, keys) if events else None
    return taken, settle_by_what_was_told(store, mailing, now=lambda: datetime.now(UTC), tell=show.note)


def _take_in(events: Path, store: "Store", keys: "Sequence[bytes]") -> "Taken":
    """As the webhook does it; whoever may run this could write into the database as well, so nobody signs."""
    from newsletter.errors import Finding, InputError
    from newsletter.ingest import take_in
    from newsletter.providers.sendgrid.events import read_events

    try:
        content = events.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror})"
        raise InputError(Finding(message=message, fix="name a file of events", path=str(events))) from error
    read = read_events(content)
    taken = take_in(store, read.found, keys=keys, now=datetime.now(UTC))
    return taken._replace(passed_over=taken.passed_over + read.passed_over)


def _insist(*, sent: bool, resend: bool, names: int, has_events: bool) -> None:
    if has_events and (sent or resend or names):
        raise typer.BadParameter("--events says itself whom and what: leave the other options away")
    if sent and resend:
        raise typer.BadParameter("they have it, or they get it again: choose --sent or --resend")
    if (sent or resend) and names != 1:
        raise typer.BadParameter("say whom: --reader EMAIL, or --all")
    if names and not (sent or resend):
        raise typer.BadParameter("say what became of it: --sent or --resend")


def _done(settled: int, *, sent: bool, resend: bool) -> str:
    deliveries = show.count(settled, "delivery", "deliveries")
    if sent:
        return f"{deliveries} counted as accepted."
    return f"{deliveries} planned again." if resend else ""


def _tell_told(taken: "Taken | None", proven: int) -> None:
    if taken:
        kept = show.count(taken.kept, "event")
        show.line(f"{kept} taken in; {taken.known:,} known before, {taken.passed_over:,} not of our mail or of no use.")
    if taken or proven:
        show.line(f"{show.count(proven, 'delivery', 'deliveries')} settled by what SendGrid or a mail server reported.")


def _tell(mailing_id: int, left: "Sequence[Unsure]", *, done: str, is_resent: bool) -> None:
    if done:
        show.line(done)
    if left:
        rows = [(one.email, f"{one.since:%Y-%m-%d %H:%M UTC}", one.message_id) for one in left]
        show.table(["nobody is sure of", "since", "Message-ID"], rows)
    else:
        show.line(f"Nobody of mailing {mailing_id} is unsure.")
    if is_resent:
        show.next_step(f"newsletter send {mailing_id}")
    elif left:
        show.next_step(f"newsletter mailings resolve {mailing_id} --sent --reader {left[0].email}")
    else:
        show.next_step(f"newsletter report {mailing_id}")


def _row(one: "Unsure") -> dict[str, object]:
    return {
        "email": one.email,
        "delivery": one.delivery_id,
        "since": one.since.isoformat(),
        "message_id": one.message_id,
    }
