"""What the page is told, as plain values."""

from collections.abc import Iterable
from typing import Any

from newsletter import foresight
from newsletter.errors import Finding, NewsletterError
from newsletter.mailing.outline import Outline
from newsletter.mailing.prepare import Prepared
from newsletter.subscriber import Subscriber
from newsletter.tags import Vocabulary
from newsletter.web.preview.copies import Copies, Whose, told
from newsletter.web.preview.desk import Desk


def findings_told(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding.as_json() for finding in findings]


def standing_told(desk: Desk, whose: Whose) -> dict[str, Any]:
    """Everything about the issue that stands beside the mail."""
    standing = desk.standing
    prepared = standing.prepared
    found: dict[str, Any] = {
        "revision": standing.revision,
        "path": str(desk.issue),
        "seen_at": standing.seen_at.isoformat(),
        "errors": findings_told(standing.errors),
    }
    if prepared is None:
        return found
    return found | {
        "title": prepared.masthead.title,
        "slug": prepared.issue.slug,
        "newsletter": prepared.issue.newsletter,
        "date": str(prepared.issue.date),
        "stories": [story.headline for story in prepared.compiled.stories],
        "findings": findings_told(prepared.findings),
        "copy": _copy_told(desk.copies, prepared, whose),
        "test": _test_told(prepared),
        "has_store": _has_store(),
    }


def _copy_told(copies: Copies, prepared: Prepared, whose: Whose) -> dict[str, Any]:
    try:
        return told(*copies.get(prepared, whose))
    except NewsletterError as error:
        return {"refused": findings_told(error.findings)}


def _test_told(prepared: Prepared) -> dict[str, Any]:
    """Where a test would go, or what is missing for one."""
    try:
        foresight.transport_for_test(prepared)
        return {"destination": foresight.destination_of_test(), "missing": []}
    except NewsletterError as error:
        return {"destination": "", "missing": findings_told(error.findings)}


def _has_store() -> bool:
    try:
        return foresight.has_store()
    except NewsletterError:
        return False


def tags_told(vocabulary: Vocabulary, language: str) -> list[dict[str, Any]]:
    """Tags in use, those that readers may choose first; with every word by which one may look for them."""
    in_use = sorted(
        (tag for tag in vocabulary.tags.values() if not tag.replaced_by),
        key=lambda tag: (not tag.offered, tag.names["en"].casefold()),
    )
    return [
        {
            "slug": tag.slug,
            "name": vocabulary.name(tag.slug, language),
            "offered": tag.offered,
            "words": " ".join((tag.slug, *tag.names.values(), *tag.aliases)).casefold(),
        }
        for tag in in_use
    ]


def readers_told(readers: Iterable[Subscriber]) -> list[dict[str, Any]]:
    return [{"email": r.email, "name": r.name, "interests": len(r.interests)} for r in readers]


def editions_told(prepared: Prepared, outline: Outline) -> dict[str, Any]:
    """The distinct editions of a segment, each story by its number in the file."""
    number = {story.id: place for place, story in enumerate(prepared.compiled.stories, start=1)}
    return {
        "segment": outline.segment,
        "planned": outline.planned,
        "skipped": outline.as_json()["skipped"],
        "editions": [
            {
                "hash": edition.hash,
                "subject": edition.subject,
                "stories": [number[story] for story in edition.stories],
                "readers": readers,
            }
            for edition, readers in outline.by_readers()
        ],
    }
