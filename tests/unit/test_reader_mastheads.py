"""The declarations of newsletters, the shipped ones included."""

from pathlib import Path

import pytest

from newsletter.errors import TemplateError
from newsletter.issue import Kind
from newsletter.reader import read_mastheads

SHIPPED = Path(__file__).parents[2] / "templates" / "newsletters.yaml"
ENTRY = "brief:\n  title: Brief\n  zone: Asia/Singapore\n  list_id: brief.example.com\n"


def findings(text: str) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        read_mastheads(text, path="newsletters.yaml")
    return [str(finding) for finding in caught.value.findings]


def test_the_shipped_newsletters_are_declared() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    found = read_mastheads(text, path="newsletters.yaml")
    assert {name: masthead.kind for name, masthead in found.items()} == {
        "china-team": Kind.TEAM_UPDATE,
        "china-ai-brief": Kind.DAILY_BRIEF,
    }
    for masthead in found.values():
        assert masthead.contact in masthead.contacts
        # Who sends is for the settings to say: a shipped sender would be somebody's by accident.
        assert (masthead.sender, masthead.postal_address, masthead.unsubscribe_address) == (None, None, None)
        assert masthead.list_id.endswith(".example.com")


def test_a_declaration_is_named_by_its_key() -> None:
    assert read_mastheads(ENTRY, path="newsletters.yaml")["brief"].name == "brief"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ENTRY + "  titel: x\n",
            "newsletters.yaml:5:3: brief.titel: there is no such field; did you mean title?",
        ),
        (ENTRY + "  contact: mei\n", None),
        (
            ENTRY + "  contact: mei-ling\n  contacts: {mei-lin: {name: Mei Lin}}\n",
            "newsletters.yaml:5:3: brief.contact: brief has no contact named 'mei-ling'; did you mean mei-lin?",
        ),
        (
            ENTRY + "  name: other\n",
            "newsletters.yaml:5:3: brief.name: stands above already, before the colon; delete this line",
        ),
        (
            ENTRY + "  contacts: {mei-lin: {name: Mei Lin, mail: a}}\n",
            "newsletters.yaml:5:39: brief.contacts.mei-lin.mail: there is no such field; did you mean email?",
        ),
        ("brief: x\n", "newsletters.yaml:1:1: brief: does not hold fields; "),
        (ENTRY.replace("Asia/Singapore", "Asia"), "newsletters.yaml:3:3: brief.zone: 'Asia' is not a time zone; "),
        ("", "newsletters.yaml:1:1: holds no fields; write lines as 'name: value'"),
    ],
)
def test_a_mistake_in_a_declaration_has_its_place(text: str, expected: str | None) -> None:
    (found,) = findings(text)
    assert found.startswith(expected or "newsletters.yaml:5:3: brief.contact: ")


def test_mistakes_in_all_declarations_are_told_at_once() -> None:
    other = ENTRY.replace("brief:", "other:", 1).replace("title", "tittle")
    assert len(findings(ENTRY.replace("zone:", "zona:") + other)) == 4
