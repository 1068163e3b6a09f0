"""`plan`: who gets an issue, who does not, and why."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import ahead, options, show

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.mailing.outline import Outline
    from newsletter.mailing.planning import Order
    from newsletter.mailing.prepare import Prepared
    from newsletter.store import Store


def add_to(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    issue: options.IssueFile,
    segment: options.SegmentRule,
    again: Annotated[bool, typer.Option("--again", help="Also to readers who hold this issue already.")] = False,
    proof: options.ProofFile = None,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Name who gets an issue and who does not, and why.

    Saves the mailing as a draft; nothing leaves. What is saved is what will be sent, even if the file changes
    afterwards. With --proof it also writes one page for whoever is to approve it: each edition as it will look, every
    reader by name, and what has changed since the last proof.

    Example: newsletter plan issues/china-2026-06-10.md --segment 'china and not crypto'
    """
    options.insist_page(proof)
    ahead.start_press()
    from newsletter import wiring
    from newsletter.cli.approving import write_proof

    settings = wiring.load_settings()
    order = wiring.order_for(issue, templates, segment, again=again)
    show_findings(order.prepared, datetime.now(UTC))
    with wiring.load_store(settings) as store:
        mailing = plan_order(store, order, wiring.actor(settings), as_json=as_json)
        if mailing and proof:
            write_proof(store, mailing, proof, settings)
    if mailing:
        show.next_step(f"newsletter send {mailing.id}")
    else:
        show.note("Nobody is left to get it, so nothing was saved.")


def plan_order(store: "Store", order: "Order", actor: str, *, as_json: bool) -> "Mailing | None":
    """Plan, and show what came out; None when nobody is left to get it."""
    from newsletter.mailing.outline import outline_of_mailing, outline_of_plan
    from newsletter.mailing.planning import plan_mailing

    planned, mailing = plan_mailing(store, order, actor=actor, now=datetime.now(UTC))
    outline = outline_of_mailing(store, mailing) if mailing else outline_of_plan(planned)
    if as_json:
        show.document(outline.as_json())
    else:
        show_outline(outline)
        if mailing:
            show_readers(store, mailing.id)
    return mailing


def show_planned(store: "Store", mailing: "Mailing", *, as_json: bool) -> "Mailing":
    """One that is saved already; with --json, its report will be the one document."""
    from newsletter.mailing.outline import outline_of_mailing

    if not as_json:
        show_outline(outline_of_mailing(store, mailing))
        show_readers(store, mailing.id)
    return mailing


def show_findings(prepared: "Prepared", now: datetime) -> None:
    from newsletter.mailing.planning import last_findings

    for finding in last_findings(prepared, now):
        if finding.severity != "error":
            show.finding(finding)


def show_outline(outline: "Outline") -> None:
    """Counts first, so that a wrong number is seen at once."""
    from newsletter.mailing.explaining import REASONS

    head = outline.letterhead
    show.line(f"{head.title}: {head.slug}, from {head.sender.name} <{head.sender.address}>, to {outline.segment}\n")
    rows = [("gets it", outline.planned, _about_interests(outline))]
    rows += [(f"skipped: {reason}", number, REASONS[reason]) for reason, number in sorted(outline.skipped.items())]
    show.table(["reader", "count", "why"], rows)
    if outline.editions:
        show.table(
            ["edition", "subject", "stories", "readers"],
            [(e.hash[:12], e.subject, len(e.stories), readers) for e, readers in outline.editions],
        )


def _about_interests(outline: "Outline") -> str:
    has_stories = any(edition.stories for edition, _ in outline.editions)
    if not (outline.without_interests and has_stories):
        return ""
    return f"{outline.without_interests:,} without interests, who get every story"


#: above this, names are for `mailings show --readers`
_NAMES_SHOWN = 30


def show_readers(store: "Store", mailing_id: int) -> None:
    """By name while the list can be read at a glance: one wrong name is what must be seen."""
    from itertools import islice

    from newsletter.subscriber import Skip

    kept = list(islice(store.mailings.readers(mailing_id), _NAMES_SHOWN + 1))
    # Who is outside the segment was not asked for; whoever else is left out may be missed.
    missed = (r for r in store.mailings.skipped(mailing_id) if r.reason is not Skip.NOT_IN_SEGMENT)
    left_out = list(islice(missed, _NAMES_SHOWN + 1))
    show.table(["gets it", "name", "edition"], [(r.email, r.name, r.edition_hash[:12]) for r in kept[:_NAMES_SHOWN]])
    if left_out:
        show.table(["does not", "name", "why"], left_out[:_NAMES_SHOWN])
    if max(len(kept), len(left_out)) > _NAMES_SHOWN:
        show.note(f"… and more; all of them: newsletter mailings show {mailing_id} --readers")
