"""NL5xx: what must stay between us and one client."""

from collections.abc import Iterator
from urllib.parse import unquote

from newsletter.checks.manuscript import Manuscript
from newsletter.checks.rules import Rule, Spotted, file_rule
from newsletter.errors import Severity
from newsletter.located import Path


@file_rule(
    Rule(
        id="NL501",
        title="A confidential name",
        reason="That somebody is our client, or the target of a deal, is often the secret itself.",
        example="- Summary: Northwind Bank will bid for the port.",
        mend="Take the name out, from links and tags as well, or send it in that client's own newsletter only.",
        severity=Severity.ERROR,
        protects="a client",
    )
)
def confidential_name(draft: Manuscript) -> Iterator[Spotted]:
    secret, newsletter = draft.confidential, draft.issue.newsletter
    if not secret.names:
        return
    texts = ((path, secret.found_in(text, newsletter)) for path, text in _texts(draft))
    addresses = ((path, secret.found_in_address(text, newsletter)) for path, text in _addresses(draft))
    for path, name in (*texts, *addresses):
        if name:
            message = f"names '{name}', which subscribers/confidential.yaml keeps from this newsletter"
            held = (line for _, line in draft.lines_of(path) if secret.found_in_address(line, newsletter))
            yield Spotted(path, message, "take it out", next(held, ""))


def _texts(draft: Manuscript) -> Iterator[tuple[Path, str]]:
    """Whatever is read in a copy, what the newsletter adds included; emphasis parts no name."""
    issue = draft.issue
    yield from ((one.path, one.text.replace("*", "")) for one in draft.texts)
    yield from ((("tags", number), tag) for number, tag in enumerate(issue.tags))
    for path, story in draft.stories:
        yield from (((*path, "tags", number), tag) for number, tag in enumerate(story.tags))
    for name in ("subject_label", "greeting", "closing", "sign_off", "signature", "team"):
        if name not in draft.reading.located.values:
            yield (name,), getattr(issue, name, None) or ""
    yield ("sender", "name"), issue.sender.name if issue.sender else ""
    for name in ("name", "role") if issue.contact else ():
        yield ("contact", name), getattr(issue.contact, name) or ""


def _addresses(draft: Manuscript) -> Iterator[tuple[Path, str]]:
    issue = draft.issue
    yield from ((link.path, unquote(link.url)) for link in draft.links)
    written = draft.reading.located.places
    yield from (((*path, "id"), story.id or "") for path, story in draft.stories if (*path, "id") in written)
    yield ("slug",), issue.slug
    yield ("reply_to",), issue.reply_to or ""
    yield ("sender", "address"), issue.sender.address if issue.sender else ""
    yield ("contact", "email"), (issue.contact.email if issue.contact else "") or ""
