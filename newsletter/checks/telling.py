"""Whether two stories tell the same: by their page, their headline, or the words of their summaries."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.checks.addresses import page_of
from newsletter.located import Path

#: of 100; measured: one event under two near headlines scores over 90, two events of one subject under 60
_SAME_HEADLINE = 88
#: the share of three-word runs of the shorter text that the other has too; told twice over 0.5, else under 0.05
_SAME_SUMMARY = 0.3
#: fewer shared runs than this prove nothing, and neither does a headline as short as this
_FEWEST_RUNS, _SHORTEST = 5, 10
#: stories kept for each run: a phrase of the trade must not make every story meet every other
_HOLDERS = 8
#: so many comparisons of headlines at most; beyond, only the same words count
_COMPARISONS = 50_000
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[^\W_{_UNSPACED}]+(?:[.'’-][^\W_{_UNSPACED}]+)*|[{_UNSPACED}]")
_NUMBER = re.compile("[0-9]+|[一二三四五六七八九十百千万亿两]")


@dataclass(frozen=True, slots=True)
class Told:
    """A story as it is compared."""

    headline: str
    runs: frozenset[str]
    page: str | None
    #: None for a story of an issue before
    path: Path | None
    #: as messages name it
    where: str


def told(headline: str, summary: str, url: str | None, *, path: Path | None, where: str) -> Told:
    words = " ".join(_WORD.findall(headline.casefold()))
    return Told(words, _runs(summary), page_of(url) if url else None, path, where)


def _runs(text: str) -> frozenset[str]:
    """Each run of three words; two Chinese characters count as one word."""
    words = _WORD.findall(text.casefold())
    weights = [1 if word > "\u2e7f" else 2 for word in words]
    found, end, weight = set[str](), 0, 0
    for start in range(len(words)):
        while end < len(words) and weight < 6:
            weight += weights[end]
            end += 1
        if weight < 6:
            break
        found.add(" ".join(words[start:end]))
        weight -= weights[start]
    return frozenset(found)


def alike(now: Sequence[Told], others: Sequence[Told]) -> Iterator[tuple[Told, Told, str]]:
    """Each story that another tells too, with the first such; within one issue the later with the earlier."""
    headlines, summaries = _by_headline(now, others), _by_summary(now, others)
    for number, one in enumerate(now):
        if number in headlines:
            yield one, others[headlines[number]], "near the same headline"
        elif number in summaries:
            yield one, others[summaries[number]], "near the same summary"


def _by_headline(now: Sequence[Told], others: Sequence[Told]) -> dict[int, int]:
    first: dict[str, int] = {}
    for number, other in enumerate(others):
        first.setdefault(other.headline, number)
    same = {number: first[one.headline] for number, one in enumerate(now) if one.headline in first}
    found = {number: rival for number, rival in same.items() if now is not others or rival < number}
    if len(now) * len(others) > _COMPARISONS:
        return found
    for number, one in enumerate(now):
        if number not in found and len(one.headline) >= _SHORTEST:
            rival = _near(one, others[:number] if now is others else others)
            found |= {} if rival is None else {number: rival}
    return found


def _near(one: Told, rivals: Sequence[Told]) -> int | None:
    """The first with near the same words; other numbers are another event: the second quarter is not the first."""
    from rapidfuzz import fuzz, process

    names = [rival.headline for rival in rivals]
    near = process.extract_iter(one.headline, names, scorer=fuzz.token_sort_ratio, score_cutoff=_SAME_HEADLINE)
    numbers = sorted(_NUMBER.findall(one.headline))
    return next((number for name, _, number in near if sorted(_NUMBER.findall(name)) == numbers), None)


def _by_summary(now: Sequence[Told], others: Sequence[Told]) -> dict[int, int]:
    """By the runs that two share; through an index, so that many stories cost no more than their words."""
    index: dict[str, list[int]] = defaultdict(list)
    for number, other in enumerate(others):
        for run in other.runs:
            if len(index[run]) < _HOLDERS:
                index[run].append(number)
    found: dict[int, int] = {}
    for number, one in enumerate(now):
        shared = Counter(rival for run in one.runs for rival in index.get(run, ()))
        rivals = (rival for rival in shared if now is not others or rival < number)
        same = [rival for rival in rivals if _is_same(shared[rival], one.runs, others[rival].runs)]
        found |= {number: min(same)} if same else {}
    return found


def _is_same(shared: int, one: frozenset[str], other: frozenset[str]) -> bool:
    return shared >= max(_FEWEST_RUNS, min(len(one), len(other)) * _SAME_SUMMARY)
