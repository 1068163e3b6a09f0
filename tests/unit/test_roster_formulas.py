"""Cells that a spreadsheet would compute are made harmless, and come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.roster.formulas import as_written, harmless


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://example.com")', '\'=HYPERLINK("http://example.com")'),
        ("+65 6123", "'+65 6123"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("O'Neill", "O'Neill"),
        ("'t Hart", "'t Hart"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_begins_like_a_formula_is_text(cell: str, shown: str) -> None:
    assert harmless(cell) == shown
    assert as_written(shown) == cell


@given(st.text(st.sampled_from("'=+-@\t\rab＝"), max_size=6) | st.text(max_size=20))
def test_every_cell_comes_back_as_it_was_and_none_is_a_formula(cell: str) -> None:
    shown = harmless(cell)
    assert as_written(shown) == cell
    assert shown[:1] not in tuple("=+-@\t\r＝＋－＠")
