"""`send`: the command after which mail leaves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import ahead, options, show
from newsletter.cli.departure import Departure, terms_with_rate

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.mailing.planning import Order
    from newsletter.store import Store


def add_to(app: typer.Typer) -> None:
    app.command()(send)


def send(  # noqa: PLR0917 - a command has the options it has
    what: Annotated[str, typer.Argument(metavar="ISSUE|MAILING", help="An issue file, or a planned mailing.")],
    segment: Annotated[str | None, typer.Option("--segment", "-s", help="Who gets it, when an issue is named.")] = None,
    transport: options.TransportChoice = None,
    rate: Annotated[str | None, typer.Option("--rate", help="At most so many messages: 500/hour.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also to readers who hold this issue already.")] = False,
    skip_link_check: options.SkipLinkCheck = False,
    at: Annotated[str | None, typer.Option("--at", help="When a worker is to send it: '2026-12-01 07:30'.")] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="The zone of --at, as Europe/Berlin; the newsletter's when absent.")
    ] = None,
    result_mail: options.ResultMail = None,
    yes: options.Yes = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Send an issue, and account for every reader.

    Takes an issue file and a segment, or a planned mailing; shows the plan and asks. An interrupted sending goes on
    where it stopped when you run the same command again; nobody is mailed twice. Exits with 3 when some deliveries were
    refused, are unknown, or still wait. With --at it leaves later, when `newsletter worker` is running. At the end a
    mail tells the result to NEWSLETTER_RESULT_TO, and to the author and the approver when they are known by address.

    Example: newsletter send issues/china-2026-06-10.md --segment china --transport smtp
    """
    from newsletter import wiring

    settings = wiring.load_settings()
    wanted = _Wanted(what, segment, templates, again, wiring.actor(settings))
    wanted.insist()
    name = options.transport_name(settings, transport)
    departure = Departure(
        settings=settings,
        name=name,
        terms=terms_with_rate(settings, name, rate),
        skip_link_check=skip_link_check,
        yes=yes,
        as_json=as_json,
        result_mail=result_mail,
    )
    with wiring.load_store(settings) as store:
        mailing = _mailing(store, wanted, as_json=as_json)
        if mailing:
            departure.leave(store, mailing, _moment(mailing, at, zone) if at else None)


def _moment(mailing: "Mailing", at: str, zone: str | None) -> datetime:
    from newsletter import wiring
    from newsletter.mailing.moments import read_moment

    return read_moment(at, zone or wiring.zone_of(mailing.newsletter), datetime.now(UTC))


def _mailing(store: "Store", wanted: "_Wanted", *, as_json: bool) -> "Mailing | None":
    """The mailing that was named, taken up again, or planned now; None when nobody is left to get it."""
    from newsletter.cli.planning import plan_order, show_findings, show_planned
    from newsletter.mailing.planning import open_mailing

    if not wanted.is_file:
        return show_planned(store, store.mailings.find(wanted.what), as_json=as_json)
    order = wanted.order()
    show_findings(order.prepared, datetime.now(UTC))
    mailing = open_mailing(store, order)
    if mailing:
        show.note(f"Taking up mailing {mailing.id} again.\n")
        return show_planned(store, mailing, as_json=as_json)
    # Sent to nobody, the plan is the answer; else the report will be.
    mailing = plan_order(store, order, wanted.actor, as_json=False) if not as_json else _planned(store, order, wanted)
    if mailing is None:
        show.note("Nobody is left to get it, so nothing was sent.")
    return mailing


def _planned(store: "Store", order: "Order", wanted: "_Wanted") -> "Mailing | None":
    """Plan without a word; only when nobody is left, the plan is the document that was asked for."""
    from newsletter.mailing.outline import outline_of_plan
    from newsletter.mailing.planning import plan_mailing

    planned, mailing = plan_mailing(store, order, actor=wanted.actor, now=datetime.now(UTC))
    if mailing is None:
        show.document(outline_of_plan(planned).as_json())
    return mailing


@dataclass(frozen=True)
class _Wanted:
    """What the user named: an issue file with a segment, or a mailing."""

    what: str
    segment: str | None
    templates: Path | None
    again: bool
    actor: str

    @property
    def is_file(self) -> bool:
        return "." in self.what or "/" in self.what

    def insist(self) -> None:
        if self.is_file and not self.segment:
            raise typer.BadParameter("say who gets it with --segment, for example --segment everyone")
        if self.segment and not self.is_file:
            raise typer.BadParameter("a planned mailing has its segment; name an issue file, or leave --segment away")

    def order(self) -> "Order":
        ahead.start_press()
        from newsletter import wiring

        return wiring.order_for(Path(self.what), self.templates, self.segment or "", again=self.again)
