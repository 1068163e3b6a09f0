"""The tag vocabulary: which words mean which subject, and which subject stands above which."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from newsletter.located import Path
from newsletter.tags.folding import fold

#: words of the segment language; a tag of that name could never be written there
RESERVED = frozenset({"and", "any-of", "everyone", "not", "or"})

#: no tag is longer than this; a likeness costs its length squared
_COMPARED = 80
#: percent of likeness below which a tag is no help to whoever mistyped one
_NEAR = 62


@dataclass(frozen=True, slots=True)
class Tag:
    slug: str
    #: by language; "en" is always there
    names: Mapping[str, str]
    aliases: tuple[str, ...] = ()
    #: slugs of the wider subjects it belongs to
    parents: tuple[str, ...] = ()
    #: a retired tag names the one that took its place
    replaced_by: str | None = None
    #: readers may choose it on the preferences page
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tags by slug, in the order of the file; made by `read_vocabulary` or `vocabulary_of`."""

    tags: Mapping[str, Tag]
    #: folded word -> slug in use today
    words: Mapping[str, str]
    wider: Mapping[str, frozenset[str]]
    narrower: Mapping[str, frozenset[str]]

    def current(self, slug: str) -> str:
        """The slug in use today: a retired tag's replacement; an unknown slug stays what it is."""
        tag = self.tags.get(slug)
        return tag.replaced_by if tag and tag.replaced_by else slug

    def resolve(self, raw: str) -> str | None:
        """The slug that a word means, by slug, name or alias; exactly, never by likeness."""
        return self.words.get(fold(raw))

    def nearest(self, raw: str, count: int = 3) -> tuple[str, ...]:
        """Slugs whose words look like this one, the likeliest first."""
        from rapidfuzz import fuzz, process

        near = process.extract(
            fold(raw)[:_COMPARED], self.words.keys(), scorer=fuzz.ratio, limit=count * 4, score_cutoff=_NEAR
        )
        return tuple(dict.fromkeys(self.words[word] for word, _, _ in near))[:count]

    def name(self, slug: str, language: str) -> str:
        """In that language, else in English; an unknown slug is its own name."""
        tag = self.tags.get(slug)
        return tag.names.get(language, tag.names["en"]) if tag else slug

    def ancestors(self, slug: str) -> frozenset[str]:
        return self.wider.get(self.current(slug), frozenset())

    def descendants(self, slug: str) -> frozenset[str]:
        return self.narrower.get(self.current(slug), frozenset())

    def kin(self, slug: str) -> frozenset[str]:
        """The tag, all above it and all below it."""
        return frozenset({self.current(slug)}) | self.ancestors(slug) | self.descendants(slug)

    def stored_as(self, slugs: Iterable[str]) -> frozenset[str]:
        """These slugs and the retired ones that mean them now: a reader may have chosen a tag before it retired."""
        wanted = frozenset(slugs)
        return wanted | {tag.slug for tag in self.tags.values() if tag.replaced_by in wanted}


def fits(vocabulary: Vocabulary, interests: frozenset[str], story_tags: Iterable[str]) -> bool:
    """
    Whether a story with these tags (slugs) is for a reader with these interests.

    Interest T matches stories tagged T or a descendant of T; a reader without interests gets every story.
    """
    if not interests:
        return True
    held = {vocabulary.current(interest) for interest in interests}
    return any(vocabulary.current(tag) in held or held & vocabulary.ancestors(tag) for tag in story_tags)


def vocabulary_of(tags: Iterable[Tag]) -> Vocabulary:
    """The vocabulary of tags that are known to be sound (`read_vocabulary` sees to that)."""
    by_slug = {tag.slug: tag for tag in tags}
    in_use = [tag for tag in by_slug.values() if not tag.replaced_by]
    words = {fold(word): tag.replaced_by or tag.slug for tag in by_slug.values() for _, word in words_of(tag)}
    above = closure({tag.slug: tag.parents for tag in in_use})
    below: dict[str, set[str]] = {tag.slug: set() for tag in in_use}
    for slug, ancestors in above.items():
        for ancestor in ancestors:
            below[ancestor].add(slug)
    return Vocabulary(by_slug, words, above, {slug: frozenset(found) for slug, found in below.items()})


def words_of(tag: Tag) -> Iterator[tuple[Path, str]]:
    """Everything that the tag may be called, with its place in the file."""
    yield (tag.slug,), tag.slug
    for language, name in tag.names.items():
        yield (tag.slug, "names", language), name
    for number, alias in enumerate(tag.aliases):
        yield (tag.slug, "aliases", number), alias


def closure(parents: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """All that can be reached upwards; in a cycle a tag reaches itself. A loop, because depth is the writer's."""
    reached = {}
    for slug in parents:
        found: set[str] = set()
        waiting = list(parents[slug])
        while waiting:
            above = waiting.pop()
            if above in parents and above not in found:
                found.add(above)
                waiting.extend(parents[above])
        reached[slug] = frozenset(found)
    return reached
