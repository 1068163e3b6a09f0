"""Issues that hypothesis makes up, of both kinds: English and Chinese, with links, emphasis and odd marks."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from newsletter.issue import DailyBrief, TeamUpdate

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
_WORDS = (
    *("harbours", "report", "grid", "rules", "ships", "AI", "2 billion", "U.S.", "e.g.", "70%", "“quiet”", "China’s"),
    *("(two)", "a", "snake_case", "C#", "R&D", "data-driven", "3.5", "$295", "port", "it", "the"),
)
_HAN = ("九款芯片", "通过审查", "数据中心", "采购范围", "扩大", "港口", "新规则", "企业", "上市", "人工智能")
_ADDRESSES = ("https://example.com/a", "https://example.org/b?c=1&d=2", "https://example.net/long/" + "e" * 40)
SLUGS = st.from_regex(r"[a-z]{1,8}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)


def english(most: int = 12) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(_WORDS), min_size=1, max_size=most).map(lambda words: " ".join(["The", *words]))


def chinese(most: int = 12) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(_HAN), min_size=1, max_size=most).map("".join)


def lines(language: str, most: int = 8) -> st.SearchStrategy[str]:
    """Headlines, headings, names."""
    return english(most) if language == "en" else chinese(most)


def _marked(language: str) -> st.SearchStrategy[str]:
    """A run of words, perhaps bold, italic or a link."""
    words = lines(language, 5)
    marks = st.sampled_from(["{}", "{}", "{}", "**{}**", "*{}*", *(f"[{{}}]({url})" for url in _ADDRESSES)])
    return st.tuples(words, marks).map(lambda both: both[1].format(both[0]))


def sentences(language: str, *, is_marked: bool = True) -> st.SearchStrategy[str]:
    runs = st.lists(_marked(language) if is_marked else lines(language), min_size=1, max_size=4)
    if language == "en":
        return st.tuples(runs, st.sampled_from(".!?")).map(lambda both: " ".join(both[0]) + both[1])
    return runs.map(lambda found: "，".join(found) + "。")


def prose(language: str, *, is_marked: bool = True, most: int = 3) -> st.SearchStrategy[str]:
    joint = " " if language == "en" else ""
    paragraph = st.lists(sentences(language, is_marked=is_marked), min_size=1, max_size=3).map(joint.join)
    return st.lists(paragraph, min_size=1, max_size=most).map("\n\n".join)


def _ending(language: str, *, is_marked: bool) -> st.SearchStrategy[dict[str, Any]]:
    comma, dear = (",", "Dear {{ name }},") if language == "en" else ("，", "{{ name }}，您好：")
    return st.fixed_dictionaries(
        {},
        optional={
            "closing": prose(language, is_marked=is_marked, most=2),
            "sign_off": lines(language, 2).map(lambda words: words + comma),
            "signature": lines(language, 2).filter(lambda words: not words.endswith(".")),
            "greeting": st.just(dear),
        },
    )


def _sources() -> st.SearchStrategy[list[Any]]:
    names = st.sampled_from(["Example Wire", "Daily Example", "示例财经", "Lawyers’ Association", "Example.com.cn"])
    source = st.one_of(
        names.map(lambda name: {"name": name}),
        st.tuples(names, st.sampled_from(_ADDRESSES)).map(lambda both: {"name": both[0], "url": both[1]}),
    )
    return st.lists(source, max_size=3, unique_by=lambda one: one["name"])


def _stories(language: str, *, is_marked: bool) -> st.SearchStrategy[dict[str, Any]]:
    tags = st.lists(st.sampled_from(["AI chips", "trade", "数据中心", "robots"]), min_size=1, max_size=3, unique=True)
    return st.fixed_dictionaries(
        {"headline": lines(language), "summary": prose(language, is_marked=is_marked), "tags": tags},
        optional={
            "sources": _sources(),
            "date": DAYS,
            "why_it_matters": prose(language, is_marked=is_marked, most=2),
            "url": st.sampled_from(["none", *_ADDRESSES]),
            "must_send": st.booleans(),
        },
    )


def _points(language: str, *, is_marked: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"lead": sentences(language, is_marked=False)}, optional={"text": prose(language, is_marked=is_marked, most=2)}
    )


def _sections(name: str, parts: Any, language: str, *, has_headings: bool) -> st.SearchStrategy[Any]:
    headings = lines(language, 4) if has_headings else st.one_of(st.none(), lines(language, 4))
    section = st.fixed_dictionaries({"heading": headings, name: st.lists(parts, min_size=1, max_size=3)})
    return st.lists(section, min_size=1, max_size=3)


@st.composite
def briefs(draw: st.DrawFn, *, is_marked: bool = True, newsletter: str = "harbour-brief") -> DailyBrief:
    language = draw(st.sampled_from(["en", "zh-Hans"]))
    stories = _stories(language, is_marked=is_marked)
    fields = {
        "newsletter": newsletter,
        "date": draw(DAYS),
        "slug": draw(SLUGS),
        "language": language,
        "subject": draw(lines(language)),
        "sections": draw(_sections("stories", stories, language, has_headings=True)),
        **draw(_ending(language, is_marked=is_marked)),
    }
    return DailyBrief.model_validate(fields)


@st.composite
def updates(draw: st.DrawFn, *, is_marked: bool = True, newsletter: str = "harbour-team") -> TeamUpdate:
    language = draw(st.sampled_from(["en", "zh-Hans"]))
    points = _points(language, is_marked=is_marked)
    fields = {
        "newsletter": newsletter,
        "date": draw(DAYS),
        "slug": draw(SLUGS),
        "language": language,
        "subject": draw(lines(language)),
        "team": draw(st.one_of(st.none(), lines(language, 2))),
        "lead_author": draw(st.one_of(st.none(), st.just("Mei Lin"))),
        "intro": draw(prose(language, is_marked=is_marked)),
        "sections": draw(_sections("points", points, language, has_headings=False)),
        **draw(_ending(language, is_marked=is_marked)),
    }
    return TeamUpdate.model_validate(fields)
