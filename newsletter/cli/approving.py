"""`approve`, and the page that an approver looks at."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.approval import Approval, Outgoing
    from newsletter.delivery import Mailing
    from newsletter.settings import Settings
    from newsletter.store import Store

_SEEN = "The {} code of the proof page: refused when it is of another one."


def add_to(app: typer.Typer) -> None:
    app.command()(approve)


def approve(
    mailing: options.MailingName,
    note: Annotated[str, typer.Option("--note", help="A word of yours, kept with the approval.")] = "",
    content: Annotated[str | None, typer.Option("--content", metavar="CODE", help=_SEEN.format("content"))] = None,
    audience: Annotated[str | None, typer.Option("--audience", metavar="CODE", help=_SEEN.format("audience"))] = None,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Approve a planned mailing: this content, to these readers.

    Shows what would go out, asks, and writes down who approved it and when. An approval ends when anything that readers
    see changes or anybody is added; somebody who leaves meanwhile does not end it. With NEWSLETTER_REQUIRE_APPROVAL=yes
    nothing leaves without one, and whoever planned the mailing cannot give it.

    Example: newsletter approve 12 --content 3f9a-1c20-77be --audience 80d1-6a4e-92c3
    """
    from newsletter import wiring
    from newsletter.mailing.approving import Yes, insist_approvable, outgoing_of
    from newsletter.mailing.approving import approve as say_yes

    settings = wiring.load_settings()
    said = Yes(
        by=wiring.actor(settings),
        now=datetime.now(UTC),
        note=" ".join(note.split()),
        content=content,
        audience=audience,
    )
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        outgoing = outgoing_of(store, found)
        insist_approvable(found, outgoing, said, by_another=settings.require_approval)
        gone = store.approvals.departed(found.id, said.now)
        if not as_json:
            _show(store, found, outgoing)
        if not yes:
            _ask(store, found, said.by)
        given = say_yes(store, found, outgoing, said)
    if as_json:
        show.document(_told(found.id, given) | {"withdrawn": [one._asdict() for one in gone]})
        return
    show.line(f"{given.approved_by} approved mailing {found.id} on {given.approved_at:%Y-%m-%d at %H:%M} UTC.")
    _remind(settings, found, given)
    show.next_step(f"newsletter send {found.id}")


def _ask(store: "Store", mailing: "Mailing", actor: str) -> None:
    readers = show.count(sum(count for _, _, count in store.mailings.editions(mailing.id)), "reader")
    typer.confirm(f"Approve {mailing.title} ({mailing.slug}) for {readers}, as {actor}?", abort=True, err=True)


def _show(store: "Store", mailing: "Mailing", outgoing: "Outgoing") -> None:
    from newsletter.approval import code_of
    from newsletter.cli.planning import show_outline, show_readers
    from newsletter.mailing.outline import outline_of_mailing

    show_outline(outline_of_mailing(store, mailing))
    show_readers(store, mailing.id)
    planned = f"{mailing.planned_by}, {mailing.planned_at:%Y-%m-%d %H:%M} UTC"
    codes = (("content", code_of(outgoing.content_hash)), ("audience", code_of(outgoing.audience_hash)))
    show.table(["what is approved", ""], [("planned by", planned), *codes])
    findings = store.mailings.findings(mailing.id)
    if findings is None:
        show.note("Nobody wrote down what check said; newsletter check says it of the file.")
    for finding in findings or ():
        show.finding(finding)
    show_departed(store, mailing)


def show_departed(store: "Store", mailing: "Mailing") -> None:
    gone = store.approvals.departed(mailing.id, datetime.now(UTC))
    if gone:
        show.table(["does not get it after all", "name", "why"], gone)


def _remind(settings: "Settings", mailing: "Mailing", given: "Approval") -> None:
    from newsletter.approval import is_same_person

    if not settings.require_approval and is_same_person(given.approved_by, mailing.planned_by):
        show.note("You planned it yourself; NEWSLETTER_REQUIRE_APPROVAL=yes asks for somebody else.")


def _told(mailing_id: int, given: "Approval") -> dict[str, Any]:
    """The form that `approve --json` promises."""
    return {
        "mailing": mailing_id,
        "approved_by": given.approved_by,
        "approved_at": given.approved_at.isoformat(),
        "content_hash": given.content_hash,
        "audience_hash": given.audience_hash,
        "note": given.note,
    }


def write_proof(store: "Store", mailing: "Mailing", path: Path, settings: "Settings") -> None:
    """
    The page for an approver, whole or not at all.

    :raises InputError: it cannot be written
    """
    from newsletter import wiring
    from newsletter.mailing.building import write_whole
    from newsletter.mailing.proofing import proof_of
    from newsletter.web.proof import proof_page

    actor, now = wiring.actor(settings), datetime.now(UTC)
    sheet = proof_of(store, mailing, actor=actor, now=now, base_url=wiring.example_base_url())
    write_whole(path, proof_page(sheet).encode())
    store.proofs.note(mailing.id, actor=actor, now=now)
    show.note(f"The proof is in {path}. It names every reader: pass it on as you would pass on the list.")
