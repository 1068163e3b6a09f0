"""Rules about links and about what stands twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.checks.addresses import page_of, tracking_in, without_tracking
from newsletter.checks.telling import alike, told
from tests.checking import a_brief_file, a_note_file, a_story, checked, earlier, rules_in
from tests.issues import chinese, english


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("The rules are out [](https://example.com/r).", "NL301"),
        ("[ — ](https://example.com/r) is out.", "NL301"),
        ("[Read more](https://example.com/r)", "NL302"),
        ("Please [click here](https://example.com/r).", "NL302"),
        ("[here](https://example.com/r)", "NL302"),
        ("[**Read more** »](https://example.com/r)", "NL302"),
        ("请[点击这里](https://example.com/r)。", "NL302"),
        ("[阅读全文](https://example.com/r)", "NL302"),
        ("[the rules](www.example.com/r)", "NL303"),
        ("[the rules](htps://example.com/r)", "NL303"),
        ("[the rules]()", "NL303"),
        ("[the rules](https://https://example.com/r)", "NL303"),
        ("[the rules](https://example..com/r)", "NL303"),
        ("[the rules](http://example.com/r)", "NL304"),
        ("[the rules](https://localhost/r)", "NL305"),
        ("[the rules](http://192.168.1.4/r)", "NL305"),
        ("[the rules](https://intranet/r)", "NL305"),
        ("[the rules](https://wiki.corp/r)", "NL305"),
        ("[the rules](https://127.1/r)", "NL305"),
        ("[the rules](https://[::1]/r)", "NL305"),
        ("[the rules](https://100.64.0.1/r)", "NL305"),
        ("[the rules](https://[::ffff:10.0.0.1]/r)", "NL305"),
        ("[the rules](https://[2606:2800:220:1::1]/r)", None),
        ("[the rules](https://93.184.216.34/r)", None),
        ("[the rules](https://bit.ly/3abc)", "NL306"),
        ("[the rules](https://t.cn/A6x)", "NL306"),
        ("[the rules](https://example.com/r?utm_source=mail&id=1)", "NL307"),
        ("[the rules](https://example.com/r?fbclid=1)", "NL307"),
        ("[the rules](https://example.com/r?a=1&mc_eid=2)", "NL307"),
        ("[the draft rules](https://example.com/r?id=1&page=2)", None),
        ("[Read more about the draft rules](https://example.com/r)", None),
        ("[mei.lin@example.com](mailto:mei.lin@example.com)", None),
        ("[more ports](https://example.com/r#top)", None),
        ("[规则草案](https://例子.测试/规则)", None),
        (r"\[not a link\](2) and [1] and [x] (y)", None),
        ("![a picture](https://example.com/p.png)", None),
    ],
)
def test_links_in_prose(words: str, rule: str | None) -> None:
    text = a_note_file("- **Fees rise.** Coastal lines are exempt.", intro=f"The team has read.\n\n{words}")
    found = checked(text)
    assert [finding.rule for finding in found] == ([rule] if rule else [])
    for finding in found:
        assert text.split("\n")[(finding.line or 0) - 1] == words


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("http://example.com/a", ["NL304"]),
        ("https://10.0.0.8/a", ["NL305"]),
        ("https://ow.ly/a", ["NL306"]),
        ("https://example.com/a?gclid=1", ["NL307"]),
        ("https://example.com:99999/a", ["NL303"]),
        ("https://example.com/%zz", ["NL303"]),
        ("https://example.com/https://example.com", ["NL303"]),
        ("https://example.com/a", []),
    ],
)
def test_links_of_stories(url: str, rules: list[str]) -> None:
    by_url, by_source = a_story(URL=url), a_story(source=f"[Example Wire]({url}) · 2026-06-09")
    assert rules_in(a_brief_file(by_url)) == rules
    assert rules_in(a_brief_file(by_source)) == rules


def test_the_way_out_is_the_address_without_its_tracking() -> None:
    [finding] = checked(a_brief_file(a_story(URL="https://example.com/a?utm_source=x&id=7&utm_medium=y#top")))
    assert finding.fix == "write https://example.com/a?id=7#top"


@given(st.lists(st.sampled_from(["utm_source=x", "fbclid=1", "id=7", "page=2", "q=a%20b", "mc_eid=3"]), max_size=6))
def test_nothing_but_tracking_is_taken_from_an_address(fields: list[str]) -> None:
    url = "https://example.com/a" + ("?" + "&".join(fields) if fields else "")
    kept = [field for field in fields if field.startswith(("id", "page", "q"))]
    assert tracking_in(without_tracking(url)) == []
    assert without_tracking(url) == "https://example.com/a" + ("?" + "&".join(kept) if kept else "")


@pytest.mark.parametrize(
    "other",
    [
        "http://example.com/a", "https://www.example.com/a/", "https://EXAMPLE.com/a#part", "https://example.com:443/a",
        "https://example.com/a?utm_source=x",
    ],
)  # fmt: skip
def test_spellings_of_one_page_meet(other: str) -> None:
    assert page_of(other) == page_of("https://example.com/a")
    assert page_of("https://example.com/a?x=1&y=2") == page_of("https://example.com/a?y=2&x=1")
    assert len({page_of(f"https://example.com/{path}") for path in ("a", "A", "a?x=1", "a/b", "b")}) == 5


def test_two_stories_of_one_page() -> None:
    one, other = a_story(URL="https://example.com/a"), a_story("Ships report early", URL="https://www.example.com/a/")
    [finding] = checked(a_brief_file(one, other))
    assert (finding.rule, "story 1" in finding.message) == ("NL401", True)


SUMMARY = (
    "The harbour authority will let three makers of cranes bid for the northern terminal, a first for the region, "
    "and wants the work to be finished before the typhoon season of next year begins."
)
REWRITTEN = (
    "In a first for the region, three makers of cranes bid for the northern terminal, says the authority, which "
    "wants the work to be finished before the typhoon season."
)
CHINESE_SUMMARY = "港务局首次允许三家起重机制造商竞标北部码头，工程须在明年台风季节开始之前完成。"
CHINESE_REWRITTEN = "三家起重机制造商竞标北部码头，为本地区首次；港务局要求工程须在明年台风季节开始之前完成。"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Cranes for the north", SUMMARY), ("Three makers may bid", SUMMARY)),
        (("Cranes for the north", SUMMARY), ("Three makers may bid", REWRITTEN)),
        (("北部码头招标", CHINESE_SUMMARY), ("三家企业参与竞标", CHINESE_REWRITTEN)),
        (("Harbour City funds a computing grid", "It pays."), ("Harbour City funds computing grid", "Two billion.")),
        (("Computing grid funded by Harbour City", "It pays."), ("Harbour City funded computing grid", "More.")),
        (("港口订购新的数据中心电网", "一。"), ("港口订购全新的数据中心电网", "二。")),
        (("Fees", "It pays."), ("Fees", "Two billion.")),
    ],
)
def test_one_event_told_twice(one: tuple[str, str], other: tuple[str, str]) -> None:
    text = a_brief_file(a_story(one[0], Summary=one[1]), a_story(other[0], Summary=other[1]))
    [finding] = checked(text)
    assert (finding.rule, text.split("\n")[(finding.line or 0) - 1]) == ("NL402", f"### {other[0]}")
    before = [earlier(other[0], summary=other[1])]
    assert rules_in(a_brief_file(a_story(one[0], Summary=one[1])), earlier=before) == ["NL411"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Alibaba reports the first quarter of 2026", "Up."), ("Alibaba reports the first quarter of 2027", "Up.")),
        (("八款芯片通过网络安全审查", "一。"), ("九款芯片通过网络安全审查", "二。")),
        (("Chips pass the review", SUMMARY), ("Ships pass the canal", "The canal opens to three makers of cranes.")),
        (("Fees rise", "It pays."), ("Fees fall", "It does not.")),
        (
            (
                "A plan for data",
                "The National Data Administration has published a plan for data, the first of its kind.",
            ),
            ("A fund for chips", "The National Data Administration has named a fund for chips that will open in May."),
        ),
    ],
)
def test_two_events_of_one_subject(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert rules_in(a_brief_file(a_story(one[0], Summary=one[1]), a_story(other[0], Summary=other[1]))) == []


@given(st.lists(english(30) | chinese(30), min_size=2, max_size=2, unique=True), st.integers(0, 5))
def test_a_copy_is_always_found_and_likeness_goes_both_ways(texts: list[str], extra: int) -> None:
    first, second = (told(f"headline {'abc'[n]}", text, None, path=(n,), where="") for n, text in enumerate(texts))
    there, back = list(alike([first], [second])), list(alike([second], [first]))
    assert bool(there) == bool(back)
    long = "one two three four five six seven eight nine ten " + "more " * extra
    copy = [told(name, texts[0] + long, None, path=(0,), where="") for name in ("something", "other words")]
    assert len(list(alike(copy, copy))) == 1


@settings(max_examples=20)
@given(st.integers(2, 12))
def test_a_story_told_many_times_is_found_each_time(times: int) -> None:
    same = [told(f"headline number {'x' * n}", SUMMARY, None, path=(n,), where="") for n in range(times)]
    assert len(list(alike(same, same))) == times - 1


def test_the_page_of_an_issue_before_is_remembered() -> None:
    before = [earlier("Other words", url="https://example.com/a")]
    text = a_brief_file(a_story(URL="https://www.example.com/a/#top"))
    [finding] = checked(text, earlier=before)
    assert finding.rule == "NL411"
    assert "harbour-2026-06-09" in finding.message
