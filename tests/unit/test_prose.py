"""Inline Markdown: bold, italics and links, and nothing else."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.prose import PlainProse, chinese_marked, prose_html, prose_plain, prose_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**bold** and *italic*", "<strong>bold</strong> and <em>italic</em>"),
        ("__bold__ and _italic_", "<strong>bold</strong> and <em>italic</em>"),
        ("[a](https://e.com/?a=1&b=2)", '<a href="https://e.com/?a=1&amp;b=2">a</a>'),
        ("[us](mailto:us@example.com)", '<a href="mailto:us@example.com">us</a>'),
        ("[**a** b](http://e.com)", '<a href="http://e.com"><strong>a</strong> b</a>'),
        (r"\*not italic\*", "*not italic*"),
        ("***a **b** c***", "<em><strong>a b c</strong></em>"),
    ],
)
def test_bold_italics_and_links_work(written: str, shown: str) -> None:
    assert prose_html(written) == [shown]


@pytest.mark.parametrize(
    "written",
    [
        "<b>x</b><script>alert(1)</script>",
        "![picture](https://example.com/x.png)",
        "`code` # heading",
        "https://example.com and <https://example.com>",
        "&amp; &#60; &copy;",
        "{{ 7*7 }} {% if %} {# #}",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "[x](//example.com)",
        "[x](/page)",
        "[x]()",
        "[x][y]",
        "- list",
        "He said \"no\" & 'yes' < 5 > 3",
    ],
)
def test_everything_else_prints_as_it_was_written(written: str) -> None:
    [shown] = prose_html(written)

    assert text_of(shown) == written
    assert "<" not in shown
    assert prose_plain(written) == written


def test_bold_works_beside_chinese_where_no_space_parts_words() -> None:
    assert prose_html("这是**“重点”**内容，**草案。**然后", language="zh-Hans") == [
        "这是<strong>“重点”</strong>内容，<strong>草案。</strong>然后"
    ]


def test_a_blank_line_parts_paragraphs_and_a_line_break_only_words() -> None:
    assert prose_html("one\ntwo\n\n中文\n换行\n \n\nthree", language="zh-Hans") == ["one two", "中文换行", "three"]


def test_links_are_numbered_in_plain_text_and_each_address_once() -> None:
    first = prose_text("See [the *rules*](https://e.com/a), [again](https://e.com/a) and [x](https://e.com/b).")

    assert first == PlainProse(
        ("See the rules\u00a0[1], again\u00a0[1] and x\u00a0[2].",), ("https://e.com/a", "https://e.com/b")
    )
    assert prose_text("[more](https://e.com/c)", first.urls).paragraphs == ("more\u00a0[3]",)


def test_a_link_whose_text_is_its_address_needs_no_number() -> None:
    assert prose_text("[https://e.com](https://e.com) [a@e.com](mailto:a@e.com)") == PlainProse(
        ("https://e.com a@e.com",)
    )


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("en", "Huawei 华为，芯片 and 人工智能", "Huawei <z>华为，芯片</z> and <z>人工智能</z>"),
        ("en", "“华为”<b>", "“<z>华为</z>”&lt;b&gt;"),
        ("en", "日本の半導体", "日本の半導体"),
        ("zh-Hans", "华为 AI", "华为 AI"),
        ("en", "", ""),
    ],
)
def test_chinese_within_english_says_that_it_is_chinese(language: str, text: str, shown: str) -> None:
    expected = shown.replace("<z>", '<span lang="zh-Hans">').replace("</z>", "</span>")

    assert chinese_marked(text, language=language) == expected


@pytest.mark.parametrize(
    "unit", ["[", "*", "**a*", "[a](", "![", "[a](<", "\\", "_a_", "中*", "[[](http://a.b)", "[x](http://a.b/(", "\n\n"]
)
def test_hostile_prose_takes_less_than_a_second(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    started = time.process_time()

    prose_html(text)
    prose_text(text)

    assert time.process_time() - started < 1.5


@settings(deadline=None)
@given(st.text("ab*_[]()<>&\"'\\!` \n中。{}:/", max_size=60))
def test_whatever_is_written_the_html_is_well_formed(text: str) -> None:
    for paragraph in prose_html(text):
        reader = Reader()
        reader.feed(paragraph)
        reader.close()
        assert reader.open == []
        assert reader.seen <= {"a", "strong", "em", "span"}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)
        assert len(self.open) <= 4

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def text_of(shown: str) -> str:
    reader = Reader()
    reader.feed(shown)
    reader.close()
    return "".join(reader.text)
