"""`check`, `build`, `schema`: an issue file and what it becomes."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import ahead, options, show

if TYPE_CHECKING:
    from newsletter.errors import Finding
    from newsletter.mailing.prepare import Prepared
    from newsletter.reader import Reading


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(build)
    app.command()(schema)


def check(
    issues: Annotated[
        list[Path] | None, typer.Argument(metavar="ISSUE...", help="Issue files (.md, .yaml or .json).")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make warnings errors.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Visit the links too; nothing else goes online.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="RULE", help="Say what a rule is about, and how to allow it.")
    ] = None,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Say what is wrong with an issue, and where.

    Names file, line, column, what to do, and the rule in brackets. Use it while you write, and before you plan; it
    sends nothing. Exits with 1 when there are errors.

    Example: newsletter check issues/china-2026-06-10.md
    """
    if explain is not None:
        return _explain(explain, as_json=as_json)
    if not issues:
        raise typer.BadParameter("name an issue file, or a rule with --explain", param_hint="ISSUE")
    ahead.start_press()
    found = _check_files(issues, templates, online=online)
    errors = sum(strict or finding.severity == "error" for finding in found)
    if as_json:
        show.document([finding.as_json() for finding in found])
    else:
        _tell_findings(found, len(issues), errors)
    if errors:
        raise typer.Exit(1)
    show.next_step(f"newsletter build {issues[0]} -o out")
    return None


def _tell_findings(found: "list[Finding]", files: int, errors: int) -> None:
    for finding in found:
        show.finding(finding)
    show.line(
        f"{show.count(files, 'file')}: {show.count(errors, 'error')}, {show.count(len(found) - errors, 'warning')}"
    )
    rule = next((finding.rule for finding in found if finding.rule.startswith("NL")), None)
    if rule:
        show.note(f"What a rule is about, and how to allow it: newsletter check --explain {rule}")


def _check_files(issues: list[Path], templates: Path | None, *, online: bool) -> "list[Finding]":
    found: list[tuple[list[Finding], Reading | None]] = [_check_file(path, templates) for path in issues]
    readings = [reading for _, reading in found if reading]
    visits = _visit(readings) if online else {}
    return [
        finding for said, reading in found for finding in (*said, *(visits.get(reading.path, ()) if reading else ()))
    ]


def _check_file(path: Path, templates: Path | None) -> "tuple[list[Finding], Reading | None]":
    from newsletter import wiring
    from newsletter.errors import IssueError, TemplateError

    try:
        prepared = wiring.prepare_issue(path, templates)
    except (IssueError, TemplateError) as error:
        return list(error.findings), None
    return list(prepared.findings), prepared.reading


def _visit(readings: "list[Reading]") -> "dict[str, list[Finding]]":
    """Findings about the links of each file, by its path."""
    from newsletter.checks import visit_findings
    from newsletter.mailing.visiting import urls_of, visited

    urls = urls_of(readings)
    came = []
    with show.progress() as progress:
        bar = progress.add_task("visiting links", total=len(urls), rate="")
        for one in visited(urls):
            came.append(one)
            progress.update(bar, advance=1)
    dead = {one.url: one.dead for one in came if one.dead}
    refused = {one.url: one.refused for one in came if one.refused}
    return {reading.path: visit_findings(reading, dead, refused) for reading in readings}


def _explain(wanted: str, *, as_json: bool) -> None:
    from newsletter.checks import explained

    rule = explained(wanted)
    if as_json:
        show.document(rule.as_json())
        return
    show.line(f"{rule.id}  {rule.title} ({rule.severity})\n")
    show.line(f"{rule.reason}\n")
    show.line("For example:\n")
    show.line("\n".join(f"    {line}" for line in rule.example.split("\n")))
    show.line(f"\nInstead: {rule.mend}")
    show.line(f"To allow it: {rule.how_to_allow()}")


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
