"""What the words of a tag come down to: without marks inside, in American spelling, in the singular."""

import re
import unicodedata
from collections.abc import Callable, Iterator

#: whether English knows the word, as American dictionaries spell it
IsWord = Callable[[str], bool]

#: plurals that are another thing than many of the singular, and words that only look like plurals
_OWN_WORDS = frozenset(
    (
        *("aids", "arms", "atlas", "bias", "bonds", "canvas", "chaos", "christmas", "customs", "earnings", "forces"),
        *("futures", "gas", "glasses", "goods", "humanities", "lens", "mars", "means", "news", "pandas", "paris"),
        *("proceeds", "sas", "savings", "securities", "series", "species", "texas", "times", "windows", "works"),
    )
)
_IRREGULAR = {
    "analyses": "analysis",
    "children": "child",
    "crises": "crisis",
    "criteria": "criterion",
    "hypotheses": "hypothesis",
    "indices": "index",
    "matrices": "matrix",
    "men": "man",
    "phenomena": "phenomenon",
    "vertices": "vertex",
    "women": "woman",
}
_SHORT = 4
_ES = re.compile("(?:[sxz]|ch|sh)es")
#: British endings and what Americans write; a word is only touched when American dictionaries lack it
_BRITISH = tuple(
    (re.compile(british), american)
    for british, american in (
        (r"is(ation|ational|e|ed|er|ers|es|ing|able|ability)\b", r"iz\1"),
        (r"ys(e|ed|er|ers|es|ing)\b", r"yz\1"),
        (r"our", "or"),
        (r"(\w[bt])re(s?)\b", r"\1er\2"),
        (r"ence(s?)\b", r"ense\1"),
        (r"([aeiou])ll(ed|er|ers|ing|able)\b", r"\1l\2"),
        (r"lment(s?)\b", r"llment\1"),
        (r"ogue(s?)\b", r"og\1"),
        (r"programme(s?)\b", r"program\1"),
        (r"aluminium", "aluminum"),
        (r"cheque", "check"),
        (r"tyre(s?)\b", r"tire\1"),
        (r"grey", "gray"),
        (r"ae|oe", "e"),
        (r"skilful", "skillful"),
        (r"aeroplane", "airplane"),
    )
)
#: of these American dictionaries know the British spelling too
_BOTH_KNOWN = {
    "adviser": "advisor",
    "analogue": "analog",
    "cancelled": "canceled",
    "catalogue": "catalog",
    "dialogue": "dialog",
    "grey": "gray",
    "judgement": "judgment",
    "labelled": "labeled",
    "labelling": "labeling",
    "licence": "license",
    "modelled": "modeled",
    "modelling": "modeling",
    "practise": "practice",
    "programme": "program",
    "theatre": "theater",
    "travelling": "traveling",
}
#: an ending that is British whether or not a dictionary knows the stem: `tokenisation`
_ALWAYS = re.compile(r"\w{4,}is(ation|ational|ed|ing)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_KEPT = re.compile(r"(?<=\d)[.,](?=\d)|(?<![^\W_])\.(?=[^\W_])|[#%]")


def tokens_of(folded: str) -> tuple[str, ...]:
    """The words of a folded tag, `&` written out, without the marks inside: `node.js` is `nodejs`, `3.2` stays."""
    return tuple(token for token in (_plain(part) for part in folded.replace("&", " and ").split()) if token)


def _plain(token: str) -> str:
    return "".join(mark for at, mark in enumerate(token) if not _is_punctuation(mark) or _KEPT.match(token, at))


def _is_punctuation(mark: str) -> bool:
    """A sign is none: €5 is not $5."""
    return unicodedata.category(mark).startswith("P")


def numbers_in(folded: str) -> tuple[str, ...]:
    return tuple(_NUMBER.findall(folded))


def american(token: str, is_word: IsWord) -> str:
    """As Americans spell it, when the word as it stands is none of theirs."""
    if token in _BOTH_KNOWN:
        return _BOTH_KNOWN[token]
    if not token.isascii() or not token.isalpha() or is_word(token):
        return token
    for british, replacement in _BRITISH:
        spelt = british.sub(replacement, token)
        if spelt != token and (is_word(spelt) or is_word(singular(spelt, is_word))):
            return spelt
    return _BRITISH[0][0].sub(_BRITISH[0][1], token) if _ALWAYS.fullmatch(token) else token


def singular(token: str, is_word: IsWord, *, is_plural_acronym: bool = False) -> str:
    """One of them. A short word that no dictionary knows stays (`AWS`), unless it is an acronym with a small s."""
    if is_plural_acronym:
        return token[:-1]
    if not token.isascii() or not token.isalpha() or token in _OWN_WORDS:
        return token
    if token in _IRREGULAR:
        return _IRREGULAR[token]
    if not token.endswith("s") or token.endswith(("ss", "us", "is", "ics")) or len(token) < _SHORT:
        return token
    candidates = list(_singulars(token))
    found = next((one for one in candidates if is_word(one)), None)
    if found:
        return found
    return token if is_word(token) or len(token) <= _SHORT else candidates[0]


def _singulars(token: str) -> Iterator[str]:
    """The likeliest first."""
    if token.endswith("ies"):
        yield token[:-3] + "y"
    if token.endswith("ves"):
        yield token[:-3] + "f"
        yield token[:-3] + "fe"
    if _ES.search(token[-5:]):
        yield token[:-2]
    yield token[:-1]
