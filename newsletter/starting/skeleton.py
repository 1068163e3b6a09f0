"""A commented issue file to fill in: it can be checked and built as it stands."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from newsletter.errors import Finding, InputError
from newsletter.issue import Kind
from newsletter.masthead import Masthead
from newsletter.starting.wording import BODIES, NOTES, OPENINGS, Note
from newsletter.tags import Vocabulary

_TAGS = 2


def choose_newsletter(mastheads: Mapping[str, Masthead], kind: Kind, name: str | None) -> Masthead:
    """
    The newsletter that was named, else the only one whose issues are of that kind.

    :raises InputError: naming those that there are
    """
    fitting = {found.name: found for found in mastheads.values() if found.kind in (kind, None)}
    if name in fitting:
        return fitting[str(name)]
    names = ", ".join(fitting)
    if name is not None:
        declared = mastheads.get(name)
        message = f"{name} is a {declared.kind}" if declared else f"there is no newsletter {name!r}"
        fix = f"choose one of: {names}" if names else f"no newsletter takes a {kind}; add one to newsletters.yaml"
        raise InputError(Finding(message=message, fix=fix, rule="newsletter"))
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if not fitting:
        fix = "add one to templates/newsletters.yaml"
        raise InputError(Finding(message=f"no newsletter takes a {kind}", fix=fix, rule="newsletter"))
    message = f"several newsletters take a {kind}: {names}"
    raise InputError(Finding(message=message, fix="say which one with --newsletter", rule="newsletter"))


def skeleton(
    kind: Kind,
    masthead: Masthead,
    *,
    slug: str,
    day: date,
    vocabulary: Vocabulary,
    schema: str = "",
    write_slug: bool = False,
) -> str:
    """
    The text of an issue file in the newsletter's language; every field that may be left out is a comment.

    `schema` is a comment too: it tells an editor where the fields are explained.
    """
    language = masthead.language
    filling = {
        "newsletter": masthead.name,
        "slug": slug,
        "day": day.isoformat(),
        "tomorrow": (day + timedelta(days=1)).isoformat(),
        "contact": masthead.contact or next(iter(masthead.contacts), ""),
        "tags": ", ".join(_tags(vocabulary, language)),
    }
    lines = ["---", *([schema] if schema else []), *OPENINGS[language][kind].format(**filling).splitlines()]
    lines += [f"newsletter: {masthead.name}", f"date: {day.isoformat()}"]
    lines += [f"slug: {slug}"] if write_slug else []
    lines += [] if masthead.kind else [f"kind: {kind}"]
    for note in NOTES[language]:
        lines += _note(note, kind, filling)
    return "\n".join([*lines, "---", _body(BODIES[language][kind], filling)])


def _note(note: Note, kind: Kind, filling: Mapping[str, str]) -> Iterator[str]:
    """A field with what it does above it; left away where there is nothing that it could hold."""
    of_this_kind = note.kind in (kind, None)
    if of_this_kind and all(filling[name] for name in note.needs):
        yield f"# {note.says}"
        yield f"{'' if note.required else '# '}{note.line.format(**filling)}"


def _body(body: str, filling: Mapping[str, str]) -> str:
    lines = body.strip("\n").split("\n")
    kept = [line for line in lines if filling["tags"] or "{tags}" not in line]
    return "\n".join(kept).format(**filling) + "\n"


def _tags(vocabulary: Vocabulary, language: str) -> list[str]:
    """Words that this workspace's vocabulary knows; one that would part a list is passed over."""
    names = (vocabulary.name(slug, language) for slug, tag in vocabulary.tags.items() if not tag.replaced_by)
    plain = (name for name in names if not set(name) & set(",，、;；[]{}:#&*!|>'\"%@`"))
    return [name for name, _ in zip(plain, range(_TAGS), strict=False)]
