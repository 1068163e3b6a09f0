"""New tags, and new words for tags that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from newsletter.errors import Finding, InputError
from newsletter.tags import RESERVED, Tag, Vocabulary
from newsletter.tags.editing import edited
from newsletter.tags.merging import Change, changes_between
from newsletter.tending.page import VocabularyPage


def add_words(page: VocabularyPage, words: Sequence[str], *, to: str) -> tuple[str, tuple[Change, ...]]:
    """
    More words for a tag: its slug, and what has changed. Words that it has already are passed over.

    :raises InputError: there is no such tag, or a word means another one
    """
    vocabulary = page.vocabulary()
    slug = known_tag(to, vocabulary)
    taken = [(word, vocabulary.resolve(word)) for word in words]
    clashes = [(word, other) for word, other in taken if other not in (None, slug)]
    if clashes:
        raise InputError(*(_clash(word, str(other), slug) for word, other in clashes))
    new = tuple(dict.fromkeys(" ".join(word.split()) for word, other in taken if other is None))
    tag = vocabulary.tags[slug]
    return slug, _write(page, vocabulary, {slug: replace(tag, aliases=(*tag.aliases, *new))} if new else {})


def add_tag(page: VocabularyPage, tag: Tag) -> tuple[Change, ...]:
    """
    A tag of its own; what is new.

    :raises InputError: one of its words means another tag, or a parent is unknown
    """
    vocabulary = page.vocabulary()
    if tag.slug in RESERVED or not tag.slug:
        raise InputError(
            f"{tag.names['en']!r} makes no slug", fix="name one with --slug: small letters, digits, hyphens"
        )
    words = (tag.slug, *tag.names.values(), *tag.aliases)
    clashes = [(word, other) for word in words if (other := vocabulary.resolve(word))]
    if clashes:
        raise InputError(*(_clash(word, other, tag.slug) for word, other in dict.fromkeys(clashes)))
    parents = tuple(known_tag(parent, vocabulary) for parent in tag.parents)
    return _write(page, vocabulary, {tag.slug: replace(tag, parents=parents)})


def known_tag(written: str, vocabulary: Vocabulary) -> str:
    """
    :raises InputError: naming the nearest ones
    """
    slug = vocabulary.resolve(written)
    if slug is None:
        near = vocabulary.nearest(written)
        fix = f"did you mean {' or '.join(near)}?" if near else "see newsletter tags list"
        raise InputError(f"there is no tag {written!r}", fix=fix)
    return slug


def _clash(word: str, other: str, slug: str) -> Finding:
    fix = f"if the two tags mean the same: newsletter tags merge {slug} --into {other}"
    return Finding(message=f"{word!r} means {other} already", fix=fix, rule="word-twice")


def _write(page: VocabularyPage, vocabulary: Vocabulary, changed: Mapping[str, Tag]) -> tuple[Change, ...]:
    if not changed:
        return ()
    wanted = {**vocabulary.tags, **changed}
    page.write(edited(page.text, wanted, path=page.shown))
    return changes_between(vocabulary.tags, wanted)
