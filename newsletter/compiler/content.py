"""What a template sees: plain dicts, lists and texts, written with one ink or the other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.compiler.ink import Ink, contact_place, cut_mark, gap_after, marks, slots, with_fields
from newsletter.compiler.theme import Theme
from newsletter.days import day_in_words
from newsletter.edition import PLACEHOLDER, PLACEHOLDERS, Field, Filling, Links, digest, mark
from newsletter.issue import AnyIssue, BriefSection, DailyBrief, Point, SourceLink, Story, TeamUpdate, UpdateSection
from newsletter.masthead import Imprint, Masthead
from newsletter.tags import Vocabulary

Content = dict[str, Any]

_CONTACT = re.compile(r"\{\{\s*contact\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that goes into a compile, beside the texts of the templates."""

    issue: AnyIssue
    masthead: Masthead
    imprint: Imprint
    theme: Theme
    vocabulary: Vocabulary
    links: Links

    @property
    def story_ids(self) -> tuple[tuple[int, str], ...]:
        """(section, id) of each story, in the order of the file."""
        if not isinstance(self.issue, DailyBrief):
            return ()
        sections = enumerate(self.issue.sections)
        return tuple((number, str(story.id)) for number, section in sections for story in section.stories)


def source_of(setting: Setting, files: Mapping[str, str]) -> str:
    """Ten hex digits over everything that can change a byte."""
    issue = setting.issue
    stories = issue.all_stories if isinstance(issue, DailyBrief) else ()
    labels = [label for story in stories for label in _tag_labels(story, setting)]
    slugs = [slug for story in stories for slug in story_tags(story, setting.vocabulary)]
    given = [
        issue.model_dump_json(exclude={"allow"}),
        # who may look at the archive changes no part
        setting.masthead.model_dump_json(exclude={"archive"}),
        repr(setting.imprint),
        str(setting.links),
    ]
    templates = [text for name in sorted(files) for text in (name, files[name])]
    return digest([*given, repr(labels), repr(slugs), *templates])[:10]


def story_tags(story: Story, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The slugs of the tags that the vocabulary knows, each once."""
    found = (vocabulary.resolve(raw) for raw in story.tags)
    return tuple(dict.fromkeys(slug for slug in found if slug))


def _tag_labels(story: Story, setting: Setting) -> list[str]:
    """
    By the vocabulary's name in the issue's language, as far as readers may see it: a tag that is not offered decides
    who gets the story, and is shown to nobody. One that the vocabulary does not know stands as it was written: no such
    issue can be planned, and whoever looks at the build sees it.
    """
    vocabulary, language = setting.vocabulary, setting.issue.language
    found = [(raw, vocabulary.resolve(raw)) for raw in story.tags]
    seen = [(raw, slug) for raw, slug in found if slug is None or vocabulary.tags[slug].offered]
    return list(dict.fromkeys(vocabulary.name(slug, language) if slug else raw for raw, slug in seen))


def content(setting: Setting, ink: Ink) -> Content:
    """Everything for one part of the mail."""
    issue = setting.issue
    common = _letter(setting, ink) | _correction(issue, ink) | _footer(setting, ink) | _close(setting, ink)
    return common | (_update(issue, ink) if isinstance(issue, TeamUpdate) else _brief(issue, setting, ink))


def _letter(setting: Setting, ink: Ink) -> Content:
    issue, theme, masthead = setting.issue, setting.theme, setting.masthead
    team = issue.team if isinstance(issue, TeamUpdate) else None
    author = issue.lead_author if isinstance(issue, TeamUpdate) else None
    fields = {
        "title": ink.line(masthead.title),
        "sender": ink.line((issue.sender or setting.imprint.sender).name),
        "since": slots(ink)[Field.SINCE],
        "team": ink.line(team or ""),
        "author": ink.line(author or ""),
        "contact": ink.contact(issue.contact) if issue.contact else "",
        "mailbox": ink.link(setting.imprint.unsubscribe_address, slots(ink)[Field.UNSUBSCRIBE_MAILTO]),
    }
    return fields | {
        "language": issue.language,
        "direction": "ltr",
        "date": ink.line(day_in_words(issue.date, issue.language)),
        "subject": marks(ink)[Filling.SUBJECT],
        "heading": ink.line(_with_marks(issue.subject, ink)),
        "preheader": marks(ink)[Filling.PREHEADER],
        "number": marks(ink)[Filling.NUMBER],
        "greeting": slots(ink)[Field.GREETING],
        "colours": theme.colours,
        "fonts": theme.fonts,
        "logo": theme.logo,
        "labels": {name: with_fields(ink, label, fields) for name, label in theme.labels.items()},
    }


def _correction(issue: AnyIssue, ink: Ink) -> Content:
    urls: list[str] = []
    paragraphs = ink.prose(issue.correction, urls) if issue.correction else []
    return {"correction": {"paragraphs": paragraphs, "notes": _notes(urls)}}


def _footer(setting: Setting, ink: Ink) -> Content:
    """With the mailbox as the only way out, no page is named at all."""
    places = slots(ink)
    pages = {"unsubscribe": Field.UNSUBSCRIBE_URL, "preferences": Field.PREFERENCES_URL, "view": Field.VIEW_URL}
    has_pages = setting.links is Links.WEB
    return {
        "postal_address": ink.line(setting.imprint.postal_address),
        "pages": {name: places[field] for name, field in pages.items()} if has_pages else {},
        "unsubscribe_mailto": places[Field.UNSUBSCRIBE_MAILTO],
    }


def _close(setting: Setting, ink: Ink) -> Content:
    issue, urls = setting.issue, list[str]()
    paragraphs, is_named = _closing(issue, ink, urls)
    return {
        "closing": {"paragraphs": paragraphs, "notes": _notes(urls)},
        "contact": ink.contact(issue.contact) if issue.contact and not is_named else "",
        "sign_off": ink.line(issue.sign_off or ""),
        "signature": ink.line(issue.signature or ""),
    }


def _closing(issue: AnyIssue, ink: Ink, urls: list[str]) -> tuple[list[str], bool]:
    """Its paragraphs, and whether they name the contact: in full the first time, by name from then on."""
    text, contact, place = _with_marks(issue.closing or "", ink), issue.contact, contact_place(ink)
    if not contact:
        return ink.prose(text, urls), False
    paragraphs = ink.prose(_CONTACT.sub(place, text), urls)
    name, in_full = ink.line(contact.name), iter([ink.contact(contact)])
    named = [re.sub(place, lambda _: next(in_full, name), paragraph) for paragraph in paragraphs]
    return [type(paragraph)(made) for paragraph, made in zip(paragraphs, named, strict=True)], named != paragraphs


def _with_marks(text: str, ink: Ink) -> str:
    """`{{ lead_headline }}` and `{{ story_count }}` differ per edition."""
    return PLACEHOLDER.sub(lambda found: mark(ink.source, ink.part, PLACEHOLDERS[found["name"]]), text)


def _notes(urls: list[str]) -> list[Content]:
    return [{"number": number, "url": url.removeprefix("mailto:")} for number, url in enumerate(urls, start=1)]


def _update(issue: TeamUpdate, ink: Ink) -> Content:
    urls: list[str] = []
    paragraphs = ink.prose(issue.intro, urls)
    return {
        "intro": {"paragraphs": paragraphs, "notes": _notes(urls)},
        "sections": [_update_section(section, ink) for section in issue.sections],
    }


def _update_section(section: UpdateSection, ink: Ink) -> Content:
    urls: list[str] = []
    points = [_point(point, ink, urls) for point in section.points]
    return {"heading": ink.line(section.heading or ""), "points": points, "notes": _notes(urls)}


def _point(point: Point, ink: Ink, urls: list[str]) -> Content:
    """The lead is one run of text, whatever its line breaks."""
    lead = ink.prose(" ".join(point.lead.split()), urls)
    text = ink.prose(point.text, urls) if point.text else []
    return {"lead": lead[0] if lead else "", "gap": gap_after(point.lead.rstrip("*_")), "text": text}


def _brief(issue: DailyBrief, setting: Setting, ink: Ink) -> Content:
    sections, first = [], 0
    for number, section in enumerate(issue.sections):
        sections.append(_brief_section(section, setting, ink, number=number, first=first))
        first += len(section.stories)
    return {
        "sections": sections,
        "contents": [story for section in sections for story in section["stories"]],
        "cut_all": cut_mark(ink, "all"),
    }


def _brief_section(section: BriefSection, setting: Setting, ink: Ink, *, number: int, first: int) -> Content:
    level = 3 if section.heading else 2
    stories = [
        _story(story, setting, ink) | {"level": level, "cut": cut_mark(ink, f"story{place}")}
        for place, story in enumerate(section.stories, start=first)
    ]
    return {"heading": ink.line(section.heading or ""), "cut": cut_mark(ink, f"section{number}"), "stories": stories}


def _story(story: Story, setting: Setting, ink: Ink) -> Content:
    urls: list[str] = []
    sources = [_source(source, story, ink, urls) for source in story.sources]
    summary = ink.prose(story.summary, urls)
    why = ink.prose(story.why_it_matters, urls) if story.why_it_matters else []
    return {
        "anchor": f"s-{story.id}",
        "headline": ink.line(story.headline),
        "url": ink.url(story.link) if story.link else "",
        "sources": sources,
        "date": ink.line(day_in_words(story.date, setting.issue.language)) if story.date else "",
        "summary": summary,
        "why": why,
        "tags": [ink.line(label) for label in _tag_labels(story, setting)],
        "notes": _notes(urls),
    }


def _source(source: SourceLink, story: Story, ink: Ink, urls: list[str]) -> Content:
    """A source whose page is the story's own link needs no number: the link stands below."""
    number = ink.number_of(source.url, urls) if source.url and source.url != story.link else ""
    return {"name": ink.line(source.name), "url": ink.url(source.url) if source.url else "", "number": number}
