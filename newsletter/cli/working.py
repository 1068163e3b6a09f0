"""`worker`: sends what is due until it is told to stop."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter import __version__
from newsletter.cli import options, outcome, show

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.logline import Log
    from newsletter.mailing.sending import Terms
    from newsletter.metering import Meter
    from newsletter.settings import Settings, TransportName
    from newsletter.store import Store
    from newsletter.worker import Crew, Worker

_NAP = 0.2
_PORTS = 65_535


def add_to(app: typer.Typer) -> None:
    app.command()(worker)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Look for work once, and end.")] = False,
    poll: Annotated[
        float, typer.Option("--poll", min=0.1, max=60, help="Seconds between two looks; on a server, one.")
    ] = 10,
    skip_link_check: options.SkipLinkCheck = False,
    result_mail: options.ResultMail = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics",
            metavar="[HOST:]PORT",
            help="Show figures for Prometheus there; without a host, to this machine.",
        ),
    ] = None,
) -> None:
    """
    Send scheduled mailings until told to stop.

    Also takes up mailings whose sender died, and deliveries that were put off. It logs one line for each mailing on
    standard error, in logfmt and without addresses, and ends after the batch at hand when it gets SIGTERM or Ctrl-C.
    A mail tells those who answer for a mailing that it has come to its end, or was paused by itself. On PostgreSQL any
    number of workers may share the work, on any number of machines.

    Example: newsletter worker
    """
    from newsletter import wiring
    from newsletter.metering import MeasuredMailings, Meter
    from newsletter.worker import Crew, Worker

    settings, name, meter = wiring.load_settings(), wiring.worker_name(), Meter()
    wiring.keys_for(settings, "worker")
    asked = [False]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.__setitem__(0, True))
    log: Log = partial(_log, worker=name)
    with _shown(meter, metrics, log), wiring.load_store(settings) as store:
        store.measured(lambda database: MeasuredMailings(database, meter), missed=meter.missed)
        kind = Crew if store.mailings.have_room_for_many else Worker
        works = kind(
            store=store,
            name=name,
            meter=meter,
            terms_for=lambda mailing: _terms(settings, mailing),
            log=log,
            now=lambda: datetime.now(UTC),
            should_stop=lambda: asked[0],
            skip_link_check=skip_link_check,
            tell=lambda mailing: _mail_result(store, settings, mailing, log, asked=result_mail),
        )
        log("began", version=__version__)
        try:
            if isinstance(works, Crew):
                _share(works, once=once)
            else:
                _look(works, poll, asked, once=once)
        finally:
            works.leave()
            log("stopped")


@contextmanager
def _shown(meter: "Meter", where: str | None, log: "Log") -> Iterator[None]:
    """Figures, to whoever may ask at that address."""
    from newsletter.metering import shown_at

    if where is None:
        yield
        return
    host, port = _place(where)
    with shown_at(meter, host, port) as answered:
        log("shows", metrics=f"http://{f'[{host}]' if ':' in host else host}:{answered}/metrics")
        yield


def _place(where: str) -> tuple[str, int]:
    """A port alone is for this machine: nobody else is told by mistake."""
    host, _, port = where.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _PORTS or where.startswith(":"):
        raise typer.BadParameter(f"{where!r} is not an address; write it as 127.0.0.1:9108", param_hint="--metrics")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


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


def _log(event: str, /, **values: object) -> None:
    from newsletter.logline import log_line

    show.note(log_line(datetime.now(UTC), event, **values))


def _mail_result(store: "Store", settings: "Settings", mailing: "Mailing", log: "Log", *, asked: bool | None) -> None:
    told = outcome.mail_result(store, settings, mailing.id, _transport_name(settings, mailing), asked=asked)
    if told.reached or told.missed:
        why = " ".join(told.missed[0][1].split()) if told.missed else None
        log("told", mailing=mailing.id, mailed=len(told.reached), missed=len(told.missed), why=why)


def _terms(settings: "Settings", mailing: "Mailing") -> "Terms":
    from newsletter import wiring

    return wiring.terms_for(settings, _transport_name(settings, mailing), "worker")


def _transport_name(settings: "Settings", mailing: "Mailing") -> "TransportName":
    """The one that it was scheduled or begun with."""
    from newsletter.settings import TransportName

    return TransportName(mailing.transport) if mailing.transport else settings.transport
