"""`send`: the command after which mail leaves."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import ahead, options, show
from newsletter.cli.confirming import confirm_sending, polite_interrupt
from newsletter.cli.options import transport_name

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.mailing.planning import Order
    from newsletter.mailing.sending import Terms
    from newsletter.settings import Settings, TransportName
    from newsletter.store import Store


def add_to(app: typer.Typer) -> None:
    app.command()(send)


def send(  # noqa: PLR0917 - a command has the options it has
    what: Annotated[str, typer.Argument(metavar="ISSUE|MAILING", help="An issue file, or a planned mailing.")],
    segment: Annotated[str | None, typer.Option("--segment", "-s", help="Who gets it, when an issue is named.")] = None,
    transport: options.TransportChoice = None,
    rate: Annotated[str | None, typer.Option("--rate", help="At most so many messages: 500/hour.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also to readers who hold this issue already.")] = False,
    skip_link_check: Annotated[
        bool, typer.Option("--skip-link-check", help="Send though nobody has checked that readers can unsubscribe.")
    ] = False,
    at: Annotated[str | None, typer.Option("--at", help="When a worker is to send it: '2026-12-01 07:30'.")] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="The zone of --at, as Europe/Berlin; the newsletter's when absent.")
    ] = None,
    yes: options.Yes = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Send an issue, and account for every reader.

    Takes an issue file and a segment, or a planned mailing; shows the plan and asks. An interrupted sending goes on
    where it stopped when you run the same command again; nobody is mailed twice. Exits with 3 when some deliveries were
    refused, are unknown, or still wait. With --at it leaves later, when `newsletter worker` is running.

    Example: newsletter send issues/china-2026-06-10.md --segment china --transport smtp
    """
    from newsletter import wiring
    from newsletter.report import report_on

    settings = wiring.load_settings()
    wanted = _Wanted(what, segment, templates, again, wiring.actor(settings))
    wanted.insist()
    name = transport_name(settings, transport)
    terms = _terms(settings, name, rate)
    with wiring.load_store(settings) as store:
        mailing = _mailing(store, wanted, as_json=as_json)
        if mailing is None:
            return
        moment = _moment(mailing, at, zone) if at else None
        ready = _insist(store, settings, mailing, name, at=moment, skip_link_check=skip_link_check)
        waiting = report_on(store.mailings, mailing.id).waiting
        if ready and waiting:
            if not yes:
                _ask(settings, name, waiting, mailing, moment)
            if moment:
                store.mailings.schedule(mailing.id, moment, transport=name, actor=wanted.actor, now=datetime.now(UTC))
                _tell_schedule(store, mailing.id, moment, as_json=as_json)
                return
            _hand_over(store, mailing, terms, waiting)
        _tell(store, mailing.id, as_json=as_json)


def send_planned(
    store: "Store",
    settings: "Settings",
    mailing: "Mailing",
    *,
    transport: str | None,
    skip_link_check: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show a mailing that is saved, ask, and send it now."""
    from newsletter.report import report_on

    name = transport_name(settings, transport)
    terms = _terms(settings, name, None)
    _shown(store, mailing, as_json=as_json)
    ready = _insist(store, settings, mailing, name, at=None, skip_link_check=skip_link_check)
    waiting = report_on(store.mailings, mailing.id).waiting
    if ready and waiting:
        if not yes:
            _ask(settings, name, waiting, mailing)
        _hand_over(store, mailing, terms, waiting)
    _tell(store, mailing.id, as_json=as_json)


def _moment(mailing: "Mailing", at: str, zone: str | None) -> datetime:
    from newsletter import wiring
    from newsletter.mailing.moments import read_moment

    return read_moment(at, zone or wiring.zone_of(mailing.newsletter), datetime.now(UTC))


def _tell_schedule(store: "Store", mailing_id: int, at: datetime, *, as_json: bool) -> None:
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


def _mailing(store: "Store", wanted: "_Wanted", *, as_json: bool) -> "Mailing | None":
    """The mailing that was named, taken up again, or planned now; None when nobody is left to get it."""
    from newsletter.cli.planning import plan_order, show_findings
    from newsletter.mailing.planning import open_mailing

    if not wanted.is_file:
        return _shown(store, store.mailings.find(wanted.what), as_json=as_json)
    order = wanted.order()
    show_findings(order.prepared, datetime.now(UTC))
    mailing = open_mailing(store, order)
    if mailing:
        show.note(f"Taking up mailing {mailing.id} again.\n")
        return _shown(store, mailing, as_json=as_json)
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


def _shown(store: "Store", mailing: "Mailing", *, as_json: bool) -> "Mailing":
    from newsletter.cli.planning import show_outline, show_readers
    from newsletter.mailing.outline import outline_of_mailing

    if not as_json:
        show_outline(outline_of_mailing(store, mailing))
        show_readers(store, mailing.id)
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


def _insist(
    store: "Store",
    settings: "Settings",
    mailing: "Mailing",
    name: "TransportName",
    *,
    at: datetime | None,
    skip_link_check: bool,
) -> bool:
    """False when the mailing has been sent already; an error when it must not be sent."""
    from newsletter.delivery import MailingStatus
    from newsletter.mailing.approving import insist_approved
    from newsletter.mailing.sending import insist_on_a_way_out, insist_sendable
    from newsletter.report import report_on
    from newsletter.settings import TransportName

    compiled = insist_sendable(store, mailing, at or datetime.now(UTC))
    if mailing.status is MailingStatus.SENT:
        show.note(f"Mailing {mailing.id} was sent already; nobody gets it again.")
        return False
    if settings.require_approval:
        insist_approved(store, mailing)
    if name is not TransportName.OUTBOX and not skip_link_check:
        planned = report_on(store.mailings, mailing.id).planned
        insist_on_a_way_out(store, compiled, base_url=settings.base_url or "", readers=planned)
    return True


def _ask(
    settings: "Settings", name: "TransportName", waiting: int, mailing: "Mailing", at: datetime | None = None
) -> None:
    where = f"{settings.outbox}/ (nothing leaves this machine)" if name == "outbox" else name
    when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
    if mailing.status == "scheduled":
        show.note(f"Mailing {mailing.id} is scheduled for {mailing.send_at:%Y-%m-%d %H:%M} UTC.")
        when = when or " now"
    confirm_sending(f"Send {mailing.title} ({mailing.slug}){when} by {where}", waiting)


def _terms(settings: "Settings", name: "TransportName", rate: str | None) -> "Terms":
    from pydantic_core import PydanticCustomError

    from newsletter import wiring
    from newsletter.settings import messages_per_second

    try:
        pace = messages_per_second(rate) if rate else None
    except PydanticCustomError as error:
        raise typer.BadParameter(f"{rate!r} is not a rate; write it as 500/hour") from error
    return wiring.terms_for(settings, name, "send", rate=pace)


def _hand_over(store: "Store", mailing: "Mailing", terms: "Terms", waiting: int) -> None:
    from dataclasses import replace
    from time import monotonic

    from newsletter.delivery import MailingStatus
    from newsletter.mailing.sending import INTERRUPTED, send_mailing

    now = datetime.now(UTC)
    if mailing.status is MailingStatus.PAUSED:
        mailing = store.mailings.resume(mailing.id, actor=terms.actor, now=now)
    outcomes: Counter[Any] = Counter()
    started = monotonic()
    with polite_interrupt() as asked, show.progress() as progress:
        bar = progress.add_task("sending", total=waiting, rate="")
        for batch in send_mailing(store, mailing, replace(terms, should_stop=lambda: asked[0])):
            outcomes += batch
            rate = f"{outcomes.total() / max(monotonic() - started, 0.001):.0f}/s"
            doubtful = f"{outcomes['refused']} refused, {outcomes['unknown']} unknown"
            progress.update(bar, advance=batch.total(), rate=f"{rate}, {doubtful}")
    status = store.mailings.find(mailing.id).status
    if asked[0] and status is MailingStatus.SENDING:
        # Else a worker would take it up as one whose sender died.
        store.mailings.pause(mailing.id, INTERRUPTED, actor=terms.actor, now=datetime.now(UTC))
        show.note("Stopped as asked, and paused; what had not left is still planned.")
    elif status is MailingStatus.PAUSED:
        show.note(f"Mailing {mailing.id} was paused while it was sent; what had not left is still planned.")


def _tell(store: "Store", mailing_id: int, *, as_json: bool) -> None:
    from newsletter.cli.mailings import show_report
    from newsletter.mailing.sending import INTERRUPTED
    from newsletter.report import report_on

    found = report_on(store.mailings, mailing_id)
    if as_json:
        show.document(found.as_json())
    else:
        show_report(found)
    if found.mailing.pause_reason and found.mailing.pause_reason != INTERRUPTED:
        show.next_step(f"newsletter mailings resume {mailing_id}")
    elif found.waiting:
        waiting = show.count(found.waiting, "waiting delivery", "waiting deliveries")
        due = store.mailings.next_due(mailing_id)
        when = f", from {due:%H:%M} UTC on" if due else ""
        show.next_step(f"newsletter send {mailing_id}  (takes up the {waiting}{when})")
    else:
        show.next_step(f"newsletter report {mailing_id}")
    if found.refused or found.unknown or found.waiting:
        raise typer.Exit(3)
