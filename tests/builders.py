"""Values for tests, complete, with what does not matter hidden."""

from datetime import UTC, date, datetime
from typing import Any

from newsletter.delivery import Recipient
from newsletter.edition import (
    CompiledIssue,
    CompiledStory,
    Edition,
    Field,
    Filling,
    Letterhead,
    Links,
    Part,
    Piece,
    cut_edition,
    mark,
    slot,
)
from newsletter.issue import Choice, Contact, DailyBrief, Kind, Sender, TeamUpdate
from newsletter.masthead import Imprint, Masthead
from newsletter.subscriber import Consent, Subscriber, SubscriptionStatus

NOW = datetime(2026, 6, 10, 1, 30, tzinfo=UTC)
SOURCE = "0123456789"


def a_masthead(**details: Any) -> Masthead:
    return Masthead.model_validate(
        {
            "name": "harbour-brief",
            "title": "Harbour Brief",
            "kind": "daily-brief",
            "zone": "Asia/Singapore",
            "list_id": "harbour-brief.example.com",
            "contacts": {"mei-lin": {"name": "Mei Lin", "role": "Adviser", "email": "mei.lin@example.com"}},
            **details,
        }
    )


def an_imprint(**details: Any) -> Imprint:
    values: dict[str, Any] = {
        "sender": Sender(name="Harbour Advisers", address="brief@example.com"),
        "reply_to": "advisers@example.com",
        "postal_address": "Harbour Advisers, 1 Quay Street, Singapore 048616",
        "unsubscribe_address": "leave@example.com",
    }
    return Imprint(**values | details)


def a_brief(**details: Any) -> DailyBrief:
    stories = [
        {
            "headline": "Harbour City funds a computing grid",
            "sources": ["[Example Wire](https://example.com/a)", "Daily Example"],
            "date": "2026-06-09",
            "summary": "The city commits two billion yuan.",
            "why_it_matters": "Local suppliers gain a buyer.",
            "url": "https://example.com/a",
            "tags": ["AI infrastructure"],
            "must_send": "yes",
        },
        {"headline": "九款芯片通过审查", "summary": "九款芯片获准使用。", "url": "none", "tags": ["AI chips"]},
    ]
    return DailyBrief.model_validate(
        {
            "newsletter": "harbour-brief",
            "date": date(2026, 6, 10),
            "slug": "harbour-2026-06-10",
            "language": "en",
            "subject": "Harbour: {{ lead_headline }}",
            "sections": [{"heading": "Top Stories", "stories": stories}],
            **details,
        }
    )


def an_update(**details: Any) -> TeamUpdate:
    sections = [
        {"points": [{"lead": "The draft appeared on 11 April.", "text": "It covers services offered to the public."}]},
        {"heading": "What to do", "points": [{"lead": "Providers carry the duty.", "text": "Users do *not*."}]},
    ]
    return TeamUpdate.model_validate(
        {
            "newsletter": "harbour-team",
            "date": date(2026, 6, 10),
            "slug": "harbour-note",
            "language": "en",
            "subject": "What the draft rules ask of providers",
            "intro": "The Harbour Team has a **new** note on the [draft rules](https://example.com/rules).",
            "contact": Contact(name="Mei Lin", role="Adviser", email="mei.lin@example.com"),
            "closing": "Questions? Please contact {{ contact }}.",
            "sign_off": "Best regards,",
            "signature": "Harbour Team",
            "sections": sections,
            **details,
        }
    )


def a_letterhead(**details: Any) -> Letterhead:
    values: dict[str, Any] = {
        "newsletter": "harbour-brief",
        "title": "Harbour Brief",
        "slug": "harbour-2026-06-10",
        "language": "en",
        "issued_at": datetime(2026, 6, 9, 22, 0, tzinfo=UTC),
        "sender": Sender(name="Harbour Advisers", address="brief@example.com"),
        "reply_to": "advisers@example.com",
        "list_id": "harbour-brief.example.com",
        "links": Links.WEB,
        "unsubscribe_address": "leave@example.com",
    }
    return Letterhead(**values | details)


def a_compiled_issue(*, letterhead: Letterhead | None = None, **details: Any) -> CompiledIssue:
    """Three stories in two sections, and every slot once in each part."""
    return CompiledIssue(
        **{
            "kind": Kind.DAILY_BRIEF,
            "source": SOURCE,
            "letterhead": letterhead or a_letterhead(),
            "subject": "Harbour: {{ lead_headline }}",
            "preheader": "{{ story_count }} stories",
            "greeting": "Dear {{ name }},",
            "greeting_without_name": "Dear reader,",
            "stories": (
                CompiledStory("grid", "Harbour City funds a computing grid", 0, ("ai-infrastructure",), True),
                CompiledStory("chips", "九款芯片通过审查", 0, ("ai-chips",), False),
                CompiledStory("rules", "Draft rules < 5 pages & clear", 1, ("ai-policy",), False),
            ),
            "choice": Choice.ALL,
            "min_stories": 1,
            "html": _pieces(Part.HTML),
            "text": _pieces(Part.TEXT),
            **details,
        }
    )


def _pieces(part: Part) -> tuple[Piece, ...]:
    def filled(filling: Filling) -> str:
        return mark(SOURCE, part, filling)

    slots = "\n".join(f"{field.name.lower()}: {slot(SOURCE, part, field)}" for field in Field)
    if part is Part.HTML:
        slots = f'<p title="{slot(SOURCE, part, Field.GREETING)}">{slots}</p>\n'
    number = filled(Filling.NUMBER)
    return (
        Piece(f"— {filled(Filling.SUBJECT)} — {filled(Filling.PREHEADER)} —\n"),
        Piece("Top Stories\n", section=0),
        Piece(f"{number}. grid\n", section=0, story="grid"),
        Piece(f"{number}. 芯片\n", section=0, story="chips"),
        Piece("Policy\n", section=1),
        Piece(f"{number}. rules\n", section=1, story="rules"),
        Piece(slots + "\n"),
    )


def an_edition(**details: Any) -> Edition:
    return cut_edition(a_compiled_issue(**details), ["grid", "chips", "rules"])


def a_recipient(number: int = 1, **details: Any) -> Recipient:
    values = {
        Field.GREETING: "Dear Ms Chen,",
        Field.SINCE: " (since 1 March 2026)",
        Field.UNSUBSCRIBE_URL: f"https://news.example.com/u/token{number}",
        Field.PREFERENCES_URL: f"https://news.example.com/p/token{number}",
        Field.VIEW_URL: f"https://news.example.com/v/token{number}",
        Field.UNSUBSCRIBE_MAILTO: f"mailto:leave@example.com?subject=unsubscribe%20token{number}",
    }
    return Recipient(
        **{
            "delivery_id": number,
            "address": f"reader{number}@example.com",
            "name": "Chen Mei",
            "message_id": f"id{number}@example.com",
            "values": values,
            **details,
        }
    )


def a_subscriber(number: int = 1, **details: Any) -> Subscriber:
    return Subscriber(
        **{
            "subscriber_id": number,
            "subscription_id": number,
            "public_id": number.to_bytes(16, "big"),
            "newsletter": "harbour-brief",
            "email": f"reader{number}@example.com",
            "name": "Chen Mei",
            "status": SubscriptionStatus.CONFIRMED,
            "interests": frozenset({"ai-policy"}),
            "consent": Consent(basis="signed up at the spring forum", on=date(2026, 3, 1)),
            "joined_at": datetime(2026, 3, 1, 8, 0, tzinfo=UTC),
            **details,
        }
    )
