"""`subscribers import` and `export`: lists of readers as files."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.roster import ImportResult, Table
    from newsletter.subscriber import Consent

ConsentBasis = Annotated[
    str | None, typer.Option("--consent-basis", help="How consent was given, for rows that do not say.")
]
ConsentOn = Annotated[str | None, typer.Option("--consent-on", help="When consent was given: 2026-03-01.")]
#: more of them fill the screen; the file of rejects has all
_SHOWN = 40
#: what nobody wonders about when it is none is not shown
_ALWAYS = ("read", "added", "updated", "unchanged", "rejected")


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_file)
    app.command("export")(export_file)


def import_file(  # noqa: PLR0917 - a command has the options it has
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, TSV or XLSX file; - for standard input.")],
    newsletter: options.Newsletter,
    update: Annotated[
        bool, typer.Option("--update", help="Let the file overwrite what is known; interests are added.")
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave readers as they are who are on the list already.")
    ] = False,
    replace_interests: Annotated[
        bool, typer.Option("--replace-interests", help="Let the interests in the file take the place of those known.")
    ] = False,
    consent_basis: ConsentBasis = None,
    consent_on: ConsentOn = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=HEADING", help="What a column means: email='Work address'. Repeat it."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="When the file's is not recognised: gb18030, windows-1252, …")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask about the columns, and take in any number of readers.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Take the readers of a file into a newsletter.

    Shows first how it reads the file and its columns. More than 50 new readers are only counted, until you say --yes.
    Readers who are on the list already stay as they are, unless you say --update; nobody who said no comes back.

    Columns: email, name (or first_name and last_name), salutation, language, interests (parted by ; or |), company,
    manager, zone, status, consent_basis, consent_on, consent_wording, cross_border. Rows without a consent come in as
    pending and get no mail. Bad rows are reported by line and kept in FILE.rejects.csv.

    Example: newsletter subscribers import readers.csv --newsletter china-team --consent-basis contract
    --consent-on 2026-03-01
    """
    from newsletter import wiring
    from newsletter.roster import MOST_UNASKED, Intake, import_table, open_table
    from newsletter.store.deciding import Overlap

    if skip_existing and (update or replace_interests):
        raise typer.BadParameter("--skip-existing changes nobody; leave it away, or the others")
    settings = wiring.load_settings()
    materials = wiring.load_materials()
    wiring.insist_newsletter(materials, newsletter)
    intake = Intake(
        newsletter=newsletter,
        vocabulary=materials.vocabulary,
        overlap=Overlap(update=update, replace_interests=replace_interests),
        consent=consent_of(consent_basis, consent_on),
        dry_run=dry_run,
        most_new=None if yes else MOST_UNASKED,
    )
    with open_table(file, chosen=_chosen(column or []), encoding=encoding) as table:
        _show_columns(table)
        if not (yes or dry_run):
            _confirm_columns(table)
        with wiring.load_store(settings) as store, show.progress() as bars:
            bar, started = bars.add_task("reading", total=table.size, rate=""), time.monotonic()

            def progress(rows: int) -> None:
                rate = f"{rows / max(time.monotonic() - started, 0.001):,.0f}/s"
                bars.update(bar, completed=rows, rate=rate)

            actor = wiring.actor(settings)
            result = import_table(store, table, intake, actor=actor, now=datetime.now(UTC), progress=progress)
    if as_json:
        show.document(result.as_json())
    else:
        _show_import(result, changes=update or replace_interests, skip_existing=skip_existing)
    _show_next(result, newsletter, dry_run=dry_run)


def consent_of(basis: str | None, on: str | None) -> "Consent | None":
    from newsletter.subscriber import Consent

    if not basis and not on:
        return None
    if not basis or not on:
        raise typer.BadParameter("a consent needs both --consent-basis and --consent-on")
    try:
        return Consent(basis=basis, on=date.fromisoformat(on))
    except ValueError:
        raise typer.BadParameter(f"{on!r} is not a date; write it as 2026-03-01") from None


def _chosen(columns: list[str]) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    if not all(field and heading for field, _, heading in pairs):
        raise typer.BadParameter("write a column as FIELD=HEADING: email='Work address'", param_hint="--column")
    return {field.strip(): heading for field, _, heading in pairs}


def _show_columns(table: "Table") -> None:
    from newsletter.columns import width

    show.note(f"{table.path}: {table.form}")
    headed = [column for column in table.columns if column.heading]
    widest = max(width(column.heading) for column in headed)
    for column in headed:
        meaning = f"{column.field} ({column.how})" if column.field else f"({column.how})"
        show.note(f"  {column.heading}{' ' * (widest - width(column.heading))}  {meaning}")


def _confirm_columns(table: "Table") -> None:
    """
    :raises RefusedError: a column was guessed, and nobody sits in front of the terminal to look at it
    """
    from newsletter.errors import RefusedError

    if sys.stdin.isatty():
        typer.confirm("Read the columns like this?", default=True, abort=True, err=True)
        return
    guessed = [column for column in table.columns if column.how == "guessed"]
    if guessed:
        raise RefusedError(
            f"column {guessed[0].heading!r} is only guessed to be the {guessed[0].field}; nothing was imported",
            fix=f"say --yes if that is right, or name it: --column {guessed[0].field}='{guessed[0].heading}'",
        )


def _show_import(result: "ImportResult", *, changes: bool, skip_existing: bool) -> None:
    _show_findings(result)
    counts = result.counts().items()
    rows = [(name.replace("_", " "), number) for name, number in counts if number or name in _ALWAYS]
    show.table(["readers", "count"], rows, title=None if result.written else "Dry run: nothing was changed")
    if result.unchanged and not (changes or skip_existing):
        show.note(
            f"{show.count(result.unchanged, 'reader')} on the list already stayed as they were; --update takes over "
            "what the file says."
        )
    if result.kept_away:
        show.note(f"{show.count(result.kept_away, 'reader')} said no before, and get no mail whatever the list says.")
    if result.pending:
        show.note(
            f"{show.count(result.pending, 'reader')} came in as pending: without a consent basis and date they get "
            "no mail, and go after 30 days. Add both columns, or --consent-basis and --consent-on, and import again "
            "with --update."
        )
    if result.rejects_file:
        show.note(f"The rejected rows are in {result.rejects_file}; mend them there and import that file.")


def _show_findings(result: "ImportResult") -> None:
    for warning in result.warnings[:_SHOWN]:
        # Which columns are not read was shown before.
        if warning.rule != "unread-columns":
            show.finding(warning)
    for reject in result.rejects[:_SHOWN]:
        show.finding(reject)
    if result.rejected > _SHOWN:
        show.note(f"… and {result.rejected - _SHOWN:,} more rows that cannot be read")


def _show_next(result: "ImportResult", newsletter: str, *, dry_run: bool) -> None:
    if result.written:
        show.next_step(f"newsletter subscribers list --newsletter {newsletter}")
    elif dry_run:
        show.next_step("the same without --dry-run")
    else:
        show.note(
            f"{show.count(result.added, 'new reader')}: more than anybody adds by accident, so nothing was written."
        )
        show.next_step("look at the counts, then say the same with --yes")


def export_file(
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="The newsletter, as in templates/newsletters.yaml.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", "-s", help="Only those in this segment.")] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="ADDRESS", help="Everything held on one reader, as JSON.")
    ] = None,
) -> None:
    """
    Write readers as CSV, or all on one person as JSON.

    An import reads the CSV back as it was. No cell of it is a formula to a spreadsheet.

    Example: newsletter subscribers export --newsletter china-team -o readers.csv
    Example: newsletter subscribers export --person mei.chen@example.com
    """
    if (newsletter is None) == (person is None):
        raise typer.BadParameter("say --newsletter for a list, or --person for one reader")
    if person:
        _export_person(person, output)
    else:
        _export_list(newsletter or "", segment, output)


def _export_person(address: str, output: Path | None) -> None:
    import json

    from newsletter import wiring
    from newsletter.roster import everything_on

    with wiring.load_store(wiring.load_settings()) as store:
        held = everything_on(store, address)
    if output is None:
        show.document(held)
        return
    with _written(output, mark=False) as file:
        file.write(json.dumps(held, ensure_ascii=False, indent=2) + "\n")
    show.note(f"Everything held on {address} is in {output}.")


def _export_list(newsletter: str, segment: str | None, output: Path | None) -> None:
    if output is None:
        # A CSV has line ends of its own, and a name that the terminal's encoding lacks must not stop it.
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as file:
            count = _write_list(newsletter, segment, file)
        show.note(show.count(count, "reader"))
        return
    with _written(output, mark=True) as file:
        count = _write_list(newsletter, segment, file)
    show.note(
        f"{show.count(count, 'reader')} of {newsletter} are in {output}. It holds addresses: keep it to yourself."
    )


def _write_list(newsletter: str, segment: str | None, file: IO[str]) -> int:
    from newsletter import wiring
    from newsletter.roster import export_readers

    wiring.insist_newsletter(wiring.load_materials(), newsletter)
    rule = wiring.segment_for(newsletter, segment) if segment else None
    with wiring.load_store(wiring.load_settings()) as store:
        return export_readers(store, newsletter, store.readers.stream(newsletter, rule), file)


@contextmanager
def _written(place: Path, *, mark: bool) -> Iterator[IO[str]]:
    from newsletter.errors import Finding, InputError
    from newsletter.roster.writing import private_file

    try:
        with private_file(place, mark=mark) as file:
            yield file
    except OSError as error:
        message = f"cannot be written ({error.strerror})"
        raise InputError(Finding(message=message, fix="check the name and the folder", path=str(place))) from error
