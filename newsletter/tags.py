"""The tag vocabulary: which words mean which subject, and which subject stands above which (subscribers/tags.yaml)."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from newsletter.errors import Finding, VocabularyError
from newsletter.fields import Frozen, Line, Lines, Slug, one_or_many, shown
from newsletter.issue import Language, YesNo
from newsletter.located import Located, Path, nearest, validate
from newsletter.yamlfile import read_yaml

#: words of the segment language; a tag of that name could never be written there
RESERVED = frozenset({"and", "any-of", "everyone", "not", "or"})

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_BESIDE_HAN = re.compile(f"(?<=[{_HAN}]) | (?=[{_HAN}])")
#: dashes that Unicode does not file under dashes: modifier minus, hyphen bullet, minus
_OTHER_DASHES = "\u02d7\u2043\u2212"
#: difflib's cost grows with the square of the length; no tag is longer than this
_COMPARED = 80


@lru_cache(maxsize=1 << 13)
def fold(raw: str) -> str:
    """
    The key under which spellings of one word meet: NFKC, case, dashes and spaces, surrounding punctuation.

    Nothing inside a word is touched and nothing is guessed: `C++` is not `C`, `AI5` is not `AI6`. A space beside a
    Chinese character goes, because `AI 芯片` and `AI芯片` differ in typesetting only.
    """
    seen = "".join(mark for mark in unicodedata.normalize("NFKC", raw) if unicodedata.category(mark) != "Cf")
    text = unicodedata.normalize("NFKC", seen.casefold())
    spaced = "".join(" " if _parts_words(mark) else mark for mark in text)
    return _SPACE_BESIDE_HAN.sub("", " ".join(_bare(spaced).split()))


def _parts_words(mark: str) -> bool:
    return mark.isspace() or mark in _OTHER_DASHES or unicodedata.category(mark) in ("Pd", "Pc")


def _bare(text: str) -> str:
    """Without surrounding punctuation, but `.NET` keeps its dot and `C#` its sign (`#AI#` is a hashtag)."""
    kept_at_end = "" if text.lstrip().startswith("#") else "#"
    return _headless(_headless(text, keep=".")[::-1], keep=kept_at_end)[::-1]


def _headless(text: str, *, keep: str) -> str:
    for number, mark in enumerate(text):
        is_outer = mark.isspace() or mark == "`" or unicodedata.category(mark).startswith("P")
        if mark in keep or not is_outer:
            return text[number:]
    return ""


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
        near = difflib.get_close_matches(fold(raw)[:_COMPARED], self.words, n=count * 4)
        return tuple(dict.fromkeys(self.words[word] for word in near))[:count]

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
    words = {fold(word): tag.replaced_by or tag.slug for tag in by_slug.values() for _, word in _words(tag)}
    above = _closure({tag.slug: tag.parents for tag in in_use})
    below: dict[str, set[str]] = {tag.slug: set() for tag in in_use}
    for slug, ancestors in above.items():
        for ancestor in ancestors:
            below[ancestor].add(slug)
    return Vocabulary(by_slug, words, above, {slug: frozenset(found) for slug, found in below.items()})


def _words(tag: Tag) -> Iterator[tuple[Path, str]]:
    """Everything that the tag may be called, with its place in the file."""
    yield (tag.slug,), tag.slug
    for language, name in tag.names.items():
        yield (tag.slug, "names", language), name
    for number, alias in enumerate(tag.aliases):
        yield (tag.slug, "aliases", number), alias


def _closure(parents: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
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
        for path, word in _words(tag):
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
    above = _closure({tag.slug: tag.parents for tag in tags})
    told: set[str] = set()
    for tag in tags:
        if tag.slug in above[tag.slug] and tag.slug not in told:
            circle = sorted(slug for slug in above[tag.slug] if tag.slug in above[slug])
            told.update(circle)
            through = ", ".join(slug for slug in circle if slug != tag.slug)
            message = f"stands above itself (through {through})" if through else "stands above itself"
            yield located.finding((tag.slug, "parents"), message, "take one of the parents out", rule="cycle")
