"""The real list of tags, which of its entries mean the same, and how well `tags suggest` finds them: a table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from newsletter.tags import Vocabulary, fold, read_vocabulary
from newsletter.tags.likeness import alike

FOLDER = Path(__file__).parent
SHIPPED = FOLDER.parents[1] / "subscribers" / "tags.yaml"
#: nothing of it but what a translation needs
SMALL = """
ai: {names: {en: AI, zh-Hans: 人工智能}, aliases: [artificial intelligence]}
coffee: {names: {en: Coffee, zh-Hans: 咖啡}}
"""
Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Measured:
    vocabulary: str
    #: entries count each spelling; words count spellings that differ in capitals, dashes and spaces as one
    counted: str
    #: which pairs were to be found
    wanted: str
    suggested: int
    expected: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.suggested

    @property
    def recall(self) -> float:
        return self.right / self.expected


def real_tags() -> list[str]:
    return (FOLDER / "real-tags.txt").read_text("utf-8").splitlines()


def same_meaning() -> list[list[list[str]]]:
    """Groups of words: those that the words themselves tell, then those that only knowledge tells."""
    parts: list[list[list[str]]] = []
    for line in _lines("same-meaning.txt"):
        if line.startswith("##"):
            parts.append([])
        else:
            parts[-1].append(line.split(" = "))
    return parts


def kept_apart() -> list[tuple[str, str]]:
    pairs = [line.split(" | ") for line in _lines("kept-apart.txt") if not line.startswith("##")]
    return [(one, other) for one, other in pairs]


def _lines(name: str) -> Iterator[str]:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line and not line.startswith("# "):
            yield line


def word_pairs(groups: Iterable[Iterable[str]]) -> set[Pair]:
    """Every two words that mean the same, across groups that share a word too."""
    classes: list[set[str]] = []
    for group in groups:
        words = {fold(word) for word in group}
        joined = [one for one in classes if one & words]
        classes = [one for one in classes if not one & words]
        classes.append(words.union(*joined))
    return {frozenset(pair) for words in classes for pair in combinations(sorted(words), 2)}


@cache
def shipped() -> Vocabulary:
    return read_vocabulary(SHIPPED.read_text("utf-8"), path="subscribers/tags.yaml")


def measure(is_word: Callable[[str], bool]) -> list[Measured]:
    """On the real list, with no vocabulary, with one that only translates, and with the shipped one."""
    raws = list(dict.fromkeys(real_tags()))
    told, known = same_meaning()
    wanted = {"told by the words": word_pairs(told), "all": word_pairs([*told, *known])}
    vocabularies = {"none": None, "two tags": read_vocabulary(SMALL, path="small"), "shipped": shipped()}
    found = []
    for name, vocabulary in vocabularies.items():
        pairs = alike(raws, is_word=is_word, vocabulary=vocabulary)
        entries = {frozenset((pair.one, pair.other)) for pair in pairs}
        words = {frozenset((fold(pair.one), fold(pair.other))) for pair in pairs if fold(pair.one) != fold(pair.other)}
        for which, right in wanted.items():
            spelt = {frozenset(pair) for pair in combinations(raws, 2) if _is_same(pair, right)}
            for counted, got, gold in (("entries", entries, spelt), ("words", words, right)):
                found.append(Measured(name, counted, which, len(got), len(gold), len(got & gold)))
    return found


def _is_same(pair: tuple[str, str], right: set[Pair]) -> bool:
    one, other = map(fold, pair)
    return one == other or frozenset((one, other)) in right
