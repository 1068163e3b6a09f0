"""
docs/checks.md is written from the register of rules; a test compares the two. To write it anew:

    .venv/bin/python -m tests.rules_page
"""

from itertools import groupby
from pathlib import Path

from newsletter.checks import CHAPTERS, RULES, Rule

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"
_MARK = "<!-- from here on written by tests/rules_page.py -->"


def rules_text() -> str:
    """Every rule by chapter, as the page shows it."""
    out: list[str] = []
    for chapter, rules in groupby(sorted(RULES.values(), key=lambda rule: rule.id), key=lambda rule: rule.id[2]):
        out += [f"## {CHAPTERS[chapter]}", ""]
        out += [line for rule in rules for line in _entry(rule)]
    return "\n".join(out).rstrip() + "\n"


def _entry(rule: Rule) -> list[str]:
    can = "" if rule.can_be_allowed else f" It cannot be allowed: it protects {rule.protects or 'the list itself'}."
    return [f"**{rule.id} · {rule.title}** ({rule.severity}). {rule.reason}{can}", "", f"Instead: {rule.mend}", ""]


def page_text(page: str) -> str:
    """The page with its written part kept and the rules anew."""
    return f"{page.split(_MARK)[0]}{_MARK}\n\n{rules_text()}"


if __name__ == "__main__":
    PAGE.write_text(page_text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
