"""One page for an approver who has no terminal: it asks nothing of the network, and nothing in it can run."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from newsletter import __version__
from newsletter.approval import code_of
from newsletter.mailing.explaining import REASONS
from newsletter.mailing.proofing import ProofSheet
from newsletter.store.rows import SkippedReader
from newsletter.subscriber import Skip
from newsletter.web.frames import drawn
from newsletter.web.palette import styled

_HERE = Path(__file__).parent
#: so many editions stand open; the others open at a click
_MOST_OPEN = 6


def proof_page(sheet: ProofSheet) -> str:
    head = sheet.compiled.letterhead
    page: str = _template().render(
        sheet=sheet,
        head=head,
        mailing=sheet.mailing,
        changes=sheet.changes,
        content=code_of(sheet.outgoing.content_hash),
        audience=code_of(sheet.outgoing.audience_hash),
        left_out=list(_by_reason(sheet)),
        style=Markup(styled(_HERE / "proof.css")),  # noqa: S704 - our own file
        script=Markup(_script()),  # noqa: S704 - our own file
        policy=_policy(),
        most_open=_MOST_OPEN,
        version=__version__,
    )
    return page


def _policy() -> str:
    """The one script, known by its hash, fits frames to what they hold; without it they scroll."""
    ours = b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{ours}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


@cache
def _script() -> str:
    return (_HERE / "frames.js").read_text(encoding="utf-8")


def _by_reason(sheet: ProofSheet) -> Iterator[tuple[Skip, str, list[SkippedReader]]]:
    order = list(Skip)
    ordered = sorted(sheet.left_out, key=lambda reader: order.index(reader.reason))
    for reason, readers in groupby(ordered, key=lambda reader: reader.reason):
        yield reason, REASONS[reason], list(readers)


@cache
def _template() -> Any:
    jinja = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    jinja.filters |= {"code": code_of, "framed": _framed, "minute": lambda at: f"{at:%Y-%m-%d %H:%M} UTC"}
    jinja.globals["count"] = _count
    return jinja.get_template("page.html")


def _framed(html: str, is_dark: bool = False) -> Markup:
    """For `srcdoc` in double quotes, where only these two mean anything; a mail is full of what need not be escaped."""
    return Markup(drawn(html, is_dark=is_dark).replace("&", "&amp;").replace('"', "&quot;"))  # noqa: S704


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
