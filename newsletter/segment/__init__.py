"""Segments: an expression over interests and languages, what it means, and whom it holds."""

from newsletter.segment.expression import And, Everyone, Expression, HasInterest, InLanguage, Not, Or, matches
from newsletter.segment.grammar import SavedSegment, parse_segment
from newsletter.segment.saved import read_segments

__all__ = [
    "And",
    "Everyone",
    "Expression",
    "HasInterest",
    "InLanguage",
    "Not",
    "Or",
    "SavedSegment",
    "matches",
    "parse_segment",
    "read_segments",
]
