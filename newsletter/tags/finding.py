"""The tags whose names and aliases stand in a text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.tags.folding import fold, laid_out
from newsletter.tags.vocabulary import Vocabulary

#: a word that stands in the headline says more than one below it
_HEADLINE = 3
#: more mentions than this make a story no more about something
_MENTIONS = 3
#: more proposals help nobody
MOST = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A tag with the words of the text that stand for it."""

    slug: str
    words: tuple[str, ...]
    weight: int


class Finder:
    """
    Looks for the names and aliases of a vocabulary.

    Latin words count whole (`AI` is not in `said`, nor in `AI5`), Chinese ones wherever they stand. Of words that
    overlap the longest counts. A plural s may follow. A capital in an alias is meant, and so is a name in capitals:
    `Visa` is not in "a visa", nor `US` in "tell us".
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._words: dict[str, tuple[str, str, bool]] = {}
        for tag in vocabulary.tags.values():
            for word, is_name in (
                *((name, True) for name in tag.names.values()),
                *((one, False) for one in tag.aliases),
            ):
                self._words.setdefault(fold(word), (laid_out(word), vocabulary.current(tag.slug), is_name))

    def find(self, headline: str, texts: Iterable[str], *, but: Iterable[str] = ()) -> list[Found]:
        """
        The weightiest first, without those that a narrower one says already.

        :param but: slugs that the story has already; neither they nor what stands above them is found
        """
        weights: dict[str, int] = {}
        words: dict[str, dict[str, None]] = {}
        parts = [(headline, _HEADLINE), *((text, 1) for text in texts)]
        for text, weight in parts:
            for slug, written in self._mentions(text):
                words.setdefault(slug, {})[written] = None
                weights[slug] = weights.get(slug, 0) + weight
        said = self._above({*weights, *but}) | {*but}
        found = [
            Found(slug, tuple(words[slug]), min(weight, _HEADLINE + _MENTIONS))
            for slug, weight in weights.items()
            if slug not in said and (weight > 1 or not _is_everyday(words[slug]))
        ]
        return sorted(found, key=lambda one: (-one.weight, -max(map(len, one.words)), one.slug))[:MOST]

    def _above(self, slugs: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self._vocabulary.ancestors(slug) for slug in slugs))

    def _mentions(self, text: str) -> Iterator[tuple[str, str]]:
        """(slug, as written), in the order of the text."""
        cased = laid_out(text)
        plain = "".join(low if len(low := mark.casefold()) == 1 else mark for mark in cased)
        spans = sorted(self._spans(cased, plain), key=lambda span: (span[0] - span[1], span[0]))
        taken = bytearray(len(cased))
        kept = []
        for start, end, slug in spans:
            if not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                kept.append((start, end, slug))
        for start, end, slug in sorted(kept):
            yield slug, cased[start:end]

    def _spans(self, cased: str, plain: str) -> Iterator[tuple[int, int, str]]:
        for key, (written, slug, is_name) in self._words.items():
            start = plain.find(key)
            while start >= 0:
                end = start + len(key)
                end += _is_plural(plain, key, end)
                if _is_whole(plain, start, end) and _has_case(cased[start:end], written, is_name=is_name):
                    yield start, end, slug
                start = plain.find(key, start + 1)


def _is_everyday(words: Iterable[str]) -> bool:
    """A single small word, such as `work`: mentioned once, it says nothing."""
    return all(word.isascii() and word.islower() and " " not in word for word in words)


def _is_latin(mark: str) -> bool:
    """Part of a word that is written with spaces around it."""
    return mark.isalnum() and ord(mark) < 0x2E80


def _is_plural(plain: str, key: str, end: int) -> bool:
    is_s = plain[end : end + 1] == "s" and not _is_latin(plain[end + 1 : end + 2] or " ")
    return is_s and key[-1].isascii() and key[-1].isalpha() and key[-1] != "s"


def _is_whole(plain: str, start: int, end: int) -> bool:
    before, after = plain[max(0, start - 1) : start], plain[end : end + 1]
    if _is_latin(plain[start]) and before and _is_latin(before):
        return False
    if _is_latin(plain[end - 1]) and after and (_is_latin(after) or after in "+#"):
        return False
    # a version goes on: `Gemini 3` is not in `Gemini 3.5`
    goes_on = after in (".", ",") and plain[end - 1].isdigit() and plain[end + 1 : end + 2].isdigit()
    began = before in (".", ",") and plain[start].isdigit() and plain[max(0, start - 2) : start - 1].isdigit()
    return not goes_on and not began


def _has_case(text: str, written: str, *, is_name: bool) -> bool:
    """Whether the text has the capitals that the word has; the first letter of a name is one for show."""
    for number, (word, seen) in enumerate(zip(written.split(), text.split(), strict=False)):
        if word.isupper() and any(mark.isalpha() for mark in word):
            if not seen.removesuffix("s").isupper():
                return False
        elif word[0].isupper() and not (is_name and number == 0) and not seen[0].isupper():
            return False
    return True
