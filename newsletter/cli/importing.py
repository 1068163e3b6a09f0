"""`import`: from a text, a document or a mail to an issue file."""

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.importing import Imported, Wishes, Workspace

STANDARD = "-"


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_file)


def import_file(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE|-", help="Text, .docx, .html or .eml; - reads pasted text.")
    ] = None,
    *,
    feed: Annotated[
        str | None, typer.Option("--feed", metavar="URL|FILE", help="Draft a brief from a feed, or a list of feeds.")
    ] = None,
    since: Annotated[str, typer.Option("--since", help="With --feed: yesterday, '3 days', 2026-06-09.")] = "yesterday",
    kind: Annotated[str | None, typer.Option("--kind", help="team-update or daily-brief, when it is mistaken.")] = None,
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="The newsletter; the only one of its kind when absent.")
    ] = None,
    day: Annotated[str | None, typer.Option("--date", help="The issue's day, as 2026-06-10.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="The subject line.")] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The file to write; issues/SLUG.md when absent; - prints.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Turn a text, a document or a mail into an issue file.

    Use it for a note from Word, a pasted web page, or the text part of an issue of ours. What could not be placed, and
    what had to be guessed, is said with its line; nothing is left out in silence. With --feed it drafts a brief, whose
    TODO lines check refuses until they are written.

    Example: newsletter import note.docx --newsletter china-team
    """
    if (file is None) == (feed is None):
        raise typer.BadParameter("name a file, or a feed with --feed")
    if feed is not None and (kind or subject):
        raise typer.BadParameter("--kind and --subject are not for feeds: a draft is a brief with its lead headline")
    if as_json and output == STANDARD:
        raise typer.BadParameter("choose one of --json and -o -: both print")
    workspace = _workspace(templates)
    wishes = _wishes(kind, newsletter, day, subject, workspace)
    imported = _drafted(feed, since, wishes, workspace) if feed else _placed(str(file), wishes, workspace)
    if output == STANDARD:
        _tell(imported, STANDARD, as_json=False)
        typer.echo(imported.text, nl=False)
        return
    path = _write(imported, Path(output) if output else _folder() / f"{imported.slug}.md", force=force)
    _tell(imported, str(path), as_json=as_json)
    show.next_step(f"newsletter check {path}")


def _placed(file: str, wishes: "Wishes", workspace: "Workspace") -> "Imported":
    from newsletter.importing import import_source, read_source

    return import_source(read_source(_content(file), path=file), wishes, workspace)


def _drafted(feed: str, since: str, wishes: "Wishes", workspace: "Workspace") -> "Imported":
    from newsletter.fetching import fetch
    from newsletter.importing.following import Followed, follow

    content = fetch(feed) if "://" in feed else _content(feed)
    return follow(Followed(feed, content, since), wishes, workspace, fetch=fetch)


def _workspace(templates: Path | None) -> "Workspace":
    from datetime import UTC, datetime

    from newsletter import wiring
    from newsletter.importing import Workspace

    materials = wiring.load_materials(templates)
    return Workspace(templates=materials.templates, mastheads=materials.mastheads, now=datetime.now(UTC))


def _wishes(
    kind: str | None, newsletter: str | None, day: str | None, subject: str | None, workspace: "Workspace"
) -> "Wishes":
    from newsletter.importing import Wishes
    from newsletter.issue import Kind

    if kind is not None and kind not in list(Kind):
        raise typer.BadParameter(f"{kind!r} is neither team-update nor daily-brief")
    if newsletter is not None and newsletter not in workspace.mastheads:
        known = ", ".join(sorted(workspace.mastheads))
        raise typer.BadParameter(f"there is no newsletter {newsletter!r}; choose one of: {known}")
    if subject is not None and not subject.strip():
        raise typer.BadParameter("the subject is empty")
    words = " ".join(subject.split()) if subject else None
    return Wishes(kind=Kind(kind) if kind else None, newsletter=newsletter, day=_day(day), subject=words)


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise typer.BadParameter(f"{written!r} is not a day; write it as 2026-06-10") from None


def _content(file: str) -> bytes:
    """All of it, but not more than is taken."""
    from newsletter.errors import InputError
    from newsletter.importing import FILE_LIMIT, too_large

    if file == STANDARD:
        return sys.stdin.buffer.read(FILE_LIMIT + 1)
    path = Path(file)
    try:
        if path.is_dir():
            raise InputError(f"{file}: is a folder", fix="name the document in it")
        if path.stat().st_size > FILE_LIMIT:
            raise too_large(file, FILE_LIMIT)
        with path.open("rb") as opened:
            return opened.read(FILE_LIMIT + 1)
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such file", fix="check its name and where you stand") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise InputError(f"{file}: cannot be read ({reason})", fix="check its name and your rights") from None


def _folder() -> Path:
    folder = Path("issues")
    return folder if folder.is_dir() else Path()


def _write(imported: "Imported", path: Path, *, force: bool) -> Path:
    from newsletter.errors import InputError
    from newsletter.mailing.building import write_whole

    if path.exists() and not force:
        raise InputError(f"{path}: is there already", fix="name another with -o, or overwrite it with --force")
    write_whole(path, imported.text.encode())
    return path


def _tell(imported: "Imported", path: str, *, as_json: bool) -> None:
    for finding in imported.findings:
        show.finding(finding)
    report = imported.as_json(path)
    if as_json:
        show.document(report)
        return
    parts = "stories" if report["stories"] else "points"
    counted = show.count(report[parts], parts.removesuffix("s").replace("storie", "story"), parts)
    sections = show.count(report["sections"], "section")
    show.note(f"{imported.kind} for {imported.newsletter}, {report['date']}: {counted} in {sections}")
    if path != STANDARD:
        show.line(path)
