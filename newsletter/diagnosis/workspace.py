"""What a workspace holds: settings, database, newsletters with their templates, vocabulary and segments."""

import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from newsletter.checks import check_compiled
from newsletter.compiler import compile_issue
from newsletter.diagnosis.verdict import Verdict, doubtful, fine, refused, wrong
from newsletter.edition import CompiledIssue, Links, cut_edition
from newsletter.errors import Finding, NewsletterError, Severity, StoreError
from newsletter.issue import Kind
from newsletter.masthead import Imprint, Masthead
from newsletter.reader import read_issue_text
from newsletter.starting import skeleton
from newsletter.tags import Vocabulary

if TYPE_CHECKING:
    from newsletter.store.looking import Look

Loaded = TypeVar("Loaded")
#: how long events may wait to take effect; the pages need seconds, a worker waits for a mailing at times
_LATE = timedelta(hours=1)
#: RFC 2606: nobody can own these
_RESERVED = (".example", ".test", ".invalid", ".localhost", "example.com", "example.org", "example.net")


def attempt(rule: str, load: Callable[[], Loaded]) -> tuple[Loaded | None, list[Verdict]]:
    """What loads, or why it does not."""
    try:
        return load(), []
    except NewsletterError as error:
        return None, refused(rule, error)


def examine_env_file(path: Path) -> Iterator[Verdict]:
    if not path.is_file():
        yield doubtful("settings", "there is no .env here", "stand in your workspace, or run: newsletter init")
        return
    yield fine("settings", ".env can be read, and every setting in it is known")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield doubtful("settings", ".env holds secrets, and others on this machine may read it", "chmod 600 .env")


def examine_key(keys: tuple[bytes, ...]) -> Verdict:
    if not keys:
        fix = "newsletter init makes one; or put one into .env: openssl rand -base64 33"
        return wrong("secret-key", "NEWSLETTER_SECRET_KEY is missing; every sending signs its links with it", fix)
    more = f", and {len(keys) - 1} older" if len(keys) > 1 else ""
    return fine("secret-key", f"there is a key to sign links with{more}")


def examine_imprint(masthead: Masthead, imprint: Imprint) -> Verdict:
    """Who writes, and how to leave; plan and send refuse without it."""
    if imprint.placeholders:
        message = f"{masthead.name} does not say who writes and how to leave: {', '.join(imprint.placeholders)}"
        return wrong("sender", message, "set them in .env, or in templates/newsletters.yaml")
    return fine("sender", f"{masthead.name} is from {imprint.sender.name} <{imprint.sender.address}>")


def examine_database(url: str) -> "tuple[Look | None, Verdict]":
    """Look at the database; it is neither created nor upgraded."""
    from newsletter.store.looking import look

    try:
        found = look(url)
    except StoreError as error:
        return None, refused("database", error)[0]
    if not found.is_there or found.version is None:
        message = f"{found.place}: there is no database yet" if not found.is_there else f"{found.place} is empty"
        return found, doubtful("database", message, "it begins with: newsletter subscribers import FILE.csv")
    if not found.is_current:
        message = f"{found.place} is of an older version"
        return found, doubtful("database", message, "keep a copy; the next command brings it up to date")
    return found, fine("database", f"{found.place} opens and is up to date")


def examine_events(found: "Look", now: datetime) -> Iterator[Verdict]:
    """What was told of our mail, and has changed nothing yet; named by numbers, never by readers."""
    waiting = found.waiting
    if waiting.passed_by:
        numbers = ", ".join(map(str, waiting.passed_by))
        fix = "please report this, with the lines of serve or worker that name them; each start tries them again"
        yield wrong("events", f"what was told of our mail cannot take effect: events {numbers}", fix)
    if waiting.since and now - waiting.since > _LATE:
        message = f"what was told of our mail since {waiting.since:%Y-%m-%d %H:%M} UTC waits to take effect"
        yield doubtful("events", message, "start newsletter serve, or newsletter worker")
    elif found.is_current and not waiting.passed_by:
        yield fine("events", "what was told of our mail has taken effect")


def examine_newsletter(
    masthead: Masthead, imprint: Imprint, *, templates: Path, vocabulary: Vocabulary, day: date
) -> Iterator[Verdict]:
    """Write, read and compile an issue of it, as `new`, `check` and `build` would."""
    for kind in (masthead.kind,) if masthead.kind else Kind:
        text = skeleton(kind, masthead, slug="example", day=day, vocabulary=vocabulary)
        try:
            compiled = _compiled(text, masthead, imprint, templates=templates, vocabulary=vocabulary)
        except NewsletterError as error:
            yield from refused("templates", error)
            continue
        faults = [found for found in check_compiled(compiled, imprint, path=masthead.name) if _is_error(found)]
        yield from (wrong("templates", found.message, found.fix) for found in faults)
        if not faults:
            yield fine("templates", f"{masthead.name} compiles as {kind}, {_size(compiled):,} bytes of HTML at least")


def _compiled(
    text: str, masthead: Masthead, imprint: Imprint, *, templates: Path, vocabulary: Vocabulary
) -> CompiledIssue:
    reading = read_issue_text(text, path="example.md", mastheads={masthead.name: masthead})
    return compile_issue(
        reading.issue,
        masthead=masthead,
        imprint=imprint,
        templates=templates,
        vocabulary=vocabulary,
        links=Links.WEB,
    )


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _size(compiled: CompiledIssue) -> int:
    edition = cut_edition(compiled, [story.id for story in compiled.stories])
    return len(edition.html.encode())


def examine_declarations(mastheads: Mapping[str, Masthead]) -> Iterator[Verdict]:
    """What was shipped as an example and must not go out."""
    yield fine("newsletters", f"declared: {', '.join(mastheads)}")
    for masthead in mastheads.values():
        if is_reserved(masthead.list_id):
            fix = f"put it below a domain of yours in templates/newsletters.yaml, such as {masthead.name}.your-domain"
            message = (
                f"{masthead.name} still has the example's list_id {masthead.list_id}, which readers' programs keep"
            )
            yield doubtful("newsletters", message, fix)
        invented = [name for name, one in masthead.contacts.items() if one.email and is_reserved(one.email)]
        if invented:
            message = f"{masthead.name} still has the example's contacts: {', '.join(invented)}"
            yield doubtful("newsletters", message, "write your own into templates/newsletters.yaml")


def is_reserved(name: str) -> bool:
    """An address or domain that exists in examples only."""
    domain = name.rpartition("@")[2].lower()
    return any(domain == end.lstrip(".") or domain.endswith("." + end.lstrip(".")) for end in _RESERVED)


def examine_vocabulary(load: Callable[[], Vocabulary]) -> tuple[Vocabulary | None, list[Verdict]]:
    vocabulary, said = attempt("vocabulary", load)
    return vocabulary, said if vocabulary is None else [fine("vocabulary", f"{len(vocabulary.tags):,} tags")]


def examine_segments(load: Callable[[], Mapping[str, object]]) -> list[Verdict]:
    segments, said = attempt("segments", load)
    return said if segments is None else [fine("segments", f"{len(segments):,} saved segments")]
