"""HTML: what becomes of it, and that no word of it is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.importing.documents import read_html
from newsletter.importing.documents.inline import Look, Run, inline_markdown, plain_words, tidied
from newsletter.importing.lines import Role, Source
from newsletter.prose import prose_html, prose_plain
from tests.documents import NOTE_HTML


def read(body: str) -> Source:
    return read_html(f"<body>{body}</body>".encode(), path="note.html")


def shown(body: str) -> list[str]:
    """Lines as `role level text`, blanks as an empty text."""
    marks = {Role.PARAGRAPH: "p", Role.BULLET: "*", Role.NUMBERED: "1", Role.HEADING: "#", Role.RULE: "---"}
    return [
        "" if line.role is Role.BLANK else f"{marks[line.role]}{line.level or ''} {line.text}".rstrip()
        for line in read(body).lines
    ]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("<p>One\n  line</p><p>Two</p>", ["p One line", "", "p Two"]),
        ("<p>中文\n断行</p>", ["p 中文断行"]),
        ("<div>One<br>two</div>", ["p One\ntwo"]),
        ("<div>One<br><br>Two<br></div>", ["p One", "", "p Two"]),
        ("<p>One</p><p>&nbsp;</p><p>Two</p>", ["p One", "", "", "p Two"]),
        ("<p>One</p><div><br></div><p>Two</p>", ["p One", "", "", "p Two"]),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", ["* a", "* b", "*1 c"]),
        ("<ul><li><p>a</p><p>more</p></li></ul>", ["* a", "p1 more"]),
        ("<ul><li><div><p>a</p></div></li><li>b</li></ul>", ["* a", "* b"]),
        ("<ol><li>a</ol><ul><li>b</ul>", ["1 a", "", "* b"]),
        ("<ul><li>a</ul><p><br></p><ul><li>b</ul>", ["* a", "", "", "* b"]),
        ("<h2>Big <b>words</b></h2><hr>", ["#2 Big words", "", "---"]),
        ("<p><b>Lead. </b>Rest <i>so</i></p>", ["p **Lead.** Rest *so*"]),
        (
            "<p><b>A <a href='https://example.com'>link</a> in it.</b> x</p>",
            ["p **A [link](https://example.com) in it.** x"],
        ),
        ("<b style='font-weight:normal'>plain <span style='font-weight:700'>bold</span></b>", ["p plain **bold**"]),
        ("<p><b>“Said.”</b>then</p>", ["p “**Said**.”then"]),
        ("<p>2 * 3, [x] and a_b *c*</p>", [r"p 2 * 3, [x] and a_b \*c\*"]),
        ("<a href='mailto:mei@example.com'>Mei</a>", ["p [Mei](mailto:mei@example.com)"]),
        ("<a href='#top'>up</a>", ["p up"]),
        ("<p>• one<br>• two</p>", ["* one", "", "* two"]),
        ("<p>Intro<br>- one<br>- two</p>", ["p Intro", "", "* one", "", "* two"]),
        ("<p>1. Headline</p>", ["1 Headline"]),
        ("<table><tr><td>a<td>b<tr><td>c<td></table>", ["p a | b", "", "p c"]),
        ("<table role=presentation><tr><td>a<td>b</table>", ["p a", "", "p b"]),
        ("<table><tr><td><p>a</p><p>b</p><td>c</table>", ["p a", "", "p b", "", "p c"]),
        ("<p><span class=tag>AI chips</span> <span class=tag>数据中心</span></p>", ["p Tags: AI chips, 数据中心"]),
        ("<p>10&nbsp;percent of&nbsp; it</p>", ["p 10\xa0percent of it"]),
        ("<p>1.&nbsp; Headline</p>", ["1 Headline"]),
        ("<!-- no --><script>no</script><style>no</style>yes", ["p yes"]),
        ("so\u200bft\u00ad ly", ["p soft ly"]),
    ],
)
def test_html_becomes_lines(body: str, lines: list[str]) -> None:
    assert shown(body) == lines


def test_words_lists_are_lists() -> None:
    def point(mark: str, level: int, words: str) -> str:
        ignored = f"<span style='mso-list:Ignore'>{mark}<span>&nbsp;&nbsp; </span></span>"
        return (
            f"<p class=MsoListParagraph style='mso-list:l0 level{level} lfo1'><![if !x]>{ignored}<![endif]>{words}</p>"
        )

    body = point("·", 1, "one") + point("o", 2, "two") + "<p>&nbsp;</p>" + point("1.", 1, "three")
    assert shown(body) == ["* one", "*1 two", "", "", "1 three"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "<p style='display:none'>Seen beside the subject &zwnj;&#847;</p>x",
            "hidden text was left out: “Seen beside the subject”",
        ),
        ("<nav><a href='/'>Home</a></nav>x", "navigation was left out: “Home”"),
        ("<p>x<img src=a alt='A chart'>", "a picture (“A chart”) was left out"),
        ("<a href='javascript:x()'>words</a>", "a link to “javascript:x()” was left out, its words were kept"),
        ("<table><tr><td>a<td>b</table>", "a table was written row by row"),
        ("<s>old</s>", "words that are struck through were kept"),
        ("a\u202eb", "1 invisible character left out"),
    ],
)
def test_what_is_left_out_is_said_with_its_words(body: str, said: str) -> None:
    remarks = read(body).remarks
    assert [said in str(remark) for remark in remarks] == [True]


@pytest.mark.parametrize("body", ["<img src=x width=1 height=1>x", "<p hidden></p>x", "<head><title>T</title></head>x"])
def test_what_loses_nothing_is_not_mentioned(body: str) -> None:
    assert read(body).remarks == ()


@pytest.mark.parametrize(
    ("content", "charset", "words"),
    [
        ("<p>“é” 中文".encode(), None, "“é” 中文"),
        (b"\xef\xbb\xbf" + "<p>中文".encode(), "gbk", "中文"),
        ("<p>中文".encode("utf-16"), None, "中文"),
        ("<meta charset=gb2312><p>中文".encode("gb18030"), None, "中文"),
        ("<p>中文".encode("gb18030"), "gb2312", "中文"),
        ("<meta charset=latin1><p>“é”".encode("cp1252"), None, "“é”"),
    ],
)
def test_the_charset_is_the_marks_then_the_texts_own_then_the_envelopes(
    content: bytes, charset: str | None, words: str
) -> None:
    assert read_html(content, path="x.html", charset=charset).lines[0].text == words


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<p>\xff\xfe\xfa", "note.html: is not text in UTF-8; save it as UTF-8"),
        (b"only words", "note.html: is no HTML; name it .txt if it is plain text"),
        (b"", "note.html: is empty"),
        (b"<p></p>", "note.html: holds no words"),
        (b"%PDF-1.7", "note.html: is a PDF"),
        (b"<p>x" * 110_000, "note.html: holds more than 100,000 marks"),
        (b"<p>x" * 4_001, "note.html: holds more than 4,000 paragraphs"),
        (b"<p>" + b"x" * (2 << 20), "note.html: holds more than 1 MiB of text"),
    ],
)
def test_what_is_no_note_ends_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_html(content, path="note.html")
    [finding] = caught.value.findings
    assert str(finding).startswith(said)


def test_the_title_is_the_pages_but_not_words() -> None:
    page = "<head>{}<title>The title</title></head><p>x"
    assert read_html(page.format("").encode(), path="x").title == "The title"
    by_word = '<meta name=Generator content="Microsoft Word 15">'
    assert read_html(page.format(by_word).encode(), path="x").title is None


def test_paragraphs_are_numbered_from_one() -> None:
    lines = read_html(NOTE_HTML.encode(), path="note.html").lines
    assert [line.number for line in lines if line.text] == list(range(1, 11))


def test_depth_is_no_limit() -> None:
    assert shown("<div>" * 90_000 + "deep") == ["p deep"]


looks = st.builds(Look, st.booleans(), st.booleans(), st.sampled_from(["", "https://example.com/a_(b)"]))
marks = st.sampled_from([*"ab中。“”*_[]()\\!. \v<&`#", "**", "x "])
words = st.lists(marks, min_size=1, max_size=6).map("".join)


@given(st.lists(st.builds(Run, words, looks), max_size=6))
def test_no_look_costs_a_word(runs: list[Run]) -> None:
    tidy = tidied(runs)
    markdown = inline_markdown(tidy)
    assert "".join(prose_plain(markdown).split()) == "".join(plain_words(tidy).split())


@given(st.lists(st.builds(Run, st.sampled_from(["ab ", "c ", "中文", "x"]), looks), min_size=1, max_size=5))
def test_words_without_marks_keep_their_looks(runs: list[Run]) -> None:
    html = "".join(prose_html(inline_markdown(tidied(runs))))
    bold = "".join(re.sub("<[^>]*>", "", part) for part in re.findall("<strong>(.*?)</strong>", html))
    assert "".join(bold.split()) == "".join("".join(run.text for run in runs if run.look.bold).split())


TAGS = ("<p>", "<li>", "<ul>", "<td>", "</p>", "<br>", "<b>", "<tr>", "<table>", "<!--", "</table>", "</ul>")


@given(st.lists(st.sampled_from([*"<>/=\"'!-&;ab \n", *TAGS])).map("".join))
def test_any_text_ends_in_lines_or_in_one_finding(body: str) -> None:
    try:
        source = read_html(body.encode(), path="x.html")
    except InputError as error:
        findings = error.findings
    else:
        findings = ()
        assert any(line.text for line in source.lines) or source.lines[0].role is Role.RULE
    assert len(findings) <= 1
