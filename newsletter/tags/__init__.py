"""The tag vocabulary: which words mean which subject, and which subject stands above which (subscribers/tags.yaml)."""

from newsletter.tags.folding import fold
from newsletter.tags.reading import read_vocabulary
from newsletter.tags.vocabulary import RESERVED, Tag, Vocabulary, fits, vocabulary_of

__all__ = ["RESERVED", "Tag", "Vocabulary", "fits", "fold", "read_vocabulary", "vocabulary_of"]
