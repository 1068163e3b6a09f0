"""`python -m tests.tagged`: how well `tags suggest` does on the real list."""

from newsletter.cli import show
from newsletter.tending import is_english
from tests.tagged import measure

rows = [
    (
        one.vocabulary,
        one.counted,
        one.wanted,
        one.suggested,
        one.expected,
        one.right,
        f"{one.precision:.3f}",
        f"{one.recall:.3f}",
    )
    for one in measure(is_english)
]
show.table(["vocabulary", "pairs of", "which", "suggested", "expected", "right", "precision", "recall"], rows)
