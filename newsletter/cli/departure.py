"""A mailing leaves: the last checks, the last question, the hand-over, and what became of it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from newsletter.cli import outcome, show
from newsletter.cli.confirming import confirm_sending
from newsletter.cli.stopping import polite_interrupt

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.mailing.sending import Terms
    from newsletter.settings import Settings, TransportName
    from newsletter.store import Store


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What was said about how it is to leave."""

    settings: "Settings"
    name: "TransportName"
    terms: "Terms"
    skip_link_check: bool
    yes: bool
    as_json: bool
    result_mail: bool | None

    def leave(self, store: "Store", mailing: "Mailing", at: datetime | None = None) -> None:
        """Check and ask; then send it now, or leave it to a worker when a time is named."""
        from newsletter.report import report_on

        is_ready = self._insist(store, mailing, at)
        waiting = report_on(store.mailings, mailing.id).waiting
        has_work = is_ready and waiting > 0
        if has_work and not self.yes:
            self._ask(mailing, waiting, at)
        if has_work and at:
            actor = self.terms.actor
            store.mailings.schedule(mailing.id, at, transport=self.name, actor=actor, now=datetime.now(UTC))
            outcome.tell_schedule(store, mailing.id, at, as_json=self.as_json)
            return
        if has_work:
            self._hand_over(store, mailing, waiting)
        found = outcome.show_result(store, mailing.id, as_json=self.as_json)
        if has_work:
            outcome.show_told(outcome.mail_result(store, self.settings, mailing.id, self.name, asked=self.result_mail))
        outcome.go_on(store, found)

    def _insist(self, store: "Store", mailing: "Mailing", at: datetime | None) -> bool:
        """False when the mailing has been sent already; an error when it must not be sent."""
        from newsletter.delivery import MailingStatus
        from newsletter.mailing.approving import insist_approved
        from newsletter.mailing.sending import insist_on_a_way_out, insist_sendable
        from newsletter.report import report_on

        compiled = insist_sendable(store, mailing, at or datetime.now(UTC))
        if mailing.status is MailingStatus.SENT:
            show.note(f"Mailing {mailing.id} was sent already; nobody gets it again.")
            return False
        if self.terms.require_approval:
            insist_approved(store, mailing)
        if self.name != "outbox" and not self.skip_link_check:
            planned = report_on(store.mailings, mailing.id).planned
            insist_on_a_way_out(store, compiled, base_url=self.terms.base_url, readers=planned)
        return True

    def _ask(self, mailing: "Mailing", waiting: int, at: datetime | None) -> None:
        where = f"{self.settings.outbox}/ (nothing leaves this machine)" if self.name == "outbox" else self.name
        when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
        if mailing.status == "scheduled":
            show.note(f"Mailing {mailing.id} is scheduled for {mailing.send_at:%Y-%m-%d %H:%M} UTC.")
            when = when or " now"
        confirm_sending(f"Send {mailing.title} ({mailing.slug}){when} by {where}", waiting)

    def _hand_over(self, store: "Store", mailing: "Mailing", waiting: int) -> None:
        from newsletter.delivery import MailingStatus
        from newsletter.mailing.sending import INTERRUPTED

        actor = self.terms.actor
        if mailing.status is MailingStatus.PAUSED:
            mailing = store.mailings.resume(mailing.id, actor=actor, now=datetime.now(UTC))
        with polite_interrupt() as asked:
            _send(store, mailing, replace(self.terms, should_stop=lambda: asked[0]), waiting)
        status = store.mailings.find(mailing.id).status
        if asked[0] and status is MailingStatus.SENDING:
            # Else a worker would take it up as one whose sender died.
            store.mailings.pause(mailing.id, INTERRUPTED, actor=actor, now=datetime.now(UTC))
            show.note("Stopped as asked, and paused; what had not left is still planned.")
        elif status is MailingStatus.PAUSED:
            show.note(f"Mailing {mailing.id} was paused while it was sent; what had not left is still planned.")


def _send(store: "Store", mailing: "Mailing", terms: "Terms", waiting: int) -> None:
    """With a bar that says how fast it goes, and of how many readers something must be known already."""
    from time import monotonic

    from newsletter.delivery import Outcome
    from newsletter.mailing.sending import send_mailing

    outcomes: Counter[Outcome] = Counter()
    started = monotonic()
    with show.progress() as progress:
        bar = progress.add_task("sending", total=waiting, rate="")
        for batch in send_mailing(store, mailing, terms):
            outcomes += batch
            rate = f"{outcomes.total() / max(monotonic() - started, 0.001):.0f}/s"
            doubtful = f"{outcomes[Outcome.REFUSED]} refused, {outcomes[Outcome.UNKNOWN]} unknown"
            progress.update(bar, advance=batch.total(), rate=f"{rate}, {doubtful}")


def terms_with_rate(settings: "Settings", name: "TransportName", rate: str | None) -> "Terms":
    """
    :param rate: as it was typed; the one that is set, when absent
    """
    from pydantic_core import PydanticCustomError

    from newsletter import wiring
    from newsletter.settings import messages_per_second

    try:
        pace = messages_per_second(rate) if rate else None
    except PydanticCustomError as error:
        raise typer.BadParameter(f"{rate!r} is not a rate; write it as 500/hour") from error
    return wiring.terms_for(settings, name, "send", rate=pace)
