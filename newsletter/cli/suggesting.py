"""`tags suggest`: words that may be one, and tags for the stories of an issue."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show, tags

if TYPE_CHECKING:
    from newsletter.tags import Vocabulary
    from newsletter.tags.likeness import Likeness
    from newsletter.tending.filing import Proposal

#: a headline in a table
_SHOWN = 60


def add_to(app: typer.Typer) -> None:
    app.command()(suggest)


def suggest(
    file: options.Lines = None,
    issue: Annotated[
        Path | None, typer.Option("--for", metavar="ISSUE", help="Propose tags for the stories of this issue instead.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="With --for: write them into the file.")] = False,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Say which words of a list may mean the same, and why.

    Use it on any list of raw tags. Nothing is changed and nothing is decided: each pair has a reason and a score, and
    two that differ in a number, a version or a word of their own never make one. With --for it proposes tags for the
    stories of an issue, by the names and aliases that stand in their text.

    Example: newsletter tags suggest featured-tags.txt
    """
    if (file is None) == (issue is None):
        raise typer.BadParameter("name a file with one tag per line, or an issue with --for")
    if write and issue is None:
        raise typer.BadParameter("--write belongs to --for ISSUE")
    if issue is not None:
        _suggest_for(issue, templates, write=write, as_json=as_json)
        return
    from newsletter import wiring
    from newsletter.tags.likeness import alike
    from newsletter.tending import is_english

    names = tags.lines_of(file)
    vocabulary = wiring.load_vocabulary()
    pairs = alike(names, is_word=is_english, vocabulary=vocabulary)
    if as_json:
        show.document([_pair_form(pair, vocabulary) for pair in pairs])
    else:
        _show_pairs(pairs, vocabulary, len(set(names)))


def _pair_form(pair: "Likeness", vocabulary: "Vocabulary") -> dict[str, Any]:
    slugs = [vocabulary.resolve(pair.one), vocabulary.resolve(pair.other)]
    return {"one": pair.one, "other": pair.other, "reason": ", ".join(pair.reasons), "score": pair.score, "tags": slugs}


def _show_pairs(pairs: "list[Likeness]", vocabulary: "Vocabulary", names: int) -> None:
    from newsletter.tags import fold

    words = {frozenset((fold(pair.one), fold(pair.other))): pair for pair in reversed(pairs)}
    several = [pair for pair in reversed(words.values()) if fold(pair.one) != fold(pair.other)]
    same = sum(fold(pair.one) == fold(pair.other) for pair in pairs)
    rows = [(p.one, p.other, ", ".join(p.reasons), f"{p.score:.2f}", _standing(p, vocabulary)) for p in several]
    is_open = [pair for pair in several if not _is_settled(pair, vocabulary)]
    if rows:
        show.table(["one", "other", "reason", "score", "in the vocabulary"], rows)
    show.note(
        f"{show.count(names, 'entry', 'entries')}: {show.count(len(several), 'pair')} of words that may mean the same, "
        f"{len(is_open):,} of them open; {show.count(same, 'pair')} differ in capitals, dashes or spaces only."
    )
    if is_open:
        show.next_step(_step(is_open[0], vocabulary))


def _is_settled(pair: "Likeness", vocabulary: "Vocabulary") -> bool:
    slug = vocabulary.resolve(pair.one)
    return slug is not None and slug == vocabulary.resolve(pair.other)


def _standing(pair: "Likeness", vocabulary: "Vocabulary") -> str:
    one, other = vocabulary.resolve(pair.one), vocabulary.resolve(pair.other)
    if one == other:
        return f"both are {one}" if one else "neither is known"
    if one and other:
        return f"two tags: {one}, {other}"
    return f"{one or other}; {pair.other if one else pair.one} is not known"


def _step(pair: "Likeness", vocabulary: "Vocabulary") -> str:
    one, other = vocabulary.resolve(pair.one), vocabulary.resolve(pair.other)
    if one and other:
        return f"newsletter tags merge {other} --into {one} --dry-run"
    if one or other:
        return f"newsletter tags add {shlex.quote(pair.other if one else pair.one)} --to {one or other}"
    return f"newsletter tags add {shlex.quote(pair.one)} --alias {shlex.quote(pair.other)}"


def _suggest_for(path: Path, templates: Path | None, *, write: bool, as_json: bool) -> None:
    from newsletter import wiring
    from newsletter.reader import read_issue
    from newsletter.tending.filing import propose
    from newsletter.wiring.vocabulary import write_proposals

    materials = wiring.load_materials(templates)
    reading = read_issue(path, materials.mastheads)
    proposals = propose(reading, materials.vocabulary)
    if write:
        write_proposals(path, reading, proposals, materials)
    if as_json:
        show.document([_proposal_form(proposal) for proposal in proposals])
        return
    _show_proposals(proposals, is_written=write)
    show.next_step(f"newsletter check {path}" if write else f"newsletter tags suggest --for {path} --write")


def _proposal_form(proposal: "Proposal") -> dict[str, Any]:
    found = [{"slug": one.slug, "words": list(one.words), "weight": one.weight} for one in proposal.found]
    return {"line": proposal.line, "headline": proposal.headline, "tags": list(proposal.tags), "proposed": found}


def _show_proposals(proposals: "list[Proposal]", *, is_written: bool) -> None:
    rows = [
        (
            proposal.line,
            proposal.headline if len(proposal.headline) <= _SHOWN else proposal.headline[: _SHOWN - 1] + "…",
            ", ".join(proposal.tags),
            ", ".join(f"{one.slug} ({one.words[0]})" for one in proposal.found) or "nothing more",
        )
        for proposal in proposals
    ]
    show.table(["line", "story", "has", "written into the file" if is_written else "may have, for its words"], rows)
