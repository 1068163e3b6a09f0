"""Issue files that are clean, so that whatever a test plants in one is all that is found."""

from datetime import date
from pathlib import Path
from typing import Any

from newsletter.checks import Confidential, EarlierStory, check_issue
from newsletter.compiler import compile_issue
from newsletter.edition import CompiledIssue, Links
from newsletter.errors import Finding
from newsletter.issue import AnyIssue
from newsletter.masthead import Masthead
from newsletter.reader import Reading, read_issue_text
from newsletter.tags import Vocabulary, read_vocabulary
from tests.builders import a_masthead, an_imprint

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 6, 10)


def the_vocabulary() -> Vocabulary:
    path = ROOT / "subscribers" / "tags.yaml"
    return read_vocabulary(path.read_text(encoding="utf-8"), path="tags.yaml")


VOCABULARY = the_vocabulary()


def a_story(headline: str = "A port orders a grid", **fields: str) -> str:
    """A story without fault; a field is changed by name, and left out by an empty text."""
    values = {
        "source": "Example Wire · 2026-06-09",
        "Summary": "It opens in May.",
        "Why It Matters": "Local makers gain a buyer.",
        "URL": "none",
        "Tags": "AI chips",
    } | {name.replace("_", " "): value for name, value in fields.items()}
    credit = values.pop("source")
    lines = [f"- {credit}"] if credit else []
    lines += [f"- {name}: {value}" for name, value in values.items() if value]
    return "\n".join([f"### {headline}", *lines, ""])


def a_brief_file(*stories: str, front: str = "", subject: str = "Ports and grids", day: str = "2026-06-10") -> str:
    head = f"---\nnewsletter: harbour-brief\ndate: {day}\nsubject: {subject}\n{front}---\n## Ports\n\n"
    return head + "\n".join(stories or (a_story(),))


def a_note_file(*points: str, intro: str = "The team has read the rules.", front: str = "") -> str:
    head = f"---\nnewsletter: harbour-brief\nkind: team-update\ndate: 2026-06-10\nsubject: Port rules\n{front}---\n"
    return head + f"{intro}\n\n" + "\n".join(points or ("- **Fees rise.** Coastal lines are exempt.",)) + "\n"


def a_reading(text: str, *, path: str = "issue.md", masthead: Masthead | None = None) -> Reading:
    declared = masthead or a_masthead(kind=None if "kind: " in text else "daily-brief")
    return read_issue_text(text, path=path, mastheads={declared.name: declared})


def checked(text: str, **details: Any) -> list[Finding]:
    return check_issue(a_reading(text), VOCABULARY, **{"today": TODAY} | details)


def rules_in(text: str, **details: Any) -> list[str]:
    return [finding.rule for finding in checked(text, **details)]


def earlier(headline: str, *, summary: str = "It was said.", url: str | None = None) -> EarlierStory:
    return EarlierStory("harbour-2026-06-09", date(2026, 6, 9), headline, summary, url)


def secrets_of(**names: str) -> Confidential:
    from newsletter.checks import read_confidential

    return read_confidential(
        "\n".join(f"{client}: {value}" for client, value in names.items()), path="confidential.yaml"
    )


def compiled(issue: AnyIssue, *, templates: Path = ROOT / "templates", **details: Any) -> CompiledIssue:
    values: dict[str, Any] = {
        "masthead": a_masthead(),
        "imprint": an_imprint(),
        "vocabulary": VOCABULARY,
        "links": Links.WEB,
    }
    return compile_issue(issue, templates=templates, **values | details)
