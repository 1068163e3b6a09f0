"""Slips of the pen: which words of a list are others of it, mistyped. Two words that English knows never are."""

from collections.abc import Iterable, Iterator, Mapping

from newsletter.tags.forms import IsWord

#: a shorter word is too near to too many others
_SHORTEST = 5
#: from here on two slips are still nearer to this word than to any other
_LONG = 9
#: the right word of a slip in a word that no dictionary knows
_NEW_WORD = 6
#: letters before this place tell prefixes apart: macro and micro, inter and intra
_PREFIX = 3
#: a new ending makes another form of a word, or another word
_TRUNCATED = 8


def slips_in(words: Mapping[str, int], is_word: IsWord) -> dict[str, str]:
    """
    The mistyped words with what was meant.

    :param words: in the forms that are compared, with how often each occurs
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract_iter

    long_enough = sorted(word for word in words if len(word) >= _SHORTEST and word.isascii() and word.isalpha())
    known = {word: is_word(word) for word in long_enough}
    found: dict[str, tuple[int, str]] = {}
    for wrong in long_enough:
        if known[wrong]:
            continue
        for right, distance, _ in extract_iter(wrong, long_enough, scorer=OSA.distance, score_cutoff=2):
            if right != wrong and is_slip(wrong, right, known=known[right], distance=int(distance)):
                found[wrong] = min(found.get(wrong, (9, "")), (int(distance), right))
    return dict(_settled({wrong: right for wrong, (_, right) in found.items()}, words, known))


def _settled(
    meant: Mapping[str, str], words: Mapping[str, int], known: Mapping[str, bool]
) -> Iterator[tuple[str, str]]:
    """Of two that could each be the other, the rarer is the slip."""
    for wrong, right in meant.items():
        if meant.get(right) == wrong and not known[right] and _rank(wrong, words) > _rank(right, words):
            continue
        yield wrong, right


def _rank(word: str, words: Mapping[str, int]) -> tuple[int, int, str]:
    return words[word], len(word), word


def is_slip(wrong: str, right: str, *, known: bool, distance: int) -> bool:
    """Whether an unknown word is another one mistyped. `known`: English knows that one."""
    longer = max(len(wrong), len(right))
    if wrong[0] != right[0] or longer < _NEW_WORD:
        return False
    if distance > 1:
        return known and min(len(wrong), len(right)) >= _LONG and wrong[:2] == right[:2] and wrong[-1] == right[-1]
    if len(wrong) == len(right):
        return _is_swap_or_wrong_letter(wrong, right, known=known)
    return _is_lost_or_doubled(wrong, right, known=known)


def _is_swap_or_wrong_letter(wrong: str, right: str, *, known: bool) -> bool:
    places = [at for at, (one, other) in enumerate(zip(wrong, right, strict=True)) if one != other]
    if len(places) == 2:  # two letters that changed places
        return places[1] < len(right) - 1 or known
    return known and len(right) > _NEW_WORD and _PREFIX <= places[0] < len(right) - 1


def _is_lost_or_doubled(wrong: str, right: str, *, known: bool) -> bool:
    """A letter too few or too many; at the end it is a slip only where a known long word was cut short."""
    shorter, longer = sorted((wrong, right), key=len)
    if longer.startswith(shorter):
        return known and longer == right and len(longer) >= _TRUNCATED and not longer.endswith("s")
    return True


def one_slip_apart(one: str, others: Iterable[str]) -> Iterator[str]:
    """Words run together, one letter lost, added or swapped within: `aigoverance` beside `ai governance`."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract_iter

    for other, _, _ in extract_iter(one, others, scorer=OSA.distance, score_cutoff=1):
        if other != one and is_slip(one, other, known=False, distance=1):
            yield other
