"""Which words English knows, from a dictionary of American spelling."""

from functools import cache
from typing import Any


def is_english(word: str) -> bool:
    return word in _dictionary()


@cache
def _dictionary() -> Any:
    # A third of a second to load, and only needed where tags are compared.
    from spellchecker import SpellChecker

    return SpellChecker(language="en", distance=1).word_frequency.dictionary
