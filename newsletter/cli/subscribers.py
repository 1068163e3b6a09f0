"""`subscribers …`: readers, their interests and their consent."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.roster import ImportResult
    from newsletter.subscriber import Consent, Subscriber

app = typer.Typer(help="Take readers in, look them up, let them go.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")]
ConsentBasis = Annotated[
    str | None, typer.Option("--consent-basis", help="How consent was given, for rows that do not say.")
]
ConsentOn = Annotated[str | None, typer.Option("--consent-on", help="When consent was given: 2026-03-01.")]


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A table with a column for the address.")],
    newsletter: options.Newsletter,
    update: Annotated[bool, typer.Option("--update", help="Overwrite what is known with what the file says.")] = False,
    consent_basis: ConsentBasis = None,
    consent_on: ConsentOn = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Take the readers of a CSV file into a newsletter.

    Nothing known is overwritten without --update.

    Columns: email, name, salutation, language, interests (parted by ; or |), company, manager, zone, status,
    consent_basis, consent_on. Rows without a consent come in as pending and get no mail. Bad rows are reported by
    line and kept in FILE.rejects.csv.

    Example: newsletter subscribers import readers.csv --newsletter china-team --consent-basis contract
    --consent-on 2026-03-01
    """
    from newsletter import wiring
    from newsletter.roster import Intake, import_readers

    settings = wiring.load_settings()
    materials = wiring.load_materials()
    wiring.insist_newsletter(materials, newsletter)
    intake = Intake(
        newsletter=newsletter,
        vocabulary=materials.vocabulary,
        update=update,
        consent=_consent(consent_basis, consent_on),
        dry_run=dry_run,
    )
    with wiring.load_store(settings) as store:
        result = import_readers(store, file, intake, actor=wiring.actor(settings), now=datetime.now(UTC))
    if as_json:
        show.document(result.as_json())
    else:
        _show_import(result, dry_run=dry_run)
    show.next_step(f"newsletter subscribers list --newsletter {newsletter}")


def _consent(basis: str | None, on: str | None) -> "Consent | None":
    from newsletter.subscriber import Consent

    if not basis and not on:
        return None
    if not basis or not on:
        raise typer.BadParameter("a consent needs both --consent-basis and --consent-on")
    try:
        return Consent(basis=basis, on=date.fromisoformat(on))
    except ValueError:
        raise typer.BadParameter(f"{on!r} is not a date; write it as 2026-03-01") from None


def _show_import(result: "ImportResult", *, dry_run: bool) -> None:
    for warning in result.warnings:
        show.finding(warning)
    for reject in result.rejects:
        show.finding(reject)
    rows = [(name.replace("_", " "), number) for name, number in result.as_json().items() if isinstance(number, int)]
    show.table(["readers", "count"], rows, title="Dry run: nothing was changed" if dry_run else None)
    if result.pending:
        show.note(
            f"{show.count(result.pending, 'reader')} came in as pending: without a consent basis and date they get "
            "no mail. Add both columns, or --consent-basis and --consent-on, and import again with --update."
        )
    if result.rejects_file:
        show.note(f"The rejected rows are in {result.rejects_file}; mend them there and import that file.")


@app.command("list")
def list_readers(
    newsletter: options.Newsletter,
    segment: Annotated[str | None, typer.Option("--segment", "-s", help="Only those in this segment.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """
    List the readers of a newsletter, or those in a segment.

    Use it to look a list over before you plan.

    Example: newsletter subscribers list --newsletter china-team --segment 'china and not crypto'
    """
    from newsletter import wiring

    found = wiring.readers_in(newsletter, segment)
    if as_json:
        show.document([reader_form(reader) for reader in found])
        return
    rows = [(r.email, r.name, r.language, ", ".join(sorted(r.interests)), _standing(r)) for r in found]
    show.table(["address", "name", "language", "interests", "status"], rows)
    show.note(show.count(len(rows), "reader"))


def reader_form(reader: "Subscriber") -> dict[str, Any]:
    return {
        "email": reader.email,
        "newsletter": reader.newsletter,
        "name": reader.name,
        "salutation": reader.salutation,
        "language": reader.language,
        "company": reader.company,
        "manager": reader.manager,
        "zone": reader.zone,
        "status": str(reader.status),
        "suppressed_for": reader.suppressed_for and str(reader.suppressed_for),
        "interests": sorted(reader.interests),
        "consent_basis": reader.consent and reader.consent.basis,
        "consent_on": reader.consent and reader.consent.on.isoformat(),
        "joined_at": reader.joined_at.isoformat(),
    }


def _standing(reader: "Subscriber") -> str:
    return f"{reader.status}, suppressed: {reader.suppressed_for}" if reader.suppressed_for else str(reader.status)


@app.command("show")
def show_reader(email: Email, as_json: options.AsJson = False) -> None:
    """
    Show everything held on one reader.

    Use it when a reader asks what is known about them.

    Example: newsletter subscribers show mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.roster import find_everywhere

    with wiring.load_store(wiring.load_settings()) as store:
        found = find_everywhere(store, email)
    if as_json:
        show.document([reader_form(reader) for reader in found])
        return
    for reader in found:
        show.table(["what", "is"], [(name, _cell(value)) for name, value in reader_form(reader).items() if value])


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


@app.command()
def add(  # noqa: PLR0917 - a command has the options it has
    email: Email,
    newsletter: options.Newsletter,
    name: Annotated[str | None, typer.Option("--name", help="As in the To line.")] = None,
    salutation: Annotated[str | None, typer.Option("--salutation", help="As in the greeting: 'Ms Chen'.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="en or zh-Hans.")] = None,
    interests: Annotated[str | None, typer.Option("--interests", help="Tags, parted by commas.")] = None,
    consent_basis: ConsentBasis = None,
    consent_on: ConsentOn = None,
) -> None:
    """
    Add one reader to a newsletter.

    Without a consent the reader is pending and gets no mail.

    Example: newsletter subscribers add mei.chen@example.com --newsletter china-team --name 'Chen Mei'
    --consent-basis 'asked by mail' --consent-on 2026-03-01
    """
    from newsletter import wiring
    from newsletter.roster import add_reader

    settings = wiring.load_settings()
    materials = wiring.load_materials()
    wiring.insist_newsletter(materials, newsletter)
    with wiring.load_store(settings) as store:
        reader = add_reader(
            store,
            {"email": email, "name": name, "salutation": salutation, "language": language, "interests": interests},
            newsletter=newsletter,
            vocabulary=materials.vocabulary,
            consent=_consent(consent_basis, consent_on),
            actor=wiring.actor(settings),
            now=datetime.now(UTC),
        )
    show.line(f"{reader.email} reads {newsletter}: {reader.status}.")
    show.next_step(f"newsletter subscribers show {reader.email}")


@app.command()
def tag(email: Email, tags: options.TagNames, newsletter: options.Newsletter) -> None:
    """
    Give a reader interests.

    Any name or alias of a tag will do.

    Example: newsletter subscribers tag mei.chen@example.com 'AI governance' crypto --newsletter china-team
    """
    _change_interests(email, tags, newsletter, adding=True)


@app.command()
def untag(email: Email, tags: options.TagNames, newsletter: options.Newsletter) -> None:
    """
    Take interests from a reader.

    A reader without any interest gets every story.

    Example: newsletter subscribers untag mei.chen@example.com crypto --newsletter china-team
    """
    _change_interests(email, tags, newsletter, adding=False)


def _change_interests(email: str, tags: list[str], newsletter: str, *, adding: bool) -> None:
    from newsletter import wiring
    from newsletter.roster import change_interests, find_reader

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        reader = change_interests(
            store,
            find_reader(store, email, newsletter),
            tags,
            vocabulary=wiring.load_vocabulary(),
            adding=adding,
            actor=wiring.actor(settings),
            now=datetime.now(UTC),
        )
    show.line(f"{reader.email} follows: {', '.join(sorted(reader.interests)) or 'everything (no interests)'}")


@app.command()
def unsubscribe(
    email: Email,
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="Only this one; all when absent.")
    ] = None,
) -> None:
    """
    Unsubscribe a reader, at once and for good.

    Use it when somebody asks by mail or telephone. Deliveries that wait are withdrawn before they leave.

    Example: newsletter subscribers unsubscribe mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.roster import unsubscribe as leave

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        left = leave(store, email, newsletter=newsletter, actor=wiring.actor(settings), now=datetime.now(UTC))
    show.line(f"{email} no longer gets: {', '.join(left)}")
