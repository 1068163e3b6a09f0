"""Initials and what they stand for: `VC`, `venture capital`; also within a tag: `LLM evaluation`."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

#: they lend initials no letter: governance, risk and compliance is GRC
_PASSED_OVER = frozenset({"and", "for", "in", "of", "the"})
_LONGEST = 6
#: two letters stand for too much to be looked for inside a tag
_SURE = 3
#: a word of two letters is an abbreviation itself: SAP is no Singapore AI policy
_WHOLE_WORD = 3
#: how far initials can be trusted, by two letters and by more
_TRUST_TWO, _TRUST_MORE = 0.75, 0.9


@dataclass(frozen=True, slots=True)
class Meant:
    """A tag, and the shorter form that it may have."""

    short: tuple[str, ...]
    initials: str
    trust: float


class Initials:
    """The initials among the tags of a list. What several of its tags could stand for is nobody's short form."""

    def __init__(self, tags: Iterable[tuple[Hashable, Sequence[str]]]) -> None:
        """:param tags: each with a key by which two that mean the same are one, and its words"""
        tags = list(tags)
        self._short = {initials for _, tokens in tags if (initials := abbreviation(tokens))}
        self._long: dict[str, set[Hashable]] = defaultdict(set)
        for key, tokens in tags:
            for initials in {_initials_of(tokens)} & self._short:
                if initials not in tokens:
                    self._long[initials].add(key)

    def short_forms(self, tokens: Sequence[str]) -> Iterator[Meant]:
        """What the tag would be with some of its words as initials."""
        for start in range(len(tokens)):
            for end in range(start + 2, len(tokens) + 1):
                initials = _initials_of(tokens[start:end])
                shortest = 2 if end - start == len(tokens) else _SURE
                is_bounded = tokens[start] not in _PASSED_OVER and tokens[end - 1] not in _PASSED_OVER
                if not is_bounded or not shortest <= len(initials) <= _LONGEST or initials in tokens:
                    continue
                if len(self._long.get(initials, ())) <= 1:
                    trust = _TRUST_TWO if len(initials) < _SURE else _TRUST_MORE
                    yield Meant((*tokens[:start], initials, *tokens[end:]), initials, trust)


def abbreviation(tokens: Sequence[str]) -> str:
    """The letters of a tag that is nothing but initials (`LLM`, `M&A`); else nothing."""
    letters = [token for token in tokens if token not in _PASSED_OVER]
    if len(tokens) == 1 and tokens[0].isalpha() and 2 <= len(tokens[0]) <= _LONGEST:
        return tokens[0]
    is_spelt = len(letters) > 1 and all(len(token) == 1 and token.isalpha() for token in letters)
    return "".join(letters) if is_spelt else ""


def _initials_of(tokens: Sequence[str]) -> str:
    """None where a number or an abbreviation stands among them."""
    counted = [token for token in tokens if token not in _PASSED_OVER]
    is_plain = all(token.isascii() and token.isalpha() and len(token) >= _WHOLE_WORD for token in counted)
    return "".join(token[0] for token in counted) if is_plain else ""
