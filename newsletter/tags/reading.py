"""tags.yaml: what is read from it, and everything that may be wrong with it."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from newsletter.errors import Finding, VocabularyError
from newsletter.fields import Frozen, Line, Lines, Slug, one_or_many, shown
from newsletter.issue import Language, YesNo
from newsletter.located import Located, Path, nearest, validate
from newsletter.tags.folding import fold
from newsletter.tags.vocabulary import RESERVED, Tag, Vocabulary, closure, vocabulary_of, words_of
from newsletter.yamlfile import read_yaml

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _with_english(names: dict[Language, str]) -> dict[Language, str]:
    if "en" not in names:
        raise PydanticCustomError("name", "holds no English name", {"fix": "add 'en: ...'"})
    return names


_Slugs = Annotated[tuple[Slug, ...], BeforeValidator(one_or_many)]


class _Entry(Frozen):
    names: Annotated[dict[Language, Line], AfterValidator(_with_english)]
    aliases: Lines = ()
    parents: _Slugs = ()
    offered: YesNo = False
    replaced_by: Slug | None = None


def read_vocabulary(text: str, *, path: str) -> Vocabulary:
    """
    The vocabulary that the text of tags.yaml holds.

    :raises VocabularyError: with every fault at once, each with its place
    """
    located = read_yaml(text, path=path, error=VocabularyError)
    tags, findings = _read_tags(located)
    for faults in (_slug_faults(located), _word_faults(tags, located), _link_faults(tags, located)):
        findings.extend(faults)
    findings.extend(_cycle_faults(tags, located))
    if findings:
        in_order = sorted(findings, key=lambda finding: (finding.line or 0, finding.column or 0))
        raise VocabularyError(*(finding.at(path) for finding in in_order))
    return vocabulary_of(tags)


def _read_tags(located: Located) -> tuple[list[Tag], list[Finding]]:
    tags: list[Tag] = []
    findings: list[Finding] = []
    for slug in located.values:
        try:
            entry = validate(_Entry, located, VocabularyError, path="", prefix=(slug,))
        except VocabularyError as error:
            findings.extend(error.findings)
        else:
            names = {str(language): name for language, name in entry.names.items()}
            tags.append(Tag(slug, names, entry.aliases, entry.parents, entry.replaced_by, entry.offered))
    return tags, findings


def _slug_faults(located: Located) -> Iterator[Finding]:
    for slug in located.values:
        if not _SLUG.fullmatch(slug):
            yield located.finding((slug,), "is not a slug", "use small letters, digits and hyphens", rule="slug")
        elif slug in RESERVED:
            fix = "choose another slug"
            yield located.finding((slug,), "is a word of the segment language", fix, rule="slug")


def _word_faults(tags: Iterable[Tag], located: Located) -> Iterator[Finding]:
    """A word that two tags claim would go to whichever is read last."""
    owners: dict[str, str] = {}
    for tag in tags:
        for path, word in words_of(tag):
            key = fold(word)
            owner = owners.setdefault(key, tag.slug)
            if not key:
                yield located.finding(path, f"'{shown(word)}' holds no letter or digit", "write a word", rule="word")
            elif owner != tag.slug:
                fix = "keep it at one of the two"
                yield located.finding(path, f"'{shown(word)}' already means {owner}", fix, rule="word-twice")


def _link_faults(tags: Iterable[Tag], located: Located) -> Iterator[Finding]:
    """Parents and replacements must be tags in use."""
    replaced = {tag.slug: tag.replaced_by for tag in tags if tag.replaced_by}
    for tag in tags:
        links: list[tuple[Path, str]] = [((tag.slug, "parents", at), slug) for at, slug in enumerate(tag.parents)]
        if tag.replaced_by:
            links.append(((tag.slug, "replaced_by"), tag.replaced_by))
        for path, slug in links:
            if slug not in located.values:
                near = nearest(slug, located.values)
                fix = f"did you mean {near}?" if near else "add it to the file, or take it out"
                yield located.finding(path, f"unknown tag '{shown(slug)}'", fix, rule="unknown-tag")
            elif slug in replaced:
                yield located.finding(path, f"{slug} is retired", f"name {replaced[slug]} instead", rule="retired")


def _cycle_faults(tags: Iterable[Tag], located: Located) -> Iterator[Finding]:
    above = closure({tag.slug: tag.parents for tag in tags})
    told: set[str] = set()
    for tag in tags:
        if tag.slug in above[tag.slug] and tag.slug not in told:
            circle = sorted(slug for slug in above[tag.slug] if tag.slug in above[slug])
            told.update(circle)
            through = ", ".join(slug for slug in circle if slug != tag.slug)
            message = f"stands above itself (through {through})" if through else "stands above itself"
            yield located.finding((tag.slug, "parents"), message, "take one of the parents out", rule="cycle")
