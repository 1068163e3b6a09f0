"""The interests in one cell, by any of their names."""

import re
from dataclasses import dataclass, field

from newsletter.tags import Vocabulary

_PARTS = re.compile("[;|；]")
_COMMAS = re.compile("[,，、]")
#: how many different words are remembered
_KEPT = 10_000


@dataclass(slots=True)
class Interests:
    vocabulary: Vocabulary
    #: a list of a million readers names the same few tags
    _slugs: dict[str, str | None] = field(default_factory=dict)

    def read(self, written: str) -> tuple[set[str], list[str]]:
        """The tags, and the words that are none."""
        found: set[str] = set()
        unknown: list[str] = []
        for raw in _PARTS.split(written):
            slug = self._slugs.get(raw)
            if slug:
                found.add(slug)
            else:
                slugs, others = self._of_part(raw)
                found |= slugs
                unknown += others
        return found, unknown

    def _of_part(self, raw: str) -> tuple[set[str], list[str]]:
        """A name may hold a comma; only where it is no name as it stands, commas part names."""
        whole = self._slug(raw.strip())
        if whole:
            return {whole}, []
        words = [word.strip() for word in _COMMAS.split(raw) if word.strip()]
        slugs = {word: self._slug(word) for word in words}
        return {slug for slug in slugs.values() if slug}, [word for word, slug in slugs.items() if not slug]

    def _slug(self, word: str) -> str | None:
        if word not in self._slugs:
            if len(self._slugs) >= _KEPT:
                self._slugs.clear()
            self._slugs[word] = self.vocabulary.resolve(word) if word else None
        return self._slugs[word]
