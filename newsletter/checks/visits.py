"""NL8xx: what came of visiting an issue's links. The visits themselves are made above, only when asked for."""

from collections.abc import Mapping
from dataclasses import replace

from newsletter.checks.allowing import without_allowed
from newsletter.checks.manuscript import LinkHere, Manuscript
from newsletter.checks.rules import Rule, Stage, declared
from newsletter.errors import Finding
from newsletter.fields import shown
from newsletter.reader import Reading
from newsletter.tags import vocabulary_of

_DEAD = declared(
    Rule(
        id="NL801",
        title="A link that leads nowhere",
        reason="The page answered with an error, or not at all, or sent us round in circles.",
        example="- URL: https://example.com/moved-without-notice",
        mend="Open it in a browser. Some pages turn programs away and let people in: then allow the rule.",
        stage=Stage.ONLINE,
    )
)
_REFUSED = declared(
    Rule(
        id="NL802",
        title="A link that was not visited",
        reason="It leads, perhaps after being sent on, into a private network, and this program does not go there.",
        example="- URL: https://example.com/redirects-to-10.0.0.1",
        mend="Link the page itself, at its public address.",
        stage=Stage.ONLINE,
    )
)


def links_of(reading: Reading) -> tuple[LinkHere, ...]:
    """Every web link of the file, with its field."""
    links = Manuscript(reading, vocabulary_of(())).links
    return tuple(link for link in links if link.url.lower().startswith(("http://", "https://")))


def visit_findings(reading: Reading, dead: Mapping[str, str], refused: Mapping[str, str]) -> list[Finding]:
    """What is to be said of links by the reason why each is dead, or was refused."""
    draft = Manuscript(reading, vocabulary_of(()))
    found: list[Finding] = []
    for link in links_of(reading):
        rule = _DEAD if link.url in dead else _REFUSED if link.url in refused else None
        if rule:
            message = f"{shown(link.url)} {dead.get(link.url) or refused[link.url]}"
            finding = draft.finding(link.path, message, "open it in a browser, and correct it", link.url)
            found.append(replace(finding, rule=rule.id, severity=rule.severity))
    return without_allowed(list(dict.fromkeys(found)), reading.issue)
