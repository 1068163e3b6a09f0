"""Confidential names, and the list by which an author sets a rule aside."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.checks import RULES, Confidential, check_date, check_issue, read_confidential, settle
from newsletter.checks.confidential import fold_name
from newsletter.errors import Finding, InputError
from tests.builders import a_brief, a_masthead
from tests.checking import VOCABULARY, a_brief_file, a_note_file, a_reading, a_story, compiled, rules_in, secrets_of

SECRETS = secrets_of(northwind="[Northwind Bank, NWB]", lotus="北风银行", cpp="C++ Systems")


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("Northwind Bank will bid.", True),
        ("northwind-bank will bid.", True),
        ("NORTHWIND  BANK’s bid", True),
        ("Ｎｏｒｔｈｗｉｎｄ　Ｂａｎｋ", True),
        ("North\u00adwind Bank", True),
        ("**Northwind** Bank", True),
        ("the Northwind–Bank deal", True),
        ("客户Northwind Bank投标", True),
        ("据悉北风银行投标", True),
        ("据悉北风 银行投标", True),
        ("[their bid](https://example.com/northwind-bank/bid)", True),
        ("[their bid](https://northwindbank.example.com/)", True),
        ("C++ Systems ships.", True),
        ("NWB bids", True),
        ("NWBs and KNWB bid", False),
        ("North wind, bank of the river", False),
        ("Northwind Banking Corporation", False),
        ("北风与银行", False),
    ],
)
def test_a_name_is_found_however_it_is_set(words: str, is_found: bool) -> None:
    text = a_note_file(intro=f"The team has read.\n\n{words}")
    found = check_issue(a_reading(text), VOCABULARY, confidential=SECRETS)
    secret = [finding for finding in found if finding.rule == "NL501"]
    assert [text.split("\n")[(finding.line or 0) - 1] for finding in secret] == [words] * is_found


@pytest.mark.parametrize(
    "text",
    [
        a_brief_file(subject="NWB bids"),
        a_brief_file(front="preheader: NWB bids\n"),
        a_brief_file(front="tags: [China, NWB]\n"),
        a_brief_file(front="signature: NWB desk\n"),
        a_brief_file(front="slug: nwb-bids\n"),
        a_brief_file(front="reply_to: nwb@example.com\n"),
        a_brief_file(front="contact:\n  name: Mei Lin, NWB\n  email: mei@example.com\n"),
        a_brief_file(front="contact:\n  name: Mei Lin\n  email: mei@nwb.example.com\n"),
        a_brief_file(a_story("NWB bids")),
        a_brief_file(a_story(source="NWB · 2026-06-09")),
        a_brief_file(a_story(source="[Wire](https://example.com/nwb) · 2026-06-09")),
        a_brief_file(a_story(URL="https://example.com/NWB")),
        a_brief_file(a_story(URL="https://example.com/%4eWB")),
        a_brief_file(a_story(ID="nwb-story")),
        a_brief_file(a_story(Why_It_Matters="NWB gains.")),
        a_note_file("- **NWB.** It bids."),
        a_note_file("- **It bids.** NWB."),
        a_note_file("## NWB\n", "- One."),
    ],
)
def test_every_field_of_a_copy_is_looked_at(text: str) -> None:
    found = [one for one in check_issue(a_reading(text), VOCABULARY, confidential=SECRETS) if one.rule == "NL501"]
    assert found
    assert "nwb" in text.split("\n")[(found[0].line or 0) - 1].lower() or "%4eWB" in text


def test_what_the_newsletter_adds_is_looked_at_too() -> None:
    masthead = a_masthead(signature="Your NWB desk")
    found = check_issue(a_reading(a_brief_file(), masthead=masthead), VOCABULARY, confidential=SECRETS)
    assert [one.rule for one in found] == ["NL501"]


def test_a_clients_own_newsletter_may_hold_its_names() -> None:
    own = read_confidential(
        "northwind:\n  names: [Northwind Bank]\n  newsletters: [harbour-brief]\nlotus: 北风银行\n", path="c.yaml"
    )
    assert rules_in(a_brief_file(subject="Northwind Bank bids"), confidential=own) == []
    assert rules_in(a_brief_file(subject="北风银行投标"), confidential=own) == ["NL501"]


@given(st.text(alphabet="Aa Bb-ＡＢ　–—­", min_size=2), st.text(max_size=20))
def test_folding_twice_changes_nothing(name: str, around: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)
    if len(fold_name(name).replace(" ", "")) > 1 and fold_name(name)[0].isalnum() and fold_name(name)[-1].isalnum():
        secret = Confidential({"c": (fold_name(name),)}, {"c": frozenset()})
        assert secret.found_in(f"{around} . {name} . {around}", "n")
        assert secret.found_in(f"中文{name.strip()}中文", "n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("northwind: [", "c.yaml:1:"),
        ("- Northwind", "holds no fields"),
        ("northwind: N", "c.yaml:1:1: northwind.names: 'N' is too short a name"),
        ("northwind:\n  nams: [Northwind]", "did you mean names?"),
        ("northwind: []", "northwind.names: is empty"),
        ("northwind:", "c.yaml:1:1: northwind: does not hold fields"),
        ("northwind:\n  names: [[a]]", "c.yaml:2:"),
        ("a: &x [bb]\nb: *x", "names are not allowed"),
    ],
)
def test_a_broken_file_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_confidential(text, path="c.yaml")
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n# nothing yet\n"])
def test_an_empty_file_keeps_nothing_secret(text: str) -> None:
    assert read_confidential(text, path="c.yaml") == Confidential()


# The list `allow`:


@pytest.mark.parametrize(
    ("today", "allow", "rules"),
    [
        (date(2026, 6, 17), "[]", []),
        (date(2026, 6, 18), "[]", ["NL113"]),
        (date(2026, 6, 2), "[]", ["NL113"]),
        (date(2026, 6, 18), "[nl113: an old issue]", []),
    ],
)
def test_a_day_far_from_today_is_said_unless_it_is_allowed(today: date, allow: str, rules: list[str]) -> None:
    reading = a_reading(a_brief_file(front=f"allow: {allow}\n"))
    assert [one.rule for one in check_date(reading, today)] == rules


def settled(allow: str, *stories: str) -> list[Finding]:
    reading = a_reading(a_brief_file(*(stories or (a_story(URL=""),)), front=f"allow: {allow}\n"))
    return settle(check_issue(reading, VOCABULARY, confidential=SECRETS), reading)


@pytest.mark.parametrize(
    "allow",
    [
        "[NL104: it is a press release]",
        "\n  - NL104: it is a press release",
        "\n  - nl104: it is a press release",
        '["NL104: it is a press release"]',
        "\n  NL104: it is a press release",
        "\n  - rule: NL104\n    reason: it is a press release",
    ],
)
def test_a_rule_is_allowed_in_each_form(allow: str) -> None:
    assert settled(allow) == []


@pytest.mark.parametrize(
    ("allow", "rules", "said"),
    [
        ("[NL104]", ["NL602"], "write '- NL104: why it is all right'"),
        ("\n  - NL104:", ["NL602"], "without a reason"),
        ("[NL1O4: x]", ["NL601", "NL104"], "did you mean NL104?"),
        ("[NL104: x, NL402: y]", ["NL603"], "nothing here breaks NL402"),
        ("[NL104: x, NL106: y]", ["NL604"], "cannot be allowed"),
        ("[NL104: x, NL603: y, NL402: z]", ["NL604", "NL603"], "cannot be allowed"),
        ("[NL104: x, NL801: the page turns programs away]", [], ""),
        ("[NL104: x, NL113: an old issue]", [], ""),
        ("[NL104: x, missing-field: y]", ["NL601"], "docs/checks.md"),
    ],
)
def test_what_is_wrong_with_the_list_is_said(allow: str, rules: list[str], said: str) -> None:
    found = settled(allow)
    assert sorted(one.rule for one in found) == sorted(rules)
    assert any(said in str(one) for one in found) or not rules
    assert all(one.line and one.line >= 5 for one in found)


def test_what_protects_somebody_cannot_be_allowed() -> None:
    found = settled("[NL501: it will be public tomorrow]", a_story("NWB bids"))
    assert sorted(one.rule for one in found) == ["NL501", "NL501", "NL604"][-len(found) :]
    assert "NL501" in [one.rule for one in found]
    protected = {rule.id for rule in RULES.values() if rule.protects}
    assert {"NL106", "NL501", "NL702", "NL707", "NL708"} <= protected


@pytest.mark.parametrize("allow", ["[[NL104]]", "[{NL104: [x]}]", "{NL104: {a: b}}", "[1: 2, {}: 3]"])
def test_a_list_of_something_else_is_refused_in_one_line(allow: str) -> None:
    with pytest.raises(InputError) as caught:
        settled(allow)
    assert all("\n" not in str(one) and (one.line or 0) == 5 for one in caught.value.findings)


def test_the_list_is_never_part_of_what_is_sent() -> None:
    plain, listed = a_brief(), a_brief(allow=["NL104: a secret reason"])
    assert compiled(plain).to_json() == compiled(listed).to_json()
    assert "secret reason" not in compiled(listed).to_json()
