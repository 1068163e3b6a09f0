"""One tag instead of several: what the vocabulary is then, and who would no longer be reached."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.errors import Finding, InputError
from newsletter.tags.vocabulary import Tag, Vocabulary


@dataclass(frozen=True, slots=True)
class Merge:
    """Tags that are to become one; made by `merge_of`."""

    #: as readers may hold them: slugs in use, slugs that have retired already, and slugs the vocabulary has lost
    slugs: tuple[str, ...]
    into: str
    #: of the slugs, those that the vocabulary does not know; they become words of the tag
    lost: tuple[str, ...]


def merge_of(written: Sequence[str], into: str, vocabulary: Vocabulary, *, held: Iterable[str] = ()) -> Merge:
    """
    What was asked for, by any names of the tags.

    :param held: slugs that readers hold; of what the vocabulary has lost, only these can be merged
    :raises InputError: an unknown word, or one that has another meaning already
    """
    target = _target(into, vocabulary)
    held = frozenset(held)
    slugs: list[str] = []
    findings: list[Finding] = []
    for raw in written:
        slug = raw if raw in vocabulary.tags else vocabulary.resolve(raw) or (raw if raw in held else None)
        if slug is None:
            findings.append(_unknown(raw, into, vocabulary))
        elif slug == target:
            findings.append(Finding(message=f"{raw!r} means {target} already", fix="leave it out", rule="tag"))
        elif vocabulary.current(slug) not in (slug, target):
            meant = vocabulary.current(slug)
            findings.append(Finding(message=f"{slug} is retired and means {meant}", fix=f"name {meant}", rule="tag"))
        else:
            slugs.append(slug)
    if findings:
        raise InputError(*findings)
    unique = tuple(dict.fromkeys(slugs))
    return Merge(unique, target, tuple(slug for slug in unique if slug not in vocabulary.tags))


def _target(written: str, vocabulary: Vocabulary) -> str:
    """
    :raises InputError: it is no tag in use
    """
    if written in vocabulary.tags and vocabulary.current(written) != written:
        meant = vocabulary.current(written)
        raise InputError(f"{written} is retired and means {meant}", fix=f"write --into {meant}")
    slug = vocabulary.resolve(written)
    if slug is None:
        near = ", ".join(vocabulary.nearest(written))
        raise InputError(
            f"there is no tag {written!r}", fix=f"did you mean one of: {near}?" if near else "see newsletter tags list"
        )
    return slug


def _unknown(raw: str, into: str, vocabulary: Vocabulary) -> Finding:
    near = vocabulary.nearest(raw, 1)
    or_near = f", or did you mean {near[0]}?" if near else ""
    fix = f"make it a word of the tag with: newsletter tags add {raw!r} --to {into}{or_near}"
    return Finding(message=f"there is no tag {raw!r}", fix=fix, rule="unknown-tag")


def merged_tags(merge: Merge, vocabulary: Vocabulary) -> dict[str, Tag]:
    """All tags as they are then. The merged ones stay, retired, with their names: nothing that was written is lost."""
    gone = frozenset(merge.slugs)
    above_target = vocabulary.ancestors(merge.into)
    found: dict[str, Tag] = {}
    for tag in vocabulary.tags.values():
        parents = tuple(dict.fromkeys(_moved(tag.slug, tag.parents, merge, vocabulary, above_target)))
        becomes = merge.into if tag.slug in gone or tag.replaced_by in gone else tag.replaced_by
        found[tag.slug] = replace(tag, parents=parents, replaced_by=becomes)
    target = found[merge.into]
    new = tuple(slug for slug in merge.lost if vocabulary.resolve(slug) is None)
    found[merge.into] = replace(target, aliases=(*target.aliases, *new))
    return found


def _moved(
    slug: str, parents: Iterable[str], merge: Merge, vocabulary: Vocabulary, above_target: frozenset[str]
) -> Iterator[str]:
    """
    What stood below a merged tag stands below the one tag now.

    Where that would be a circle, because the one tag itself stands below, the merged tag's own parents take its place.
    """
    for parent in parents:
        if parent not in merge.slugs:
            yield parent
        elif slug != merge.into and slug not in above_target:
            yield merge.into
        else:
            yield from _moved(slug, vocabulary.tags[parent].parents, merge, vocabulary, above_target)


def unreached(merge: Merge, vocabulary: Vocabulary) -> dict[str, list[str]]:
    """
    For each merged tag the wider tags that its stories no longer reach.

    Who follows one of those got every story of the merged tag, and gets what is filed under the one tag only if that
    stands below it as well.
    """
    kept = vocabulary.ancestors(merge.into) | {merge.into} | frozenset(merge.slugs)
    lost = {slug: sorted(vocabulary.ancestors(slug) - kept) for slug in merge.slugs if slug in vocabulary.tags}
    return {slug: wider for slug, wider in lost.items() if wider}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one tag, in words; a new tag has no `before`."""

    slug: str
    field: str
    before: str
    after: str


def changes_between(was: Mapping[str, Tag], wanted: Mapping[str, Tag]) -> tuple[Change, ...]:
    """What is different, tag by tag in the order of the file."""
    return tuple(
        Change(slug, field, _in_words(old, field), _in_words(tag, field))
        for slug, tag in wanted.items()
        for old in [was.get(slug)]
        for field in ("names", "aliases", "parents", "replaced_by", "offered")
        if _in_words(old, field) != _in_words(tag, field)
    )


def _in_words(tag: Tag | None, field: str) -> str:
    value = getattr(tag, field, None)
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Mapping):
        return ", ".join(value.values())
    return ", ".join(value) if isinstance(value, tuple) else value or ""
