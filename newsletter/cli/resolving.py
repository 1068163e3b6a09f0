"""`mailings resolve`: what nobody is sure of."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.mailing.resolving import Unsure


def add_to(mailings: typer.Typer) -> None:
    mailings.command()(resolve)


def resolve(
    mailing: options.MailingName,
    sent: Annotated[bool, typer.Option("--sent", help="They have it: count them as accepted.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Send it again; who has it already gets it twice.")] = False,
    reader: Annotated[
        list[str] | None, typer.Option("--reader", metavar="EMAIL", help="Only this reader; may be repeated.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All of whom nobody is sure.")] = False,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Settle deliveries of which nobody knows whether they arrived.

    Without an option it lists them, each with the Message-ID to look for in the provider's log or in the reader's
    mailbox. Nothing is ever sent again unless you say so here.

    Example: newsletter mailings resolve 12 --sent --reader mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.mailing import resolving

    _insist(sent=sent, resend=resend, names=bool(reader) + everyone)
    settings = wiring.load_settings()
    keys = wiring.keys_for(settings, "mailings resolve")
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
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
        document = {"mailing": found.id, "sent": settled if sent else 0, "resent": settled if resend else 0}
        show.document(document | {"unknown": [_row(one) for one in left]})
        return
    _tell(found.id, left, done=_done(settled, sent=sent) if sent or resend else "", is_resent=resend and settled > 0)


def _insist(*, sent: bool, resend: bool, names: int) -> None:
    if sent and resend:
        raise typer.BadParameter("they have it, or they get it again: choose --sent or --resend")
    if (sent or resend) and names != 1:
        raise typer.BadParameter("say whom: --reader EMAIL, or --all")
    if names and not (sent or resend):
        raise typer.BadParameter("say what became of it: --sent or --resend")


def _done(settled: int, *, sent: bool) -> str:
    deliveries = show.count(settled, "delivery", "deliveries")
    return f"{deliveries} counted as accepted." if sent else f"{deliveries} planned again."


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
