"""NL1xx: what a story or an issue needs."""

from collections.abc import Iterator
from datetime import date

from newsletter.checks.allowing import without_allowed
from newsletter.checks.manuscript import Manuscript
from newsletter.checks.rules import Rule, Spotted, Stage, declared, file_rule
from newsletter.errors import Finding, Severity
from newsletter.issue import Choice, DailyBrief
from newsletter.located import Path
from newsletter.reader import Reading

#: days; a mail that is dated further off stands in the wrong place in every inbox
DATE_CAUTION = 7


@file_rule(
    Rule(
        id="NL101",
        title="A story names no source",
        reason="Clients quote us to others. A claim whose origin nobody can name is worth nothing to them.",
        example="### Harbour City funds a computing grid\n- Summary: The city commits two billion yuan.",
        mend="Name at least one source below the headline: - Source: Example Wire",
    )
)
def no_source(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if not story.sources:
            yield Spotted(path, "names no source", "add a line '- Source: NAME'")


@file_rule(
    Rule(
        id="NL102",
        title="A story has no date",
        reason="News without a day cannot be told from news of last month.",
        example="### Harbour City funds a computing grid\n- Example Wire",
        mend="Write the day on which the source reported it: - Example Wire · 2026-06-09",
    )
)
def no_date(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if story.date is None:
            yield Spotted(path, "has no date", "add the day of the source: '- Date: 2026-06-09'")


@file_rule(
    Rule(
        id="NL103",
        title="A story does not say why it matters",
        reason="The reason is what clients pay for; the news itself they find elsewhere.",
        example="### Harbour City funds a computing grid\n- Summary: The city commits two billion yuan.",
        mend="Say in a sentence or two what follows for the reader: - Why It Matters: Local suppliers gain a buyer.",
    )
)
def no_reason(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if not story.why_it_matters:
            yield Spotted(path, "does not say why it matters", "add a line '- Why It Matters: …'")


@file_rule(
    Rule(
        id="NL104",
        title="A story has no URL",
        reason="Readers want to see the page itself. Where there is none, the file says so, and nobody wonders.",
        example="- URL: Read more",
        mend="Write the address of the page, or '- URL: none' when there is none.",
    )
)
def no_url(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if story.url is None:
            yield Spotted(path, "has no url", "add it, or 'URL: none' to say there is none")


@file_rule(
    Rule(
        id="NL105",
        title="A story has no tags, and others have",
        reason="Readers with interests get the stories whose tags fit. One without tags fits nobody's.",
        example="- Tags:",
        mend="Give it tags of the vocabulary, or '- Must Send: yes' when it is for everybody.",
    )
)
def no_tags(draft: Manuscript) -> Iterator[Spotted]:
    issue = draft.issue
    is_sorted = isinstance(issue, DailyBrief) and issue.stories is not Choice.ALL
    if not is_sorted and not any(story.tags for _, story in draft.stories):
        return  # everybody gets everything, and in the same order
    for path, story in draft.stories:
        if not story.tags and not story.must_send:
            yield Spotted(path, "has no tags", "add some, so that it finds its readers")


@file_rule(
    Rule(
        id="NL106",
        title="A tag that the vocabulary does not know",
        reason="It decides nothing: a reader who follows the subject would miss the story in silence.",
        example="- Tags: AI chps",
        mend="Use the word that was meant, or add the tag to subscribers/tags.yaml.",
        severity=Severity.ERROR,
        protects="readers, who would not get what they asked for",
    )
)
def unknown_tag(draft: Manuscript) -> Iterator[Spotted]:
    for path, raw in _tags(draft):
        if draft.vocabulary.resolve(raw) is None:
            near = draft.vocabulary.nearest(raw)
            fix = f"did you mean {' or '.join(near)}?" if near else "add it to subscribers/tags.yaml"
            yield Spotted(path, f"there is no tag {raw!r}", fix)


def _tags(draft: Manuscript) -> Iterator[tuple[Path, str]]:
    for number, raw in enumerate(draft.issue.tags):
        yield ("tags", number), raw
    for path, story in draft.stories:
        for number, raw in enumerate(story.tags):
            yield (*path, "tags", number), raw


@file_rule(
    Rule(
        id="NL107",
        title="The contact cannot be reached",
        reason="Whoever reads our note and wants to talk must find an address or a number.",
        example="contact:\n  name: Mei Lin",
        mend="Add email or phone, or name a contact of the newsletter.",
    )
)
def no_way_to_contact(draft: Manuscript) -> Iterator[Spotted]:
    contact = draft.issue.contact
    if contact is not None and not (contact.email or contact.phone):
        yield Spotted(("contact",), "gives no way to reach the contact", "add email or phone")


@file_rule(
    Rule(
        id="NL111",
        title="A story is dated in the future",
        reason="Nobody can have reported it yet: the day is a slip, and readers will notice.",
        example="- Example Wire · 2062-06-09",
        mend="Write the day on which the source reported it.",
    )
)
def future_date(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if story.date and draft.today and draft.today < story.date <= draft.issue.date:
            message = f"{story.date} has not come yet; today is {draft.today}"
            yield Spotted((*path, "date"), message, "write the day on which it was reported", str(story.date))


@file_rule(
    Rule(
        id="NL112",
        title="A story is dated after its issue",
        reason="The mail carries the issue's day; a story from the day after looks invented.",
        example="date: 2026-06-10\n…\n- Example Wire · 2026-06-11",
        mend="Correct the day of the story, or of the issue.",
    )
)
def after_the_issue(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if story.date and story.date > draft.issue.date:
            message = f"{story.date} is after the issue's day, {draft.issue.date}"
            yield Spotted((*path, "date"), message, "correct one of the two", str(story.date))


FAR_DATE = declared(
    Rule(
        id="NL113",
        title="The issue's day is far from today",
        reason="A mail is dated by its issue, whenever it leaves; one dated a month ago stands a month down the inbox.",
        example="date: 2025-06-10",
        mend="Write the day on which it is sent. Only plan and send look at this.",
        stage=Stage.PLAN,
    )
)


def check_date(reading: Reading, today: date) -> list[Finding]:
    """The mail is dated by its issue, whenever it leaves."""
    if abs((reading.issue.date - today).days) <= DATE_CAUTION:
        return []
    message = f"the mail will be dated {reading.issue.date}, and today is {today}"
    fix = "write the day on which it is sent"
    found = reading.finding(("date",), message, fix, rule=FAR_DATE.id, severity=FAR_DATE.severity)
    return without_allowed([found], reading.issue)
