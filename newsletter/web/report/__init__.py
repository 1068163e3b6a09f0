"""What became of a mailing as one page: charts and the figures behind them; it asks nothing of the network."""

import hashlib
from base64 import b64encode
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from newsletter import __version__
from newsletter.mailing.explaining import REASONS
from newsletter.report import Report
from newsletter.report.account import Account
from newsletter.report.wording import BOUNCES, FATES
from newsletter.tags import Vocabulary
from newsletter.web.palette import styled
from newsletter.web.report.charts import bars, over_time

_HERE = Path(__file__).parent
#: domains and tags that are drawn and listed; --json has the others
_MOST = 15
#: people of each list by name; --csv has everybody
_MOST_NAMES = 200


def report_page(account: Account, counted: Report, vocabulary: Vocabulary) -> str:
    fates = [(str(fate), number, FATES[fate]) for fate, number in account.fates.items() if number]
    skipped = [(str(reason), number, REASONS[reason]) for reason, number in account.skipped.items()]
    bounces = [(str(kind), number, BOUNCES[kind]) for kind, number in account.bounces.items()]
    failing = sorted((one for one in account.domains if one.failed), key=lambda one: -one.failed)
    tags = [(vocabulary.name(one.tag, "en"), one) for one in account.tags]
    page: str = _template().render(
        account=account,
        mailing=account.mailing,
        counted=counted,
        fates=fates,
        skipped=skipped,
        bounces=bounces,
        failing=failing,
        tags=tags,
        unknown=[(email, delivery, _minute(at)) for email, delivery, at in counted.unknown],
        unfollowed=[vocabulary.name(tag, "en") for tag in account.unfollowed],
        charts={
            "fates": bars("Readers by what became of their copy", [(name, number) for name, number, _ in fates]),
            "skipped": bars("Readers left out, by reason", [(name, number) for name, number, _ in skipped]),
            "bounces": bars("Copies that came back, by reason", [(name, number) for name, number, _ in bounces]),
            "failing": bars("Copies that came back, by domain", [(_at(one), one.failed) for one in failing[:_MOST]]),
            "moments": over_time("Copies accepted, delivered and come back, over time", account.moments),
            "stories": bars(
                "Readers who have each story", [(str(n), one.reached) for n, one in enumerate(account.stories, 1)]
            ),
            "tags": bars("Readers who have a story of each tag", [(name, one.reached) for name, one in tags[:_MOST]]),
        },
        style=Markup(_style()),  # noqa: S704 - our own file
        policy=_policy(),
        most=_MOST,
        most_names=_MOST_NAMES,
        version=__version__,
    )
    return page


def _at(one: Any) -> str:
    return one.domain or "(forgotten)"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _policy() -> str:
    """The page's one style, known by its hash; nothing runs, and nothing is loaded."""
    ours = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{ours}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return styled(_HERE / "report.css")


@cache
def _template() -> Any:
    jinja = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    jinja.filters |= {"minute": _minute, "number": lambda number: f"{number:,}"}
    jinja.globals |= {"share": lambda number, of: f"{number / of:.1%}" if of else "", "at": _at}
    return jinja.get_template("page.html")
