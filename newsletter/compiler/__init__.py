"""Pour an issue into its template, once. Editions are cut from what comes out; no reader costs a compile."""

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.compiler.content import Setting, content, source_of, story_tags
from newsletter.compiler.cutting import cut_html, cut_text
from newsletter.compiler.folder import read_templates
from newsletter.compiler.ink import HtmlInk, TextInk
from newsletter.compiler.job import Job, pressed
from newsletter.compiler.theme import read_theme
from newsletter.compiler.wording import default_preheader, greetings, labelled
from newsletter.edition import CompiledIssue, CompiledStory, Letterhead, Links, Piece
from newsletter.issue import AnyIssue, Choice, DailyBrief
from newsletter.masthead import Imprint, Masthead
from newsletter.tags import Vocabulary

__all__ = ["compile_issue"]


def compile_issue(
    issue: AnyIssue,
    *,
    masthead: Masthead,
    imprint: Imprint,
    templates: Path,
    vocabulary: Vocabulary,
    links: Links,
) -> CompiledIssue:
    """
    Everything that a mailing needs of the issue: the same input gives the same bytes.

    :raises TemplateError: the template is missing or wrong
    """
    folder = masthead.template or str(issue.kind)
    files = read_templates(templates, folder)
    theme = read_theme(files, folder, issue.language)
    setting = Setting(issue=issue, masthead=masthead, imprint=imprint, theme=theme, vocabulary=vocabulary, links=links)
    source = source_of(setting, files)
    greeting, without_name = greetings(issue.greeting, theme.labels)
    html, text = _parts(setting, source, files, folder)
    return CompiledIssue(
        kind=issue.kind,
        source=source,
        letterhead=_letterhead(setting),
        subject=labelled(issue),
        preheader=issue.preheader or default_preheader(issue, theme.labels),
        greeting=greeting,
        greeting_without_name=without_name,
        stories=_stories(issue, vocabulary),
        choice=issue.stories if isinstance(issue, DailyBrief) else Choice.ALL,
        min_stories=issue.min_stories if isinstance(issue, DailyBrief) else 0,
        html=html,
        text=text,
        embargo_at=_embargo(setting),
    )


def _parts(
    setting: Setting, source: str, files: dict[str, str], folder: str
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The pieces of the HTML part and of the text part."""
    ink, text_ink = HtmlInk(source, setting.issue.language), TextInk(source, setting.issue.language)
    job = Job(files, folder, content(setting, ink), content(setting, text_ink))
    html, text = pressed(job)
    return (
        cut_html(html, ink, stories=setting.story_ids, path=job.layout),
        cut_text(text, text_ink, stories=setting.story_ids, path=f"{folder}/text.txt"),
    )


def _letterhead(setting: Setting) -> Letterhead:
    issue, masthead, imprint = setting.issue, setting.masthead, setting.imprint
    return Letterhead(
        newsletter=masthead.name,
        title=masthead.title,
        slug=issue.slug,
        language=issue.language,
        issued_at=masthead.issued_at(issue.date),
        sender=issue.sender or imprint.sender,
        reply_to=issue.reply_to or imprint.reply_to,
        list_id=masthead.list_id,
        links=setting.links,
        unsubscribe_address=imprint.unsubscribe_address,
        archive_url=imprint.archive_url,
    )


def _stories(issue: AnyIssue, vocabulary: Vocabulary) -> tuple[CompiledStory, ...]:
    if not isinstance(issue, DailyBrief):
        return ()
    return tuple(
        CompiledStory(
            id=str(story.id),
            headline=story.headline,
            section=number,
            tags=story_tags(story, vocabulary),
            must_send=story.must_send,
        )
        for number, section in enumerate(issue.sections)
        for story in section.stories
    )


def _embargo(setting: Setting) -> datetime | None:
    """The day begins at midnight in the newsletter's zone."""
    day = setting.issue.embargo
    if day is None:
        return None
    return datetime.combine(day, time(), tzinfo=ZoneInfo(setting.masthead.zone)).astimezone(UTC)
