"""Which of a list's tags may mean the same, and why one may think so. Candidates for a person, never a decision."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import combinations

from newsletter.tags.folding import fold, has_han
from newsletter.tags.forms import IsWord, american, numbers_in, singular, tokens_of
from newsletter.tags.initials import Initials, abbreviation
from newsletter.tags.slips import one_slip_apart, slips_in
from newsletter.tags.vocabulary import Vocabulary


class Reason(StrEnum):
    #: differs in capitals, width, dashes, spaces or marks only
    SPELLING = "spelling"
    RUN_TOGETHER = "run-together words"
    BRITISH = "British/American"
    PLURAL = "plural"
    SMALL_WORD = "small word"
    TYPO = "typo"
    INITIALS = "initials"
    TRANSLATION = "translation"


#: how far a difference of that kind can be trusted to be none in meaning; initials know it themselves
TRUST = {
    Reason.SPELLING: 1.0,
    Reason.RUN_TOGETHER: 0.98,
    Reason.BRITISH: 0.97,
    Reason.PLURAL: 0.95,
    Reason.TRANSLATION: 0.95,
    Reason.SMALL_WORD: 0.85,
    Reason.TYPO: 0.9,
}
#: between two words these add nothing: AI in finance, AI finance
_SMALL_WORDS = frozenset({"in", "the"})
#: words of fewer letters that were run together are too near to others
_LONG_RUN = 10


@dataclass(frozen=True, slots=True)
class Likeness:
    one: str
    other: str
    reasons: tuple[Reason, ...]
    #: up to 1
    score: float


@dataclass(frozen=True)
class _Word:
    """A tag of the list with all its spellings, and the forms by which it is compared."""

    folded: str
    spellings: tuple[str, ...]
    is_word: IsWord

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        return tokens_of(self.folded)

    @cached_property
    def american(self) -> tuple[str, ...]:
        return tuple(american(token, self.is_word) for token in self.tokens)

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """American and singular."""
        plurals = self._plural_acronyms
        return tuple(singular(token, self.is_word, is_plural_acronym=token in plurals) for token in self.american)

    @property
    def british(self) -> int:
        return sum(one != other for one, other in zip(self.tokens, self.american, strict=True))

    @property
    def plurals(self) -> int:
        return sum(one != other for one, other in zip(self.american, self.plain, strict=True))

    @cached_property
    def _plural_acronyms(self) -> frozenset[str]:
        """`LLMs`, `EVs`: capitals and a small s."""
        words = (word for spelling in self.spellings for word in spelling.split())
        return frozenset(
            word.casefold() for word in words if len(word) > 2 and word.endswith("s") and word[:-1].isupper()
        )

    @cached_property
    def is_written_in_capitals(self) -> bool:
        return any(spelling.isupper() for spelling in self.spellings)


def alike(raws: Sequence[str], *, is_word: IsWord, vocabulary: Vocabulary | None = None) -> list[Likeness]:
    """
    Pairs of different spellings that may mean the same, the surest first.

    Never two that differ in a number, a version or a word of their own. The vocabulary is asked for translations only.
    """
    words = _words(raws, is_word)
    found: dict[tuple[str, str], Likeness] = {}
    compared = _Comparison(words, is_word)
    pairs = (*_by_key(compared), *_by_initials(compared), *_by_translation(words, vocabulary))
    for one, other, reasons, score in pairs:
        if numbers_in(one.folded) == numbers_in(other.folded):
            for likeness in _spelt_out(one, other, reasons, score):
                found.setdefault((likeness.one, likeness.other), likeness)
    for word in words:
        for likeness in _spelt_out(word, word, (Reason.SPELLING,), 1.0):
            found.setdefault((likeness.one, likeness.other), likeness)
    return sorted(found.values(), key=lambda one: (-one.score, fold(one.one), one.one, one.other))


_Pair = tuple[_Word, _Word, tuple[Reason, ...], float]


def _words(raws: Iterable[str], is_word: IsWord) -> list[_Word]:
    spellings: dict[str, dict[str, None]] = defaultdict(dict)
    for raw in raws:
        if folded := fold(raw):
            spellings[folded][raw] = None
    return [_Word(folded, tuple(spelt), is_word) for folded, spelt in spellings.items()]


def _spelt_out(one: _Word, other: _Word, reasons: tuple[Reason, ...], score: float) -> Iterator[Likeness]:
    """Every spelling of the one beside every spelling of the other."""
    spelt = (
        combinations(one.spellings, 2)
        if one is other
        else ((first, second) for first in one.spellings for second in other.spellings)
    )
    for first, second in spelt:
        yield Likeness(min(first, second), max(first, second), reasons, round(score, 2))


def _by_key(compared: "_Comparison") -> Iterator[_Pair]:
    """Words that come down to the same letters once spelling, number and slips are taken away."""
    for group in compared.groups():
        for one, other in combinations(group, 2):
            reasons = compared.reasons(one, other)
            yield one, other, reasons, compared.score(one, other, reasons)


class _Comparison:
    """The words of one list, each with the key under which it meets its likes."""

    def __init__(self, words: Sequence[_Word], is_word: IsWord) -> None:
        self.words = words
        counts = Counter(token for word in words for token in set(word.plain))
        self.slips = slips_in(counts, is_word)
        self.keys = {word.folded: self.key(word) for word in words}
        self.run_slips = self._run_slips(is_word)

    def _run_slips(self, is_word: IsWord) -> dict[str, str]:
        """Keys of words run together with a slip in them, and the keys that were meant."""
        meant = {self.keys[word.folded] for word in self.words if len(word.plain) > 1}
        runs = (word.plain[0] for word in self.words if len(word.plain) == 1)
        odd = {run for run in runs if len(run) >= _LONG_RUN and run.isalpha() and not is_word(run)} - meant
        return {run: other for run in sorted(odd) for other in one_slip_apart(run, sorted(meant))}

    def groups(self) -> Iterator[list[_Word]]:
        groups: dict[str, list[_Word]] = defaultdict(list)
        for word in self.words:
            key = self.keys[word.folded]
            groups[self.run_slips.get(key, key)].append(word)
        yield from groups.values()

    def tokens(self, word: _Word) -> tuple[str, ...]:
        return tuple(self.slips.get(token, token) for token in word.plain)

    def key(self, word: _Word) -> str:
        return "".join(_weighty(self.tokens(word))) or word.folded

    def reasons(self, one: _Word, other: _Word) -> tuple[Reason, ...]:
        """Each kind of difference that was taken away from one of the two only."""
        found = {
            Reason.BRITISH: one.british != other.british,
            Reason.PLURAL: one.plurals != other.plurals,
            Reason.TYPO: self._slipped(one) != self._slipped(other) or self.keys[one.folded] != self.keys[other.folded],
            Reason.SMALL_WORD: _small(one.tokens) != _small(other.tokens),
            Reason.RUN_TOGETHER: len(_weighty(one.tokens)) != len(_weighty(other.tokens)),
        }
        return tuple(reason for reason in Reason if found.get(reason)) or (Reason.SPELLING,)

    def _slipped(self, word: _Word) -> list[str]:
        return sorted(token for token in word.plain if token in self.slips)

    def score(self, one: _Word, other: _Word, reasons: Iterable[Reason]) -> float:
        """The product of what each difference can be trusted; a slip in a long tag weighs less than in a short one."""
        from rapidfuzz.distance import OSA

        score = 1.0
        for reason in reasons:
            score *= TRUST[reason]
        return score * (OSA.normalized_similarity(one.folded, other.folded) if Reason.TYPO in reasons else 1.0)


def _weighty(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Without small words that stand between others."""
    last = len(tokens) - 1
    return tuple(token for at, token in enumerate(tokens) if token not in _SMALL_WORDS or at in (0, last))


def _small(tokens: tuple[str, ...]) -> list[str]:
    return [token for token in tokens[1:-1] if token in _SMALL_WORDS]


def _by_initials(compared: "_Comparison") -> Iterator[_Pair]:
    initials = Initials((compared.keys[word.folded], compared.tokens(word)) for word in compared.words)
    by_key: dict[str, list[_Word]] = defaultdict(list)
    for word in compared.words:
        by_key[abbreviation(word.plain) or compared.keys[word.folded]].append(word)
    for word in compared.words:
        for meant in initials.short_forms(compared.tokens(word)):
            for short in by_key.get("".join(meant.short), ()):
                # A word of English is one, unless somebody wrote it in capitals: US, SEC.
                if short.is_written_in_capitals or not short.is_word(meant.initials):
                    yield short, word, (Reason.INITIALS,), meant.trust


def _by_translation(words: Sequence[_Word], vocabulary: Vocabulary | None) -> Iterator[_Pair]:
    if vocabulary is None:
        return
    by_slug: dict[str, list[_Word]] = defaultdict(list)
    for word in words:
        slug = vocabulary.words.get(word.folded)
        if slug:
            by_slug[slug].append(word)
    for group in by_slug.values():
        for one, other in combinations(group, 2):
            if has_han(one.folded) != has_han(other.folded):
                yield one, other, (Reason.TRANSLATION,), TRUST[Reason.TRANSLATION]
