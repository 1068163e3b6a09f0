from datetime import date

import pytest

from newsletter.edition import Field, Links
from newsletter.merge import Addressing, greeting, merge_values, since
from newsletter.tokens import Purpose, Token, read_token
from tests.builders import a_compiled_issue, a_letterhead

KEY = b"k" * 32
ADDRESSING = Addressing(base_url="https://news.example.com", keys=[KEY], mailing_id=12)
PERSON = bytes(range(16))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ms Chen", "Dear Ms Chen,"),
        ("", "Dear reader,"),
        ("{{ 7*7 }}", "Dear {{ 7*7 }},"),
        ("{{ name }}", "Dear {{ name }},"),
    ],
)
def test_the_greeting_names_the_reader_and_evaluates_nothing(name: str, expected: str) -> None:
    assert greeting(a_compiled_issue(), name) == expected


@pytest.mark.parametrize(
    ("language", "day", "expected"),
    [
        ("en", date(2026, 3, 1), "1 March 2026"),
        ("zh-Hans", date(2026, 12, 31), "2026年12月31日"),
        ("en", None, ""),
    ],
)
def test_the_day_since_when_is_written_in_words(language: str, day: date | None, expected: str) -> None:
    assert since(language, day) == expected


def test_each_link_opens_one_door_for_one_subscription() -> None:
    values = merge_values(a_compiled_issue(), ADDRESSING, name="", since_on=None, public_id=PERSON)

    for field, purpose in (
        (Field.UNSUBSCRIBE_URL, Purpose.UNSUBSCRIBE),
        (Field.PREFERENCES_URL, Purpose.PREFERENCES),
        (Field.VIEW_URL, Purpose.VIEW),
    ):
        base, page, token = values[field].rsplit("/", 2)
        assert (base, page) == ("https://news.example.com", str(purpose))
        assert read_token([KEY], purpose, token) == Token(PERSON, 12)
    assert values[Field.UNSUBSCRIBE_MAILTO].startswith("mailto:leave@example.com?subject=unsubscribe%20")


def test_with_a_mailbox_only_no_page_is_named() -> None:
    compiled = a_compiled_issue(letterhead=a_letterhead(links=Links.MAILBOX))

    values = merge_values(compiled, ADDRESSING, name="", since_on=None, public_id=PERSON)

    assert set(values) == {Field.GREETING, Field.SINCE, Field.UNSUBSCRIBE_MAILTO}
