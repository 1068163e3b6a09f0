"""From feeds to a draft: what is new, each story once, and nothing that goes out before somebody wrote the reasons."""

from datetime import date
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest

from newsletter.checks import check_issue
from newsletter.errors import InputError, Severity
from newsletter.importing.feeds import draft_from_feed, draft_from_feeds, feeds_in, is_feed_list
from newsletter.issue import DailyBrief, Kind
from newsletter.masthead import Masthead
from newsletter.reader import Reading, read_issue_text
from newsletter.tags import Vocabulary, read_vocabulary

MASTHEAD = Masthead(
    name="brief", title="Brief", kind=Kind.DAILY_BRIEF, zone="Asia/Singapore", list_id="brief.example.com"
)
TODAY, YESTERDAY = date(2026, 6, 10), date(2026, 6, 9)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    path = Path(__file__).parents[2] / "subscribers" / "tags.yaml"
    return read_vocabulary(path.read_text(encoding="utf-8"), path=str(path))


def item(title: str, at: str | None, *, link: str = "", summary: str = "It happened.") -> str:
    day = f"<pubDate>{at}</pubDate>" if at else ""
    link = link or f"https://example.com/{quote(title)}"
    words = f"<description>{escape(summary)}</description>"
    return f"<item><title>{escape(title)}</title><link>{link}</link>{day}{words}</item>"


def rss(*items: str, title: str = "Example Wire") -> bytes:
    head = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{escape(title)}</title><link>https://example.com/</link>'
    return f"{head}{''.join(items)}</channel></rss>".encode()


def drafted(*feeds: bytes) -> tuple[DailyBrief, list[str]]:
    named = [(f"feed-{number}.xml", feed) for number, feed in enumerate(feeds)]
    text, said = draft_from_feeds(named, since=YESTERDAY, masthead=MASTHEAD, today=TODAY)
    issue = read(text).issue
    assert isinstance(issue, DailyBrief)
    return issue, [str(finding) for finding in said]


def read(text: str) -> Reading:
    return read_issue_text(text, path="draft.md", mastheads={"brief": MASTHEAD})


def test_what_is_new_becomes_stories_newest_first() -> None:
    issue, said = drafted(
        rss(
            item("Early", "Tue, 09 Jun 2026 01:00:00 GMT"),
            item("Late: A & B *now*", "Tue, 09 Jun 2026 20:00:00 GMT", link="https://example.com/late"),
            item("Too old", "Mon, 08 Jun 2026 15:59:00 GMT"),
            item("3. 九款芯片", "Tue, 09 Jun 2026 10:00:00 GMT", link="/rel"),
        )
    )
    assert [story.headline for story in issue.all_stories] == ["Late: A & B *now*", "3. 九款芯片", "Early"]
    late = issue.all_stories[0]
    # eight in the evening in London is the next day in Singapore
    assert (late.date, late.link) == (date(2026, 6, 10), "https://example.com/late")
    assert [source.name for source in late.sources] == ["Example Wire"]
    assert issue.all_stories[1].link == "https://example.com/rel"
    assert (issue.date, said) == (TODAY, [])


def test_a_draft_is_refused_until_the_reasons_are_written(vocabulary: Vocabulary) -> None:
    text, _ = draft_from_feed(
        rss(item("One", "Tue, 09 Jun 2026 01:00:00 GMT")), since=YESTERDAY, masthead=MASTHEAD, today=TODAY
    )
    errors = [finding for finding in check_issue(read(text), vocabulary) if finding.severity is Severity.ERROR]
    assert [str(finding) for finding in errors] == [
        "draft.md:10:19: sections[1].stories[1].why_it_matters: is still to be written; write it in place of TODO"
    ]
    written = text.replace("TODO\n", "It does.\n")
    assert not [finding for finding in check_issue(read(written), vocabulary) if finding.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("text", "is_todo"),
    [
        ("TODO", True),
        ("TODO: say why", True),
        ("**TODO** say why", True),
        ("Say why (TODO).", True),
        ("A todo list.", False),
        ("TODOS are words.", False),
    ],
)
def test_todo_counts_as_a_whole_word(text: str, is_todo: bool, vocabulary: Vocabulary) -> None:
    head = "---\nnewsletter: brief\nkind: {}\ndate: 2026-06-10\nsubject: S\n---\n"
    brief = head.format("daily-brief") + f"### H\n- Summary: {text}\n- URL: none\n"
    update = head.format("team-update") + f"Intro.\n\n- **{text.strip('*')}** rest\n"
    note = MASTHEAD.model_copy(update={"kind": None})
    for written in (brief, update):
        reading = read_issue_text(written, path="x.md", mastheads={"brief": note})
        rules = [finding.rule for finding in check_issue(reading, vocabulary)]
        assert ("NL201" in rules) is is_todo


def test_a_story_comes_once_by_its_page_and_by_its_headline() -> None:
    first = rss(
        item("One", "Tue, 09 Jun 2026 03:00:00 GMT", link="https://example.com/a#top"),
        item("one", "Tue, 09 Jun 2026 02:00:00 GMT", link="https://example.com/b"),
    )
    second = rss(item("Other words", "Tue, 09 Jun 2026 01:00:00 GMT", link="https://example.com/a/"), title="Mirror")
    issue, _ = drafted(first, second)
    assert [story.headline for story in issue.all_stories] == ["One"]


def test_summaries_lose_their_html_and_are_cut_at_a_sentence() -> None:
    long = "<p>The <b>city</b> &amp; its port.</p><script>no</script> " + "Words go on and on. " * 60
    issue, said = drafted(rss(item("One", "Tue, 09 Jun 2026 01:00:00 GMT", summary=long)))
    summary = issue.all_stories[0].summary
    assert summary.startswith("The city & its port. Words go on and on.")
    assert summary.endswith("on.")
    assert 560 < len(summary) <= 600
    assert said == ["the summary of “One” was cut; read the page before you keep it"]


def test_stars_and_brackets_of_a_feed_stay_words() -> None:
    issue, _ = drafted(
        rss(item("One", "Tue, 09 Jun 2026 01:00:00 GMT", summary="a *b* [c](https://example.com) 2 * 3"))
    )
    assert issue.all_stories[0].summary == r"a \*b\* [c\](https://example.com) 2 * 3"


def test_what_is_missing_is_said() -> None:
    issue, said = drafted(
        rss(
            item("One", "Tue, 09 Jun 2026 01:00:00 GMT", summary="", link="ftp://example.com/x"), item("Timeless", None)
        )
    )
    [story] = issue.all_stories
    assert (story.summary, story.url) == ("TODO", "none")
    assert said == [
        "feed-0.xml: 1 entries without a day were left out: Timeless; look at the feed for them",
        "“One” came without a summary; write it",
    ]


def test_a_name_with_a_comma_is_one_source() -> None:
    issue, _ = drafted(
        rss(item("One", "Tue, 09 Jun 2026 01:00:00 GMT", link="https://example.com/a"), title="Wire, Daily/One")
    )
    assert [source.name for source in issue.all_stories[0].sources] == ["Wire, Daily/One"]


def test_thirty_stories_are_enough() -> None:
    issue, said = drafted(rss(*(item(f"Number {n}", f"Tue, 09 Jun 2026 01:{n:02}:00 GMT") for n in range(40))))
    assert len(issue.all_stories) == 30
    assert issue.all_stories[0].headline == "Number 39"
    assert said == ["10 older entries were left out; a draft holds 30; name a later day with --since"]


def test_atom_is_read_as_well() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Atom Wire</title><entry>'
        '<title type="html">A &amp;amp; B</title>'
        '<link href="https://example.com/a"/><updated>2026-06-09T23:30:00+08:00</updated>'
        '<content type="html">&lt;p&gt;Text.&lt;/p&gt;</content></entry></feed>'
    )
    issue, _ = drafted(atom.encode())
    [story] = issue.all_stories
    assert (story.headline, story.date, story.summary) == ("A & B", YESTERDAY, "Text.")


def test_an_opml_file_lists_feeds() -> None:
    outlines = [
        '<outline text="a" xmlUrl="https://example.com/a?x=1&amp;y=2"/>',
        "<outline xmlUrl='https://example.org/b'/>",
        '<outline xmlUrl="https://example.org/b"/><outline xmlUrl="file:///etc/passwd"/>',
    ]
    content = f'<?xml version="1.0"?><opml version="2.0"><body>{"".join(outlines)}</body></opml>'.encode()
    assert is_feed_list(content)
    assert not is_feed_list(rss())
    assert feeds_in(content, path="list.opml") == ("https://example.com/a?x=1&y=2", "https://example.org/b")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            rss(item("Old", "Mon, 01 Jun 2026 01:00:00 GMT")),
            "nothing is newer than 9 June 2026; name an earlier day with --since",
        ),
        (rss(), "nothing is newer"),
        (b"<html><body>A page</body></html>", "feed: is no feed"),
        (b"https://example.com/feed", "feed: is no feed"),
        (b"", "feed: is no feed"),
    ],
)
def test_what_gives_no_draft_ends_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        draft_from_feed(content, since=YESTERDAY, masthead=MASTHEAD, today=TODAY)
    [finding] = caught.value.findings
    assert str(finding).startswith(said)


def test_a_feed_that_is_the_name_of_a_file_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(rss(item("Secret", "Tue, 09 Jun 2026 01:00:00 GMT")))
    with pytest.raises(InputError, match="is no feed"):
        draft_from_feed(str(file).encode(), since=YESTERDAY, masthead=MASTHEAD, today=TODAY)
