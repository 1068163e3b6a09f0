"""What is wrong with a vocabulary that can be read: beside its readers, and beside the stories that are to be sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.errors import Finding, Severity
from newsletter.issue import Choice, DailyBrief
from newsletter.located import Path
from newsletter.reader import Reading
from newsletter.segment import HasInterest
from newsletter.segment.expression import Home, Segment
from newsletter.store import Store
from newsletter.tags import Vocabulary, fold
from newsletter.tags.likeness import Likeness, alike
from newsletter.tags.vocabulary import words_of


@dataclass(frozen=True, slots=True)
class Followed:
    """A tag in use, and how many readers follow it: itself, or one above it, which brings its stories too."""

    slug: str
    name: str
    offered: bool
    itself: int
    wider: int


@dataclass(frozen=True, slots=True)
class StoryReach:
    """Whom a story would reach if it were sent to everyone today."""

    finding: Finding | None
    path: str
    line: int
    headline: str
    tags: tuple[str, ...]
    #: confirmed readers who follow one of its tags, or one above
    followers: int
    #: all who would get it
    readers: int


@dataclass(frozen=True, slots=True)
class Examination:
    findings: tuple[Finding, ...]
    followed: tuple[Followed, ...]
    stories: tuple[StoryReach, ...]
    has_readers: bool


def examine(
    vocabulary: Vocabulary,
    store: Store | None,
    readings: Sequence[Reading],
    *,
    path: str,
    is_word: Callable[[str], bool],
) -> Examination:
    """
    Everything that is to be said.

    :param path: of the vocabulary's file, as people know it
    :param is_word: whether English knows a word
    """
    held = store.interests.held() if store else {}
    stories = [one for reading in readings for one in reach_of(reading, vocabulary, store)] if store else []
    said = [finding.at(path) for finding in (*orphans(vocabulary, held), *lookalikes(vocabulary, is_word))]
    said += [one.finding for one in stories if one.finding]
    return Examination(tuple(said), tuple(followed(vocabulary, held)), tuple(stories), bool(held))


def lookalikes(vocabulary: Vocabulary, is_word: Callable[[str], bool]) -> Iterator[Finding]:
    """Words of two tags that may be one: which of the two a writer meant is chance."""
    words = [word for tag in vocabulary.tags.values() for _, word in words_of(tag)]
    told: set[frozenset[str]] = set()
    for pair in alike(words, is_word=is_word):
        slugs = [vocabulary.words[fold(word)] for word in (pair.one, pair.other)]
        if len(set(slugs)) == 2 and frozenset(slugs) not in told:
            told.add(frozenset(slugs))
            message = f"'{pair.one}' ({slugs[0]}) and '{pair.other}' ({slugs[1]}) look like one word ({_why(pair)})"
            fix = f"if they are, newsletter tags merge {slugs[1]} --into {slugs[0]}; if not, let it be"
            yield Finding(message=message, fix=fix, rule="lookalike", severity=Severity.WARNING)


def _why(pair: Likeness) -> str:
    return ", ".join(pair.reasons)


def orphans(vocabulary: Vocabulary, held: Mapping[str, int]) -> Iterator[Finding]:
    """Interests that lead nowhere, and those that lead somewhere by way of a retired tag."""
    for slug, count in held.items():
        readers = f"{count:,} {'reader follows' if count == 1 else 'readers follow'}"
        current = vocabulary.current(slug)
        if slug not in vocabulary.tags:
            near = vocabulary.nearest(slug, 1)
            into = near[0] if near else "TAG"
            fix = f"put it back, or: newsletter tags merge {slug} --into {into}"
            yield Finding(message=f"{readers} '{slug}', which is no tag: it brings no story", fix=fix, rule="orphan")
        elif current != slug:
            fix = f"newsletter tags merge {slug} --into {current} writes it down so"
            message = f"{readers} {slug}, which is retired and counts as {current}"
            yield Finding(message=message, fix=fix, rule="retired-interest", severity=Severity.WARNING)


def followed(vocabulary: Vocabulary, held: Mapping[str, int]) -> list[Followed]:
    """Every tag in use, in the order of the file."""
    today: dict[str, int] = {}
    for slug, count in held.items():
        current = vocabulary.current(slug)
        today[current] = today.get(current, 0) + count
    return [
        Followed(
            tag.slug,
            tag.names["en"],
            tag.offered,
            today.get(tag.slug, 0),
            sum(today.get(slug, 0) for slug in vocabulary.ancestors(tag.slug)),
        )
        for tag in vocabulary.tags.values()
        if not tag.replaced_by
    ]


def reach_of(reading: Reading, vocabulary: Vocabulary, store: Store) -> list[StoryReach]:
    """Every story of an issue with its readers; a team update has none, for it goes to everyone it is sent to."""
    issue = reading.issue
    if not isinstance(issue, DailyBrief):
        return []
    newsletter = issue.newsletter
    everyone = store.readers.count(newsletter, mailable=True)
    without = store.interests.without(newsletter)
    found = []
    for number, section in enumerate(issue.sections):
        for place, story in enumerate(section.stories):
            slugs = tuple(dict.fromkeys(slug for raw in story.tags if (slug := vocabulary.resolve(raw))))
            followers = _followers(store, newsletter, slugs, vocabulary)
            to_all = story.must_send or issue.stories is not Choice.MATCHED
            path: Path = ("sections", number, "stories", place)
            finding = None if to_all or followers else _unread(reading, path, story.tags, without)
            readers = everyone if to_all else followers + without
            line = reading.place(path).line
            found.append(StoryReach(finding, reading.path, line, story.headline, slugs, followers, readers))
    return found


def _followers(store: Store, newsletter: str, slugs: Sequence[str], vocabulary: Vocabulary) -> int:
    if not slugs:
        return 0
    bringing = frozenset(slugs).union(*(vocabulary.ancestors(slug) for slug in slugs))
    follows = HasInterest(slugs[0], vocabulary.stored_as(bringing))
    return store.readers.count(newsletter, Segment(follows, Home("en", "UTC")), mailable=True)


def _unread(reading: Reading, path: Path, tags: Sequence[str], without: int) -> Finding:
    said = "nobody follows any of its tags" if tags else "it has no tags"
    if without:
        message = f"{said}: only the {without:,} without interests would get it"
        return reading.finding(path, message, _MORE_TAGS, rule="unread", severity=Severity.WARNING)
    return reading.finding(path, f"{said}: not one reader would get it", _MORE_TAGS, rule="unread")


_MORE_TAGS = "see newsletter tags suggest --for, or mark it 'Must Send: yes'"
