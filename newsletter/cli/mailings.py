"""`mailings …` and `explain`: what is known of a mailing, and its life."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, resolving, show

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.mailing.retracting import Ended

app = typer.Typer(help="List and show mailings, pause, resume, retry or cancel one.", no_args_is_help=True)


def add_to(main: typer.Typer) -> None:
    main.command()(explain)
    resolving.add_to(app)
    main.add_typer(app, name="mailings")


@app.command("list")
def list_mailings(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """
    List mailings, the newest first.

    Use it to find the number of a mailing.

    Example: newsletter mailings list
    """
    from newsletter import wiring

    with wiring.load_store(wiring.load_settings()) as store:
        found = store.mailings.recent(limit)
    if as_json:
        show.document([_listed(mailing) for mailing in found])
        return
    rows = [
        (m.id, m.planned_at.strftime("%Y-%m-%d %H:%M UTC"), m.newsletter, m.slug, m.segment, status_of(m))
        for m in found
    ]
    show.table(["mailing", "planned", "newsletter", "issue", "segment", "status"], rows)
    show.next_step(f"newsletter mailings show {found[0].id}" if found else "newsletter plan ISSUE --segment SEGMENT")


def _listed(mailing: "Mailing") -> dict[str, Any]:
    return {
        "mailing": mailing.id,
        "newsletter": mailing.newsletter,
        "issue": mailing.slug,
        "segment": mailing.segment,
        "status": str(mailing.status),
        "planned_at": mailing.planned_at.isoformat(),
        "send_at": mailing.send_at and mailing.send_at.isoformat(),
        "pause_reason": mailing.pause_reason,
    }


@app.command("show")
def show_mailing(
    mailing: options.MailingName,
    readers: Annotated[bool, typer.Option("--readers", help="Also every reader by name, with the state.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Show one mailing: deliveries by state, and by name.

    Also who was left out, and whom nobody is sure of. Use it during and after a sending; the states add up to the plan.

    Example: newsletter mailings show 12
    """
    from newsletter import wiring
    from newsletter.report import report_on

    with wiring.load_store(wiring.load_settings()) as store:
        found = report_on(store.mailings, store.mailings.find(mailing).id)
        named = list(store.mailings.readers(found.mailing.id)) if readers else []
        skipped = list(store.mailings.skipped(found.mailing.id)) if readers else []
        acts = store.mailings.acts(found.mailing.id)
    if as_json:
        kept = [{"email": r.email, "name": r.name, "edition": r.edition_hash, "state": str(r.state)} for r in named]
        left_out = [{"email": r.email, "name": r.name, "reason": str(r.reason)} for r in skipped]
        done = [{"at": a.at.isoformat(), "by": a.actor, "act": a.action, "detail": a.detail} for a in acts]
        show.document(found.as_json() | {"acts": done} | ({"readers": kept, "left_out": left_out} if readers else {}))
        return
    show_report(found)
    told = [(f"{a.at:%Y-%m-%d %H:%M UTC}", a.actor, a.action, a.detail.get("reason", "")) for a in acts]
    show.table(["when", "who", "did", "why"], told)
    if readers:
        rows = [(r.email, r.name, r.state, r.edition_hash[:12]) for r in named]
        show.table(["reader", "name", "state", "edition"], rows)
        show.table(["left out", "name", "why"], skipped)


@app.command()
def proof(
    mailing: options.MailingName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The page to write: proof.html")],
) -> None:
    """
    Write a page of a planned mailing for its approver.

    As plan --proof does: each edition as it will look, every reader by name, findings, and what has changed since the
    last proof. Opens in any browser, without a network.

    Example: newsletter mailings proof 12 proof.html
    """
    from newsletter import wiring
    from newsletter.cli.approving import write_proof

    options.insist_page(file)
    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        write_proof(store, found, file, settings)
    show.next_step(f"newsletter approve {found.id}")


@app.command()
def cancel(mailing: options.MailingName, yes: options.Yes = False) -> None:
    """
    Cancel a mailing: what has not left never will.

    Use it to drop a draft, or to stop for good what `send` has begun. Mail that has left cannot be called back; what
    SendGrid still holds (NEWSLETTER_SENDGRID_EXACT) can.

    Example: newsletter mailings cancel 12
    """
    from newsletter import wiring
    from newsletter.mailing.retracting import cancel_mailing
    from newsletter.settings import TransportName
    from newsletter.wiring.transports import transport_for

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        if not yes:
            typer.confirm(f"Cancel mailing {found.id} ({found.slug})?", abort=True, err=True)
        name = TransportName(found.transport or settings.transport)
        ended = cancel_mailing(
            store,
            found,
            lambda: transport_for(settings, name),
            actor=wiring.actor(settings),
            now=datetime.now(UTC),
        )
        is_cancelled = store.mailings.find(found.id).status == "cancelled"
    withdrawn = show.count(ended.withdrawn, "delivery", "deliveries")
    show.line(
        f"Mailing {found.id} is cancelled; {withdrawn} withdrawn." if is_cancelled else f"Mailing {found.id} was sent."
    )
    _tell_held(found.id, ended)


def _tell_held(mailing_id: int, ended: "Ended") -> None:
    """Of mail that the provider had."""
    if ended.taken_back:
        show.line(f"{show.count(ended.taken_back, 'mail')} taken back: SendGrid discards what it held.")
    if ended.too_late:
        show.line(f"{show.count(ended.too_late, 'mail')} could not be taken back: the readers get it.")
    if ended.unsure:
        show.line(f"Nobody is sure of {show.count(ended.unsure, 'reader')}.")
        show.next_step(f"newsletter mailings resolve {mailing_id}")


def status_of(mailing: "Mailing") -> str:
    """With what must be known beside it: the time, or why it is paused."""
    if mailing.pause_reason:
        return f"{mailing.status} ({mailing.pause_reason})"
    if mailing.status == "scheduled":
        return f"{mailing.status} for {mailing.send_at:%Y-%m-%d %H:%M UTC}"
    return str(mailing.status)


def show_report(found: Any) -> None:
    """Counts, then by name everyone of whom something must be known."""
    mailing = found.mailing
    show.line(f"Mailing {mailing.id}: {mailing.title}, {mailing.slug}, to {mailing.segment}: {status_of(mailing)}\n")
    rows: list[tuple[object, ...]] = [(str(state), number) for state, number in found.deliveries.items() if number]
    show.table(["deliveries", "count"], [*rows, ("planned in all", found.planned)])
    if any(found.skipped.values()):
        show.table(["skipped", "count"], [(str(reason), n) for reason, n in found.skipped.items() if n])
    if found.unknown:
        show.table(
            ["nobody is sure of", "delivery", "since"],
            [(e, str(d), f"{at:%Y-%m-%d %H:%M UTC}") for e, d, at in found.unknown],
        )
    if found.refused:
        show.table(["refused", "what the provider said"], found.refused)
    if found.withdrawn:
        show.table(["withdrawn", "why"], found.withdrawn)


def explain(
    mailing: options.MailingName,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")],
    as_json: options.AsJson = False,
) -> None:
    """
    Say why a reader did or did not get a mailing.

    Also for each of its stories. Use it when somebody asks "why did I (not) get this?".

    Example: newsletter explain 12 mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.mailing.explaining import REASONS
    from newsletter.mailing.explaining import explain as explanation

    with wiring.load_store(wiring.load_settings()) as store:
        found = explanation(store, store.mailings.find(mailing), email, wiring.load_vocabulary())
    if as_json:
        show.document(found.as_json())
        return
    if not found.delivery:
        show.line(f"{found.email} was left out: {found.reason} ({_in_words(found.reason, REASONS)}).")
        return
    show.line(f"{found.email} is in the audience; the delivery is {found.delivery.state}.")
    if found.delivery.detail:
        show.line(f"The provider said: {found.delivery.detail}")
    if found.stories:
        show.table(
            ["story", "included", "why"],
            [(v.story.headline, "yes" if v.included else "no", v.why) for v in found.stories],
        )


def _in_words(reason: str, words: Any) -> str:
    return next((said for skip, said in words.items() if skip == reason), "came to the list after it was planned")
