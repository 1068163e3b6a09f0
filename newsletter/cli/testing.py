"""`test-send`: a mail to ourselves, before anybody else gets it."""

from typing import Annotated

import typer

from newsletter.cli import ahead, options, show


def add_to(app: typer.Typer) -> None:
    app.command("test-send")(send_test)


def send_test(
    issue: options.IssueFile,
    to: Annotated[list[str], typer.Option("--to", metavar="EMAIL", help="Where the test goes; may be repeated.")],
    reader: Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Show this reader's copy.")] = None,
    transport: options.TransportChoice = None,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Send a test of an issue to named addresses only.

    It is marked [Test], and its links do nothing. Use it to see the mail in a real mailbox before anybody else does.
    Nothing is written down.

    Example: newsletter test-send issues/china-2026-06-10.md --to me@example.com --transport smtp
    """
    ahead.start_press()
    from newsletter import foresight, wiring
    from newsletter.mailing.rehearsal import insist_edition
    from newsletter.mailing.rehearsal import send_test as rehearse

    prepared = wiring.prepare_issue(issue, templates)
    outgoing = foresight.transport_for_test(prepared, options.transport_name(wiring.load_settings(), transport))
    rehearsed = wiring.rehearsed_for(prepared, reader, None)
    receipts = list(
        rehearse(
            prepared.compiled,
            insist_edition(prepared.compiled, rehearsed, prepared.vocabulary),
            rehearsed,
            addresses=list(dict.fromkeys(to)),
            transport=outgoing,
            base_url=wiring.example_base_url(),
        )
    )
    for finding in prepared.findings:
        show.remark(finding)
    if as_json:
        show.document([{"email": e, "outcome": str(r.outcome), "detail": r.detail} for e, r in receipts])
    else:
        show.table(["address", "outcome", "detail"], [(e, r.outcome, r.detail) for e, r in receipts])
    if any(receipt.outcome != "accepted" for _, receipt in receipts):
        raise typer.Exit(3)
    show.next_step(f"newsletter plan {issue} --segment everyone")
