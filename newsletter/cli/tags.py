"""`tags …`: the vocabulary."""

from typing import Annotated

import typer

from newsletter.cli import options, show

app = typer.Typer(help="Look at the tag vocabulary.", no_args_is_help=True)


@app.command("list")
def list_tags(as_json: options.AsJson = False) -> None:
    """
    List the tags of the vocabulary with their names.

    Use it to find the word for a story or a segment.

    Example: newsletter tags list
    """
    from newsletter import wiring

    tags = sorted(wiring.load_vocabulary().tags.values(), key=lambda tag: tag.slug)
    if as_json:
        show.document(
            [
                {"slug": t.slug, "names": dict(t.names), "parents": list(t.parents), "aliases": list(t.aliases)}
                for t in tags
            ]
        )
        return
    rows = [(t.slug, t.names.get("en", ""), t.names.get("zh-Hans", ""), ", ".join(t.parents)) for t in tags]
    show.table(["tag", "English", "Chinese", "under"], rows)


@app.command()
def resolve(
    file: Annotated[
        typer.FileText,
        typer.Argument(
            metavar="FILE|-", encoding="utf-8", errors="replace", help="One name per line; - reads standard input."
        ),
    ],
    as_json: options.AsJson = False,
) -> None:
    """
    Say which tag each name means, or the nearest ones.

    Use it for a list of tags from elsewhere, or to find out why a story's tag is not known.

    Example: newsletter tags resolve featured-tags.txt
    """
    from newsletter import wiring

    names = [line.strip() for line in file if line.strip()]
    vocabulary = wiring.load_vocabulary()
    rows = [
        (name, vocabulary.resolve(name), [] if vocabulary.resolve(name) else vocabulary.nearest(name)) for name in names
    ]
    if as_json:
        show.document([{"raw": raw, "slug": slug, "nearest": list(nearest)} for raw, slug, nearest in rows])
        return
    show.table(["written", "tag", "nearest"], [(raw, slug or "unknown", ", ".join(near)) for raw, slug, near in rows])
