"""`tags list`, `show`, `resolve`: what the vocabulary holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.tags import Tag, Vocabulary

app = typer.Typer(help="Look at the tag vocabulary, and keep it in order.", no_args_is_help=True)


@app.command("list")
def list_tags(
    under: Annotated[
        str | None,
        typer.Option(
            "--under", metavar="TAG", help="Only that tag and those below.", autocompletion=options.complete_tag
        ),
    ] = None,
    offered: Annotated[bool, typer.Option("--offered", help="Only those that readers may choose and see.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """
    List the tags of the vocabulary with their names.

    Use it to find the word for a story or a segment. Each tag stands below its first parent; a tick says that readers
    may choose it.

    Example: newsletter tags list --under ai-governance
    """
    from newsletter import wiring
    from newsletter.tending.adding import known_tag

    vocabulary = wiring.load_vocabulary()
    top = known_tag(under, vocabulary) if under else None
    wanted = {top} | vocabulary.descendants(top) if top else set(vocabulary.tags)
    if as_json:
        tags = sorted(vocabulary.tags.values(), key=lambda tag: tag.slug)
        show.document([tag_form(t) for t in tags if t.slug in wanted and (t.offered or not offered)])
        return
    rows = [
        ("  " * depth + tag.slug, tag.names["en"], tag.names.get("zh-Hans", ""), "✓" if tag.offered else "")
        for depth, tag in _tree(vocabulary, top)
        if tag.slug in wanted and (tag.offered or not offered)
    ]
    show.table(["tag", "English", "Chinese", "offered"], rows)
    show.note(show.count(len(rows), "tag"))
    show.next_step("newsletter tags show TAG")


def tag_form(tag: "Tag") -> dict[str, Any]:
    return {
        "slug": tag.slug,
        "names": dict(tag.names),
        "parents": list(tag.parents),
        "aliases": list(tag.aliases),
        "offered": tag.offered,
        "replaced_by": tag.replaced_by,
    }


def _tree(vocabulary: "Vocabulary", top: str | None) -> "Iterator[tuple[int, Tag]]":
    """Every tag in use once, below the first of its parents, in the order of the file."""
    below: dict[str | None, list[Tag]] = {}
    for tag in vocabulary.tags.values():
        if not tag.replaced_by:
            below.setdefault(tag.parents[0] if tag.parents else None, []).append(tag)
    first = [vocabulary.tags[top]] if top else below.get(None, [])
    waiting = [(0, tag) for tag in reversed(first)]
    while waiting:
        depth, tag = waiting.pop()
        yield depth, tag
        waiting += [(depth + 1, child) for child in reversed(below.get(tag.slug, []))]


@app.command("show")
def show_tag(tag: options.TagName, as_json: options.AsJson = False) -> None:
    """
    Show one tag: its words, what stands around it, its readers.

    Use it before you file a story, offer a tag or merge it into another.

    Example: newsletter tags show 'AI governance'
    """
    from newsletter import wiring
    from newsletter.tending.adding import known_tag
    from newsletter.wiring.vocabulary import interests_held

    vocabulary = wiring.load_vocabulary()
    slug = tag if tag in vocabulary.tags else known_tag(tag, vocabulary)
    found = vocabulary.tags[slug]
    held = interests_held()
    itself = sum(held.get(one, 0) for one in vocabulary.stored_as([slug])) if held is not None else None
    below = sorted(vocabulary.descendants(slug)) if not found.replaced_by else []
    if as_json:
        show.document(
            tag_form(found) | {"above": sorted(vocabulary.ancestors(slug)), "below": below, "readers": itself}
        )
        return
    facts = {
        "slug": slug,
        "names": ", ".join(found.names.values()),
        "other words": ", ".join(found.aliases),
        "retired": f"means {found.replaced_by} now" if found.replaced_by else "",
        "directly under": ", ".join(found.parents),
        "all above": ", ".join(sorted(vocabulary.ancestors(slug))) if not found.replaced_by else "",
        "all below": ", ".join(below),
        "readers": "may choose and see it" if found.offered and not found.replaced_by else "are never shown it",
        "followed by": show.count(itself, "reader") if itself is not None else "",
    }
    show.table(["what", "is"], [(name, value) for name, value in facts.items() if value])


@app.command()
def resolve(file: options.Lines, as_json: options.AsJson = False) -> None:
    """
    Say which tag each name means, or the nearest ones.

    Use it for a list of tags from elsewhere, or to find out why a story's tag is not known.

    Example: newsletter tags resolve featured-tags.txt
    """
    from newsletter import wiring

    names = lines_of(file)
    vocabulary = wiring.load_vocabulary()
    rows = [
        (name, slug, () if slug else vocabulary.nearest(name)) for name in names for slug in [vocabulary.resolve(name)]
    ]
    if as_json:
        show.document([{"raw": raw, "slug": slug, "nearest": list(nearest)} for raw, slug, nearest in rows])
        return
    show.table(["written", "tag", "nearest"], [(raw, slug or "unknown", ", ".join(near)) for raw, slug, near in rows])
    unknown = [raw for raw, slug, _ in rows if not slug]
    show.note(f"{show.count(len(rows), 'name')}: {len(rows) - len(unknown):,} known, {len(unknown):,} unknown")
    if unknown:
        show.next_step("newsletter tags add WORD --to TAG")


def lines_of(file: "typer.FileText | None") -> list[str]:
    if file is None:
        raise typer.BadParameter("name a file with one tag per line, or - for standard input", param_hint="FILE|-")
    return [line.strip() for line in file if line.strip()]
