"""Rules about stories, words and marks: what is found, and what must not be."""

import pytest

from tests.checking import a_brief_file, a_note_file, a_reading, a_story, checked, rules_in


def test_a_clean_file_says_nothing() -> None:
    assert checked(a_brief_file(a_story(), a_story("Ships report a day earlier"))) == []
    assert checked(a_note_file()) == []


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"source": "", "Date": "2026-06-09"}, "NL101"),
        ({"source": "Example Wire"}, "NL102"),
        ({"Why_It_Matters": ""}, "NL103"),
        ({"URL": ""}, "NL104"),
        ({"Tags": ""}, "NL105"),
        ({"Tags": "AI chips, AI chps"}, "NL106"),
        ({"source": "Example Wire · 2026-06-11"}, "NL112"),
    ],
)
def test_what_a_story_needs(fields: dict[str, str], rule: str) -> None:
    text = a_brief_file(a_story("Ships report a day earlier"), a_story(**fields))
    [finding] = checked(text)
    line = finding.line or 0
    assert finding.rule == rule
    assert text.split("\n")[line - 1].startswith("### A port" if rule < "NL106" else "- ")


def test_an_unknown_tag_names_the_nearest() -> None:
    [finding] = checked(a_brief_file(a_story(Tags="AI chps")))
    assert "ai-chips" in finding.fix
    assert finding.column == len("- Tags: ") + 1


@pytest.mark.parametrize("choice", ["all", "matched", "matched-first"])
def test_tags_may_be_missing_where_they_decide_nothing(choice: str) -> None:
    found = rules_in(a_brief_file(a_story(Tags=""), front=f"stories: {choice}\n"))
    assert found == ([] if choice == "all" else ["NL105"])
    assert rules_in(a_brief_file(a_story(Tags="", Must_Send="yes"), front=f"stories: {choice}\n")) == []


def test_a_date_lies_in_the_future_by_the_newsletters_today_only() -> None:
    from datetime import date

    text = a_brief_file(a_story(source="Example Wire · 2026-06-10"))
    assert rules_in(text, today=date(2026, 6, 9)) == ["NL111"]
    assert rules_in(text, today=date(2026, 6, 10)) == []
    assert rules_in(text, today=None) == []


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("TODO", True),
        ("Say more here, TK.", True),
        ("The fee is TKTK dollars.", True),
        ("XXX million yuan", True),
        ("Lorem ipsum dolor sit amet", True),
        ("采购范围待补充。", True),
        ("TODO：补充数字", True),
        ("**TBD**", True),
        ("A todo list grows.", False),
        ("TODOS are words.", False),
        ("TK Maxx opens in Suzhou.", False),
        ("The LTTK network", False),
        ("XXXL shirts", False),
        ("[the page](https://example.com/TODO)", False),
    ],
)
@pytest.mark.parametrize("field", ["Summary", "Why_It_Matters"])
def test_placeholders_count_as_whole_words(words: str, is_found: bool, field: str) -> None:
    found = rules_in(a_brief_file(a_story(**{field: words})))
    assert found == (["NL201"] if is_found else [])


@pytest.mark.parametrize("place", ["subject", "preheader", "closing", "greeting", "signature", "headline", "source"])
def test_placeholders_are_found_in_every_written_field(place: str) -> None:
    if place == "headline":
        text = a_brief_file(a_story("TK for the port", Summary="The port orders a grid."))
    elif place == "source":
        text = a_brief_file(a_story(source="TODO · 2026-06-09"))
    elif place == "subject":
        text = a_brief_file(subject="TODO")
    else:
        text = a_brief_file(front=f"{place}: TODO\n")
    [finding] = checked(text)
    assert finding.rule == "NL201"
    assert "T" in text.split("\n")[(finding.line or 0) - 1]


def test_what_stands_in_a_later_paragraph_is_found_on_its_line() -> None:
    text = a_note_file(intro="The team has read the rules.\n\nThere is more, TK, to say.")
    [finding] = checked(text)
    assert text.split("\n")[(finding.line or 0) - 1] == "There is more, TK, to say."
    assert finding.column == len("There is more, ") + 1


@pytest.mark.parametrize(("length", "rules"), [(110, []), (111, ["NL211"])])
def test_headlines_are_measured_in_columns(length: int, rules: list[str]) -> None:
    assert rules_in(a_brief_file(a_story("h" * length, Summary="Short."))) == rules
    assert rules_in(a_brief_file(a_story("芯" * (length // 2) + "片" * (length % 2), Summary="Short."))) == rules


@pytest.mark.parametrize(("length", "rules"), [(900, []), (901, ["NL212"])])
def test_summaries_are_measured_in_columns(length: int, rules: list[str]) -> None:
    assert rules_in(a_brief_file(a_story(Summary="s" * length))) == rules


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("九款芯片获准使用,采购范围扩大。", True),
        ("九款芯片获准使用.", True),
        ("九款芯片获准使用!", True),
        ("华为(中国)公司获准。", True),
        ("问题:谁来付钱?", True),
        ("港口订购了新的电网,Harbour 公司说。", True),
        ("**重点**,其余照旧。", True),
        ("The city commits，and pays.", True),
        ("The city （as planned） pays.", True),
        ("九款芯片获准使用，采购范围扩大。", False),
        ("投资2,000亿元，增长3.5%。", False),
        ("会议10:30开始，见https://example.com/a,b。", False),
        ("华为(Huawei)发布Python 3.11, Java 21两个版本。", False),
        ("他说“Hello, world.”然后离开。", False),
        ("Huawei (华为) said the term 共同富裕, or common prosperity, stays.", False),
        ("Terms such as 共同富裕, 内卷 and 躺平 are hard to translate.", False),
        ("等等...再说。", False),
        ("网址是example.com。", False),
        ("The plan (2026-2028): “Hub, regional, edge.”", False),
    ],
)
def test_widths_are_not_mixed(words: str, is_found: bool) -> None:
    assert rules_in(a_brief_file(a_story(Summary=words))) == (["NL221"] if is_found else [])


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("The minister called it “a first step and left.", True),
        ("The minister called it a first step” and left.", True),
        ('He said "yes and left.', True),
        ("《数据条例草案公布。", True),
        ("九款芯片（华为等获准。", True),
        ("九款芯片华为等）获准。", True),
        ("「第一步」和「第二步。", True),
        ("九款芯片获“准使用。", True),
        ("They call it ‘a step and go.", True),
        ("“One (said “two”) three.", True),
        ("The city’s plan isn’t the makers’ plan.", False),
        ("The city's plan isn't the makers' plan.", False),
        ("Rock ‘n’ roll of the ‘90s, and ’tis so.", False),
        ("“She said ‘it’s ours’ and left.”", False),
        ('A 27" screen beside a 13" one, and a 5" telephone.', False),
        ("a) first, b) second, :-)", False),
        ("《数据条例》（草案）“公布”。", False),
        ("“First paragraph.\n\n  “Second paragraph.”", False),
        ("“First paragraph.\n\n  Second paragraph.”", True),
        ('"First.\n\n  "Second."', False),
        ("See [“the rules”](https://example.com/a_“b) here.", False),
    ],
)
def test_quotes_have_two_halves(words: str, is_found: bool) -> None:
    assert rules_in(a_brief_file(a_story(Summary=words))) == (["NL222"] if is_found else [])


def test_a_quotation_may_begin_in_a_lead_and_end_in_its_text() -> None:
    assert rules_in(a_note_file("- He said “Fees rise. Lines are exempt.” Then he left.")) == []
    assert rules_in(a_note_file("- He said “Fees rise. Lines are exempt. Then he left.")) == ["NL222"]


@pytest.mark.parametrize("mark", ["\u200b", "\u00ad", "\u200e", "\u2060", "\ufeff"])
def test_invisible_characters_are_named(mark: str) -> None:
    [finding] = checked(a_brief_file(a_story(Summary=f"The city{mark} pays.")))
    assert (finding.rule, f"U+{ord(mark):04X}" in finding.message) == ("NL223", True)
    assert finding.column == len("- Summary: The city") + 1


def test_a_finding_is_one_line_and_says_what_to_do() -> None:
    text = a_brief_file(a_story("TODO", source="", Summary="TK, “and", Why_It_Matters="", URL="", Tags="nothing"))
    for finding in checked(text):
        assert str(finding).startswith(f"issue.md:{finding.line}:{finding.column}: ")
        assert "\n" not in str(finding)
        assert finding.fix


def test_what_the_newsletter_says_is_not_the_files_fault() -> None:
    from newsletter.checks import check_issue
    from tests.builders import a_masthead
    from tests.checking import VOCABULARY

    masthead = a_masthead(greeting="TODO", signature="TK")
    assert check_issue(a_reading(a_brief_file(), masthead=masthead), VOCABULARY) == []


def test_a_contact_must_be_reachable() -> None:
    assert rules_in(a_brief_file(front="contact:\n  name: Mei Lin\n")) == ["NL107"]
    assert rules_in(a_brief_file(front="contact:\n  name: Mei Lin\n  phone: 12\n")) == []
