"""`archive …`: where readers find what was sent, what stands in it, and the same as files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.masthead import Masthead
    from newsletter.settings import Settings

app = typer.Typer(help="Show what was sent: where it is, what stands in it, as files.", no_args_is_help=True)


@app.command()
def link(
    newsletter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="As in templates/newsletters.yaml.")],
) -> None:
    """
    Print where the archive of a newsletter is.

    The link to a shared archive opens it to whoever has it: pass it on as you would pass on the mails.

    Example: newsletter archive link china-team
    """
    from newsletter import wiring
    from newsletter.errors import SettingsError
    from newsletter.wiring.archives import archive_url

    settings = wiring.load_settings()
    masthead = _insist_archive(wiring.insist_newsletter(wiring.load_materials(), newsletter))
    if not settings.base_url:
        raise SettingsError(
            "NEWSLETTER_BASE_URL is missing, so no page is served anywhere",
            fix="set it, or write files: newsletter archive export DIR",
        )
    wiring.keys_for(settings, "archive link")
    address = archive_url(settings, masthead)
    show.line(address)
    show.note(f"It is {masthead.archive}, and served by newsletter serve. The feed: {address}/feed.xml")


@app.command()
def hide(mailing: options.MailingName) -> None:
    """
    Take an issue out of the archive.

    Its page, its line in the list and its entry in the feed go, whichever of its mailings you name. A mailing that has
    not left yet may be named, too: then it never comes in. What others have copied stays where it is.

    Example: newsletter archive hide 12
    """
    found, settings = _noted(mailing, is_hidden=True)
    show.line(f"{found.slug} is out of the archive of {found.newsletter}.")
    _remind(settings)
    show.next_step(f"newsletter archive show {found.id}  (takes it in again)")


@app.command("show")
def show_again(mailing: options.MailingName) -> None:
    """
    Take an issue into the archive again.

    Example: newsletter archive show 12
    """
    found, settings = _noted(mailing, is_hidden=False)
    show.line(f"{found.slug} is in the archive of {found.newsletter}, as soon as it was sent.")
    _remind(settings)


def _noted(ref: str, *, is_hidden: bool) -> "tuple[Mailing, Settings]":
    from newsletter import wiring

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        found = store.mailings.find(ref)
        note = store.archive.hide if is_hidden else store.archive.show
        note(found.id, actor=wiring.actor(settings), now=datetime.now(UTC))
    return found, settings


def _remind(settings: "Settings") -> None:
    if settings.base_url:
        show.note("Pages that newsletter serve answers with follow at once; browsers may keep one for five minutes.")
    show.note("Files that were exported follow with the next newsletter archive export.")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Each newsletter gets a folder in it.")],
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="Only this one; all that have an archive when absent.")
    ] = None,
) -> None:
    """
    Write the archive as files, for any web server.

    One page an issue, a list, and a feed; they open from a disk, too. Export again into the same folder after each
    mailing: pages of issues that were taken out are deleted there, and other files are left alone.

    Example: newsletter archive export site
    """
    from newsletter import wiring
    from newsletter.errors import RefusedError
    from newsletter.masthead import Archiving
    from newsletter.web.archive.exporting import export_archive
    from newsletter.web.archive.shelf import Shelf

    materials = wiring.load_materials()
    if newsletter:
        wanted = [_insist_archive(wiring.insist_newsletter(materials, newsletter))]
    else:
        wanted = [one for one in materials.mastheads.values() if one.archive is not Archiving.OFF]
    if not wanted:
        raise RefusedError(
            "no newsletter has an archive", fix="write 'archive: public' or 'archive: shared' in newsletters.yaml"
        )
    with wiring.load_store(wiring.load_settings()) as store:
        for masthead in wanted:
            issues, gone = export_archive(Shelf(store, masthead), folder / masthead.name)
            left = f"; {show.count(gone, 'page')} taken away" if gone else ""
            show.line(f"{folder / masthead.name / 'index.html'}: {show.count(issues, 'issue')}{left}")


def _insist_archive(masthead: "Masthead") -> "Masthead":
    from newsletter.errors import RefusedError

    if masthead.archive == "off":
        fix = "write 'archive: public' or 'archive: shared' below it in templates/newsletters.yaml"
        raise RefusedError(f"{masthead.name} has no archive", fix=fix)
    return masthead
