"""`tags check`, `merge`, `add`: the vocabulary kept in order."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.tags.merging import Change
    from newsletter.tending import Merged
    from newsletter.tending.examining import Examination

#: more names than this are no help in a sentence
_NAMED = 12
_SHOWN = 60


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(merge)
    app.command()(add)


def check(
    issues: Annotated[
        list[Path] | None, typer.Argument(metavar="[ISSUE...]", help="Issues whose stories are held against readers.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make warnings errors.")] = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Say what is wrong with the vocabulary, and who follows it.

    Finds words at two tags, words of two tags that look like one, interests that lead nowhere, offered tags that
    nobody follows and, given issues, stories that nobody would get. Exits with 1 when there are errors.

    Example: newsletter tags check issues/china-2026-06-10.md
    """
    from newsletter import foresight, wiring
    from newsletter.reader import read_issue
    from newsletter.tending import is_english
    from newsletter.tending.examining import examine
    from newsletter.wiring.vocabulary import store_if_any
    from newsletter.workspace import vocabulary_file

    materials = wiring.load_materials(templates)
    readings = [read_issue(path, materials.mastheads) for path in issues or []]
    if readings:
        foresight.insist_store()
    with store_if_any() as store:
        found = examine(materials.vocabulary, store, readings, path=str(vocabulary_file().name), is_word=is_english)
    errors = sum(strict or finding.severity == "error" for finding in found.findings)
    if as_json:
        show.document(_examination_form(found))
    else:
        _show_examination(found, errors)
    if errors:
        raise typer.Exit(1)


def _examination_form(found: "Examination") -> dict[str, Any]:
    return {
        "findings": [finding.as_json() for finding in found.findings],
        "tags": [
            {"slug": one.slug, "offered": one.offered, "readers": one.itself, "by_wider": one.wider}
            for one in found.followed
        ],
        "stories": [
            {
                "path": one.path,
                "line": one.line,
                "headline": one.headline,
                "tags": list(one.tags),
                "followers": one.followers,
                "readers": one.readers,
            }
            for one in found.stories
        ],
    }


def _show_examination(found: "Examination", errors: int) -> None:
    for finding in found.findings:
        show.finding(finding)
    if found.stories:
        rows = [
            (one.line, one.headline[:_SHOWN], ", ".join(one.tags) or "none", one.followers, one.readers)
            for one in found.stories
        ]
        show.table(["line", "story", "tags", "follow one", "would get it"], rows)
    offered = [one for one in found.followed if one.offered]
    if found.has_readers:
        lonely = [one.slug for one in offered if not one.itself]
        named = ", ".join(lonely[:_NAMED]) + (f" and {len(lonely) - _NAMED} more" if len(lonely) > _NAMED else "")
        show.line(
            f"Offered, and chosen by nobody ({len(lonely)}): {named}" if lonely else "Every offered tag is followed."
        )
    warnings = len(found.findings) - errors
    show.line(
        f"{show.count(len(found.followed), 'tag')}, {len(offered):,} offered: "
        f"{show.count(errors, 'error')}, {show.count(warnings, 'warning')}"
    )
    if not found.has_readers:
        show.note("There are no readers here yet, so nothing is said about who follows what.")


def merge(
    tags: options.TagNames,
    into: Annotated[
        str,
        typer.Option("--into", metavar="TAG", help="The tag that stays.", autocompletion=options.complete_tag),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Make one tag of several, in the vocabulary and with readers.

    The merged tags retire: their words mean the other tag from now on, and whoever followed them follows that one. Both
    change or neither, and the audit says for whom. To take a merge back, delete `replaced_by` at the tag; its readers
    stay with the other.

    Example: newsletter tags merge ai-audits ai-standards --into ai-compliance --dry-run
    """
    from newsletter import wiring
    from newsletter.tending import foresee_merge, merge_tags
    from newsletter.wiring.vocabulary import own_page, segments_naming, store_if_any

    settings = wiring.load_settings()
    page = own_page()
    with store_if_any() as store:
        if dry_run:
            merged = foresee_merge(page, store, tags, into=into)
        else:
            actor, now = wiring.actor(settings), datetime.now(UTC)
            merged = merge_tags(page, store, tags, into=into, actor=actor, now=now)
    segments = segments_naming(merged.vocabulary, merged.merge.slugs)
    if as_json:
        show.document(_merge_form(merged, segments, dry_run=dry_run))
        return
    _show_merge(merged, page.shown, dry_run=dry_run)
    for remark in _remarks(merged, segments):
        show.note(remark)
    again = " ".join(("newsletter tags merge", *merged.merge.slugs, "--into", merged.merge.into))
    show.next_step(again if dry_run else "newsletter tags check")


def _merge_form(merged: "Merged", segments: list[str], *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "merged": dict(merged.held),
        "into": merged.merge.into,
        "readers": merged.readers,
        "changes": [asdict(change) for change in merged.changes],
        "unreached": merged.unreached,
        "no_longer_offered": list(merged.no_longer_offered),
        "segments": segments,
    }


def _show_merge(merged: "Merged", path: str, *, dry_run: bool) -> None:
    rows = [(slug, merged.merge.into, count) for slug, count in merged.held.items()]
    show.table(["tag", "becomes", "followed by"], rows, title="Dry run: nothing was changed" if dry_run else None)
    moved = "would follow" if dry_run else "follow" if merged.readers != 1 else "follows"
    show.line(f"{show.count(merged.readers, 'reader')} {moved} {merged.merge.into} instead.")
    _show_changes(path, merged.changes)


def _show_changes(path: str, changes: "tuple[Change, ...]") -> None:
    if changes:
        rows = [(one.slug, one.field, one.before or "–", one.after or "–") for one in changes]
        show.table([path, "field", "was", "becomes"], rows)
    else:
        show.line(f"{path} stays as it is.")


def _remarks(merged: "Merged", segments: list[str]) -> list[str]:
    into = merged.merge.into
    said = [
        f"\nWho follows {' or '.join(wider)} no longer gets what was filed under {slug}: {into} does not stand below."
        for slug, wider in merged.unreached.items()
    ]
    if merged.no_longer_offered:
        said.append(f"\n{', '.join(merged.no_longer_offered)} could be chosen by readers; {into} cannot (offered: no).")
    if segments:
        said.append(f"\nSaved segments that name a merged tag mean {into} by it now: {', '.join(segments)}.")
    return said


def add(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="As people write it.")],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="TAG", help="The tag that they mean.", autocompletion=options.complete_tag),
    ] = None,
    chinese: Annotated[str | None, typer.Option("--chinese", help="A new tag's Chinese name.")] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", help="Another word for a new tag; several times.")
    ] = None,
    under: Annotated[
        list[str] | None,
        typer.Option(
            "--under", metavar="TAG", help="A new tag's wider tag; several times.", autocompletion=options.complete_tag
        ),
    ] = None,
    offered: Annotated[bool, typer.Option("--offered", help="Readers may choose the new tag and see it.")] = False,
    slug: Annotated[
        str | None, typer.Option("--slug", help="A new tag's slug; made from its name when absent.")
    ] = None,
) -> None:
    """
    Add words to a tag, or a tag of its own.

    With --to the words become aliases of a tag that is there. Without it, the word is the English name of a new tag.
    The file's comments and order stay.

    Example: newsletter tags add 'AI goverance' 'AI gov' --to ai-governance
    """
    from newsletter.tending import add_tag, add_words
    from newsletter.wiring.vocabulary import new_tag, own_page

    if to and (chinese or alias or under or offered or slug):
        raise typer.BadParameter("--to names a tag that is there; the other options are for a new one")
    page = own_page()
    if to:
        found, changes = add_words(page, words, to=to)
    else:
        if len(words) > 1:
            raise typer.BadParameter("name one new tag; for more words use --alias, or --to TAG")
        new = new_tag(words[0], chinese=chinese, aliases=alias or (), parents=under or (), offered=offered, slug=slug)
        found, changes = new.slug, add_tag(page, new)
    _show_changes(page.shown, changes)
    show.next_step(f"newsletter tags show {found}")
