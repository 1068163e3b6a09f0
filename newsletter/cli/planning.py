"""`plan`: who gets an issue, who does not, and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.mailing.planning import Order
    from newsletter.plan import Plan
    from newsletter.store import Store


def add_to(app: typer.Typer) -> None:
    app.command()(plan)


def order_for(path: Path, templates: Path | None, segment: str, *, again: bool) -> "Order":
    """What was asked for, read and understood."""
    from newsletter import wiring
    from newsletter.cli.issues import prepare_issue
    from newsletter.mailing.planning import Order
    from newsletter.segment.grammar import parse_segment

    prepared = prepare_issue(path, templates)
    saved = wiring.load_segments(prepared.vocabulary)
    return Order(
        prepared=prepared,
        segment=segment,
        expression=parse_segment(segment, prepared.vocabulary, saved),
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
