"""
Segments: an expression over what is known of readers, what it means, and whom it holds.

Reading one is in `grammar` and `saved`, which import the grammar library; whoever only applies one needs neither.
"""

from newsletter.segment.expression import (
    About,
    And,
    Everyone,
    Expression,
    HasInterest,
    Home,
    InLanguage,
    Joined,
    Known,
    Not,
    Or,
    Segment,
    Side,
    matches,
)

__all__ = [
    "About",
    "And",
    "Everyone",
    "Expression",
    "HasInterest",
    "Home",
    "InLanguage",
    "Joined",
    "Known",
    "Not",
    "Or",
    "Segment",
    "Side",
    "matches",
]
