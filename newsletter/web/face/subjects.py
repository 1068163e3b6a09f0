"""The subjects that readers may choose, in their language and under the widest ones."""

from collections.abc import Set
from dataclasses import dataclass

from newsletter.tags import Vocabulary


@dataclass(frozen=True, slots=True)
class Subject:
    slug: str
    name: str
    #: everything that it may be called, for the page's own search
    words: str
    is_chosen: bool


def subjects_of(vocabulary: Vocabulary, language: str, held: Set[str]) -> list[tuple[str, list[Subject]]]:
    """
    Groups by name, each with its subjects; those that stand alone come last, in a group without a name.

    A subject below two widest ones stands under the first of them.
    """
    chosen = {vocabulary.current(slug) for slug in held}
    groups: dict[str, list[Subject]] = {}
    for slug, tag in vocabulary.tags.items():
        if tag.offered and not tag.replaced_by:
            words = " ".join((*tag.names.values(), *tag.aliases)).lower()
            subject = Subject(slug, vocabulary.name(slug, language), words, slug in chosen)
            groups.setdefault(_widest(vocabulary, slug), []).append(subject)
    named = [(vocabulary.name(slug, language), found) for slug, found in groups.items() if len(found) > 1]
    alone = [found[0] for found in groups.values() if len(found) == 1]
    rest = [("", sorted(alone, key=lambda subject: subject.name.casefold()))] if alone else []
    return sorted(named, key=lambda group: group[0].casefold()) + rest


def _widest(vocabulary: Vocabulary, slug: str) -> str:
    while parents := vocabulary.tags[slug].parents:
        slug = parents[0]
    return slug
