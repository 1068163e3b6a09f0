"""`check`, `build`, `schema`: an issue file and what it becomes."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import ahead, options, show

if TYPE_CHECKING:
    from newsletter.errors import Finding
    from newsletter.mailing.prepare import Prepared


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(build)
    app.command()(schema)


def check(
    issues: Annotated[list[Path], typer.Argument(metavar="ISSUE...", help="Issue files (.md, .yaml or .json).")],
    strict: Annotated[bool, typer.Option("--strict", help="Make warnings errors.")] = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Say what is wrong with an issue, and where.

    Names file, line, column and what to do. Use it while you write, and before you plan; it sends nothing. Exits
    with 1 when there are errors.

    Example: newsletter check issues/china-2026-06-10.md
    """
    ahead.start_press()
    from newsletter.errors import Severity

    found = [finding for path in issues for finding in _findings(path, templates)]
    errors = sum(strict or finding.severity is Severity.ERROR for finding in found)
    if as_json:
        show.document([finding.as_json() for finding in found])
    else:
        for finding in found:
            show.finding(finding)
        show.line(
            f"{show.count(len(issues), 'file')}: {show.count(errors, 'error')}, "
            f"{show.count(len(found) - errors, 'warning')}"
        )
    if errors:
        raise typer.Exit(1)
    show.next_step(f"newsletter build {issues[0]} -o out")


def _findings(path: Path, templates: Path | None) -> "list[Finding]":
    from newsletter import wiring
    from newsletter.errors import IssueError, TemplateError

    try:
        return list(wiring.prepare_issue(path, templates).findings)
    except (IssueError, TemplateError) as error:
        return list(error.findings)


def build(  # noqa: PLR0917 - a command has the options it has
    issue: options.IssueFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write into.")] = Path("out"),
    reader: Annotated[str | None, typer.Option("--for", metavar="EMAIL", help="As this reader gets it.")] = None,
    interests: Annotated[
        str | None, typer.Option("--interests", help="As a reader with these interests gets it: a,b")
    ] = None,
    all_editions: Annotated[
        bool, typer.Option("--all-editions", help="One of each distinct edition that --segment would get.")
    ] = False,
    segment: Annotated[
        str | None, typer.Option("--segment", "-s", help="Whose editions: an expression, or segment:NAME.")
    ] = None,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Write the HTML, text and mail of an issue into a folder.

    Needs no settings and no database; its links lead nowhere. The same file gives the same bytes every time. With
    --all-editions it asks the database who would get what, and writes each version that a plan would hold, named by
    the hash that plan shows.

    Example: newsletter build docs/examples/china-ai-brief.md -o out
    """
    ahead.start_press()
    from newsletter import wiring
    from newsletter.mailing.building import build_files

    if sum(map(bool, (reader, interests, all_editions))) > 1:
        raise typer.BadParameter("choose one of --for, --interests and --all-editions")
    if all_editions != bool(segment):
        raise typer.BadParameter("--all-editions and --segment belong together: --all-editions --segment everyone")
    prepared = wiring.prepare_issue(issue, templates)
    if segment:
        _build_editions(prepared, segment, output, as_json=as_json)
        show.next_step(f"newsletter plan {issue} --segment {shlex.quote(segment)}")
        return
    rehearsed = wiring.rehearsed_for(prepared, reader, interests)
    summary = build_files(prepared, rehearsed, output, base_url=wiring.example_base_url())
    _tell(prepared, summary, as_json=as_json)
    show.next_step(f"newsletter plan {issue} --segment everyone")


def _tell(prepared: "Prepared", summary: dict[str, Any], *, as_json: bool) -> None:
    for finding in prepared.findings:
        show.remark(finding)
    if as_json:
        show.document(summary)
        return
    for path in summary["files"]:
        show.line(path)
    show.note(
        f"\n{summary['slug']}: {show.count(summary['html_bytes'], 'byte')} of HTML, "
        f"{show.count(summary['text_characters'], 'character')} of text, content {summary['content_hash'][:12]}"
    )


def _build_editions(prepared: "Prepared", segment: str, output: Path, *, as_json: bool) -> None:
    from newsletter import foresight, wiring
    from newsletter.mailing.building import SHORT_HASH, build_editions

    outline = foresight.foreseen(prepared, segment)
    summary = build_editions(prepared, outline, output, base_url=wiring.example_base_url())
    for finding in prepared.findings:
        show.remark(finding)
    if as_json:
        show.document(summary)
        return
    rows = [
        (edition["hash"][:SHORT_HASH], len(edition["stories"]), edition["readers"], edition["subject"], name)
        for edition in summary["editions"]
        for name in edition["files"][:1]
    ]
    if rows:
        show.table(["edition", "stories", "readers", "subject", "HTML"], rows)
    skipped = sum(summary["skipped"].values())
    show.note(
        f"{summary['slug']}: {show.count(len(rows), 'edition')} for {show.count(summary['planned'], 'reader')}; "
        f"{show.count(skipped, 'reader')} of the newsletter skipped. Text and mail lie beside the HTML; "
        f"{summary['files'][0]} lists them all."
    )


def schema(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="team-update or daily-brief.")] = None,
    front_matter: Annotated[
        bool, typer.Option("--front-matter", help="Of the fields above a Markdown body only.")
    ] = False,
) -> None:
    """
    Print the JSON Schema of an issue file.

    An editor that knows it completes and checks the fields while you write; the files that new writes name it already.
    Without a kind, the schema covers both.

    Example: newsletter schema daily-brief > daily-brief.schema.json
    """
    from newsletter.issue import Kind
    from newsletter.starting import schema_of

    if kind is not None and kind not in list(Kind):
        raise typer.BadParameter(f"{kind!r} is neither team-update nor daily-brief")
    show.document(schema_of(Kind(kind) if kind else None, front_matter=front_matter))
