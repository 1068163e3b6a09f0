"""Pages of an archive from their templates; whatever a file has put into a value is text."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from newsletter.days import day_in_words
from newsletter.masthead import Archiving
from newsletter.web.archive.shelf import PAGE, Shelf, Shelved
from newsletter.web.archive.ways import Ways
from newsletter.web.archive.wording import words_in
from newsletter.web.palette import colours, styled

_FOLDER = Path(__file__).parent / "pages"
_HEAD, _BODY = re.compile(r"<head\b[^>]*>", re.IGNORECASE), re.compile(r"<body\b[^>]*>", re.IGNORECASE)
#: a mail is drawn and does nothing; `sandbox` and `frame-ancestors` count in a header only
MAIL_POLICY = "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
#: by this a page is known as one that `export` wrote
MADE_BY = '<meta name="generator" content="newsletter archive">'


def list_page(shelf: Shelf, ways: Ways, *, number: int = 1) -> str | None:
    """
    :return: None when there is no such page
    """
    count = max(1, -(-shelf.count() // PAGE))
    if not 1 <= number <= count:
        return None
    issues = shelf.issues(page=number)
    corrected = shelf.corrected_names()
    return _page("list", shelf, issues=issues, corrected=corrected, ways=ways, number=number, count=count)


def issue_page(shelf: Shelf, issue: Shelved, ways: Ways) -> str:
    """The mail itself, with a bar on top that leads back, and says what is known of corrections."""
    mail = shelf.mail(issue, own=ways.own)
    values: dict[str, Any] = {
        "issue": issue,
        "corrections": shelf.corrections(issue),
        "corrected": shelf.corrected(issue),
        "ways": ways,
        "policy": MAIL_POLICY,
    }
    for place, name in ((_HEAD, "mail-head"), (_BODY, "mail-bar")):
        found = place.search(mail)
        at = found.end() if found else 0
        mail = mail[:at] + _page(name, shelf, language=issue.told.language, **values) + mail[at:]
    # The bar has opened <main>.
    before, end, after = mail.rpartition("</body>")
    return f"{before or mail}</main>{end}{after if before else ''}"


def own_page(shelf: Shelf, ways: Ways) -> str:
    """For the personal links of a mail, where the pages are files."""
    return _page("own", shelf, ways=ways)


def page_policy() -> str:
    """A page brings its style with it, known by its hash."""
    ours = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{ours}'; img-src data:; base-uri 'none'; form-action 'none'"


def _page(name: str, shelf: Shelf, *, language: str | None = None, **values: Any) -> str:
    spoken = language or shelf.masthead.language
    values = {"policy": page_policy(), **values}
    return (
        _jinja()
        .get_template(f"{name}.html")
        .render(
            title=shelf.masthead.title,
            language=spoken,
            say=words_in(spoken),
            is_public=shelf.masthead.archive is Archiving.PUBLIC,
            **values,
        )
    )


@cache
def _style() -> str:
    return styled(_FOLDER / "archive.css")


@cache
def _jinja() -> Environment:
    loader = FileSystemLoader(_FOLDER)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["day"] = day_in_words
    bar = colours() + (_FOLDER / "bar.css").read_text(encoding="utf-8")
    # our own files
    made.globals |= {"style": Markup(_style()), "bar_style": Markup(bar), "made_by": Markup(MADE_BY)}  # noqa: S704
    return made


def issues_on_all_pages(shelf: Shelf) -> Sequence[Shelved]:
    return [issue for number in range(-(-shelf.count() // PAGE)) for issue in shelf.issues(page=number + 1)]
