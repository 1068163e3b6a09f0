"""
Segments: an expression over interests and languages, what it means, and whom it holds.

Reading one is in `grammar` and `saved`, which import the grammar library; whoever only applies one needs neither.
"""

from newsletter.segment.expression import And, Everyone, Expression, HasInterest, InLanguage, Not, Or, matches

__all__ = ["And", "Everyone", "Expression", "HasInterest", "InLanguage", "Not", "Or", "matches"]
