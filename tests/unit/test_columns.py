"""Display width and wrapping."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.columns import width, wrap


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("芯片", 4), ("（AI）", 6), ("e\u0301", 1), ("👩‍💻", 2), ("สวัสดี", 4), ("芯\x07", 2)],
)
def test_a_chinese_character_takes_two_columns_and_a_mark_on_a_letter_none(text: str, columns: int) -> None:
    assert width(text) == columns


def test_closing_punctuation_stays_with_what_it_closes_and_opening_with_what_it_opens() -> None:
    text = "监管机构公布第三批名单（九款国产芯片）、获准使用。“星河”系列首次出现，采购范围扩大！" * 3

    for columns in range(12, 40):
        lines = wrap(text, columns=columns).split("\n")
        assert not any(line[0] in "，。、！）”" for line in lines)
        assert not any(line[-1] in "（“" for line in lines)
        assert "".join(lines) == text


def test_a_web_address_is_never_broken_and_stands_alone() -> None:
    address = "https://example.com/" + "x" * 80

    assert wrap(f"See {address} for more, 详见{address}。").split("\n") == [
        "See",
        address,
        "for more, 详见",
        f"{address}。",
    ]


def test_a_mail_address_is_never_broken() -> None:
    address = "somebody@" + "x" * 80 + ".example.com"

    assert address in wrap(f"Please write to {address} today.").split("\n")


def test_a_hanging_indent_counts_in_columns() -> None:
    assert wrap("one two 三四五六七", first="10. ", rest="    ", columns=12) == "10. one two\n    三四五六\n    七"


words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp", "Co"]), max_size=200)


@settings(deadline=None)
@given(words)
def test_no_line_is_too_wide_and_nothing_gets_lost(text: str) -> None:
    wrapped = wrap(text, columns=20)

    assert "".join(wrapped.split()) == "".join(text.split())
    # a mark that opens and one that closes can make a unit that wants no break; addresses are never broken
    assert "@" in text or "://" in text or max(width(line) for line in wrapped.split("\n")) <= 20
