"""Options that several commands share, so that they read the same everywhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from newsletter.settings import Settings, TransportName


def complete_tag(incomplete: str) -> "list[tuple[str, str]]":
    """Slugs that begin so, each with its English name; nothing where the vocabulary cannot be read."""
    from newsletter import wiring
    from newsletter.errors import NewsletterError

    try:
        tags = wiring.load_vocabulary().tags.values()
    except NewsletterError:
        return []
    return [(t.slug, t.names["en"]) for t in tags if t.slug.startswith(incomplete.lower()) and not t.replaced_by]


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
IssueFile = Annotated[Path, typer.Argument(metavar="ISSUE", help="The issue file (.md, .yaml or .json).")]
TagName = Annotated[
    str,
    typer.Argument(metavar="TAG", help="By any of its names.", autocompletion=complete_tag),
]
TagNames = Annotated[
    list[str],
    typer.Argument(
        metavar="TAG...", help="Tags of the vocabulary, by any of their names.", autocompletion=complete_tag
    ),
]
Lines = Annotated[
    typer.FileText | None,
    typer.Argument(
        metavar="FILE|-", encoding="utf-8", errors="replace", help="One name per line; - reads standard input."
    ),
]
Templates = Annotated[
    Path | None,
    typer.Option("--templates", help="The templates folder; ./templates, else the shipped one, when absent."),
]
MailingName = Annotated[str, typer.Argument(metavar="MAILING", help="The mailing's number, or its issue's slug.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")]
Newsletter = Annotated[
    str, typer.Option("--newsletter", "-n", help="The newsletter, as in templates/newsletters.yaml.")
]
SegmentRule = Annotated[
    str,
    typer.Option("--segment", "-s", help="Who gets it: an expression such as 'china and not crypto', or segment:NAME."),
]
ProofFile = Annotated[
    Path | None, typer.Option("--proof", metavar="FILE", help="Write a page for whoever approves it: proof.html")
]
SkipLinkCheck = Annotated[
    bool, typer.Option("--skip-link-check", help="Send though nobody has checked that readers can unsubscribe.")
]
ResultMail = Annotated[
    bool | None,
    typer.Option(
        "--result-mail/--no-result-mail", help="Mail the result to those who answer for it; when absent: not by outbox."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
TransportChoice = Annotated[
    str | None,
    typer.Option("--transport", help="outbox, smtp or sendgrid; NEWSLETTER_TRANSPORT, else outbox, when absent."),
]


def insist_page(path: Path | None) -> None:
    """Before anything is planned: nobody opens a page that has another name."""
    if path and path.suffix.lower() not in {".html", ".htm"}:
        raise typer.BadParameter(f"{path} is to be a page; end its name in .html")


def transport_name(settings: "Settings", chosen: str | None) -> "TransportName":
    """The transport that was named, else the one that is set."""
    from newsletter.settings import TransportName

    try:
        return TransportName(chosen) if chosen else settings.transport
    except ValueError:
        raise typer.BadParameter(f"{chosen!r} is not a transport; choose outbox, smtp or sendgrid") from None
