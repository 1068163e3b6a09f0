"""The key under which spellings of one word meet."""

import re
import unicodedata
from functools import lru_cache

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_BESIDE_HAN = re.compile(f"(?<=[{_HAN}]) | (?=[{_HAN}])")
_IN_HAN = re.compile(f"[{_HAN}]")
#: dashes that Unicode files elsewhere: modifier minus, hyphen bullet, swung dash, minus, and lines drawn as one
_OTHER_DASHES = "\u02d7\u2043\u2053\u2212\u2500\u2501\u2796"
#: marks that choose how the character before them is drawn
_UNSEEN = re.compile("[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_APOSTROPHES = re.compile("[\u2018\u2019\u02bc\u2032]")


@lru_cache(maxsize=1 << 13)
def fold(raw: str) -> str:
    """
    The key under which spellings of one word meet: NFKC, case, dashes and spaces, surrounding punctuation.

    Nothing inside a word is touched and nothing is guessed: `C++` is not `C`, `AI5` is not `AI6`. A space beside a
    Chinese character goes, because `AI 芯片` and `AI芯片` differ in typesetting only.
    """
    text = unicodedata.normalize("NFKC", _seen(raw).casefold())
    return _SPACE_BESIDE_HAN.sub("", " ".join(_bare(_spaced(text)).split()))


def laid_out(text: str) -> str:
    """A text in which folded words can be looked for: as `fold` has it, but with its capitals and its punctuation."""
    return _SPACE_BESIDE_HAN.sub("", " ".join(_spaced(_seen(text)).split()))


def _seen(text: str) -> str:
    """Without width, and without what nobody sees."""
    wide = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    return "".join(mark for mark in wide if unicodedata.category(mark) != "Cf")


def _spaced(text: str) -> str:
    """With one kind of apostrophe, and spaces for whatever parts words."""
    return "".join(" " if _parts_words(mark) else mark for mark in _APOSTROPHES.sub("'", text))


def _parts_words(mark: str) -> bool:
    return mark.isspace() or mark in _OTHER_DASHES or unicodedata.category(mark) in ("Pd", "Pc")


def _bare(text: str) -> str:
    """Without surrounding punctuation, but `.NET` keeps its dot and `C#` its sign (`#AI#` is a hashtag)."""
    kept_at_end = "" if text.lstrip().startswith("#") else "#"
    return _headless(_headless(text, keep=".")[::-1], keep=kept_at_end)[::-1]


def _headless(text: str, *, keep: str) -> str:
    """`keep` stays where it stands alone before the word: three dots are an ellipsis."""
    for number, mark in enumerate(text):
        if not _is_outer(mark):
            return (
                text[number - 1 :]
                if number and text[number - 1] in keep and _stands_alone(text, number)
                else text[number:]
            )
    return ""


def _stands_alone(text: str, number: int) -> bool:
    return number < 2 or text[number - 2] != text[number - 1]


def _is_outer(mark: str) -> bool:
    """Unicode files the percent sign under punctuation; it belongs to its number."""
    return mark != "%" and (mark.isspace() or mark == "`" or unicodedata.category(mark).startswith("P"))


def has_han(text: str) -> bool:
    """Whether a Chinese character is in it."""
    return bool(_IN_HAN.search(text))
