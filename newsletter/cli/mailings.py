"""`plan`, `send`, `test-send`, `report`, `explain` and `mailings …`: a mailing's life."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.mailing.planning import Order
    from newsletter.plan import Plan
    from newsletter.store import Store

app = typer.Typer(help="List and show mailings, and cancel one.", no_args_is_help=True)


def add_to(main: typer.Typer) -> None:
    from newsletter.cli import sending

    main.command()(plan)
    sending.add_to(main)
    main.command()(report)
    main.command()(explain)
    main.add_typer(app, name="mailings")


def order_for(path: Path, templates: Path | None, segment: str, *, again: bool) -> "Order":
    """What was asked for, read and understood."""
    from newsletter import wiring
    from newsletter.cli.issues import prepare_issue
    from newsletter.mailing.planning import Order
    from newsletter.segment import parse_segment

    vocabulary = wiring.load_vocabulary()
    return Order(
        prepared=prepare_issue(path, templates),
        vocabulary=vocabulary,
        segment=segment,
        expression=parse_segment(segment, vocabulary, wiring.load_segments(vocabulary)),
        again=again,
    )


def plan(
    issue: options.IssueFile,
    segment: options.SegmentRule,
    again: Annotated[bool, typer.Option("--again", help="Also to readers who hold this issue already.")] = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Name who gets an issue and who does not, and why.

    Saves the mailing as a draft; nothing leaves. What is saved is what will be sent, even if the file changes
    afterwards.

    Example: newsletter plan issues/china-2026-06-10.md --segment 'china and not crypto'
    """
    from newsletter import wiring
    from newsletter.mailing.planning import plan_mailing

    settings = wiring.load_settings()
    order = order_for(issue, templates, segment, again=again)
    with wiring.load_store(settings) as store:
        planned, mailing = plan_mailing(store, order, actor=wiring.actor(settings), now=datetime.now(UTC))
        form = plan_form(planned, mailing.id if mailing else None, mailing.audience_hash if mailing else None)
        if as_json:
            show.document(form)
        else:
            show_plan(planned)
            if mailing:
                show_readers(store, mailing.id)
    if mailing:
        show.next_step(f"newsletter send {mailing.id}")
    else:
        show.note("Nobody is left to get it, so nothing was saved.")


def plan_form(planned: "Plan", mailing: int | None, audience_hash: str | None) -> dict[str, Any]:
    """The form that `plan --json` promises."""
    from collections import Counter

    readers = Counter(delivery.edition_hash for delivery in planned.deliveries)
    return {
        "mailing": mailing,
        "issue": planned.compiled.letterhead.slug,
        "newsletter": planned.compiled.letterhead.newsletter,
        "segment": planned.segment,
        "content_hash": planned.content_hash,
        "audience_hash": audience_hash,
        "planned": len(planned.deliveries),
        "skipped": dict(Counter(str(skip.reason) for skip in planned.skips)),
        "editions": [
            {"hash": e.hash, "subject": e.subject, "stories": list(e.stories), "readers": readers[e.hash]}
            for e in planned.editions
        ],
    }


def show_plan(planned: "Plan") -> None:
    """Counts first, so that a wrong number is seen at once."""
    from collections import Counter

    from newsletter.mailing.explaining import REASONS

    head = planned.compiled.letterhead
    show.line(f"{head.title}: {head.slug}, from {head.sender.name} <{head.sender.address}>, to {planned.segment}\n")
    skips = Counter(skip.reason for skip in planned.skips)
    rows = [("gets it", len(planned.deliveries), "")]
    rows += [(f"skipped: {reason}", number, REASONS[reason]) for reason, number in sorted(skips.items())]
    show.table(["reader", "count", "why"], rows)
    readers = Counter(delivery.edition_hash for delivery in planned.deliveries)
    if planned.editions:
        show.table(
            ["edition", "subject", "stories", "readers"],
            [(e.hash[:12], e.subject, len(e.stories), readers[e.hash]) for e in planned.editions],
        )


#: above this, names are for `mailings show --readers`
_NAMES_SHOWN = 30


def show_readers(store: "Store", mailing_id: int) -> None:
    """By name while the list can be read at a glance: one wrong name is what must be seen."""
    from itertools import islice

    rows = list(islice(store.mailings.readers(mailing_id), _NAMES_SHOWN + 1))
    show.table(["address", "name", "edition"], [(r.email, r.name, r.edition_hash[:12]) for r in rows[:_NAMES_SHOWN]])
    if len(rows) > _NAMES_SHOWN:
        show.note(f"… and more; all of them: newsletter mailings show {mailing_id} --readers")


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
        keys = ("id", "newsletter", "slug", "segment")
        show.document(
            [
                {k: getattr(m, k) for k in keys} | {"status": m.status, "planned_at": m.planned_at.isoformat()}
                for m in found
            ]
        )
        return
    rows = [
        (m.id, m.planned_at.strftime("%Y-%m-%d %H:%M UTC"), m.newsletter, m.slug, m.segment, m.status) for m in found
    ]
    show.table(["mailing", "planned", "newsletter", "issue", "segment", "status"], rows)
    show.next_step(f"newsletter mailings show {found[0].id}" if found else "newsletter plan ISSUE --segment SEGMENT")


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
    if as_json:
        rows = [{"email": r.email, "name": r.name, "edition": r.edition_hash, "state": str(r.state)} for r in named]
        show.document(found.as_json() | ({"readers": rows} if readers else {}))
        return
    show_report(found)
    if readers:
        show.table(
            ["address", "name", "edition", "state"], [(r.email, r.name, r.edition_hash[:12], r.state) for r in named]
        )


@app.command()
def cancel(mailing: options.MailingName, yes: options.Yes = False) -> None:
    """
    Cancel a mailing: what has not left never will.

    Use it to drop a draft, or to stop for good what `send` has begun. Mail that has left cannot be called back.

    Example: newsletter mailings cancel 12
    """
    from newsletter import wiring
    from newsletter.delivery import DeliveryState

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        if not yes:
            typer.confirm(f"Cancel mailing {found.id} ({found.slug})?", abort=True, err=True)
        store.mailings.cancel(found.id, actor=wiring.actor(settings), now=datetime.now(UTC))
        withdrawn = store.mailings.counts(found.id)[DeliveryState.WITHDRAWN]
    show.line(f"Mailing {found.id} is cancelled; {show.count(withdrawn, 'delivery', 'deliveries')} withdrawn.")


def report(mailing: options.MailingName, as_json: options.AsJson = False) -> None:
    """
    Say what became of a mailing.

    Counts accepted, refused, unknown, withdrawn and skipped, and names whom you must know of. Use it after a sending.

    Example: newsletter report china-2026-06-10
    """
    show_mailing(mailing, readers=False, as_json=as_json)


def show_report(found: Any) -> None:
    """Counts, then by name everyone of whom something must be known."""
    mailing = found.mailing
    show.line(f"Mailing {mailing.id}: {mailing.title}, {mailing.slug}, to {mailing.segment}: {mailing.status}\n")
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
