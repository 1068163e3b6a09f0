"""`segments …`: saved rules, and what an expression yields now."""

from typing import Annotated

import typer

from newsletter.cli import options, show

app = typer.Typer(help="Look at saved segments, and count readers.", no_args_is_help=True)

Rule = Annotated[str, typer.Argument(metavar="EXPRESSION", help="For example: 'china and not crypto'.")]


@app.command("list")
def list_segments(as_json: options.AsJson = False) -> None:
    """
    List the saved segments of subscribers/segments.yaml.

    Use one anywhere as segment:NAME.

    Example: newsletter segments list
    """
    from newsletter import wiring

    saved = wiring.load_segments(wiring.load_vocabulary())
    if as_json:
        show.document([{"name": name, "says": s.says, "rule": s.rule} for name, s in sorted(saved.items())])
        return
    show.table(["segment", "says", "rule"], [(name, s.says, s.rule) for name, s in sorted(saved.items())])
    show.next_step("newsletter segments count segment:NAME --newsletter NEWSLETTER")


@app.command()
def count(
    expression: Rule,
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="Only readers of this one; of all when absent.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Count the confirmed readers that an expression yields now.

    Use it while you find the right words. Words are tags, language:zh-Hans, company:Acme, manager:"Mei Lin",
    joined:>2026-01-01, segment:NAME and everyone, joined by and, or, not, any-of(…) and parentheses; a tag also finds
    readers of its narrower and wider tags, =tag only itself.

    Example: newsletter segments count 'china and (ai-governance or ai-policy) and not crypto' -n china-ai-brief
    """
    from newsletter import wiring

    number = wiring.count_readers(newsletter, expression)
    if as_json:
        show.document({"expression": expression, "count": number})
    else:
        show.line(f"{show.count(number, 'reader')}: {expression}")
    show.next_step(f"newsletter subscribers list -n {newsletter or 'NEWSLETTER'} --segment '{expression}'")


@app.command("show")
def show_segment(
    segment: Annotated[str, typer.Argument(metavar="NAME|EXPRESSION", help="A saved segment, or an expression.")],
    as_json: options.AsJson = False,
) -> None:
    """
    Say in words whom a segment holds.

    Use it before you trust a rule: tags come with the wider and narrower ones that they stand for, saved segments
    are written out.

    Example: newsletter segments show china-ai-rules
    """
    from newsletter import wiring
    from newsletter.segment.telling import told

    vocabulary = wiring.load_vocabulary()
    found = wiring.segment_named(segment, vocabulary)
    tree = told(found.expression, vocabulary)
    if as_json:
        show.document({"segment": found.name, "says": found.says, "rule": found.rule, "tree": tree.as_json()})
        return
    if found.name:
        show.line(f"{found.name}: {found.says}\n{found.rule}\n")
    for line in tree.lines():
        show.line(line)
    show.next_step(f"newsletter segments count '{f'segment:{found.name}' if found.name else found.rule}'")


@app.command()
def explain(
    segment: Annotated[str, typer.Argument(metavar="NAME|EXPRESSION", help="A saved segment, or an expression.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The reader.")],
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="As a reader of this one; of each they read when absent.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Say why a segment holds a reader, or why not.

    Use it when somebody is missing from a plan, or is in it by surprise. Every branch of the rule says yes or no, and
    what is on record about the reader.

    Example: newsletter segments explain 'china and not crypto' reader@example.com -n china-ai-brief
    """
    from newsletter import wiring

    found = wiring.explain_segment(segment, email, newsletter)
    if as_json:
        show.document([one.as_json() for one in found])
        return
    for one in found:
        show.line(one.summary)
        for line in one.tree.lines():
            show.line(f"  {line}")


@app.command()
def check() -> None:
    """
    Say what is wrong with the saved segments and the vocabulary.

    Use it after editing subscribers/segments.yaml or subscribers/tags.yaml.

    Example: newsletter segments check
    """
    from newsletter import wiring

    vocabulary = wiring.load_vocabulary()
    saved = wiring.load_segments(vocabulary)
    show.line(f"{show.count(len(vocabulary.tags), 'tag')} and {show.count(len(saved), 'segment')}: all well.")
