"""The vocabulary kept in order: tags merged and added, words found in stories, what nobody follows."""

from newsletter.tending.adding import add_tag, add_words
from newsletter.tending.english import is_english
from newsletter.tending.merging import Merged, foresee_merge, merge_tags

__all__ = ["Merged", "add_tag", "add_words", "foresee_merge", "is_english", "merge_tags"]
