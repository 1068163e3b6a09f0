"""`bounces read`: mails that came back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newsletter.ingest.mailbox import Read
    from newsletter.ingest.sources import Mail

app = typer.Typer(help="Mails that came back.", no_args_is_help=True)
_STANDARD_INPUT = "-"
#: of those that were not understood
_MOST_NAMED = 20


@app.callback()
def _bounces() -> None:
    """Mails that came back."""


@app.command()
def read(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A Maildir, an mbox, a mail, or - for a mail piped in.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what they come to, and change nothing.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Take in bounces, complaints and wishes to leave, by mail.

    A mail counts only when it came to an address that we gave for one delivery (NEWSLETTER_BOUNCE_ADDRESS), or when its
    subject names the link by which a reader leaves; anybody can write the rest. A mailbox that does not exist is
    suppressed at once, a full one after three issues in 15 days, others after five issues in 30 days; whoever complains
    is never mailed again. Notes that somebody is away change nothing. Reading the same mail again changes nothing.

    Example: newsletter bounces read ~/Maildir
    """
    from datetime import UTC, datetime

    from newsletter import wiring
    from newsletter.ingest import apply_waiting
    from newsletter.ingest.mailbox import read_mails
    from newsletter.ingest.sources import mails_in, mails_of

    settings = wiring.load_settings()
    keys = wiring.keys_for(settings, "bounces read")
    mails = mails_of(sys.stdin.buffer, "standard input") if source == _STANDARD_INPUT else mails_in(Path(source))
    with wiring.load_store(settings) as store:
        found = read_mails(store, _counted(mails), keys=keys, now=datetime.now(UTC), is_rehearsal=dry_run)
        applied = 0 if dry_run else apply_waiting(store, lambda: datetime.now(UTC), tell=show.note)
    if as_json:
        show.document(_document(found, applied))
    else:
        _tell(found, is_rehearsal=dry_run)


def _counted(mails: "Iterable[Mail]") -> "Iterator[Mail]":
    """How many were read, on a terminal; how many there are, only their end shows."""
    with show.progress() as bars:
        task = bars.add_task("reading", total=None, rate="")
        for mail in mails:
            yield mail
            bars.advance(task)


def _document(found: "Read", applied: int) -> dict[str, object]:
    from newsletter.ingest.mails import Verdict

    counted = {str(verdict).replace("-", "_"): found.verdicts[verdict] for verdict in Verdict}
    return {"read": found.verdicts.total(), **counted, "applied": applied, "files": found.not_understood}


def _tell(found: "Read", *, is_rehearsal: bool) -> None:
    from newsletter.ingest.mails import Verdict

    mails = show.count(found.verdicts.total(), "mail")
    show.line(f"{mails} read; nothing was changed." if is_rehearsal else f"{mails} read.")
    rows = [(str(verdict), found.verdicts[verdict]) for verdict in Verdict if found.verdicts[verdict]]
    if rows:
        show.table(["what they are", "mails"], rows)
    for name in found.not_understood[:_MOST_NAMED]:
        show.note(f"not understood: {name}")
    left = len(found.not_understood) - _MOST_NAMED
    if left > 0:
        show.note(f"and {left} more")
    if found.verdicts[Verdict.WITHOUT_TOKEN]:
        show.note("Without a token of ours, nothing shows that a mail is about our mail: docs/operator.md says how.")
    show.next_step("newsletter report MAILING")
