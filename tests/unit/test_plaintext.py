"""The filters of the text template."""

from newsletter.edition import Field, Filling, Part, mark, slot
from newsletter.plaintext import paragraph, underlined
from tests.builders import SOURCE


def test_a_bullet_hangs() -> None:
    text = "The draft appeared in April, and it covers services that are offered to the public."

    assert paragraph(text, "• ") == (
        "• The draft appeared in April, and it covers services that are offered\n  to the public."
    )


def test_a_heading_is_underlined_as_wide_as_it_shows() -> None:
    assert underlined("要闻 AI") == "要闻 AI\n-------"
    assert underlined("Top", "=") == "Top\n==="


def test_a_long_value_that_is_filled_in_later_gets_a_line_of_its_own() -> None:
    lead = mark(SOURCE, Part.TEXT, Filling.LEAD_HEADLINE)

    assert paragraph(f"Today: {lead} and more") == f"Today:\n{lead}\nand more"


def test_room_is_kept_for_a_short_value_that_is_filled_in_later() -> None:
    since = slot(SOURCE, Part.TEXT, Field.SINCE)
    text = f"You receive Harbour Weekly because you agreed to it{since}."

    filled = paragraph(text).replace(since, " on 30 September 2026")

    assert max(len(line) for line in filled.split("\n")) <= 72
    assert paragraph(text.replace(" Weekly", "")).count("\n") == 0


def test_a_number_stays_with_its_word() -> None:
    assert paragraph("word " * 13 + "wording\u00a0[12]") == ("word " * 13).strip() + "\nwording [12]"
