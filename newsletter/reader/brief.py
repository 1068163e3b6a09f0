"""The body of a daily brief: sections, and the stories in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.errors import Finding
from newsletter.reader.rows import Mark, Row, Spot
from newsletter.reader.stories import StoryDraft

_BEFORE = "this line stands before the first story and belongs to none"
_BEFORE_FIX = "begin a story with a line '### Headline', or delete it"
_AFTER = "this line stands below a rule and belongs to no story"
_AFTER_FIX = "put last words into the field closing in the front matter, or delete the rule"


@dataclass(slots=True)
class _Section:
    place: Row
    heading: Row | None = None
    stories: list[StoryDraft] = field(default_factory=list)

    def spot(self) -> Spot:
        values = {"stories": Spot.at(self.place, [story.spot() for story in self.stories])}
        if self.heading:
            values["heading"] = Spot.at(self.heading, self.heading.text)
        return Spot.at(self.place, values)


def read_brief(rows: Sequence[Row]) -> tuple[dict[str, Spot], list[Finding]]:
    """What a daily brief's body holds, and what is wrong with its structure."""
    sections: list[_Section] = []
    findings: list[Finding] = []
    story: StoryDraft | None = None
    #: what a line says that no story takes; None once it was said
    unplaced: tuple[str, str] | None = (_BEFORE, _BEFORE_FIX)
    for row in rows:
        if row.mark is Mark.HEADING:
            findings += _heading_faults(row)
            story, unplaced = _begin(row, sections), (_BEFORE, _BEFORE_FIX)
        elif row.mark is Mark.RULE:
            unplaced = (_AFTER, _AFTER_FIX) if story else unplaced
            story = None
        elif story:
            story.take(row)
        elif row.mark is not Mark.BLANK and unplaced:
            findings.append(row.said(*unplaced, rule="unplaced"))
            unplaced = None
    if not sections:
        return {}, findings
    spots = {"sections": Spot.at(sections[0].place, [section.spot() for section in sections])}
    return spots, findings + [fault for part in sections for draft in part.stories for fault in draft.findings]


def _begin(row: Row, sections: list[_Section]) -> StoryDraft | None:
    """Begin a section, or a story in the last one."""
    if row.level <= 2:
        sections.append(_Section(row, heading=row))
        return None
    if not sections:
        sections.append(_Section(row))
    story = StoryDraft(row)
    sections[-1].stories.append(story)
    return story


def _heading_faults(row: Row) -> list[Finding]:
    if row.level == 1:
        fix = "delete it, or write '## ' for a section and '### ' for a story"
        return [row.said("a title line has no place here: the subject is the title", fix, rule="title")]
    if row.level > 3:
        return [row.said("a story's headline begins with three '#'", f"write '### {row.text[:40]}'", rule="heading")]
    return []
