"""`worker`: sends what is due until it is told to stop."""

import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, outcome, show

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.mailing.sending import Terms
    from newsletter.settings import Settings, TransportName
    from newsletter.store import Store
    from newsletter.worker import Crew, Worker

_NAP = 0.2


def add_to(app: typer.Typer) -> None:
    app.command()(worker)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Look for work once, and end.")] = False,
    poll: Annotated[
        float, typer.Option("--poll", min=0.1, max=60, help="Seconds between two looks; on a server, one.")
    ] = 10,
    skip_link_check: options.SkipLinkCheck = False,
    result_mail: options.ResultMail = None,
) -> None:
    """
    Send scheduled mailings until told to stop.

    Also takes up mailings whose sender died, and deliveries that were put off. It logs one line for each mailing on
    standard error, and ends after the batch at hand when it gets SIGTERM or Ctrl-C. A mail tells those who
    answer for a mailing that it has come to its end, or was paused by itself. On PostgreSQL any number of workers may
    share the work, on any number of machines.

    Example: newsletter worker
    """
    from newsletter import wiring
    from newsletter.worker import Crew, Worker

    settings = wiring.load_settings()
    wiring.keys_for(settings, "worker")
    asked = [False]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.__setitem__(0, True))
    with wiring.load_store(settings) as store:
        kind = Crew if store.mailings.have_room_for_many else Worker
        works = kind(
            store=store,
            name=wiring.worker_name(),
            terms_for=lambda mailing: _terms(settings, mailing),
            log=_log,
            now=lambda: datetime.now(UTC),
            should_stop=lambda: asked[0],
            skip_link_check=skip_link_check,
            tell=lambda mailing: _mail_result(store, settings, mailing, result_mail),
        )
        try:
            if isinstance(works, Crew):
                _share(works, once=once)
            else:
                _look(works, poll, asked, once=once)
        finally:
            works.leave()


def _share(works: "Crew", *, once: bool) -> None:
    from newsletter.worker import Engine

    Engine(store=works.store, send=works.send, tend=works.tend, should_stop=works.should_stop, log=works.log).run(
        once=once
    )


def _look(works: "Worker", poll: float, asked: list[bool], *, once: bool) -> None:
    works.look()
    while not (once or asked[0]):
        _nap(poll, asked)
        works.look()


def _nap(seconds: float, asked: list[bool]) -> None:
    until = time.monotonic() + seconds
    while not asked[0] and time.monotonic() < until:
        time.sleep(min(_NAP, seconds))


def _log(said: str) -> None:
    show.note(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {said}")


def _mail_result(store: "Store", settings: "Settings", mailing: "Mailing", asked: bool | None) -> None:
    told = outcome.mail_result(store, settings, mailing.id, _transport_name(settings, mailing), asked=asked)
    if told.reached or told.missed:
        # No address, and what a provider says of one holds none.
        why = f" why={' '.join(told.missed[0][1].split())}" if told.missed else ""
        _log(f"mailing={mailing.id} result mailed={len(told.reached)} not={len(told.missed)}{why}")


def _terms(settings: "Settings", mailing: "Mailing") -> "Terms":
    from newsletter import wiring

    return wiring.terms_for(settings, _transport_name(settings, mailing), "worker")


def _transport_name(settings: "Settings", mailing: "Mailing") -> "TransportName":
    """The one that it was scheduled or begun with."""
    from newsletter.settings import TransportName

    return TransportName(mailing.transport) if mailing.transport else settings.transport
