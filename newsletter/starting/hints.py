"""What an editor shows about each field of an issue file: a sentence or two, and examples to choose from."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hint:
    says: str
    examples: tuple[Any, ...] = ()


TITLES = {
    "Issue": "An issue: a team update or a daily brief",
    "TeamUpdate": "A team update: a short note to clients",
    "DailyBrief": "A daily brief: numbered stories",
    "UpdateSection": "A group of points",
    "BriefSection": "A group of stories",
    "Point": "A point: what it says, and the facts behind it",
    "Story": "A story",
    "SourceLink": "Where a story was found, with its page",
    "Contact": "Somebody whom readers can ask",
    "Sender": "Who stands in the From line",
    "Choice": "Which stories a reader gets",
}

#: by field, or by model and field where one name means two things
HINTS = {
    "newsletter": Hint("The newsletter, by its name in templates/newsletters.yaml.", ("china-team", "china-ai-brief")),
    "kind": Hint("team-update or daily-brief. Left out, what the newsletter declares."),
    "date": Hint("The day of the issue, as 2026-06-10.", ("2026-06-10",)),
    "slug": Hint(
        "The issue's name in links, file names and the archive: letters, digits, hyphens. Left out, the file's name.",
        ("china-2026-06-10",),
    ),
    "language": Hint("en or zh-Hans. Left out, the newsletter's."),
    "subject": Hint(
        "The subject: one line; phones show about 40 characters. {{ lead_headline }} and {{ story_count }} work.",
        ("What the draft rules ask of providers", "{{ lead_headline }}, and more"),
    ),
    "preheader": Hint(
        "What mail programs show beside the subject. Left out, it is made from the first sentence.",
        ("{{ story_count }} stories on money, rules and machines",),
    ),
    "tags": Hint("What the issue is about, in words of subscribers/tags.yaml.", (["China", "AI regulation"],)),
    "sender": Hint("The From line, for this issue only. Left out, the newsletter's."),
    "reply_to": Hint("Where answers go. Left out, what the newsletter or .env says.", ("advisers@example.com",)),
    "subject_label": Hint("Stands before the subject where the law asks for a label.", ("<ADV>", "广告")),
    "embargo": Hint("Not to be sent before this day.", ("2026-06-11",)),
    "correction": Hint(
        "What was wrong in the copy that readers already have, in a sentence. It stands above everything else.",
        ("An earlier copy named the wrong port: it is Tianjin, not Tanjin.",),
    ),
    "contact": Hint(
        "Whom readers can ask: a name from the newsletter's contacts, or name, role, email and phone below it.",
        ("mei-lin", {"name": "Mei Lin", "role": "Adviser", "email": "mei.lin@example.com"}),
    ),
    "greeting": Hint("The first line of the mail. {{ name }} becomes the reader's name.", ("Dear {{ name }},",)),
    "closing": Hint("The last words. {{ contact }} prints the contact.", ("Questions are welcome: {{ contact }}.",)),
    "sign_off": Hint("What stands above the signature.", ("Kind regards,", "此致，")),
    "signature": Hint("Who signs.", ("China Team",)),
    "allow": Hint(
        "Findings of newsletter check that are meant so, each with the reason.",
        ([{"NL402": "both stories are about the same plan, on purpose"}],),
    ),
    "team": Hint("Who wrote it. Left out, the newsletter's team.", ("China Team",)),
    "lead_author": Hint("Who led the work.", ("Mei Lin",)),
    "intro": Hint(
        "What happened, and why it concerns the readers, in two or three sentences. **Bold**, *italics* and "
        "[links](https://example.com/page) work; a blank line begins a new paragraph.",
    ),
    "stories": Hint(
        "Which stories a reader gets: all; matched, only what fits them; matched-first, all of them, those first.",
        ("matched-first",),
    ),
    "min_stories": Hint("With matched, a reader whom fewer stories fit gets nothing.", (2,)),
    "TeamUpdate.sections": Hint("Groups of points, in the order in which readers get them."),
    "DailyBrief.sections": Hint("Groups of stories; the numbers are made for each reader."),
    "heading": Hint("What stands above the group. It may be left out.", ("Top Stories", "要闻")),
    "points": Hint("Two to five points make a good note."),
    "lead": Hint("The point in one sentence, printed bold.", ("The regulator has shown its hand early.",)),
    "text": Hint("The facts behind it. A blank line begins a new paragraph."),
    "BriefSection.stories": Hint("The stories of this group."),
    "id": Hint("The story's name in links. Left out, it is made from the headline.", ("chips-cleared",)),
    "headline": Hint("Who did what, in one line.", ("Nine home-made AI chips pass the security review",)),
    "sources": Hint(
        "Where it was found: names, or links as [Name](https://example.com/page).",
        (["[Example Wire](https://example.com/a)", "Daily Example"],),
    ),
    "Story.date": Hint("The day of the report, as 2026-06-09.", ("2026-06-09",)),
    "summary": Hint("The facts in two or three sentences: who, when, how much."),
    "why_it_matters": Hint("What it changes for your readers."),
    "Story.url": Hint("The story's page, or none to say that there is none.", ("https://example.com/a", "none")),
    "Story.tags": Hint(
        "What the story is about, in words of subscribers/tags.yaml; readers who follow one of them get it.",
        (["AI infrastructure", "数据中心"],),
    ),
    "must_send": Hint("yes sends the story to every reader of the issue, whatever their interests.", ("yes", "no")),
    "Contact.name": Hint("The name, as readers see it.", ("Mei Lin",)),
    "role": Hint("What the contact does.", ("Adviser",)),
    "email": Hint("The contact's mail address.", ("mei.lin@example.com",)),
    "phone": Hint("The contact's telephone number.", ("+65 5550 0142",)),
    "Sender.name": Hint("The name in the From line.", ("Harbour Advisers",)),
    "address": Hint("The address in the From line.", ("news@example.com",)),
    "SourceLink.name": Hint("The source, as readers see it.", ("Example Wire",)),
    "SourceLink.url": Hint("The page of the report.", ("https://example.com/a",)),
}
