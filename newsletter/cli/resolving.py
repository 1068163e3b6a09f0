"""`mailings resolve`: what nobody is sure of."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.delivery import Mailing
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
    mailbox. SendGrid's own events settle those that they speak of. Nothing is ever sent again unless you say so here.

    Example: newsletter mailings resolve 12 --sent --reader mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.mailing import resolving
    from newsletter.mailing.recovering import recover_from_the_dead

    _insist(sent=sent, resend=resend, names=bool(reader) + everyone, has_events=events is not None)
    settings = wiring.load_settings()
    keys = wiring.keys_for(settings, "mailings resolve")
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        if found.status == "cancelled":
            # No `send` will come to settle what a dead sender held.
            recover_from_the_dead(store, found.id, now=datetime.now(UTC))
        unsure = resolving.unsure_of(store, found, keys[0])
        chosen = resolving.those_named(unsure, reader) if reader else unsure
        if resend and chosen and not yes:
            readers = show.count(len(chosen), "reader")
            typer.confirm(f"Send it again to {readers}, who may have it already?", abort=True, err=True)
        settled = _settled_by(events, store, found, keys, wiring.actor(settings)) if events else 0
        if sent or resend:
            settle = resolving.settle_as_sent if sent else resolving.send_again
            settled = settle(store, found, chosen, actor=wiring.actor(settings), now=datetime.now(UTC))
        left = resolving.unsure_of(store, found, keys[0])
    if as_json:
        document = {"mailing": found.id, "sent": settled if sent else 0, "resent": settled if resend else 0}
        document |= {"proven": settled} if events else {}
        show.document(document | {"unknown": [_row(one) for one in left]})
        return
    done = _done(settled, sent=sent, resend=resend) if sent or resend or events else ""
    _tell(found.id, left, done=done, is_resent=resend and settled > 0)


def _settled_by(events: Path, store: "Store", mailing: "Mailing", keys: "Sequence[bytes]", actor: str) -> int:
    from newsletter.errors import Finding, InputError
    from newsletter.mailing.proving import settle_by_events
    from newsletter.providers.sendgrid.events import read_events

    try:
        content = events.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror})"
        raise InputError(Finding(message=message, fix="name a file of events", path=str(events))) from error
    found = read_events(content).found
    return settle_by_events(store, mailing, found, keys=keys, actor=actor, now=datetime.now(UTC))


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
    return f"{deliveries} planned again." if resend else f"{deliveries} settled by what SendGrid reported."


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
