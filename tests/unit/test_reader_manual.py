"""The manual and the shipped examples say what is true."""

import re
from pathlib import Path

import pytest

from newsletter.issue import MODELS, DailyBrief, TeamUpdate
from newsletter.reader import read_issue, read_issue_text, read_mastheads
from newsletter.tags import read_vocabulary

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "issue-file.md").read_text(encoding="utf-8")
MASTHEADS = read_mastheads((ROOT / "templates" / "newsletters.yaml").read_text(encoding="utf-8"), path="n.yaml")
BLOCKS = re.findall(r"^```(markdown|yaml)\n(.*?)^```$", MANUAL, re.DOTALL | re.MULTILINE)
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.md"))


def test_the_manual_has_examples_of_both_forms() -> None:
    assert [form for form, _ in BLOCKS].count("markdown") >= 4
    assert [form for form, _ in BLOCKS].count("yaml") >= 2


@pytest.mark.parametrize(("form", "text"), BLOCKS)
def test_every_example_of_the_manual_is_an_issue(form: str, text: str) -> None:
    reading = read_issue_text(text, path="example.md" if form == "markdown" else "example.yaml", mastheads=MASTHEADS)
    assert reading.warnings == ()


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_every_field_of_an_issue_stands_in_the_manual(kind: str) -> None:
    parts = ("sections", "intro")  # the body
    missing = [name for name in MODELS[kind].model_fields if f"`{name}`" not in MANUAL and name not in parts]  # type: ignore[index]
    assert missing == []


def test_the_examples_are_complete_and_without_warnings() -> None:
    readings = {path.stem: read_issue(path, MASTHEADS) for path in EXAMPLES}
    brief, note = readings["china-ai-brief"].issue, readings["china-team-note"].issue
    assert [reading.warnings for reading in readings.values()] == [(), ()]
    assert isinstance(brief, DailyBrief)
    assert len(brief.all_stories) == 10
    for story in brief.all_stories:
        assert story.sources
        assert story.date
        assert story.why_it_matters
        assert story.url
        assert story.tags
    assert isinstance(note, TeamUpdate)
    assert [len(section.points) for section in note.sections] == [2, 2, 2]
    assert all(point.text for section in note.sections for point in section.points)
    assert note.closing
    assert "{{ contact }}" in note.closing


def test_every_tag_of_the_examples_is_in_the_vocabulary() -> None:
    path = ROOT / "subscribers" / "tags.yaml"
    vocabulary = read_vocabulary(path.read_text(encoding="utf-8"), path=str(path))
    issues = [read_issue(example, MASTHEADS).issue for example in EXAMPLES]
    tags = {tag for issue in issues for tag in issue.tags}
    tags |= {tag for issue in issues if isinstance(issue, DailyBrief) for one in issue.all_stories for tag in one.tags}
    assert [tag for tag in sorted(tags) if vocabulary.resolve(tag) is None] == []
