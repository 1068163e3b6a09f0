"""The register of rules: each is explained, each id means one thing, and the manual says what the register says."""

import re
import time

import pytest

from newsletter.checks import CHAPTERS, RULES, check_issue, check_whole, read_confidential
from newsletter.checks.rules import FILE_RULES, MAIL_RULES, Rule, Stage, declared, explained, near_rule
from newsletter.errors import InputError
from newsletter.reader import read_issue, read_mastheads
from tests.builders import an_imprint
from tests.checking import ROOT, TODAY, VOCABULARY, compiled
from tests.rules_page import PAGE, page_text


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_explains_itself(rule: str) -> None:
    one = RULES[rule]
    assert re.fullmatch(r"NL[1-8]\d\d", one.id)
    assert one.id[2] in CHAPTERS
    assert all(text.strip() for text in (one.title, one.reason, one.example, one.mend))
    assert one.reason.endswith(".")
    assert not one.title.endswith(".")


def test_every_rule_of_a_file_or_a_mail_is_a_function_of_its_own() -> None:
    functions = [function.__name__ for _, function in (*FILE_RULES, *MAIL_RULES)]
    assert len(functions) == len(set(functions))
    entered = {rule.id for rule, _ in (*FILE_RULES, *MAIL_RULES)}
    assert entered == {rule.id for rule in RULES.values() if rule.stage in (Stage.FILE, Stage.MAIL)}


def test_an_id_is_given_once() -> None:
    with pytest.raises(ValueError, match="NL101"):
        declared(Rule(id="NL101", title="t", reason="r", example="e", mend="m"))


#: what has been released never means anything else; add to the list, and take nothing away
STABLE = """
NL101 NL102 NL103 NL104 NL105 NL106 NL107 NL111 NL112 NL113 NL201 NL211 NL212 NL221 NL222 NL223
NL301 NL302 NL303 NL304 NL305 NL306 NL307 NL401 NL402 NL411 NL501 NL601 NL602 NL603 NL604
NL701 NL702 NL703 NL704 NL705 NL706 NL707 NL708 NL709 NL710 NL711 NL801 NL802
"""


def test_no_id_is_lost() -> None:
    assert sorted(RULES) == STABLE.split()


def test_the_manual_says_what_the_register_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_text(page), "write it anew: .venv/bin/python -m tests.rules_page"


def test_the_manuals_example_of_confidential_names_is_one() -> None:
    [example] = re.findall(r"```yaml\n(# a client.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = read_confidential(example, path="confidential.yaml")
    assert found.found_in("the NWB deal", "china-team") == "nwb"
    assert found.found_in("the NWB deal", "china-northwind") is None


@pytest.mark.parametrize(("wanted", "said"), [("NL4O2", "NL402"), ("nl40", "NL4"), ("x" * 5_000, "docs/checks.md")])
def test_an_unknown_rule_names_the_nearest(wanted: str, said: str) -> None:
    assert said in near_rule(wanted)
    with pytest.raises(InputError, match="there is no rule"):
        explained(wanted)


def test_a_brief_of_ten_stories_is_checked_at_every_keystroke() -> None:
    """The live preview asks at every save: 60 ms for everything, warm, of the processor's own time."""
    path = ROOT / "docs" / "examples" / "china-ai-brief.md"
    mastheads = read_mastheads((ROOT / "templates" / "newsletters.yaml").read_text(encoding="utf-8"), path="n.yaml")
    reading = read_issue(path, mastheads)
    made = compiled(reading.issue, masthead=mastheads[reading.issue.newsletter])
    times = []
    for _ in range(10):
        began = time.process_time()
        found = check_whole(reading, made, an_imprint(), check_issue(reading, VOCABULARY, today=TODAY))
        times.append(time.process_time() - began)
        assert found == []
    assert min(times) < 0.06
