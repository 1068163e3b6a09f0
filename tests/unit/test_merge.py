from datetime import date

import pytest

from newsletter.edition import Field, Links
from newsletter.merge import greeting, merge_values, since
from newsletter.tokens import Purpose
from tests.builders import a_compiled_issue, a_letterhead


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
        ("en", date(2026, 3, 1), " (since 1 March 2026)"),
        ("zh-Hans", date(2026, 12, 31), "（自2026年12月31日起）"),
        ("en", None, ""),
    ],
)
def test_the_day_since_when_is_written_in_words(language: str, day: date | None, expected: str) -> None:
    assert since(language, day) == expected


def a_token(purpose: Purpose) -> str:
    return f"token-{purpose}"


def test_each_link_opens_one_door() -> None:
    values = merge_values(
        a_compiled_issue(), base_url="https://news.example.com/", name="", since_on=None, token_for=a_token
    )

    assert values[Field.UNSUBSCRIBE_URL] == "https://news.example.com/u/token-u"
    assert values[Field.PREFERENCES_URL] == "https://news.example.com/p/token-p"
    assert values[Field.VIEW_URL] == "https://news.example.com/v/token-v"
    assert values[Field.UNSUBSCRIBE_MAILTO] == "mailto:leave@example.com?subject=unsubscribe%20token-u"


def test_with_a_mailbox_only_no_page_is_named() -> None:
    compiled = a_compiled_issue(letterhead=a_letterhead(links=Links.MAILBOX))

    values = merge_values(compiled, base_url="", name="", since_on=None, token_for=a_token)

    assert set(values) == {Field.GREETING, Field.SINCE, Field.UNSUBSCRIBE_MAILTO}
